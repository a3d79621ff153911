"""Laws of solvers: answers follow when a problem is scaled, moved, mirrored, turned or reordered."""

import numpy as np
from hypothesis import strategies as st

from ..drawn_problem import DrawnProblem, problems
from ..finding import Finding
from ..law import law
from ..solver import Solver
from .solver_judgement import claimed, image, same_answer, same_volume


def _equivariant(solver: Solver) -> str | None:
    return None if solver.variational else claimed("equivariant")(solver)


_TOLERANCE = (
    "objectives: the gap promised and float32 rounding; volumes of direct methods: 64 ε, and 16 times what "
    "nudges of data (8 ε) and angles (10⁻⁵ degrees) move them by"
)


def _with(solver: Solver, **more):
    options = {name: more.pop(name) for name in ("square", "plain", "empty_ends") if name in more}
    return st.fixed_dictionaries({"drawn": problems(solver, **options), **more})


def _counts(drawn: DrawnProblem) -> bool:
    return drawn.data_term == "kullback_leibler"


@law(
    kind="solver",
    formula="x(s b, s r, s u; λ') = s x(b, r, u; λ), λ' = s λ (least squares) or λ (counts)",
    tolerance=_TOLERANCE,
    cases=lambda solver: _with(solver, factor=st.sampled_from([2.0, 0.25, 3.0, 1000.0, 0.001])),
    cost=20,
)
def data_scale(solver: Solver, drawn: DrawnProblem, factor: float) -> Finding:
    """Data in another unit give the volume in another unit."""
    one, other = (at.problem() for at in (drawn, drawn.changed(scale=drawn.scale * factor)))
    return same_answer(solver, one, other, forth=lambda x: x * factor, back=lambda x: x / factor)


@law(
    kind="solver",
    formula="x(s h, s b, s r; λ') = x(h, b, r; λ), λ' = s² λ (least squares) or s λ (counts)",
    tolerance=_TOLERANCE,
    cases=lambda solver: _with(solver, factor=st.sampled_from([2.0, 0.25, 3.0, 100.0, 0.01])),
    cost=20,
)
def length_unit(solver: Solver, drawn: DrawnProblem, factor: float) -> Finding:
    """The unit of length does not matter: voxels s times as large, data s times as much, the same volume."""
    one = drawn.problem()
    other = image(
        one,
        spacing_nm=one.spacing_nm * factor,
        data=one.data * np.float32(factor),
        background=None if one.background is None else one.background * np.float32(factor),
        lam=one.lam * factor ** (1 if _counts(drawn) else 2),
    )
    return same_answer(solver, one, other, forth=same_volume, back=same_volume)


@law(
    kind="solver",
    formula="x(s w, s λ) = x(w, λ)",
    tolerance=_TOLERANCE,
    cases=lambda solver: _with(solver, factor=st.sampled_from([2.0, 0.25, 3.0, 1000.0, 0.001])),
    excuse=claimed("weights"),
    cost=20,
)
def weight_scale(solver: Solver, drawn: DrawnProblem, factor: float) -> Finding:
    """Weights and λ together times a number change nothing."""
    one = drawn.problem()
    other = image(one, weights=one.weights * np.float32(factor), lam=one.lam * factor)
    return same_answer(solver, one, other, forth=same_volume, back=same_volume)


@law(
    kind="solver",
    formula="x(π b, π α) = x(b, α) for permutations π of the tilts",
    tolerance=_TOLERANCE,
    cases=lambda solver: _with(solver, order=st.integers(0, 2**16)),
    excuse=lambda solver: None if solver.variational else claimed("tilt_order")(solver),
    cost=20,
)
def tilt_order(solver: Solver, drawn: DrawnProblem, order: int) -> Finding:
    """The order of the tilts does not matter."""
    one = drawn.problem()
    turns = np.random.default_rng(order).permutation(len(drawn.angles_deg))
    other = image(
        one,
        angles_deg=one.angles_deg[turns],
        data=one.data[..., turns, :, :],
        weights=one.weights[..., turns, :, :],
        gains=one.gains[..., turns],
        background=None if one.background is None else one.background[..., turns, :, :],
    )
    return same_answer(solver, one, other, forth=same_volume, back=same_volume)


