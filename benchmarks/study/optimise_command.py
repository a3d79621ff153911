"""The command ``glasstomo study optimise``; what it runs is imported when it runs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .candidates import Candidate
    from .optimise import SearchResult

DEFAULT_VARY = ("tilts.count=5:61", "beam.total_fluence_e_nm2=1e6:1e10:log")

RESULT_FILE, EVIDENCE_FILE = "result.json", "evidence.csv"
FIGURE_FILE, BEST_FILE = "evidence.png", "best.toml"


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="DESIGN.toml")
@click.option(
    "--vary",
    multiple=True,
    metavar="FIELD=LOW:HIGH[:log]",
    help="What may change, also FIELD=ONE|OTHER; fields that move together are separated by commas, a minus "
    "sets the negative (tilts.stop_deg,-tilts.start_deg=50:75); repeatable "
    f"[default: {' and '.join(DEFAULT_VARY)}].",
)
@click.option(
    "--cost",
    default="dose",
    show_default=True,
    help="What is to be small: dose, minutes, or both relative to the design, as in dose=1,minutes=2.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("search"),
    show_default=True,
    help="Folder for rows, evidence and the best design; the same command goes on where it ended.",
)
@click.option(
    "--candidates",
    type=click.IntRange(min=1),
    default=48,
    show_default=True,
    help="Designs to try at most.",
)
@click.option(
    "--finalists",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    help="Designs to confirm at most.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same result."
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Processes; 0 runs everything in this one [default: one for each core].",
)
@click.option("--scheduler", metavar="ADDRESS", help="Address of a dask scheduler instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def optimise(
    file: Path,
    vary: tuple[str, ...],
    cost: str,
    out: Path,
    candidates: int,
    finalists: int,
    seed: int,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> int:
    """Find the cheapest design that meets its wanted precisions.

    Few replicates go to designs that are far off, more to those near the boundary; the best is confirmed
    with particles that the search has not seen. Exit status 1 says that none was confirmed.

    Example: glasstomo study optimise mine.toml --cost minutes --vary tilts.count=7:31
    """
    from ...recon.interruption import raised
    from ..design.design_file import read_design
    from ..progress import RichProgress
    from .cost import parse_cost
    from .optimise import optimise as run
    from .search_space import SearchSpace, parse_dimension
    from .workers import WorkersLostError, open_workers

    design = read_design(file)
    # Mistakes are told before workers start.
    dimensions = tuple(parse_dimension(text) for text in vary or DEFAULT_VARY)
    SearchSpace(design=design, dimensions=dimensions)
    parse_cost(cost, design)
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {out} is a file; name a folder")
    try:
        with (
            raised(),
            RichProgress() as progress,
            open_workers(scheduler, workers, note=progress.note) as pool,
        ):
            result = run(
                design,
                dimensions,
                cost=cost,
                seed=seed,
                candidates=candidates,
                finalists=finalists,
                out=out,
                workers=pool,
                progress=progress,
            )
    except (KeyboardInterrupt, WorkersLostError) as error:
        click.echo(
            f"What has been simulated is kept in {out}: the same command goes on from there.", err=True
        )
        if isinstance(error, KeyboardInterrupt):
            raise
        click.echo(f"glasstomo: error: {error}", err=True)
        return 1
    write_search(result, out)
    if as_json:
        click.echo(json.dumps(result.as_dict(), indent=2, ensure_ascii=False))
    else:
        show_search(result, out)
    return 0 if result.status == "found" else 1


def write_search(result: "SearchResult", out: Path) -> None:
    """Write the result, the evidence as a table and a figure, and the best design, each file whole.

    Parameters
    ----------
    result : SearchResult
    out : pathlib.Path
        A folder that is there.
    """
    import pandas as pd

    from ..design.design_text import design_text
    from ..figure_files import save_figure
    from ..outputs import whole_file
    from .figures_optimise import figure_search

    with whole_file(out / EVIDENCE_FILE) as part:
        pd.DataFrame(result.rows()).to_csv(part, index=False)
    with whole_file(out / FIGURE_FILE) as part:
        save_figure(figure_search(result), part)
    if result.best is not None:
        with whole_file(out / BEST_FILE) as part:
            part.write_text(design_text(result.best.design, name=BEST_FILE), encoding="utf-8")
    else:
        (out / BEST_FILE).unlink(missing_ok=True)
    with whole_file(out / RESULT_FILE) as part:
        part.write_text(json.dumps(result.as_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def show_search(result: "SearchResult", out: Path) -> None:
    """Print the cheapest candidates that were looked at closely, and what was found."""
    from ..console_tables import print_table, rows_table

    near = [one for one in result.candidates if one.state.name not in ("HOPELESS", "MISSES")]
    # What misses shows how far down the search has looked.
    missed = [one for one in result.candidates if one.state.name == "MISSES"]
    shown = sorted([*sorted(near, key=lambda one: one.cost)[:8], *missed[-4:]], key=lambda one: one.cost)
    wanted = tuple(result.wanted)

    def fluence(one: "Candidate") -> float:
        return one.design.total_fluence_e_nm2

    rows: list[dict[str, object]] = []
    for one in shown:
        found = one.estimates
        rows.append(
            {
                "candidate": one.number,
                **{name: _short(value) for name, value in one.setting.items()},
                **({} if "beam.total_fluence_e_nm2" in one.setting else {"e/nm2": _short(fluence(one))}),
                "minutes": f"{one.design.minutes:.0f}",
                **{name: _short(found[name].mean) if name in found else None for name in wanted},
                "replicates": len(one.rows) + len(one.fresh),
                "": one.state.value,
            }
        )
    print_table(rows_table(rows))
    click.echo(f"{result.status}: {result.message}")
    click.echo(
        f"{len(result.candidates)} candidates, {result.replicates} replicates, {result.ran} of them now."
    )
    if result.best is not None:
        click.echo(f"Best design: {out / BEST_FILE}")
    click.echo(f"Evidence: {out / EVIDENCE_FILE}, {out / FIGURE_FILE}")


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
