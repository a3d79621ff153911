"""Which strategy draws which noun, and how Hypothesis learns it."""

import importlib
from typing import Any

# Where each noun lives below glasstomo, and the strategy that draws it.
NOUNS: dict[str, tuple[str, str]] = {
    "ADFDetector": ("forward", "adf_detectors"),
    "Absorption": ("forward", "absorptions"),
    "Acquisition": ("forward", "acquisitions"),
    "AcquisitionErrors": ("forward", "acquisition_errors"),
    "BeamDamage": ("forward", "beam_damages"),
    "BeamGeometry": ("benchmarks.conformance.beam_geometry", "beam_geometries"),
    "Contamination": ("forward", "contaminations"),
    "Design": ("benchmarks.design.design", "designs"),
    "EDSDetector": ("forward", "eds_detectors"),
    "EDSResponse": ("forward", "eds_responses"),
    "Ellipsoid": ("phantoms", "ellipsoids"),
    "FacetedCrystal": ("phantoms", "faceted_crystals"),
    "Factor": ("benchmarks.study.study", "factors"),
    "FluxMelted": ("phantoms", "flux_melted_rules"),
    "Grid": ("phantoms", "grids"),
    "Holder": ("forward", "holders"),
    "HolderFilter": ("forward", "holder_filters"),
    "Interdiffused": ("phantoms", "interdiffused_rules"),
    "Inversion": ("benchmarks.design.sections", "inversions"),
    "Material": ("phantoms", "materials"),
    "MeasuredHolder": ("forward", "measured_holders"),
    "Microscope": ("forward", "microscopes"),
    "Particle": ("phantoms", "particles"),
    "Phantom": ("phantoms", "phantoms"),
    "Phase": ("phantoms", "phases"),
    "Probe": ("forward", "probes"),
    "Problem": ("recon", "problems"),
    "Projector": ("forward", "projectors"),
    "Pure": ("phantoms", "pure_rules"),
    "RandomTexture": ("phantoms", "random_textures"),
    "Reconstruction": ("recon", "reconstructions"),
    "RoughShard": ("phantoms", "rough_shards"),
    "Segment": ("forward", "segments"),
    "Segregated": ("phantoms", "segregated_rules"),
    "Sheet": ("phantoms", "sheets"),
    "Study": ("benchmarks.study.study", "studies"),
    "SupportFilm": ("phantoms", "support_films"),
    "SupportGrid": ("forward", "support_grids"),
    "TiltScheme": ("forward", "tilt_schemes"),
    "TiltSeries": ("forward", "tilt_series"),
    "Tilts": ("benchmarks.design.sections", "tilt_plans"),
}


def noun_class(name: str) -> type[Any]:
    """Return the class of a noun of `NOUNS`.

    Examples
    --------
    >>> noun_class("Grid").__name__
    'Grid'
    """
    return getattr(importlib.import_module(f"....{NOUNS[name][0]}", __package__), name)


def register_nouns() -> None:
    """Have Hypothesis draw our nouns from their types, in `from_type`, in `builds` and in ``@given(...)``.

    Examples
    --------
    >>> from glasstomo.phantoms import Grid
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> from hypothesis import strategies as st
    >>> register_nouns()
    >>> smallest(st.from_type(Grid), lambda grid: True)
    Grid(shape=(1, 1, 1), spacing_nm=1.0)
    """
    from hypothesis import strategies as st

    face = importlib.import_module(__package__ or "")
    for name, (_, strategy) in NOUNS.items():
        st.register_type_strategy(noun_class(name), getattr(face, strategy)())
