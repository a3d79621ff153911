"""What a law finds in one case: how far off, and how far off it may be."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The error of one case beside its tolerance.

    Parameters
    ----------
    error : float
        How far the two sides of the law are apart; NaN breaks the law.
    limit : float
        What rounding, or the accuracy that the component itself states, allows.
    note : str, optional
        The two sides in words, for whoever has to find the mistake.

    Examples
    --------
    >>> Finding(1e-7, 1e-6).kept, Finding(float("nan"), 1.0).kept
    (True, False)
    """

    error: float
    limit: float
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether the error is within its limit."""
        return bool(self.error <= self.limit)

    @property
    def ratio(self) -> float:
        """Error over limit: above one the law is broken; infinite for NaN."""
        if math.isnan(self.error):
            return float("inf")
        if self.error <= 0:
            return 0.0
        return float(self.error / self.limit) if self.limit > 0 else float("inf")
