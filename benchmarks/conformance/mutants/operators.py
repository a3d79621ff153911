"""Our own linear operators with one mistake each."""

from dataclasses import replace

import numpy as np

from ....phantoms.table import Table
from ..linear_map import LinearMap
from ..own_operators import OWN_OPERATORS
from .mutant import Mutant
from .operator_mistakes import (
    Change,
    after,
    both,
    both_by,
    by_row_sums,
    exchanged,
    far_face,
    half_precision,
    in_place,
    lopsided,
    masked,
    mixed_by,
    no_x,
    not_cleared,
    one_buffer,
    one_channel_twice,
    periodic,
    sharpened,
    slices_as_columns,
)


def _mutant(name: str, of: str, summary: str, breaks: tuple[str, ...], change: Change) -> Mutant:
    def make() -> LinearMap:
        return replace(change(OWN_OPERATORS[of]()), name=name)

    return Mutant(name=name, of=of, summary=summary, breaks=breaks, make=make)


_ALL = (
    _mutant(
        "gradient_adjoint_of_the_wrong_sign",
        "gradient",
        "The adjoint of the gradient is the divergence instead of its negative.",
        ("adjoint",),
        after(np.negative, back=True),
    ),
    _mutant(
        "gradient_adjoint_with_the_far_face",
        "gradient",
        "The adjoint reads differences behind the far face, which do not exist.",
        ("adjoint",),
        far_face,
    ),
    _mutant(
        "gradient_adjoint_with_axes_exchanged",
        "gradient_of_a_cube",
        "The adjoint takes the components along z and x for each other.",
        ("adjoint",),
        exchanged,
    ),
    _mutant(
        "gradient_periodic",
        "gradient",
        "Differences wrap around at the far faces, in the adjoint as well.",
        ("gradient_of_planes",),
        periodic,
    ),
    _mutant(
        "gradient_without_the_tilt_axis",
        "gradient_of_a_cube",
        "Differences along x are left out, in the adjoint as well.",
        ("gradient_of_planes", "grid_symmetry"),
        no_x,
    ),
    _mutant(
        "gradient_per_nm",
        "gradient",
        "Differences are divided by a voxel of 5 nm, so that λ means something else on every grid.",
        ("gradient_of_planes",),
        both_by(0.2),
    ),
    _mutant(
        "gradient_damped_on_one_side",
        "gradient",
        "A mask halves the differences in one half of the volume.",
        ("shift_invariance", "grid_symmetry"),
        masked,
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
        both(mixed_by(np.sqrt(0.5)), mixed_by(np.sqrt(0.5))),
    ),
    _mutant(
        "hessian_adjoint_without_root_two",
        "hessian",
        "The √2 of the mixed differences is forgotten in the adjoint only.",
        ("adjoint",),
        lambda op: replace(op, adjoint=lambda field: op.apply_adjoint(mixed_by(np.sqrt(0.5))(field))),
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
        both(mixed_by(2.0), mixed_by(2.0)),
    ),
    _mutant(
        "weighted_gradient_adjoint_weighted_twice",
        "odl_weighted_gradient",
        "The adjoint multiplies by the weights of the channels twice.",
        ("adjoint",),
        one_channel_twice,
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
        after(lambda series: np.maximum(series, 0.0)),
    ),
    _mutant(
        "projector_drops_small_values",
        "projector",
        "Areal densities below a millionth count as rounding and are dropped.",
        ("homogeneity",),
        after(lambda series: np.where(np.abs(series) < 1e-6, np.float32(0.0), series)),
    ),
    _mutant(
        "projector_with_background",
        "projector",
        "A background is added to the projections.",
        ("zero_to_zero", "linearity"),
        after(lambda series: series + np.float32(0.01)),
    ),
    _mutant(
        "projector_in_half_precision",
        "projector",
        "The volume is kept in half precision.",
        ("linearity",),
        half_precision,
    ),
    _mutant(
        "projector_overwrites_results",
        "projector",
        "All projections are returned in the same array.",
        ("result_kept",),
        one_buffer,
    ),
    _mutant(
        "projector_adds_up_back_projections",
        "projector",
        "The array of the back projection is not cleared between calls.",
        ("determinism",),
        not_cleared,
    ),
    _mutant(
        "projector_scales_in_place",
        "projector",
        "The back projection multiplies the series that it is given.",
        ("input_unchanged",),
        in_place,
    ),
    _mutant(
        "projector_divided_by_empty_rays",
        "projector_wide_bins",
        "Projections are divided by the lengths of rays, some of which are zero.",
        ("finite_output",),
        by_row_sums,
    ),
    _mutant(
        "projector_sharpened",
        "projector",
        "A filter that takes from neighbouring bins is applied on the way.",
        ("positive",),
        both(sharpened, sharpened),
    ),
    _mutant(
        "projector_of_c_order",
        "projector",
        "Arrays of another order in memory are read as if they were C-ordered.",
        ("any_layout",),
        slices_as_columns,
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
        lopsided,
    ),
    _mutant(
        "projector_adjoint_rectified",
        "projector",
        "The back projection takes absolute values.",
        ("adjoint_linearity",),
        after(np.abs, back=True),
    ),
)

OPERATOR_MUTANTS: Table[Mutant] = Table("mutant of an operator", {mutant.name: mutant for mutant in _ALL})
