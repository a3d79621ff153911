"""The section on calibration: standards, counts, cross-sections, their error budget and linearity."""

import numpy as np

from ..forward import MICROSCOPES
from ..metrics import CrossSectionFit
from ..metrics.linearity import linearity_test
from .calibration import Calibration
from .experiment_run import ExperimentRun
from .figures_budget import ErrorParts, figure_error_budget
from .figures_calibration import CrossSection, LineCalibration, figure_counts, figure_cross_sections
from .figures_linearity import LineResiduals, figure_linearity
from .figures_standard import figure_standard
from .labels import line_label
from .report_parts import ReportFigure, ReportTable, report_figure

_SECTION = "calibration"


def calibration_figures(run: ExperimentRun) -> list[ReportFigure]:
    """Standards, counts against thickness, cross-sections beside the truth, error budget, linearity."""
    found = standard_figures(run)
    for microscope, calibration in run.calibrations.items():
        lines = [line_calibration(calibration, line) for line in calibration.fits]
        caption = (
            f"Counts per pixel against thickness at 0° on {microscope}, both standards of each metal. "
            "Line: eq. (1) with the fitted cross-section."
        )
        figure = figure_counts(lines, microscope=microscope.capitalize())
        found.append(report_figure(figure, caption, _SECTION, f"counts_{microscope}"))
    figure = figure_cross_sections(sections(run))
    caption = "Fitted over true cross-sections of both microscopes; bars are 95 % intervals."
    found.append(report_figure(figure, caption, _SECTION, "cross_sections"))
    figure = figure_error_budget(error_parts(run))
    caption = (
        "What the standard error of each cross-section is made of. Squares of the bars add up to that of the "
        "black mark, the whole standard error; crosses show how far each fit truly is from the truth."
    )
    found.append(report_figure(figure, caption, _SECTION, "error_budget"))
    for microscope, calibration in run.calibrations.items():
        figure = figure_linearity(
            [line_residuals(line, fit) for line, fit in calibration.fits.items()],
            microscope=microscope.capitalize(),
        )
        caption = (
            f"Linearity on {microscope}: measured over fitted counts in steps of thickness, with 95 % bars "
            "of counting alone. Red: the mean beyond 250 nm (dotted) with its 95 % interval, thickness "
            "errors included; it holds zero where nothing is absorbed or lost."
        )
        found.append(report_figure(figure, caption, _SECTION, f"linearity_{microscope}"))
    return found


def standard_figures(run: ExperimentRun) -> list[ReportFigure]:
    """Micrograph, surface and thickness of the first standard of each metal."""
    standards = next(iter(run.calibrations.values())).standards
    shown = {standard.element: standard for standard in reversed(standards)}
    found = []
    for standard in sorted(shown.values(), key=lambda one: one.element):
        figure = figure_standard(
            adf=standard.adf,
            volume=standard.reconstruction.volume,
            threshold=standard.threshold.threshold,
            thickness_nm=standard.thickness_nm,
            spacing_nm=run.spacing_nm,
            name=standard.name,
        )
        caption = (
            f"The standard {standard.name}: ADF micrograph at 0° (film level removed), surface of its TV "
            "reconstruction at the edge-spread threshold, and thickness along the beam at 0°. "
            f"Segmented over true volume: {standard.volume_ratio:.3f}."
        )
        found.append(report_figure(figure, caption, _SECTION, f"standard_{standard.element}"))
    return found


def line_calibration(calibration: Calibration, line: str) -> LineCalibration:
    """Points and fitted slope of one line, per nm of its metal's standards."""
    fit = calibration.fits[line]
    thickness = np.concatenate([points.thickness_nm for points in fit.particles])
    fitted = np.concatenate([points.fitted_counts for points in fit.particles])
    slope = float(fitted.sum() / thickness.sum())
    return LineCalibration(
        line=line,
        thickness_nm=thickness,
        counts=np.concatenate([points.counts for points in fit.particles]),
        slope_per_nm=slope,
        slope_standard_error=slope * fit.standard_error_barn / fit.cross_section_barn,
    )


def line_residuals(line: str, fit: CrossSectionFit) -> LineResiduals:
    """Counts of one line beside what the fit expects."""
    thickness, counts, fitted = (
        np.concatenate([getattr(points, name) for points in fit.particles])
        for name in ("thickness_nm", "counts", "fitted_counts")
    )
    return LineResiduals(
        line=line,
        thickness_nm=thickness,
        counts=counts,
        fitted_counts=fitted,
        beyond_250_nm=fit.beyond_250_nm,
    )


def sections(run: ExperimentRun) -> list[CrossSection]:
    """Every fitted cross-section beside its truth."""
    return [
        CrossSection(
            microscope=microscope,
            line=line,
            true_barn=MICROSCOPES[microscope].cross_section_barn[line],
            fit_barn=fit.cross_section_barn,
            standard_error_barn=fit.standard_error_barn,
        )
        for microscope, calibration in run.calibrations.items()
        for line, fit in calibration.fits.items()
    ]


