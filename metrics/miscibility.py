"""The miscibility limit: the zinc fraction of the zinc-rich phase where it meets the cobalt-rich one."""

from dataclasses import dataclass

import numpy as np

from .checks import as_volume, same_shape
from .diagram import particle_mask
from .interior import depth_inside
from .mixing import MixingState, mixing_state
from .resolution import resolution_voxels

_PULL = 1e-5
_PER_VOXEL = 2  # shells per voxel of distance
_FEWEST_VOXELS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class MiscibilityLimit:
    """The miscibility limit with the profile that it was read from.

    Attributes
    ----------
    limit, standard_error : float
        Zinc fraction of the zinc-rich phase at the interface and its standard error; NaN
        without an interface between two mixed phases.
    other_limit, other_standard_error : float
        Zinc fraction of the cobalt-rich phase at the interface.
    reason : str
        Why there is no limit; empty if there is one.
    distance_voxels : numpy.ndarray
        (shells,) signed distance to the interface, positive in the zinc-rich phase.
    zn_profile, co_profile : numpy.ndarray
        (shells,) mean densities of the shells.
    zn_fitted, co_fitted : numpy.ndarray
        (shells,) the fit: diffusion profiles on either side, a jump between, blurred.
    blur_voxels : float
        Gaussian width of the fitted blur.
    """

    limit: float
    standard_error: float
    other_limit: float
    other_standard_error: float
    reason: str
    distance_voxels: np.ndarray
    zn_profile: np.ndarray
    co_profile: np.ndarray
    zn_fitted: np.ndarray
    co_fitted: np.ndarray
    blur_voxels: float


def miscibility_limit(
    zn: np.ndarray,
    co: np.ndarray,
    *,
    rng: np.random.Generator,
    interior: np.ndarray | str | None = None,
    state: MixingState | None = None,
    replicates: int = 100,
) -> MiscibilityLimit:
    """Extrapolate the zinc fraction of the zinc-rich phase to its interface.

    Parameters
    ----------
    zn, co : numpy.ndarray
        (z, y, x) densities, atoms nm⁻³.
    rng : numpy.random.Generator
        Draws the bootstrap replicates.
    interior : numpy.ndarray or "esf", optional
        Mask of the particle; the edge-spread threshold on the total density without one.
    state : MixingState, optional
        The mixing state, if it is known already: a segregated or pure particle has no limit.
    replicates : int
        Bootstrap replicates.

    Returns
    -------
    MiscibilityLimit

    Raises
    ------
    ValueError
        If shapes differ or no particle is found.

    Notes
    -----
    Blur hides the jump of the fraction (0.5 to 0.55 in the flux-melted glass), so no voxel shows
    the limit. The interface is the level set, midway between the two phases, of the total density
    smoothed by the volume's own resolution; it does not look at the fraction. Zinc and cobalt
    densities are averaged over shells of equal signed distance d to it. A step blurred by a Gaussian
    is fitted to the total density and gives place and width of the blur; the zinc density is then
    fitted by half-space diffusion profiles ``X_i + (X_∞ − X_i) erf(|d|/ℓ)`` [1]_ on either side,
    blurred alike. Zinc over total density of the zinc-rich side at the jump is the limit.

    The standard error joins a bootstrap over cubes of the volume to the difference from a fit
    without the shells within a voxel of the jump.

    References
    ----------
    .. [1] J. Crank, The Mathematics of Diffusion, 2nd ed., Oxford (1975), eq. 2.45
    """
    zn, co = (as_volume(n, v).astype(np.float64) for n, v in (("zn", zn), ("co", co)))
    same_shape(zn=zn, co=co)
    total = zn + co
    mask, _ = particle_mask(total, interior)
    state = mixing_state(zn, co, interior=mask) if state is None else state
    if state.state != "interdiffused":
        return _none(f"the particle is {state.state}: its phases do not mix, so there is no limit")
    resolution = resolution_voxels(total, mask)
    distance = _interface_distance(zn, total, mask, resolution)
    if distance is None:
        return _none("no step of the total density: one phase only")
    reach = int(np.clip(round(5 * resolution), 8, 24))
    use = (depth_inside(mask) > 1.2 * resolution) & (np.abs(distance) < reach)
    sums = _shell_sums(zn, co, distance, use, reach, edge=max(6, int(3 * resolution)))
    counts = sums[:, :, 0].sum(axis=0)
    half = reach * _PER_VOXEL
    sides = counts[:half].sum(), counts[half:].sum()
    if min(sides) < _FEWEST_VOXELS:
        return _none(
            f"too few voxels beside the interface ({int(min(sides))}): finer voxels, or a larger particle"
        )
    shells = (np.arange(-half, half) + 0.5) / _PER_VOXEL
    best = _fit(shells, sums.sum(axis=0), resolution)
    drawn = []
    for _ in range(replicates):
        weights = np.bincount(rng.integers(len(sums), size=len(sums)), minlength=len(sums))
        resampled = np.tensordot(weights.astype(float), sums, axes=1)
        if np.count_nonzero(resampled[:half, 0]) > 4 and np.count_nonzero(resampled[half:, 0]) > 4:
            drawn.append(_fit(shells, resampled, resolution, best).limits)
    spread = np.std(drawn, axis=0, ddof=1) if len(drawn) > 1 else np.array([np.nan, np.nan])
    # What the shells at the interface say and what those beyond extrapolate to should agree.
    spread = np.hypot(spread, _limit_beyond(shells, sums.sum(axis=0), best, 1.0) - np.array(best.limits))
    means = sums.sum(axis=0)
    with np.errstate(invalid="ignore"):
        profiles = means[:, 1:] / means[:, :1]
    return MiscibilityLimit(
        limit=best.limits[0], standard_error=float(spread[0]), other_limit=best.limits[1],
        other_standard_error=float(spread[1]), reason="", distance_voxels=shells,
        zn_profile=profiles[:, 0], co_profile=profiles[:, 1], zn_fitted=best.zinc,
        co_fitted=best.total - best.zinc, blur_voxels=float(np.exp(best.jump[1])),
    )  # fmt: skip


