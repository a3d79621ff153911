"""Where the particle, its phases and the background lie: roughly, before any edge is fitted."""

from dataclasses import dataclass

import numpy as np

from .edge_fit import midmean, otsu
from .interior import depth_inside

# Blur of the copy in which regions are sought: noise fades, edges stay where they are.
_BLUR = 1.0  # voxels
# Levels closer than this share of the brighter one's contrast are one phase, and so are those whose
# histogram has no gap: a uniform spread has its halves 3.5, a normal one 2.7 of their own σ apart.
_APART = 0.25
_SIGMAS_APART = 4.5
_FEWEST_PLATEAU = 40  # voxels
_LEAST_SHARE = 0.01
_PHASES = 4
# Slope per voxel, as a share of the contrast, below which a voxel belongs to a plateau: at 2.5 voxels from
# an edge blurred by 1.5.
_LEVEL = 0.05
_DEEP = 3.0  # voxels
_SHELL = 5.0  # voxels
# What is faint and reaches so many of the array's faces is a film or a haze, no phase of the particle.
_FILM_FACES = 3
# Share of the array's faces that noise reaches, and no particle in full view does.
_SCATTERED = 0.3
# Particles smaller than this reach their level in the deepest quarter at most.
_SMALL = 2000  # voxels
# Where a phase may lie at the darkest: what is fainter than a fifth of the brightest is haze.
_FAINTEST = 0.2


@dataclass(frozen=True, kw_only=True, eq=False)
class Regions:
    """Flat masks of what is surely particle and surely background, phase by phase.

    Attributes
    ----------
    core, far : numpy.ndarray
        (voxels,) bool: the particle's deeper half and the background's farther half.
    smooth : numpy.ndarray
        (z, y, x): the volume after a blur of one voxel.
    """

    core: np.ndarray
    far: np.ndarray
    smooth: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class PhaseRegion:
    """What belongs to one phase of the particle.

    Attributes
    ----------
    core : numpy.ndarray
        (voxels,) bool: its plateau.
    domain : numpy.ndarray
        (voxels,) bool: every voxel, inside or outside the particle, whose nearest plateau it is.
    clear : numpy.ndarray
        (voxels,) bool: those of `domain` that no other phase bleeds into.
    """

    core: np.ndarray
    domain: np.ndarray
    clear: np.ndarray


def find_regions(volume: np.ndarray) -> Regions | None:
    """Tell the particle's deeper half from the background's farther half; None if all is alike."""
    smooth = blurred(volume, _BLUR)
    threshold = _first_threshold(smooth)
    if threshold is None:
        return None
    core = far = np.zeros(0, dtype=bool)
    for _ in range(2):
        inside = smooth > threshold
        if inside.all() or not inside.any():
            return None
        depth, distance = depth_inside(inside), depth_inside(~inside, frame=False)
        shallow = 0.5 if np.count_nonzero(inside) > _SMALL else 0.75
        core = (inside & (depth >= np.quantile(depth[inside], shallow))).ravel()
        far = (~inside & (distance >= np.median(distance[~inside]))).ravel()
        threshold = 0.5 * (midmean(smooth.ravel()[core]) + midmean(smooth.ravel()[far]))
    return Regions(core=core, far=far, smooth=smooth)


def _slope(smooth: np.ndarray) -> np.ndarray:
    """Magnitude of the gradient, per voxel."""
    square = np.zeros(smooth.shape, dtype=smooth.dtype)
    for axis in range(3):
        if smooth.shape[axis] > 1:
            square += np.square(np.gradient(smooth, axis=axis))
    return np.sqrt(square)


def find_phases_of_surface(regions: Regions) -> list[PhaseRegion]:
    """Plateaus of clearly different brightness, each with the voxels nearest to it; empty for one alone.

    Parameters
    ----------
    regions : Regions
        As `find_regions` gives them.
    """
    smooth = regions.smooth
    low, top = _contrast(regions)
    deep = deep_voxels(regions)
    slope = _slope(smooth)
    noise = float(np.median(slope.ravel()[regions.far]))
    deep &= slope < _LEVEL * top + 2 * noise
    if np.count_nonzero(deep) < 4 * _FEWEST_PLATEAU:
        return []
    cuts = _cuts(np.sort(smooth[deep].astype(np.float64)) - low)
    if not cuts:
        return []
    number = np.where(deep, 1 + np.digitize(smooth - low, cuts), 0)
    return _phase_regions(_plateaus(number, len(cuts) + 1), smooth.shape)


