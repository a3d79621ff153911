"""svmbir: model-based iterative reconstruction with a Markov random field as its prior."""

import tempfile
from typing import Any

import numpy as np

from .channel_task import ChannelTask, solve_channels
from .equal_gains import EqualGains
from .league_answer import LeagueAnswer
from .league_data import LeagueData


def svmbir(data: LeagueData, *, noise: str = "weights", **options: Any) -> LeagueAnswer:
    """Run ``svmbir.recon``: coordinate descent on weighted least squares and the qGGMRF prior.

    Parameters
    ----------
    data : LeagueData
    noise : {"weights", "package"}
        Take the inverse variances of the data at their word (``sigma_y`` = 1), or have the package assume
        its signal-to-noise ratio of 30 dB.
    **options
        Further arguments of ``svmbir.recon``.

    Returns
    -------
    LeagueAnswer

    Raises
    ------
    ValueError
        When `noise` is another word.

    Notes
    -----
    The scale of the prior is the package's own choice (``auto_sigma_x``), its stopping rule its default.
    Its slices lie along our x, and its length unit is the pixel. Gains are divided out, and their part in
    the variances is kept.
    """
    import svmbir as package  # pyright: ignore[reportMissingImports]

    if noise not in ("weights", "package"):
        raise ValueError(f"`noise` must be 'weights' or 'package', got {noise!r}")

    def one(task: ChannelTask) -> LeagueAnswer:
        problem = task.problem
        sinograms = EqualGains.of(problem)
        nz, ny, _ = problem.shape
        settings: dict[str, Any] = {
            "weights": np.ascontiguousarray(sinograms.weights.transpose(0, 2, 1)),
            "sigma_y": 1.0 if noise == "weights" else None,
            "num_rows": ny,
            "num_cols": nz,
            # The corners of the grid belong to the field of view too.
            "roi_radius": float(ny),
            "num_threads": 1,
            "verbose": 0,
        }
        # It keeps its matrices in files, which another geometry must not find.
        with tempfile.TemporaryDirectory(prefix="glasstomo-svmbir-") as folder:
            settings |= {"svmbir_lib_path": folder, **options}
            volume = package.recon(
                np.ascontiguousarray(sinograms.densities.transpose(0, 2, 1)),
                -np.deg2rad(sinograms.angles_deg),
                **settings,
            )
        # Its images are (slice, row, column), with our y as rows and z as columns.
        volume = volume.transpose(2, 1, 0) / np.float32(problem.spacing_nm)
        return LeagueAnswer(volume=volume, status="unknown")

    return solve_channels(data, one)
