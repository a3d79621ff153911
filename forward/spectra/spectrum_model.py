"""Components of an EDS spectrum: lines, bremsstrahlung and system peaks, with their templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from ...phantoms.parameters import Parameters
from ..attenuation import ENERGY_RANGE_KEV
from ..elements import atomic_number
from ..microscope import Microscope
from ..rutherford import NM2_PER_BARN, rutherford_cross_section_barn
from ..xray_lines import LINES, lines_of
from .bremsstrahlung import bremsstrahlung_anisotropy, bremsstrahlung_cross_section_barn_kev
from .eds_response import EDSResponse
from .ionisation import emission_cross_section_barn
from .partial_cross_section import cross_section_scale, partial_cross_section_barn
from .system_peaks import SystemPeaks

SCATTERED_BEYOND_MRAD = 100.0


@dataclass(frozen=True, kw_only=True)
class Component:
    """One part of a spectrum whose shape is the same in every pixel.

    Parameters
    ----------
    name : str
        Name of the line; ``"bremsstrahlung"``; or ``"system:"`` and the name of a line.
    kind : {"line", "bremsstrahlung", "system"}
    element : str or None
        Element that emits it; None for bremsstrahlung, which all emit.
    energy_kev : float or None
        Photon energy for absorption and the detectors' gains, keV; None for system peaks, which have
        neither.
    weights : dict of str to float
        Counts per electron for one atom nm⁻² of each element of the specimen at 0°, nm².
    """

    name: str
    kind: Literal["line", "bremsstrahlung", "system"]
    element: str | None
    energy_kev: float | None
    weights: dict[str, float]


class SpectrumModel(Parameters):
    """The spectrum that a beam electron expects from each element of a thin specimen.

    Parameters
    ----------
    microscope : Microscope
        Voltage, detectors and published cross-sections.
    elements : tuple of str
        Elements of the specimen. All emit bremsstrahlung, hydrogen too.
    response : EDSResponse, optional
        The detector.
    lines : tuple of str, optional
        Lines of the specimen, by name; left out: every line of the elements inside the range
        of the channels.
    system : SystemPeaks, optional
        X-rays from outside the field of view; None for none.
    continuum_kev : tuple of float, optional
        Energies at which absorption and gains of the bremsstrahlung are taken, keV, increasing: it
        falls into as many components, which fade into one another along ln E. One energy: all
        of it is absorbed as there. Empty: no bremsstrahlung.

    Notes
    -----
    The expected spectrum of a pixel, before absorption and gains, is ::

        N_e (Σ_c Σ_element weight_c P_element · template_c + system_counts)

    over the components c, P in atoms nm⁻². The weight of a line is its partial cross-section, so that
    its channels add up to the counts of a map of that line, less what falls outside
    the range. Emission of lines is isotropic; bremsstrahlung follows
    `bremsstrahlung_anisotropy` at the mean over the segments and is lessened by the microscope's
    `cross_section_scale` like any line. Its shape is that of equal numbers of all elements: between C and
    Zn the slopes differ by 10 % from 1 to 8 keV. Below 0.1 keV there is none.

    Examples
    --------
    >>> from glasstomo.forward import MICROSCOPES
    >>> from glasstomo.forward.spectra.spectrum_model import SpectrumModel
    >>> model = SpectrumModel(microscope=MICROSCOPES["osiris"], elements=("C", "N", "H", "Zn"))
    >>> [component.name for component in model.components][-3:]
    ['Zn_Ln', 'Zn_Lb3', 'bremsstrahlung']
    >>> model.templates.shape
    (10, 2048)
    """

    microscope: Microscope
    elements: Annotated[tuple[str, ...], Field(min_length=1)]
    response: EDSResponse = EDSResponse()
    lines: tuple[str, ...] | None = None
    system: SystemPeaks | None = None
    continuum_kev: tuple[float, ...] = (7.5,)

    @field_validator("elements")
    @classmethod
    def _check_elements(cls, elements: tuple[str, ...]) -> tuple[str, ...]:
        for element in elements:
            atomic_number(element)
        if len(set(elements)) < len(elements):
            raise ValueError(f"must name each element once, got {', '.join(elements)}")
        return elements

    @field_validator("continuum_kev")
    @classmethod
    def _check_continuum(cls, energies: tuple[float, ...]) -> tuple[float, ...]:
        low, high = ENERGY_RANGE_KEV
        if any(not low <= energy <= high for energy in energies) or list(energies) != sorted(set(energies)):
            raise ValueError(f"must increase and lie within {low:g} and {high:g} keV")
        return energies

    @model_validator(mode="after")
    def _check_lines(self) -> "SpectrumModel":
        for name in self.lines or ():
            if LINES[name].element not in self.elements:
                raise ValueError(f"lines: {name} needs {LINES[name].element} among elements {self.elements}")
        if self.lines is not None and len(set(self.lines)) < len(self.lines):
            raise ValueError(f"lines must name each line once, got {', '.join(self.lines)}")
        return self

    @cached_property
    def line_names(self) -> tuple[str, ...]:
        """Names of the specimen's lines, in the order of their components."""
        if self.lines is not None:
            return self.lines
        low, high = self.response.edges_kev[[0, -1]]
        voltage = self.microscope.accelerating_voltage_kv
        names = (name for element in self.elements for name in lines_of(element))
        return tuple(
            name
            for name in names
            if low < LINES[name].energy_kev < high and emission_cross_section_barn(name, voltage) > 0
        )

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Lines first, then bremsstrahlung, then system lines."""
        lines = tuple(self._line(name) for name in self.line_names)
        return lines + self._bremsstrahlung[0] + tuple(self._system_line(name) for name in self.system_lines)

    @cached_property
    def templates(self) -> np.ndarray:
        """Share of the counts of each component in each channel, float64, shape (component, channel).

        A row adds up to 1, less what falls outside the range of the channels.
        """
        lines = [self.line_template(name) for name in self.line_names]
        system = [self.line_template(name) for name in self.system_lines]
        return np.stack([*lines, *self._bremsstrahlung[1], *system])

    @cached_property
    def system_lines(self) -> tuple[str, ...]:
        """Names of the system lines, in the order of their components."""
        if self.system is None:
            return ()
        elements = dict.fromkeys((*self.system.uniform, *self.system.scattered))
        low, high = self.response.edges_kev[[0, -1]]
        names = (name for element in elements for name in lines_of(element))
        return tuple(name for name in names if low < LINES[name].energy_kev < high)

    def system_counts(self, tilts_deg: Sequence[float] | np.ndarray) -> np.ndarray:
        """Uniform part of the system peaks: expected counts per electron in any pixel.

        Parameters
        ----------
        tilts_deg : sequence of float
            Stage tilts, degrees, within ±90.

        Returns
        -------
        ndarray of float64, shape (tilt, channel)
            Zero without system peaks.

        Raises
        ------
        ValueError
            When a tilt is out of range.
        """
        spectrum = np.zeros(self.response.channels)
        if self.system is None:
            return np.zeros((np.size(tilts_deg), spectrum.size))
        for name in self.system_lines:
            level = self.system.uniform.get(LINES[name].element, 0.0)
            spectrum += level * self._over_k_alpha(name) * self.line_template(name)
        return self.system.tilt_factor(np.asarray(tilts_deg, dtype=np.float64))[:, None] * spectrum

    def line_template(self, name: str) -> np.ndarray:
        """Share of the counts of one line in each channel, Kα2 beside Kα1.

        Parameters
        ----------
        name : str
            Name of the line in `LINES`.

        Returns
        -------
        ndarray of float64, shape (channel,)
        """
        shapes = [share * self.response.line_shape(energy) for energy, share in LINES[name].components]
        return np.sum(shapes, axis=0)

    def _line(self, name: str) -> Component:
        line = LINES[name]
        barn = partial_cross_section_barn(name, self.microscope, response=self.response)
        weights = {line.element: barn * NM2_PER_BARN}
        return Component(
            name=name, kind="line", element=line.element, energy_kev=line.energy_kev, weights=weights
        )

    def _system_line(self, name: str) -> Component:
        element = LINES[name].element
        share = 0.0 if self.system is None else self.system.scattered.get(element, 0.0)
        share *= self._over_k_alpha(name) * NM2_PER_BARN
        weights = {scatterer: share * barn for scatterer, barn in self._scattering_barn.items()}
        return Component(
            name=f"system:{name}", kind="system", element=element, energy_kev=None, weights=weights
        )

    @cached_property
    def _scattering_barn(self) -> dict[str, float]:
        """Cross-section of each element for scattering into the column's walls and the grid."""
        angles = {"inner_mrad": SCATTERED_BEYOND_MRAD, "outer_mrad": 1000 * np.pi}
        voltage = self.microscope.accelerating_voltage_kv
        return {
            element: rutherford_cross_section_barn(element, voltage_kv=voltage, **angles)
            for element in self.elements
        }

    def _over_k_alpha(self, name: str) -> float:
        """Counts of a system line over those of Kα of its element."""
        line, alpha = LINES[name], f"{LINES[name].element}_Ka"
        voltage = self.microscope.accelerating_voltage_kv
        ratio = emission_cross_section_barn(name, voltage) / emission_cross_section_barn(alpha, voltage)
        seen = self.response.efficiency(np.array([line.energy_kev, LINES[alpha].energy_kev]))
        soft = 1.0 if line.shell == "K" or self.system is None else self.system.soft_share
        return float(ratio * seen[0] / seen[1] * soft)

    @cached_property
    def _bremsstrahlung(self) -> tuple[tuple[Component, ...], list[np.ndarray]]:
        """Components and templates of the continuum."""
        components, templates = [], []
        continuum = self._continuum() if self.continuum_kev else np.zeros((0, 0))
        for energy, part in zip(self.continuum_kev, self._parts_of_continuum(), strict=True):
            counts = continuum * part
            weights = dict(zip(self.elements, counts.sum(axis=1).tolist(), strict=True))
            total = counts.sum()
            if total > 0:
                templates.append(counts.sum(axis=0) / total)
                components.append(
                    Component(
                        name="bremsstrahlung"
                        if len(self.continuum_kev) == 1
                        else f"bremsstrahlung@{energy:g}",
                        kind="bremsstrahlung",
                        element=None,
                        energy_kev=energy,
                        weights=weights,
                    )
                )
        return tuple(components), templates

    def _parts_of_continuum(self) -> np.ndarray:
        """Shares of the continuum at each channel that belong to each energy of `continuum_kev`."""
        log_energy = np.log(np.maximum(self.response.energies_kev, ENERGY_RANGE_KEV[0]))
        nodes = np.log(self.continuum_kev)
        return np.array([np.interp(log_energy, nodes, row) for row in np.eye(len(nodes))])

    def _continuum(self) -> np.ndarray:
        """Bremsstrahlung counts per electron for one atom nm⁻² of each element, (element, channel)."""
        energies = self.response.energies_kev
        voltage = self.microscope.accelerating_voltage_kv
        inside = (energies >= ENERGY_RANGE_KEV[0]) & (energies < voltage)
        eds = self.microscope.eds
        towards = bremsstrahlung_anisotropy(90.0 + eds.elevations_deg, voltage_kv=voltage)
        solid = np.sum(eds.solid_angles_sr * towards) / (4 * np.pi)
        scale = solid * self.response.dispersion_kev * NM2_PER_BARN
        scale *= cross_section_scale(self.microscope, response=self.response)
        counts = np.zeros((len(self.elements), energies.size))
        for row, element in zip(counts, self.elements, strict=True):
            row[inside] = bremsstrahlung_cross_section_barn_kev(element, energies[inside], voltage_kv=voltage)
        counts[:, inside] *= scale * self.response.efficiency(energies[inside])
        return counts
