"""Laws of solvers: from noiseless data of few tilts, what the regulariser is meant for comes back."""

import numpy as np
from hypothesis import strategies as st

from ..drawn_array import DrawnArray
from ..drawn_problem import DrawnProblem
from ..finding import Finding
from ..law import law
from ..solver import Solver
from .solver_judgement import claimed, unfinished

# Roofs that are straight along z are known from two tilts, blocks on a ground from five within ±70°.
_TWO, _FIVE = (0.0, 90.0), (-70.0, -35.0, 0.0, 35.0, 70.0)
_VOXELS = 5
_SHARE = 1e-3
# How far off the minimum itself is with this λ, and how much further a volume may be whose objective is at
# most a thousandth above the least, as shares of the largest density: the largest of any voxel of any body
# that a law draws, by a cone solver (0.0182 and 0.0107 for 297 blocks, 0.0010 and 0.0023 for 60 roofs), and
# some rounding. What an excess allows is concave in it: no more below a thousandth, in proportion above.
_BLOCKS, _ROOFS = (0.019, 0.011), (0.002, 0.003)
_GAP = 1e-3
_MANY, _SIDE = tuple(float(angle) for angle in range(-75, 76, 15)), 7


def _excuse(regulariser: str):
    def excuse(solver: Solver) -> str | None:
        if not solver.variational:
            return "it minimises no objective"
        taken = regulariser in solver.regularisers and "least_squares" in solver.data_terms
        return None if taken else f"it does not take {regulariser} with least squares"

    return excuse


def _judged(
    solver: Solver,
    body: np.ndarray,
    regulariser: str,
    angles: tuple[float, ...],
    allowed: tuple[float, float],
) -> Finding:
    entries = tuple((int(i), float(body.flat[i])) for i in np.flatnonzero(body))
    drawn = DrawnProblem(DrawnArray(body.shape, entries), angles, share=_SHARE, regulariser=regulariser)
    answer = solver.solve(drawn.problem())
    if unfinished(answer):
        return Finding(0.0, 0.0, "it says that it has not converged")
    error = float(np.max(np.abs(answer.volume - body))) / float(body.max())
    limit = allowed[0] + allowed[1] * max(solver.gap / _GAP, 1.0)
    return Finding(error, limit, f"a voxel is off by {error:.3g} of the largest density")


def _edge():
    """First voxel and length of an edge of two voxels at least: lines of one are lost in part."""
    return st.integers(0, _VOXELS - 2).flatmap(
        lambda first: st.tuples(st.just(first), st.integers(2, _VOXELS - first))
    )


@law(
    kind="solver",
    formula="x(P x₀; λ → 0) → x₀ for blocks x₀ on a ground",
    tolerance="0.019 of the largest density, what the minimum itself is off by for this λ in the worst of "
    "these blocks; and 0.011, what a volume may be off by in addition whose objective is 10⁻³ above the "
    "least, or in proportion to the gap promised where that is more",
    cases=lambda solver: st.fixed_dictionaries(
        {
            "z": _edge(),
            "y": _edge(),
            "step": st.sampled_from([1.0, 2.0, 0.5]),
            "ground": st.sampled_from([1.0, 0.01, 100.0]),
        }
    ),
    excuse=_excuse("tv"),
    cost=20,
)
def recovers_blocks(
    solver: Solver, z: tuple[int, int], y: tuple[int, int], step: float, ground: float
) -> Finding:
    """TV finds a block on a ground from five tilts within ±70°.

    Notes
    -----
    That the sparsest gradient is found from few data is what TV is used for: E. J. Candès, J. Romberg and
    T. Tao, IEEE Trans. Inf. Theory 52 (2006) 489, doi 10.1109/TIT.2005.862083.
    """
    body = np.ones((_VOXELS, _VOXELS, 1))
    body[z[0] : sum(z), y[0] : sum(y)] += step
    return _judged(solver, ground * body, "tv", _FIVE, _BLOCKS)


@law(
    kind="solver",
    formula="x(P x₀; λ → 0) → x₀ for roofs x₀",
    tolerance="0.002 of the largest density, twice what the minimum itself is off by for this λ in the worst "
    "of these roofs; and 0.003 for an objective 10⁻³ above the least, as for `recovers_blocks`",
    cases=lambda solver: st.fixed_dictionaries(
        {
            "ridge": st.sampled_from([2.0, 1.0]),
            "slopes": st.sampled_from([(0.5, -0.5), (1.0, 0.25), (-0.5, 1.0), (0.5, -0.25), (0.0, 1.0)]),
            "rise": st.sampled_from([0.5, 0.0, -0.25]),
            "axis": st.sampled_from(["y", "z"]),
        }
    ),
    excuse=lambda solver: _excuse("tv2")(solver) or claimed("any_geometry")(solver),
    cost=20,
)
def recovers_roofs(
    solver: Solver, ridge: float, slopes: tuple[float, float], rise: float, axis: str
) -> Finding:
    """TV² finds a density with a ridge from tilts of 0° and 90°, ten numbers for twenty-five voxels."""
    z, y, _ = np.indices((_VOXELS, _VOXELS, 1), dtype=np.float64)
    along, across = (y, z) if axis == "y" else (z, y)
    body = np.where(along < ridge, slopes[0] * (along - ridge), slopes[1] * (along - ridge))
    body += rise * across
    body += 0.5 - body.min()
    return _judged(solver, body, "tv2", _TWO, _ROOFS)


@law(
    kind="solver",
    formula="arg max x(P δ_i) = i",
    tolerance="0: the brightest voxel is that one, or as bright to rounding; eleven tilts to ±75° tell its "
    "neighbours apart",
    cases=lambda solver: st.fixed_dictionaries(
        {
            "z": st.integers(1, _SIDE - 2),
            "y": st.integers(1, _SIDE - 2),
            "x": st.integers(0, 2),
            "density": st.sampled_from([1.0, 5.0, 0.01]),
        }
    ),
    cost=10,
)
def finds_voxel(solver: Solver, z: int, y: int, x: int, density: float) -> Finding:
    """A single bright voxel is brightest where it is: no axis is turned, and no pixel off.

    Notes
    -----
    A volume whose axes are exchanged, or whose tilts run the other way, keeps most other symmetries.
    """
    body = np.zeros((_SIDE, _SIDE, 3))
    body[z, y, x] = density
    drawn = DrawnProblem(
        DrawnArray(body.shape, ((int(np.argmax(body)), density),)),
        _MANY,
        share=_SHARE,
        regulariser=solver.regularisers[0],
        data_term=solver.data_terms[0],
    )
    volume = solver.solve(drawn.problem()).volume
    found = tuple(int(i) for i in np.unravel_index(int(np.argmax(volume)), volume.shape))
    if not volume[found] > volume.min():
        return Finding(float("nan"), 0.0, "all voxels are equal")
    if volume[z, y, x] >= volume[found] * (1.0 - 1e-5):
        return Finding(0.0, 0.0)
    distance = float(np.linalg.norm(np.subtract(found, (z, y, x))))
    return Finding(distance, 0.0, f"the voxel at {(z, y, x)} is found at {found} (z, y, x)")
