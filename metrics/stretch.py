"""Elongation along the beam: how much longer edges and the particle become where tilts are missing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .checks import as_volume, same_shape

# Bins of direction between the y and the z axis, fine enough for the edge of a wedge; an odd number, so that
# exchanging y and z exchanges bins. Bands of radii are wide enough to hold more than the zeros of a spectrum.
_SECTORS, _BANDS = 15, 8
# Power below which a bin holds rounding errors only, relative to all.
_ROUNDING = 1e-26


@dataclass(frozen=True, kw_only=True)
class Elongation:
    """Elongation along z relative to y; 1 is none.

    Attributes
    ----------
    edges, edges_standard_error : float
        Ratio of the widths of the point-spread function along z and along y; infinity where the volume
        has nothing of the truth along z, NaN where it is like the truth nowhere.
    particle, particle_standard_error : float
        Ratio of the particle's lengths (standard deviations of its voxels) along z and y, over that of
        the truth.
    """

    edges: float
    edges_standard_error: float
    particle: float
    particle_standard_error: float


def elongation(
    volume: np.ndarray, truth: np.ndarray, *, threshold: float | None = None, blocks: int = 8
) -> Elongation:
    """Measure the elongation of a volume along z against the truth.

    Parameters
    ----------
    volume, truth : numpy.ndarray
        (z, y, x), same units; the tilt axis is x.
    threshold : float, optional
        Level of the particle's surface in both volumes; half the mean of the truth's upper half of
        values when omitted.
    blocks : int
        Blocks of slices along x that are left out in turn for the standard errors (jackknife): each slice
        across the tilt axis is a tomographic problem of its own.

    Returns
    -------
    Elongation

    Raises
    ------
    ValueError
        If shapes differ, the truth is constant, or there are fewer slices than blocks.

    Notes
    -----
    The point-spread function in the (z, y) plane is the Fourier transform of the transfer
    T = Re Σ F F_t* / Σ |F_t|², the sums over the slices and over a bin of radius and direction in Fourier
    space (z and y mirrored onto one quadrant). Each of eight bands of radii is weighted by the square of
    its correlation with the truth, by 0 where that is negative or chance: the same weight for all
    directions, which leaves out the bands that hold noise or have the wrong sign. The curvature at the
    peak is
    ``−4π² Σ T k_y²`` along y and the same with k_z along z; a width goes as one over the root of a
    curvature, so that

    ``edges = √(Σ T k_y² / Σ T k_z²)``,

    with each sum over the same one for T = 1, so that the truth scores 1 on any grid.

    For a perfect volume with a missing wedge (T is 1 or 0) this is Radermacher's factor
    (`radermacher_elongation`); solvers that know more than the data do better.

    Examples
    --------
    >>> truth = np.zeros((24, 24, 16))
    >>> truth[8:16, 7:17, 2:14] = 5.0
    >>> found = elongation(truth, truth)
    >>> round(found.edges, 6), found.particle
    (1.0, 1.0)
    """
    volume, truth = as_volume("volume", volume), as_volume("truth", truth)
    same_shape(volume=volume, truth=truth)
    if np.ptp(truth) == 0:
        raise ValueError("`truth` must vary: a constant volume has no edges")
    if not 2 <= blocks <= truth.shape[2]:
        raise ValueError(
            f"`blocks` must lie between 2 and the {truth.shape[2]} slices of the volume, got {blocks}"
        )
    if threshold is None:
        threshold = 0.5 * float(np.mean(truth[truth > 0.5 * (truth.max() + truth.min())]))
    parts = np.array_split(np.arange(truth.shape[2]), blocks)
    sums = _edge_sums(volume, truth, parts)
    sums[:, 4:] *= _band_weights(sums)
    edges, edges_error = _jackknife(sums[:, (0, 1, 4, 5)], _edge_ratio)
    masks = np.stack([volume > threshold, truth > threshold])
    particle, particle_error = _jackknife(_length_sums(masks, parts), _length_ratio)
    return Elongation(
        edges=edges,
        edges_standard_error=edges_error,
        particle=particle,
        particle_standard_error=particle_error,
    )


def radermacher_elongation(largest_tilt_deg: float) -> float:
    """Elongation along the beam of a volume with a missing wedge and else perfect.

    Parameters
    ----------
    largest_tilt_deg : float
        α: tilts go from −α to α, degrees.

    Returns
    -------
    float
        ``√((α + sin α cos α) / (α − sin α cos α))``, the ratio of the widths of the point-spread function.

    References
    ----------
    M. Radermacher, in: Electron Tomography, ed. J. Frank (Plenum, 1992).
    P. A. Midgley and M. Weyland, Ultramicroscopy 96, 413 (2003), doi:10.1016/S0304-3991(03)00105-0

    Examples
    --------
    >>> [round(radermacher_elongation(angle), 2) for angle in (90, 70, 60)]
    [1.0, 1.31, 1.55]
    """
    if not 0 < largest_tilt_deg <= 90:
        raise ValueError(f"`largest_tilt_deg` must lie in (0, 90], got {largest_tilt_deg}")
    tilt = np.radians(largest_tilt_deg)
    both = np.sin(tilt) * np.cos(tilt)
    return float(np.sqrt((tilt + both) / (tilt - both)))


def _edge_sums(volume: np.ndarray, truth: np.ndarray, parts: list[np.ndarray]) -> np.ndarray:
    """Σ F F_t*, Σ |F_t|², Σ |F|², coefficients, k_y² and k_z² of every bin: shape (block, 6, bin)."""
    from scipy.fft import fft2

    ky, kz = np.fft.fftfreq(truth.shape[1])[None, :], np.fft.fftfreq(truth.shape[0])[:, None]
    length = np.hypot(ky, kz)
    band = np.ceil(length * 2 * _BANDS).astype(int) - 1
    angle = np.arctan2(np.abs(kz), np.abs(ky)) / (np.pi / 2)
    sector = np.minimum((angle * _SECTORS).astype(int), _SECTORS - 1)
    held = (band >= 0) & (band < _BANDS)
    code = (band * _SECTORS + sector)[held]
    bins = _BANDS * _SECTORS

    def binned(values: np.ndarray) -> np.ndarray:
        return np.bincount(code, np.broadcast_to(values, held.shape)[held], minlength=bins)

    moments = [binned(ky**2), binned(kz**2)]
    sums = []
    for part in parts:
        found = np.asarray(fft2(volume[..., part].astype(np.float64), axes=(0, 1)))
        true = np.asarray(fft2(truth[..., part].astype(np.float64), axes=(0, 1)))
        cross = np.sum(np.real(found * np.conj(true)), axis=2)
        powers = [binned(np.sum(np.abs(spectrum) ** 2, axis=2)) for spectrum in (true, found)]
        sums.append([binned(cross), *powers, binned(np.full(held.shape, len(part))), *moments])
    return np.array(sums)


def _band_weights(sums: np.ndarray) -> np.ndarray:
    """Square of the correlation of each band with the truth, 0 where that may be chance, for all its bins."""
    whole = sums.sum(axis=0).reshape(-1, _BANDS, _SECTORS).sum(axis=2)
    cross, power, found, count = whole[:4]
    both = np.sqrt(power * found)
    correlation = np.divide(cross, both, out=np.zeros(_BANDS), where=both > 0)
    # Spectra without anything in common correlate by 0 ± 1/√n.
    correlation[correlation < 4 / np.sqrt(np.maximum(count, 1))] = 0.0
    return np.repeat(correlation**2, _SECTORS)


def _edge_ratio(sums: np.ndarray) -> float:
    cross, power, across, along = sums[:, 0].sum(0), sums[:, 1].sum(0), sums[0, 2], sums[0, 3]
    # Bins in which the truth has rounding errors only tell nothing of the transfer; nor then may those of
    # y and z exchanged count, lest one direction have more.
    known = (power > _ROUNDING * power.sum()).reshape(-1, _SECTORS)
    both = (known & known[:, ::-1]).ravel()
    if not (both @ across > 0 and both @ along > 0):
        return float("nan")
    transfer = np.divide(cross, power, out=np.zeros_like(cross), where=both)
    curvature_y = float(transfer @ across) / float(both @ across)
    curvature_z = float(transfer @ along) / float(both @ along)
    if curvature_y <= 0:
        return float("nan")
    return float(np.sqrt(curvature_y / curvature_z)) if curvature_z > 0 else float("inf")


def _length_sums(masks: np.ndarray, parts: list[np.ndarray]) -> np.ndarray:
    """Voxels, Σ z, Σ z², Σ y, Σ y² of the two masks by block: shape (block, 2, 5)."""
    z, y = np.arange(masks.shape[1]), np.arange(masks.shape[2])
    sums = []
    for part in parts:
        along, across = masks[..., part].sum(axis=(2, 3)), masks[..., part].sum(axis=(1, 3))
        sums.append(np.stack([along.sum(1), along @ z, along @ z**2, across @ y, across @ y**2], axis=1))
    return np.array(sums, dtype=np.float64)


def _length_ratio(sums: np.ndarray) -> float:
    found = []
    for count, z, zz, y, yy in sums.sum(axis=0):
        if count == 0:
            return float("nan")
        variances = zz / count - (z / count) ** 2, yy / count - (y / count) ** 2
        if min(variances) <= 0:
            return float("nan")
        found.append(np.sqrt(variances[0] / variances[1]))
    return float(found[0] / found[1])


def _jackknife(sums: np.ndarray, ratio: Callable[[np.ndarray], float]) -> tuple[float, float]:
    """Ratio of all blocks, and its standard error from leaving each of them out (Quenouille, Tukey)."""
    value, count = ratio(sums), len(sums)
    if not np.isfinite(value):
        return value, float("nan")
    left = np.array([ratio(np.delete(sums, block, axis=0)) for block in range(count)])
    left = left[np.isfinite(left)]
    if left.size < count:
        return value, float("nan")
    return value, float(np.sqrt((count - 1) / count * np.sum((left - left.mean()) ** 2)))
