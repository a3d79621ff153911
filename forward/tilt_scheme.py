"""The tilt scheme: which angles are recorded, and in which order."""

from typing import Literal

import numpy as np
from pydantic import field_validator

from ..phantoms.parameters import Parameters

Order = Literal["increasing", "decreasing", "from_zero", "dose_symmetric"]


class TiltScheme(Parameters):
    """Tilt angles of one single-axis series, and the order in which they are taken.

    Parameters
    ----------
    angles_deg : tuple of float
        Stage tilts α, degrees, strictly increasing, within ±90. Positive α turns the top surface
        towards +y.
    order : {"increasing", "decreasing", "from_zero", "dose_symmetric"}, optional
        Order of acquisition, which decides how much dose each tilt has seen before:
        *increasing* and *decreasing* sweep once; *from_zero* goes from the angle nearest 0° up to
        the highest tilt, then from there down to the lowest; *dose_symmetric* works outwards from
        the angle nearest 0°, alternating sides [1]_.

    References
    ----------
    .. [1] W. J. H. Hagen, W. Wan, J. A. G. Briggs, J. Struct. Biol. 197 (2017) 191,
       doi:10.1016/j.jsb.2016.06.007

    Examples
    --------
    >>> scheme = TiltScheme.uniform(start_deg=-70, stop_deg=70, count=15)
    >>> scheme.angles_deg[:3]
    (-70.0, -60.0, -50.0)
    >>> TiltScheme(angles_deg=(-60, -30, 0, 30, 60), order="from_zero").acquired_deg
    (0.0, 30.0, 60.0, -30.0, -60.0)
    """

    angles_deg: tuple[float, ...]
    order: Order = "increasing"

    @field_validator("angles_deg")
    @classmethod
    def _check_angles(cls, angles: tuple[float, ...]) -> tuple[float, ...]:
        if not angles:
            raise ValueError("must hold at least one angle")
        for index, angle in enumerate(angles):
            if abs(angle) > 90:
                raise ValueError(f"must lie within -90 and 90 degrees: {angle} at index {index}")
            if index and not angle > angles[index - 1]:
                raise ValueError(
                    f"must increase (the order of acquisition is `order`): "
                    f"{angle} follows {angles[index - 1]} at index {index}"
                )
        return angles

    @classmethod
    def uniform(
        cls, start_deg: float, stop_deg: float, count: int, *, order: Order = "increasing"
    ) -> "TiltScheme":
        """Return `count` evenly spaced tilts from `start_deg` to `stop_deg`, both included.

        Parameters
        ----------
        start_deg, stop_deg : float
            First and last angle, degrees; a single tilt needs them equal.
        count : int
            Number of tilts, at least 1.
        order : str, optional
            Order of acquisition, as for `TiltScheme`.

        Raises
        ------
        ValueError
            When `count` is below 1, the range is empty, or an angle is beyond ±90°.
        """
        if int(count) != count or count < 1:
            raise ValueError(f"`count` must be a whole number of at least one tilt, got {count}")
        if count == 1 and start_deg != stop_deg:
            raise ValueError(
                f"`count` of 1 needs `start_deg` equal to `stop_deg`, got {start_deg} and {stop_deg}"
            )
        if count > 1 and not start_deg < stop_deg:
            raise ValueError(f"`stop_deg` must be above `start_deg`, got {start_deg} to {stop_deg}")
        angles = np.linspace(start_deg, stop_deg, int(count))
        return cls(angles_deg=tuple(angles.tolist()), order=order)

    @property
    def count(self) -> int:
        """Number of tilts."""
        return len(self.angles_deg)

    @property
    def acquisition_order(self) -> tuple[int, ...]:
        """Indices into `angles_deg` in the order of acquisition."""
        indices = list(range(self.count))
        if self.order == "decreasing":
            return tuple(reversed(indices))
        zero = min(indices, key=lambda i: (abs(self.angles_deg[i]), -self.angles_deg[i]))
        if self.order == "from_zero":
            return (*indices[zero:], *reversed(indices[:zero]))
        if self.order == "dose_symmetric":
            return tuple(sorted(indices, key=lambda i: (abs(i - zero), i < zero)))
        return tuple(indices)

    @property
    def acquired_deg(self) -> tuple[float, ...]:
        """Angles in the order of acquisition, degrees."""
        return tuple(self.angles_deg[index] for index in self.acquisition_order)