def error_parts(run: ExperimentRun) -> list[ErrorParts]:
    """The parts of every standard error, per cent of the cross-section."""
    found = []
    for microscope, calibration in run.calibrations.items():
        for line, fit in calibration.fits.items():
            percent = 100 / fit.cross_section_barn
            true = MICROSCOPES[microscope].cross_section_barn[line]
            found.append(
                ErrorParts(
                    microscope=microscope,
                    line=line,
                    parts_percent={name: percent * one for name, one in fit.standard_errors_barn.items()},
                    total_percent=percent * fit.standard_error_barn,
                    miss_percent=100 * (fit.cross_section_barn / true - 1),
                )
            )
    return found


def calibration_tables(run: ExperimentRun) -> list[ReportTable]:
    """Cross-sections with their intervals, where their errors come from, and their linearity."""
    fits = [
        (microscope, line, fit, MICROSCOPES[microscope].cross_section_barn[line])
        for microscope, calibration in run.calibrations.items()
        for line, fit in calibration.fits.items()
    ]
    sections = [
        {
            "microscope": microscope.capitalize(),
            "line": line_label(line),
            "fitted (barn)": round(fit.cross_section_barn, 4),
            "95 % interval": "{:.3f} to {:.3f}".format(*fit.interval_barn),
            "true (barn)": true,
            "deviation (%)": round(100 * (fit.cross_section_barn / true - 1), 2),
            "in the interval": "yes" if fit.interval_barn[0] <= true <= fit.interval_barn[1] else "no",
        }
        for microscope, line, fit, true in fits
    ]
    numbers = [
        {
            "microscope": microscope,
            "line": line,
            "true_barn": true,
            "fit_barn": fit.cross_section_barn,
            "standard_error_barn": fit.standard_error_barn,
            "low_barn": fit.interval_barn[0],
            "high_barn": fit.interval_barn[1],
            **{f"{name}_barn": part for name, part in fit.standard_errors_barn.items()},
            "curvature_per_um": fit.curvature_per_um,
            "curvature_standard_error": fit.curvature_standard_error,
            "pixels": fit.n_pixels,
            "reduced_chi2": fit.reduced_chi2,
        }
        for microscope, line, fit, true in fits
    ]
    parts = error_parts(run)
    shown = [name for name in parts[0].parts_percent if any(part.parts_percent[name] > 0 for part in parts)]
    budget = [
        {
            "microscope": part.microscope.capitalize(),
            "line": line_label(part.line),
            **{f"{name} (%)": round(part.parts_percent[name], 2) for name in shown},
            "all (%)": round(part.total_percent, 2),
        }
        for part in parts
    ]
    linearity = [linearity_row(microscope, line, fit) for microscope, line, fit, _ in fits]
    priors = "; ".join(
        f"{microscope.capitalize()} {pair(one.prior.bias_nm, one.prior.standard_error_nm, 2)} nm"
        for microscope, one in run.calibrations.items()
    )
    return [
        ReportTable(
            title="Cross-sections", rows=sections, section=_SECTION, name="cross_sections", data=numbers
        ),
        ReportTable(
            title="Error budget",
            rows=budget,
            section=_SECTION,
            name="error_budget",
            note=f"Taken to be known of what all thicknesses of a standard are off by together: {priors}.",
        ),
        ReportTable(
            title="Linearity",
            rows=linearity,
            section=_SECTION,
            name="linearity",
            note="With standard errors. Curvature: c in counts ∝ t (1 + c t); p: the probability of one at "
            "least as large where there is none. “Seen” is what would be found in four of five calibrations. "
            "A reduced χ² above 1 shows thickness errors beyond counting noise.",
        ),
    ]


def linearity_row(microscope: str, line: str, fit: CrossSectionFit) -> dict[str, object]:
    """Test whether the counts of one line are proportional to thickness."""
    test = linearity_test(fit)
    return {
        "microscope": microscope.capitalize(),
        "line": line_label(line),
        "curvature (µm⁻¹)": pair(test.curvature_per_um, test.standard_error, 3),
        "p": f"{test.p_value:.2f}",
        "seen from (µm⁻¹)": f"{test.detectable_per_um:.3f}",
        "beyond 250 nm (%)": pair(100 * test.beyond_250_nm, 100 * test.beyond_standard_error, 2),
        "seen from (%)": text(100 * test.detectable_beyond, 2),
        "pixels": fit.n_pixels,
        "reduced χ²": round(fit.reduced_chi2, 2),
    }


def text(value: float, decimals: int) -> str:
    """Write a value; a dash where there is none."""
    return f"{value:.{decimals}f}" if np.isfinite(value) else "–"


def pair(value: float, error: float, decimals: int) -> str:
    """Write a value with its standard error; a dash where there is none.

    Examples
    --------
    >>> pair(-0.0123, 0.05, 2), pair(float("nan"), float("nan"), 2)
    ('−0.01 ± 0.05', '–')
    """
    if not np.isfinite([value, error]).all():
        return "–"
    return f"{value:.{decimals}f} ± {error:.{decimals}f}".replace("-", "−")
