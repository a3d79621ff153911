"""How answers of solvers are judged: by objectives where they minimise one, by volumes otherwise."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..finding import Finding
from ..reference_objective import DenseProblem
from ..solver import Answer, Solver

if TYPE_CHECKING:
    from ....recon import Problem

EPSILON = float(np.finfo(np.float32).eps)
# Volumes of direct methods: sums of a few hundred float32 terms, in another order.
_ROUNDING = 64 * EPSILON
# Nudges of the data and of the angles, and how far beyond their effect rounding may go.
_NUDGE, _TURN_DEG, _BEYOND = 8 * EPSILON, 1e-5, 16.0

Map = Callable[[np.ndarray], np.ndarray]


def variational(solver: Solver) -> str | None:
    """Excuse of laws of objectives."""
    return None if solver.variational else "it minimises no objective"


def claimed(*claims: str) -> Callable[[Solver], str | None]:
    """Excuse of laws that rest on claims."""

    def excuse(solver: Solver) -> str | None:
        missing = [claim for claim in claims if claim not in solver.claims]
        return f"it does not claim `{missing[0]}`" if missing else None

    return excuse


def unfinished(*answers: Answer) -> bool:
    """Whether one of them says that it is not the answer yet: then nothing is promised."""
    return any(answer.converged is False for answer in answers)


def bounded(problem: "Problem", volume: np.ndarray) -> np.ndarray:
    """Take a volume to the nearest one within the bounds, float64."""
    return np.clip(np.asarray(volume, np.float64), problem.lower, problem.upper)


def objective_of(dense: DenseProblem, volume: np.ndarray) -> float:
    """Objective of what is nearest to a volume within the bounds."""
    return dense.objective(bounded(dense.problem, volume))


def same_answer(
    solver: Solver, one: "Problem", other: "Problem", *, forth: Map, back: Map, factor: float = 1.0
) -> Finding:
    """Judge whether two problems that are images of each other have answers that are.

    Parameters
    ----------
    solver : Solver
        Put to both.
    one, other : Problem
        `other` is the image of `one`.
    forth, back : callable
        Volumes of the first problem to those of the second, and back.
    factor : float
        That of the objective from the first to the second, where it is the same but for one.

    Notes
    -----
    Minimisers need not be unique, so those of variational solvers are judged by objectives: either
    answer, carried over, has to be no worse than the answer there by more than the gap promised. This
    holds for every x and y with ``J(x) ≤ (1 + gap) min J``, whatever forth and back do to R.
    Volumes of other solvers are compared as they are.
    """
    first, second = solver.solve(one), solver.solve(other)
    if unfinished(first, second):
        return Finding(0.0, 0.0, "it says that it has not converged")
    if solver.variational:
        there = _no_worse(solver, DenseProblem(other), second.volume, forth(first.volume))
        here = _no_worse(solver, DenseProblem(one), first.volume, back(second.volume))
        return max(here, there, key=lambda finding: finding.ratio)
    error = float(np.max(np.abs(back(second.volume).astype(np.float64) - first.volume)))
    return Finding(error, volume_limit(solver, one, first.volume), f"volumes differ by {error:.3g}")


def _no_worse(solver: Solver, dense: DenseProblem, own: np.ndarray, carried: np.ndarray) -> Finding:
    objective, rival = objective_of(dense, own), objective_of(dense, carried)
    limit = solver.gap * abs(objective) + dense.rounding(bounded(dense.problem, own))
    note = f"objective {objective:.7g}; the other answer, carried over, has {rival:.7g}"
    return Finding(objective - rival, limit, note)


def volume_limit(solver: Solver, problem: "Problem", volume: np.ndarray) -> float:
    """How far rounding may put two volumes of a direct method apart.

    That of their sums, and 16 times what the answer moves by when data and angles are nudged by about as
    much as they are rounded: a method that amplifies noise amplifies rounding alike.
    """
    largest = float(np.max(np.abs(volume), initial=0.0))
    signs = np.where(np.random.default_rng(0).random(problem.data.shape) < 0.5, -1.0, 1.0)
    nudged = replace(problem, data=problem.data * (1.0 + _NUDGE * signs).astype(np.float32))
    turned = [image(problem, angles_deg=problem.angles_deg + turn) for turn in (_TURN_DEG, -_TURN_DEG)]
    moved = 0.0
    for near in (nudged, *turned):
        answer = solver.solve(near).volume.astype(np.float64)
        moved = max(moved, float(np.max(np.abs(answer - volume), initial=0.0)))
    return _ROUNDING * largest + _BEYOND * moved


def same_volume(volume: np.ndarray) -> np.ndarray:
    """Return what it is given: for images that leave the volume as it is."""
    return volume


def image(problem: "Problem", **changes: Any) -> "Problem":
    """Return a problem with other fields, and a projector of its own."""
    return replace(problem, projector=None, **changes)
