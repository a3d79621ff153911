"""The default engine: primal–dual hybrid gradient, with fused kernels and a certified gap."""

import numpy as np

from .certificate import certify
from .diagonal_steps import DiagonalSteps
from .monitor import Callback, Monitor
from .primal_dual import PrimalDual, Solve, starting_point
from .problem import Problem
from .schedule import Schedule
from .spectral_steps import SpectralSteps, bright_curvature
from .workspace import Workspace

# Where some rays weigh this much more than typical bright ones, spectral steps come to nothing.
_CONTRAST = 5000.0
STEPS = ("auto", "diagonal")


def solve_pdhg(
    problem: Problem,
    *,
    gap: float = 1e-3,
    max_iterations: int = 2000,
    max_seconds: float | None = None,
    start: PrimalDual | None = None,
    steps: str = "auto",
    primal_weight: float | None = None,
    relaxation: float = 1.9,
    callback: Callback | None = None,
) -> Solve:
    """Minimise a `Problem` by the over-relaxed primal–dual method of Chambolle and Pock.

    Parameters
    ----------
    problem : Problem
        What to minimise.
    gap : float
        Relative primal–dual gap at which to stop.
    max_iterations : int
        Iterations at most.
    max_seconds : float, optional
        Wall-clock seconds at most; no limit when omitted.
    start : PrimalDual, optional
        Warm start, overwritten; zeros when omitted.
    steps : {"auto", "diagonal"}
        Spectral and diagonal steps in turns where that is faster (TV²), or diagonal ones only.
    primal_weight : float, optional
        Multiplies the dual and divides the primal diagonal steps. Any positive number converges; the
        default was the fastest on the project's own particles (`Regulariser.primal_weight`).
    relaxation : float
        ρ in (0, 2) of the diagonal steps; values close to 2 were the fastest.
    callback : callable, optional
        Called as ``callback(iteration, objective, relative_gap)`` at every evaluation of the gap; the
        solve stops when it returns True.

    Returns
    -------
    Solve

    Raises
    ------
    ValueError
        When the warm start does not fit the problem, or no iteration is allowed.
    KeyboardInterrupt
        When the solve is interrupted outside `interruption.caught`; `start`, where one was given,
        holds its latest iterates.

    Notes
    -----
    `diagonal_steps` and `spectral_steps` state the iterations, `schedule` their turns, and
    `certificate` how the gap is proven.
    """
    if steps not in STEPS:
        raise ValueError(f"`steps` must be one of {', '.join(STEPS)}, got {steps!r}")
    monitor = Monitor(gap=gap, max_iterations=max_iterations, max_seconds=max_seconds, callback=callback)
    workspace = Workspace(problem)
    diagonal = DiagonalSteps(problem, workspace, primal_weight, relaxation)
    helped = steps == "auto" and takes_spectral_steps(problem)
    spectral = SpectralSteps(problem, workspace) if helped else None
    state = starting_point(problem, start)
    schedule = Schedule(diagonal, spectral, gap=gap, warm=start is not None)
    iteration, done, misfit = 0, False, float("nan")
    while not done:
        steps_now, count = schedule.next(state, monitor.relative_gap)
        iteration += steps_now.advance(state, min(count, max_iterations - iteration), monitor)
        proof = certify(
            problem,
            state,
            gap=gap,
            projected=workspace.projected,
            spare=workspace.spare,
            back=workspace.ahead,
        )
        misfit = proof.misfit
        done = monitor.done(iteration, proof.objective, proof.bound)
    # The last certificate is done: its array becomes the answer.
    lower, upper = np.float32(problem.lower), np.float32(problem.upper)
    return Solve(
        state=state,
        volume=np.clip(state.volume, lower, upper, out=workspace.spare),
        status=monitor.status,
        relative_gap=monitor.relative_gap,
        iterations=monitor.iteration,
        objective=monitor.objective,
        misfit=misfit,
        history=monitor.history,
    )


def takes_spectral_steps(problem: Problem) -> bool:
    """Whether two cosine transforms an iteration pay: they cost more than TV's own steps."""
    penalty = problem.penalty
    if penalty.stiffness is None or penalty.stiffness[1] == 0:
        return False
    return float(problem.fidelity.curvature.max()) <= _CONTRAST * bright_curvature(problem)
