"""Checks of the fields of a tilt series: one line with field, rule, value and cure."""

import json
from typing import Any

import numpy as np


def checked_data(data: np.ndarray) -> np.ndarray:
    """Return contiguous finite numbers with three or four axes."""
    data = np.ascontiguousarray(data)
    if data.dtype.kind not in "iuf":
        raise ValueError(f"`data` must be integers or floats, got {data.dtype}")
    if data.ndim not in (3, 4) or data.size == 0:
        raise ValueError(
            f"`data` must have axes (tilt, y, x) or (channel, tilt, y, x), none empty, got shape {data.shape}"
        )
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        bad = np.argwhere(~np.isfinite(data))
        where = tuple(int(i) for i in bad[0])
        raise ValueError(
            f"`data` must be finite: {data[where]} at index {where} ({len(bad)} such values); "
            "mend those pixels or leave out those tilts"
        )
    return data


def checked_angles(angles_deg: Any, count: int) -> np.ndarray:
    """Return one finite angle per projection, float64."""
    angles = np.array(angles_deg, dtype=np.float64, ndmin=1)
    if angles.shape != (count,):
        raise ValueError(
            f"`angles_deg` must hold one angle per tilt: {angles.size} angles for {count} projections"
        )
    if not (np.abs(angles) <= 180).all():
        index = int(np.flatnonzero(~(np.abs(angles) <= 180))[0])
        raise ValueError(f"`angles_deg` must lie within -180 and 180: {angles[index]} at index {index}")
    return angles


def checked_channels(channels: Any, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Return one distinct name per channel."""
    channels = (channels,) if isinstance(channels, str) else tuple(channels)
    expected = shape[0] if len(shape) == 4 else 1
    if len(channels) != expected or not all(isinstance(name, str) and name for name in channels):
        raise ValueError(f"`channels` must name the {expected} channel(s) of data {shape}, got {channels}")
    if len(set(channels)) != len(channels):
        raise ValueError(f"`channels` must differ, got {channels}")
    return channels


def checked_gains(gains: Any, shape: tuple[int, int]) -> np.ndarray | None:
    """Return finite gains of shape (channel, tilt), none negative, or None."""
    if gains is None:
        return None
    gains = np.array(gains, dtype=np.float64)
    if gains.shape != shape:
        raise ValueError(f"`gains` must have shape (channel, tilt) = {shape}, got {gains.shape}")
    if not ((gains >= 0) & np.isfinite(gains)).all():
        raise ValueError(f"`gains` must be finite and not negative, got a least value of {gains.min()}")
    return gains


def checked_exposure(exposure: Any, count: int) -> np.ndarray | None:
    """Return one finite positive exposure per tilt, or None."""
    if exposure is None:
        return None
    exposure = np.array(exposure, dtype=np.float64, ndmin=1)
    if exposure.shape != (count,):
        raise ValueError(f"`exposure` must hold one number per tilt ({count}), got shape {exposure.shape}")
    if not ((exposure > 0) & np.isfinite(exposure)).all():
        raise ValueError(f"`exposure` must be finite and above 0, got a least value of {exposure.min()}")
    return exposure


def checked_variance(variance: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return finite variances of the shape of the data, none negative, or None."""
    if variance is None:
        return None
    variance = np.ascontiguousarray(variance, dtype=np.float64)
    if variance.shape != shape:
        raise ValueError(f"`variance` must have the shape of `data`, {shape}, got {variance.shape}")
    if not ((variance >= 0) & np.isfinite(variance)).all():
        raise ValueError(f"`variance` must be finite and not negative, got a least value of {variance.min()}")
    return variance


def checked_metadata(metadata: Any) -> dict[str, Any]:
    """Return what JSON gives back of it, so that a file holds the same."""
    if not isinstance(metadata, dict):
        raise ValueError(f"`metadata` must be a dictionary, got {type(metadata).__name__}")
    try:
        return json.loads(json.dumps(metadata, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"`metadata` must be what JSON can hold: {error}") from None


def positive(name: str, value: Any, unit: str) -> float:
    """Return a finite number above zero."""
    value = float(value)
    if not 0 < value < np.inf:
        raise ValueError(f"`{name}` must be a positive number of {unit}, got {value}")
    return value
