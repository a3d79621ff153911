"""Saxton's tilt angles: steps that shrink with the cosine of the tilt."""

import math

# Steps shrink towards 90 degrees: with a smaller first step the scheme would never end.
LEAST_STEP_DEG = 0.01


def saxton_angles_deg(
    start_deg: float, stop_deg: float, *, step_deg: float | None = None, count: int | None = None
) -> tuple[float, ...]:
    """Tilts whose steps shrink with the cosine of the tilt, as a slab grows thicker along the beam.

    Parameters
    ----------
    start_deg, stop_deg : float
        Range that is not left, degrees; 0° belongs to it, ±90° do not.
    step_deg : float, optional
        Step at 0°, degrees, at least 0.01; the number of tilts follows. Give this or `count`.
    count : int, optional
        Number of tilts, odd, over a symmetric range whose ends are then reached.

    Returns
    -------
    tuple of float
        Angles, degrees, increasing; 0 is one of them.

    Raises
    ------
    ValueError
        When neither or both of `step_deg` and `count` are given, or one breaks its rule.

    Notes
    -----
    From α₀ = 0 outwards on both sides [1]_, in the form that TomoJ uses too [2]_,

        sin(α_{n+1} − α_n) = sin(step) cos α_n :

    Crowther's step for a slab seen at α_n, whose thickness along the beam is proportional to
    1/cos α_n.

    References
    ----------
    .. [1] W. O. Saxton, W. Baumeister, M. Hahn, Three-dimensional reconstruction of imperfect
       two-dimensional crystals, Ultramicroscopy 13 (1984) 57
    .. [2] C. Messaoudi et al., BMC Bioinformatics 8 (2007) 288, doi:10.1186/1471-2105-8-288

    Examples
    --------
    >>> [round(angle, 1) for angle in saxton_angles_deg(-30, 70, step_deg=15)]
    [-29.5, -15.0, 0.0, 15.0, 29.5, 42.5, 53.5, 62.4, 69.3]
    """
    if not -90 < start_deg <= 0 <= stop_deg < 90:
        raise ValueError(
            f"Saxton's tilts start from 0, which the range must hold, and stay within ±90: "
            f"got `start_deg` {start_deg} and `stop_deg` {stop_deg}"
        )
    if step_deg is not None and count is None:
        if not LEAST_STEP_DEG <= step_deg <= 90:
            raise ValueError(f"`step_deg` must lie within {LEAST_STEP_DEG} and 90, got {step_deg}")
        up, down = (_tilts_within(step_deg, reach) for reach in (stop_deg, -start_deg))
    elif count is not None and step_deg is None:
        up = down = _tilts_of_number(start_deg, stop_deg, count)
    else:
        raise ValueError(f"give one of `step_deg` and `count`, got {step_deg} and {count}")
    return (*(-angle for angle in reversed(down)), 0.0, *up)


def _next(angle: float, step: float) -> float:
    """Return the tilt after `angle`; radians, as `step`."""
    return angle + math.asin(math.sin(step) * math.cos(angle))


def _tilts_within(step_deg: float, reach_deg: float) -> list[float]:
    """Return the tilts above 0 and up to `reach_deg`, degrees."""
    found: list[float] = []
    angle = _next(0.0, math.radians(step_deg))
    # A tilt that rounding puts a hair beyond the end is still wanted.
    while math.degrees(angle) <= reach_deg + 1e-9:
        found.append(min(math.degrees(angle), reach_deg))
        angle = _next(angle, math.radians(step_deg))
    return found


def _tilts_of_number(start_deg: float, stop_deg: float, count: int) -> list[float]:
    """Return the tilts above 0 of a symmetric series of `count`, degrees."""
    if int(count) != count or count < 1 or count % 2 == 0:
        raise ValueError(f"`count` must be an odd number of tilts, 0 among them, got {count}")
    if start_deg != -stop_deg or (count > 1) != (stop_deg > 0):
        raise ValueError(
            f"`count` needs a symmetric range, of more than one tilt where it is not empty: got {count} "
            f"tilts from {start_deg} to {stop_deg} degrees; give `step_deg` for any other range"
        )
    side = int(count) // 2
    low, high = 0.0, math.pi / 2
    # The last tilt grows with the step: halve until the two ends are neighbouring numbers.
    while side and low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if math.degrees(_side(middle, side)[-1]) < stop_deg else (low, middle)
    angles = [math.degrees(angle) for angle in _side(high, side)]
    return [*angles[:-1], float(stop_deg)] if angles else []


def _side(step: float, count: int) -> list[float]:
    """Return `count` tilts above 0, radians."""
    angles = [0.0]
    for _ in range(count):
        angles.append(_next(angles[-1], step))
    return angles[1:]
