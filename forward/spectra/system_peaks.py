"""System peaks: lines that the microscope, holder and grid add to every spectrum."""

from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeFloat, field_validator

from ...phantoms.parameters import Parameters
from ..xray_lines import lines_of

LARGEST_FACTOR = 10.0


class SystemPeaks(Parameters):
    """X-rays of elements outside the field of view: grid, holder, pole pieces.

    Parameters
    ----------
    uniform : dict of str to float, optional
        Kα counts per beam electron at 0° tilt that come wherever the beam stands, by element: beam tails
        and X-rays of the column that hit grid and holder.
    scattered : dict of str to float, optional
        Kα counts per electron that the specimen scatters by more than 100 mrad, by element; this part
        follows the matter in the pixel, and grows with tilt as the path does.
    tilt_power : float, optional
        p of the law sec(α)^p by which the uniform part grows with tilt; at most tenfold.
    soft_share : float, optional
        Share of the L X-rays that leave the bulk, in [0, 1], relative to the K lines.

    Notes
    -----
    The defaults are assumptions for a copper grid in a low-background holder. They give a Cu Kα peak
    0.6 times Zn Kα on 250 nm of ZIF-62 at 80 kV. Round-robin measurements of NiO films on
    molybdenum grids found Ni Kα 3 to 10 times, with shielded pole pieces up to 40 times, as strong
    as the grid's Mo Kα [1]_; the 50 nm of those films emit 2.4 times as much as 250 nm of ZIF-62, so
    that 0.6 is amid that range. Measure the level in an empty hole beside the particle and
    put it here.

    Pole pieces hold iron and cobalt: ``uniform={"Cu": 1e-7, "Fe": 1e-8, "Co": 5e-9}`` adds cobalt to a
    spectrum whatever the specimen contains, and no fit can tell it from the specimen's.

    The lines of one element keep the proportions that single atoms have, but for `soft_share`. The
    continuum of stray electrons, shadowing of stray X-rays and their gain against tilt are left out.

    References
    ----------
    .. [1] K. Wong, R. F. Egerton, Microsc. Microanal. 1 (1995) 600, and J. C. Bennett, R. F. Egerton,
       J. Microsc. Soc. Am. 1 (1995) 143

    Examples
    --------
    >>> SystemPeaks().tilt_factor([0.0, 60.0]).round(3)
    array([1., 2.])
    """

    uniform: dict[str, NonNegativeFloat] = Field(default_factory=lambda: {"Cu": 1e-7})
    scattered: dict[str, NonNegativeFloat] = Field(default_factory=lambda: {"Cu": 5e-7})
    tilt_power: NonNegativeFloat = 1.0
    soft_share: Annotated[float, Field(ge=0, le=1)] = 0.5

    @field_validator("uniform", "scattered")
    @classmethod
    def _check_elements(cls, table: dict[str, float]) -> dict[str, float]:
        for element in table:
            if f"{element}_Ka" not in lines_of(element):
                raise ValueError(f"{element} has no K alpha line in LINES; leave it out")
        return table

    def tilt_factor(self, tilts_deg: np.ndarray | list[float]) -> np.ndarray:
        """Growth of the uniform part with tilt, relative to 0°.

        Parameters
        ----------
        tilts_deg : sequence of float
            Stage tilts, degrees, within ±90.

        Returns
        -------
        ndarray of float64, shape (tilt,)
            sec(α)^p, but at most 10.

        Raises
        ------
        ValueError
            When a tilt is out of range.
        """
        tilts = np.atleast_1d(np.asarray(tilts_deg, dtype=np.float64))
        if not (np.abs(tilts) <= 90).all():
            raise ValueError(f"`tilts_deg` must lie within -90 and 90, got {tilts.tolist()}")
        # Logarithms, because a large power of a small cosine is below the smallest number.
        cosine = np.maximum(np.cos(np.deg2rad(tilts)), np.finfo(float).tiny)
        return np.exp(np.minimum(-self.tilt_power * np.log(cosine), np.log(LARGEST_FACTOR)))
