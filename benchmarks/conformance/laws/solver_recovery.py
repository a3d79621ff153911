"""Laws of solvers: from noiseless data of few tilts, what the regulariser is meant for comes back."""

import numpy as np
from hypothesis import strategies as st

from ..drawn_array import DrawnArray
from ..drawn_problem import DrawnProblem
from ..finding import Finding
from ..law import law
from ..solver import Solver
from .solver_judgement import claimed

# Roofs that are straight along z are known from two tilts, blocks on a ground from five within ±70°.
_TWO, _FIVE = (0.0, 90.0), (-70.0, -35.0, 0.0, 35.0, 70.0)
_VOXELS = 5
_SHARE = 1e-3
# The largest shrinkage by this λ in the bodies that the laws draw, as a share of the largest density: by the
# float64 minimum, 0.017 for blocks with TV and 0.005 for roofs with TV². A relative excess of the objective
# moves voxels further: at a gap of 10⁻³ less than can be told from the shrinkage.
_SHRINKAGE, _PER_GAP = 0.03, 10.0
_MANY, _SIDE = tuple(float(angle) for angle in range(-75, 76, 15)), 7


def _excuse(regulariser: str):
    def excuse(solver: Solver) -> str | None:
        if not solver.variational:
            return "it minimises no objective"
        taken = regulariser in solver.regularisers and "least_squares" in solver.data_terms
        return None if taken else f"it does not take {regulariser} with least squares"

    return excuse


def _judged(solver: Solver, body: np.ndarray, regulariser: str, angles: tuple[float, ...]) -> Finding:
    entries = tuple((int(i), float(body.flat[i])) for i in np.flatnonzero(body))
    drawn = DrawnProblem(DrawnArray(body.shape, entries), angles, share=_SHARE, regulariser=regulariser)
    volume = solver.solve(drawn.problem()).volume
    error = float(np.max(np.abs(volume - body))) / float(body.max())
    limit = _SHRINKAGE + _PER_GAP * solver.gap
    return Finding(error, limit, f"a voxel is off by {error:.3g} of the largest density")


def _side():
    return st.tuples(st.integers(0, _VOXELS - 1), st.integers(1, _VOXELS))


@law(
    kind="solver",
    formula="x(P x₀; λ → 0) → x₀ for blocks x₀ on a ground",
    tolerance="0.03 of the density: nearly twice the shrinkage by this λ, proportional to it, in the worst "
    "of such blocks; and ten times the gap promised",
    cases=lambda solver: st.fixed_dictionaries(
        {
            "z": _side(),
            "y": _side(),
            "slices": st.integers(1, 2),
            "step": st.sampled_from([1.0, 2.0, 0.5]),
            "ground": st.sampled_from([1.0, 0.01, 100.0]),
        }
    ),
    excuse=_excuse("tv"),
    cost=20,
)
def recovers_blocks(
    solver: Solver, z: tuple[int, int], y: tuple[int, int], slices: int, step: float, ground: float
) -> Finding:
    """TV finds a block on a ground from five tilts within ±70°.

    Notes
    -----
    That the sparsest gradient is found from few data is what TV is used for: E. J. Candès, J. Romberg and
    T. Tao, IEEE Trans. Inf. Theory 52 (2006) 489, doi 10.1109/TIT.2005.862083. TV² is off by up to 0.16
    of the density on the same data.
    """
    body = np.ones((_VOXELS, _VOXELS, slices))
    first, last = zip(*(sorted((low, high if high != low else low + 1)) for low, high in (z, y)), strict=True)
    body[first[0] : last[0], first[1] : last[1]] += step
    return _judged(solver, ground * body, "tv", _FIVE)


@law(
    kind="solver",
    formula="x(P x₀; λ → 0) → x₀ for roofs x₀",
    tolerance="0.03 of the largest density: six times the shrinkage by this λ in the worst of these roofs; "
    "and ten times the gap promised",
    cases=lambda solver: st.fixed_dictionaries(
        {
            "ridge": st.sampled_from([2.0, 1.0, 3.0]),
            "slopes": st.sampled_from([(0.5, -0.5), (1.0, 0.25), (-0.5, 1.0), (0.5, -0.25), (0.0, 1.0)]),
            "rise": st.sampled_from([0.5, 0.0, -0.25]),
            "axis": st.sampled_from(["y", "z"]),
            "slices": st.integers(1, 2),
        }
    ),
    excuse=lambda solver: _excuse("tv2")(solver) or claimed("any_geometry")(solver),
    cost=20,
)
def recovers_roofs(
    solver: Solver, ridge: float, slopes: tuple[float, float], rise: float, axis: str, slices: int
) -> Finding:
    """TV² finds a density with a ridge from tilts of 0° and 90°, ten numbers for twenty-five voxels."""
    z, y, _ = np.indices((_VOXELS, _VOXELS, slices), dtype=np.float64)
    along, across = (y, z) if axis == "y" else (z, y)
    body = np.where(along < ridge, slopes[0] * (along - ridge), slopes[1] * (along - ridge))
    body += rise * across
    body += 0.5 - body.min()
    return _judged(solver, body, "tv2", _TWO)


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
