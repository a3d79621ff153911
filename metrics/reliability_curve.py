"""Whether confidences are honest: reliability curve and Brier score."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Reliability:
    """Stated confidences against how often they were right.

    Attributes
    ----------
    mean_confidence, share_right : numpy.ndarray
        (bin,) mean stated confidence and share of right verdicts among them; only bins that hold verdicts.
    low, high : numpy.ndarray
        (bin,) 95 % interval of the share (Clopper and Pearson).
    counts : numpy.ndarray
        (bin,) verdicts in the bin.
    brier : float
        Mean of (confidence − right)²: 0 for certain and right, 0.25 for a coin, 1 for certain and wrong.
    miscalibration, resolution, uncertainty : float
        ``brier`` = miscalibration − resolution + uncertainty, up to the spread of the confidences within
        a bin: mean squared distance of the curve from the diagonal, variance of the share right
        between bins, and p(1 − p) with p the share right of all.
    """

    mean_confidence: np.ndarray
    share_right: np.ndarray
    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray
    brier: float
    miscalibration: float
    resolution: float
    uncertainty: float

    @property
    def gap(self) -> float:
        """Mean distance of the curve from the diagonal, weighted by the verdicts."""
        return float(np.average(np.abs(self.mean_confidence - self.share_right), weights=self.counts))


def reliability(
    confidence: np.ndarray, right: np.ndarray, *, edges: np.ndarray | tuple[float, ...] | None = None
) -> Reliability:
    """Compare stated confidences with the share of verdicts that were right.

    Parameters
    ----------
    confidence : numpy.ndarray
        (n,) probabilities that were stated, 0 to 1.
    right : numpy.ndarray
        (n,) bool: whether the verdict was right.
    edges : sequence of float, optional
        Edges of the bins; tenths without them. The last bin is closed.

    Returns
    -------
    Reliability

    Raises
    ------
    ValueError
        If lengths differ, nothing is given, a confidence is no probability, or edges do not rise from 0 to 1.

    References
    ----------
    G. W. Brier, Mon. Weather Rev. 78, 1 (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2;
    the three parts: A. H. Murphy, J. Appl. Meteorol. 12, 595 (1973),
    doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2

    Examples
    --------
    >>> found = reliability(np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, True, True, False]))
    >>> found.share_right.tolist(), round(found.brier, 3)
    ([0.5, 1.0], 0.135)
    """
    from scipy.stats import beta

    stated, true = np.asarray(confidence, dtype=float), np.asarray(right)
    if stated.ndim != 1 or stated.shape != true.shape or stated.size == 0:
        raise ValueError(
            f"`confidence` and `right` must be two lists of one length, got {stated.shape} and {true.shape}"
        )
    if true.dtype != np.bool_:
        raise TypeError(f"`right` must hold booleans, got dtype {true.dtype}")
    if not np.all((stated >= 0) & (stated <= 1)):
        raise ValueError(f"`confidence` must lie between 0 and 1, got {stated.min()} to {stated.max()}")
    borders = np.linspace(0, 1, 11) if edges is None else np.asarray(edges, dtype=float)
    if borders.size < 2 or borders[0] != 0 or borders[-1] != 1 or not np.all(np.diff(borders) > 0):
        raise ValueError(f"`edges` must rise from 0 to 1, got {borders.tolist()}")
    cell = np.minimum(np.searchsorted(borders, stated, side="right") - 1, borders.size - 2)
    counts = np.bincount(cell, minlength=borders.size - 1)
    held = counts > 0
    n = counts[held]
    mean = np.bincount(cell, weights=stated, minlength=counts.size)[held] / n
    hits = np.bincount(cell, weights=true, minlength=counts.size)[held]
    share, base = hits / n, float(true.mean())
    low = np.where(hits > 0, beta.ppf(0.025, np.maximum(hits, 1), n - hits + 1), 0.0)
    high = np.where(hits < n, beta.ppf(0.975, hits + 1, np.maximum(n - hits, 1)), 1.0)
    return Reliability(
        mean_confidence=mean,
        share_right=share,
        low=low,
        high=high,
        counts=n,
        brier=float(np.mean((stated - true) ** 2)),
        miscalibration=float(np.average((mean - share) ** 2, weights=n)),
        resolution=float(np.average((share - base) ** 2, weights=n)),
        uncertainty=base * (1 - base),
    )
