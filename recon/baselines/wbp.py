"""Weighted back projection: the classical direct reconstruction, as a baseline."""

import numpy as np
from scipy import fft

from ..problem import Problem

_WINDOWS = ("hann", "none")


def wbp(problem: Problem, *, window: str = "hann") -> np.ndarray:
    """Reconstruct by weighted (filtered) back projection.

    Parameters
    ----------
    problem : Problem
        Its data, angles and gains; weights, λ and the regulariser are not used. Projections of gain
        zero are left out, the others are divided by their gain.
    window : {"hann", "none"}
        Apodisation of the ramp filter: Hann falls to zero at the Nyquist frequency, "none" keeps the
        full ramp and with it the noise.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        Densities, atoms nm⁻³ from areal densities in atoms nm⁻²; may be negative.

    Raises
    ------
    ValueError
        When the window is unknown.

    Notes
    -----
    ``x(r) = Σ_t Δα_t (h * b_t / g_t)(v_t(r))`` with h the band-limited ramp sampled in space, which
    keeps its mean right (Kak & Slaney 1988, doi 10.1137/1.9780898719277, eq. 3.29), and
    Δα_t the range of angles that a tilt stands for (`angular_weights`). The value at a voxel is the
    mean over its shadow, by the strip model's back projection.

    Examples
    --------
    >>> from glasstomo.forward import Projector
    >>> angles = np.arange(0, 180, 3.0)
    >>> z, y = np.ogrid[-15.5:16:1, -15.5:16:1]
    >>> disc = 2.0 * (z**2 + y**2 < 100)[:, :, None]
    >>> data = Projector(shape=(32, 32), angles_deg=angles, spacing_nm=5.0).forward(disc)
    >>> x = wbp(Problem(data=data, angles_deg=angles, spacing_nm=5.0))
    >>> round(float(x[12:20, 12:20].mean()), 1)
    2.0
    """
    if window not in _WINDOWS:
        raise ValueError(f"`window` must be one of {', '.join(_WINDOWS)}, got {window!r}")
    used = problem.gains > 0
    angles = np.zeros(used.size)
    if used.any():
        angles[used] = angular_weights(problem.angles_deg[used])
    scale = np.divide(angles, problem.gains, out=np.zeros_like(angles), where=used)
    filtered = _filtered(problem.data, problem.spacing_nm, window)
    filtered *= scale.astype(np.float32)[:, None, None]
    # A pixel's shares sum to one, so P^T over the spacing is the mean over its shadow.
    return problem.projector.adjoint(filtered) / np.float32(problem.spacing_nm)


def angular_weights(angles_deg: np.ndarray) -> np.ndarray:
    """Range of angles that each tilt stands for, in radians.

    Each tilt gets half of the gap to either neighbour, on the half circle (a projection at α + 180°
    is the mirror image of that at α). The one widest gap is the missing wedge: the tilts at its
    edges count it as no wider than the gap on their other side. Tilts of one direction share its
    range, and a single direction has π.

    Parameters
    ----------
    angles_deg : ndarray of float64, shape (tilt,)
        Tilt angles, degrees, in any order.

    Returns
    -------
    ndarray of float64, shape (tilt,)

    Examples
    --------
    >>> np.rad2deg(angular_weights(np.array([-60.0, -30.0, 0.0, 10.0]))).round(6)
    array([30., 30., 20., 10.])
    """
    turned = np.round(np.mod(np.asarray(angles_deg, np.float64), 180.0), 9) % 180.0
    angles, where, count = np.unique(turned, return_inverse=True, return_counts=True)
    if angles.size == 1:
        return np.full(turned.size, np.pi / turned.size)
    after = np.diff(angles, append=angles[0] + 180.0)
    before = np.roll(after, 1)
    wedge = int(np.argmax(after))
    gap = after[wedge]
    # Two gaps that are equally wide are no wedge: the range is full, or coarse everywhere.
    if np.count_nonzero(after >= gap * (1.0 - 1e-9)) == 1:
        next_tilt = (wedge + 1) % angles.size
        after[wedge], before[next_tilt] = min(gap, before[wedge]), min(gap, after[next_tilt])
    return (np.deg2rad(0.5 * (before + after)) / count)[where]


def _filtered(data: np.ndarray, spacing_nm: float, window: str) -> np.ndarray:
    """Projections (tilt, y, x) filtered along y by the ramp; float32, data units per nm."""
    bins = data.shape[1]
    padded = int(fft.next_fast_len(2 * bins, real=True))  # type: ignore[arg-type]
    taps = np.minimum(np.arange(padded), padded - np.arange(padded))
    kernel = np.zeros(padded)
    odd = taps % 2 == 1
    kernel[odd] = -1.0 / (np.pi * taps[odd]) ** 2
    kernel[0] = 0.25
    response = np.real(np.asarray(fft.rfft(kernel))) / spacing_nm
    if window == "hann":
        response *= 0.5 * (1.0 + np.cos(2.0 * np.pi * fft.rfftfreq(padded)))
    spectrum = np.asarray(fft.rfft(data, n=padded, axis=1))
    spectrum *= response.astype(np.float32)[:, None]
    return np.asarray(fft.irfft(spectrum, n=padded, axis=1))[:, :bins].astype(np.float32)
