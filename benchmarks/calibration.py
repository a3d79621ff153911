"""Cross-sections of a microscope from its standards."""

from dataclasses import dataclass

import numpy as np

from ..forward import MICROSCOPES
from ..metrics import CrossSectionFit
from ..metrics.cross_section import fit_cross_sections
from .experiment import LINES, STANDARDS, Experiment
from .standard_twins import prior_from_twins
from .standards import Standard, adf_series, draw_standard, measure_standard, radius_nm, standard_names
from .thickness_prior import ThicknessPrior, is_usual, usual_prior

__all__ = [
    "Calibration",
    "Standard",
    "adf_series",
    "calibrate",
    "draw_standard",
    "measure_standard",
    "standard_names",
]

# Standards of one material differ in nothing but their own errors unless it shows at this level.
SCATTER_LEVEL = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """Cross-sections of one microscope, fitted on its standards.

    Attributes
    ----------
    microscope : str
        Its name.
    standards : tuple of Standard
        What was measured.
    fits : dict
        Line to fit.
    prior : ThicknessPrior
        What was taken to be known of the thicknesses.
    """

    microscope: str
    standards: tuple[Standard, ...]
    fits: dict[str, CrossSectionFit]
    prior: ThicknessPrior

    @property
    def cross_section_barn(self) -> dict[str, float]:
        """Line to fitted cross-section, barn."""
        return {line: fit.cross_section_barn for line, fit in self.fits.items()}


def calibrate(
    experiment: Experiment,
    microscope: str,
    standards: tuple[Standard, ...],
    *,
    prior: ThicknessPrior | None = None,
) -> Calibration:
    """Fit every line on the standards that hold its element, all lines of an element together.

    Parameters
    ----------
    experiment : Experiment
        As the standards were measured.
    microscope : str
        The one that measured them.
    standards : tuple of Standard
        Of every element one at least.
    prior : ThicknessPrior, optional
        What all thicknesses of a standard may be off by together. When omitted, `usual_prior` for an ADF
        series like the default one, and `prior_from_twins` for any other, which takes as long as
        measuring the standards did.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        When `LINES` and the microscope name different lines, or no standard holds an element.
    """
    if set(LINES) != set(MICROSCOPES[microscope].cross_section_barn):
        raise ValueError(f"`LINES` and the cross-sections of {microscope} name different lines")
    if prior is None:
        prior = (
            usual_prior(experiment.spacing_nm, radius_nm(standards))
            if is_usual(experiment)
            else prior_from_twins(experiment, microscope, standards)
        )
    fits: dict[str, CrossSectionFit] = {}
    for element in STANDARDS:
        held = [standard for standard in standards if standard.element == element]
        if not held:
            raise ValueError(f"`standards` hold no {element}: measure one of a material with it")
        fits |= fit_cross_sections(
            {
                line: [standard.eds.channel(line).data[0] for standard in held]
                for line in LINES
                if line.startswith(element)
            },
            [standard.thickness_nm for standard in held],
            [standard.density_nm3 for standard in held],
            [float(standard.eds.electrons_per_pixel or np.nan) for standard in held],
            thickness_bias_nm=prior.bias_nm,
            thickness_standard_error_nm=prior.standard_error_nm,
            scatter_level=SCATTER_LEVEL,
        )
    return Calibration(
        microscope=microscope,
        standards=standards,
        fits={line: fits[line] for line in LINES},
        prior=prior,
    )
