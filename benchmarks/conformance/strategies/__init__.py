"""Hypothesis strategies for every noun of glasstomo, for tests of glasstomo and of what is built on it.

Every strategy is a function without required arguments; its docstring says what is drawn and what
counterexamples shrink to. `register_nouns` teaches them to Hypothesis, which then finds them from type
annotations alone.

Examples
--------
>>> from glasstomo.benchmarks.conformance.strategies import smallest
>>> from glasstomo.benchmarks.conformance.strategies import particles
>>> smallest(particles(), lambda particle: particle.film is not None).film.thickness_nm
1.0
"""

import importlib
from typing import TYPE_CHECKING

_HOMES = {
    "absorptions": "imperfection",
    "acquisition_errors": "imperfection",
    "acquisitions": "acquisition",
    "adf_detectors": "detector",
    "beam_damages": "imperfection",
    "beam_geometries": "geometry",
    "bodies": "body",
    "bounded_domains": "domain",
    "contaminations": "imperfection",
    "designs": "design",
    "diagram_points": "phase_diagram",
    "domains": "domain",
    "eds_detectors": "detector",
    "eds_responses": "detector",
    "elevation_bands": "holder",
    "ellipsoids": "body",
    "energies_kev": "plain",
    "faceted_crystals": "body",
    "factors": "study",
    "fluences_e_nm2": "plain",
    "flux_melted_rules": "mixing_rule",
    "graded_rules": "mixing_rule",
    "grids": "grid",
    "holder_filters": "holder",
    "holders": "holder",
    "interdiffused_rules": "mixing_rule",
    "inversions": "design",
    "json_values": "plain",
    "least_squares_problems": "problem",
    "lengths_nm": "body",
    "materials": "material",
    "measured_holders": "holder",
    "metadata": "plain",
    "metal_volumes": "phase_diagram",
    "microscopes": "microscope",
    "particle_phantoms": "phantom",
    "particles": "particle",
    "phantoms": "phantom",
    "phases": "material",
    "places": "body",
    "probes": "imperfection",
    "problems": "problem",
    "projectors": "geometry",
    "pure_rules": "mixing_rule",
    "random_textures": "domain",
    "reconstructions": "reconstruction",
    "register_nouns": "noun_table",
    "rough_shards": "body",
    "seeds": "plain",
    "segments": "detector",
    "segregated_rules": "mixing_rule",
    "sheets": "domain",
    "smallest": "smallest_example",
    "studies": "study",
    "support_films": "particle",
    "support_grids": "holder",
    "tilt_lists": "tilt_scheme",
    "tilt_plans": "design",
    "tilt_schemes": "tilt_scheme",
    "tilt_series": "series",
    "tilts_deg": "tilt_scheme",
    "volume_shapes": "problem",
}

if TYPE_CHECKING:
    from .acquisition import acquisitions
    from .body import bodies, ellipsoids, faceted_crystals, lengths_nm, places, rough_shards
    from .design import designs, inversions, tilt_plans
    from .detector import adf_detectors, eds_detectors, eds_responses, segments
    from .domain import bounded_domains, domains, random_textures, sheets
    from .geometry import beam_geometries, projectors
    from .grid import grids
    from .holder import elevation_bands, holder_filters, holders, measured_holders, support_grids
    from .imperfection import absorptions, acquisition_errors, beam_damages, contaminations, probes
    from .material import materials, phases
    from .microscope import microscopes
    from .mixing_rule import (
        flux_melted_rules,
        graded_rules,
        interdiffused_rules,
        pure_rules,
        segregated_rules,
    )
    from .noun_table import register_nouns
    from .particle import particles, support_films
    from .phantom import particle_phantoms, phantoms
    from .phase_diagram import diagram_points, metal_volumes
    from .plain import energies_kev, fluences_e_nm2, json_values, metadata, seeds
    from .problem import least_squares_problems, problems, volume_shapes
    from .reconstruction import reconstructions
    from .series import tilt_series
    from .smallest_example import smallest
    from .study import factors, studies
    from .tilt_scheme import tilt_lists, tilt_schemes, tilts_deg

__all__ = [
    "absorptions",
    "acquisition_errors",
    "acquisitions",
    "adf_detectors",
    "beam_damages",
    "beam_geometries",
    "bodies",
    "bounded_domains",
    "contaminations",
    "designs",
    "diagram_points",
    "domains",
    "eds_detectors",
    "eds_responses",
    "elevation_bands",
    "ellipsoids",
    "energies_kev",
    "faceted_crystals",
    "factors",
    "fluences_e_nm2",
    "flux_melted_rules",
    "graded_rules",
    "grids",
    "holder_filters",
    "holders",
    "interdiffused_rules",
    "inversions",
    "json_values",
    "least_squares_problems",
    "lengths_nm",
    "materials",
    "measured_holders",
    "metadata",
    "metal_volumes",
    "microscopes",
    "particle_phantoms",
    "particles",
    "phantoms",
    "phases",
    "places",
    "probes",
    "problems",
    "projectors",
    "pure_rules",
    "random_textures",
    "reconstructions",
    "register_nouns",
    "rough_shards",
    "seeds",
    "segments",
    "segregated_rules",
    "sheets",
    "smallest",
    "studies",
    "support_films",
    "support_grids",
    "tilt_lists",
    "tilt_plans",
    "tilt_schemes",
    "tilt_series",
    "tilts_deg",
    "volume_shapes",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_HOMES)
