"""Partial EDS cross-sections of any line: published where there are, else a model scaled to them."""

from typing import TYPE_CHECKING

import numpy as np

from .eds_response import EDSResponse
from .ionisation import emission_cross_section_barn
from .xray_lines import LINES

if TYPE_CHECKING:
    from .microscope import Microscope


def partial_cross_section_barn(
    line: str, microscope: "Microscope", *, response: EDSResponse | None = None
) -> float:
    """Partial cross-section of a line in a microscope: published, or the model × the microscope's scale.

    Parameters
    ----------
    line : str
        Name of the line.
    microscope : Microscope
    response : EDSResponse, optional
        For the detector efficiency of lines outside the microscope's table; the default response if left
        out.

    Returns
    -------
    float
        X-rays counted by all segments per electron and per atom nm⁻² at 0°, times 1e10, barn.

    Raises
    ------
    ValueError
        When the line is unknown, or names no shell.
    """
    known = LINES[line]
    if line in microscope.cross_section_barn:
        return microscope.cross_section_barn[line]
    response = EDSResponse() if response is None else response
    model = emission_cross_section_barn(known, microscope.accelerating_voltage_kv)
    seen = microscope.eds.solid_angle_sr / (4 * np.pi) * response.efficiency(known.energy_kev)
    return model * seen * cross_section_scale(microscope, response=response)


def cross_section_scale(microscope: "Microscope", *, response: EDSResponse | None = None) -> float:
    """Published cross-sections of a microscope over those of the model, on the mean of their logarithms."""
    response = EDSResponse() if response is None else response
    ratios = [
        barn
        / emission_cross_section_barn(name, microscope.accelerating_voltage_kv)
        / response.efficiency(LINES[name].energy_kev)
        for name, barn in microscope.cross_section_barn.items()
        if LINES[name].shell == "K"
    ]
    if not ratios:
        return 1.0
    return float(np.exp(np.mean(np.log(ratios))) * 4 * np.pi / microscope.eds.solid_angle_sr)
