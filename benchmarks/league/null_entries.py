"""Null entries: what any solver has to beat."""

import numpy as np

from ...recon import Problem
from .channel_task import ChannelTask, solve_channels
from .league_answer import LeagueAnswer
from .league_data import LeagueData

# Share of the brightest projected density above which a ray counts as having met the specimen.
_BRIGHT = 0.2


def uniform(data: LeagueData) -> LeagueAnswer:
    """Fill all voxels with the constant that gives each channel's total.

    Parameters
    ----------
    data : LeagueData

    Returns
    -------
    LeagueAnswer
    """

    def one(task: ChannelTask) -> LeagueAnswer:
        return LeagueAnswer(volume=_scaled(task.problem, np.ones(task.problem.shape, np.float32)))

    return solve_channels(data, one)


def constant(data: LeagueData) -> LeagueAnswer:
    """Fill the voxels that every tilt sees as bright with the constant that gives each channel's total.

    Parameters
    ----------
    data : LeagueData

    Returns
    -------
    LeagueAnswer
        The same support in all channels: one point in the phase diagram.

    Notes
    -----
    The support is the visual hull of the counts of all channels, smoothed over a pixel: a voxel whose
    shadow is bright, above a fifth of the brightest, in every tilt with signal.
    """
    support = visual_hull(data)

    def one(task: ChannelTask) -> LeagueAnswer:
        return LeagueAnswer(volume=_scaled(task.problem, support))

    return solve_channels(data, one)


def back_projection(data: LeagueData) -> LeagueAnswer:
    """Back project without any filter, times the factor that gives the total.

    Parameters
    ----------
    data : LeagueData

    Returns
    -------
    LeagueAnswer
    """

    def one(task: ChannelTask) -> LeagueAnswer:
        problem = task.problem
        # Weighted by what each tilt knows: a shadowed one, which counted less, says less.
        volume = problem.adjoint(problem.data)
        seen = problem.adjoint(problem.forward(np.ones(problem.shape, np.float32)))
        np.divide(volume, seen, out=volume, where=seen > 0)
        return LeagueAnswer(volume=_scaled(problem, np.maximum(volume, np.float32(0.0))))

    return solve_channels(data, one)


def visual_hull(data: LeagueData) -> np.ndarray:
    """Voxels whose shadow is bright in every tilt that has signal; float32 (z, y, x), one or zero.

    The brightness is that of all channels together, at gain and exposure one.
    """
    from scipy import ndimage

    counts = np.maximum(data.counts, 0).sum(axis=0, dtype=np.float64)
    sensitivity = (data.gains * data.exposure).sum(axis=0)
    used = sensitivity >= 0.1 * sensitivity.max()
    bright = counts[used] / np.where(used, sensitivity, 1.0)[used, None, None]
    bright = ndimage.gaussian_filter(bright, (0.0, 1.0, 1.0))
    bright = bright > _BRIGHT * bright.max()
    ny = data.shape[2]
    centre = np.arange(ny) - 0.5 * (ny - 1)
    hull = np.ones(data.shape[1:], bool)
    for image, angle in zip(bright, np.deg2rad(data.angles_deg[used]), strict=True):
        lands = centre[None, :] * np.cos(angle) + centre[:, None] * np.sin(angle) + 0.5 * (ny - 1)
        pixel = np.rint(lands).astype(int)
        inside = (pixel >= 0) & (pixel < ny)
        # Where the shadow falls beside the detector, this tilt says nothing.
        hull &= np.where(inside[..., None], image[np.clip(pixel, 0, ny - 1)], True)
    return hull.astype(np.float32)


def _scaled(problem: Problem, volume: np.ndarray) -> np.ndarray:
    """Times the factor at which the projections add up to the data."""
    total = float(problem.forward(volume).sum(dtype=np.float64))
    # Net intensities may add up to less than nothing.
    factor = max(float(problem.data.sum(dtype=np.float64)), 0.0) / total if total > 0 else 0.0
    return volume * np.float32(factor)
