"""Our data terms as functionals: the fused kernels of the engines, and the ODL functionals."""

from typing import Any

import numpy as np

from .functional import Functional

SHAPE = (1, 2, 3)
# Few counts and many, none at all, and backgrounds beside which they are small.
_DATA = np.array([[[3.0, 0.5, 2.0], [12.0, 1.0, 6.0]]])
_WEIGHTS = np.array([[[1.0, 0.25, 2.0], [0.1, 4.0, 0.5]]])
_BACKGROUND = np.array([[[0.5, 2.0, 1.0], [3.0, 0.25, 0.75]]])


def term_parameters(kind: str, masked: bool) -> dict[str, np.ndarray]:
    """Return data, weights and background of the closed form of that name.

    With `masked` one pixel has no weight, one no counts and there is no background.

    Examples
    --------
    >>> term_parameters("least_squares", True)["weights"]
    array([[[1. , 0. , 2. ],
            [0.1, 4. , 0.5]]])
    """
    data, weights, background = _DATA.copy(), _WEIGHTS.copy(), _BACKGROUND.copy()
    if masked:
        weights[0, 0, 1] = 0.0
        data[0, 1, 1] = 0.0
        background[:] = 0.0
    if kind == "least_squares":
        data[0, 0, 0] = -3.0
    return {"data": data, "weights": weights, "background": background}


def made_term(kind: str, masked: bool = False, **replaced: np.ndarray) -> Any:
    """Return the `DataTerm` of the engines; keywords replace parameters."""
    from ...recon.data_terms.kullback_leibler import KullbackLeibler
    from ...recon.data_terms.least_squares import LeastSquares

    parameters = term_parameters(kind, masked) | replaced
    given: dict[str, Any] = {
        name: np.ascontiguousarray(array, np.float32) for name, array in parameters.items()
    }
    if masked:
        given["background"] = None
    return {"least_squares": LeastSquares, "kullback_leibler": KullbackLeibler}[kind](**given)


def engine_term(kind: str, *, masked: bool = False, term: Any = None) -> Functional:
    """Return a data term of the engines, whose fused step is the proximal step of its conjugate.

    Parameters
    ----------
    kind : {"least_squares", "kullback_leibler"}
        Which.
    masked : bool
        Leave out a pixel, have one without counts, and no background.
    term : DataTerm, optional
        One to take in place of ours.

    Examples
    --------
    >>> engine_term("least_squares").closed_form
    'least_squares'
    """
    parameters = term_parameters(kind, masked)
    inner = made_term(kind, masked) if term is None else term
    unseen = parameters["weights"] == 0

    def gradient(projected: np.ndarray) -> np.ndarray:
        out = np.full(SHAPE, np.nan, np.float32)
        inner.gradient(projected, out)
        return out

    def conjugate(dual: np.ndarray) -> float:
        # The engines' duals are zero there by `clip`; D* is infinite for others.
        return np.inf if dual[unseen].any() else inner.conjugate(dual)

    def conjugate_prox(dual: np.ndarray, step: float) -> np.ndarray:
        # Half of the argument as the dual, half as what is added by the projection.
        out = np.float32(0.5) * dual
        out[unseen] = 0.0
        inner.dual_step(
            out,
            (dual - out) / np.float32(step),
            np.zeros(SHAPE[:2], np.float32),
            1.0,
            np.float32(step),
        )
        return out

    return Functional(
        name=f"{kind}_masked" if masked else kind,
        domain=SHAPE,
        value=inner.value,
        gradient=gradient if kind == "least_squares" or not masked else None,
        conjugate=conjugate,
        conjugate_prox=conjugate_prox,
        scale=_scale(parameters),
        closed_form=kind,
        parameters=dict(parameters),
    )


def odl_term(kind: str, *, masked: bool = False, dilation: float = 1.0) -> Functional:
    """Return a data term of `recon.odl_functionals`, perhaps of a scaled argument.

    Parameters
    ----------
    kind : {"least_squares", "kullback_leibler"}
        Which.
    masked : bool
        Leave out a pixel, have one without counts, and no background.
    dilation : float
        ``D(dilation a)`` instead of ``D(a)``.

    Examples
    --------
    >>> odl_term("least_squares", dilation=2.0).name
    'odl_least_squares_dilated'
    """
    from ...recon.odl_functionals import KullbackLeiblerFunctional, LeastSquaresFunctional
    from ...recon.odl_operators import series_space
    from .own_odl_norms import from_odl

    parameters = term_parameters(kind, masked)
    given: dict[str, Any] = parameters | ({"background": None} if masked else {})
    kinds = {"least_squares": LeastSquaresFunctional, "kullback_leibler": KullbackLeiblerFunctional}
    functional = kinds[kind](series_space(SHAPE), **given)
    if dilation != 1.0:
        functional = functional.dilated(dilation)
        power = 2 if kind == "least_squares" else 1
        parameters["data"] = parameters["data"] / dilation
        parameters["background"] = parameters["background"] / dilation
        parameters["weights"] = parameters["weights"] * dilation**power
    described = "_masked" if masked else "_dilated" if dilation != 1.0 else ""
    return from_odl(
        functional,
        f"odl_{kind}{described}",
        SHAPE,
        # Without a background D' is cut off near y = 0, where D is steep without bound.
        differentiable=kind == "least_squares" or not masked,
        scale=_scale(parameters),
        closed_form=kind,
        parameters=dict(parameters),
    )


def _scale(parameters: dict[str, np.ndarray]) -> float:
    return max(float(np.abs(array).max()) for array in parameters.values())
