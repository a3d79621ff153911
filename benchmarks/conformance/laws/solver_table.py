"""All laws of solvers by name."""

from ....phantoms.table import Table
from ..law import Law
from . import solver_answers, solver_objectives, solver_recovery, solver_robustness, solver_symmetries

SOLVER_LAWS: Table[Law] = Table(
    "law of solvers",
    {
        "finite_answer": solver_answers.finite_answer,
        "repeatable": solver_answers.repeatable,
        "problem_unchanged": solver_answers.problem_unchanged,
        "answer_kept": solver_answers.answer_kept,
        "zero_data": solver_answers.zero_data,
        "lower_bound": solver_answers.lower_bound,
        "upper_bound": solver_answers.upper_bound,
        "superposition": solver_answers.superposition,
        "equal_slices": solver_answers.equal_slices,
        "optimality": solver_objectives.optimality,
        "honest_status": solver_objectives.honest_status,
        "honest_gap": solver_objectives.honest_gap,
        "monotone": solver_objectives.monotone,
        "true_history": solver_objectives.true_history,
        "data_scale": solver_symmetries.data_scale,
        "length_unit": solver_symmetries.length_unit,
        "weight_scale": solver_symmetries.weight_scale,
        "tilt_order": solver_symmetries.tilt_order,
        "shift_along_axis": solver_symmetries.shift_along_axis,
        "mirror": solver_symmetries.mirror,
        "half_turn": solver_symmetries.half_turn,
        "exchanged_axes": solver_symmetries.exchanged_axes,
        "recovers_blocks": solver_recovery.recovers_blocks,
        "recovers_roofs": solver_recovery.recovers_roofs,
        "finds_voxel": solver_recovery.finds_voxel,
        "odd_data": solver_robustness.odd_data,
        "any_range": solver_robustness.any_range,
        "non_finite_refused": solver_robustness.non_finite_refused,
    },
)
