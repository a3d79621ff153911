"""Closed forms of total variation, first and second order: values only."""

import numpy as np

from .closed_form import ClosedForm

Array = float | np.ndarray


def tv(*, lam: float = 1.0, channel_weights: Array = 1.0, weight: float = 1.0) -> ClosedForm:
    """``f(x) = λ Σ √(Σ_c γ_c² |∇x_c|²)``: forward differences per voxel, 0 behind the far faces.

    Volumes (z, y, x) or (channel, z, y, x). L. I. Rudin, S. Osher and E. Fatemi, Physica D 60 (1992) 259,
    doi 10.1016/0167-2789(92)90242-F.
    """
    return ClosedForm(
        formula="f(x) = λ Σ √(Σ_c γ_c² |∇x_c|²)",
        value=lambda x: lam * weight * float(_joint(x, _firsts, channel_weights).sum()),
    )


def tv2(*, lam: float = 1.0, channel_weights: Array = 1.0, weight: float = 1.0) -> ClosedForm:
    """``f(x) = λ Σ √(Σ_c γ_c² |∇²x_c|²)``: all nine second differences, 0 where a neighbour is missing.

    Volumes (z, y, x) or (channel, z, y, x). M. Lysaker, A. Lundervold and X.-C. Tai, IEEE Trans. Image
    Process. 12 (2003) 1579, doi 10.1109/TIP.2003.819229.
    """
    return ClosedForm(
        formula="f(x) = λ Σ √(Σ_c γ_c² |∇²x_c|²)",
        value=lambda x: lam * weight * float(_joint(x, _seconds, channel_weights).sum()),
    )


def _joint(x: np.ndarray, differences, channel_weights: Array) -> np.ndarray:
    """Length of the differences of all channels at each voxel."""
    channels = x[None] if x.ndim == 3 else x
    gamma = np.broadcast_to(np.float64(channel_weights), len(channels))
    parts = (g * d for g, volume in zip(gamma, channels, strict=True) for d in differences(volume))
    return np.sqrt(sum((d**2 for d in parts), np.zeros(channels.shape[1:])))


def _ahead(x: np.ndarray, axis: int) -> np.ndarray:
    return np.concatenate([np.diff(x, axis=axis), np.zeros_like(np.take(x, [0], axis))], axis)


def _firsts(volume: np.ndarray) -> list[np.ndarray]:
    return [_ahead(volume, axis) for axis in range(3)]


def _seconds(volume: np.ndarray) -> list[np.ndarray]:
    """Nine second differences: zz is that of the neighbours on either side, zy and yz are forward twice."""
    found = []
    for first in range(3):
        for second in range(3):
            if first != second:
                found.append(_ahead(_ahead(volume, first), second))
                continue
            bends = np.zeros_like(volume)
            if volume.shape[first] > 2:
                inner = tuple(slice(1, -1) if axis == first else slice(None) for axis in range(3))
                bends[inner] = np.diff(volume, n=2, axis=first)
            found.append(bends)
    return found
