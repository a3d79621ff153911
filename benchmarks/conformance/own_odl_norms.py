"""Norms and boxes of `recon.odl_functionals` as functionals."""

from typing import Any

import numpy as np

from .functional import Functional

_VOLUME = (2, 2, 2)


def from_odl(
    functional: Any, name: str, shape: tuple[int, ...], *, differentiable: bool = False, **fields: Any
) -> Functional:
    """Return a functional of `recon.odl_functionals` by arrays, with its conjugate.

    Parameters
    ----------
    functional : odl.functionals.Functional
        On a space of arrays, or a power of one.
    name : str
    shape : tuple of int
        Of its arrays; a leading axis counts the parts of a power space.
    differentiable : bool
        Take its gradient too.
    **fields
        Of `Functional`.
    """
    from ...recon.odl_operators import as_array, assign

    def element(array: np.ndarray) -> Any:
        made = functional.domain.element()
        assign(made, array)
        return made

    def stepped(of: Any, array: np.ndarray, step: float) -> np.ndarray:
        return as_array(of.proximal(step)(element(array)))

    conjugate = functional.convex_conj
    return Functional(
        name=name,
        domain=shape,
        value=lambda x: float(functional(element(x))),
        prox=lambda x, step: stepped(functional, x, step),
        conjugate=lambda p: float(conjugate(element(p))),
        conjugate_prox=lambda p, step: stepped(conjugate, p, step),
        gradient=(lambda x: as_array(functional.gradient(element(x)))) if differentiable else None,
        **fields,
    )


def odl_group_norm(name: str = "odl_group_norm", *, parts: int = 3, lam: float = 1.5) -> Functional:
    """Return `GroupNorm` of fields with so many components.

    Examples
    --------
    >>> round(float(odl_group_norm().proximal(np.ones((3, 2, 2, 2)), 1.0).max()), 3)  # 1 − 1.5 / √3
    0.134
    """
    from ...recon.odl_functionals import GroupNorm
    from ...recon.odl_operators import volume_space

    return from_odl(
        GroupNorm(volume_space(_VOLUME) ** parts, lam),
        name,
        (parts, *_VOLUME),
        closed_form="l21",
        parameters={"lam": lam, "axis": 0},
        claims=frozenset({"homogeneous", "even"}),
    )


def odl_box(name: str, lower: float, upper: float = np.inf, *, channels: int | None = None) -> Functional:
    """Return `BoxIndicator` of volumes, perhaps of several channels.

    Examples
    --------
    >>> odl_box("half_line", 0.0).evaluate(np.full((2, 2, 2), -1.0))
    inf
    """
    from ...recon.odl_functionals import BoxIndicator
    from ...recon.odl_operators import volume_space

    shape = _VOLUME if channels is None else (channels, *_VOLUME)
    cone = {"homogeneous"} if lower == 0 and upper == np.inf else set()
    return from_odl(
        BoxIndicator(volume_space(shape), lower, upper),
        name,
        shape,
        closed_form="box",
        parameters={"lower": lower, "upper": upper},
        claims=frozenset({"indicator", *cone}),
    )
