"""How well thresholds find the surface of a particle: volume and overlap, method by method.

Run as ``python -m glasstomo.benchmarks.threshold_comparison``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from ..metrics.thresholds import THRESHOLDS
from ..phantoms import Phantom, make_phantom
from .experiment import Experiment

# What the small particle's field of view is of the volume's: a radius of about five voxels in 48.
_SMALL = 0.25
_BLUR = 1.06  # voxels, 2.5 FWHM


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One reconstruction with its truth.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    volume : numpy.ndarray
        (z, y, x) reconstruction.
    fill : numpy.ndarray
        (z, y, x) true share of each voxel that lies in the particle.
    """

    kind: str
    volume: np.ndarray
    fill: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """How one method did on all particles of one kind.

    Attributes
    ----------
    kind, method : str
        Names in `KINDS` and `THRESHOLDS`.
    found, particles : int
        Particles in which a surface was found, of how many.
    volume_error, volume_rms : float
        Mean and root mean square relative error of the volume where one was found.
    dice : float
        Mean overlap ``2 Σ m f / (Σ m + Σ f)`` of mask and true fill: below 1 even for a perfect mask,
        because voxels at the surface are partly filled.
    """

    kind: str
    method: str
    found: int
    particles: int
    volume_error: float
    volume_rms: float
    dice: float


def one_phase(size: int, seed: int) -> Sample:
    """ZIF-62 from its ADF series, the film's contrast taken off, by TV."""
    return _adf("one phase", size, seed, film_left=False)


def film_left(size: int, seed: int) -> Sample:
    """The same with the film's contrast left in."""
    return _adf("one phase, film left in", size, seed, film_left=True)


def small(size: int, seed: int) -> Sample:
    """A ZIF-62 particle of few voxels."""
    return _adf("one phase, few voxels", size, seed, film_left=False, share=_SMALL)


def two_glasses(size: int, seed: int) -> Sample:
    """Two glasses of 5 and 6 metal atoms per nm³, from EDS maps at the default dose, by TV²."""
    return _eds("two phases, 5:6", "segregated", size, seed, 7.5e8)


def flux_melted(size: int, seed: int) -> Sample:
    """Two phases of 4 and 6 metal atoms per nm³, at the default dose."""
    return _eds("two phases, 4:6", "flux_melted", size, seed, 7.5e8)


def noisy(size: int, seed: int) -> Sample:
    """The same at a 250th of the dose."""
    return _eds("two phases, 4:6, dose/250", "flux_melted", size, seed, 3e6)


def two_to_one(size: int, seed: int) -> Sample:
    """Two phases of 1:2 in a blurred and noisy truth: no reconstruction, for a contrast that no glass has."""
    from scipy.ndimage import gaussian_filter

    experiment = Experiment(size=size, seed=seed)
    rng = experiment.stream("threshold comparison", "2:1")
    truth = make_phantom("segregated", experiment.fine_grid, rng=rng).downsampled(2)
    zn, co = truth.density("Zn"), truth.density("Co")
    # Zinc's share of the metal is the share of the second phase.
    share = np.divide(zn, zn + co, out=np.zeros(truth.fill.shape), where=zn + co > 0)
    sharp = truth.fill * (1.0 + np.clip(share, 0, 1))
    volume = gaussian_filter(sharp, _BLUR) + 0.1 * gaussian_filter(rng.standard_normal(sharp.shape), 0.6)
    return Sample(kind="two phases, 1:2, blurred truth", volume=volume, fill=truth.fill)


KINDS = {
    make.__name__: make for make in (one_phase, film_left, small, two_glasses, flux_melted, two_to_one, noisy)
}


def samples(kinds: tuple[str, ...], *, size: int, replicates: int, seed: int) -> Iterator[Sample]:
    """Draw and reconstruct particles, kind by kind.

    Parameters
    ----------
    kinds : tuple of str
        Names in `KINDS`.
    size : int
        Voxels along every edge.
    replicates, seed : int
        Particles of each kind, and the first one's seed.
    """
    for kind in kinds:
        for replicate in range(replicates):
            yield KINDS[kind](size, seed + replicate)


def compare(found: list[Sample]) -> list[ComparisonRow]:
    """Judge every method of `THRESHOLDS` on samples of one kind or several."""
    rows = []
    for kind in dict.fromkeys(sample.kind for sample in found):
        mine = [sample for sample in found if sample.kind == kind]
        rows += [_row(kind, method, mine) for method in THRESHOLDS]
    return rows


