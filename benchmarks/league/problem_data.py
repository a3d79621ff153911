"""The data of a problem, made on the fly: what solvers get, and what only the judge sees."""

import functools
import hashlib
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ...forward import MICROSCOPES, TiltScheme, TiltSeries, linearise_adf, simulate, subtract_background
from ...phantoms import Phantom
from ..design.design import LINES
from ..design.sections import FINER
from ..design.streams import stream
from ..design.trial import draw_truth, eds_counts
from .league_data import LeagueData
from .league_problem import STANDARD_ELEMENTS, LeagueProblem


@dataclass(frozen=True, kw_only=True, eq=False)
class ProblemData:
    """The recordings of one replicate.

    Parameters
    ----------
    solver : LeagueData
        What a solver gets.
    map : TiltSeries or None
        EDS map of a standard at 0°, which the judge calibrates with.
    """

    solver: LeagueData
    map: TiltSeries | None = None


def problem_data(problem: LeagueProblem, replicate: int) -> ProblemData:
    """Simulate the recordings of one replicate.

    Parameters
    ----------
    problem : LeagueProblem
    replicate : int
        From 0 to ``problem.replicates - 1``.

    Returns
    -------
    ProblemData

    Examples
    --------
    >>> problem = LeagueProblem(name="small", design={"specimen": {"size": 16}})
    >>> problem_data(problem, 0).solver.shape
    (2, 16, 16, 16)
    """
    if not 0 <= replicate < problem.replicates:
        raise ValueError(f"`replicate` must lie within 0 and {problem.replicates - 1}, got {replicate}")
    return _data(cast(Any, problem), replicate)


@functools.lru_cache(maxsize=2)
def _data(problem: LeagueProblem, replicate: int) -> ProblemData:
    if problem.kind == "standard":
        return _standard_data(problem, replicate)
    design = problem.design
    known = MICROSCOPES[design.instrument.microscope].cross_section_barn
    series = eds_counts(design, replicate=replicate, seed=problem.seed)
    data = LeagueData.from_series(series, {line: known[line] for line in LINES}, seconds=problem.seconds)
    return ProblemData(solver=data)


def _standard_data(problem: LeagueProblem, replicate: int) -> ProblemData:
    """ADF series of a standard, brought to a straight measure of thickness, and its EDS map at 0°."""
    design = problem.design
    phantom = draw_truth(design.specimen, replicate=replicate, seed=problem.seed)
    per_pixel = (design.specimen.spacing_nm / design.beam.pixel_nm) ** 2
    fields: dict[str, Any] = {
        "microscope": design.instrument.microscope,
        "beam_current_na": design.beam.current_na,
        "binning": FINER,
    }
    raw = simulate(
        phantom,
        scheme=design.tilts.tilt_scheme,
        signal="adf",
        dwell_s=design.beam.adf_dwell_s * per_pixel,
        rng=np.random.default_rng(stream(problem.seed, "adf", replicate)),
        **fields,
    )
    element = STANDARD_ELEMENTS[str(design.specimen.particle)]
    eds = simulate(
        phantom,
        scheme=TiltScheme(angles_deg=(0.0,)),
        signal="eds",
        lines=tuple(f"{element}_{line}" for line in ("Ka", "Kb")),
        dwell_s=design.dwell_s * per_pixel,
        rng=np.random.default_rng(stream(problem.seed, "eds", replicate)),
        **fields,
    )
    adf = subtract_background(linearise_adf(raw))
    series = TiltSeries(
        data=np.asarray(adf.stack, np.float32),
        angles_deg=adf.angles_deg,
        spacing_nm=adf.spacing_nm,
        channels=adf.channels,
        signal="ADF",
        electrons_per_pixel=adf.electrons_per_pixel,
        exposure=adf.exposure,  # pyright: ignore[reportArgumentType]
    )
    return ProblemData(solver=LeagueData.from_series(series, seconds=problem.seconds), map=eds)


def problem_truth(problem: LeagueProblem, replicate: int) -> Phantom:
    """Return the true particle of a replicate on the grid of the reconstruction."""
    return _truth(cast(Any, problem), replicate)


@functools.lru_cache(maxsize=1)
def _truth(problem: LeagueProblem, replicate: int) -> Phantom:
    return draw_truth(problem.design.specimen, replicate=replicate, seed=problem.seed).downsampled(FINER)


def data_digest(data: ProblemData) -> str:
    """Return 16 hexadecimal digits of the recordings of a replicate.

    Counts enter exactly; intensities, angles and gains rounded to six digits, as the last bits of
    floating-point numbers differ between processors.
    """
    found = hashlib.sha256()
    solver = data.solver
    for array in (solver.counts, *([] if data.map is None else [data.map.data])):
        found.update(repr(array.shape).encode())
        found.update(np.ascontiguousarray(_whole(array), "<i8").tobytes())
    for array in (solver.angles_deg, solver.gains, solver.exposure):
        found.update(np.round(np.asarray(array) * 1e6).astype("<i8").tobytes())
    words = (solver.channels, solver.signal, f"{solver.spacing_nm:.6g}", f"{solver.electrons_per_pixel:.6g}")
    found.update(repr((words, sorted(solver.cross_section_barn.items()))).encode())
    return found.hexdigest()[:16]


def _whole(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind in "iu":
        return array
    largest = float(np.abs(array).max())
    return np.round(array / (largest or 1.0) * 1e6)
