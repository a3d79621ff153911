"""What the process of a solver is told: which entry, where to look for it, and the toy to warm up with."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...forward.rutherford import NM2_PER_BARN
from .league_data import LeagueData

TASK_FILE = "task.json"
TOY_FILE = "toy.npz"
DATA_FILE = "data.npz"
ANSWER_FILE = "answer.npy"
WORDS_FILE = "answer.json"

READY, GO, SOLVED = b"ready\n", b"go\n", b"solved\n"
"""What the two processes say to each other, in this order."""

_TOY_SIZE = 16
_TOY_TILTS_DEG = (-60.0, -40.0, -20.0, 0.0, 20.0, 40.0, 60.0)
# Metal atoms in a cubic nanometre of the glasses, roughly.
_TOY_DENSITY = 5.0


@dataclass(frozen=True, kw_only=True)
class SolverTask:
    """One solve, as its process is told.

    Parameters
    ----------
    entry : str
        Name in `ENTRIES`, or ``"package.module:object"``.
    options : dict
        For the solver, as JSON holds them.
    search_path : str or None
        Folder to look for the module in, after all others.
    memory_bytes : int
        Resident memory that the process may take.
    """

    entry: str
    options: dict[str, Any] = field(default_factory=dict)
    search_path: str | None = None
    memory_bytes: int = 4_000_000_000

    def save(self, folder: Path) -> None:
        """Write the task into the folder of its process."""
        (folder / TASK_FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "SolverTask":
        """Read what `save` wrote."""
        return cls(**json.loads((folder / TASK_FILE).read_text(encoding="utf-8")))


def toy_data(data: LeagueData) -> LeagueData:
    """Return the series of a ball on 16³ voxels, with the channels, units and calibration of some data.

    A solver warms up with it, so that compiling its kernels does not count; nothing of the data is in it.

    Parameters
    ----------
    data : LeagueData
        Of which signal, channels, electrons and cross-sections are taken.
    """
    middle = (_TOY_SIZE - 1) / 2
    y, x = np.mgrid[:_TOY_SIZE, :_TOY_SIZE] - middle
    spacing_nm = data.spacing_nm * data.counts.shape[-1] / _TOY_SIZE
    chord_nm = 2 * spacing_nm * np.sqrt(np.maximum((0.35 * _TOY_SIZE) ** 2 - x**2 - y**2, 0.0))
    rng = np.random.default_rng(0)
    shape = (len(data.channels), len(_TOY_TILTS_DEG), _TOY_SIZE, _TOY_SIZE)
    if data.signal == "EDS_TEM":
        per_area = (data.electrons_per_pixel or 1e9) * NM2_PER_BARN
        sections = [data.cross_section_barn.get(name.partition("@")[0], 1.0) for name in data.channels]
        mean = per_area * np.reshape(sections, (-1, 1, 1, 1)) * _TOY_DENSITY * chord_nm
        counts = rng.poisson(np.broadcast_to(mean, shape)).astype(np.int32)
    else:
        mean = chord_nm / chord_nm.max()
        counts = (mean + 0.01 * rng.standard_normal(shape)).astype(np.float32)
    return LeagueData(
        counts=counts,
        angles_deg=np.array(_TOY_TILTS_DEG),
        spacing_nm=spacing_nm,
        channels=data.channels,
        signal=data.signal,
        electrons_per_pixel=data.electrons_per_pixel,
        cross_section_barn=dict(data.cross_section_barn),
        seconds=data.seconds,
    )
