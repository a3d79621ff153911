"""Scores of what is fitted straight to the counts: interface widths and miscibility limits."""

from typing import TYPE_CHECKING

import numpy as np

from ..interface_from_counts import interface_width_from_counts, miscibility_limit_from_counts
from .scores import Row, true_limit, true_width_nm

if TYPE_CHECKING:
    from ...forward import TiltSeries
    from ...phantoms import Phantom
    from ...recon import Reconstruction

_SIGMAS = 1.96  # of a 95 % interval


def score_counts(
    series: "TiltSeries", metals: "Reconstruction", truth: "Phantom", *, cross_section_barn: dict[str, float]
) -> Row:
    """Score the interface of a particle as the counts have it.

    Parameters
    ----------
    series : TiltSeries
        Counts of Co and Zn Kα.
    metals : Reconstruction
        Of that series, atoms nm⁻³; it tells where the interface runs.
    truth : Phantom
        On the grid of the reconstruction. Its width or its limit is what is compared with; a particle that
        has neither is not scored.
    cross_section_barn : dict
        Partial cross-section of each line, barn.

    Returns
    -------
    dict
        Columns of the group ``counts``; those without a true value, or where no interface is found, are
        left out.
    """
    width, limit = true_width_nm(truth), true_limit(truth)
    row: Row = {}
    try:
        if width is not None:
            row |= _width(series, metals, cross_section_barn, width)
        if limit is not None:
            row |= _limit(series, metals, cross_section_barn, limit)
    except ValueError:
        # No particle is found in what noise left: everything asked of it is missed.
        return {}
    return row


def _width(
    series: "TiltSeries", metals: "Reconstruction", cross_section_barn: dict[str, float], true_nm: float
) -> Row:
    found = interface_width_from_counts(series, metals, cross_section_barn=cross_section_barn)
    if not np.isfinite(found.width_nm):
        return {}
    low, high = found.interval_nm
    return {
        "interface_width_counts_nm": found.width_nm,
        "interface_width_counts_bias_nm": found.width_nm - true_nm,
        "interface_width_counts_error_nm": found.standard_error_nm,
        "interface_width_counts_low_nm": low,
        "interface_width_counts_high_nm": high,
        "interface_width_counts_covered": float(low <= true_nm <= high),
    }


def _limit(
    series: "TiltSeries", metals: "Reconstruction", cross_section_barn: dict[str, float], true: float
) -> Row:
    found = miscibility_limit_from_counts(series, metals, cross_section_barn=cross_section_barn)
    if not np.isfinite(found.limit):
        return {}
    return {
        "miscibility_limit_counts": found.limit,
        "miscibility_limit_counts_error": found.limit - true,
        "miscibility_limit_counts_covered": float(abs(found.limit - true) <= _SIGMAS * found.standard_error),
    }
