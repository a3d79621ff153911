"""Our own solvers, as the laws see them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...phantoms.table import Table
from .solver import Answer, Solver

_EVERY = ("tv", "tv2", "tv_tv2", "tgv2")
_BOTH = ("least_squares", "kullback_leibler")
_FIELDS = frozenset({"weights", "gains", "background", "channels", "bounds", "any_geometry"})
_EXACT = frozenset({"nonnegative", "deterministic"})
_TILTS = frozenset({"tilt_order", "any_geometry", "equivariant"})
# Enough for nearly all problems of a few voxels; the others say that they did not converge.
_ITERATIONS = 500
# FISTA counts as converged when its last quarter of steps lowered the objective by less than this share.
_FISTA_STEPS, _FISTA_FALL, _FISTA_GAP = 200, 1e-5, 1e-2


def of_solve(found: Any) -> Answer:
    """Read a `recon.primal_dual.Solve` or a `recon.Reconstruction`."""
    return Answer(
        volume=found.volume,
        converged=found.status.ok,
        gap=float(found.relative_gap),
        objectives=tuple(found.history.get("objective", ())),
    )


def pdhg() -> Solver:
    """`recon.solve_pdhg`, the fused engine."""

    def run(problem: Any, **limits: Any) -> Answer:
        from ...recon import solve_pdhg

        return of_solve(solve_pdhg(problem, **{"max_iterations": _ITERATIONS, **limits}))

    return Solver(
        name="pdhg",
        run=run,
        variational=True,
        regularisers=_EVERY,
        data_terms=_BOTH,
        takes_limit=True,
        claims=_EXACT | _FIELDS | {"objectives"},
    )


def odl() -> Solver:
    """`recon.solve_odl`, ODL's own primal–dual method; to a gap of a hundredth, as it is slow."""

    def run(problem: Any, **limits: Any) -> Answer:
        from ...recon import solve_odl

        return of_solve(solve_odl(problem, **{"gap": 1e-2, "max_iterations": _ITERATIONS, **limits}))

    return Solver(
        name="odl",
        run=run,
        variational=True,
        regularisers=_EVERY,
        data_terms=_BOTH,
        gap=1e-2,
        takes_limit=True,
        claims=_EXACT | _FIELDS | {"objectives"},
    )


def interior_point() -> Solver:
    """The kit's own reference, `reference_minimum.minimum`: what the others are judged by."""

    def run(problem: Any) -> Answer:
        from .reference_minimum import minimum

        found = minimum(problem)
        gap = found.slack / max(abs(found.objective), 1e-300)
        return Answer(volume=found.volume, gap=gap, objectives=(found.objective,))

    return Solver(
        name="interior_point",
        run=run,
        variational=True,
        regularisers=_EVERY,
        data_terms=_BOTH,
        claims=_EXACT | _FIELDS | {"objectives"},
    )


def fista_tv() -> Solver:
    """`recon.baselines.fista_tv`, which certifies nothing: judged where its objective has come to rest."""

    def run(problem: Any) -> Answer:
        from ...recon.baselines.fista_tv import fista_tv as solve

        seen: list[float] = []
        volume = solve(problem, iterations=_FISTA_STEPS, callback=lambda *at: seen.append(at[1]))
        earlier = seen[-_FISTA_STEPS // 4] if seen else 0.0
        resting = not seen or earlier - seen[-1] <= _FISTA_FALL * seen[-1]
        return Answer(volume=volume, converged=resting, objectives=tuple(seen))

    return Solver(
        name="fista_tv",
        run=run,
        variational=True,
        regularisers=("tv", "tv2"),
        gap=_FISTA_GAP,
        claims=_EXACT | _FIELDS | {"monotone", "objectives"},
    )


def sirt() -> Solver:
    """`recon.baselines.sirt`."""

    def run(problem: Any) -> Answer:
        from ...recon.baselines.sirt import sirt as solve

        seen: list[float] = []
        volume = solve(problem, callback=lambda *at: seen.append(at[1]))
        return Answer(volume=volume, objectives=tuple(seen))

    return Solver(name="sirt", run=run, claims=_EXACT | _TILTS | {"weights", "gains", "monotone"})


def cgls() -> Solver:
    """`recon.baselines.cgls`."""

    def run(problem: Any) -> Answer:
        from ...recon.baselines.cgls import cgls as solve

        seen: list[float] = []
        volume = solve(problem, iterations=5, callback=lambda *at: seen.append(at[1]))
        return Answer(volume=volume, objectives=tuple(seen))

    return Solver(
        name="cgls", run=run, claims=_TILTS | {"deterministic", "weights", "gains", "monotone", "channels"}
    )


def mlem() -> Solver:
    """`recon.baselines.mlem`."""

    def run(problem: Any) -> Answer:
        from ...recon.baselines.mlem import mlem as solve

        seen: list[float] = []
        volume = solve(problem, callback=lambda *at: seen.append(at[1]))
        return Answer(volume=volume, objectives=tuple(seen))

    return Solver(
        name="mlem",
        run=run,
        data_terms=("kullback_leibler",),
        claims=_EXACT | _TILTS | {"weights", "gains", "monotone"},
    )


def osem() -> Solver:
    """`recon.baselines.mlem` by ordered subsets: tilts do not count alike, and nothing is monotone."""

    def run(problem: Any) -> Answer:
        from ...recon.methods import METHODS

        direct = METHODS["osem"].direct
        if direct is None:
            raise ValueError("`osem` must be a direct method")
        return Answer(volume=direct(problem))

    return Solver(
        name="osem",
        run=run,
        data_terms=_BOTH,
        claims=_EXACT | {"any_geometry", "equivariant", "weights", "gains"},
    )


def wbp() -> Solver:
    """`recon.baselines.wbp`."""

    def run(problem: Any) -> Answer:
        from ...recon.baselines.wbp import wbp as solve

        return Answer(volume=solve(problem))

    return Solver(name="wbp", run=run, claims=_TILTS | {"deterministic", "linear", "gains"})


def arrays_tv() -> Solver:
    """`recon.reconstruct` with TV, of a problem's data as arrays, λ as a share of λ_max."""

    def run_arrays(data: np.ndarray, angles_deg: np.ndarray, spacing_nm: float) -> Answer:
        from ...recon import reconstruct

        return of_solve(reconstruct(data, "tv", angles_deg=angles_deg, spacing_nm=spacing_nm, lam=0.05))

    def run(problem: Any) -> Answer:
        return run_arrays(problem.data, problem.angles_deg, problem.spacing_nm)

    return Solver(name="reconstruct_tv", run=run, run_arrays=run_arrays, claims=_EXACT)


OWN_SOLVERS: Table[Callable[[], Solver]] = Table(
    "solver of our own",
    {
        "pdhg": pdhg,
        "odl": odl,
        "interior_point": interior_point,
        "fista_tv": fista_tv,
        "sirt": sirt,
        "cgls": cgls,
        "mlem": mlem,
        "osem": osem,
        "wbp": wbp,
        "reconstruct_tv": arrays_tv,
    },
)
