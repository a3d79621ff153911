"""A uniform disc on square pixels: sum, variance and sign exact."""

from functools import lru_cache

import numpy as np


def disc_kernel(radii: tuple[float, float]) -> np.ndarray:
    """Weights by which a pixel spreads over its neighbours when each point becomes a disc.

    Parameters
    ----------
    radii : tuple of float
        Radius of the disc along (y, x), in pixels (they differ where pixels are not square).

    Returns
    -------
    ndarray of float64, shape (odd, odd)
        Not negative, sum 1, variance radius²/4 along each axis (to 1e-9), centred.

    Notes
    -----
    The weights are the shares of a disc that fall on each pixel. Those shares alone have a variance
    that is off by up to a twelfth of a pixel squared: none for a disc inside one pixel, too much for
    a wide one. The radius is therefore changed until the variance is that of the disc wanted, which
    keeps the blur right below one pixel too, where most of it happens: Fourier filters ring there, and
    convolving pixels as little squares blurs a disc of half a pixel three times too much.

    Examples
    --------
    >>> np.round(disc_kernel((0.5, 0.5)), 3)
    array([[0.   , 0.031, 0.   ],
           [0.031, 0.875, 0.031],
           [0.   , 0.031, 0.   ]])
    """
    return _matched(float(radii[0]), float(radii[1])).copy()


@lru_cache(maxsize=256)
def _matched(radius_y: float, radius_x: float) -> np.ndarray:
    if not (0 <= radius_y < np.inf and 0 <= radius_x < np.inf):
        raise ValueError(f"`radii` must be finite and not negative, got {(radius_y, radius_x)}")
    wanted = np.array([radius_y, radius_x]) ** 2 / 4
    if not wanted.any():
        return np.ones((1, 1))
    # A disc reaches its neighbours from half a pixel on. The variance grows with each semi-axis,
    # mostly with its own: bisect one after the other.
    axes = np.sqrt(4 * wanted + 0.25)
    for _ in range(60):
        before = axes.copy()
        for axis in (0, 1):
            axes[axis] = _semi_axis(axes, axis, wanted[axis])
        if np.abs(axes - before).max() < 1e-12:
            break
    kernel = covered_shares(axes[0], axes[1])
    kernel.setflags(write=False)
    return kernel


def _semi_axis(axes: np.ndarray, axis: int, variance: float) -> float:
    """Semi-axis at which the shares have the variance wanted, the other one kept."""
    from scipy.optimize import root_scalar

    trial = axes.copy()

    def excess(value: float) -> float:
        trial[axis] = value
        return float(kernel_variance(covered_shares(trial[0], trial[1]))[axis] - variance)

    bracket = (1e-3, 2 * float(np.sqrt(variance)) + 1.0)
    return float(root_scalar(excess, bracket=bracket, method="brentq", xtol=1e-14).root)


def kernel_variance(kernel: np.ndarray) -> np.ndarray:
    """Variance of a centred kernel of sum 1 along (y, x), pixels squared."""
    y, x = (np.arange(count) - count // 2 for count in kernel.shape)
    return np.array([np.sum(kernel * y[:, None] ** 2), np.sum(kernel * x**2)])


def covered_shares(radius_y: float, radius_x: float) -> np.ndarray:
    """Shares of an upright ellipse that fall on each pixel around its centre; sum 1."""
    edges = [np.arange(count + 1) - count / 2 for count in (_pixels(radius_y), _pixels(radius_x))]
    areas = _unit_disc_below((edges[0] / radius_y)[:, None], edges[1] / radius_x)
    shares = np.maximum(np.diff(np.diff(areas, axis=0), axis=1), 0.0)
    return shares / shares.sum()


def _pixels(radius: float) -> int:
    return 2 * int(np.ceil(max(radius - 0.5, 0.0))) + 1


def _unit_disc_below(v: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Area of the unit disc where the coordinates lie below (v, u): a closed form of its chords."""

    def chords(x: np.ndarray) -> np.ndarray:
        return 0.5 * (x * np.sqrt(1 - x * x) + np.arcsin(x))

    u, v = np.clip(u, -1, 1), np.clip(v, -1, 1)
    height = np.abs(v)
    corner = np.sqrt(1 - height**2)
    start = chords(np.array(-1.0))
    capped = chords(np.clip(u, -1, -corner)) - start + chords(np.clip(u, corner, 1)) - chords(corner)
    capped = capped + height * (np.clip(u, -corner, corner) + corner)
    return chords(u) - start + np.sign(v) * capped
