"""Solvers with one deliberate mistake each."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ....phantoms.table import Table
from ..own_solvers import OWN_SOLVERS
from ..solver import Answer, Solver
from .mutant import Mutant

if TYPE_CHECKING:
    from ....recon import Problem

Run = Callable[..., Answer]


def _of_problem(of: str, change: Callable[["Problem"], "Problem"], **fields: Any) -> Callable[[], Solver]:
    """Make the solver solve another problem than it is given."""

    def make() -> Solver:
        solver = OWN_SOLVERS[of]()

        def run(problem: Any, **limits: Any) -> Answer:
            return solver.run(change(problem), **limits)

        return replace(solver, run=run, **fields)

    return make


def _of_answer(of: str, change: Callable[["Problem", Answer], Answer], **fields: Any) -> Callable[[], Solver]:
    """Make the solver return another answer than it has."""

    def make() -> Solver:
        solver = OWN_SOLVERS[of]()

        def run(problem: Any, **limits: Any) -> Answer:
            return change(problem, solver.run(problem, **limits))

        return replace(solver, run=run, **fields)

    return make


def _turned(problem: "Problem") -> "Problem":
    return replace(problem, angles_deg=-problem.angles_deg, projector=None)


def _shifted_bins(problem: "Problem") -> "Problem":
    return replace(problem, data=np.roll(problem.data, 1, axis=-2))


def _squared_weights(problem: "Problem") -> "Problem":
    return replace(problem, weights=problem.weights**2)


def _no_gains(problem: "Problem") -> "Problem":
    return replace(problem, gains=None)


def _no_background(problem: "Problem") -> "Problem":
    return replace(problem, background=None)


def _clipped_data(problem: "Problem") -> "Problem":
    return replace(problem, data=np.maximum(problem.data, np.float32(0.0)))


def _mean_taken_off(problem: "Problem") -> "Problem":
    return replace(problem, data=problem.data - problem.data.mean(dtype=np.float64).astype(np.float32))


def _lambda_by_voxel(problem: "Problem") -> "Problem":
    return problem.with_lam(problem.lam * problem.spacing_nm)


def _lambda_by_slices(problem: "Problem") -> "Problem":
    return problem.with_lam(problem.lam / problem.shape[-1])


def _lambda_by_unit(problem: "Problem") -> "Problem":
    # A λ that is right for data of about one.
    return problem.with_lam(0.1 if problem.lam > 0 else 0.0)


def _of_lower(problem: "Problem") -> "Problem":
    return replace(problem, lower=problem.lower - 1.0)


def _of_upper(problem: "Problem") -> "Problem":
    return replace(problem, upper=np.inf)


def _regulariser(name: str) -> Callable[["Problem"], "Problem"]:
    return lambda problem: replace(problem, regulariser=name)


def _weighted_tilts(problem: "Problem") -> "Problem":
    data = problem.data.copy()
    data[..., -1, :, :] *= np.float32(1.1)
    return replace(problem, data=data)


def _overwritten(problem: "Problem") -> "Problem":
    problem.data[:] *= np.float32(0.5)
    return problem


def _one_voxel_further(problem: "Problem") -> "Problem":
    return replace(problem, data=problem.data[..., ::-1])


def _exchanged(problem: "Problem", answer: Answer) -> Answer:
    volume = answer.volume
    square = volume.shape[-3] == volume.shape[-2]
    return replace(answer, volume=np.swapaxes(volume, -3, -2) if square else volume)


def _called_converged(problem: "Problem", answer: Answer) -> Answer:
    return replace(answer, converged=True)


def _smaller_gap(problem: "Problem", answer: Answer) -> Answer:
    return replace(answer, gap=None if answer.gap is None else 0.01 * answer.gap)


def _without_lambda(problem: "Problem", answer: Answer) -> Answer:
    """Leave the regulariser out of the history."""
    misfit = problem.fidelity.value(problem.forward(np.ascontiguousarray(answer.volume, np.float32)))
    return replace(answer, objectives=(*answer.objectives[:-1], float(misfit)))


def _prior(problem: "Problem", answer: Answer) -> Answer:
    return replace(answer, volume=answer.volume + np.float32(0.01))


def _first_spoilt(problem: "Problem", answer: Answer) -> Answer:
    """Forget 0 / 0 where no ray meets a voxel."""
    seen = problem.adjoint((problem.weights > 0).astype(np.float32))
    with np.errstate(all="ignore"):
        return replace(answer, volume=answer.volume * (seen / seen))


def _nudged(problem: "Problem", answer: Answer) -> Answer:
    noise = np.random.default_rng().random(answer.volume.shape, np.float32)
    return replace(answer, volume=answer.volume * (1 + np.float32(1e-4) * noise))


def _shared_memory() -> Solver:
    solver = OWN_SOLVERS["sirt"]()
    kept: dict[tuple[int, ...], np.ndarray] = {}

    def run(problem: Any) -> Answer:
        found = solver.run(problem)
        out = kept.setdefault(problem.shape, np.empty(problem.shape, np.float32))
        out[:] = found.volume
        return replace(found, volume=out)

    return replace(solver, run=run)


def _absolute_stop() -> Solver:
    """SIRT that ends when no voxel changes by more than 10⁻²."""
    solver = OWN_SOLVERS["sirt"]()

    def run(problem: Any) -> Answer:
        from ....recon.baselines.sirt import sirt

        before = sirt(problem, iterations=1)
        for iterations in (2, 4, 8, 16, 32, 64):
            volume = sirt(problem, iterations=iterations)
            if np.max(np.abs(volume - before)) < 1e-2:
                break
            before = volume
        return Answer(volume=volume)

    return replace(solver, run=run, claims=solver.claims - {"monotone"})


def _long_steps() -> Solver:
    """Landweber iterations 2.5 times as long as SIRT's."""
    solver = OWN_SOLVERS["sirt"]()

    def run(problem: Any) -> Answer:
        rows = problem.forward(np.ones(problem.shape, np.float32))
        seen = (problem.weights > 0) & (rows > 1e-3 * rows.max())
        columns = problem.adjoint(seen.astype(np.float32))
        shares = np.divide(1.0, rows, out=np.zeros_like(rows), where=seen)
        steps = np.divide(2.5, columns, out=np.zeros_like(columns), where=columns > 0)
        volume, values = np.zeros(problem.shape, np.float32), []
        for _ in range(30):
            residual = problem.data - problem.forward(volume)
            values.append(0.5 * float(np.sum(residual**2 * shares)))
            volume = np.maximum(volume + steps * problem.adjoint(residual * shares), np.float32(0.0))
        return Answer(volume=volume, objectives=tuple(values))

    return replace(solver, run=run)


