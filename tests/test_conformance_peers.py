"""Components of other packages keep the laws that they should, and break those that are known."""

import re
from pathlib import Path

import pytest
from glasstomo.benchmarks.conformance.counterexample_search import checked, examine
from glasstomo.benchmarks.conformance.laws.tables import LAWS
from glasstomo.benchmarks.conformance.peer_component import KnownBreak, PeerComponent
from glasstomo.benchmarks.conformance.peer_components import PEER_COMPONENTS
from glasstomo.benchmarks.conformance.peer_pages import peers_page

COUNTEREXAMPLES = [
    pytest.param(name, law, id=f"{name}-{law}")
    for name, peer in PEER_COMPONENTS.items()
    for law, known in peer.breaks.items()
    if known.case is not None
]
# One law of each kind of mistake; all of them are a matter of minutes, and of `glasstomo conform --peers`.
TELLING = {
    "operator": ("linearity", "adjoint", "input_unchanged", "gradient_of_planes"),
    "projector": ("adjoint", "mass", "landing"),
    "solver": ("optimality", "zero_data"),
    "functional": ("prox_minimises", "moreau_identity", "fenchel_young_equality", "closed_form_prox"),
}
EXAMPLES = 4


def made(name: str):
    peer = PEER_COMPONENTS[name]
    reason = peer.missing()
    if reason is not None:
        pytest.skip(reason)
    return peer.make()


@pytest.mark.parametrize("name", PEER_COMPONENTS)
def test_a_peer_keeps_what_it_is_not_known_to_break(name):
    component, known = made(name), PEER_COMPONENTS[name].breaks
    laws = LAWS[component.kind]
    for law in TELLING[component.kind]:
        if law not in known:
            result = examine(laws[law], component, examples=EXAMPLES, max_seconds=1.0)
            assert result.verdict != "broken", f"{law}: {result.reason} {result.counterexample}"


@pytest.mark.parametrize(("name", "law"), COUNTEREXAMPLES)
def test_what_a_peer_is_known_to_break_is_found(name, law):
    component, known = made(name), PEER_COMPONENTS[name].breaks[law]
    finding = checked(LAWS[component.kind][law], component, known.case)
    assert not finding.kept, f"{name} now keeps {law}: {finding}"
    # A case that a component rightly refuses would break any law.
    raised = f"it raised {known.raises}:" if known.raises else "it raised"
    assert finding.note.startswith(raised) == bool(known.raises), finding.note


def test_every_break_is_traced_to_its_cause():
    for name, peer in PEER_COMPONENTS.items():
        for law, known in peer.breaks.items():
            assert known.kind in ("defect", "approximation"), (name, law)
            assert re.match(r"https://", known.source), (name, law)
            assert len(known.cause) > 20, (name, law)
        if peer.breaks:
            assert any(known.case for known in peer.breaks.values()), f"{name} has no counterexample"


def test_laws_and_kinds_of_breaks_exist():
    every = {law for table in LAWS.values() for law in table}
    for name, peer in PEER_COMPONENTS.items():
        assert set(peer.breaks) <= every, name


def test_a_peer_that_is_missing_says_how_to_get_it():
    peer = PeerComponent(summary="", modules=("odl", "no_such"), install="pip install no-such", build=dict)
    with pytest.raises(ImportError, match="no_such is not installed: pip install no-such"):
        peer.make()
    assert peer.known("adjoint") == "new"
    known = KnownBreak(kind="defect", cause="a sign", source="https://example.org", reported=True)
    told = PeerComponent(summary="", modules=(), install="", build=dict, breaks={"adjoint": known})
    assert told.known("adjoint") == "defect, reported: a sign (https://example.org)"
    assert told.make() == {}


def test_the_page_of_peers_is_current():
    page = Path(__file__).parents[1] / "docs" / "conformance_peers.md"
    assert page.read_text(encoding="utf-8") == peers_page(), (
        "write it anew: python -m glasstomo.benchmarks.conformance.peer_pages docs/conformance_peers.md"
    )
