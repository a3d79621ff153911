"""The sections of the report, in their order: what each asks, and how to read what it shows."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ReportSection:
    """What a section says whatever a run finds.

    Parameters
    ----------
    title : str
        Its heading.
    question : str
        What it answers, as a reader would ask.
    reading : tuple of str
        How to read its tables and figures, paragraph by paragraph.
    """

    title: str
    question: str
    reading: tuple[str, ...] = ()


SECTIONS: Mapping[str, ReportSection] = {
    "calibration": ReportSection(
        title="Calibration",
        question="How many X-rays does one atom yield, and how well is that known?",
        reading=(
            "A standard is a particle of known composition. Its thickness times the known density gives the "
            "atoms under each pixel; the slope of the counts against it is the partial cross-section of the "
            "line (1 barn = 10⁻²⁸ m²). Every density in this report is divided by it, so that 1 % here is "
            "1 % there.",
            "The error budget splits the standard error: counting (Poisson noise), thickness (bumps of the "
            "reconstructed surface), offset (the whole surface a little too far out or in) and particles "
            "(standards that differ by more than all that). Squares add up. More dwell time helps only "
            "where counting leads.",
            "Linearity: were X-rays absorbed or counts lost in thick places, the residuals beyond 250 nm "
            "would leave the zero line.",
        ),
    ),
    "surfaces": ReportSection(
        title="Surfaces",
        question="Where does a particle end?",
        reading=(
            "The surface is where the volume V(t) above a threshold t changes least: nobody picks the "
            "threshold, it is the steepest point of an edge-spread function fitted to the slope of V(t). The "
            "outlines compare that surface with the true one; half a voxel of difference is what a "
            "calibration of good precision can bear.",
        ),
    ),
    "particles": ReportSection(
        title="Particles",
        question="What was measured, and what does the reconstruction make of it?",
        reading=(
            "Maps and reprojections should look alike but for the noise: a pattern that one shows and the "
            "other does not is something that the reconstruction missed or made up. Slices share one colour "
            "scale, so that equal colours are equal densities.",
        ),
    ),
    "phases": ReportSection(
        title="Phase diagrams",
        question="Which compositions and densities does a particle hold, and how sure is each?",
        reading=(
            "Every interior voxel is a point: zinc fraction across, metal density upwards. A phase is a "
            "cluster of points, a diffusion zone a trail between clusters. Noise and the regulariser blur "
            "the clusters, so that their width is no property of the glass; the uncertainty of a single "
            "voxel is given beside them.",
        ),
    ),
    "verdicts": ReportSection(
        title="Verdicts",
        question="What may be claimed of each particle?",
        reading=(
            "Bars are 95 % intervals: over many particles 19 of 20 should hold the truth (cross). An "
            "interval that misses it by far is a fault of the method, one that is much wider than the miss "
            "says more about care than about knowledge. The confidence of a mixing state is a "
            "probability: of all particles called so with 90 %, one in ten should turn out otherwise.",
        ),
    ),
    "interfaces": ReportSection(
        title="Interfaces",
        question="How wide is the boundary between the phases?",
        reading=(
            "Points are means over shells of equal distance to the interface, zinc-rich side to the right. "
            "The line is the fitted step, the dashed one the true profile, the grey band the width that a "
            "perfectly sharp interface shows in this volume. Only what is wider than the band is a width of "
            "the interface: squares subtract.",
        ),
    ),
    "volumes": ReportSection(
        title="Volumes",
        question="How fine, how noisy and how biased are the volumes behind all this?",
        reading=(
            "Fourier-shell correlation compares reconstruction and truth from coarse detail (left) to fine "
            "(right); where it falls below one half, detail is lost. The tilts leave out a wedge of "
            "directions about the beam (z), in which detail is lost first.",
            "Twins are data simulated from the reconstruction itself and reconstructed anew. Their scatter "
            "is the noise of a voxel, what they miss on average its bias, both known without the truth. A "
            "twin starts from a volume that is already smooth, so it sees less of the blur than the specimen "
            "did: its bias is a lower bound beside edges.",
        ),
    ),
    "run": ReportSection(
        title="The run",
        question="Did every reconstruction reach the optimum that it was asked for?",
    ),
}
"""Sections by the identifier that figures and tables name."""
