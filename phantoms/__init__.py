"""The truth: materials, bodies, domains, mixing rules and rasterised phantoms.

A `Particle` is a body (where there is matter) × a domain (where its two parts meet) × a mixing
rule (what each part is made of and how they grade into each other), all closed formulas of
position. `rasterise` turns it into a `Phantom`, arrays of number densities on a `Grid`.

Examples
--------
>>> import numpy as np
>>> from glasstomo.phantoms import Grid, make_phantom
>>> phantom = make_phantom("segregated", Grid.cube(24, spacing_nm=20.0), rng=np.random.default_rng(1))
>>> phantom.phase_names, phantom.densities.shape
(('co_rich', 'zn_rich'), (5, 24, 24, 24))
"""

import importlib
from typing import TYPE_CHECKING

_HOMES = {
    "ATOMIC_NUMBERS": "elements",
    "ATOMIC_WEIGHTS": "elements",
    "METALS": "elements",
    "Ellipsoid": "ellipsoid",
    "Embedded": "embedded",
    "FacetedCrystal": "faceted_crystal",
    "FluxMelted": "flux_melted",
    "Grid": "grid",
    "Interdiffused": "interdiffused",
    "LINKERS": "material",
    "MATERIALS": "materials",
    "Material": "material",
    "PHANTOMS": "samples",
    "Parameters": "parameters",
    "Particle": "particle",
    "Phantom": "phantom",
    "Phase": "phase",
    "Pure": "pure",
    "RandomTexture": "random_texture",
    "RoughShard": "rough_shard",
    "Segregated": "segregated",
    "Sheet": "sheet",
    "Sphere": "ellipsoid",
    "SupportFilm": "support_film",
    "Table": "table",
    "UnknownNameError": "table",
    "Whole": "whole",
    "make_phantom": "samples",
    "rasterise": "raster",
}

if TYPE_CHECKING:
    from .elements import ATOMIC_NUMBERS, ATOMIC_WEIGHTS, METALS
    from .ellipsoid import Ellipsoid, Sphere
    from .embedded import Embedded
    from .faceted_crystal import FacetedCrystal
    from .flux_melted import FluxMelted
    from .grid import Grid
    from .interdiffused import Interdiffused
    from .material import LINKERS, Material
    from .materials import MATERIALS
    from .parameters import Parameters
    from .particle import Particle
    from .phantom import Phantom
    from .phase import Phase
    from .pure import Pure
    from .random_texture import RandomTexture
    from .raster import rasterise
    from .rough_shard import RoughShard
    from .samples import PHANTOMS, make_phantom
    from .segregated import Segregated
    from .sheet import Sheet
    from .support_film import SupportFilm
    from .table import Table, UnknownNameError
    from .whole import Whole

__all__ = [
    "ATOMIC_NUMBERS",
    "ATOMIC_WEIGHTS",
    "LINKERS",
    "MATERIALS",
    "METALS",
    "PHANTOMS",
    "Ellipsoid",
    "Embedded",
    "FacetedCrystal",
    "FluxMelted",
    "Grid",
    "Interdiffused",
    "Material",
    "Parameters",
    "Particle",
    "Phantom",
    "Phase",
    "Pure",
    "RandomTexture",
    "RoughShard",
    "Segregated",
    "Sheet",
    "Sphere",
    "SupportFilm",
    "Table",
    "UnknownNameError",
    "Whole",
    "make_phantom",
    "rasterise",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_HOMES)
