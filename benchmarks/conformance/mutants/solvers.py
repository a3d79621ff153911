"""Solvers with one deliberate mistake each."""

from collections.abc import Callable
from dataclasses import replace

from ....phantoms.table import Table
from ..solver import Solver
from . import solver_mistakes as mistakes
from .mutant import Mutant

_TV = {"regularisers": ("tv",)}
_LEAST_SQUARES = {"data_terms": ("least_squares",)}


def _mutant(name: str, of: str, summary: str, breaks: tuple[str, ...], make: Callable[[], Solver]) -> Mutant:
    def named() -> Solver:
        return replace(make(), name=name)

    return Mutant(name=name, summary=summary, breaks=breaks, of=of, make=named)


SOLVER_MUTANTS: Table[Mutant] = Table(
    "mutant of solvers",
    {
        entry.name: entry
        for entry in (
            _mutant(
                "wrong_tilt_sign",
                "interior_point",
                "Tilts run the other way.",
                ("optimality", "finds_voxel"),
                mistakes.of_problem("interior_point", mistakes.turned, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "wrong_tilt_sign_sirt",
                "sirt",
                "Tilts of SIRT run the other way.",
                ("finds_voxel", "exchanged_axes"),
                mistakes.of_problem("sirt", mistakes.turned),
            ),
            _mutant(
                "transposed_axes",
                "sirt",
                "z and y of the volume are exchanged.",
                ("finds_voxel",),
                mistakes.of_answer("sirt", mistakes.exchanged),
            ),
            _mutant(
                "off_by_one_bin",
                "sirt",
                "Data are read one bin further.",
                ("mirror", "finds_voxel"),
                mistakes.of_problem("sirt", mistakes.shifted_bins),
            ),
            _mutant(
                "slices_from_the_end",
                "cgls",
                "Slices along the tilt axis are counted from the other end.",
                ("shift_along_axis",),
                mistakes.of_problem("cgls", mistakes.one_voxel_further),
            ),
            _mutant(
                "lambda_by_voxel",
                "pdhg",
                "Lambda is multiplied by the voxel size.",
                ("length_unit", "optimality"),
                mistakes.of_problem("pdhg", mistakes.lambda_by_voxel, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "lambda_by_slices",
                "pdhg",
                "Lambda is divided by the number of slices.",
                ("equal_slices",),
                mistakes.of_problem("pdhg", mistakes.lambda_by_slices, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "lambda_in_units_of_one",
                "interior_point",
                "Lambda is a constant that suits data of about one.",
                ("data_scale", "optimality"),
                mistakes.of_problem("interior_point", mistakes.lambda_by_unit, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "tv2_for_tv",
                "interior_point",
                "TV2 is minimised where TV is asked for.",
                ("recovers_blocks", "optimality"),
                mistakes.of_problem("interior_point", mistakes.regulariser("tv2"), **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "tv_for_tv2",
                "interior_point",
                "TV is minimised where TV2 is asked for.",
                ("recovers_roofs", "optimality"),
                mistakes.of_problem(
                    "interior_point", mistakes.regulariser("tv"), regularisers=("tv2",), **_LEAST_SQUARES
                ),
            ),
            _mutant(
                "mixed_differences_once",
                "interior_point",
                "The square root of two is forgotten in the Hessian.",
                ("optimality",),
                mistakes.dense(mistakes.mixed_once, regularisers=("tv2",), **_LEAST_SQUARES),
            ),
            _mutant(
                "sum_of_components",
                "interior_point",
                "The gradient's absolute components are added, not its length taken.",
                ("optimality",),
                mistakes.dense(mistakes.by_axis, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "doubled_poisson_mean",
                "interior_point",
                "The expected counts are twice the projection.",
                ("optimality",),
                mistakes.dense(mistakes.doubled_mean, **_TV, data_terms=("kullback_leibler",)),
            ),
            _mutant(
                "weights_squared",
                "interior_point",
                "Weights are taken for deviations, and squared.",
                ("weight_scale", "optimality"),
                mistakes.of_problem("interior_point", mistakes.squared_weights, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "gains_forgotten",
                "interior_point",
                "The gains of the tilts are left out.",
                ("optimality",),
                mistakes.of_problem("interior_point", mistakes.no_gains, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "background_forgotten",
                "interior_point",
                "The known background is left out.",
                ("optimality",),
                mistakes.of_problem("interior_point", mistakes.no_background, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "negatives_clipped",
                "interior_point",
                "Negative data are set to zero first.",
                ("optimality",),
                mistakes.of_problem("interior_point", mistakes.clipped_data, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "negative_voxels",
                "pdhg",
                "The lower bound is one too low.",
                ("lower_bound",),
                mistakes.of_problem("pdhg", mistakes.of_lower, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "upper_forgotten",
                "pdhg",
                "The upper bound is left out.",
                ("upper_bound",),
                mistakes.of_problem("pdhg", mistakes.of_upper, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "called_converged",
                "pdhg",
                "Whatever the gap, it says that it converged.",
                ("honest_status",),
                mistakes.of_answer("pdhg", mistakes.called_converged, **_TV),
            ),
            _mutant(
                "twenty_steps",
                "pdhg",
                "It ends after twenty iterations and says that it converged.",
                ("optimality", "honest_status"),
                mistakes.first_steps,
            ),
            _mutant(
                "gap_of_a_hundredth",
                "pdhg",
                "It states a hundredth of its gap.",
                ("honest_gap",),
                mistakes.of_answer("pdhg", mistakes.smaller_gap, **_TV),
            ),
            _mutant(
                "history_without_lambda",
                "interior_point",
                "Its history leaves the regulariser out.",
                ("true_history",),
                mistakes.of_answer("interior_point", mistakes.without_lambda, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "absolute_stop",
                "sirt",
                "It ends when no voxel changes by more than 0.3.",
                ("data_scale",),
                mistakes.absolute_stop,
            ),
            _mutant(
                "long_steps",
                "sirt",
                "Its steps are 2.5 times as long as they may be.",
                ("monotone",),
                mistakes.long_steps,
            ),
            _mutant(
                "last_tilt_counts_more",
                "sirt",
                "The last tilt is scaled by 1.1.",
                ("tilt_order",),
                mistakes.of_problem("sirt", mistakes.weighted_tilts),
            ),
            _mutant(
                "data_overwritten",
                "sirt",
                "It halves the data in place.",
                ("problem_unchanged", "repeatable"),
                mistakes.of_problem("sirt", mistakes.overwritten),
            ),
            _mutant(
                "answer_in_shared_memory",
                "sirt",
                "Every answer of a shape is the same array.",
                ("answer_kept",),
                mistakes.shared_memory,
            ),
            _mutant(
                "unseeded_noise",
                "sirt",
                "Its answer depends on a generator without a seed.",
                ("repeatable",),
                mistakes.of_answer("sirt", mistakes.nudged),
            ),
            _mutant(
                "zero_over_zero",
                "mlem",
                "Rays that see nothing end as 0 / 0.",
                ("finite_answer", "odd_data"),
                mistakes.unguarded,
            ),
            _mutant(
                "constant_added",
                "wbp",
                "A hundredth is added to every voxel.",
                ("zero_data", "superposition", "data_scale"),
                mistakes.of_answer("wbp", mistakes.prior),
            ),
            _mutant(
                "mean_taken_off",
                "fista_tv",
                "The mean of the data is taken off first.",
                ("optimality",),
                mistakes.of_problem("fista_tv", mistakes.mean_taken_off),
            ),
            _mutant(
                "not_a_number_taken_for_zero",
                "reconstruct_tv",
                "NaN and infinities in the data count as zero.",
                ("non_finite_refused",),
                mistakes.cleaned_arrays,
            ),
        )
    },
)
