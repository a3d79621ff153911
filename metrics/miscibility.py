"""The miscibility limit: the zinc fraction of the zinc-rich phase where it meets the cobalt-rich one."""

from dataclasses import dataclass

import numpy as np

from .checks import as_volume, same_shape
from .diagram import particle_mask
from .interface import interface_distance
from .interface_profile import fit_profiles
from .interior import depth_inside
from .mixing import MixingState, mixing_state

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
    replicates: int = 40,
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
        The mixing state of the same particle, if it is known already: a segregated or pure one has no
        limit, and the resolution is taken from it.
    replicates : int
        Bootstrap replicates; below two there is no standard error.

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
    densities are averaged over shells of equal signed distance d to it. Half-space diffusion
    profiles ``X_i + (X_∞ − X_i) erf(|d|/ℓ)`` [1]_ on either side, at one total density a side, are
    fitted to both elements together, blurred by one Gaussian. X_i of the zinc-rich side is the
    limit; it cannot lie below that of the other side.

    A solver with a λ for each element smooths them differently. The standard error therefore joins
    a bootstrap over cubes of the volume to half the difference from a fit with a blur for each.
    Where both limits come out equal the jump was not resolved, and the standard error is a lower
    bound.

    References
    ----------
    .. [1] J. Crank, The Mathematics of Diffusion, 2nd ed., Oxford (1975), eq. 2.45
    """
    zn, co = (as_volume(n, v).astype(np.float64) for n, v in (("zn", zn), ("co", co)))
    same_shape(zn=zn, co=co)
    total = zn + co
    mask, _ = particle_mask(total, interior)
    state = mixing_state(zn, co, interior=mask) if state is None else state
    # A likely state will do: a limit that is doubtful has a standard error to say so.
    if state.likeliest != "interdiffused":
        return _none(f"the particle is {state.likeliest}: its phases do not mix, so there is no limit")
    resolution = state.resolution_voxels
    distance = interface_distance(zn, total, mask, resolution)
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
    best = fit_profiles(shells, sums.sum(axis=0), resolution)
    drawn = []
    for _ in range(replicates):
        weights = np.bincount(rng.integers(len(sums), size=len(sums)), minlength=len(sums))
        resampled = np.tensordot(weights.astype(float), sums, axes=1)
        if np.count_nonzero(resampled[:half, 0]) > 4 and np.count_nonzero(resampled[half:, 0]) > 4:
            drawn.append(fit_profiles(shells, resampled, resolution, start=best).limits)
    spread = np.array([np.nan, np.nan])
    if len(drawn) > 1:
        apart = fit_profiles(shells, sums.sum(axis=0), resolution, start=best, one_blur=False)
        differ = 0.5 * (np.array(apart.limits) - np.array(best.limits))
        spread = np.hypot(np.std(drawn, axis=0, ddof=1), differ)
    means = sums.sum(axis=0)
    with np.errstate(invalid="ignore"):
        profiles = means[:, 1:] / means[:, :1]
    return MiscibilityLimit(
        limit=best.limits[0], standard_error=float(spread[0]), other_limit=best.limits[1],
        other_standard_error=float(spread[1]), reason="", distance_voxels=shells,
        zn_profile=profiles[:, 0], co_profile=profiles[:, 1], zn_fitted=best.zinc,
        co_fitted=best.rest, blur_voxels=best.blurs[0],
    )  # fmt: skip


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


def _none(reason: str) -> MiscibilityLimit:
    nan, empty = float("nan"), np.zeros(0)
    return MiscibilityLimit(
        limit=nan, standard_error=nan, other_limit=nan, other_standard_error=nan, reason=reason,
        distance_voxels=empty, zn_profile=empty, co_profile=empty, zn_fitted=empty, co_fitted=empty,
        blur_voxels=nan,
    )  # fmt: skip
