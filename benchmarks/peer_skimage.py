"""scikit-image's radon and iradon, slice by slice: rotated images, so not our operator but the same task."""

from typing import Any

import numpy as np

from ..recon import Problem
from .peers import Projections

# One slice takes so long that a few stand for all; they are a loop in Python, so time is their number.
_SLICES = 4


def projections(problem: Problem, threads: int = 1) -> Projections:
    """Project by rotating each slice, and back project without a filter; one thread."""
    from skimage.transform import iradon, radon

    angles = -problem.angles_deg
    # Its annotations leave out None, its documentation does not.
    unfiltered: dict[str, Any] = {"filter_name": None}
    ny = problem.shape[1]

    def forward(volume: np.ndarray) -> np.ndarray:
        slices = [radon(volume[..., x], theta=angles, circle=False) for x in range(volume.shape[2])]
        return np.stack(slices, axis=-1).swapaxes(0, 1)

    def adjoint(series: np.ndarray) -> np.ndarray:
        slices = [
            iradon(series[..., x].T, theta=angles, output_size=ny, circle=False, **unfiltered)
            for x in range(series.shape[2])
        ]
        return np.stack(slices, axis=-1)

    return Projections(forward=forward, adjoint=adjoint, slices=min(_SLICES, problem.shape[2]))
