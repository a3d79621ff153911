"""The width of the interface between two phases, freed of the volume's own blur."""

from dataclasses import dataclass

import numpy as np

from .checks import as_volume, same_shape
from .diagram import particle_mask
from .edge_width import WIDTH_PER_SIGMA, EdgeFit, fit_edge, resampled_sigma
from .interior import depth_inside
from .level_surface import LevelSurface, level_surface
from .resolution import resolution_voxels

_PER_VOXEL = 2  # shells per voxel of distance
_FEWEST_VOXELS = 100
_GROUPS = 24  # of cubes, for the jackknife
_ALIGNMENT = 8  # power of the weight of surface normals along those of the interface
# Standard error of taking the surface's blur for the interface's, as a share of its square: root mean square
# over 50 sharp interfaces by TV² at three doses (docs/interfaces.md), where it was mostly a bias upwards.
_BLUR_DOUBT = 0.43
_STEP = 0.15  # of the zinc fraction, below which nobody speaks of two phases


@dataclass(frozen=True, kw_only=True, eq=False)
class InterfaceWidth:
    """Width of an interface along its local normal, with what it was read from.

    Attributes
    ----------
    width_nm : float
        10–90 % width of the zinc fraction, corrected for the resolution, nm; 0 where the interface looks
        no wider than the volume's blur, NaN without an interface.
    standard_error_nm : float
        Its standard error. A corrected width w has the error
        e/(2w) for an error e of its square, so that widths far below the resolution are uncertain by
        about √e.
    apparent_nm : float
        Width as it stands in the volume.
    resolution_nm : float
        10–90 % width that a sharp interface of the same orientation would show.
    squared_nm2 : float
        apparent² − resolution²: what `width_nm` is the root of where it is positive. It may be negative
        by chance, so that its mean over replicates, unlike that of `width_nm`, has no bias from the root.
    squared_error_nm2 : float
        Standard error of `squared_nm2`: scatter, by a jackknife over cubes of the volume, and, where the blur
        was read from the surface, 0.43 of its square for its not being the blur of the interface.
    scatter_nm2 : float
        The jackknife's part of it.
    reason : str
        Why there is no width; empty if there is one.
    distance_nm, zn_profile, co_profile : numpy.ndarray
        (shells,) signed distance to the interface, positive towards zinc, and mean densities, nm⁻³.
    zn_fitted, co_fitted : numpy.ndarray
        (shells,) the error-function steps fitted to them.
    """

    width_nm: float
    standard_error_nm: float
    apparent_nm: float
    resolution_nm: float
    squared_nm2: float
    squared_error_nm2: float
    scatter_nm2: float
    reason: str
    distance_nm: np.ndarray
    zn_profile: np.ndarray
    co_profile: np.ndarray
    zn_fitted: np.ndarray
    co_fitted: np.ndarray


