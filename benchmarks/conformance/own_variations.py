"""Total variations of our regularisers as functionals, and the proximal point of FISTA."""

from typing import Any

import numpy as np

from .functional import Functional

_VOLUME = (3, 3, 3)
_GAMMA = (1.0, 0.5)
# `Problem` wants a finite lower bound.
_NO_BOUND = -1e30
# `TGV2.value` is certified to so much of itself.
_TGV2_GAP = 1e-4


def made_regulariser(name: str, channels: int | None = None) -> Any:
    """Return a regulariser of `recon`, with weights of its channels.

    Examples
    --------
    >>> made_regulariser("tv2").components
    6
    """
    from ...recon.regularisers.tgv2 import TGV2
    from ...recon.regularisers.tv import TV
    from ...recon.regularisers.tv2 import TV2
    from ...recon.regularisers.tv_tv2 import TVTV2

    kinds: dict[str, Any] = {"tv": TV, "tv2": TV2, "tv_tv2": TVTV2, "tgv2": TGV2}
    return kinds[name](channels=channels, channel_weights=None if channels is None else _GAMMA[:channels])


def variation(name: str, channels: int | None = None) -> Functional:
    """Return the value of a regulariser.

    Parameters
    ----------
    name : {"tv", "tv2", "tv_tv2", "tgv2"}
        Which.
    channels : int, optional
        Number of channels; none when omitted.

    Examples
    --------
    >>> volume = np.zeros((3, 3, 3))
    >>> volume[1:] = 2.0
    >>> variation("tv").evaluate(volume)
    18.0
    """
    regulariser = made_regulariser(name, channels)
    gamma = 1.0 if channels is None else np.array(_GAMMA[:channels])
    return Functional(
        name=name if channels is None else f"{name}_of_channels",
        domain=_VOLUME if channels is None else (channels, *_VOLUME),
        value=regulariser.value,
        value_accuracy=_TGV2_GAP if name == "tgv2" else 0.0,
        closed_form=name if name in ("tv", "tv2") else None,
        parameters={"channel_weights": gamma} if name in ("tv", "tv2") else None,
        claims=frozenset({"homogeneous", "even"}),
    )


def tgv2_of_both() -> Functional:
    """Return TGV² as a function of the volume and of its auxiliary volume: of shape (1 + 3, z, y, x).

    The function of the volume alone takes a tenth of a second for each value, and inherits convexity from
    this one.

    Examples
    --------
    >>> tgv2_of_both().evaluate(np.zeros((4, 3, 3, 3)))
    0.0
    """
    regulariser = made_regulariser("tgv2")

    def value(both: np.ndarray) -> float:
        from ...recon.regularisers.planes import padded_zeros

        auxiliary = padded_zeros((3, *_VOLUME))
        auxiliary[...] = both[1:]
        return regulariser.value(both[0], auxiliary)

    return Functional(
        name="tgv2_of_both",
        domain=(4, *_VOLUME),
        value=value,
        claims=frozenset({"homogeneous", "even"}),
    )


def fista_prox(
    name: str,
    *,
    lower: float = -np.inf,
    upper: float = np.inf,
    lam: float = 0.5,
    iterations: int = 240,
    accuracy: float = 2e-3,
) -> Functional:
    """Return a regulariser in a box with the proximal point that FISTA takes, after many of its iterations.

    Parameters
    ----------
    name : {"tv", "tv2", "tv_tv2"}
        The regulariser.
    lower, upper : float
        The box.
    lam : float
        λ.
    iterations : int
        Dual steps.
    accuracy : float
        What is stated for them: at least six times the largest error
        among 60 volumes at steps of 0.01 to 100, by 120 iterations for TV and 240 for TV².

    Examples
    --------
    >>> fista_prox("tv").proximal(np.arange(6.0).reshape(1, 2, 3), 1e6).round(3)  # all flat
    array([[[2.5, 2.5, 2.5],
            [2.5, 2.5, 2.5]]])
    """
    from ...recon.baselines.fista_tv import TvProx
    from ...recon.problem import Problem

    shape = (1, 2, 3)
    problem = Problem(
        data=np.ones((1, *shape[1:])),
        angles_deg=np.zeros(1),
        spacing_nm=1.0,
        depth=1,
        regulariser=name,
        lower=max(lower, _NO_BOUND),
        upper=upper,
    )

    def value(volume: np.ndarray) -> float:
        within = (volume >= lower).all() and (volume <= upper).all()
        return lam * problem.penalty.value(volume) if within else np.inf

    boxed = np.isfinite([lower, upper]).any()
    return Functional(
        name=f"fista_{name}_prox{'_in_a_box' if boxed else ''}",
        domain=shape,
        value=value,
        prox=lambda x, step: TvProx(problem, step * lam)(x, iterations),
        prox_accuracy=accuracy,
        claims=frozenset() if boxed else frozenset({"homogeneous", "even"}),
    )
