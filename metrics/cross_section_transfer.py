"""Cross-sections carried from one microscope or holder to another."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .cross_section_fit import CrossSectionFit

Z95 = 1.959964


@dataclass(frozen=True, kw_only=True)
class ScaleFactor:
    """A ratio of two measured numbers with its standard error.

    Attributes
    ----------
    value, standard_error : float
        Of the ratio.
    """

    value: float
    standard_error: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.value) and self.value > 0):
            raise ValueError(f"`value` must be positive and finite, got {self.value}")
        if not (np.isfinite(self.standard_error) and self.standard_error >= 0):
            raise ValueError(f"`standard_error` must be finite and not negative, got {self.standard_error}")

    @property
    def relative_error(self) -> float:
        """Standard error over value."""
        return self.standard_error / self.value

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval, symmetric in the logarithm, as errors of factors multiply."""
        spread = float(np.exp(Z95 * self.relative_error))
        return self.value / spread, self.value * spread

    def times(self, other: "ScaleFactor") -> "ScaleFactor":
        """Product of two factors whose errors are independent."""
        value = self.value * other.value
        return ScaleFactor(
            value=value, standard_error=value * float(np.hypot(self.relative_error, other.relative_error))
        )


def count_ratio(
    counts: np.ndarray,
    reference_counts: np.ndarray,
    *,
    electrons_ratio: float = 1.0,
    electrons_ratio_error: float = 0.0,
    variance_per_count: float = 1.0,
) -> ScaleFactor:
    """Ratio of two cross-sections from one particle of any shape, whose thickness cancels.

    Parameters
    ----------
    counts, reference_counts : numpy.ndarray
        Counts of the same pixels of the same particle: two lines of an element, the same line on two
        microscopes or behind two holders, or lines of two elements of known stoichiometry. Any shape;
        all of it is summed, so cut both to the same region.
    electrons_ratio, electrons_ratio_error : float
        Electrons per pixel of `counts` over those of `reference_counts`, times the ratio of the number
        densities where elements differ, and its standard error. Measured beam currents go in here.
    variance_per_count : float
        Variance of the counts over their mean: 1 for Poisson counts, more for net counts.

    Returns
    -------
    ScaleFactor
        σ of the first over σ of the second.

    Raises
    ------
    ValueError
        If either sum is not positive, or an argument is out of range.

    Notes
    -----
    Both counts come from one areal density P: Σ c₁/Σ c₂ = σ₁ N₁/(σ₂ N₂) whatever P is, which is how
    Cliff–Lorimer factors are measured too [1]_. The relative variance is f/Σ c₁ + f/Σ c₂ with
    f = `variance_per_count`, to first order in both; sums of a few hundred counts make the intervals
    of the logarithm good to a per cent. The pixels of two instruments need not be registered, but
    their regions must hold the same matter.

    References
    ----------
    .. [1] G. Cliff, G. W. Lorimer, J. Microsc. 103, 203 (1975), doi:10.1111/j.1365-2818.1975.tb03895.x

    Examples
    --------
    >>> ratio = count_ratio(np.array([900.0, 1600.0]), np.array([7000.0, 13000.0]))
    >>> round(ratio.value, 4), round(ratio.standard_error, 4)
    (0.125, 0.0027)
    """
    first, second = (_total(n, c) for n, c in (("counts", counts), ("reference_counts", reference_counts)))
    electrons = ScaleFactor(value=electrons_ratio, standard_error=electrons_ratio_error)
    if not (np.isfinite(variance_per_count) and variance_per_count >= 0):
        raise ValueError(f"`variance_per_count` must be finite and not negative, got {variance_per_count}")
    relative = float(
        np.sqrt(variance_per_count / first + variance_per_count / second + electrons.relative_error**2)
    )
    value = first / second / electrons.value
    return ScaleFactor(value=value, standard_error=value * relative)


def _total(name: str, counts: np.ndarray) -> float:
    array = np.asarray(counts, dtype=np.float64)
    if not np.isfinite(array).all() or not array.sum() > 0:
        raise ValueError(f"`{name}` must be finite with a positive sum, got a sum of {array.sum()}")
    return float(array.sum())