def _dense(change: Callable[[Any], None], **fields: Any) -> Callable[[], Solver]:
    """Spoil the matrices of the interior-point method."""

    def make() -> Solver:
        solver = OWN_SOLVERS["interior_point"]()

        def run(problem: Any) -> Answer:
            from ..reference_minimum import minimum
            from ..reference_objective import DenseProblem

            dense = DenseProblem(problem)
            change(dense)
            return Answer(volume=minimum(dense).volume)

        claims = solver.claims - {"objectives"}
        return replace(solver, run=run, **{"claims": claims, **fields})

    return make


def _mixed_once(dense: Any) -> None:
    dense.blocks = [
        (radius, np.concatenate([k[:3], k[3:] / np.sqrt(2.0)])) if len(k) == 6 else (radius, k)
        for radius, k in dense.blocks
    ]


def _by_axis(dense: Any) -> None:
    """One ball per component: the sum of absolute differences."""
    dense.blocks = [(radius, k[axis : axis + 1]) for radius, k in dense.blocks for axis in range(len(k))]


def _doubled_mean(dense: Any) -> None:
    dense.matrix = 2.0 * dense.matrix


def _wrapped(dense: Any) -> None:
    """Differences around the ends of the axes."""
    blocks = []
    for radius, k in dense.blocks:
        k, grid = k.copy(), dense.problem.grid
        index = np.arange(dense.size).reshape(grid)
        for axis in range(3):
            last, first = np.take(index, -1, axis).ravel(), np.take(index, 0, axis).ravel()
            if grid[axis] > 1:
                k[axis, last, last], k[axis, last, first] = -1.0, 1.0
        blocks.append((radius, k))
    dense.blocks = blocks


