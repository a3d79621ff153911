"""The table of reconstruction methods."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..phantoms.table import Table
from .problem import Problem


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to reconstruct.

    Parameters
    ----------
    summary : str
        One line for listings.
    regulariser : {"tv", "tv2", "tv_tv2", "tgv2"}, optional
        Regulariser of a variational method; None for a direct one.
    direct : callable, optional
        ``direct(problem) -> volume`` of a method without λ.
    """

    summary: str
    regulariser: str | None = None
    direct: Callable[[Problem], np.ndarray] | None = None


def _wbp(problem: Problem) -> np.ndarray:
    from .baselines.wbp import wbp

    return wbp(problem)


def _sirt(problem: Problem) -> np.ndarray:
    from .baselines.sirt import sirt

    return sirt(problem)


def _cgls(problem: Problem) -> np.ndarray:
    from .baselines.cgls import cgls

    return cgls(problem)


def _mlem(problem: Problem) -> np.ndarray:
    from .baselines.mlem import mlem

    return mlem(problem)


def _osem(problem: Problem) -> np.ndarray:
    from .baselines.mlem import mlem

    return mlem(problem, iterations=8, subsets=min(4, problem.data.shape[0]))


def _fista_tv(problem: Problem) -> np.ndarray:
    from .baselines.fista_tv import fista_tv
    from .lambda_choice.discrepancy import first_guess

    given = problem.lam > 0 or not problem.data.any()
    return fista_tv(problem if given else problem.with_lam(first_guess(problem)))


METHODS: Table[Method] = Table(
    "method",
    {
        "tv": Method(summary="total variation, x >= 0: sharp edges, flat interiors", regulariser="tv"),
        "tv2": Method(
            summary="second-order total variation, x >= 0: smooth composition gradients", regulariser="tv2"
        ),
        "tv_tv2": Method(
            summary="both in given shares, x >= 0: edges and gradients, fewer steps than tv",
            regulariser="tv_tv2",
        ),
        "tgv2": Method(
            summary="total generalised variation, x >= 0: edges and gradients where each fits, slower",
            regulariser="tgv2",
        ),
        "sirt": Method(summary="simultaneous iterative reconstruction, x >= 0 (baseline)", direct=_sirt),
        "cgls": Method(summary="conjugate gradients, stopped early (baseline)", direct=_cgls),
        "mlem": Method(summary="expectation maximisation for Poisson counts (baseline)", direct=_mlem),
        "osem": Method(summary="the same by ordered subsets of tilts (baseline)", direct=_osem),
        "fista_tv": Method(
            summary="accelerated proximal gradient for total variation, no certificate (baseline)",
            direct=_fista_tv,
        ),
        "wbp": Method(summary="weighted back projection (baseline)", direct=_wbp),
    },
)