def interface_width(
    zn: np.ndarray,
    co: np.ndarray,
    *,
    spacing_nm: float,
    interior: np.ndarray | str | None = None,
    resolution_nm: float | None = None,
) -> InterfaceWidth:
    """Measure the 10–90 % width of the interface between a zinc-rich and a zinc-poor phase.

    Parameters
    ----------
    zn, co : numpy.ndarray
        (z, y, x) densities, atoms nm⁻³.
    spacing_nm : float
        Edge of a voxel, nm.
    interior : numpy.ndarray or "esf", optional
        Mask of the particle; the edge-spread threshold on the total density without one.
    resolution_nm : float, optional
        10–90 % width of a sharp step in this volume, if known; read from the particle's surface without
        one.

    Returns
    -------
    InterfaceWidth

    Raises
    ------
    ValueError
        If shapes differ, a length is not positive or no particle is found.

    Notes
    -----
    The interface is the level set midway between the two phases of the zinc fraction, smoothed by the
    volume's resolution. Zinc and cobalt are averaged over shells of equal distance d to it, leaving out
    what lies within 1.2 resolutions of the particle's surface, and each profile is fitted by
    ``low + (high − low) Φ((d − d₀)/s)``: an interdiffusion profile or a sharp step, after Gaussian blur.
    10–90 % widths are 2.563 s, and since either density is linear in the share of a phase, they are those
    of the zinc fraction (to 0.2 % for densities of 5 and 6 nm⁻³).

    The same fit at the free surface of the particle, sharp in truth, tells the blur r: for each element
    on the side that holds it, and with weights (nᵀ⟨mmᵀ⟩n)⁸ that prefer surface normals n along the
    interface's normals m, since a missing wedge blurs differently in every direction. Gaussian widths
    add in squares: w² = 2.563² (s² − r²), averaged over the two elements. Anything that makes the
    surface itself rough or soft narrows the result, and a regulariser that sharpens one edge more
    than the other biases it.

    Examples
    --------
    >>> from scipy.special import ndtr
    >>> z, y, x = np.mgrid[-16:16, -16:16, -16:16] + 0.5
    >>> ball = ndtr((12 - np.sqrt(z**2 + y**2 + x**2)) / 1.2)
    >>> share = ndtr(x / np.hypot(1.2, 1.6))
    >>> found = interface_width(6 * ball * share, 5 * ball * (1 - share), spacing_nm=5.0)
    >>> bool(abs(found.width_nm - 2.563 * 1.6 * 5.0) < 1.5)
    True
    """
    zn, co = (as_volume(n, v).astype(np.float64) for n, v in (("zn", zn), ("co", co)))
    same_shape(zn=zn, co=co)
    for name, value in (("spacing_nm", spacing_nm), ("resolution_nm", resolution_nm)):
        if value is not None and not 0 < value < np.inf:
            raise ValueError(f"`{name}` must be positive and finite, got {value}")
    total = zn + co
    if min(zn.shape) < 4:
        return _none(f"too few voxels along an edge of the volume ({min(zn.shape)})")
    mask, _ = particle_mask(total, interior)
    if not mask.any():
        raise ValueError("`interior` must hold the particle, got no voxel")
    if mask.all():
        return _none("no surface: the particle fills the volume")
    sharpness = resolution_voxels(total, mask)
    if not np.isfinite(sharpness):
        return _none("no surface: the density does not fall at the particle's edge")
    reach = float(np.clip(6 * sharpness, 8, 24))
    interface = _interface(zn, total, mask, sharpness, reach)
    if isinstance(interface, str):
        return _none(interface)
    deep = depth_inside(mask) > 1.2 * sharpness
    use = deep & (np.abs(interface.distance) < reach)
    sides = [np.count_nonzero(use & side) for side in (interface.distance < 0, interface.distance >= 0)]
    if min(sides) < _FEWEST_VOXELS:
        return _none(
            f"too few voxels beside the interface ({min(sides)}): finer voxels, or a larger particle"
        )
    cube = max(4, round(2 * sharpness))
    edges = [_Edge.of(interface.distance, use, values, np.ones(zn.shape), reach, cube) for values in (zn, co)]
    steps = [edge.fit(sharpness / 2.3548) for edge in edges]
    heights = [abs(step.height) if step.ok else 0.0 for step in steps]
    if not max(heights) > 0:
        return _none("no step of the zinc fraction that ends inside the particle")
    # An element that hardly changes across the interface says nothing about its width.
    kept = [k for k in range(2) if steps[k].ok and heights[k] > 0.25 * max(heights)]
    if resolution_nm is None:
        surfaces = _surfaces(zn, co, total, mask, interface, sharpness, reach, cube)
        blurs = [None if edge is None else edge.fit(sharpness / 2.3548) for edge in surfaces]
        kept = [k for k in kept if (blur := blurs[k]) is not None and blur.ok]
        if not kept:
            return _none("no surface away from the interface to tell the resolution from")
        pairs = [(edges[k], steps[k], surfaces[k], blurs[k]) for k in kept]
    else:
        known = float(resolution_nm / spacing_nm / WIDTH_PER_SIGMA)
        pairs = [(edges[k], steps[k], None, known) for k in kept]
    return _width(pairs, edges, steps, float(spacing_nm))