@law(
    kind="solver",
    formula="x(b(· − e_x)) = x(b)(· − e_x) between empty slices",
    tolerance=_TOLERANCE,
    cases=lambda solver: _with(solver, plain=True, empty_ends=True, step=st.sampled_from([1, -1])),
    excuse=_equivariant,
    cost=20,
)
def shift_along_axis(solver: Solver, drawn: DrawnProblem, step: int) -> Finding:
    """A body moved by a voxel along the tilt axis gives the volume moved.

    Notes
    -----
    R changes where the volume meets the faces: as answers are carried over and judged on either side,
    it need not be the same.
    """
    one = drawn.problem()
    other = image(one, data=np.roll(one.data, step, axis=-1), weights=np.roll(one.weights, step, axis=-1))
    return same_answer(
        solver,
        one,
        other,
        forth=lambda x: np.roll(x, step, axis=-1),
        back=lambda x: np.roll(x, -step, axis=-1),
    )


@law(
    kind="solver",
    formula="x(b(−v), −α)(z, y) = x(b, α)(z, −y)",
    tolerance=_TOLERANCE,
    cases=_with,
    excuse=_equivariant,
    cost=20,
)
def mirror(solver: Solver, drawn: DrawnProblem) -> Finding:
    """Mirrored projections at the opposite tilts give the mirrored volume.

    Notes
    -----
    Forward differences meet in other triples at a corner once mirrored, so R is not quite the same: see
    `shift_along_axis`.
    """
    one = drawn.problem()

    def flip(x: np.ndarray) -> np.ndarray:
        return x[..., ::-1, :]

    other = image(
        one,
        angles_deg=-one.angles_deg,
        data=flip(one.data),
        weights=flip(one.weights),
        background=None if one.background is None else flip(one.background),
    )
    return same_answer(solver, one, other, forth=flip, back=flip)


@law(
    kind="solver",
    formula="x(b(−v), α + 180°) = x(b(v), α)",
    tolerance=_TOLERANCE,
    cases=lambda solver: _with(solver, tilt=st.integers(0, 3)),
    excuse=claimed("any_geometry"),
    cost=20,
)
def half_turn(solver: Solver, drawn: DrawnProblem, tilt: int) -> Finding:
    """A tilt further by half a turn sees the same, mirrored: the volume stays."""
    one = drawn.problem()
    index = tilt % len(drawn.angles_deg)
    angles = one.angles_deg.copy()
    angles[index] += 180.0 if angles[index] <= 0 else -180.0

    def turned(series: np.ndarray) -> np.ndarray:
        series = series.copy()
        series[..., index, :, :] = series[..., index, ::-1, :]
        return series

    other = image(
        one,
        angles_deg=angles,
        data=turned(one.data),
        weights=turned(one.weights),
        background=None if one.background is None else turned(one.background),
    )
    return same_answer(solver, one, other, forth=same_volume, back=same_volume)


@law(
    kind="solver",
    formula="x(b, 90° − α)(z, y) = x(b, α)(y, z) for square slices",
    tolerance=_TOLERANCE,
    cases=lambda solver: _with(solver, square=True),
    excuse=claimed("any_geometry"),
    cost=20,
)
def exchanged_axes(solver: Solver, drawn: DrawnProblem) -> Finding:
    """Tilts counted from the other axis exchange z and y; no regulariser prefers either."""
    one = drawn.problem()
    other = image(one, angles_deg=90.0 - one.angles_deg)

    def exchanged(x: np.ndarray) -> np.ndarray:
        return np.swapaxes(x, -3, -2)

    return same_answer(solver, one, other, forth=exchanged, back=exchanged)
