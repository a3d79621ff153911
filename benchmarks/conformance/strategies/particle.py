"""Particles, and the films that they lie on."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....phantoms import Particle, Sheet, Sphere, SupportFilm
from .body import bodies
from .domain import domains
from .mixing_rule import graded_rules, pure_rules, segregated_rules


def support_films() -> SearchStrategy[SupportFilm]:
    """Draw carbon films of 1 to 50 nm below the middle of the volume."""
    return st.builds(SupportFilm, thickness_nm=st.floats(1.0, 50.0), top_nm=st.floats(-99.0, 0.0))


def particles(*, film: bool | None = None) -> SearchStrategy[Particle]:
    """Draw particles: any body, with the domains and mixing rules that go together.

    Parameters
    ----------
    film : bool, optional
        Whether each lies on a film; either when omitted.

    Notes
    -----
    Pure particles, sharp interfaces on any domain, and graded ones on domains whose distance is a
    distance. Shrinks to a pure sphere of 10 nm without a film.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> particle = smallest(particles(), lambda particle: particle.mixing.has_interface)
    >>> particle.body.kind, particle.domain.kind, particle.mixing.kind, particle.film
    ('ellipsoid', 'sheet', 'segregated', None)
    """
    films = support_films() if film else st.none() if film is False else st.none() | support_films()
    # Plain parts first: whatever a counterexample does not need shrinks to them in one step.
    body = st.just(Sphere(radius_nm=10.0)) | bodies()
    plane = st.just(Sheet())
    return st.one_of(
        st.builds(Particle, body=body, mixing=pure_rules(), film=films),
        st.builds(
            Particle, body=body, domain=plane | domains(), mixing=segregated_rules(sharp=True), film=films
        ),
        st.builds(
            Particle, body=body, domain=plane | domains(metric=True), mixing=graded_rules(), film=films
        ),
    )