def solid_angle_ratio(
    gain: float, reference_gain: float, *, gain_error: float = 0.0, reference_gain_error: float = 0.0
) -> ScaleFactor:
    """Ratio of two cross-sections from what the detectors collect, with no particle at all.

    Parameters
    ----------
    gain, reference_gain : float
        What the detectors collect in either state: solid angle in sr times efficiency, or the gain
        relative to 0° without a holder, as `Microscope.eds.gains` gives it.
    gain_error, reference_gain_error : float
        Standard errors.

    Returns
    -------
    ScaleFactor
        σ of the first state over σ of the second.

    Raises
    ------
    ValueError
        If a gain is not positive or an error negative.

    Notes
    -----
    A partial cross-section is the ionisation cross-section times fluorescence yield, share of the line
    and collected part of 4π [1]_: between holders, and between microscopes of one accelerating voltage, all
    but the last cancels. At other voltages it does not: use a shared standard then (`count_ratio`).

    References
    ----------
    .. [1] K. E. MacArthur et al., Microsc. Microanal. 22, 71 (2016), doi:10.1017/S1431927615015494

    Examples
    --------
    >>> solid_angle_ratio(0.9, 0.7, gain_error=0.009).value.__round__(4)
    1.2857
    """
    first = ScaleFactor(value=gain, standard_error=gain_error)
    second = ScaleFactor(value=reference_gain, standard_error=reference_gain_error)
    return first.times(
        ScaleFactor(value=1 / second.value, standard_error=second.relative_error / second.value)
    )


@dataclass(frozen=True, kw_only=True)
class TransferredCrossSection:
    """A cross-section of an instrument that measured no standard series of its own.

    Attributes
    ----------
    line : str
        The X-ray line.
    cross_section_barn, standard_error_barn : float
        Its value there, and its standard error.
    interval_barn : tuple of float
        95 % interval, symmetric in the logarithm.
    standard_errors_barn : dict
        The parts, whose squares add up: "calibration" (of the first instrument), "ratio".
    """

    line: str
    cross_section_barn: float
    standard_error_barn: float
    interval_barn: tuple[float, float]
    standard_errors_barn: dict[str, float]

    def covers(self, cross_section_barn: float) -> bool:
        """Whether the 95 % interval holds a value, barn."""
        return bool(self.interval_barn[0] <= cross_section_barn <= self.interval_barn[1])


def transfer_cross_sections(
    fits: Mapping[str, CrossSectionFit], ratios: Mapping[str, ScaleFactor] | ScaleFactor
) -> dict[str, TransferredCrossSection]:
    """Carry calibrated cross-sections to another microscope or holder.

    Parameters
    ----------
    fits : mapping of str to CrossSectionFit
        Line to its calibration on the first instrument.
    ratios : ScaleFactor or mapping of str to ScaleFactor
        σ there over σ here, of every line or of all: from one particle that both instruments saw
        (`count_ratio`) or from what their detectors collect (`solid_angle_ratio`).

    Returns
    -------
    dict of str to TransferredCrossSection
        The lines that have both.

    Raises
    ------
    ValueError
        If no line has both.

    Notes
    -----
    Relative errors add in squares. A ratio that was measured on one of the very standards of the
    calibration shares its counts, which makes this error a little too large.

    Examples
    --------
    >>> from glasstomo.metrics.cross_section import fit_cross_section
    >>> thickness = np.full((12, 12), 200.0)
    >>> fit = fit_cross_section(np.full((12, 12), 330.0), thickness, 4.87, 1e9, edge_pixels=0, line="Co_Ka")
    >>> there = transfer_cross_sections({"Co_Ka": fit}, ScaleFactor(value=1.2, standard_error=0.012))
    >>> round(there["Co_Ka"].cross_section_barn / fit.cross_section_barn, 3)
    1.2
    """
    shared = [line for line in fits if isinstance(ratios, ScaleFactor) or line in ratios]
    if not shared:
        known = "" if isinstance(ratios, ScaleFactor) else ", ".join(ratios)
        raise ValueError(f"`ratios` must name a calibrated line ({', '.join(fits) or 'none'}), got {known}")
    return {
        line: _carried(fits[line], ratios if isinstance(ratios, ScaleFactor) else ratios[line])
        for line in shared
    }


def _carried(fit: CrossSectionFit, ratio: ScaleFactor) -> TransferredCrossSection:
    here = ScaleFactor(value=fit.cross_section_barn, standard_error=fit.standard_error_barn)
    there = here.times(ratio)
    return TransferredCrossSection(
        line=fit.line,
        cross_section_barn=there.value,
        standard_error_barn=there.standard_error,
        interval_barn=there.interval,
        standard_errors_barn={
            "calibration": there.value * here.relative_error,
            "ratio": there.value * ratio.relative_error,
        },
    )
