"""The section on interfaces: profiles over shells of equal distance, with their fits and the truth."""

from collections.abc import Callable, Mapping

import numpy as np

from .experiment_run import ExperimentRun
from .figures_interface import InterfaceProfile, figure_interfaces
from .glass_particle import GlassParticle
from .labels import particle_name
from .report_parts import ReportFigure, ReportTable, report_figure

_SECTION = "interfaces"
# 10–90 % width of a Gaussian blur over its standard deviation.
_WIDTH_PER_SIGMA = 2.5631


def interface_figures(run: ExperimentRun) -> list[ReportFigure]:
    """The profile of each particle that has an interface."""
    profiles = [profile for one in run.particles.values() if (profile := interface_profile(one)) is not None]
    if not profiles:
        return []
    caption = (
        "Densities of Co and Zn against the distance to the interface, zinc-rich side to the right. Points: "
        "means over shells of the reconstruction; lines: the fit, a blurred step where the phases have not "
        "mixed and blurred diffusion profiles with a jump where they have; dashed: the truth. Band: the "
        "10–90 % width that a perfectly sharp interface shows in this volume."
    )
    return [report_figure(figure_interfaces(profiles), caption, _SECTION, "interfaces")]


def interface_profile(particle: GlassParticle) -> InterfaceProfile | None:
    """Shell means, fit and truth of one particle; None where no interface was found.

    The miscibility limit's profile where there is a limit, else that of the width.
    """
    limit, width = particle.limit, particle.width
    spacing = particle.metals.spacing_nm
    if not limit.reason:
        source, distance = limit, limit.distance_voxels * spacing
        blur = _WIDTH_PER_SIGMA * limit.blur_voxels * spacing
        label = f"limit {limit.limit:.3f} ± {limit.standard_error:.3f}"
    elif not width.reason:
        source, distance, blur = width, width.distance_nm, width.resolution_nm
        label = f"{width.apparent_nm:.0f} nm wide in this volume,\nblur {width.resolution_nm:.0f} nm"
    else:
        return None
    return InterfaceProfile(
        name=particle_name(particle.name),
        distance_nm=distance,
        measured={"Co": source.co_profile, "Zn": source.zn_profile},
        fitted={"Co": source.co_fitted, "Zn": source.zn_fitted},
        true=true_profile(particle),
        blur_nm=blur,
        label=label,
    )


def true_profile(particle: GlassParticle) -> Callable[[np.ndarray], Mapping[str, np.ndarray]] | None:
    """True Co and Zn densities by the distance to the interface, nm, positive towards zinc."""
    truth = particle.truth.particle
    if truth is None or not truth.mixing.has_interface:
        return None

    def at(distance_nm: np.ndarray) -> dict[str, np.ndarray]:
        density = truth.atoms_per_unit @ truth.mixing.formula_units(np.asarray(distance_nm, float))
        return {element: density[truth.elements.index(element)] for element in ("Co", "Zn")}

    # The truth counts its distance from its first phase to its second, whichever holds the zinc.
    ends = at(np.array([-1e4, 1e4]))
    fraction = ends["Zn"] / (ends["Zn"] + ends["Co"])
    sign = 1.0 if fraction[1] > fraction[0] else -1.0
    return lambda distance_nm: at(sign * distance_nm)


def interface_tables(run: ExperimentRun) -> list[ReportTable]:
    """Apparent and corrected widths, and why there is none."""
    rows = []
    for particle in run.particles.values():
        width = particle.width
        low, high = particle.summary()["interface_width_interval_nm"]  # type: ignore[misc]
        found = not width.reason
        rows.append(
            {
                "particle": particle_name(particle.name),
                "apparent width (nm)": _rounded(width.apparent_nm),
                "blur (nm)": _rounded(width.resolution_nm),
                "corrected width (nm)": _rounded(width.width_nm),
                "95 % interval (nm)": f"{low:.0f} to {high:.0f}" if found else "–",
                "true width (nm)": _rounded(particle.true_width_nm),
                "remark": width.reason or _remark(particle),
            }
        )
        counts = particle.counts_width
        if counts is not None:
            low, high = counts.interval_nm
            rows.append(
                {
                    "particle": f"{particle_name(particle.name)}, counts",
                    "apparent width (nm)": None,
                    "blur (nm)": None,
                    "corrected width (nm)": _rounded(counts.width_nm),
                    "95 % interval (nm)": "–" if counts.reason else f"{low:.0f} to {high:.0f}",
                    "true width (nm)": _rounded(particle.true_width_nm),
                    "remark": counts.reason or "fitted straight to the counts: no blur to take off",
                }
            )
    note = "10–90 % widths. Squares subtract: corrected² = apparent² − blur²."
    return [ReportTable(title="Widths", rows=rows, section=_SECTION, name="interfaces", note=note)]


def _remark(particle: GlassParticle) -> str:
    if particle.true_width_nm is None:
        return "metals have mixed: a diffusion zone, which one width describes only in part"
    return "" if particle.width.width_nm > 0 else "no wider than the blur"


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(value, 1)