@dataclass(frozen=True, eq=False)
class _Edge:
    """Shell sums of one element across one surface, apart for each group of cubes."""

    shells: np.ndarray
    weights: np.ndarray  # (group, shell)
    sums: np.ndarray

    @classmethod
    def of(cls, distance, use, values, weight, reach: float, cube: int) -> "_Edge":
        half = int(np.ceil(reach * _PER_VOXEL))
        where = np.nonzero(use)
        shell = np.floor(distance[where] * _PER_VOXEL).astype(int) + half
        group = sum(prime * (index // cube) for prime, index in zip((1, 5, 11), where, strict=True)) % _GROUPS
        cells = group * 2 * half + np.clip(shell, 0, 2 * half - 1)
        size, held = _GROUPS * 2 * half, weight[where]
        weights, sums = (np.bincount(cells, w, size) for w in (held, held * values[where]))
        shells = (np.arange(-half, half) + 0.5) / _PER_VOXEL
        return cls(shells, weights.reshape(_GROUPS, -1), sums.reshape(_GROUPS, -1))

    def fit(self, sigma: float) -> EdgeFit:
        return fit_edge(self.shells, self.weights.sum(axis=0), self.sums.sum(axis=0), sigma=sigma)

    def without(self, group: int, fit: EdgeFit) -> float:
        """Width of the step when one group of cubes is left out."""
        weights = self.weights.sum(axis=0) - self.weights[group]
        # Differences of sums leave rounding where a shell lies in that group alone.
        weights[weights < 1e-9] = 0.0
        return resampled_sigma(self.shells, weights, self.sums.sum(axis=0) - self.sums[group], fit)

    @property
    def means(self) -> np.ndarray:
        weights = self.weights.sum(axis=0)
        sums = self.sums.sum(axis=0)
        return np.divide(sums, weights, out=np.full(weights.shape, np.nan), where=weights > 0)


def midway_field(
    zn: np.ndarray, total: np.ndarray, mask: np.ndarray, sharpness: float
) -> tuple[np.ndarray, np.ndarray] | str:
    """Smoothed zinc fraction less the level midway between two phases, and where it is known; or why not."""
    from scipy.ndimage import gaussian_filter

    inner = depth_inside(mask) > np.ceil(sharpness / 2) + 1
    if np.count_nonzero(inner) < 2 * _FEWEST_VOXELS:
        return "too few voxels inside the particle: finer voxels, or a larger particle"
    sigma = sharpness / 2.3548
    zinc, both = (gaussian_filter(np.where(inner, values, 0.0), sigma) for values in (zn, total))
    known = gaussian_filter(inner.astype(np.float64), sigma) > 1e-2
    known &= both > 0
    fraction = np.divide(zinc, both, out=np.zeros_like(zinc), where=known)
    low, high = np.quantile(fraction[inner], (0.05, 0.95))
    if high - low < _STEP:
        return "one phase only: the zinc fraction takes no step"
    level = 0.5 * (low + high)
    rich = inner & (fraction > level)
    if min(np.count_nonzero(rich), np.count_nonzero(inner & ~rich)) < _FEWEST_VOXELS:
        return "one phase only: too little of a second one"
    # The edge of what is known is no interface: beyond it the field goes on as nearest inside.
    return _continued(fraction - level, known), known


def _interface(
    zn: np.ndarray, total: np.ndarray, mask: np.ndarray, sharpness: float, reach: float
) -> LevelSurface | str:
    """Level set of the smoothed zinc fraction midway between the two phases, or why there is none."""
    field = midway_field(zn, total, mask, sharpness)
    if isinstance(field, str):
        return field
    found = level_surface(*field, reach=reach + 2)
    return "one phase only: no interface" if found is None else found


def _continued(field: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Field whose unknown voxels take the value of the nearest known one."""
    from scipy.ndimage import distance_transform_edt

    _, nearest = distance_transform_edt(~known, return_indices=True)  # type: ignore[misc]
    return field[tuple(nearest)]


def _surfaces(zn, co, total, mask, interface: LevelSurface, sharpness: float, reach: float, cube: int):
    """Shell sums of zinc and of cobalt across the particle's surface, each on the side that holds it."""
    from scipy.ndimage import gaussian_filter
    from scipy.spatial import KDTree

    smooth = gaussian_filter(total, sharpness / 2.3548)
    level = 0.5 * float(np.median(total[mask]))
    surface = level_surface(smooth - level, np.ones(mask.shape, dtype=bool), reach=reach)
    if surface is None:
        return None, None
    away, nearest = (np.asarray(a) for a in KDTree(interface.points).query(surface.points))
    towards = np.einsum(
        "ij,ij->i", surface.points - interface.points[nearest], interface.normals[nearest]
    )  # positive on the side of zinc
    tensor = interface.normals.T @ interface.normals / len(interface.normals)
    aligned = np.einsum("ij,jk,ik->i", surface.normals, tensor, surface.normals)
    point_weight = np.maximum(aligned, 1e-3) ** _ALIGNMENT * (away > 2 * sharpness)
    # What lies below the surface must be of one phase as well.
    held = (surface.nearest >= 0) & (np.abs(interface.distance) > 2 * sharpness)
    held &= np.abs(surface.distance) < 0.75 * reach
    edges = []
    for values, sign in ((zn, 1), (co, -1)):
        chosen = point_weight * (sign * towards > 0)
        weight = np.where(held, chosen[surface.nearest], 0.0)
        use = weight > 0
        enough = np.count_nonzero(use) >= 2 * _FEWEST_VOXELS
        edges.append(_Edge.of(surface.distance, use, values, weight, reach, cube) if enough else None)
    return edges


def _width(pairs: list, edges: list[_Edge], steps: list[EdgeFit], spacing_nm: float) -> InterfaceWidth:
    """Difference of squares, its jackknife error, and its root."""
    scale = WIDTH_PER_SIGMA * spacing_nm

    def squares(step: list[float], blur: list[float]) -> tuple[float, float]:
        return scale**2 * float(np.mean(np.square(step))), scale**2 * float(np.mean(np.square(blur)))

    blurs = [blur if isinstance(blur, float) else blur.sigma for *_, blur in pairs]
    apparent, resolution = squares([step.sigma for _, step, _, _ in pairs], blurs)
    left_out = []
    for group in range(_GROUPS):
        step = [edge.without(group, fit) for edge, fit, _, _ in pairs]
        blur = [known if surface is None else surface.without(group, known) for *_, surface, known in pairs]
        wide, narrow = squares(step, blur)
        left_out.append(wide - narrow)
    scatter = float(np.sqrt((_GROUPS - 1) * np.var(left_out)))
    known = all(surface is None for _, _, surface, _ in pairs)
    error = scatter if known else float(np.hypot(scatter, _BLUR_DOUBT * resolution))
    squared = apparent - resolution
    width = float(np.sqrt(max(squared, 0.0)))
    filled = [edge.means for edge in edges]
    return InterfaceWidth(
        width_nm=width, standard_error_nm=error / (2 * max(width, np.sqrt(error) / 2, 1e-9)),
        apparent_nm=float(np.sqrt(apparent)), resolution_nm=float(np.sqrt(resolution)),
        squared_nm2=squared, squared_error_nm2=error, scatter_nm2=scatter, reason="",
        distance_nm=edges[0].shells * spacing_nm, zn_profile=filled[0], co_profile=filled[1],
        zn_fitted=steps[0].values(edges[0].shells), co_fitted=steps[1].values(edges[1].shells),
    )  # fmt: skip


def _none(reason: str) -> InterfaceWidth:
    nan, empty = float("nan"), np.zeros(0)
    return InterfaceWidth(
        width_nm=nan, standard_error_nm=nan, apparent_nm=nan, resolution_nm=nan, squared_nm2=nan,
        squared_error_nm2=nan, scatter_nm2=nan, reason=reason, distance_nm=empty, zn_profile=empty,
        co_profile=empty, zn_fitted=empty, co_fitted=empty,
    )  # fmt: skip
