"""What an energy-dispersive detector makes of photons: efficiency, peak shape, channels, dead time."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from ...phantoms.parameters import Parameters
from ..attenuation import ENERGY_RANGE_KEV

MN_KA_EV = 5898.75
FANO = 0.115
PAIR_EV = 3.65
_FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
_DENSITY_G_CM3 = {"Al": 2.70, "C": 2.0, "Si": 2.33}


class EDSResponse(Parameters):
    """Response of a silicon drift detector and its pulse processors.

    Parameters
    ----------
    channels : int, optional
        Number of channels.
    dispersion_kev : float, optional
        Width of a channel, keV.
    offset_kev : float, optional
        Energy at the centre of the first channel, keV; may be negative.
    fwhm_mn_ka_ev : float, optional
        Full width at half maximum at Mn Kα (5.9 keV), eV; above 117.2, the limit of silicon.
    dead_time_us : float, optional
        Dead time that one pulse causes in its processor, µs; 0 for none.
    dead_time_model : {"non-paralysable", "paralysable"}, optional
        Whether pulses that come while the processor is dead are merely lost, or prolong the dead time.
    processors : int, optional
        Pulse processors that share the counts evenly; one per segment in a Super-X.
    silicon_mm : float, optional
        Thickness of the detector crystal, mm.
    dead_layer_nm, contact_nm, carbon_nm : float, optional
        Silicon without charge collection, aluminium contact, and carbon (contamination or a thin
        window) in front of the crystal, nm.

    Notes
    -----
    The peak width joins electronic noise and the statistics of charge carriers [1]_::

        FWHM² = noise² + (2.355)² F ε E,     F = 0.115, ε = 3.65 eV

    with the noise that gives `fwhm_mn_ka_ev`. Peaks are Gaussians; tails by incomplete charge
    collection, silicon escape peaks, pile-up and the strobe peak at zero are left out.

    The efficiency is exp(−Σ μ t) (1 − exp(−μ_Si t_Si)) over the layers, at normal incidence. The layers are
    those of a windowless detector; their thicknesses are assumptions (makers do not print
    them), which give 0.64 for C Kα, 0.82 for N Kα, 0.90 for O Kα, 0.98 for Zn Lα and 0.995 for Zn Kα.

    References
    ----------
    .. [1] J. I. Goldstein et al., Scanning Electron Microscopy and X-Ray Microanalysis, 4th ed.,
       Springer 2018, chapter 16, doi:10.1007/978-1-4939-6676-9

    Examples
    --------
    >>> response = EDSResponse()
    >>> [round(1e3 * response.fwhm_kev(energy)) for energy in (0.277, 5.899, 8.639)]
    [62, 130, 153]
    >>> response.line_shape(8.639).sum().round(9)
    np.float64(1.0)
    """

    channels: Annotated[int, Field(ge=1, le=65536)] = 2048
    dispersion_kev: PositiveFloat = 0.01
    offset_kev: float = 0.0
    fwhm_mn_ka_ev: PositiveFloat = 130.0
    dead_time_us: NonNegativeFloat = 0.0
    dead_time_model: Literal["non-paralysable", "paralysable"] = "non-paralysable"
    processors: PositiveInt = 4
    silicon_mm: PositiveFloat = 0.45
    dead_layer_nm: NonNegativeFloat = 30.0
    contact_nm: NonNegativeFloat = 30.0
    carbon_nm: NonNegativeFloat = 0.0

    @model_validator(mode="after")
    def _check(self) -> "EDSResponse":
        least = np.sqrt(_fano_ev2(MN_KA_EV))
        if self.fwhm_mn_ka_ev < least:
            raise ValueError(
                f"fwhm_mn_ka_ev must be at least {least:.1f} eV, which charge statistics alone give, "
                f"got {self.fwhm_mn_ka_ev}"
            )
        if self.edges_kev[-1] <= 0:
            raise ValueError(
                f"offset_kev {self.offset_kev} with {self.channels} channels of {self.dispersion_kev} keV "
                "ends below 0 keV; raise the offset"
            )
        return self

    @property
    def energies_kev(self) -> np.ndarray:
        """Energies at the channel centres, keV, float64, shape (channel,)."""
        return self.offset_kev + self.dispersion_kev * np.arange(self.channels)

    @property
    def edges_kev(self) -> np.ndarray:
        """Energies at the channel borders, keV, float64, shape (channel + 1,)."""
        return self.offset_kev + self.dispersion_kev * (np.arange(self.channels + 1) - 0.5)

    def fwhm_kev(self, energy_kev: float) -> float:
        """Full width at half maximum of a peak, keV.

        Parameters
        ----------
        energy_kev : float
            Energy of the photons, keV.

        Returns
        -------
        float
        """
        _check_energy(energy_kev)
        noise2 = self.fwhm_mn_ka_ev**2 - _fano_ev2(MN_KA_EV)
        return float(np.sqrt(noise2 + _fano_ev2(energy_kev * 1e3))) / 1e3

    def line_shape(self, energy_kev: float) -> np.ndarray:
        """Share of the photons of one energy that each channel counts.

        Parameters
        ----------
        energy_kev : float
            Energy of the photons, keV.

        Returns
        -------
        ndarray of float64, shape (channel,)
            A Gaussian integrated over each channel: the sum is 1 less what falls outside the range.
        """
        from scipy.special import ndtr

        sigma = self.fwhm_kev(energy_kev) / _FWHM_PER_SIGMA
        distance = (self.edges_kev - energy_kev) / sigma
        # Differences of the nearer tail keep their precision far from the peak.
        tail = ndtr(-np.abs(distance))
        below, above = distance[:-1], distance[1:]
        return np.where(
            below >= 0,
            tail[:-1] - tail[1:],
            np.where(above <= 0, tail[1:] - tail[:-1], 1 - tail[1:] - tail[:-1]),
        )

    def efficiency(self, energy_kev: np.ndarray | float) -> np.ndarray:
        """Share of the photons towards the detector that it counts, in [0, 1].

        Parameters
        ----------
        energy_kev : ndarray or float
            Photon energies, keV, within 0.1 and 500.

        Returns
        -------
        ndarray of float64, in the shape of the energies

        Raises
        ------
        ValueError
            When an energy is out of range.

        Examples
        --------
        >>> EDSResponse().efficiency(np.array([0.277, 8.639])).round(3)
        array([0.642, 0.995])
        """
        energies = np.asarray(energy_kev, dtype=np.float64)
        layers = {"Si": self.dead_layer_nm, "Al": self.contact_nm, "C": self.carbon_nm}
        lost = np.zeros(energies.shape)
        for element, thickness_nm in layers.items():
            if thickness_nm:
                lost += _absorbance(element, thickness_nm * 1e-7, energies)
        return np.exp(-lost) * -np.expm1(-_absorbance("Si", self.silicon_mm * 0.1, energies))

    def live_fraction(self, rate_hz: np.ndarray | float) -> np.ndarray:
        """Share of the photons that are counted, against the rate at which they come.

        Parameters
        ----------
        rate_hz : ndarray or float
            Photons per second that would be counted without dead time, over all processors and
            channels.

        Returns
        -------
        ndarray of float64
            L = 1/(1 + r τ) (non-paralysable) or exp(−r τ) (paralysable), r per processor.

        Raises
        ------
        ValueError
            When a rate is negative or not finite.
        """
        busy = _rates("rate_hz", rate_hz) * self._dead_s
        return np.exp(-busy) if self.dead_time_model == "paralysable" else 1 / (1 + busy)

    def true_rate(self, counted_hz: np.ndarray | float) -> np.ndarray:
        """Rate without dead time, from the counted one: the inverse of rate × `live_fraction`.

        Parameters
        ----------
        counted_hz : ndarray or float
            Counts per second over all processors and channels.

        Returns
        -------
        ndarray of float64
            Photons per second; of a paralysable detector the lower of the two that fit.

        Raises
        ------
        ValueError
            When a rate is negative, not finite, or more than the processors can count.
        """
        counted = _rates("counted_hz", counted_hz)
        busy = counted * self._dead_s
        limit = np.exp(-1) if self.dead_time_model == "paralysable" else 1.0
        if (busy >= limit).any() if limit == 1 else (busy > limit).any():
            raise ValueError(
                f"`counted_hz` must stay below {limit / self._dead_s:.4g} per second, "
                f"the most that {self.processors} processors count, got {counted.max():.4g}"
            )
        if self._dead_s == 0:
            return counted
        if self.dead_time_model == "non-paralysable":
            return counted / (1 - busy)
        from scipy.special import lambertw

        return -np.real(lambertw(-busy)) / self._dead_s

    @property
    def _dead_s(self) -> float:
        return self.dead_time_us * 1e-6 / self.processors


def _fano_ev2(energy_ev: float) -> float:
    return _FWHM_PER_SIGMA**2 * FANO * PAIR_EV * energy_ev


def _absorbance(element: str, thickness_cm: float, energies_kev: np.ndarray) -> np.ndarray:
    low, high = ENERGY_RANGE_KEV
    if not ((low <= energies_kev) & (energies_kev <= high)).all():
        raise ValueError(f"`energy_kev` must lie within {low:g} and {high:g}, got {energies_kev}")
    import xraydb

    mass_coefficient = np.reshape(xraydb.mu_elam(element, energies_kev * 1e3), energies_kev.shape)
    return mass_coefficient * _DENSITY_G_CM3[element] * thickness_cm


def _check_energy(energy_kev: float) -> None:
    if not 0 < energy_kev <= ENERGY_RANGE_KEV[1]:
        raise ValueError(f"`energy_kev` must be above 0 and at most 500, got {energy_kev}")


def _rates(name: str, values: np.ndarray | float) -> np.ndarray:
    rates = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(rates) & (rates >= 0)).all():
        raise ValueError(
            f"`{name}` must be finite and not negative, got {rates.min() if rates.size else rates}"
        )
    return rates
