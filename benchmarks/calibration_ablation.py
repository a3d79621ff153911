"""Where the bias of a calibration comes from: one source of error taken away, or added, at a time.

Run as ``python -m glasstomo.benchmarks.calibration_ablation``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..forward import Probe, TiltScheme
from ..metrics import thickness_map
from ..metrics.particle_pixels import gather_pixels
from ..phantoms import Phantom, make_phantom
from .experiment import STANDARDS, Experiment
from .standards import MeasuredThickness, measure_adf

EDGE_PIXELS = 3.0
BASE = "as calibrated"
MICROSCOPE = "osiris"


@dataclass(frozen=True, kw_only=True)
class AblationRow:
    """What one way of measuring thickness does to a cross-section.

    Attributes
    ----------
    variant : str
        What was changed.
    bias_percent, bias_error : float
        Mean relative error of the cross-section that thickness alone makes, and its standard error.
    scatter_percent : float
        Standard deviation from standard to standard.
    offset_voxels : float
        Mean error of the thickness, voxels.
    standards : int
        How many were measured.
    """

    variant: str
    bias_percent: float
    bias_error: float
    scatter_percent: float
    offset_voxels: float
    standards: int


@dataclass(frozen=True, kw_only=True)
class Variant:
    """An acquisition that differs from the default in one thing.

    Attributes
    ----------
    experiment : Experiment
        Tilts and dose.
    film : bool
        Whether the standard lies on a film.
    fields : dict
        Further arguments of `simulate`.
    """

    experiment: Experiment
    film: bool
    fields: dict[str, Any]


def variants(experiment: Experiment) -> dict[str, Variant]:
    """Return acquisitions by name, the default first.

    Examples
    --------
    >>> list(variants(Experiment(size=32)))[:3]
    ['as calibrated', 'no film', 'no film, no missing wedge (±90°)']
    """
    base = Variant(experiment=experiment, film=True, fields={})

    def tilted(reach: float, count: int) -> Variant:
        return replace(
            base, experiment=experiment.replace(adf_tilts=TiltScheme.uniform(-reach, reach, count))
        )

    def dosed(factor: float) -> Variant:
        return replace(base, experiment=experiment.replace(adf_dwell_s=factor * experiment.adf_dwell_s))

    return {
        BASE: base,
        "no film": replace(base, film=False),
        # A film edge-on is endless; the tilts at +90° and −90° are one.
        "no film, no missing wedge (±90°)": replace(
            base, film=False, experiment=experiment.replace(adf_tilts=TiltScheme.uniform(-90, 85, 36))
        ),
        "wide wedge (±45°)": tilted(45.0, 19),
        "few tilts (5 within ±70°)": tilted(70.0, 5),
        "probe of two pixels (FWHM)": replace(
            base, fields={"probe": Probe(fwhm_nm=2 * experiment.spacing_nm)}
        ),
        "a hundred times the ADF dose": dosed(100.0),
        "a hundredth of the ADF dose": dosed(0.01),
    }


def ablation(
    *, size: int = 48, seeds: int = 16, first_seed: int = 0
) -> Iterator[tuple[str, int, list[float]]]:
    """Measure standards of both elements by all variants.

    Parameters
    ----------
    size : int
        Voxels along every edge.
    seeds : int
        Sets of standards, one of each element.
    first_seed : int
        Number of the first.

    Yields
    ------
    variant, seed, errors : str, int, list of float
        The relative error of σ and the mean error of the thickness in voxels, of one standard.
    """
    for seed in range(first_seed, first_seed + seeds):
        plain = Experiment(size=size, seed=seed)
        for element, (builder, material) in STANDARDS.items():
            name = f"{material} 1"
            drawn: dict[bool, Phantom] = {}
            for label, variant in variants(plain).items():
                if variant.film not in drawn:
                    drawn[variant.film] = make_phantom(
                        builder, plain.fine_grid, rng=plain.stream("standard", name), film=variant.film
                    )
                phantom = drawn[variant.film]
                found = measure_adf(variant.experiment, phantom, MICROSCOPE, name, **variant.fields)
                true = phantom.downsampled(2)
                for suffix, thickness, edge in _segmentations(found, true, label == BASE):
                    yield suffix or label, seed, _errors(thickness, true, element, edge)


def _segmentations(
    found: MeasuredThickness, true: Phantom, all_of_them: bool
) -> Iterator[tuple[str, np.ndarray, float]]:
    """Thickness by the chosen way, and by others of the default acquisition: name, map, edge in pixels."""
    yield "", found.thickness_nm, EDGE_PIXELS
    if not all_of_them:
        return
    volume, level, spacing = found.reconstruction.volume, found.threshold, true.grid.spacing_nm
    step = level.high - level.low

    def cut(threshold: float, *, subvoxel: bool = True) -> np.ndarray:
        return thickness_map(volume, threshold, spacing_nm=spacing, subvoxel=subvoxel)

    yield "whole voxels summed", cut(level.threshold, subvoxel=False), EDGE_PIXELS
    voxels = round(float(true.fill.sum(dtype=np.float64)))
    right = float(np.partition(volume.ravel(), volume.size - voxels)[volume.size - voxels])
    yield "threshold that gives the true volume", cut(right), EDGE_PIXELS
    yield "threshold a tenth of the contrast too low", cut(level.threshold - 0.1 * step), EDGE_PIXELS
    yield "threshold a tenth of the contrast too high", cut(level.threshold + 0.1 * step), EDGE_PIXELS
    yield "edge pixels fitted as well", found.thickness_nm, 0.0


def _errors(thickness: np.ndarray, true: Phantom, element: str, edge: float) -> list[float]:
    density = float(true.density(element).max())
    areal = true.density(element).sum(axis=0, dtype=np.float64) * true.grid.spacing_nm
    pixels = gather_pixels(areal, thickness, density, 1e10, edge)[0]
    ratio = float(pixels.counts.sum() / pixels.per_barn.sum())
    offset = float((thickness - areal / density)[pixels.mask].mean()) / true.grid.spacing_nm
    return [ratio - 1.0, offset]


def summarise(results: Iterator[tuple[str, int, list[float]]]) -> list[AblationRow]:
    """Average the standards of every variant, in the order in which they came."""
    found: dict[str, list[list[float]]] = {}
    for label, _, errors in results:
        found.setdefault(label, []).append(errors)
    rows = []
    for label, errors in found.items():
        slope, offset = np.array(errors).T
        scatter = float(np.std(slope, ddof=1)) if slope.size > 1 else float("nan")
        rows.append(
            AblationRow(
                variant=label,
                bias_percent=100 * float(slope.mean()),
                bias_error=100 * scatter / float(np.sqrt(slope.size)),
                scatter_percent=100 * scatter,
                offset_voxels=float(offset.mean()),
                standards=slope.size,
            )
        )
    return rows


def markdown_table(rows: list[AblationRow]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [
        "| thickness from | bias of σ, % | scatter of σ, % | thickness error, voxels |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {r.variant} | {r.bias_percent:+.3f} ± {r.bias_error:.3f} | {r.scatter_percent:.3f} "
        f"| {r.offset_voxels:+.3f} |".replace("-", "−")
        for r in rows
    ]
    return "\n".join(lines)


@click.command()
@click.option(
    "--size", type=click.IntRange(32, 192), default=48, show_default=True, help="Voxels along an edge."
)
@click.option(
    "--seeds", type=click.IntRange(1, 1000), default=16, show_default=True, help="Sets of standards."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The first of them.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the table here too (.md or .csv).")
def main(size: int, seeds: int, seed: int, out: Path | None) -> None:
    r"""Show what segmentation, wedge, film, probe and noise do to a measured cross-section, in Markdown.

    \b
    Example:
      python -m glasstomo.benchmarks.calibration_ablation --size 48 --seeds 16 --out ablation.md
    """
    if out is not None and out.suffix not in (".md", ".csv"):
        raise click.BadParameter(f"must end in .md or .csv, got {out.name!r}", param_hint="--out")
    if size % 2:
        raise click.BadParameter(f"must be even, got {size}", param_hint="--size")
    rows = summarise(ablation(size=size, seeds=seeds, first_seed=seed))
    table = markdown_table(rows)
    click.echo(table)
    if out is not None and out.suffix == ".md":
        out.write_text(table + "\n", encoding="utf-8")
    elif out is not None:
        import pandas as pd

        pd.DataFrame([vars(row) for row in rows]).to_csv(out, index=False)


if __name__ == "__main__":
    main()
