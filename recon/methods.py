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
    regulariser : {"tv", "tv2"}, optional
        Regulariser of a variational method; None for a direct one.
    direct : callable, optional
        ``direct(problem) -> volume`` of a method without λ.
    """

    summary: str
    regulariser: str | None = None
    direct: Callable[[Problem], np.ndarray] | None = None


def _wbp(problem: Problem) -> np.ndarray:
    from .wbp import wbp

    return wbp(problem)


def _sirt(problem: Problem) -> np.ndarray:
    from .sirt import sirt

    return sirt(problem)


METHODS: Table[Method] = Table(
    "method",
    {
        "tv": Method(summary="total variation, x >= 0: sharp edges, flat interiors", regulariser="tv"),
        "tv2": Method(
            summary="second-order total variation, x >= 0: smooth composition gradients", regulariser="tv2"
        ),
        "sirt": Method(summary="simultaneous iterative reconstruction, x >= 0 (baseline)", direct=_sirt),
        "wbp": Method(summary="weighted back projection (baseline)", direct=_wbp),
    },
)