def _row(kind: str, method: str, found: list[Sample]) -> ComparisonRow:
    errors, overlaps = [], []
    for sample in found:
        true = float(np.sum(sample.fill, dtype=np.float64))
        mask = THRESHOLDS[method](sample.volume, true)
        if mask.any():
            held = float(np.count_nonzero(mask))
            errors.append(held / true - 1)
            overlaps.append(2 * float(np.sum(sample.fill[mask], dtype=np.float64)) / (held + true))
    return ComparisonRow(
        kind=kind, method=method, found=len(errors), particles=len(found),
        volume_error=float(np.mean(errors)) if errors else float("nan"),
        volume_rms=float(np.sqrt(np.mean(np.square(errors)))) if errors else float("nan"),
        dice=float(np.mean(overlaps)) if overlaps else float("nan"),
    )  # fmt: skip


def markdown(rows: list[ComparisonRow]) -> str:
    """Lay the comparison out as a table in Markdown.

    Examples
    --------
    >>> row = ComparisonRow(kind="ball", method="otsu", found=2, particles=2, volume_error=-0.0123,
    ...                     volume_rms=0.0124, dice=0.98)
    >>> print(markdown([row]).splitlines()[-1])
    | ball | otsu | 2/2 | -1.2 | 1.2 | 0.980 |
    """
    head = "| particle | threshold | found | volume error, % | rms, % | Dice |\n|---|---|---:|---:|---:|---:|"
    lines = [
        f"| {row.kind} | {row.method} | {row.found}/{row.particles} | {100 * row.volume_error:+.1f} | "
        f"{100 * row.volume_rms:.1f} | {row.dice:.3f} |"
        for row in rows
    ]
    return "\n".join([head, *(line.replace("+nan", "–").replace("nan", "–") for line in lines)])


def _adf(kind: str, size: int, seed: int, *, film_left: bool, share: float = 1.0) -> Sample:
    from ..forward import linearise_adf, simulate, subtract_background
    from ..recon import reconstruct

    experiment = Experiment(size=size, seed=seed)
    phantom: Phantom = make_phantom(
        "zif62_standard",
        experiment.fine_grid,
        rng=experiment.stream("threshold comparison", kind),
        field_of_view_nm=share * experiment.field_of_view_nm,
    )
    series = linearise_adf(
        simulate(
            phantom,
            scheme=experiment.adf_tilts,
            microscope=experiment.microscope,
            signal="adf",
            beam_current_na=experiment.beam_current_na,
            dwell_s=experiment.dwell_s("adf"),
            rng=experiment.stream("threshold comparison", "adf", kind),
        )
    )
    series = series if film_left else subtract_background(series)
    found = reconstruct(series, "tv", gap=1e-2, max_iterations=experiment.max_iterations)
    return Sample(kind=kind, volume=_single(found.volume), fill=phantom.downsampled(2).fill)


def _eds(kind: str, particle: str, size: int, seed: int, fluence_e_nm2: float) -> Sample:
    from ..forward import MICROSCOPES
    from ..recon import reconstruct
    from .design import Design
    from .design.trial import draw_truth, eds_counts

    design = Design(
        specimen={"particle": particle, "size": size}, beam={"total_fluence_e_nm2": fluence_e_nm2}
    )
    truth = draw_truth(design.specimen, replicate=seed, seed=0).downsampled(2)
    barn = MICROSCOPES[design.instrument.microscope].cross_section_barn
    counts = eds_counts(design, replicate=seed, seed=0)
    found = reconstruct(counts, "tv2", cross_section_barn=barn, gap=1e-2)
    return Sample(kind=kind, volume=np.sum(found.volume, axis=0), fill=truth.fill)


def _single(volume: np.ndarray) -> np.ndarray:
    return volume[0] if volume.ndim == 4 else volume


@click.command()
@click.option("--size", default=48, show_default=True, help="Voxels along every edge.")
@click.option("--replicates", default=4, show_default=True, help="Particles of each kind.")
@click.option("--seed", default=0, show_default=True, help="Of the first particle.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(list(KINDS)), help="Only these; repeatable."
)
@click.option("--plot", type=click.Path(path_type=Path), help="Also draw the figure into this file.")
def main(size: int, replicates: int, seed: int, kinds: tuple[str, ...], plot: Path | None) -> None:
    r"""Compare thresholds on particles of several kinds, as a table in Markdown.

    \b
    Example:
      python -m glasstomo.benchmarks.threshold_comparison --replicates 4 --plot surfaces.png
    """
    from .figure_files import check_suffix, save_figure

    if plot is not None:
        check_suffix(plot)
    found = []
    for sample in samples(kinds or tuple(KINDS), size=size, replicates=replicates, seed=seed):
        found.append(sample)
        click.echo(f"{len(found)}: {sample.kind}", err=True)
    rows = compare(found)
    click.echo(markdown(rows))
    if plot is not None:
        from .figures_threshold_comparison import figure_threshold_comparison

        save_figure(figure_threshold_comparison(rows, found), plot)


if __name__ == "__main__":
    main()
