"""One replicate of a design: draw a particle, take its series, reconstruct, score. A pure function."""

import functools
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from ...forward import MICROSCOPES, TiltScheme, TiltSeries, expected_counts, history_of, thinned_counts
from ...forward.dose_ladder import REFERENCE_E_NM2
from ...phantoms import Phantom
from .design import LINES, Design
from .scores import SCORES, Row, known_scores, score_volumes, scores_for
from .sections import FINER, Specimen
from .streams import stream

ABOUT = ("tilts", "total_fluence_e_nm2", "minutes", "mean_counts_co", "mean_counts_zn")
SOLVE = ("solver_status", "relative_gap", "iterations", "lam_Co_Ka", "lam_Zn_Ka")
SECONDS = ("seconds_truth", "seconds_simulate", "seconds_reconstruct", "seconds_score", "seconds")
TRIAL_COLUMNS = (
    "replicate",
    "seed",
    "design_key",
    *ABOUT,
    *SOLVE,
    *(column for group in SCORES.values() for column in group),
    *SECONDS,
)
"""Columns of a row, in order."""


def run_trial(design: Design, *, replicate: int, seed: int, scores: Sequence[str] | None = None) -> Row:
    """Simulate, reconstruct and score one particle under a design.

    Parameters
    ----------
    design : Design
        What is judged.
    replicate : int
        Number of the particle and of its noise. Two designs that share a specimen see the same particle
        under the same number, and doses, tilts and methods share its photons (`thinned_counts`).
    seed : int
        Of the whole run.
    scores : sequence of str, optional
        Groups of `SCORES`; those that the design's wanted precisions need when omitted.

    Returns
    -------
    dict
        One value for each of `TRIAL_COLUMNS`: numbers, words, and None where nothing was asked for or
        there is nothing to say. Only the columns that begin with ``seconds`` depend on the machine.

    Raises
    ------
    ValueError
        When the design cannot be simulated or reconstructed, such as counts beyond the counter.

    Notes
    -----
    The noise is thinned from one draw for every dose as long as the specimen does not change under the
    beam; damage and contamination change the expectation with the dose, and nothing else of this.

    Examples
    --------
    >>> row = run_trial(Design(specimen={"size": 16}), replicate=0, seed=0, scores=["volumes"])
    >>> row["solver_status"], row["tilts"], 0 < row["nrmse_zn"] < 1
    ('converged', 15, True)
    """
    chosen = scores_for(design.wanted) if scores is None else known_scores(scores)
    row: Row = dict.fromkeys(TRIAL_COLUMNS)
    clock = _Clock()
    truth = _truth(cast(Any, design.specimen), replicate, seed)
    row["seconds_truth"] = clock.lap()
    series = eds_counts(design, replicate=replicate, seed=seed)
    sections, calibration = _cross_sections(design, replicate, seed)
    row["seconds_simulate"] = clock.lap()
    row |= calibration if "cross_sections" in chosen else {}
    if set(chosen) - {"cross_sections"} or not chosen:
        row |= _judged(design, series, sections, truth, chosen, replicate, seed, clock)
    row |= {
        "replicate": replicate,
        "seed": seed,
        "design_key": design.key,
        "tilts": series.count,
        "total_fluence_e_nm2": design.total_fluence_e_nm2,
        "minutes": design.minutes,
        "mean_counts_co": _mean_counts(series, "Co_Ka"),
        "mean_counts_zn": _mean_counts(series, "Zn_Ka"),
        "seconds": clock.total(),
    }
    return {name: _plain(value) for name, value in row.items()}


def _judged(
    design: Design,
    series: TiltSeries,
    sections: dict[str, float],
    truth: Phantom,
    scores: Sequence[str],
    replicate: int,
    seed: int,
    clock: "_Clock",
) -> Row:
    """Reconstruct the metals and score them."""
    from ...recon import reconstruct

    inversion = design.reconstruction
    options: dict[str, Any] = inversion.model_dump(exclude={"method", "upper"})
    if inversion.upper is not None:
        options["upper"] = inversion.upper
    if inversion.lam == "oracle":
        options["truth"] = np.stack([truth.density(line[:2]) for line in LINES])
    metals = reconstruct(
        series,
        inversion.method,
        cross_section_barn=sections,
        rng=np.random.default_rng(stream(seed, "solver", replicate)),
        **options,
    )
    row: Row = {
        "solver_status": metals.status.value,
        "relative_gap": metals.relative_gap,
        "iterations": metals.iterations,
        "seconds_reconstruct": clock.lap(),
    }
    lams = metals.lam if len(metals.lam) == len(LINES) else metals.lam * len(LINES)
    row |= {f"lam_{line}": lam for line, lam in zip(LINES, lams, strict=False)}
    co, zn = (metals.channel(line) for line in LINES)
    row |= score_volumes(zn, co, truth, scores=scores)
    if "counts" in scores:
        from .counts_scores import score_counts

        row |= score_counts(series, metals, truth, cross_section_barn=sections)
    return {**row, "seconds_score": clock.lap()}


def draw_truth(specimen: Specimen, *, replicate: int, seed: int) -> Phantom:
    """Return the particle of a replicate on the fine grid: its true densities, as they are simulated from.

    Particles of one name and number have the same body, whatever their other options and their size.
    """
    return specimen.draw(np.random.default_rng(stream(seed, "truth", str(specimen.particle), replicate)))


def eds_counts(design: Design, *, replicate: int, seed: int) -> TiltSeries:
    """Return the counts of the EDS series of a replicate, as the microscope would record them."""
    return _kept_series(_Simulated(design), replicate, seed)


