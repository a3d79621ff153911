"""Components of an EDS spectrum: lines, bremsstrahlung and system peaks, with their templates."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import field_validator

from ..phantoms.parameters import Parameters
from .bremsstrahlung import bremsstrahlung_cross_section_barn_kev
from .eds_response import EDSResponse
from .elements import atomic_number
from .ionisation import emission_cross_section_barn
from .microscope import Microscope
from .partial_cross_section import cross_section_scale, partial_cross_section_barn
from .rutherford import NM2_PER_BARN, rutherford_cross_section_barn
from .system_peaks import SystemPeaks
from .xray_lines import LINES, lines_of


@dataclass(frozen=True, kw_only=True)
class Component:
    """One part of a spectrum whose shape is the same in every pixel.

    Parameters
    ----------
    name : str
        Name of the line; ``"bremsstrahlung"``; or ``"system:"`` and a line.
    kind : {"line", "bremsstrahlung", "system"}
    element : str or None
        Element of the specimen that emits it.
    energy_kev : float or None
        Photon energy for gains and absorption.
    weights : dict of str to float
        Counts per electron for one atom nm⁻² of each element at 0°, nm².
    """

    name: str
    kind: Literal["line", "bremsstrahlung", "system"]
    element: str | None
    energy_kev: float | None
    weights: dict[str, float]


class SpectrumModel(Parameters):
    """What one electron and one atom nm⁻² of each element add to a spectrum.

    Parameters
    ----------
    microscope : Microscope
    response : EDSResponse, optional
    elements : tuple of str
        Elements of the specimen.
    lines : tuple of str, optional
        Lines to have; all lines of the elements inside the range of the channels if left out.
    system : SystemPeaks, optional
    """

    microscope: Microscope
    response: EDSResponse = EDSResponse()
    elements: tuple[str, ...]
    lines: tuple[str, ...] | None = None
    system: SystemPeaks | None = None

    @field_validator("elements")
    @classmethod
    def _check_elements(cls, elements: tuple[str, ...]) -> tuple[str, ...]:
        for element in elements:
            atomic_number(element)
        return elements

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Lines first, then bremsstrahlung, then system lines."""
        lines = [self._line_component(name) for name in self.line_names]
        return (*lines, self._bremsstrahlung, *self._system_components)

    @cached_property
    def templates(self) -> np.ndarray:
        """Share of the counts of each component in each channel, float64, shape (component, channel)."""
        shapes = [self._line_template(name) for name in self.line_names]
        spectrum = self._continuum.sum(axis=0)
        shapes.append(spectrum / spectrum.sum())
        shapes += [self._line_template(name) for name in self._system_lines]
        return np.stack(shapes)

    def system_counts(self, tilts_deg: np.ndarray) -> np.ndarray:
        """Expected counts of the uniform part of the system peaks, per electron.

        Parameters
        ----------
        tilts_deg : sequence of float
            Stage tilts, degrees.

        Returns
        -------
        ndarray of float64, shape (tilt, channel)
        """
        tilts = np.atleast_1d(np.asarray(tilts_deg, dtype=np.float64))
        spectrum = np.zeros(self.response.channels)
        if self.system is None:
            return np.zeros((tilts.size, spectrum.size))
        for name in self._system_lines:
            level = self.system.uniform.get(LINES[name].element, 0.0) * self._relative_to_k_alpha(name)
            spectrum += level * self._line_template(name)
        return self.system.tilt_factor(tilts)[:, None] * spectrum

    @cached_property
    def line_names(self) -> tuple[str, ...]:
        """Names of the specimen's lines, in the order of the components."""
        if self.lines is not None:
            return self.lines
        low, high = self.response.edges_kev[[0, -1]]
        return tuple(
            name
            for element in self.elements
            for name in lines_of(element)
            if max(low, 0) < LINES[name].energy_kev < min(high, self.microscope.accelerating_voltage_kv)
        )

    def _line_component(self, name: str) -> Component:
        line = LINES[name]
        weight = partial_cross_section_barn(name, self.microscope, response=self.response) * NM2_PER_BARN
        return Component(
            name=name,
            kind="line",
            element=line.element,
            energy_kev=line.energy_kev,
            weights={line.element: weight},
        )

    def _line_template(self, name: str) -> np.ndarray:
        parts = LINES[name].components
        return np.sum([share * self.response.line_shape(energy) for energy, share in parts], axis=0)

    @cached_property
    def _continuum(self) -> np.ndarray:
        """Bremsstrahlung counts per electron for one atom nm⁻² of each element, (element, channel)."""
        energies = self.response.energies_kev
        seen = np.zeros_like(energies)
        inside = energies >= 0.1
        seen[inside] = [self.response.efficiency(energy) for energy in energies[inside]]
        seen *= self.microscope.eds.solid_angle_sr / (4 * np.pi) * self.response.dispersion_kev
        seen *= cross_section_scale(self.microscope, response=self.response) * NM2_PER_BARN
        voltage = self.microscope.accelerating_voltage_kv
        safe = np.where(inside, energies, 1.0)
        return np.stack(
            [
                seen * bremsstrahlung_cross_section_barn_kev(element, safe, voltage_kv=voltage)
                for element in self.elements
            ]
        )

    @cached_property
    def _bremsstrahlung(self) -> Component:
        weights = dict(zip(self.elements, self._continuum.sum(axis=1).tolist(), strict=True))
        return Component(
            name="bremsstrahlung", kind="bremsstrahlung", element=None, energy_kev=7.5, weights=weights
        )

    @cached_property
    def _system_lines(self) -> tuple[str, ...]:
        elements = () if self.system is None else self.system.elements
        return tuple(name for element in elements for name in lines_of(element))

    @cached_property
    def _system_components(self) -> tuple[Component, ...]:
        if self.system is None:
            return ()
        voltage = self.microscope.accelerating_voltage_kv
        scattering = {
            element: rutherford_cross_section_barn(
                element, voltage_kv=voltage, inner_mrad=100.0, outer_mrad=1000 * np.pi
            )
            * NM2_PER_BARN
            for element in self.elements
        }
        return tuple(
            Component(
                name=f"system:{name}",
                kind="system",
                element=None,
                energy_kev=None,
                weights={
                    element: value
                    * self.system.scattered.get(LINES[name].element, 0.0)
                    * self._relative_to_k_alpha(name)
                    for element, value in scattering.items()
                },
            )
            for name in self._system_lines
        )

    def _relative_to_k_alpha(self, name: str) -> float:
        """Counts of a system line over those of Kα of its element."""
        line = LINES[name]
        alpha = f"{line.element}_Ka"
        voltage = self.microscope.accelerating_voltage_kv
        ratio = emission_cross_section_barn(name, voltage) / emission_cross_section_barn(alpha, voltage)
        ratio *= self.response.efficiency(line.energy_kev) / self.response.efficiency(LINES[alpha].energy_kev)
        soft = 1.0 if line.shell == "K" or self.system is None else self.system.soft_share
        return ratio * soft
