"""What is known beforehand about the thickness of a standard that was segmented."""

from dataclasses import dataclass

from .experiment import Experiment

# Mean error of subvoxel thickness over the pixels that enter a fit times the radius of the standard, both in
# voxels, and the scatter of that error from standard to standard beyond what the counts themselves tell.
# Fitted at the default acquisition, 64 voxels of 7.5 nm, on seeds 0 to 24, and judged on others:
# docs/calibration.md.
BIAS_TIMES_RADIUS = -0.311
ERROR_VOXELS = 0.0115
# Finer voxels are noisier at the same dose: their thickness is no better in nm.
LEAST_ERROR_NM = 0.086


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


def usual_prior(spacing_nm: float, radius_nm: float) -> ThicknessPrior:
    """Return the prior of the default ADF series: 29 tilts within ±70°, 5000 e nm⁻² each, TV.

    Parameters
    ----------
    spacing_nm : float
        Edge of a voxel, nm.
    radius_nm : float
        Radius of a ball of the standards' volume, nm.

    Returns
    -------
    ThicknessPrior

    Notes
    -----
    A convex surface that is blurred by a Gaussian of width s recedes by about s² times its mean
    curvature, so that thicknesses come out too small by a constant of the blur over the radius: 0.016
    voxels for 19 voxels. Series with fewer tilts, a shorter range or a lower dose err by more: for these
    the prior comes from twins (`prior_from_twins`).

    Examples
    --------
    >>> prior = usual_prior(5.0, 145.0)
    >>> round(prior.bias_nm, 2), round(prior.standard_error_nm, 2)
    (-0.05, 0.09)
    """
    return ThicknessPrior(
        bias_nm=BIAS_TIMES_RADIUS * spacing_nm**2 / radius_nm,
        standard_error_nm=max(ERROR_VOXELS * spacing_nm, LEAST_ERROR_NM),
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
