"""The kit checked by deliberate mistakes: each is caught, by the laws that say they catch it."""

import json

import pytest
from glasstomo.benchmarks.cli import main
from glasstomo.benchmarks.conformance.component_path import load_component, mutants, own_components
from glasstomo.benchmarks.conformance.conformity import conform
from glasstomo.benchmarks.conformance.laws.tables import LAWS
from glasstomo.benchmarks.conformance.mutants.mutant import Mutant
from glasstomo.benchmarks.conformance.mutation_check import check_mutant, check_mutants

MUTANTS = mutants()
# As many as were asked for.
FEWEST = {"operator and projector": 14, "functional": 10, "solver": 14}


@pytest.mark.parametrize("path", MUTANTS)
def test_every_mutant_is_caught_by_the_laws_that_it_names(path: str):
    mutant: Mutant = MUTANTS[path]
    # Many cases cost little: the search ends at the first that breaks the law.
    report = conform(mutant.make(), laws=mutant.breaks, examples=100, shrink=False)
    assert {one.law.name for one in report.broken} == set(mutant.breaks), report.verdict


# Takes a tenth of a second for a problem, so that it is exact.
SLOW = {"interior_point"}
ORIGINALS = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
    for name in sorted({mutant.of for mutant in MUTANTS.values()})
]


@pytest.mark.parametrize("name", ORIGINALS)
def test_every_original_keeps_the_laws_that_its_mutants_break(name: str):
    laws = sorted({law for mutant in MUTANTS.values() if mutant.of == name for law in mutant.breaks})
    report = conform(load_component(f"own/{name}"), laws=laws, profile="quick")
    # A law that does not apply to the original could not have told it from the mutant.
    assert {one.law.name for one in report.kept} == set(laws), report.broken


def test_there_are_enough_of_every_kind():
    counts = {kind: len(mutants(kind)) for kind in LAWS}
    assert counts["operator"] + counts["projector"] >= FEWEST["operator and projector"]
    assert counts["functional"] >= FEWEST["functional"]
    assert counts["solver"] >= FEWEST["solver"]


def test_names_are_used_once():
    assert len(MUTANTS) == sum(len(mutants(kind)) for kind in LAWS)
    assert len(own_components()) == sum(len(own_components(kind)) for kind in LAWS)
    assert len({mutant.summary for mutant in MUTANTS.values()}) == len(MUTANTS)


class TestCheck:
    """What the check says of mutants that are not caught."""

    @staticmethod
    def mutant(breaks: tuple[str, ...], make) -> Mutant:
        return Mutant(name="mine", summary="Nothing.", breaks=breaks, of="gradient", make=make)

    def test_a_mutant_without_a_mistake_is_missed(self):
        original = load_component("own/gradient")
        result = check_mutant(self.mutant(("linearity",), lambda: original), original, examples=5)
        assert not result.caught
        assert result.missed == ("linearity",)
        assert result.row()["verdict"] == "✗ missed by linearity"

    def test_a_law_that_the_original_breaks_too_says_nothing(self):
        broken = next(one for one in mutants("operator").values() if "adjoint" in one.breaks)
        result = check_mutant(self.mutant(("adjoint",), broken.make), broken.make(), examples=25)
        assert not result.missed
        assert result.accused == ("adjoint",)
        assert not result.caught

    def test_a_law_that_does_not_apply_to_the_original_says_nothing(self):
        from dataclasses import replace

        broken = next(one for one in mutants("operator").values() if "adjoint" in one.breaks)
        original = replace(load_component(f"own/{broken.of}"), adjoint=None)
        assert not check_mutant(self.mutant(("adjoint",), broken.make), original, examples=25).caught


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    few = dict(list(mutants("operator").items())[:2])
    monkeypatch.setattr("glasstomo.benchmarks.conformance.mutation_check.mutants", lambda kind: few)
    assert [one.caught for one in check_mutants("operator")] == [True, True]
    with pytest.raises(SystemExit) as ended:
        main(["conform", "--mutants", "--kind", "operator", "--profile", "quick", "--json"])
    assert ended.value.code == 0
    listed = json.loads(capsys.readouterr().out)["mutants"]
    assert [one["mutant"] for one in listed] == [mutant.name for mutant in few.values()]
    assert all(set(one["found"]) == set(one["breaks"]) for one in listed)
