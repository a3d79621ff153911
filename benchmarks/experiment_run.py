"""One run of the published experiment: what was chosen, measured and found."""

from dataclasses import dataclass
from typing import Any

from .calibration import Calibration
from .experiment import Experiment
from .glass_particle import GlassParticle


@dataclass(frozen=True, kw_only=True, eq=False)
class ExperimentRun:
    """What the sections of a report are made of.

    Parameters
    ----------
    experiment : Experiment
        What was chosen.
    calibrations : dict of str to Calibration
        By microscope.
    particles : dict of str to GlassParticle
        By name.
    summary : dict
        As ``summary.json``, without the runtime.
    """

    experiment: Experiment
    calibrations: dict[str, Calibration]
    particles: dict[str, GlassParticle]
    summary: dict[str, Any]

    @property
    def spacing_nm(self) -> float:
        """Edge of a voxel, nm."""
        return self.experiment.spacing_nm
