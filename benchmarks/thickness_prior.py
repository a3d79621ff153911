"""What is known beforehand about the thickness of a standard that was segmented."""

from dataclasses import dataclass

from .experiment import Experiment

# Mean error of subvoxel thickness over the pixels that enter a fit, and its scatter from particle to
# particle beyond what the counts themselves tell, in voxels. Fitted on 100 sets of four standards at the
# default acquisition (seeds 0 to 99, 64 voxels of 7.5 nm) and judged on 100 others: docs/calibration.md.
BIAS_VOXELS = -0.0236
ERROR_VOXELS = 0.0115


@dataclass(frozen=True, kw_only=True)
class ThicknessPrior:
    """What all thicknesses of a standard are off by together.

    Attributes
    ----------
    bias_nm : float
        By how much thicknesses are too large on average; negative where they are too small.
    standard_error_nm : float
        Standard deviation of that from particle to particle.
    source : str
        Where both come from.
    """

    bias_nm: float
    standard_error_nm: float
    source: str


def usual_prior(spacing_nm: float) -> ThicknessPrior:
    """Return the prior of the default ADF series: 29 tilts within ±70°, 5000 e nm⁻² each, TV.

    A blurred surface that is convex recedes a little, so that thicknesses come out 0.02 voxels too
    small. Series with fewer tilts, a shorter range or a lower dose err by more: for these the prior
    comes from twins (`prior_from_twins`) or is taken as half a voxel.

    Examples
    --------
    >>> prior = usual_prior(5.0)
    >>> round(prior.bias_nm, 2), round(prior.standard_error_nm, 2)
    (-0.12, 0.06)
    """
    return ThicknessPrior(
        bias_nm=BIAS_VOXELS * spacing_nm,
        standard_error_nm=ERROR_VOXELS * spacing_nm,
        source="simulated standards at the default acquisition",
    )


def is_usual(experiment: Experiment) -> bool:
    """Whether the ADF series is about as good as the default one, so that `usual_prior` holds.

    That is half of the default's electrons in all, three quarters of its tilts and a range of 130° at
    least.
    """
    default = Experiment()
    angles = experiment.adf_tilts.angles_deg
    electrons = experiment.beam_current_na * experiment.adf_dwell_s * len(angles)
    usual = default.beam_current_na * default.adf_dwell_s * len(default.adf_tilts.angles_deg)
    return bool(
        electrons >= 0.5 * usual
        and len(angles) >= 0.75 * len(default.adf_tilts.angles_deg)
        and max(angles) - min(angles) >= 130.0
    )
