"""Microscopes: voltage, probe, detectors and calibrated EDS cross-sections."""

from typing import TYPE_CHECKING

from pydantic import NonNegativeFloat, PositiveFloat, field_validator

from ..phantoms.parameters import Parameters
from ..phantoms.table import Table
from .detectors.adf_detector import ADFDetector
from .detectors.eds_detector import EDSDetector
from .xray_lines import LINES

if TYPE_CHECKING:
    from .spectra.eds_response import EDSResponse


class Microscope(Parameters):
    """A scanning transmission electron microscope with EDS and ADF detectors.

    Parameters
    ----------
    name : str
        Name for reports and metadata.
    accelerating_voltage_kv : float
        Accelerating voltage, kV.
    cross_section_barn : dict
        Partial EDS cross-section of each line (``"Zn_Ka"``), barn: X-rays counted by all segments
        together per electron and per atom nm⁻², at 0° tilt, times 1e10. Detector solid angle and efficiency
        are contained in it.
    convergence_mrad : float, optional
        Convergence semi-angle of the probe, mrad; metadata only, the probe is taken as a line.
    eds : EDSDetector, optional
    adf : ADFDetector, optional

    Examples
    --------
    >>> MICROSCOPES["osiris"].cross_section_barn["Co_Ka"]
    3.38
    """

    name: str
    accelerating_voltage_kv: PositiveFloat
    cross_section_barn: dict[str, PositiveFloat]
    convergence_mrad: NonNegativeFloat = 11.0
    eds: EDSDetector = EDSDetector()
    adf: ADFDetector = ADFDetector()

    @field_validator("cross_section_barn")
    @classmethod
    def _check_lines(cls, table: dict[str, float]) -> dict[str, float]:
        for line in table:
            if line not in LINES:
                raise ValueError(f"unknown X-ray line {line!r}, known: {', '.join(LINES)}")
        return table

    def partial_cross_section_barn(self, line: str, *, response: "EDSResponse | None" = None) -> float:
        """Partial EDS cross-section of any line: from the table, else from a model scaled to it.

        Parameters
        ----------
        line : str
            Name of the line in `LINES`.
        response : EDSResponse, optional
            For the detector efficiency at lines that the table lacks; the default response if left out.

        Returns
        -------
        float
            Barn; see `glasstomo.forward.spectra.partial_cross_section`.

        Raises
        ------
        ValueError
            When the line is unknown.

        Examples
        --------
        >>> MICROSCOPES["osiris"].partial_cross_section_barn("Zn_Ka")
        2.48
        """
        from .spectra.partial_cross_section import partial_cross_section_barn

        return partial_cross_section_barn(line, self, response=response)


MICROSCOPES: Table[Microscope] = Table(
    "microscope",
    {
        "osiris": Microscope(
            name="osiris",
            accelerating_voltage_kv=80.0,
            cross_section_barn={"Co_Ka": 3.38, "Co_Kb": 0.45, "Zn_Ka": 2.48, "Zn_Kb": 0.32},
        ),
        "titan": Microscope(
            name="titan",
            accelerating_voltage_kv=80.0,
            cross_section_barn={"Co_Ka": 2.70, "Co_Kb": 0.36, "Zn_Ka": 2.51, "Zn_Kb": 0.30},
        ),
    },
)
"""Microscopes by name.

Cross-sections: S. M. Collins et al., APL Mater. 7 (2019) 091111, Table I (80 kV, Fischione
tomography holder, 0° tilt), doi:10.1063/1.5120093. Convergence: Longley et al. 2019 (11.0 mrad)."""
