"""All laws of linear operators by name."""

from ....phantoms.table import Table
from ..law import Law
from . import operator, operator_calls, operator_claims, operator_differences, operator_norm

OPERATOR_LAWS: Table[Law] = Table(
    "law of operators",
    {
        "linearity": operator.linearity,
        "homogeneity": operator.homogeneity,
        "zero_to_zero": operator.zero_to_zero,
        "adjoint": operator.adjoint,
        "adjoint_linearity": operator.adjoint_linearity,
        "symmetric": operator.symmetric,
        "norm_bound": operator_norm.norm_bound,
        "norm": operator_norm.norm,
        "finite_output": operator_calls.finite_output,
        "input_unchanged": operator_calls.input_unchanged,
        "determinism": operator_calls.determinism,
        "result_kept": operator_calls.result_kept,
        "any_layout": operator_calls.any_layout,
        "positive": operator_claims.positive,
        "zero_on_constants": operator_claims.zero_on_constants,
        "zero_on_affine": operator_claims.zero_on_affine,
        "grid_symmetry": operator_claims.grid_symmetry,
        "shift_invariance": operator_claims.shift_invariance,
        "gradient_of_planes": operator_differences.gradient_of_planes,
        "hessian_of_quadratics": operator_differences.hessian_of_quadratics,
        "strain_of_linear_fields": operator_differences.strain_of_linear_fields,
    },
)
