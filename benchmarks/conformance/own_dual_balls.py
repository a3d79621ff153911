"""Balls of the regularisers' dual fields as functionals: indicators whose proximal step is `clip`."""

import numpy as np

from .functional import Functional

_VOLUME = (2, 2, 3)
_LAM = 0.75


def dual_balls(name: str, *, lam: float = _LAM) -> Functional:
    """Return the indicator of a regulariser's dual balls.

    Parameters
    ----------
    name : {"tv", "tv2", "tv_tv2", "tgv2"}
        The regulariser.
    lam : float
        λ.

    Examples
    --------
    >>> dual_balls("tv").domain
    (3, 2, 2, 3)
    """
    from .own_variations import made_regulariser

    regulariser = made_regulariser(name)
    single = name in ("tv", "tv2")

    def clipped(field: np.ndarray, step: float) -> np.ndarray:
        del step
        out = field.copy()
        regulariser.clip(out, lam)
        return out

    return Functional(
        name=f"{name}_balls",
        domain=(regulariser.components, *_VOLUME),
        prox=clipped,
        closed_form="l2_balls" if single else None,
        parameters={"radius": lam, "axis": 0} if single else None,
        claims=frozenset({"indicator", "even"}),
    )


def joint_ball() -> Functional:
    """Return the indicator of the dual balls of TV that two channels share.

    Examples
    --------
    >>> joint_ball().domain
    (2, 3, 2, 2, 3)
    """
    from ...recon.regularisers.field_clip import clip_field

    def clipped(field: np.ndarray, step: float) -> np.ndarray:
        del step
        out = field.copy()
        clip_field(out, _LAM)
        return out

    return Functional(
        name="joint_tv_balls",
        domain=(2, 3, *_VOLUME),
        prox=clipped,
        closed_form="l2_balls",
        parameters={"radius": _LAM, "axis": (0, 1)},
        claims=frozenset({"indicator", "even"}),
    )
