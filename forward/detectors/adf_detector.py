"""The annular dark-field detector."""

from collections.abc import Iterable

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from ...phantoms.parameters import Parameters
from ..rutherford import rutherford_cross_section_barn


class ADFDetector(Parameters):
    """An annular dark-field detector.

    Parameters
    ----------
    inner_mrad, outer_mrad : float, optional
        Collection semi-angles, mrad. The default of 50–200 mrad is an assumption, well outside the
        11 mrad of the probe, so that the signal is close to incoherent.
    read_noise_electrons : float, optional
        Read-out noise of a pixel, electrons RMS.
    gain : float, optional
        Output per electron detected.
    offset : float, optional
        Output of the electronics without any electron, the same in every pixel; 0 by default. It
        comes on top of the gain and carries no shot noise. `linearise_adf` takes it off, and so does
        `subtract_background`, together with the film.

    Notes
    -----
    With q = Σ σ_Z P_Z over all elements along the line of sight, the film included::

        I = gain × N_e × (1 − exp(−q)) + offset

    q is the mean number of times that an electron is scattered into the annulus, and 1 − exp(−q) the
    share scattered at least once: additive in thickness for q ≪ 1, bending away by q/2 of itself,
    and the whole beam for q ≫ 1. The page ``docs/adf.md`` says what this leaves out.

    Examples
    --------
    >>> ADFDetector(inner_mrad=200, outer_mrad=50)
    Traceback (most recent call last):
        ...
    glasstomo.phantoms.parameters.ParameterError: ADFDetector: the whole: `inner_mrad` must be \
below `outer_mrad`, got 200.0 and 50.0
    """

    inner_mrad: NonNegativeFloat = 50.0
    outer_mrad: float = Field(default=200.0, gt=0, le=1000)
    read_noise_electrons: NonNegativeFloat = 2.0
    gain: PositiveFloat = 1.0
    offset: float = 0.0

    @model_validator(mode="after")
    def _check_order(self) -> "ADFDetector":
        if not self.inner_mrad < self.outer_mrad:
            raise ValueError(
                f"`inner_mrad` must be below `outer_mrad`, got {self.inner_mrad} and {self.outer_mrad}"
            )
        return self

    def cross_sections_barn(self, elements: Iterable[str], *, voltage_kv: float) -> dict[str, float]:
        """Cross-section of each element for scattering onto the detector, barn.

        Parameters
        ----------
        elements : iterable of str
            Symbols of the elements.
        voltage_kv : float
            Accelerating voltage, kV.

        Returns
        -------
        dict
            Barn by element; see `rutherford_cross_section_barn` for the formula and its accuracy.
        """
        return {
            element: rutherford_cross_section_barn(
                element, voltage_kv=voltage_kv, inner_mrad=self.inner_mrad, outer_mrad=self.outer_mrad
            )
            for element in elements
        }
