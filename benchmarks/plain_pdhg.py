"""Plain primal–dual hybrid gradient: what the fused solver's iterations are counted against."""

from collections.abc import Iterator

import numpy as np

from ..recon import Problem, Status, solve_pdhg
from ..recon.certificate import certify
from ..recon.monitor import Callback, Monitor
from ..recon.primal_dual import Solve, starting_point
from .bench_rows import Row, Setting
from .plain_steps import PlainSteps, plain_steps
from .progress import Stage

# As often as the fused solver looks at its gap.
_CHECK = 20
# A plain run ends after so many times our iterations, or so many seconds.
_MOST_RATIO = 20
_MOST_SECONDS = 60.0
_OUR_ITERATIONS = 5000


def plain_pdhg(problem: Problem, steps: PlainSteps, monitor: Monitor) -> np.ndarray:
    """Run Chambolle and Pock's first algorithm with constant steps until a monitor ends it.

    Parameters
    ----------
    problem : Problem
        Least squares with a regulariser that has no auxiliary volume.
    steps : PlainSteps
        Norms of the two operators and the steps.
    monitor : Monitor
        Gap, limits and callback; holds status, iterations and gap afterwards.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        The last iterate.

    Notes
    -----
    With K made of √w g·P and the differences, each over its norm (doi 10.1007/s10851-010-0251-1)::

        q ← prox_σF*(q + σ K x̄),  x' = clip(x − τ Kᵀq),  x̄ = 2 x' − x

    Our kernels compute it, so that a step takes as long as one of the fused solver's, and our
    certificate judges it.
    """
    penalty, weights = problem.penalty, problem.weights
    lower, upper = np.float32(problem.lower), np.float32(problem.upper)
    # The dual of g·P is √w/a times that of the scaled operator, so its step is σ w/a².
    sigma = np.float32(steps.sigma / steps.data_norm**2) * weights
    share = np.divide(weights, weights + sigma, out=np.zeros_like(weights), where=weights > 0)
    # `dual_step` divides by the row sum, the textbook by the square of the norm.
    pace = np.float32(steps.sigma * penalty.rows / steps.field_norm**2)
    tau = np.full(problem.shape, steps.tau, np.float32)
    lam, one = np.float32(problem.lam), np.float32(1.0)
    state = starting_point(problem, None)
    volume, field, dual = state.volume, state.field, state.residual
    ahead = np.zeros_like(volume)
    projected, spare = np.empty_like(problem.data), np.empty_like(volume)
    for iteration in range(1, monitor.max_iterations + 1):
        problem.forward(ahead, projected)
        projected -= problem.data
        projected *= sigma
        dual += projected
        dual *= share
        penalty.dual_step(ahead, None, field, pace, lam, one)
        problem.adjoint(dual, ahead)
        penalty.primal_step(volume, ahead, field, tau, lower, upper, one)
        if iteration % _CHECK == 0 or iteration == monitor.max_iterations:
            proof = certify(
                problem, state, gap=monitor.gap, projected=projected, spare=spare, back=np.empty_like(volume)
            )
            if monitor.done(iteration, proof.objective, proof.bound):
                break
    return volume


def plain_rows(setting: Setting, problems: dict[str, Problem], stage: Stage) -> Iterator[Row]:
    """Count iterations to the gap: plain with σ = τ, and plain with tuned steps, against ours from zeros.

    Parameters
    ----------
    setting : Setting
        Size, tilts, threads, gap.
    problems : dict of str to Problem
        "tv" and "tv2", or one of them.
    stage : Stage
        Told how far a run is.

    Yields
    ------
    dict
        ``iterations``, ``our_iterations`` and ``times_our_iterations``; the last is a lower bound where
        a run was cut short, and the row says so.
    """
    for regulariser, problem in problems.items():
        ours = solve_pdhg(problem, gap=setting.gap, max_iterations=_OUR_ITERATIONS)
        for name, tuned in (("plain_pdhg", False), ("plain_pdhg_tuned", True)):
            monitor = Monitor(
                gap=setting.gap,
                max_iterations=_MOST_RATIO * ours.iterations,
                max_seconds=_MOST_SECONDS,
                callback=_shown(stage, f"{name}, {regulariser}"),
            )
            plain_pdhg(problem, plain_steps(problem, tuned=tuned), monitor)
            yield _row(setting, f"{name}.{regulariser}.to_gap", monitor, ours)


def _shown(stage: Stage, what: str) -> Callback:
    def show(iteration: int, _: float, gap: float) -> None:
        stage.update(0, f"{what}: iteration {iteration}, gap {gap:.1e}")

    return show


def _row(setting: Setting, name: str, monitor: Monitor, ours: Solve) -> Row:
    reached = monitor.status is Status.CONVERGED
    more: Row = {}
    if ours.status is not Status.CONVERGED:
        more["note"] = f"ours stopped at a gap of {ours.relative_gap:.2g}: no ratio to the same gap"
    elif not reached:
        more["note"] = "cut short: its ratio is at least this"
    seconds = monitor.history["seconds"][-1]
    return setting.row(
        name,
        1e3 * seconds if reached else None,
        None,
        iterations=monitor.iteration,
        relative_gap=monitor.relative_gap,
        our_iterations=ours.iterations,
        times_our_iterations=monitor.iteration / ours.iterations,
        **more,
    )
