"""Bodies: where a particle has matter."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....phantoms import Ellipsoid, FacetedCrystal, RoughShard
from .plain import seeds

HABITS = ("cube", "octahedron", "truncated_octahedron", "rhombic_dodecahedron", "random")


def lengths_nm() -> SearchStrategy[float]:
    """Draw lengths of particles, 5 to 60 nm; shrinks to 5."""
    return st.floats(5.0, 60.0)


def places() -> dict[str, SearchStrategy[Any]]:
    """Return strategies of the fields of `Placed`: centre within 10 nm along each axis, any rotation.

    Examples
    --------
    >>> sorted(places())
    ['center_nm', 'rotation_deg']
    """
    return {
        "center_nm": st.tuples(*[st.floats(-10.0, 10.0)] * 3),
        "rotation_deg": st.tuples(*[st.floats(-180.0, 180.0)] * 3),
    }


def ellipsoids() -> SearchStrategy[Ellipsoid]:
    """Draw ellipsoids of 5 to 60 nm semi-axes, off centre and turned; shrinks to a sphere of 5 nm.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(ellipsoids(), lambda body: len(set(body.semi_axes_nm)) == 2).semi_axes_nm
    (5.0, 5.0, 6.0)
    """
    return st.builds(Ellipsoid, semi_axes_nm=st.tuples(*[lengths_nm()] * 3), **places())


def faceted_crystals() -> SearchStrategy[FacetedCrystal]:
    """Draw crystals of every habit and of 4 to 20 random facets; shrinks to a cube of 5 nm.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(faceted_crystals(), lambda body: body.habit == "random").facets
    4
    """
    return st.builds(
        FacetedCrystal,
        radius_nm=lengths_nm(),
        habit=st.sampled_from(HABITS),
        aspect=_aspects(),
        facets=st.integers(4, 20),
        irregularity=st.floats(0.0, 0.6),
        seed=seeds(),
        **places(),
    )


def rough_shards() -> SearchStrategy[RoughShard]:
    """Draw shards of ground glass, smooth to 4 nm rough; shrinks to flat facets of 5 nm."""
    return st.builds(
        RoughShard,
        radius_nm=lengths_nm(),
        aspect=_aspects(),
        curvature=st.floats(0.0, 1.0),
        roughness_nm=st.floats(0.0, 4.0),
        wavelength_nm=st.tuples(st.floats(5.0, 20.0), st.floats(20.0, 100.0)),
        seed=seeds(),
        **places(),
    )


def bodies() -> SearchStrategy[Ellipsoid | FacetedCrystal | RoughShard]:
    """Draw bodies of every kind; shrinks to a sphere of 5 nm.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(bodies(), lambda body: body.center_nm[0] >= 1).center_nm
    (1.0, 0.0, 0.0)
    """
    return st.one_of(ellipsoids(), faceted_crystals(), rough_shards())


def _aspects() -> SearchStrategy[tuple[float, float, float]]:
    return st.tuples(*[st.floats(0.7, 1.4)] * 3)
