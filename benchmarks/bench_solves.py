"""Whole solves to time: to a gap from zeros, and the study case that the design was made for."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numba

from ..forward import MICROSCOPES, simulate
from ..phantoms import make_phantom
from ..recon import Problem, Reconstruction, Status, reconstruct, solve_pdhg
from ..recon.primal_dual import Solve
from .bench_problem import PARTICLE, VARIANTS
from .bench_rows import Row, Setting, curve
from .bench_tasks import Rates
from .experiment import MAPPED_LINES, Experiment
from .progress import Stage
from .roofline import Workload
from .stopwatch import time_tasks

# Iterations of a solve to a gap, at most.
MOST_ITERATIONS = 5000
# The study case: one particle of the published experiment, small.
_STUDY_SIZE = 64


def to_gap_row(
    setting: Setting, name: str, problem: Problem, counts: Workload, rates: Rates, stage: Stage
) -> Row:
    """Time a whole solve from nothing to a gap that it certifies itself."""
    solves: list[Solve] = []

    def solve() -> None:
        solves.append(solve_pdhg(problem, gap=setting.gap, max_iterations=MOST_ITERATIONS))

    timing = time_tasks({"solve": solve}, repeats=1, warm_up=False, stage=stage)["solve"]
    last = solves[-1]
    evaluations = len(last.history["iteration"])
    regulariser = problem.regulariser
    work = last.iterations * counts.iteration(regulariser) + evaluations * counts.gap_evaluation(regulariser)
    return setting.row(
        f"solver.{name}.to_gap",
        1e3 * timing.median,
        rates.fraction(work, timing.median),
        min_ms=1e3 * timing.best,
        iterations=last.iterations,
        ms_per_iteration=1e3 * timing.median / last.iterations,
        relative_gap=last.relative_gap,
        status=last.status.value,
        curve=curve(last.history["seconds"], last.history["relative_gap"]),
    )


def two_elements_rows(setting: Setting, stage: Stage) -> Iterator[Row]:
    """Time what a study does hundreds of times: Co and Zn of a 64³ particle by TV² from 15 tilts, one core.

    The segregated particle at the default dose, simulated on a grid twice as fine, through
    `reconstruct`; with the search for λ, and with a given fraction of λ_max (that of `VARIANTS`).

    Parameters
    ----------
    setting : Setting
        Whose gap is asked for; the rest is the case's own.
    stage : Stage
        Told after each of four runs.

    Yields
    ------
    dict
    """
    experiment = Experiment(size=_STUDY_SIZE)
    tilts = len(experiment.eds_tilts.angles_deg)
    setting = replace(setting, size=_STUDY_SIZE, tilts=tilts, threads=1)
    phantom = make_phantom(PARTICLE, experiment.fine_grid, rng=experiment.stream("particle", PARTICLE))
    series = simulate(
        phantom,
        scheme=experiment.eds_tilts,
        microscope=experiment.microscope,
        signal="eds",
        lines=tuple(MAPPED_LINES.values()),
        beam_current_na=experiment.beam_current_na,
        dwell_s=experiment.dwell_s("eds"),
        rng=experiment.stream("eds", experiment.microscope, PARTICLE),
    )
    del phantom
    barn = MICROSCOPES[experiment.microscope].cross_section_barn

    def run(lam: float | str) -> Callable[[], Reconstruction]:
        return lambda: reconstruct(
            series,
            "tv2",
            cross_section_barn=barn,
            lam=lam,
            gap=setting.gap,
            max_iterations=experiment.max_iterations,
        )

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        for name, lam in (("found_lambda", "discrepancy"), ("given_lambda", VARIANTS["tv2"].share)):
            yield _study_row(setting, f"study.two_elements.{name}", run(lam), stage)
    finally:
        numba.set_num_threads(before)


def _study_row(setting: Setting, name: str, run: Callable[[], Reconstruction], stage: Stage) -> Row:
    found: list[Reconstruction] = []
    timing = time_tasks({name: lambda: found.append(run())}, repeats=1, warm_up=False, stage=stage)[name]
    last = found[-1]
    return setting.row(
        name,
        1e3 * timing.median,
        None,
        min_ms=1e3 * timing.best,
        iterations=last.iterations,
        relative_gap=last.relative_gap,
        status=last.status.value,
    )


def all_converged(rows: list[Row]) -> bool:
    """Say whether each of our own solves reached its gap.

    Examples
    --------
    >>> all_converged([{"name": "solver.tv.to_gap", "status": "iteration_limit"}])
    False
    """
    ours = [row for row in rows if row["name"].startswith(("solver.", "study.")) and "status" in row]
    return all(row["status"] == Status.CONVERGED.value for row in ours)
