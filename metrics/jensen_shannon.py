"""Jensen–Shannon divergence between two phase diagrams."""

import numpy as np

from .diagram import PhaseDiagram
from .distance import PUBLISHED_SCALES, scaled_points


def jensen_shannon_divergence(
    first: PhaseDiagram | tuple[np.ndarray, np.ndarray],
    second: PhaseDiagram | tuple[np.ndarray, np.ndarray],
    *,
    scales: tuple[float, float] = PUBLISHED_SCALES,
    cells_per_scale: float = 2.0,
) -> float:
    """Jensen–Shannon divergence of two phase diagrams, in bits: how well a voxel tells which it came from.

    Parameters
    ----------
    first, second : PhaseDiagram or (fraction, density)
        The diagrams, as such or as two arrays (n,); they may hold different numbers of voxels.
    scales : tuple of float
        Fraction and density (atoms nm⁻³) that count as one unit, as for `phase_diagram_distance`.
    cells_per_scale : float
        Cells of the histograms along each unit.

    Returns
    -------
    float
        0 for equal histograms to 1 for diagrams without a common cell. Symmetric; its root obeys the
        triangle inequality [2]_.

    Raises
    ------
    ValueError
        If a diagram is empty or not finite, or a scale or `cells_per_scale` is not positive.

    Notes
    -----
    With the histograms p and q and m = (p + q)/2,

        JS = ½ Σ p log₂(p/m) + ½ Σ q log₂(q/m)   [1]_,

    the information, in bits, that the cell of one voxel carries about which of both diagrams it was drawn
    from. Cells are ``scale / cells_per_scale`` wide, one of them centred on a fraction of one half and a
    density of zero, whatever the data: three diagrams share one set of cells. Two samples of n and m voxels
    from one distribution differ by chance: the mean is about (K − 1)(1/n + 1/m)/(8 ln 2) bits over K
    occupied cells of independent voxels; voxels that share their noise by k count as n/k.

    What it does not see is how far apart cells are: a phase displaced by one cell costs as much as one
    displaced by ten. A sharp truth against a blurred volume is therefore near 1 whatever the volume; use it
    between volumes of like blur, and a Wasserstein distance otherwise.

    References
    ----------
    .. [1] J. Lin, IEEE Trans. Inf. Theory 37, 145 (1991), doi:10.1109/18.61115
    .. [2] D. M. Endres, J. E. Schindelin, IEEE Trans. Inf. Theory 49, 1858 (2003),
       doi:10.1109/TIT.2003.813506

    Examples
    --------
    >>> one = (np.array([0.2, 0.2]), np.array([5.0, 5.0]))
    >>> two = (np.array([0.2, 0.5]), np.array([5.0, 4.0]))
    >>> jensen_shannon_divergence(one, one), round(jensen_shannon_divergence(one, two), 3)
    (0.0, 0.311)
    """
    if not (np.isfinite(cells_per_scale) and cells_per_scale > 0):
        raise ValueError(f"`cells_per_scale` must be positive, got {cells_per_scale}")
    points = [scaled_points(cloud, scales) for cloud in (first, second)]
    # A fraction of one half is the middle of a cell: exchanging the elements mirrors the cells as well.
    middle = np.array([[0.5 / scales[0]], [0.0]])
    cells = [np.floor((cloud - middle) * cells_per_scale + 0.5).T for cloud in points]
    _, cell = np.unique(np.concatenate(cells), axis=0, return_inverse=True)
    cell = cell.ravel()
    p, q = (
        np.bincount(part, minlength=int(cell.max()) + 1) / part.size
        for part in (cell[: len(cells[0])], cell[len(cells[0]) :])
    )
    mean = 0.5 * (p + q)
    return float(np.clip(0.5 * (_information(p, mean) + _information(q, mean)), 0.0, 1.0))


def _information(p: np.ndarray, mean: np.ndarray) -> float:
    held = p > 0
    return float(np.sum(p[held] * np.log2(p[held] / mean[held])))
