"""Domains: where the two parts of a particle meet."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....phantoms import Embedded, RandomTexture, Sheet
from .body import bodies
from .plain import seeds


def sheets() -> SearchStrategy[Sheet]:
    """Draw flat and curved interfaces, up to 30 nm from the centre; shrinks to the plane z = 0.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(sheets(), lambda sheet: sheet.offset_nm > 3)
    Sheet(kind='sheet', inclination_deg=0.0, azimuth_deg=0.0, offset_nm=4.0, curvature_per_nm=0.0)
    """
    return st.builds(
        Sheet,
        inclination_deg=st.floats(0.0, 180.0),
        azimuth_deg=st.floats(0.0, 360.0),
        offset_nm=st.floats(-30.0, 30.0),
        curvature_per_nm=st.just(0.0) | st.floats(-0.02, 0.02),
    )


def random_textures() -> SearchStrategy[RandomTexture]:
    """Draw random two-phase textures of 5 to 40 nm correlation; either phase has at least a tenth."""
    return st.builds(
        RandomTexture,
        volume_fraction=st.floats(0.1, 0.9),
        correlation_nm=st.floats(5.0, 40.0),
        seed=seeds(),
    )


def bounded_domains() -> SearchStrategy[Sheet | Embedded]:
    """Draw sheets and embedded bodies: interfaces that are surfaces of their own."""
    return sheets() | st.builds(Embedded, body=bodies())


def domains(*, metric: bool = False) -> SearchStrategy[Sheet | Embedded | RandomTexture]:
    """Draw domains of every kind with an interface; shrinks to the plane z = 0.

    Parameters
    ----------
    metric : bool
        Only those whose signed distance is a distance, as mixing rules that grade need.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(domains(metric=True), lambda domain: domain.kind == "embedded").body.kind
    'ellipsoid'
    """
    every = st.one_of(bounded_domains(), random_textures())
    return every.filter(lambda domain: domain.metric) if metric else every