def _interface_distance(
    zn: np.ndarray, total: np.ndarray, mask: np.ndarray, resolution: float
) -> np.ndarray | None:
    """Signed distance to the density interface, positive towards more zinc; None without a step."""
    from scipy.ndimage import gaussian_filter

    sigma = resolution / 2.3548
    inner = depth_inside(mask) > np.ceil(resolution / 2) + 1
    if not inner.any():
        return None
    # A mean over the particle alone, so that the surface bends no level set.
    weight = gaussian_filter(inner.astype(np.float64), sigma)
    smooth = gaussian_filter(np.where(inner, total, 0.0), sigma) / np.maximum(weight, 1e-6)
    level = _two_means(smooth[inner])
    if level is None:
        return None
    known = weight > 1e-3
    dense = known & (smooth > level)
    dense = _without_islands(dense, known, max(resolution, 2.0) ** 3)
    thin = known & ~dense
    if min(np.count_nonzero(dense & inner), np.count_nonzero(thin & inner)) < _FEWEST_VOXELS:
        return None
    fraction = [zn[side & inner].sum() / total[side & inner].sum() for side in (dense, thin)]
    rich = dense if fraction[0] > fraction[1] else thin
    return _level_distance(smooth - level, rich, known, resolution)


def _level_distance(field: np.ndarray, rich: np.ndarray, known: np.ndarray, resolution: float) -> np.ndarray:
    """Signed distance, positive in `rich`, to the level set zero of a field, finer than a voxel.

    Voxels beside the level set are moved onto it along the gradient; every other voxel then takes
    its distance to the tangent plane at the nearest of those points. (Distances between voxel
    centres would be off by up to 0.2 voxels where the interface is oblique.)
    """
    from scipy.ndimage import binary_dilation
    from scipy.spatial import KDTree

    beside = known & np.asarray(binary_dilation(rich)) & np.asarray(binary_dilation(known & ~rich))
    gradient = np.stack([g[beside] for g in np.gradient(field)], axis=1)
    slope = np.linalg.norm(gradient, axis=1)
    offset = np.clip(field[beside] / np.maximum(slope, 1e-12), -1.5, 1.5)
    normal = gradient / np.maximum(slope, 1e-12)[:, None]
    points = np.argwhere(beside) - offset[:, None] * normal
    voxels = np.argwhere(known)
    found = KDTree(points).query(voxels, distance_upper_bound=5 * resolution + 10)
    away, nearest = np.asarray(found[0]), np.asarray(found[1])
    found = np.isfinite(away)
    plane = np.abs(np.einsum("ij,ij->i", voxels[found] - points[nearest[found]], normal[nearest[found]]))
    distance = np.full(field.shape, np.inf)
    # Beyond a few voxels the tangent plane no longer holds; the point itself is then as good.
    distance[tuple(voxels[found].T)] = np.where(away[found] < 3, plane, away[found])
    return np.where(rich, distance, -distance)