def blurred(volume: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of `sigma` voxels; outside the array the nearest voxel counts."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(volume, sigma, mode="nearest", truncate=3.0))


def _first_threshold(smooth: np.ndarray) -> float | None:
    """Otsu's threshold, or half of the brightest where Otsu's splits the noise around a tiny particle."""
    values = smooth.ravel()
    brightest = max(min(values.size // 1000, 50), 1)
    ceiling = float(np.partition(values, -brightest)[-brightest])
    clipped = np.minimum(values, ceiling)
    middle = float(np.median(clipped))
    if not ceiling > clipped.min():
        return None
    first = otsu(clipped)
    half = middle + 0.5 * (ceiling - middle)
    return half if _is_scattered(smooth > first) and not _is_scattered(smooth > half) else first


def _is_scattered(mask: np.ndarray) -> bool:
    """Whether a mask covers the frame as noise does, or has no piece that holds most of it."""
    return frame_share(mask) > _SCATTERED or largest_piece(mask).sum() < 0.5 * mask.sum()


def largest_piece(mask: np.ndarray) -> np.ndarray:
    """(z, y, x) bool: the largest connected piece of a mask."""
    from scipy.ndimage import label

    pieces = np.zeros(mask.shape, dtype=np.int32)
    if label(mask, output=pieces) == 1:
        return mask
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return pieces == int(np.argmax(sizes))


def deep_voxels(regions: Regions, *, sigmas: float = 0.0) -> np.ndarray:
    """(z, y, x) bool: what lies deep inside a generous outline of the particle.

    Parameters
    ----------
    regions : Regions
        As `find_regions` gives them.
    sigmas : float
        Depth in widths of the surface's blur; three voxels at least.
    """
    outline = _outline(regions)
    depth = depth_inside(outline)
    _, top = _contrast(regions)
    # The steepest tenth of the shell tells the blur, be other parts of the surface fainter or not.
    steepest = float(np.quantile(_slope(regions.smooth)[(depth > 0) & (depth <= _SHELL)], 0.9))
    sigma = top / (steepest * np.sqrt(2 * np.pi)) if steepest > 0 else 0.0
    return depth >= max(_DEEP, sigmas * sigma)


def _contrast(regions: Regions) -> tuple[float, float]:
    """Level of the background, and how far the brightest of the particle exceeds it."""
    values = regions.smooth.ravel()
    low = midmean(values[regions.far])
    return low, float(np.quantile(values[regions.core], 0.95)) - low


def _outline(regions: Regions) -> np.ndarray:
    """Mask that also holds phases much fainter than the brightest, but no film and no haze."""
    values = regions.smooth.ravel()
    low, top = _contrast(regions)
    # The far background of a first mask may hold a faint phase; quartiles do not see it.
    noise = float(np.subtract(*np.quantile(values[regions.far], [0.75, 0.25]))) / 1.349
    half = regions.smooth > low + 0.5 * top
    for share in (0.12, 0.2, 0.3, 0.4):
        mask = regions.smooth > low + share * top
        if share * top > 4 * noise and faces_reached(mask & ~half) < _FILM_FACES:
            return mask
    return half


def faces_reached(mask: np.ndarray) -> int:
    """How many of the array's six faces a mask covers by more than half a per cent."""
    faces = (mask.take(side, axis) for axis in range(3) for side in (0, -1))
    return sum(np.count_nonzero(face) > 0.005 * face.size for face in faces)


def frame_share(mask: np.ndarray) -> float:
    """Share of the array's six faces that a mask covers."""
    faces = [part for axis in range(3) for part in (mask.take(0, axis), mask.take(-1, axis))]
    return float(sum(np.count_nonzero(face) for face in faces) / sum(face.size for face in faces))


def _cuts(ordered: np.ndarray) -> list[float]:
    """Levels that part the sorted contrasts of plateau voxels into phases, by repeated halving."""
    parts, cuts = [ordered], []
    while parts and len(cuts) < _PHASES - 1:
        part = parts.pop(0)
        cut = _cut(part, ordered.size)
        if cut is not None:
            place = int(np.searchsorted(part, cut, side="right"))
            parts += [part[:place], part[place:]]
            cuts.append(cut)
    return sorted(cuts)


def _cut(part: np.ndarray, everything: int) -> float | None:
    """Where to part one set of contrasts in two phases; None if they are one."""
    fewest = max(_FEWEST_PLATEAU, int(_LEAST_SHARE * everything))
    if part.size < 2 * fewest or not part[-1] > part[0]:
        return None
    ends = np.quantile(part, [0.005, 0.995])
    cut = otsu(np.clip(part, ends[0], ends[1]))
    place = int(np.searchsorted(part, cut, side="right"))
    halves = part[:place], part[place:]
    if min(half.size for half in halves) < fewest:
        return None
    centres = [float(np.median(half)) for half in halves]
    # Quartiles see the plateaus, not the interface between them.
    spreads = [float(np.subtract(*np.quantile(half, [0.75, 0.25]))) / 1.349 for half in halves]
    apart = centres[1] - centres[0]
    if centres[0] < _FAINTEST * centres[1] or apart < _APART * centres[1]:
        return None
    return cut if apart > _SIGMAS_APART * np.hypot(spreads[0], spreads[1]) else None


def _plateaus(number: np.ndarray, phases: int) -> np.ndarray:
    """Numbers kept where all 27 neighbours agree, of phases that stay large enough."""
    from scipy.ndimage import maximum_filter, minimum_filter

    alike = minimum_filter(number, 3) == maximum_filter(number, 3)
    kept = np.where(alike, number, 0)
    for phase in range(1, phases + 1):
        if np.count_nonzero(kept == phase) < _FEWEST_PLATEAU // 2:
            kept[kept == phase] = 0
    return kept


def _phase_regions(plateau: np.ndarray, shape: tuple[int, ...]) -> list[PhaseRegion]:
    """Give every voxel to the phase of the plateau voxel nearest to it."""
    from scipy.ndimage import distance_transform_edt, maximum_filter, minimum_filter

    present = [phase for phase in np.unique(plateau) if phase > 0]
    if len(present) < 2:
        return []
    nearest = np.asarray(distance_transform_edt(plateau == 0, return_distances=False, return_indices=True))
    owner = plateau[tuple(nearest)].astype(np.int8)
    clear = minimum_filter(owner, 5) == maximum_filter(owner, 5)
    return [
        PhaseRegion(
            core=(plateau == phase).ravel(),
            domain=(owner == phase).ravel(),
            clear=((owner == phase) & clear).ravel(),
        )
        for phase in present
    ]
