"""How the elements of an ODL space lie in one array, and with which weights its inner product adds them."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .complex_pairs import pair, whole


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """An ODL space as arrays.

    Tensor spaces keep their shape; powers of one space get a leading axis; products of different spaces
    become flat vectors, part after part. Complex spaces get a first axis (real, imaginary).

    Parameters
    ----------
    space : odl space
        The space.
    shape : tuple of int
        Of its elements as arrays.
    weight : float or ndarray
        w in ``⟨x, x'⟩ = Σ w x x'``.
    dtype : str
        Real type of the entries.

    Examples
    --------
    >>> from glasstomo.recon.odl_operators import odl
    >>> layout = layout_of(odl.uniform_discr(0, 1, 4, dtype="float32") ** 2)
    >>> layout.shape, layout.weight, layout.dtype
    ((2, 4), 0.25, 'float32')
    """

    space: Any
    shape: tuple[int, ...]
    weight: float | np.ndarray
    dtype: str

    def element(self, array: np.ndarray) -> Any:
        """Return the element of an array."""
        return _element(self.space, np.asarray(array, self.dtype))

    def array(self, element: Any) -> np.ndarray:
        """Return the array of an element, of its own memory."""
        return np.array(_array(self.space, self.space.element(element)), self.dtype)


def layout_of(space: Any) -> Layout:
    """Work out the layout of an ODL space.

    Raises
    ------
    ValueError
        When its inner product is not a weighted sum over its entries.
    """
    return Layout(space=space, shape=_shape(space), weight=_weight(space), dtype=_real_dtype(space))


def _is_product(space: Any) -> bool:
    return hasattr(space, "is_power_space")


def _is_power(space: Any) -> bool:
    return bool(space.is_power_space) and not np.ndim(getattr(space.weighting, "array", 0.0))


def _shape(space: Any) -> tuple[int, ...]:
    if not _is_product(space):
        return (2, *space.shape) if not space.is_real else tuple(space.shape)
    if _is_power(space):
        return len(space), *_shape(space[0])
    return (sum(prod(_shape(part)) for part in space),)


def _real_dtype(space: Any) -> str:
    while _is_product(space):
        space = space[0]
    return np.dtype(str(space.real_space.dtype).rpartition(".")[2]).name


def _weight(space: Any) -> float | np.ndarray:
    weighting: Any = getattr(space, "weighting", None)
    if getattr(weighting, "exponent", 2.0) != 2.0:
        raise ValueError(f"the inner product of an ODL space must have exponent 2, got {weighting.exponent}")
    own = getattr(weighting, "const", None)
    if own is None:
        own = getattr(weighting, "array", None)
    if own is None:
        raise ValueError(f"the inner product of an ODL space must be a weighted sum, got {weighting!r}")
    if not _is_product(space):
        array = np.asarray(own, np.float64)
        return float(array) if array.ndim == 0 else array
    if _is_power(space):
        return float(own) * _weight(space[0])
    factors = np.broadcast_to(np.asarray(own, np.float64), (len(space),))
    parts = [
        np.broadcast_to(factor * np.asarray(_weight(part)), _shape(part)).ravel()
        for factor, part in zip(factors, space, strict=True)
    ]
    return np.concatenate(parts)


def _element(space: Any, array: np.ndarray) -> Any:
    if not _is_product(space):
        values = array if space.is_real else whole(array)
        # A copy: what a component does to its argument must not reach the case.
        return space.element(np.array(values))
    if _is_power(space):
        return space.element([_element(part, values) for part, values in zip(space, array, strict=True)])
    sizes = [prod(_shape(part)) for part in space]
    parts = np.split(array.ravel(), np.cumsum(sizes)[:-1])
    return space.element(
        [_element(part, values.reshape(_shape(part))) for part, values in zip(space, parts, strict=True)]
    )


def _array(space: Any, element: Any) -> np.ndarray:
    if not _is_product(space):
        values = element.asarray()
        return values if space.is_real else pair(values)
    arrays = [_array(part, values) for part, values in zip(space, element, strict=True)]
    return np.stack(arrays) if _is_power(space) else np.concatenate([values.ravel() for values in arrays])
