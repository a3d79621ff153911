"""No interface: one domain fills the body."""

from typing import Literal

import numpy as np

from .parameters import Parameters


class Whole(Parameters):
    """One domain without an interface.

    Examples
    --------
    >>> float(Whole().signed_distance(0.0, 0.0, 0.0))
    -inf
    """

    kind: Literal["whole"] = "whole"

    @property
    def metric(self) -> bool:
        """Whether `signed_distance` is a distance: there is no interface to miss."""
        return True

    def signed_distance(self, z, y, x) -> np.ndarray:
        """Minus infinity: every point is in the first domain, far from any interface."""
        return np.full(np.broadcast_shapes(np.shape(z), np.shape(y), np.shape(x)), -np.inf)
