"""What goes wrong while a tilt series is taken: angles, positions, beam current, scan."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat

from ..phantoms.parameters import Parameters


class AcquisitionErrors(Parameters):
    """Errors of one acquisition; every one is off (0) until it is given.

    Nobody who reconstructs the series knows them: the series says what was asked for, the data say
    what happened. `draw_history` draws the random ones.

    Parameters
    ----------
    tilt_sigma_deg : float, optional
        Standard deviation of each tilt from its reading, degrees; independent from tilt to tilt.
    tilt_offset_deg : float, optional
        What is to be added to every reading, degrees: a specimen that does not lie flat. True tilts
        stop at ±90°.
    shift_sigma_nm : float, optional
        Standard deviation of the displacement of each image, along y and along x, nm; independent.
        What is left after alignment, as a rule a fraction of a pixel.
    axis_offset_nm : float, optional
        Where the tilt axis lands in the images, nm from their middle towards +y. It displaces all
        images alike along y, which is what a centre of rotation that was missed does.
    axis_angle_deg : float, optional
        Angle of the tilt axis to the x axis of the images, degrees, from +x towards +y, within ±45:
        all images are turned by it.
    current_drift : float, optional
        Relative change of the beam current over the series, linear in the order of acquisition:
        0 at the first tilt taken, the whole at the last. −0.1 loses a tenth.
    current_sigma : float, optional
        Relative standard deviation of the current of each tilt; independent, of mean 1.
    scan_noise_nm : float, optional
        Standard deviation of the displacement of the beam during each row of the scan, along y and
        along x, nm.

    Notes
    -----
    Angles, shifts and scan noise are normal. The current is log-normal, which keeps it positive and
    differs from normal by terms of the order of `current_sigma`².

    Examples
    --------
    >>> AcquisitionErrors().any, AcquisitionErrors(shift_sigma_nm=2.0).random
    (False, True)
    >>> AcquisitionErrors(current_drift=-1.0)
    Traceback (most recent call last):
        ...
    glasstomo.phantoms.parameters.ParameterError: AcquisitionErrors: current_drift: \
Input should be greater than -1, got -1.0
    """

    tilt_sigma_deg: Annotated[float, Field(ge=0, le=30)] = 0.0
    tilt_offset_deg: Annotated[float, Field(ge=-90, le=90)] = 0.0
    shift_sigma_nm: NonNegativeFloat = 0.0
    axis_offset_nm: float = 0.0
    axis_angle_deg: Annotated[float, Field(ge=-45, le=45)] = 0.0
    current_drift: Annotated[float, Field(gt=-1)] = 0.0
    current_sigma: Annotated[float, Field(ge=0, le=1)] = 0.0
    scan_noise_nm: NonNegativeFloat = 0.0

    @property
    def random(self) -> bool:
        """Whether anything is to be drawn, so that a generator is needed."""
        return any((self.tilt_sigma_deg, self.shift_sigma_nm, self.current_sigma, self.scan_noise_nm))

    @property
    def any(self) -> bool:
        """Whether any error is on."""
        return self.random or any(
            (self.tilt_offset_deg, self.axis_offset_nm, self.axis_angle_deg, self.current_drift)
        )
