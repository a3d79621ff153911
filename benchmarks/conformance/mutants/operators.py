"""Our own linear operators with one mistake each."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ....phantoms.table import Table
from ..linear_map import LinearMap
from ..own_operators import OWN_OPERATORS
from .mutant import Mutant

Change = Callable[[LinearMap], LinearMap]


def _of(name: str, change: Change) -> Callable[[], LinearMap]:
    """Return a function that makes one of our own operators and changes it."""
    return lambda: change(OWN_OPERATORS[name]())


def _after(step: Callable[[np.ndarray], np.ndarray], *, back: bool = False) -> Change:
    """Do something to what an operator, or its adjoint, returns."""

    def change(op: LinearMap) -> LinearMap:
        if back:
            return replace(op, adjoint=lambda array: step(op.apply_adjoint(array)))
        return replace(op, forward=lambda array: step(op.apply(array)))

    return change


def _both(there: Callable[[np.ndarray], np.ndarray], back: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Do something to what an operator returns, and the transpose of it to what its adjoint is given."""

    def change(op: LinearMap) -> LinearMap:
        return replace(
            op,
            forward=lambda array: there(op.apply(array)),
            adjoint=lambda array: op.apply_adjoint(back(array)),
        )

    return change


def _mixed_by(factor: float) -> Callable[[np.ndarray], np.ndarray]:
    def scaled(field: np.ndarray) -> np.ndarray:
        factors = np.array([1, 1, 1, factor, factor, factor], np.float32)
        return field * factors[:, None, None, None]

    return scaled


def _far_face(op: LinearMap) -> LinearMap:
    """Count the differences behind the far face of z in the adjoint."""

    def adjoint(field: np.ndarray) -> np.ndarray:
        out = op.apply_adjoint(field)
        out[-1] -= field[0, -1]
        return out

    return replace(op, adjoint=adjoint)


def _periodic(op: LinearMap) -> LinearMap:
    """Wrap the differences around at the far faces, there and back."""

    def forward(volume: np.ndarray) -> np.ndarray:
        return np.stack([np.roll(volume, -1, axis) - volume for axis in range(3)])

    def adjoint(field: np.ndarray) -> np.ndarray:
        parts = [np.roll(field[axis], 1, axis) - field[axis] for axis in range(3)]
        return np.asarray(np.sum(parts, axis=0, dtype=np.float32))

    return replace(op, forward=forward, adjoint=adjoint)


def _no_x(op: LinearMap) -> LinearMap:
    """Leave out the differences along the tilt axis, as code for slices does."""

    def without(field: np.ndarray) -> np.ndarray:
        out = field.copy()
        out[2] = 0.0
        return out

    return _both(without, without)(op)


