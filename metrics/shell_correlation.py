"""Fourier-shell correlation: down to which detail a volume is like the truth, or like its other half."""

from dataclasses import dataclass

import numpy as np

from .checks import as_volume, same_shape
from .fourier_resolution import FourierResolution, crossing, half_bit_threshold
from .fourier_terms import FourierTerms, fourier_terms
from .soft_edge import soft_mask

HALF_BIT = "half_bit"


@dataclass(frozen=True, kw_only=True, eq=False)
class FourierShell:
    """Correlation of two volumes shell by shell.

    Attributes
    ----------
    frequency_per_nm : numpy.ndarray
        (shell,) middle of each shell, nm⁻¹; the last one is the Nyquist frequency of an even grid.
    correlation : numpy.ndarray
        (shell,) between −1 and 1; NaN where neither volume has any power.
    coefficients : numpy.ndarray
        (shell,) independent coefficients, pairs of conjugates counted as two: those of the grid times the
        share of the box that the specimen, or what the mask leaves of it, takes up.
    halves : bool
        Whether two halves of the data were compared, or else a volume with the truth.
    """

    frequency_per_nm: np.ndarray
    correlation: np.ndarray
    coefficients: np.ndarray
    halves: bool

    @property
    def standard_error(self) -> np.ndarray:
        """Standard error of each correlation, (1 − c²)/√n: that of a correlation of n pairs of numbers.

        It holds for the specimen as one draw of many. Repeats of the same specimen differ by less: by 0.2
        to 0.7 of this between simulated repeats by TV and SIRT (docs/volumes.md).
        """
        known = np.nan_to_num(self.correlation)
        return (1 - known**2) / np.sqrt(np.maximum(self.coefficients, 1.0))

    def threshold(self, threshold: float | str | None = None) -> np.ndarray:
        """Threshold of each shell: a number, ``"half_bit"``, or the usual one when omitted.

        The usual one is 0.143 (1/7) between halves and 0.5 against the truth, which ask for the same
        ratio of signal to noise.
        """
        if threshold is None:
            threshold = 1 / 7 if self.halves else 0.5
        if isinstance(threshold, str):
            if threshold != HALF_BIT:
                raise ValueError(
                    f"`threshold` must be a number between 0 and 1 or {HALF_BIT!r}, got {threshold!r}"
                )
            return half_bit_threshold(self.coefficients, halves=self.halves)
        if not 0 < threshold < 1:
            raise ValueError(f"`threshold` must be a number between 0 and 1 or {HALF_BIT!r}, got {threshold}")
        return np.full(self.frequency_per_nm.shape, float(threshold))

    def resolution(self, threshold: float | str | None = None) -> FourierResolution:
        """First fall of the correlation below a threshold (see `threshold`)."""
        return crossing(
            self.frequency_per_nm, self.correlation, self.standard_error, self.threshold(threshold)
        )


def fourier_shell(
    volume: np.ndarray,
    other: np.ndarray,
    *,
    spacing_nm: float,
    halves: bool = False,
    mask: np.ndarray | None = None,
    edge_voxels: float = 4.0,
) -> FourierShell:
    """Correlate a volume with the truth, or two halves of the data, shell by shell of Fourier space.

    Parameters
    ----------
    volume, other : numpy.ndarray
        (z, y, x), at least eight voxels along every axis; `other` is the truth, or the other half.
    spacing_nm : float
        Edge of a voxel, nm.
    halves : bool
        True if `other` was reconstructed from other data of the same specimen. It sets the usual
        threshold, and the meaning of ``"half_bit"``.
    mask : numpy.ndarray, optional
        (z, y, x) bool, softened by `edge_voxels`, or weights in [0, 1] that are used as they are.
    edge_voxels : float
        Width of the soft edge around a mask of booleans, voxels.

    Returns
    -------
    FourierShell

    Raises
    ------
    ValueError
        If shapes differ, the grid is too small, or `other` is constant.

    Notes
    -----
    ``c(k) = Re Σ F₁F₂* / √(Σ|F₁|² Σ|F₂|²)``, sums over the shell. Each volume is freed of its mean at
    the rim of the mask first (of its mean where there is no mask), which leaves no edge there: the
    correlation then does not change with a constant, nor does the mask correlate with itself much.

    A specimen that fills a share of the box has as many times fewer independent coefficients. The share
    is (Σe)²/(N Σe²) over the N voxels, with e = |v₁v₂| averaged over cubes of five voxels: the volume
    itself for an even body, all of the box for noise everywhere.

    Halves share whatever is wrong with both: a regulariser's bias, a missing wedge, the bound at zero.
    Their correlation tells how well the volume repeats, not how true it is; so the halves of a
    regularised reconstruction seem better resolved than it is. Against the truth there is no such trap.

    References
    ----------
    G. Harauz and M. van Heel, Optik 73, 146 (1986).
    M. van Heel and M. Schatz, J. Struct. Biol. 151, 250 (2005), doi:10.1016/j.jsb.2005.05.009
    P. B. Rosenthal and R. Henderson, J. Mol. Biol. 333, 721 (2003), doi:10.1016/j.jmb.2003.07.013

    Examples
    --------
    >>> truth = np.zeros((16, 16, 16))
    >>> truth[4:10, 5:12, 3:11] = 5.0
    >>> shell = fourier_shell(truth + 1.0, truth, spacing_nm=2.5)
    >>> shell.resolution().nm, shell.resolution().status.value
    (5.0, 'pixel_limited')
    """
    terms, share = masked_terms(volume, other, mask, edge_voxels)
    return shell_of(terms, None, share, spacing_nm, halves)