def _without_islands(dense: np.ndarray, known: np.ndarray, smallest: float) -> np.ndarray:
    """Give islands of fewer voxels than a resolution element to the side that surrounds them."""
    from scipy.ndimage import label

    for side in (dense, known & ~dense):
        numbers = np.zeros(side.shape, dtype=np.int32)
        label(side, output=numbers)
        sizes = np.bincount(numbers.ravel())
        dense = dense ^ ((sizes < smallest)[numbers] & (numbers > 0))
    return dense


def _two_means(values: np.ndarray) -> float | None:
    """Level midway between two groups of densities; None if they do not stand apart."""
    level = float(0.5 * (np.quantile(values, 0.05) + np.quantile(values, 0.95)))
    low = high = level
    for _ in range(50):
        above = values > level
        if above.all() or not above.any():
            return None
        low, high = float(np.median(values[~above])), float(np.median(values[above]))
        if abs(0.5 * (low + high) - level) < 1e-6 * high:
            break
        level = 0.5 * (low + high)
    spread = np.hypot(np.std(values[values <= level]), np.std(values[values > level]))
    # One Gaussian cut in two has medians 1.35 and a joint spread of 0.85 standard deviations apart.
    return level if high - low > 2.5 * spread else None


def _shell_sums(
    zn: np.ndarray, co: np.ndarray, distance: np.ndarray, use: np.ndarray, reach: int, *, edge: int
) -> np.ndarray:
    """Voxels, zinc and cobalt of every shell in every cube: (cube, shell, 3)."""
    where = np.nonzero(use)
    half = reach * _PER_VOXEL
    shell = np.floor(distance[where] * _PER_VOXEL).astype(int) + half
    key = np.zeros(shell.size, dtype=int)
    for axis, index in enumerate(where):
        key = key * (use.shape[axis] // edge + 1) + index // edge
    _, cube = np.unique(key, return_inverse=True)
    cells = cube * (2 * half) + shell
    size = (int(cube.max()) + 1) * 2 * half if cube.size else 0
    columns = [np.bincount(cells, weights=w, minlength=size) for w in (None, zn[where], co[where])]
    return np.stack(columns, axis=-1).astype(np.float64).reshape(-1, 2 * half, 3)


@dataclass(frozen=True)
class _Fit:
    jump: np.ndarray  # position of the jump (voxels), logarithm of the blur
    lengths: np.ndarray  # logarithms of the diffusion lengths, zinc-rich and cobalt-rich side
    limits: tuple[float, float]
    total: np.ndarray
    zinc: np.ndarray


def _fit(shells: np.ndarray, sums: np.ndarray, resolution: float, start: _Fit | None = None) -> _Fit:
    """Fit the total density (place and blur of the jump), then zinc (what lies on either side)."""
    filled = sums[:, 0] > 0
    weights = np.sqrt(sums[filled, 0])
    zinc = sums[filled, 1] / sums[filled, 0]
    total = zinc + sums[filled, 2] / sums[filled, 0]
    guess = np.array([0.0, np.log(resolution / 2.3548)])
    jump = _search(
        lambda p: _step_basis(shells[filled], p),
        weights,
        total,
        guess,
        np.array([1.0, 0.4]),
        start and start.jump,
    )
    long = np.full(2, np.log(shells[-1] / 2))
    lengths = _search(
        lambda p: _diffusion_basis(shells[filled], jump, p), weights, zinc, long, np.array([0.7, 0.7]),
        start and start.lengths,
    )  # fmt: skip
    totals = _solve(_step_basis(shells[filled], jump), weights, total)[1]
    zincs = _solve(_diffusion_basis(shells[filled], jump, lengths), weights, zinc)[1]
    return _Fit(
        jump=jump, lengths=lengths, limits=(float(zincs[0] / totals[0]), float(zincs[2] / totals[1])),
        total=_step_basis(shells, jump) @ totals, zinc=_diffusion_basis(shells, jump, lengths) @ zincs,
    )  # fmt: skip


def _limit_beyond(shells: np.ndarray, sums: np.ndarray, best: _Fit, gap: float) -> np.ndarray:
    """Both limits from zinc farther than `gap` from the jump alone; the jump itself is kept."""
    far = (sums[:, 0] > 0) & (np.abs(shells - best.jump[0]) >= gap)
    weights = np.sqrt(sums[far, 0])
    zinc, total = sums[far, 1] / sums[far, 0], (sums[far, 1] + sums[far, 2]) / sums[far, 0]
    zincs = _solve(_diffusion_basis(shells[far], best.jump, best.lengths), weights, zinc)[1]
    totals = _solve(_step_basis(shells[far], best.jump), weights, total)[1]
    return np.array([zincs[0] / totals[0], zincs[2] / totals[1]])


def _solve(basis: np.ndarray, weights: np.ndarray, values: np.ndarray) -> tuple[float, np.ndarray]:
    coefficients = np.linalg.lstsq(basis * weights[:, None], values * weights)[0]
    return float(np.sum((weights * (basis @ coefficients - values)) ** 2)), coefficients


def _search(basis, weights, values, guess, scale, start) -> np.ndarray:
    """Non-linear parameters by simplex, the linear ones solved for inside, weakly pulled to a guess."""
    from scipy.optimize import minimize

    spread = float(np.sum(weights**2)) * float(np.var(values))

    def loss(p: np.ndarray) -> float:
        pull = float(np.sum(((p - guess) / scale) ** 2))
        return _solve(basis(p), weights, values)[0] / spread + _PULL * pull

    first = guess if start is None else start
    simplex = first + np.array([[0, 0], [0.3, 0], [0, 0.3]])
    return minimize(
        loss, first, method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 2e-3, "fatol": 1e-10, "maxiter": 150},
    ).x  # fmt: skip


