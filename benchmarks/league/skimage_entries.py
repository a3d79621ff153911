"""scikit-image's filtered back projection and SART, slice by slice."""

import numpy as np

from ...recon import Problem
from .channel_task import ChannelTask, solve_channels
from .equal_gains import EqualGains
from .league_answer import LeagueAnswer
from .league_data import LeagueData
from .until_noise import until_noise

# Pixels added on all sides: SART sees a disc two pixels narrower than the image only.
_MARGIN = 2


def iradon(data: LeagueData, *, filter_name: str = "ramp") -> LeagueAnswer:
    """Run ``skimage.transform.iradon``, filtered back projection.

    Parameters
    ----------
    data : LeagueData
    filter_name : str
        As the package names them; "ramp" is its default.

    Returns
    -------
    LeagueAnswer

    Notes
    -----
    The package turns about pixel n // 2, our grids about their middle: for even n the projections are
    moved by the part of a pixel that this makes, which depends on the tilt, by Fourier interpolation.
    It sums over equal steps of angle that fill the half circle: projections are first weighted by the
    range that each stands for. Gains are divided out.
    """
    from skimage.transform import iradon as turn_back

    def one(task: ChannelTask) -> LeagueAnswer:
        problem = task.problem
        sinograms = EqualGains.of(problem)
        # As wide as the diagonal: what the filter leaves beside the detector belongs to the corners.
        beside = problem.shape[1] // 4
        images = np.pad(sinograms.for_equal_steps(), ((0, 0), (beside, beside), (0, 0)))
        images = _moved(images, _shifts(problem, sinograms.angles_deg))
        volume = np.empty(problem.shape, np.float32)
        for x in range(problem.shape[2]):
            volume[..., x] = turn_back(
                images[..., x].T,
                theta=-sinograms.angles_deg,
                output_size=problem.shape[1],
                filter_name=filter_name,
                circle=False,
            )
        return LeagueAnswer(volume=volume / np.float32(problem.spacing_nm))

    return solve_channels(data, one)


def iradon_sart(data: LeagueData, *, sweeps: int = 20) -> LeagueAnswer:
    """Run ``skimage.transform.iradon_sart`` until the misfit is down to the noise.

    Parameters
    ----------
    data : LeagueData
    sweeps : int
        Over all tilts, at most.

    Returns
    -------
    LeagueAnswer

    Notes
    -----
    Relaxation as the package's default, 0.15; values are kept at or above zero by its ``clip``. Its
    rotation about pixel n // 2 is met by its own ``projection_shifts``.
    """
    from skimage.transform import iradon_sart as sweep

    def one(task: ChannelTask) -> LeagueAnswer:
        problem = task.problem
        sinograms = EqualGains.of(problem)
        theta = -sinograms.angles_deg
        padded = np.pad(sinograms.densities, ((0, 0), (_MARGIN, _MARGIN), (0, 0)))
        shifts = _shifts(problem, sinograms.angles_deg)
        images: list[np.ndarray | None] = [None] * problem.shape[2]
        top = float(np.finfo(np.float32).max)

        def advance(count: int) -> np.ndarray:
            for _ in range(count):
                for x in range(problem.shape[2]):
                    images[x] = sweep(
                        np.ascontiguousarray(padded[..., x].T),
                        theta=theta,
                        image=images[x],
                        projection_shifts=shifts,
                        clip=(0.0, top),
                    )
            volume = np.stack([np.asarray(image) for image in images], axis=-1)
            inner = volume[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
            return (inner / problem.spacing_nm).astype(np.float32)

        return until_noise(task, advance, limit=sweeps)

    return solve_channels(data, one)


def _shifts(problem: Problem, angles_deg: np.ndarray) -> np.ndarray:
    """Pixels by which a projection about pixel n // 2 lies beyond one about the middle."""
    if problem.shape[1] % 2:
        return np.zeros(angles_deg.size)
    angles = np.deg2rad(angles_deg)
    return 0.5 - 0.5 * (np.cos(angles) + np.sin(angles))


def _moved(images: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Images (tilt, y, x) moved to higher y by parts of a pixel, one for each tilt; float32."""
    if not shifts.any():
        return images
    ny = images.shape[1]
    padded = 2 * ny
    waves = np.fft.rfftfreq(padded)
    spectrum = np.fft.rfft(images, n=padded, axis=1)
    spectrum *= np.exp(-2j * np.pi * waves[None, :] * shifts[:, None])[..., None]
    return np.fft.irfft(spectrum, n=padded, axis=1)[:, :ny].astype(np.float32)
