"""The published experiment as parameters: field of view, tilts, dose, and who is measured."""

import zlib
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveFloat, field_validator

from ..forward import MICROSCOPES, TiltScheme
from ..phantoms import Grid
from ..phantoms.parameters import Parameters

# Two standards of each composition, as element → (phantom, material).
STANDARDS = {"Co": ("zif4_co_standard", "ZIF-4-Co"), "Zn": ("zif62_standard", "ZIF-62")}
STANDARDS_EACH = 2
PARTICLES = ("segregated", "flux_melted")
LINES = ("Co_Ka", "Co_Kb", "Zn_Ka", "Zn_Kb")
MAPPED_LINES = {"Co": "Co_Ka", "Zn": "Zn_Ka"}


class Experiment(Parameters):
    """What `reproduce` simulates.

    The paper behind it (Collins et al. 2019, doi 10.1063/1.5120093) gives 15 EDS projections, the
    microscopes and the materials; it gives neither beam current nor dwell of its tilt series. Those
    below are assumptions: 1 nA, 0.2 s per EDS pixel of 5 nm and 20 µs per ADF pixel of 5 nm. Other
    pixel sizes keep the fluence, so that the size of the simulation is no dose.

    Parameters
    ----------
    microscope : {"osiris", "titan"}
        The one that maps the two glass particles; both are calibrated.
    size : int
        Voxels along every edge of the reconstruction, even.
    seed : int
        Of every random draw.
    field_of_view_nm : float
        Edge of the volume.
    beam_current_na, eds_dwell_s, adf_dwell_s : float
        Beam current, and dwell per pixel of 5 nm and tilt.
    eds_tilts, adf_tilts : TiltScheme
        Tilts of the EDS series of a particle, and of every ADF series.
    gap : float
        Relative primal–dual gap of every reconstruction.
    max_iterations : int
        Iterations of a final solve at most.
    twins : int
        Twins of each particle that tell the uncertainty of its voxels; 0 for none, else 2 at least.
    """

    microscope: str = "osiris"
    size: Annotated[int, Field(ge=32, le=192, multiple_of=2)] = 96
    seed: Annotated[int, Field(ge=0)] = 0
    field_of_view_nm: PositiveFloat = 480.0
    beam_current_na: PositiveFloat = 1.0
    eds_dwell_s: PositiveFloat = 0.2
    adf_dwell_s: PositiveFloat = 20e-6
    eds_tilts: TiltScheme = TiltScheme.uniform(start_deg=-70, stop_deg=70, count=15)
    adf_tilts: TiltScheme = TiltScheme.uniform(start_deg=-70, stop_deg=70, count=29)
    gap: PositiveFloat = 1e-3
    max_iterations: Annotated[int, Field(ge=1)] = 6000
    twins: Annotated[int, Field(ge=0, le=100)] = 4

    @field_validator("microscope")
    @classmethod
    def _known_microscope(cls, name: str) -> str:
        MICROSCOPES[name]
        return name

    @field_validator("twins")
    @classmethod
    def _some_scatter(cls, count: int) -> int:
        if count == 1:
            raise ValueError("twins must be 0 or at least 2: one twin has no scatter")
        return count

    @property
    def spacing_nm(self) -> float:
        """Edge of a voxel and of a pixel, nm."""
        return self.field_of_view_nm / self.size

    @property
    def fine_grid(self) -> Grid:
        """The grid of the truth, twice as fine as that of the reconstruction."""
        return Grid.cube(2 * self.size, spacing_nm=0.5 * self.spacing_nm)

    def dwell_s(self, signal: Literal["eds", "adf"]) -> float:
        """Dwell per pixel at this pixel size, at the same fluence as the default at 5 nm."""
        at_5_nm = self.eds_dwell_s if signal == "eds" else self.adf_dwell_s
        return at_5_nm * (self.spacing_nm / 5.0) ** 2

    def stream(self, *names: str | int) -> np.random.Generator:
        """Random numbers for one purpose, which no other purpose shares or shifts.

        Parameters
        ----------
        *names : str or int
            The purpose: ``stream("particle", "segregated")``.
        """
        key = tuple(zlib.crc32(str(name).encode()) for name in names)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