def _step_basis(distance: np.ndarray, jump: np.ndarray) -> np.ndarray:
    """Blurred steps: zinc-rich side, cobalt-rich side."""
    from scipy.special import ndtr

    rich = ndtr((distance - jump[0]) / np.exp(jump[1]))
    return np.stack([rich, 1 - rich], axis=1)


def _diffusion_basis(distance: np.ndarray, jump: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Blurred steps and blurred half-space diffusion profiles H(±d) erf(|d|/ℓ) on either side."""
    from scipy.special import erf

    sigma = float(np.exp(jump[1]))
    nodes = np.linspace(-4.0, 4.0, 81)
    weights = np.exp(-0.5 * nodes**2)
    # Half a step of the quadrature at the discontinuity is all the error that the ramp leaves.
    place = distance[:, None] - jump[0] - sigma * nodes[None, :]
    rich = np.clip(place / (0.1 * sigma) + 0.5, 0, 1)
    weights /= weights.sum()
    columns = [
        rich @ weights, (rich * erf(np.abs(place) / np.exp(lengths[0]))) @ weights,
        (1 - rich) @ weights, ((1 - rich) * erf(np.abs(place) / np.exp(lengths[1]))) @ weights,
    ]  # fmt: skip
    return np.stack(columns, axis=1)


def _none(reason: str) -> MiscibilityLimit:
    nan, empty = float("nan"), np.zeros(0)
    return MiscibilityLimit(
        limit=nan, standard_error=nan, other_limit=nan, other_standard_error=nan, reason=reason,
        distance_voxels=empty, zn_profile=empty, co_profile=empty, zn_fitted=empty, co_fitted=empty,
        blur_voxels=nan,
    )  # fmt: skip