def _cleaned_arrays() -> Solver:
    solver = OWN_SOLVERS["reconstruct_tv"]()
    before = solver.run_arrays
    if before is None:
        raise ValueError("`reconstruct_tv` must take arrays")

    def run_arrays(data: np.ndarray, angles_deg: np.ndarray, spacing_nm: float) -> Answer:
        return before(np.nan_to_num(data, posinf=0.0, neginf=0.0), angles_deg, spacing_nm)

    return replace(solver, run_arrays=run_arrays)


def _first_steps() -> Solver:
    """The fused engine that ends after twenty iterations and says that it converged."""
    solver = OWN_SOLVERS["pdhg"]()

    def run(problem: Any, **limits: Any) -> Answer:
        limit = min(limits.get("max_iterations", 20), 20)
        return replace(solver.run(problem, max_iterations=limit), converged=True)

    return replace(solver, run=run)


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
                _of_problem("interior_point", _turned, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "wrong_tilt_sign_sirt",
                "sirt",
                "Tilts run the other way.",
                ("finds_voxel", "exchanged_axes"),
                _of_problem("sirt", _turned),
            ),
            _mutant(
                "transposed_axes",
                "sirt",
                "z and y of the volume are exchanged.",
                ("finds_voxel",),
                _of_answer("sirt", _exchanged),
            ),
            _mutant(
                "off_by_one_bin",
                "sirt",
                "Data are read one bin further.",
                ("mirror", "finds_voxel"),
                _of_problem("sirt", _shifted_bins),
            ),
            _mutant(
                "slices_from_the_end",
                "cgls",
                "Slices along the tilt axis are counted from the other end.",
                ("shift_along_axis",),
                _of_problem("cgls", _one_voxel_further),
            ),
            _mutant(
                "lambda_by_voxel",
                "pdhg",
                "Lambda is multiplied by the voxel size.",
                ("length_unit", "optimality"),
                _of_problem("pdhg", _lambda_by_voxel, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "lambda_by_slices",
                "pdhg",
                "Lambda is divided by the number of slices.",
                ("equal_slices",),
                _of_problem("pdhg", _lambda_by_slices, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "lambda_in_units_of_one",
                "interior_point",
                "Lambda is a constant that suits data of about one.",
                ("data_scale", "optimality"),
                _of_problem("interior_point", _lambda_by_unit, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "tv2_for_tv",
                "interior_point",
                "TV2 is minimised where TV is asked for.",
                ("recovers_blocks", "optimality"),
                _of_problem("interior_point", _regulariser("tv2"), **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "tv_for_tv2",
                "interior_point",
                "TV is minimised where TV2 is asked for.",
                ("recovers_roofs", "optimality"),
                _of_problem("interior_point", _regulariser("tv"), regularisers=("tv2",), **_LEAST_SQUARES),
            ),
            _mutant(
                "mixed_differences_once",
                "interior_point",
                "The square root of two is forgotten in the Hessian.",
                ("optimality",),
                _dense(_mixed_once, regularisers=("tv2",), **_LEAST_SQUARES),
            ),
            _mutant(
                "sum_of_components",
                "interior_point",
                "The gradient's absolute components are added, not its length taken.",
                ("optimality",),
                _dense(_by_axis, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "differences_around_the_ends",
                "interior_point",
                "The last voxel is next to the first.",
                ("optimality", "recovers_blocks"),
                _dense(
                    _wrapped,
                    **_TV,
                    **_LEAST_SQUARES,
                    claims=frozenset({"nonnegative", "deterministic", "any_geometry", "weights"}),
                ),
            ),
            _mutant(
                "doubled_poisson_mean",
                "interior_point",
                "The expected counts are twice the projection.",
                ("optimality",),
                _dense(_doubled_mean, **_TV, data_terms=("kullback_leibler",)),
            ),
            _mutant(
                "weights_squared",
                "interior_point",
                "Weights are taken for deviations, and squared.",
                ("weight_scale", "optimality"),
                _of_problem("interior_point", _squared_weights, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "gains_forgotten",
                "interior_point",
                "The gains of the tilts are left out.",
                ("optimality",),
                _of_problem("interior_point", _no_gains, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "background_forgotten",
                "interior_point",
                "The known background is left out.",
                ("optimality",),
                _of_problem("interior_point", _no_background, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "negatives_clipped",
                "interior_point",
                "Negative data are set to zero first.",
                ("optimality",),
                _of_problem("interior_point", _clipped_data, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "negative_voxels",
                "pdhg",
                "The lower bound is one too low.",
                ("lower_bound",),
                _of_problem("pdhg", _of_lower, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "upper_forgotten",
                "pdhg",
                "The upper bound is left out.",
                ("upper_bound",),
                _of_problem("pdhg", _of_upper, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "called_converged",
                "pdhg",
                "Whatever the gap, it says that it converged.",
                ("honest_status",),
                _of_answer("pdhg", _called_converged, **_TV),
            ),
            _mutant(
                "twenty_steps",
                "pdhg",
                "It ends after twenty iterations and says that it converged.",
                ("optimality", "honest_status"),
                _first_steps,
            ),
            _mutant(
                "gap_of_a_hundredth",
                "pdhg",
                "It states a hundredth of its gap.",
                ("honest_gap",),
                _of_answer("pdhg", _smaller_gap, **_TV),
            ),
            _mutant(
                "history_without_lambda",
                "interior_point",
                "Its history leaves the regulariser out.",
                ("true_history",),
                _of_answer("interior_point", _without_lambda, **_TV, **_LEAST_SQUARES),
            ),
            _mutant(
                "absolute_stop",
                "sirt",
                "It ends when no voxel changes by more than a hundredth of one.",
                ("data_scale",),
                _absolute_stop,
            ),
            _mutant(
                "long_steps",
                "sirt",
                "Its steps are 2.5 times as long as they may be.",
                ("monotone",),
                _long_steps,
            ),
            _mutant(
                "last_tilt_counts_more",
                "sirt",
                "The last tilt is scaled by 1.1.",
                ("tilt_order",),
                _of_problem("sirt", _weighted_tilts),
            ),
            _mutant(
                "data_overwritten",
                "sirt",
                "It halves the data in place.",
                ("problem_unchanged", "repeatable"),
                _of_problem("sirt", _overwritten),
            ),
            _mutant(
                "answer_in_shared_memory",
                "sirt",
                "Every answer of a shape is the same array.",
                ("answer_kept",),
                _shared_memory,
            ),
            _mutant(
                "unseeded_noise",
                "sirt",
                "Its answer depends on a generator without a seed.",
                ("repeatable",),
                _of_answer("sirt", _nudged),
            ),
            _mutant(
                "not_a_number_in_the_dark",
                "sirt",
                "Voxels that no ray meets end as 0 / 0.",
                ("finite_answer",),
                _of_answer("sirt", _first_spoilt),
            ),
            _mutant(
                "constant_added",
                "wbp",
                "A hundredth is added to every voxel.",
                ("zero_data", "superposition", "data_scale"),
                _of_answer("wbp", _prior),
            ),
            _mutant(
                "mean_taken_off",
                "fista_tv",
                "The mean of the data is taken off first.",
                ("optimality",),
                _of_problem("fista_tv", _mean_taken_off),
            ),
            _mutant(
                "not_a_number_taken_for_zero",
                "reconstruct_tv",
                "NaN and infinities in the data count as zero.",
                ("non_finite_refused",),
                _cleaned_arrays,
            ),
        )
    },
)
