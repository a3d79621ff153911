"""What goes wrong in the mutants of solvers: other problems, other answers, other matrices."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..own_solvers import OWN_SOLVERS
from ..solver import Answer, Solver

if TYPE_CHECKING:
    from ....recon import Problem


def of_problem(of: str, change: Callable[["Problem"], "Problem"], **fields: Any) -> Callable[[], Solver]:
    """Make the solver solve another problem than it is given."""

    def make() -> Solver:
        solver = OWN_SOLVERS[of]()

        def run(problem: Any, **limits: Any) -> Answer:
            return solver.run(change(problem), **limits)

        return replace(solver, run=run, **fields)

    return make


def of_answer(of: str, change: Callable[["Problem", Answer], Answer], **fields: Any) -> Callable[[], Solver]:
    """Make the solver return another answer than it has."""

    def make() -> Solver:
        solver = OWN_SOLVERS[of]()

        def run(problem: Any, **limits: Any) -> Answer:
            return change(problem, solver.run(problem, **limits))

        return replace(solver, run=run, **fields)

    return make


def turned(problem: "Problem") -> "Problem":
    """Tilt the other way."""
    return replace(problem, angles_deg=-problem.angles_deg, projector=None)


def shifted_bins(problem: "Problem") -> "Problem":
    """Read the data one bin further."""
    return replace(problem, data=np.roll(problem.data, 1, axis=-2))


def squared_weights(problem: "Problem") -> "Problem":
    """Take weights for deviations."""
    return replace(problem, weights=problem.weights**2)


def no_gains(problem: "Problem") -> "Problem":
    """Leave the gains out."""
    return replace(problem, gains=None)


def no_background(problem: "Problem") -> "Problem":
    """Leave the background out."""
    return replace(problem, background=None)


def clipped_data(problem: "Problem") -> "Problem":
    """Set negative data to zero."""
    return replace(problem, data=np.maximum(problem.data, np.float32(0.0)))


def mean_taken_off(problem: "Problem") -> "Problem":
    """Take the mean off the data."""
    return replace(problem, data=problem.data - problem.data.mean(dtype=np.float64).astype(np.float32))


def lambda_by_voxel(problem: "Problem") -> "Problem":
    """Multiply lambda by the voxel size."""
    return problem.with_lam(problem.lam * problem.spacing_nm)


def lambda_by_slices(problem: "Problem") -> "Problem":
    """Divide lambda by the number of slices."""
    return problem.with_lam(problem.lam / problem.shape[-1])


def lambda_by_unit(problem: "Problem") -> "Problem":
    """Take a lambda that is right for data of about one."""
    return problem.with_lam(0.1 if problem.lam > 0 else 0.0)


def of_lower(problem: "Problem") -> "Problem":
    """Lower the lower bound by one."""
    return replace(problem, lower=problem.lower - 1.0)


def of_upper(problem: "Problem") -> "Problem":
    """Leave the upper bound out."""
    return replace(problem, upper=np.inf)


def regulariser(name: str) -> Callable[["Problem"], "Problem"]:
    """Take another regulariser."""
    return lambda problem: replace(problem, regulariser=name)


def weighted_tilts(problem: "Problem") -> "Problem":
    """Scale the last tilt."""
    data = problem.data.copy()
    data[..., -1, :, :] *= np.float32(1.1)
    return replace(problem, data=data)


def overwritten(problem: "Problem") -> "Problem":
    """Halve the data in place."""
    problem.data[:] *= np.float32(0.5)
    return problem


def one_voxel_further(problem: "Problem") -> "Problem":
    """Read the slices from the other end."""
    return replace(problem, data=problem.data[..., ::-1])


def exchanged(problem: "Problem", answer: Answer) -> Answer:
    """Exchange z and y of square slices."""
    volume = answer.volume
    square = volume.shape[-3] == volume.shape[-2]
    return replace(answer, volume=np.swapaxes(volume, -3, -2) if square else volume)


def called_converged(problem: "Problem", answer: Answer) -> Answer:
    """Say that it converged."""
    return replace(answer, converged=True)


def smaller_gap(problem: "Problem", answer: Answer) -> Answer:
    """State a hundredth of the gap."""
    return replace(answer, gap=None if answer.gap is None else 0.01 * answer.gap)


def without_lambda(problem: "Problem", answer: Answer) -> Answer:
    """Leave the regulariser out of the history."""
    misfit = problem.fidelity.value(problem.forward(np.ascontiguousarray(answer.volume, np.float32)))
    return replace(answer, objectives=(*answer.objectives[:-1], float(misfit)))


def prior(problem: "Problem", answer: Answer) -> Answer:
    """Add a constant."""
    return replace(answer, volume=answer.volume + np.float32(0.01))


def nudged(problem: "Problem", answer: Answer) -> Answer:
    """Add noise without a seed."""
    noise = np.random.default_rng().random(answer.volume.shape, np.float32)
    return replace(answer, volume=answer.volume * (1 + np.float32(1e-4) * noise))


def unguarded() -> Solver:
    """MLEM that divides by what it projects, whatever that is."""
    solver = OWN_SOLVERS["mlem"]()

    def run(problem: Any) -> Answer:
        volume = np.ones(problem.shape, np.float32)
        sensitivity = problem.adjoint(np.ones_like(problem.data))
        with np.errstate(all="ignore"):
            for _ in range(5):
                volume = volume * problem.adjoint(problem.data / problem.forward(volume)) / sensitivity
        return Answer(volume=volume)

    return replace(solver, run=run, claims=solver.claims - {"monotone"})


def shared_memory() -> Solver:
    """SIRT whose answers of a shape share their memory."""
    solver = OWN_SOLVERS["sirt"]()
    kept: dict[tuple[int, ...], np.ndarray] = {}

    def run(problem: Any) -> Answer:
        found = solver.run(problem)
        out = kept.setdefault(problem.shape, np.empty(problem.shape, np.float32))
        out[:] = found.volume
        return replace(found, volume=out)

    return replace(solver, run=run)


def absolute_stop() -> Solver:
    """SIRT that ends when no voxel changes by more than 0.3."""
    solver = OWN_SOLVERS["sirt"]()

    def run(problem: Any) -> Answer:
        from ....recon.baselines.sirt import sirt

        before = sirt(problem, iterations=1)
        for iterations in (2, 4, 8, 16, 32, 64):
            volume = sirt(problem, iterations=iterations)
            if np.max(np.abs(volume - before)) < 0.3:
                break
            before = volume
        return Answer(volume=volume)

    return replace(solver, run=run, claims=solver.claims - {"monotone"})


def long_steps() -> Solver:
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


def dense(change: Callable[[Any], None], **fields: Any) -> Callable[[], Solver]:
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


def mixed_once(dense: Any) -> None:
    """Forget the root of two."""
    dense.blocks = [
        (radius, np.concatenate([k[:3], k[3:] / np.sqrt(2.0)])) if len(k) == 6 else (radius, k)
        for radius, k in dense.blocks
    ]


def by_axis(dense: Any) -> None:
    """One ball per component: the sum of absolute differences."""
    dense.blocks = [(radius, k[axis : axis + 1]) for radius, k in dense.blocks for axis in range(len(k))]


def doubled_mean(dense: Any) -> None:
    """Expect twice the projection."""
    dense.matrix = 2.0 * dense.matrix


def cleaned_arrays() -> Solver:
    """Reconstruct arrays without what is not a number."""
    solver = OWN_SOLVERS["reconstruct_tv"]()
    before = solver.run_arrays
    if before is None:
        raise ValueError("`reconstruct_tv` must take arrays")

    def run_arrays(data: np.ndarray, angles_deg: np.ndarray, spacing_nm: float) -> Answer:
        return before(np.nan_to_num(data, posinf=0.0, neginf=0.0), angles_deg, spacing_nm)

    return replace(solver, run_arrays=run_arrays)


def first_steps() -> Solver:
    """The fused engine that ends after twenty iterations and says that it converged."""
    solver = OWN_SOLVERS["pdhg"]()

    def run(problem: Any, **limits: Any) -> Answer:
        limit = min(limits.get("max_iterations", 20), 20)
        return replace(solver.run(problem, max_iterations=limit), converged=True)

    return replace(solver, run=run)
