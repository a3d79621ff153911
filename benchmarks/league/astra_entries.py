"""ASTRA's algorithms on the CPU, slice by slice: FBP, SIRT, SART and CGLS."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...recon import Problem
from .channel_task import ChannelTask, solve_channels
from .equal_gains import EqualGains
from .league_answer import LeagueAnswer
from .league_data import LeagueData
from .until_noise import until_noise

# Iterations at most, where untold errors keep the misfit above the noise; a sweep over all tilts is one, for
# SART too.
_MOST = {"SIRT": 200, "SART": 20, "CGLS": 30}


def fbp(data: LeagueData, *, filter_type: str = "ram-lak") -> LeagueAnswer:
    """Run ASTRA's ``FBP``.

    Parameters
    ----------
    data : LeagueData
    filter_type : str
        As the package names them; "ram-lak" is its default.

    Returns
    -------
    LeagueAnswer

    Notes
    -----
    It sums over equal steps of angle that fill the half circle: projections are first weighted by the
    range that each stands for. Gains are divided out.
    """

    def one(task: ChannelTask) -> LeagueAnswer:
        problem = task.problem
        sinograms = EqualGains.of(problem)
        # As wide as the diagonal: what the filter leaves beside the detector belongs to the corners.
        beside = problem.shape[1] // 4
        weighted = np.pad(sinograms.for_equal_steps(), ((0, 0), (beside, beside), (0, 0)))
        with _slices(problem, "FBP", weighted, sinograms.angles_deg, FilterType=filter_type) as run:
            return LeagueAnswer(volume=run(1))

    return solve_channels(data, one)


def iterated(data: LeagueData, *, algorithm: str) -> LeagueAnswer:
    """Run ASTRA's ``SIRT``, ``SART`` or ``CGLS`` until the misfit is down to the noise.

    Parameters
    ----------
    data : LeagueData
    algorithm : {"SIRT", "SART", "CGLS"}

    Returns
    -------
    LeagueAnswer

    Notes
    -----
    Values are kept at or above zero by ``MinConstraint`` where the algorithm has it (not CGLS). Gains are
    divided out, and all pixels count alike: these algorithms take no weights.
    """
    options: dict[str, Any] = {} if algorithm == "CGLS" else {"MinConstraint": 0.0}

    def one(task: ChannelTask) -> LeagueAnswer:
        problem = task.problem
        sinograms = EqualGains.of(problem)
        # One of its iterations of SART is a single projection.
        each = sinograms.angles_deg.size if algorithm == "SART" else 1
        with _slices(problem, algorithm, sinograms.densities, sinograms.angles_deg, **options) as run:
            return until_noise(task, lambda count: run(count * each), limit=_MOST[algorithm])

    return solve_channels(data, one)


@contextmanager
def _slices(
    problem: Problem, algorithm: str, densities: np.ndarray, angles_deg: np.ndarray, **options: Any
) -> Iterator[Callable[[int], np.ndarray]]:
    """Yield ``run(iterations) -> volume`` of all slices, which goes on from where it was."""
    import astra  # pyright: ignore[reportMissingImports]

    nz, ny, _ = problem.shape
    bins = densities.shape[1]
    grid = astra.create_vol_geom(nz, ny)
    # ASTRA's vertical axis points to lower rows, ours to higher z.
    angles = -np.deg2rad(angles_deg)
    beams = astra.create_proj_geom("parallel", 1.0, bins, angles)
    projector = strips = astra.create_projector("strip", beams, grid)
    matrix = None
    sinograms, images, tasks = [], [], []
    # Its CGLS divides by zero in a slice without any data.
    filled = np.flatnonzero(densities.any(axis=(0, 1)))
    try:
        if algorithm != "FBP":
            # The same weights, computed once for all slices and iterations; its FBP does not take them.
            matrix = astra.projector.matrix(strips)
            beams = astra.create_proj_geom("sparse_matrix", 1.0, bins, angles, matrix)
            projector = astra.create_projector("sparse_matrix", beams, grid)
        for x in filled:
            sinograms.append(astra.data2d.create("-sino", beams, np.ascontiguousarray(densities[..., x])))
            images.append(astra.data2d.create("-vol", grid, 0.0))
            settings: dict[str, Any] = astra.astra_dict(algorithm)
            settings["ProjectorId"] = projector
            settings["ProjectionDataId"] = sinograms[-1]
            settings["ReconstructionDataId"] = images[-1]
            settings["option"] = dict(options)
            tasks.append(astra.algorithm.create(settings))

        def run(iterations: int) -> np.ndarray:
            for task in tasks:
                astra.algorithm.run(task, iterations)
            volume = np.zeros(problem.shape, np.float32)
            for x, image in zip(filled, images, strict=True):
                volume[..., x] = astra.data2d.get(image)
            return volume / np.float32(problem.spacing_nm)

        yield run
    finally:
        astra.algorithm.delete(tasks)
        astra.data2d.delete(images + sinograms)
        astra.projector.delete([projector] if matrix is None else [projector, strips])
        if matrix is not None:
            astra.matrix.delete(matrix)