def _masked(op: LinearMap) -> LinearMap:
    """Halve the differences in the upper half of the volume, as a mask left on would."""
    mask = np.ones(op.range, np.float32)
    mask[:, op.range[1] // 2 :] = 0.5
    return _both(lambda field: field * mask, lambda field: field * mask)(op)


def _one_buffer(op: LinearMap) -> LinearMap:
    """Return the same array from every call."""
    buffer = np.zeros(op.range, np.float32)

    def forward(array: np.ndarray) -> np.ndarray:
        buffer[...] = op.apply(array)
        return buffer

    return replace(op, forward=forward)


def _not_cleared(op: LinearMap) -> LinearMap:
    """Add to what is left of the last back projection."""
    total = np.zeros(op.domain, np.float32)

    def adjoint(array: np.ndarray) -> np.ndarray:
        nonlocal total
        total = total + op.apply_adjoint(array)
        return total

    return replace(op, adjoint=adjoint)


def _in_place(op: LinearMap) -> LinearMap:
    """Multiply by the gains in place, before the back projection."""

    def adjoint(series: np.ndarray) -> np.ndarray:
        series *= np.float32(0.5)
        return op.apply_adjoint(series * 2)

    return replace(op, adjoint=adjoint)


def _by_row_sums(op: LinearMap) -> LinearMap:
    """Divide by the length of each ray, which is zero where a ray misses the volume."""
    sums = op.apply(np.ones(op.domain))

    def forward(volume: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return op.apply(volume) / sums

    return replace(op, forward=forward, adjoint=None, norm_bound=None)


def _half_precision(op: LinearMap) -> LinearMap:
    """Store the volume in half precision to save memory."""
    return replace(op, forward=lambda volume: op.apply(volume.astype(np.float16)))


def _lopsided(op: LinearMap) -> LinearMap:
    """Multiply by weights along z after PᵀP, and not before it too."""
    ramp = np.linspace(0.5, 1.5, op.domain[0], dtype=np.float32)[:, None, None]
    return replace(op, forward=lambda volume: ramp * op.apply(volume), adjoint=None, norm_bound=None)


def _slices_as_columns(op: LinearMap) -> LinearMap:
    """Read what is not C-ordered as if it were."""

    def forward(array: np.ndarray) -> np.ndarray:
        return op.apply(array.ravel(order="K").reshape(array.shape))

    return replace(op, forward=forward)


def _sharpened(series: np.ndarray) -> np.ndarray:
    """Apply a ramp filter that takes more than it gives."""
    ahead = np.pad(series, ((0, 0), (1, 1), (0, 0)))
    return series - 0.25 * (ahead[:, :-2] + ahead[:, 2:])


def _exchanged(op: LinearMap) -> LinearMap:
    """Take the components along z and x for each other in the adjoint."""
    return replace(op, adjoint=lambda field: op.apply_adjoint(field[[2, 1, 0]]))


def _one_channel_twice(op: LinearMap) -> LinearMap:
    """Weight the channels in the adjoint twice."""
    weights = np.array([0.5, 2.0], np.float32)[:, None, None, None]
    return replace(op, adjoint=lambda field: weights * op.apply_adjoint(field))


def _both_by(factor: float) -> Change:
    small = np.float32(factor)
    return _both(lambda field: field * small, lambda field: field * small)


def _mutant(name: str, of: str, summary: str, breaks: tuple[str, ...], change: Change) -> Mutant:
    def make() -> LinearMap:
        return replace(_of(of, change)(), name=name)

    return Mutant(name=name, of=of, summary=summary, breaks=breaks, make=make)


_ALL = (
    _mutant(
        "gradient_adjoint_of_the_wrong_sign",
        "gradient",
        "The adjoint of the gradient is the divergence instead of its negative.",
        ("adjoint",),
        _after(np.negative, back=True),
    ),
    _mutant(
        "gradient_adjoint_with_the_far_face",
        "gradient",
        "The adjoint reads differences behind the far face, which do not exist.",
        ("adjoint",),
        _far_face,
    ),
    _mutant(
        "gradient_adjoint_with_axes_exchanged",
        "gradient_of_a_cube",
        "The adjoint takes the components along z and x for each other.",
        ("adjoint",),
        _exchanged,
    ),
    _mutant(
        "gradient_periodic",
        "gradient",
        "Differences wrap around at the far faces, in the adjoint as well.",
        ("gradient_of_planes",),
        _periodic,
    ),
    _mutant(
        "gradient_without_the_tilt_axis",
        "gradient_of_a_cube",
        "Differences along x are left out, in the adjoint as well.",
        ("gradient_of_planes", "grid_symmetry"),
        _no_x,
    ),
    _mutant(
        "gradient_per_nm",
        "gradient",
        "Differences are divided by a voxel of 5 nm, so that λ means something else on every grid.",
        ("gradient_of_planes",),
        _both_by(0.2),
    ),
    _mutant(
        "gradient_damped_on_one_side",
        "gradient",
        "A mask halves the differences in one half of the volume.",
        ("shift_invariance", "grid_symmetry"),
        _masked,
    ),
    _mutant(
        "gradient_norm_of_two_axes",
        "gradient",
        "The stated norm is that of images, √8, instead of √12.",
        ("norm_bound",),
        lambda op: replace(op, norm_bound=float(np.sqrt(8.0))),
    ),
    _mutant(
        "hessian_without_root_two",
        "hessian",
        "Mixed differences are not multiplied by √2, in the adjoint as well.",
        ("hessian_of_quadratics",),
        _both(_mixed_by(np.sqrt(0.5)), _mixed_by(np.sqrt(0.5))),
    ),
    _mutant(
        "hessian_adjoint_without_root_two",
        "hessian",
        "The √2 of the mixed differences is forgotten in the adjoint only.",
        ("adjoint",),
        lambda op: replace(op, adjoint=lambda field: op.apply_adjoint(_mixed_by(np.sqrt(0.5))(field))),
    ),
    _mutant(
        "hessian_of_levels",
        "hessian",
        "A little of the volume itself is added to its second differences.",
        ("zero_on_constants", "zero_on_affine"),
        lambda op: replace(
            op,
            forward=lambda volume: op.apply(volume) + np.float32(1e-3) * volume,
            adjoint=lambda field: op.apply_adjoint(field) + np.float32(1e-3) * field.sum(axis=0),
        ),
    ),
    _mutant(
        "symmetrised_gradient_of_double_shear",
        "symmetrised_gradient",
        "Mixed components are sums instead of means of two differences.",
        ("strain_of_linear_fields",),
        _both(_mixed_by(2.0), _mixed_by(2.0)),
    ),
    _mutant(
        "weighted_gradient_adjoint_weighted_twice",
        "odl_weighted_gradient",
        "The adjoint multiplies by the weights of the channels twice.",
        ("adjoint",),
        _one_channel_twice,
    ),
    _mutant(
        "projector_adjoint_without_gains",
        "projector_gains",
        "The back projection forgets the gains of the tilts.",
        ("adjoint",),
        lambda op: replace(op, adjoint=OWN_OPERATORS["projector"]().adjoint),
    ),
    _mutant(
        "projector_clips_negatives",
        "projector",
        "Negative areal densities are set to zero.",
        ("linearity", "adjoint"),
        _after(lambda series: np.maximum(series, 0.0)),
    ),
    _mutant(
        "projector_drops_small_values",
        "projector",
        "Areal densities below a millionth count as rounding and are dropped.",
        ("homogeneity",),
        _after(lambda series: np.where(np.abs(series) < 1e-6, np.float32(0.0), series)),
    ),
    _mutant(
        "projector_with_background",
        "projector",
        "A background is added to the projections.",
        ("zero_to_zero", "linearity"),
        _after(lambda series: series + np.float32(0.01)),
    ),
    _mutant(
        "projector_in_half_precision",
        "projector",
        "The volume is kept in half precision.",
        ("linearity",),
        _half_precision,
    ),
    _mutant(
        "projector_overwrites_results",
        "projector",
        "All projections are returned in the same array.",
        ("result_kept",),
        _one_buffer,
    ),
    _mutant(
        "projector_adds_up_back_projections",
        "projector",
        "The array of the back projection is not cleared between calls.",
        ("determinism",),
        _not_cleared,
    ),
    _mutant(
        "projector_scales_in_place",
        "projector",
        "The back projection multiplies the series that it is given.",
        ("input_unchanged",),
        _in_place,
    ),
    _mutant(
        "projector_divided_by_empty_rays",
        "projector_wide_bins",
        "Projections are divided by the lengths of rays, some of which are zero.",
        ("finite_output",),
        _by_row_sums,
    ),
    _mutant(
        "projector_sharpened",
        "projector",
        "A filter that takes from neighbouring bins is applied on the way.",
        ("positive",),
        _both(_sharpened, _sharpened),
    ),
    _mutant(
        "projector_of_c_order",
        "projector",
        "Arrays of another order in memory are read as if they were C-ordered.",
        ("any_layout",),
        _slices_as_columns,
    ),
    _mutant(
        "projector_norm_squared",
        "projector",
        "The square of the norm is stated, as the power method of PᵀP finds it.",
        ("norm",),
        lambda op: replace(op, norm_bound=(op.norm_bound or 0.0) ** 2),
    ),
    _mutant(
        "normal_operator_weighted_on_one_side",
        "projector_normal",
        "Weights of the voxels are applied on one side only.",
        ("symmetric",),
        _lopsided,
    ),
    _mutant(
        "projector_adjoint_rectified",
        "projector",
        "The back projection takes absolute values.",
        ("adjoint_linearity",),
        _after(np.abs, back=True),
    ),
)

OPERATOR_MUTANTS: Table[Mutant] = Table("mutant of an operator", {mutant.name: mutant for mutant in _ALL})
