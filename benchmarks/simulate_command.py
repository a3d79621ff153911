"""The command ``glasstomo simulate``: the tilt series of a design, as a file; imports when it runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..forward import TiltSeries
    from .design.design import Design

SUFFIXES = (".h5", ".hspy")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="DESIGN.toml")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Tilt series to write: .h5 or .hspy."
)
@click.option(
    "--signal",
    type=click.Choice(["eds", "adf"]),
    default="eds",
    show_default=True,
    help="Counts of the mapped X-ray lines, or an ADF series over the same tilts.",
)
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    help="Also write what was simulated, for glasstomo score: .h5 or .hspy.",
)
@click.option(
    "--replicate",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Which of the particles that design check would draw.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same bits."
)
def simulate(file: Path, out: Path, signal: str, truth: Path | None, replicate: int, seed: int) -> int:
    """Simulate the tilt series of one particle of a design.

    The EDS counts are those that design check reconstructs for the same seed and replicate.

    Example: glasstomo simulate design.toml --out series.h5 --truth truth.h5
    """
    from .design.design_file import read_design
    from .outputs import whole_file
    from .progress import RichProgress

    _check_outputs(out, truth)
    design = read_design(file)
    with RichProgress() as progress:
        with progress.stage("simulate"):
            series = simulated(design, signal=signal, replicate=replicate, seed=seed)
        progress.note(repr(series))
        with whole_file(out) as part, progress.stage(f"write {out.name}"):
            if truth is None:
                _write(series, part)
            else:
                # Both files appear, or neither.
                with whole_file(truth) as truth_part:
                    _write(series, part)
                    _write_truth(truth_part, design, series, replicate=replicate, seed=seed)
    for place in (out, truth):
        if place is not None:
            click.echo(f"Wrote {place}")
    return 0


def simulated(design: "Design", *, signal: str, replicate: int, seed: int) -> "TiltSeries":
    """Return the series of one replicate.

    Parameters
    ----------
    design : Design
    signal : {"eds", "adf"}
        ADF takes the tilts of the design with its ADF dwell, from the same particle with the same errors.
    replicate, seed : int
        As for `run_trial`.

    Returns
    -------
    TiltSeries
    """
    from dataclasses import replace

    import numpy as np

    from ..forward import history_of
    from ..forward import simulate as simulate_series
    from .design.streams import stream
    from .design.trial import draw_truth, eds_counts

    if signal == "eds":
        series = eds_counts(design, replicate=replicate, seed=seed)
    else:
        beam = design.beam
        pixels = (design.specimen.spacing_nm / beam.pixel_nm) ** 2
        acquisition = design.acquisition.replace(signal="adf", dwell_s=beam.adf_dwell_s * pixels)
        phantom = draw_truth(design.specimen, replicate=replicate, seed=seed)
        errors = np.random.default_rng(stream(seed, "errors", replicate))
        series = simulate_series(
            phantom,
            acquisition,
            history=history_of(phantom, acquisition, rng=errors),
            rng=np.random.default_rng(stream(seed, "adf", replicate)),
        )
    about: dict[str, Any] = {"title": design.title, "key": design.key, "replicate": replicate, "seed": seed}
    return replace(series, metadata={**series.metadata, "design": about})


def _check_outputs(out: Path, truth: Path | None) -> None:
    """Refuse places that cannot be meant, before anything is simulated."""
    for option, place in (("--out", out), ("--truth", truth)):
        if place is not None and place.suffix.lower() not in SUFFIXES:
            raise ValueError(f"{option} must end in {' or '.join(SUFFIXES)}, got {place.name!r}")
    if truth is not None and out.resolve() == truth.resolve():
        raise ValueError(f"--truth must be another file than --out, got {str(truth)!r} for both")


def _write(series: "TiltSeries", path: Path) -> None:
    if path.suffix.lower() == ".h5":
        series.save(path)
    else:
        series.export(path)


def _write_truth(path: Path, design: "Design", series: "TiltSeries", *, replicate: int, seed: int) -> None:
    from .design.sections import FINER
    from .design.trial import draw_truth
    from .truth_files import save_truth

    sections = design.acquisition.microscope.cross_section_barn
    eds = series.signal == "EDS_TEM"
    save_truth(
        path,
        draw_truth(design.specimen, replicate=replicate, seed=seed).downsampled(FINER),
        fluence_e_nm2=series.fluence_e_nm2 if eds else None,
        cross_section_barn={line: sections[line] for line in series.channels} if eds else {},
        about=series.metadata["design"],
    )
