"""What one replicate of a design costs the computer, by a rule of thumb."""

from dataclasses import dataclass

from .design import Design

# TV² of two elements, λ by the discrepancy principle, 15 tilts, one thread of a 2.x GHz server: about
# 3 s at 64³ and 1.3 s at 48³, of which most grows with the voxels and some with the tilts.
_SECONDS_PER_VOXEL = 1.2e-5
_TILTS_AT_THAT = 15
_SHARE_OF_TILTS = 0.4
# A worker with numpy, numba, ODL and pandas in it; then what grows with the voxels: 240 MB and 250 bytes
# were measured in processes that ran one replicate at 32³, 64³ and 96³, the rest is the scheduler's.
_BASE_MB = 300.0
_BYTES_PER_VOXEL = 270.0


@dataclass(frozen=True, kw_only=True)
class TrialCost:
    """Estimated cost of one replicate on one core; within a factor of two for the methods ``tv`` and ``tv2``.

    Attributes
    ----------
    seconds : float or None
        Wall-clock time on one core; None for methods and rules that no estimate is made for.
    memory_mb : float
        Resident memory of a worker, MB.
    """

    seconds: float | None
    memory_mb: float


def trial_cost(design: Design) -> TrialCost:
    """Estimate time and memory of one replicate.

    Examples
    --------
    >>> cost = trial_cost(Design())
    >>> 1 < cost.seconds < 10, 300 < cost.memory_mb < 1500
    (True, True)
    """
    voxels = design.specimen.size**3
    memory = _BASE_MB + voxels * _BYTES_PER_VOXEL / 1e6
    inversion = design.reconstruction
    usual = inversion.method in ("tv", "tv2") and inversion.lam != "cross_validation"
    if not usual or design.calibrates:
        return TrialCost(seconds=None, memory_mb=memory)
    tilts = design.tilts.tilt_scheme.count / _TILTS_AT_THAT
    growth = 1.0 - _SHARE_OF_TILTS + _SHARE_OF_TILTS * tilts
    return TrialCost(seconds=voxels * _SECONDS_PER_VOXEL * growth, memory_mb=memory)