def masked_terms(
    volume: np.ndarray, other: np.ndarray, mask: np.ndarray | None, edge_voxels: float
) -> tuple[FourierTerms, float]:
    """Check, mask and transform two volumes; the share of the box that they take up comes with them."""
    volume, other = as_volume("volume", volume), as_volume("other", other)
    same_shape(volume=volume, other=other)
    if min(volume.shape) < 8:
        raise ValueError(f"`volume` must have 8 voxels or more along every axis, got shape {volume.shape}")
    if np.ptp(other) == 0:
        raise ValueError("`other` must vary: a constant volume has no detail to compare with")
    weights = _weights(mask, volume.shape, edge_voxels)
    if weights is None:
        return fourier_terms(volume, other), _share(volume, other)
    rim = weights * (1 - weights)
    rim = rim if rim.any() else weights
    parts = [weights * (part - np.average(part, weights=rim)) for part in (volume, other)]
    return fourier_terms(*parts), _share(*parts)


def _share(volume: np.ndarray, other: np.ndarray) -> float:
    """Share of the box in which the two volumes have something in common to say (see `fourier_shell`)."""
    from scipy.ndimage import uniform_filter

    # Vacuum is what most voxels hold where there is any; noise about it has no offset.
    parts = [part.astype(np.float64) - np.median(part) for part in (volume, other)]
    envelope = uniform_filter(np.abs(parts[0] * parts[1]), 5, mode="wrap")
    squares = float(np.mean(envelope**2))
    return float(np.mean(envelope)) ** 2 / squares if squares > 0 else 1.0


def shell_of(
    terms: FourierTerms,
    chosen: np.ndarray | None,
    share: float,
    spacing_nm: float,
    halves: bool,
    width: int = 1,
) -> FourierShell:
    """Sum terms, or the chosen ones of them, over shells, or over several neighbours at a time."""
    if not spacing_nm > 0:
        raise ValueError(f"`spacing_nm` must be positive, got {spacing_nm}")
    value, count = terms.correlation(chosen, width=width)
    return FourierShell(
        frequency_per_nm=np.arange(1, terms.shells + 1) / (terms.size * spacing_nm),
        correlation=value,
        coefficients=count * share,
        halves=halves,
    )


def _weights(mask: np.ndarray | None, shape: tuple[int, ...], edge_voxels: float) -> np.ndarray | None:
    if mask is None:
        return None
    mask = np.asarray(mask)
    if mask.shape != shape:
        raise ValueError(f"`mask` must have the shape of the volume {shape}, got {mask.shape}")
    if mask.dtype == np.bool_:
        return soft_mask(mask, edge_voxels)
    weights = as_volume("mask", mask).astype(np.float64)
    if weights.min() < 0 or weights.max() > 1 or not weights.any():
        raise ValueError(
            f"`mask` must hold weights between 0 and 1, not all 0, got {weights.min():g} to {weights.max():g}"
        )
    return weights
