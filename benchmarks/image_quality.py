"""The command that compares methods by the quality of their volumes.

``python -m glasstomo.benchmarks.image_quality`` prints the tables of docs/volumes.md.
"""

from pathlib import Path

import click

from ..recon import METHODS
from .design import Design
from .figure_files import check_suffix, save_figure
from .volume_case import LINE, Case, fitted_regions, make_case
from .volume_quality import Quality, efficiency_rows, judge

DEFAULT_METHODS = ("tv", "tv2", "sirt", "wbp")
# The default dose and a twenty-fifth of it.
DEFAULT_FLUENCES = (7.5e8, 3e7)
# Fits cost next to nothing.
FIT_REPLICATES = 200


@click.command()
@click.option(
    "--size", type=click.IntRange(24, 192), default=64, show_default=True, help="Voxels along an edge."
)
@click.option(
    "--replicates", type=click.IntRange(2, 1000), default=8, show_default=True, help="Draws of the counts."
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the particle and draws."
)
@click.option(
    "--method", "methods", multiple=True, type=click.Choice(list(METHODS)), help="Repeatable [default: four]."
)
@click.option("--fluence", "fluences", multiple=True, type=float, help="Total, e/nm²; repeatable.")
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Write figures beside this name (.png .pdf .svg)."
)
def main(
    size: int,
    replicates: int,
    seed: int,
    methods: tuple[str, ...],
    fluences: tuple[float, ...],
    plot: Path | None,
) -> None:
    r"""Compare methods by their zinc volumes of one segregated particle, in Markdown.

    \b
    Example:
      python -m glasstomo.benchmarks.image_quality --size 48 --fluence 3e7 --plot volumes.png
    """
    if plot is not None:
        check_suffix(plot)
    for fluence in fluences or DEFAULT_FLUENCES:
        design = Design(
            specimen={"particle": "segregated", "size": size}, beam={"total_fluence_e_nm2": fluence}
        )
        case = make_case(design, seed=seed)
        found = []
        for method in methods or DEFAULT_METHODS:
            click.echo(f"{method} at {fluence:g} e/nm²", err=True)
            found.append(judge(case, method, replicates=replicates, seed=seed))
        click.echo(f"\n{LINE}, {fluence:g} e/nm², {case.expected.count} tilts, {replicates} replicates\n")
        click.echo(markdown([one.row() for one in found]))
        click.echo("")
        fitted = fitted_regions(case, replicates=max(replicates, FIT_REPLICATES), seed=seed)
        rows = [row for one in found for row in efficiency_rows(one.method, case.phases, one.efficiency)]
        name = f"region fit, {fitted.replicates} draws"
        click.echo(markdown([*rows, *efficiency_rows(name, case.phases, fitted)]))
        if plot is not None:
            _draw(case, found, plot, f"_{fluence:.0e}".replace("+", ""))


def _draw(case: Case, found: list[Quality], plot: Path, suffix: str) -> None:
    from .figures_replicates import figure_replicates
    from .figures_resolution import figure_resolution

    largest = float(abs(case.expected.angles_deg).max())
    resolution = figure_resolution(
        {one.method: one.shells[0] for one in found},
        {one.method: one.directions[0] for one in found},
        spacing_nm=case.spacing_nm,
        largest_tilt_deg=largest,
    )
    save_figure(resolution, plot.with_name(f"{plot.stem}_resolution{suffix}{plot.suffix}"))
    maps = figure_replicates(
        {one.method: one.maps for one in found}, case.density, spacing_nm=case.spacing_nm
    )
    save_figure(maps, plot.with_name(f"{plot.stem}_replicates{suffix}{plot.suffix}"))


def markdown(rows: list[dict[str, str]]) -> str:
    """Lay rows of equal keys out as a table in Markdown, numbers to the right.

    Examples
    --------
    >>> print(markdown([{"method": "tv", "NRMSE": "0.1"}]))
    | method | NRMSE |
    |---|---:|
    | tv | 0.1 |
    """
    keys = list(rows[0])
    return "\n".join(
        [
            "| " + " | ".join(keys) + " |",
            "|---|" + "---:|" * (len(keys) - 1),
            *("| " + " | ".join(row[key] for key in keys) + " |" for row in rows),
        ]
    )


if __name__ == "__main__":
    main()
