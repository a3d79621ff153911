"""Thresholds side by side: the edge-spread function, Otsu's, a fixed fraction, and the truth's own."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..phantoms.table import Table
from .blur_loss import regained_threshold
from .checks import as_volume
from .edge_fit import otsu
from .threshold import esf_threshold


def otsu_threshold(volume: np.ndarray) -> float:
    """Threshold that parts the values of a volume into the two most different classes.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x), any units.

    Returns
    -------
    float
        In the units of the volume; NaN if every voxel is alike.

    Raises
    ------
    ValueError
        If the volume is not three-dimensional or not finite.

    Notes
    -----
    The variance between the classes, ``w₀w₁(μ₁ − μ₀)²``, is greatest. Otsu's threshold finds a split
    in anything, noise included, and is drawn towards the larger class.

    References
    ----------
    N. Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979), doi:10.1109/TSMC.1979.4310076

    Examples
    --------
    >>> volume = np.zeros((8, 8, 8)); volume[2:6, 2:6, 2:6] = 4.0
    >>> 0 < otsu_threshold(volume) < 4
    True
    """
    values = as_volume("volume", volume).ravel()
    return otsu(values) if values.max() > values.min() else float("nan")


def fixed_fraction_threshold(volume: np.ndarray, fraction: float = 0.5) -> float:
    """Threshold at a fixed fraction of the way from the background to the brightest.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x), any units.
    fraction : float
        Between 0 and 1, both excluded.

    Returns
    -------
    float
        In the units of the volume; NaN if background and brightest are the same.

    Raises
    ------
    ValueError
        If the fraction is no fraction, or the volume not three-dimensional or not finite.

    Notes
    -----
    Background is the median of the six faces of the array, the brightest the 99.9 % point: noise
    above the particle's level and its densest phase raise the threshold.

    Examples
    --------
    >>> volume = np.zeros((8, 8, 8)); volume[2:6, 2:6, 2:6] = 4.0
    >>> fixed_fraction_threshold(volume)
    2.0
    """
    if not 0 < fraction < 1:
        raise ValueError(f"`fraction` must lie between 0 and 1, got {fraction}; 0.5 is halfway")
    volume = as_volume("volume", volume)
    faces = [volume.take(side, axis).ravel() for axis in range(3) for side in (0, -1)]
    low, high = float(np.median(np.concatenate(faces))), float(np.quantile(volume, 0.999))
    return low + fraction * (high - low) if high > low else float("nan")


def volume_matching_threshold(volume: np.ndarray, true_volume_voxels: float) -> float:
    """Threshold that encloses the true volume: the best that any single level can do, known to nobody.

    Parameters
    ----------
    volume : numpy.ndarray
        (z, y, x), any units.
    true_volume_voxels : float
        True volume of the particle, voxels: more than none and fewer than all.

    Returns
    -------
    float
        In the units of the volume; ties excepted, as many voxels lie above it as the volume rounds to.

    Raises
    ------
    ValueError
        If the true volume does not fit, or the volume is not three-dimensional or not finite.

    Examples
    --------
    >>> ramp = np.arange(27.0).reshape(3, 3, 3)
    >>> int(np.count_nonzero(ramp > volume_matching_threshold(ramp, 5)))
    5
    """
    values = as_volume("volume", volume).ravel()
    held = round(true_volume_voxels) if np.isfinite(true_volume_voxels) else 0
    if not 0 < held < values.size:
        raise ValueError(
            f"`true_volume_voxels` must lie between 1 and {values.size - 1}, got {true_volume_voxels}"
        )
    return float(np.partition(values, -held - 1)[-held - 1])


@dataclass(frozen=True)
class ThresholdRule:
    """One way to part a particle from its background.

    Attributes
    ----------
    name, summary : str
        As listed.
    needs_truth : bool
        Whether it has to be told the true volume.
    function : callable
        ``function(volume, true_volume_voxels)`` gives the mask of the particle, (z, y, x) bool; empty
        where none is found.
    """

    name: str
    summary: str
    needs_truth: bool
    function: Callable[[np.ndarray, float | None], np.ndarray]

    def __call__(self, volume: np.ndarray, true_volume_voxels: float | None = None) -> np.ndarray:
        """Mask of the particle.

        Parameters
        ----------
        volume : numpy.ndarray
            (z, y, x).
        true_volume_voxels : float, optional
            True volume, for the rule that needs it; the others do not look at it.
        """
        if self.needs_truth and true_volume_voxels is None:
            raise ValueError(f"`true_volume_voxels` is missing: the rule {self.name!r} needs it")
        return self.function(volume, true_volume_voxels if self.needs_truth else None)


def _esf(volume: np.ndarray, _: float | None) -> np.ndarray:
    return esf_threshold(volume, errors=False).mask


def _esf_level(volume: np.ndarray, _: float | None) -> np.ndarray:
    return np.asarray(volume) > esf_threshold(volume, errors=False).threshold


def _regained(volume: np.ndarray, _: float | None) -> np.ndarray:
    return np.asarray(volume) > regained_threshold(volume, esf_threshold(volume, errors=False))


def _otsu(volume: np.ndarray, _: float | None) -> np.ndarray:
    return np.asarray(volume) > otsu_threshold(volume)


def _half(volume: np.ndarray, _: float | None) -> np.ndarray:
    return np.asarray(volume) > fixed_fraction_threshold(volume)


def _truth(volume: np.ndarray, true_volume_voxels: float | None) -> np.ndarray:
    return np.asarray(volume) > volume_matching_threshold(volume, true_volume_voxels or 0.0)


_ROWS = (
    ThresholdRule("esf", "edge-spread function, phase by phase where there are several", False, _esf),
    ThresholdRule("esf_level", "the one level that encloses the edge-spread volume", False, _esf_level),
    ThresholdRule(
        "esf_regained", "the level that also makes up for the blur of curved surfaces", False, _regained
    ),
    ThresholdRule("otsu", "Otsu's: two most different classes", False, _otsu),
    ThresholdRule("half", "halfway from the background to the brightest", False, _half),
    ThresholdRule("truth", "the level that encloses the true volume", True, _truth),
)
THRESHOLDS = Table("threshold", {row.name: row for row in _ROWS})