# What follows keeps a few results of pure functions, which several designs of a study share.
@functools.lru_cache(maxsize=1)
def _fine_truth(specimen: Specimen, replicate: int, seed: int) -> Phantom:
    return draw_truth(specimen, replicate=replicate, seed=seed)


@functools.lru_cache(maxsize=4)
def _truth(specimen: Specimen, replicate: int, seed: int) -> Phantom:
    return _fine_truth(cast(Any, specimen), replicate, seed).downsampled(FINER)


class _Simulated:
    """A design as far as its data go: equal where the reconstruction is all that differs."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.key = design.replace(reconstruction=type(design.reconstruction)()).key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Simulated) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


@functools.lru_cache(maxsize=2)
def _kept_series(simulated: _Simulated, replicate: int, seed: int) -> TiltSeries:
    design = simulated.design
    photons = stream(seed, "photons", str(design.specimen.particle), replicate)
    return thinned_counts(_expected(design, replicate, seed), stream=photons)


def _expected(design: Design, replicate: int, seed: int) -> TiltSeries:
    """Expected counts, computed at one dose for all unless the specimen changes under the beam."""
    imperfections = design.imperfections
    if imperfections.damage is not None or imperfections.contamination is not None:
        return _kept_expected(_Simulated(design), replicate, seed)
    reference = {
        "beam.dwell_s": None,
        "beam.total_fluence_e_nm2": REFERENCE_E_NM2 * design.tilts.tilt_scheme.count,
    }
    expected = _kept_expected(_Simulated(design.with_fields(reference)), replicate, seed)
    dose = design.fluence_e_nm2 / REFERENCE_E_NM2
    return replace(
        expected,
        data=expected.data * dose,
        electrons_per_pixel=float(expected.electrons_per_pixel or np.nan) * dose,
        metadata={**expected.metadata, "dwell_s": expected.metadata["dwell_s"] * dose},
    )


@functools.lru_cache(maxsize=2)
def _kept_expected(simulated: _Simulated, replicate: int, seed: int) -> TiltSeries:
    design = simulated.design
    phantom = _fine_truth(cast(Any, design.specimen), replicate, seed)
    acquisition = design.acquisition
    # Errors are the same whatever the dose; a design without any draws none.
    history = history_of(phantom, acquisition, rng=np.random.default_rng(stream(seed, "errors", replicate)))
    return expected_counts(phantom, acquisition, history=history)


def _cross_sections(design: Design, replicate: int, seed: int) -> tuple[dict[str, float], Row]:
    """Cross-sections that the reconstruction uses, and their errors where they were measured."""
    known = MICROSCOPES[design.instrument.microscope].cross_section_barn
    if not design.calibrates:
        return {line: known[line] for line in LINES}, {}
    fits = _calibrated(_experiment(design, replicate, seed))
    errors = {line: fit.cross_section_barn / known[line] - 1.0 for line, fit in fits.items()}
    row: Row = {f"cross_section_bias_{line}": error for line, error in errors.items()}
    row["cross_section_bias"] = max(errors.values(), key=abs)
    row |= {f"cross_section_error_{line}": fit.relative_standard_error for line, fit in fits.items()}
    row |= {f"cross_section_covered_{line}": float(fit.covers(known[line])) for line, fit in fits.items()}
    measured = design.calibration.cross_sections == "measured"
    return {line: fits[line].cross_section_barn if measured else known[line] for line in LINES}, row


@functools.lru_cache(maxsize=2)
def _calibrated(experiment: Any) -> dict[str, Any]:
    """Return the fit of every line."""
    from ..calibration import calibrate, draw_standard, measure_standard, standard_names

    standards = tuple(
        measure_standard(
            experiment,
            draw_standard(experiment, name, element),
            experiment.microscope,
            name,
            element,
            material,
        )
        for name, element, material in standard_names()
    )
    return calibrate(experiment, experiment.microscope, standards).fits


def _experiment(design: Design, replicate: int, seed: int) -> Any:
    """Return what the calibration of this design measures, on standards of this replicate."""
    from ..experiment import Experiment

    plan, beam = design.calibration, design.beam
    # An experiment counts its dwell per pixel of 5 nm.
    at_5_nm = (5.0 / beam.pixel_nm) ** 2
    reach = plan.adf_range_deg
    return Experiment(
        microscope=design.instrument.microscope,
        size=design.specimen.size,
        seed=int(stream(seed, "standards", replicate).generate_state(1, np.uint64)[0] >> 1),
        field_of_view_nm=design.specimen.field_of_view_nm,
        beam_current_na=beam.current_na,
        eds_dwell_s=design.dwell_s * at_5_nm,
        adf_dwell_s=beam.adf_dwell_s * at_5_nm,
        adf_tilts=TiltScheme.uniform(-reach, reach, plan.adf_tilts),
        gap=design.reconstruction.gap,
        max_iterations=6000,
    )


def _mean_counts(series: TiltSeries, line: str) -> float:
    """Mean counts of the pixels that hold the particle at all: above a tenth of the series' largest."""
    counts = series.channel(line).data
    smooth = counts.mean(axis=0)
    held = smooth > 0.1 * smooth.max()
    return float(smooth[held].mean()) if held.any() else 0.0


def _plain(value: Any) -> float | int | str | None:
    """Take numpy's numbers for Python's, and None for what is no number."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


class _Clock:
    """Laps of one trial, s."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()

    def lap(self) -> float:
        now = time.perf_counter()
        self._last, lap = now, now - self._last
        return lap

    def total(self) -> float:
        return time.perf_counter() - self._start
