"""The words of a design file: every field in order, what it means, an example where it has no default."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One field of a table.

    Attributes
    ----------
    key : str
        Its name.
    words : str
        What it means, for the comment above it and for editors.
    example : object
        Shown, commented out, where the field has no value.
    """

    key: str
    words: str
    example: Any = None


@dataclass(frozen=True)
class Section:
    """One table of the file.

    Attributes
    ----------
    path : str
        Dotted name; empty for the top of the file.
    words : str
        What it is about.
    entries : tuple of Entry
        Its fields.
    """

    path: str
    words: str
    entries: tuple[Entry, ...]


SECTIONS: tuple[Section, ...] = (
    Section(
        "",
        "",
        (
            Entry("title", "For reports.", "Blend, 15 tilts"),
            Entry("description", "For readers.", "Before the session in March."),
        ),
    ),
    Section(
        "specimen",
        "What lies in the beam. A particle of the library is drawn anew for every replicate, so that a "
        "verdict holds for such particles and not for one of them.",
        (
            Entry("particle", "A particle of the library: glasstomo phantoms lists them.", "segregated"),
            Entry(
                "options",
                "Options of that particle: film (carbon below it), body (shard, crystal, any), "
                "for segregated and textured the width_nm of its interfaces, for interdiffused the "
                "diffusion_length_nm.",
                {"film": False, "body": "shard"},
            ),
            Entry(
                "field_of_view_nm",
                "Edge of the volume, nm. Particles of the library scale with it: their diameter is about 0.6 "
                "of it.",
            ),
            Entry(
                "size",
                "Voxels along every edge of the reconstruction, 16 to 192, even. Time and memory grow as the "
                "cube; 32 for a first look, 64 for a verdict. At least 32 where cross-sections are measured.",
            ),
        ),
    ),
    Section(
        "tilts",
        "The tilts of the EDS series.",
        (
            Entry("scheme", "uniform, saxton (steps shrink with the cosine) or golden_ratio."),
            Entry("start_deg", "First tilt, degrees."),
            Entry("stop_deg", "Last tilt, degrees."),
            Entry("count", "Number of tilts."),
            Entry(
                "order",
                "Order of acquisition: increasing, decreasing, from_zero or dose_symmetric. It matters only "
                "where something changes with dose or time. The golden ratio has its own.",
            ),
            Entry(
                "angles_deg",
                "Angles of your own, increasing, degrees, instead of scheme, start_deg, stop_deg and count.",
                [-60.0, -30.0, 0.0, 30.0, 60.0],
            ),
        ),
    ),
    Section(
        "beam",
        "Beam and dose. The simulated pixel is that of the reconstruction; it gets the fluence of the scan, "
        "so that size is no dose.",
        (
            Entry("current_na", "Beam current, nA."),
            Entry("pixel_nm", "Pixel of the scan at the microscope, nm."),
            Entry(
                "dwell_s",
                "Dwell per pixel of the scan and EDS tilt, s (an assumption unless you set it).",
                0.2,
            ),
            Entry(
                "total_fluence_e_nm2",
                "Budget of electrons per nm² over all EDS tilts, in equal shares, instead of dwell_s.",
                7.5e8,
            ),
            Entry("adf_dwell_s", "Dwell per pixel and ADF tilt, s; used where standards are measured."),
            Entry(
                "overhead_s",
                "Time per tilt for moving, settling and focusing, s; counts as time at the microscope only.",
            ),
        ),
    ),
    Section(
        "instrument",
        "The instrument: glasstomo microscopes and glasstomo holders list the names.",
        (
            Entry("microscope", "osiris or titan."),
            Entry("holder", "Which rays it hides: none, wall (double-tilt) or blade (tomography)."),
        ),
    ),
    Section(
        "instrument.support_grid",
        "A grid whose bars stand in the way of the detectors.",
        (
            Entry("hole_um", "Edge of a square hole, µm.", 90.0),
            Entry("thickness_um", "Height of the bars, µm.", 20.0),
            Entry("side", "Side of the film on which the bars are: above or below.", "below"),
        ),
    ),
    Section(
        "imperfections",
        "What a real acquisition has and the plain model leaves out; off until you switch it on.",
        (Entry("absorption", "Absorb X-rays on their way out: true, or a table of its own.", True),),
    ),
    Section(
        "imperfections.errors",
        "Errors of angle, position and current; the reconstruction is not told of them.",
        (
            Entry("tilt_sigma_deg", "Random error of each tilt, degrees.", 0.2),
            Entry("tilt_offset_deg", "Error of all tilts, degrees.", 1.0),
            Entry("shift_sigma_nm", "What alignment leaves of the position of each image, nm.", 4.0),
            Entry("axis_offset_nm", "Centre of rotation missed, nm.", 5.0),
            Entry("axis_angle_deg", "Tilt axis turned from x, degrees.", 0.5),
            Entry("current_drift", "Change of the current over the series, as a share.", -0.05),
            Entry("current_sigma", "Random change of the current of each tilt, as a share.", 0.01),
            Entry("scan_noise_nm", "Displacement of each row of a scan, nm.", 1.0),
        ),
    ),
    Section(
        "imperfections.damage",
        "Damage by the beam. There are no default fluences: measure yours (docs/acquisition.md says how).",
        (
            Entry("contraction", "Linear shrinkage in the end, as a share of the length.", 0.05),
            Entry("contraction_fluence_e_nm2", "Fluence at which 63 % of it are done, e nm⁻².", 1.0e8),
            Entry("mass_loss", "Share of each element that is lost in the end.", {"N": 0.3}),
            Entry("mass_loss_fluence_e_nm2", "Fluence at which 63 % of that are lost, e nm⁻².", 1.0e8),
        ),
    ),
    Section(
        "reconstruction",
        "How the series is reconstructed: glasstomo methods lists the methods.",
        (
            Entry("method", 'A method of the library, or a solver of your own as "package.module:object".'),
            Entry(
                "lam",
                "Weight of the regulariser: discrepancy (smooth), noise (least error, in one solve), "
                "cross_validation (slower), a fraction of lambda_max in (0, 1], or oracle, which looks at "
                "the truth as no experiment can.",
            ),
            Entry(
                "gains",
                "Shadowing of the detectors: model it, scale it away (constant_total), or ignore it.",
            ),
            Entry(
                "data_term",
                "Noise: least_squares (Gaussian) or kullback_leibler (Poisson; better at few counts).",
            ),
            Entry("joint", "Reconstruct both metals together, with common edges."),
            Entry("upper", "Largest density allowed, atoms nm⁻³.", 8.0),
            Entry("second_order_share", "tv_tv2 only: share of the second-order term."),
            Entry("tgv_ratio", "tgv2 only: price of a change of slope relative to that of a step."),
            Entry("gap", "Relative primal-dual gap at which a solve has converged."),
            Entry("max_iterations", "Iterations at most."),
        ),
    ),
    Section(
        "calibration",
        "Where the EDS cross-sections come from.",
        (
            Entry(
                "cross_sections",
                "known, or measured: every replicate then calibrates them on four simulated standards, so "
                "that their errors reach the densities. Slower.",
            ),
            Entry("adf_tilts", "Tilts of the ADF series of each standard."),
            Entry("adf_range_deg", "They run from minus to plus this angle, degrees."),
        ),
    ),
    Section(
        "wanted",
        "What makes the design good enough. What you leave out is not asked for.",
        (
            Entry(
                "zn_fraction_2sigma",
                "Largest scatter (two standard deviations) of the zinc fraction inside single phases.",
                0.03,
            ),
            Entry("density_2sigma", "Largest scatter of the metal density there, nm⁻³.", 1.0),
            Entry("zn_fraction_bias", "Largest mean error of the zinc fraction there.", 0.02),
            Entry("density_bias", "Largest mean error of the metal density there, nm⁻³.", 0.3),
            Entry(
                "mixing_state",
                "Least probability that segregated, interdiffused or pure is told right.",
                0.95,
            ),
            Entry(
                "miscibility_limit_error",
                "Largest mean error of the miscibility limit (particles that have one).",
                0.03,
            ),
            Entry(
                "cross_section_bias",
                "Largest mean relative error of every cross-section; switches measured calibration on.",
                0.02,
            ),
            Entry(
                "interface_width_bias_nm",
                "Largest mean error of the width of the interface between the phases, nm.",
                3.0,
            ),
        ),
    ),
    Section(
        "confidence",
        "How sure the verdict has to be, and how long to try.",
        (
            Entry("level", "Probability with which the whole verdict is right."),
            Entry("min_replicates", "Particles simulated at least."),
            Entry("max_replicates", "Particles simulated at most; what is open by then stays undecided."),
        ),
    ),
)
"""Every table of a design file, in the order of the file. The nouns say what is allowed and default."""

WORDS: dict[str, dict[str, str]] = {
    section.path: {entry.key: entry.words for entry in section.entries} for section in SECTIONS
}
"""Table to field to its words."""
