"""Mistakes that one makes with linear operators, each as a function that changes a right one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..linear_map import LinearMap

Change = Callable[[LinearMap], LinearMap]


def after(step: Callable[[np.ndarray], np.ndarray], *, back: bool = False) -> Change:
    """Do something to what an operator, or its adjoint, returns."""

    def change(op: LinearMap) -> LinearMap:
        if back:
            return replace(op, adjoint=lambda array: step(op.apply_adjoint(array)))
        return replace(op, forward=lambda array: step(op.apply(array)))

    return change


def both(there: Callable[[np.ndarray], np.ndarray], back: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Do something to what an operator returns, and the transpose of it to what its adjoint is given."""

    def change(op: LinearMap) -> LinearMap:
        return replace(
            op,
            forward=lambda array: there(op.apply(array)),
            adjoint=lambda array: op.apply_adjoint(back(array)),
        )

    return change


def mixed_by(factor: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that multiplies the three mixed components of a Hessian."""

    def scaled(field: np.ndarray) -> np.ndarray:
        factors = np.array([1, 1, 1, factor, factor, factor], np.float32)
        return field * factors[:, None, None, None]

    return scaled


def far_face(op: LinearMap) -> LinearMap:
    """Count the differences behind the far face of z in the adjoint."""

    def adjoint(field: np.ndarray) -> np.ndarray:
        out = op.apply_adjoint(field)
        out[-1] -= field[0, -1]
        return out

    return replace(op, adjoint=adjoint)


def periodic(op: LinearMap) -> LinearMap:
    """Wrap the differences around at the far faces, there and back."""

    def forward(volume: np.ndarray) -> np.ndarray:
        return np.stack([np.roll(volume, -1, axis) - volume for axis in range(3)])

    def adjoint(field: np.ndarray) -> np.ndarray:
        parts = [np.roll(field[axis], 1, axis) - field[axis] for axis in range(3)]
        return np.asarray(np.sum(parts, axis=0, dtype=np.float32))

    return replace(op, forward=forward, adjoint=adjoint)


def no_x(op: LinearMap) -> LinearMap:
    """Leave out the differences along the tilt axis, as code for slices does."""

    def without(field: np.ndarray) -> np.ndarray:
        out = field.copy()
        out[2] = 0.0
        return out

    return both(without, without)(op)


def masked(op: LinearMap) -> LinearMap:
    """Halve the differences in the upper half of the volume, as a mask left on would."""
    mask = np.ones(op.range, np.float32)
    mask[:, op.range[1] // 2 :] = 0.5
    return both(lambda field: field * mask, lambda field: field * mask)(op)


def one_buffer(op: LinearMap) -> LinearMap:
    """Return the same array from every call."""
    buffer = np.zeros(op.range, np.float32)

    def forward(array: np.ndarray) -> np.ndarray:
        buffer[...] = op.apply(array)
        return buffer

    return replace(op, forward=forward)


def not_cleared(op: LinearMap) -> LinearMap:
    """Add to what is left of the last back projection."""
    total = np.zeros(op.domain, np.float32)

    def adjoint(array: np.ndarray) -> np.ndarray:
        nonlocal total
        total = total + op.apply_adjoint(array)
        return total

    return replace(op, adjoint=adjoint)


def in_place(op: LinearMap) -> LinearMap:
    """Multiply by the gains in place, before the back projection."""

    def adjoint(series: np.ndarray) -> np.ndarray:
        series *= np.float32(0.5)
        return op.apply_adjoint(series * 2)

    return replace(op, adjoint=adjoint)


def by_row_sums(op: LinearMap) -> LinearMap:
    """Divide by the length of each ray, which is zero where a ray misses the volume."""
    sums = op.apply(np.ones(op.domain))

    def forward(volume: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return op.apply(volume) / sums

    return replace(op, forward=forward, adjoint=None, norm_bound=None)


def half_precision(op: LinearMap) -> LinearMap:
    """Store the volume in half precision to save memory."""
    return replace(op, forward=lambda volume: op.apply(volume.astype(np.float16)))


def lopsided(op: LinearMap) -> LinearMap:
    """Multiply by weights along z after PᵀP, and not before it too."""
    ramp = np.linspace(0.5, 1.5, op.domain[0], dtype=np.float32)[:, None, None]
    return replace(op, forward=lambda volume: ramp * op.apply(volume), adjoint=None, norm_bound=None)


def slices_as_columns(op: LinearMap) -> LinearMap:
    """Read what is not C-ordered as if it were."""

    def forward(array: np.ndarray) -> np.ndarray:
        return op.apply(array.ravel(order="K").reshape(array.shape))

    return replace(op, forward=forward)


def sharpened(series: np.ndarray) -> np.ndarray:
    """Apply a ramp filter that takes more than it gives."""
    ahead = np.pad(series, ((0, 0), (1, 1), (0, 0)))
    return series - 0.25 * (ahead[:, :-2] + ahead[:, 2:])


def exchanged(op: LinearMap) -> LinearMap:
    """Take the components along z and x for each other in the adjoint."""
    return replace(op, adjoint=lambda field: op.apply_adjoint(field[[2, 1, 0]]))


def one_channel_twice(op: LinearMap) -> LinearMap:
    """Weight the channels in the adjoint twice."""
    weights = np.array([0.5, 2.0], np.float32)[:, None, None, None]
    return replace(op, adjoint=lambda field: weights * op.apply_adjoint(field))


def both_by(factor: float) -> Change:
    """Multiply an operator, and its adjoint, by a factor."""
    small = np.float32(factor)
    return both(lambda field: field * small, lambda field: field * small)
