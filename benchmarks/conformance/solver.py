"""A solver, as the laws see it: a problem goes in, a volume comes out, perhaps with what is said of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from .known_claims import checked_claims


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What a solver returned.

    Parameters
    ----------
    volume : ndarray, shape of the problem
        The reconstruction.
    converged : bool, optional
        What the solver says of itself; None when it says nothing.
    gap : float, optional
        Relative distance from the minimum that it states, NaN or None when it states none.
    objectives : tuple of float
        Its history of the objective, oldest first; empty when it keeps none.
    """

    volume: np.ndarray
    converged: bool | None = None
    gap: float | None = None
    objectives: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Solver:
    """A solver of `glasstomo.recon.Problem`.

    Parameters
    ----------
    name : str
        How reports call it.
    run : callable
        ``run(problem, **limits) -> Answer``; `limits` is empty, or ``max_iterations=n`` for solvers with
        `takes_limit`.
    variational : bool
        Whether it minimises the objective of the problem; otherwise it is a direct or stopped method,
        which ignores λ.
    regularisers, data_terms : tuple of str
        Those of `Problem` that it takes.
    gap : float
        Relative excess ``J(x) / min J − 1`` that it promises when it says converged, or always when it
        says nothing.
    takes_limit : bool
        Whether `run` takes ``max_iterations``.
    claims : frozenset of str
        Stated beyond what every solver keeps: "nonnegative", "deterministic", "linear" (in the data),
        "monotone" (its history of the objective never rises), "objectives" (its history holds the
        objective of the problem, and ends with that of the answer), "tilt_order" (a direct method in which
        all tilts count alike), "equivariant" (a direct method that treats all slices along the tilt axis
        and both directions of every axis alike, as none with a regulariser of one-sided differences does),
        "any_geometry" (depth other than y, any tilts), "weights", "gains",
        "background", "channels", "bounds" (fields of `Problem` that it honours).
    run_arrays : callable, optional
        ``run_arrays(data, angles_deg, spacing_nm) -> Answer``, for those that also take data as they come,
        before a `Problem` has checked them.

    Examples
    --------
    >>> from glasstomo.recon.baselines.sirt import sirt
    >>> Solver(name="sirt", run=lambda problem: Answer(volume=sirt(problem))).variational
    False
    """

    kind: ClassVar[str] = "solver"

    name: str
    run: Callable[..., Answer]
    variational: bool = False
    regularisers: tuple[str, ...] = ("tv",)
    data_terms: tuple[str, ...] = ("least_squares",)
    gap: float = 1e-3
    takes_limit: bool = False
    claims: frozenset[str] = frozenset({"nonnegative", "deterministic"})
    run_arrays: Callable[[np.ndarray, np.ndarray, float], Answer] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "claims", checked_claims(self.claims, self.kind))

    def solve(self, problem: Any, **limits: Any) -> Answer:
        """Run it; a volume of another shape, or no array of real numbers, is refused."""
        answer = self.run(problem, **limits)
        volume = np.asarray(answer.volume)
        if volume.dtype.kind not in "biuf":
            raise ValueError(f"{self.name} must return real numbers, got {volume.dtype}")
        if volume.shape != problem.shape:
            raise ValueError(f"{self.name} must return a volume of shape {problem.shape}, got {volume.shape}")
        return replace(answer, volume=volume)
