"""The tilt scheme: which angles are recorded, and in which order."""

import operator
from typing import Any, Literal, get_args

import numpy as np
from pydantic import ValidationInfo, field_validator

from ..phantoms.parameters import Parameters
from .golden_ratio import golden_ratio_angles_deg
from .saxton import saxton_angles_deg

NamedOrder = Literal["increasing", "decreasing", "from_zero", "dose_symmetric"]
Order = NamedOrder | tuple[int, ...]


class TiltScheme(Parameters):
    """Tilt angles of one single-axis series, and the order in which they are taken.

    Parameters
    ----------
    angles_deg : tuple of float
        Stage tilts α, degrees, strictly increasing, within ±90. Positive α turns the top surface
        towards +y.
    order : {"increasing", "decreasing", "from_zero", "dose_symmetric"} or tuple of int, optional
        Order of acquisition, which decides how much dose each tilt has seen before:
        *increasing* and *decreasing* sweep once; *from_zero* goes from the angle nearest 0° up to
        the highest tilt, then from there down to the lowest; *dose_symmetric* works outwards from
        the angle nearest 0°, alternating sides [1]_. Any other order is spelt out: the indices into
        `angles_deg`, each once, in the order in which they are taken.

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
    >>> TiltScheme(angles_deg=(-60, 0, 60), order=(1, 2, 0)).acquired_deg
    (0.0, 60.0, -60.0)
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

    @field_validator("order", mode="before")
    @classmethod
    def _check_order(cls, order: Any, info: ValidationInfo) -> Any:
        names = get_args(NamedOrder)
        if isinstance(order, str):
            if order not in names:
                raise ValueError(f"must be one of {', '.join(names)}, or every index once")
            return order
        try:
            indices = tuple(operator.index(index) for index in order)
        except TypeError:
            raise ValueError(f"must be one of {', '.join(names)}, or every index once") from None
        count = len(info.data.get("angles_deg", indices))
        if sorted(indices) != list(range(count)):
            raise ValueError(f"must hold every index from 0 to {count - 1} once")
        return indices

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
        order : str or tuple of int, optional
            Order of acquisition, as for `TiltScheme`.

        Raises
        ------
        ValueError
            When `count` is below 1, the range is empty, or an angle is beyond ±90°.
        """
        _whole_count(count)
        if count == 1 and start_deg != stop_deg:
            raise ValueError(
                f"`count` of 1 needs `start_deg` equal to `stop_deg`, got {start_deg} and {stop_deg}"
            )
        if count > 1 and not start_deg < stop_deg:
            raise ValueError(f"`stop_deg` must be above `start_deg`, got {start_deg} to {stop_deg}")
        angles = np.linspace(start_deg, stop_deg, int(count))
        return cls(angles_deg=tuple(angles.tolist()), order=order)

    @classmethod
    def golden_ratio(
        cls, start_deg: float, stop_deg: float, count: int, *, first_deg: float | None = None
    ) -> "TiltScheme":
        """Return tilts by the golden ratio, taken in the order in which it visits them.

        Break the series off after any number of tilts, and those taken cover the range almost
        evenly (`first`): made for specimens that may not last. The stage jumps by 38 % or 62 % of
        the range each time.

        Parameters
        ----------
        start_deg, stop_deg, count, first_deg
            As for `golden_ratio_angles_deg`, where the law and its sources stand.

        Raises
        ------
        ValueError
            When `count` is below 1, the range is empty or beyond ±90°, or `first_deg` outside it.

        Examples
        --------
        >>> scheme = TiltScheme.golden_ratio(-70, 70, 5)
        >>> [round(angle, 1) for angle in scheme.angles_deg], scheme.order
        ([-53.5, -20.4, 0.0, 33.0, 66.1], (2, 0, 3, 1, 4))
        """
        return cls._taken(golden_ratio_angles_deg(start_deg, stop_deg, count, first_deg=first_deg))

    @classmethod
    def saxton(
        cls,
        start_deg: float,
        stop_deg: float,
        count: int | None = None,
        *,
        step_deg: float | None = None,
        order: Order = "increasing",
    ) -> "TiltScheme":
        """Return Saxton's tilts: steps shrink with the cosine of the tilt.

        Made for flat specimens, which grow thicker along the beam as they tilt. A compact particle
        does not, and is sampled too finely at high tilt and too coarsely at low.

        Parameters
        ----------
        start_deg, stop_deg, count, step_deg
            As for `saxton_angles_deg`, where the law and its sources stand.
        order : str or tuple of int, optional
            Order of acquisition, as for `TiltScheme`.

        Raises
        ------
        ValueError
            When neither or both of `step_deg` and `count` are given, or one breaks its rule.

        Examples
        --------
        >>> scheme = TiltScheme.saxton(-70, 70, 15)
        >>> [round(angle, 1) for angle in scheme.angles_deg[7:]]
        [0.0, 13.2, 26.1, 38.0, 48.4, 57.2, 64.3, 70.0]
        >>> TiltScheme.saxton(-70, 70, step_deg=5).count
        39
        """
        angles = saxton_angles_deg(start_deg, stop_deg, step_deg=step_deg, count=count)
        return cls(angles_deg=angles, order=order)

    @classmethod
    def _taken(cls, taken_deg: tuple[float, ...]) -> "TiltScheme":
        """Return the scheme that takes these angles in this order."""
        order = np.argsort(np.argsort(taken_deg))
        return cls(angles_deg=tuple(sorted(taken_deg)), order=tuple(order.tolist()))

    def first(self, count: int) -> "TiltScheme":
        """Return the scheme of the first tilts taken: a series that was broken off.

        Parameters
        ----------
        count : int
            Number of tilts to keep, 1 to all.

        Examples
        --------
        >>> TiltScheme.uniform(-60, 60, 5, order="dose_symmetric").first(3).angles_deg
        (-30.0, 0.0, 30.0)
        """
        _whole_count(count)
        if count > self.count:
            raise ValueError(f"`count` must be at most the {self.count} tilts of the scheme, got {count}")
        return self._taken(self.acquired_deg[: int(count)])

    @property
    def count(self) -> int:
        """Number of tilts."""
        return len(self.angles_deg)

    @property
    def acquisition_order(self) -> tuple[int, ...]:
        """Indices into `angles_deg` in the order of acquisition."""
        if not isinstance(self.order, str):
            return self.order
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


def _whole_count(count: int) -> None:
    if int(count) != count or count < 1:
        raise ValueError(f"`count` must be a whole number of at least one tilt, got {count}")
