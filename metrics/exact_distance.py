"""Exact Wasserstein distance between two phase diagrams, by optimal assignment."""

from dataclasses import dataclass

import numpy as np

from .diagram import PhaseDiagram
from .distance import PUBLISHED_SCALES, scaled_points


@dataclass(frozen=True, kw_only=True, eq=False)
class TransportDistance:
    """The least cost of moving one phase diagram onto another, and where everything goes.

    Attributes
    ----------
    distance : float
        1-Wasserstein distance of the condensed diagrams, in units of `scales`.
    condensing_error : float
        The distance of the full diagrams lies within this of `distance`, for certain; 0 where nothing had
        to be condensed.
    sources, targets : numpy.ndarray
        (parcel, 2) fraction and density (atoms nm⁻³): each parcel of the first diagram beside the place in
        the second to which it moves. All parcels hold the same share of the voxels.
    """

    distance: float
    condensing_error: float
    sources: np.ndarray
    targets: np.ndarray

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which the distance of the full diagrams lies."""
        return max(self.distance - self.condensing_error, 0.0), self.distance + self.condensing_error


def exact_diagram_distance(
    first: PhaseDiagram | tuple[np.ndarray, np.ndarray],
    second: PhaseDiagram | tuple[np.ndarray, np.ndarray],
    *,
    scales: tuple[float, float] = PUBLISHED_SCALES,
    parcels: int = 1024,
) -> TransportDistance:
    """Exact 1-Wasserstein distance between two phase diagrams, with the plan that moves one to the other.

    Parameters
    ----------
    first, second : PhaseDiagram or (fraction, density)
        The diagrams, as such or as two arrays (n,); they may hold different numbers of voxels.
    scales : tuple of float
        Fraction and density (atoms nm⁻³) that count as one unit, as for `phase_diagram_distance`.
    parcels : int
        Parcels of equal share into which either diagram is condensed: a power of two. Time grows as its
        cube at worst, memory as its square: 8 MB for 1024 parcels, 130 MB for 4096.

    Returns
    -------
    TransportDistance

    Raises
    ------
    ValueError
        If a diagram is empty or not finite, a scale not positive, or `parcels` no power of two up to 8192.

    Notes
    -----
    The cost is the mean Euclidean distance that voxels move in scaled axes, minimised over all plans.
    Between two sets of N points of equal weight some optimal plan is a permutation (Birkhoff), so that the
    assignment problem [1]_ solves the transport problem exactly. Diagrams of equal and at most `parcels`
    voxels are taken as they are. Others are cut into N parcels of equal share, in turns along the longer
    axis at the median (a k-d tree; a voxel on a cut is shared), and each parcel is put in its centre of
    mass. By the triangle inequality the distance changes by no more than the mean ways of the voxels to
    their centres, which is `condensing_error`: a bound; what is found is usually far closer.

    The sliced distance is quicker and needs no condensing, but underrates what differs in its joint shape:
    (2/π) sliced ≤ exact, always.

    References
    ----------
    .. [1] D. F. Crouse, IEEE Trans. Aerosp. Electron. Syst. 52, 1679 (2016), doi:10.1109/TAES.2016.140952

    Examples
    --------
    >>> one = (np.array([0.2, 0.5]), np.array([5.0, 4.0]))
    >>> two = (np.array([0.5, 0.2]), np.array([4.0, 7.0]))
    >>> found = exact_diagram_distance(one, two)
    >>> round(found.distance, 6), found.condensing_error
    (0.5, 0.0)
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    if isinstance(parcels, bool) or not 1 <= parcels <= 8192 or parcels & (parcels - 1):
        raise ValueError(f"`parcels` must be a power of two from 1 to 8192, got {parcels}")
    clouds = [scaled_points(cloud, scales).T for cloud in (first, second)]
    moved = (0.0, 0.0)
    if not len(clouds[0]) == len(clouds[1]) <= parcels:
        condensed = [_condensed(cloud, parcels) for cloud in clouds]
        clouds, moved = [c[0] for c in condensed], (condensed[0][1], condensed[1][1])
    costs = cdist(clouds[0], clouds[1])
    rows, columns = linear_sum_assignment(costs)
    return TransportDistance(
        distance=float(costs[rows, columns].mean()),
        condensing_error=float(sum(moved)),
        sources=clouds[0] * scales,
        targets=clouds[1][columns] * scales,
    )


def _condensed(points: np.ndarray, parcels: int) -> tuple[np.ndarray, float]:
    """Centres of mass of parcels of equal share, and the mean way of the points to them."""
    parts = [(points, np.full(len(points), 1.0 / len(points)))]
    while len(parts) < parcels:
        parts = [half for part in parts for half in _halves(*part)]
    centres = np.array([np.average(where, axis=0, weights=weight) for where, weight in parts])
    ways = [
        weight @ np.linalg.norm(where - centre, axis=1)
        for (where, weight), centre in zip(parts, centres, strict=True)
    ]
    return centres, float(np.sum(ways))


def _halves(where: np.ndarray, weight: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Both halves of a part, by weight, cut across its longer axis; the point on the cut is shared."""
    axis = int(np.argmax(np.ptp(where, axis=0)))
    # Ties are broken by the other axis, so that the order of the voxels does not matter.
    order = np.lexsort((where[:, 1 - axis], where[:, axis]))
    where, weight = where[order], weight[order]
    total = np.cumsum(weight)
    half = 0.5 * total[-1]
    cut = min(int(np.searchsorted(total, half)), len(where) - 1)
    low = weight[: cut + 1].copy()
    high = weight[cut:].copy()
    low[-1] = half - (total[cut] - weight[cut])
    high[0] = total[cut] - half
    if high[0] <= 1e-12 * half and len(high) > 1:
        return [(where[: cut + 1], low), (where[cut + 1 :], high[1:])]
    return [(where[: cut + 1], low), (where[cut:], high)]
