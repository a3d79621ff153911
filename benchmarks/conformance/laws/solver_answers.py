"""Laws of solvers: what any answer has to be like."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from ..drawn_problem import DrawnProblem, problems
from ..finding import Finding
from ..law import law
from ..reference_objective import DenseProblem
from ..solver import Solver
from .solver_judgement import claimed, same_answer, volume_limit

_FIELDS = ("data", "angles_deg", "weights", "gains", "background", "channel_weights")
# Objectives of zero data are told apart from those of data by this much, relative to a volume of ones.
_NOTHING = 1e-6


def _any(solver: Solver):
    return st.fixed_dictionaries({"drawn": problems(solver)})


@law(
    kind="solver",
    formula="|xᵢ| < ∞",
    tolerance="0: none is infinite or NaN",
    cases=_any,
    cost=10,
)
def finite_answer(solver: Solver, drawn: DrawnProblem) -> Finding:
    """Every voxel of the answer is a finite number, and there is one for each of the problem."""
    bad = int(np.count_nonzero(~np.isfinite(solver.solve(drawn.problem()).volume)))
    return Finding(float(bad), 0.0, f"{bad} voxels are not finite")


@law(
    kind="solver",
    formula="x(b) twice: the same bits",
    tolerance="0: not a bit",
    cases=_any,
    excuse=claimed("deterministic"),
    cost=20,
)
def repeatable(solver: Solver, drawn: DrawnProblem) -> Finding:
    """The same problem twice gives the same bits."""
    problem = drawn.problem()
    one, two = (solver.solve(problem).volume.copy() for _ in range(2))
    error = float(np.max(np.abs(one.astype(np.float64) - two), initial=0.0))
    return Finding(error, 0.0, f"two runs differ by {error:.3g}")


@law(
    kind="solver",
    formula="b, w, α, g, r after = before",
    tolerance="0: not a bit",
    cases=_any,
    cost=10,
)
def problem_unchanged(solver: Solver, drawn: DrawnProblem) -> Finding:
    """The arrays of the problem are left as they were."""
    problem = drawn.problem()
    before = {name: _copy(getattr(problem, name)) for name in _FIELDS}
    solver.solve(problem)
    changed = [name for name in _FIELDS if not _equal(getattr(problem, name), before[name])]
    return Finding(float(len(changed)), 0.0, f"changed: {', '.join(changed)}" if changed else "")


def _copy(array: np.ndarray | None) -> np.ndarray | None:
    return None if array is None else array.copy()


def _equal(one: np.ndarray | None, two: np.ndarray | None) -> bool:
    return one is two if one is None or two is None else np.array_equal(one, two, equal_nan=True)


@law(
    kind="solver",
    formula="x later = x then, after another run",
    tolerance="0: not a bit",
    cases=_any,
    cost=20,
)
def answer_kept(solver: Solver, drawn: DrawnProblem) -> Finding:
    """An answer is not overwritten by the next run."""
    problem = drawn.problem()
    answer = solver.solve(problem).volume
    before = answer.copy()
    # Counts may lie nowhere else than they do: there is no ray through the volume.
    solver.solve(replace(problem, data=np.float32(2.0) * problem.data))
    error = float(np.count_nonzero(answer != before))
    return Finding(error, 0.0, f"{int(error)} voxels of the first answer changed")


@law(
    kind="solver",
    formula="x(0) = 0",
    tolerance="variational: J(x) at most the gap, or 10⁻⁶, of J of a volume of ones; others: 10⁻⁶",
    cases=lambda solver: st.fixed_dictionaries({"drawn": problems(solver, plain=True)}),
    cost=10,
)
def zero_data(solver: Solver, drawn: DrawnProblem) -> Finding:
    """No signal gives no matter."""
    problem = drawn.problem()
    problem = replace(problem, data=np.zeros_like(problem.data))
    answer = solver.solve(problem)
    if not solver.variational:
        largest = float(np.max(np.abs(answer.volume)))
        return Finding(largest, _NOTHING, f"the largest voxel is {largest:.3g}")
    dense = DenseProblem(problem)
    objective = dense.objective(np.maximum(answer.volume, problem.lower))
    limit = max(solver.gap, _NOTHING) * dense.objective(np.ones(problem.shape))
    return Finding(objective, limit, f"objective {objective:.3g}, of an empty volume 0")


@law(
    kind="solver",
    formula="lower ≤ x",
    tolerance="0: the bound is a constraint",
    cases=lambda solver: st.fixed_dictionaries(
        {
            "drawn": problems(solver),
            "lower": st.sampled_from([0.0, 0.5] if "bounds" in solver.claims else [0.0]),
        }
    ),
    excuse=claimed("nonnegative"),
    cost=10,
)
def lower_bound(solver: Solver, drawn: DrawnProblem, lower: float) -> Finding:
    """No voxel lies below its lower bound, which is zero unless the problem says otherwise."""
    volume = solver.solve(drawn.changed(lower=lower).problem()).volume
    below = float(np.max(np.float32(lower * drawn.scale) - volume))
    return Finding(max(below, 0.0) if below == below else below, 0.0, f"a voxel lies {below:.3g} below")


@law(
    kind="solver",
    formula="x ≤ upper",
    tolerance="0: the bound is a constraint",
    cases=lambda solver: st.fixed_dictionaries(
        {"drawn": problems(solver), "upper": st.sampled_from([1.0, 0.1])}
    ),
    excuse=claimed("bounds"),
    cost=10,
)
def upper_bound(solver: Solver, drawn: DrawnProblem, upper: float) -> Finding:
    """No voxel lies above the upper bound of the problem."""
    volume = solver.solve(drawn.changed(upper=upper).problem()).volume
    above = float(np.max(volume - np.float32(upper * drawn.scale)))
    return Finding(max(above, 0.0) if above == above else above, 0.0, f"a voxel lies {above:.3g} above")


@law(
    kind="solver",
    formula="x(b + s c) = x(b) + s x(c)",
    tolerance="64 ε of the volumes, and 16 times what nudges of data (8 ε) and angles (10⁻⁵ degrees) move "
    "them by",
    cases=lambda solver: st.fixed_dictionaries(
        {
            "drawn": problems(solver),
            "seed": st.integers(0, 2**16),
            "factor": st.sampled_from([1.0, -1.0, 0.5, 3.0]),
        }
    ),
    excuse=claimed("linear"),
    cost=10,
)
def superposition(solver: Solver, drawn: DrawnProblem, seed: int, factor: float) -> Finding:
    """A linear method adds the volumes of data that are added."""
    one = drawn.problem()
    two = drawn.changed(seed=seed, noise=0.5).problem()
    both = replace(one, data=one.data + np.float32(factor) * two.data)
    volumes = [solver.solve(problem).volume.astype(np.float64) for problem in (one, two, both)]
    error = float(np.max(np.abs(volumes[0] + factor * volumes[1] - volumes[2])))
    limit = volume_limit(solver, one, volumes[0]) + abs(factor) * volume_limit(solver, two, volumes[1])
    # The sum of data is rounded to their own precision.
    limit += volume_limit(solver, both, volumes[2])
    return Finding(error, limit, f"volumes differ by {error:.3g}")


@law(
    kind="solver",
    formula="J(x(n equal slices)) = n J(x(one slice))",
    tolerance="the gap that it promises, and float32 rounding of J",
    cases=lambda solver: st.fixed_dictionaries(
        {"drawn": problems(solver, plain=True), "copies": st.sampled_from([2, 3])}
    ),
    excuse=lambda solver: None if solver.variational else "it minimises no objective",
    cost=20,
)
def equal_slices(solver: Solver, drawn: DrawnProblem, copies: int) -> Finding:
    """Equal slices along the tilt axis do no better together than each on its own.

    Notes
    -----
    D and every R here are convex and treat slices alike, and differences along x only add to R: the mean
    over the slices of any volume, repeated, has no larger objective, and n times that of one slice.
    """
    one = drawn.problem()
    slab = replace(one, data=one.data[..., :1], weights=one.weights[..., :1])
    wide = replace(
        one, data=np.repeat(slab.data, copies, axis=-1), weights=np.repeat(slab.weights, copies, axis=-1)
    )

    def spread(volume: np.ndarray) -> np.ndarray:
        return np.repeat(volume, copies, axis=-1)

    def mean(volume: np.ndarray) -> np.ndarray:
        return volume.mean(axis=-1, keepdims=True, dtype=np.float64)

    return same_answer(solver, slab, wide, forth=spread, back=mean)
