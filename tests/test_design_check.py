"""Checks of designs: order, stopping, failures and remedies by a cheap trial; one run of the real one."""

import json
import math

import numpy as np
import pytest
from glasstomo.benchmarks.design.check import Panel, check_design
from glasstomo.benchmarks.design.decision import Decision
from glasstomo.benchmarks.design.design import Design
from glasstomo.benchmarks.design.remedies import find_remedies, remedy_table
from glasstomo.benchmarks.design.scores import SCORES
from glasstomo.benchmarks.design.single_changes import single_changes
from glasstomo.benchmarks.study.workers import Outcome, Workers, performed

SMALL = {"size": 16}
PRECISION = {"zn_fraction_2sigma": 0.03, "density_2sigma": 1.0}


def small(**changes) -> Design:
    return Design(**{"specimen": SMALL, "wanted": PRECISION, **changes})


def trial(design, *, replicate, seed, scores):
    """Return precisions that go as one over the root of the dose, 0.02 and 0.6 at the default."""
    rng = np.random.default_rng([seed, replicate])
    noise = 1 + 0.1 * rng.standard_normal()
    root = math.sqrt(7.49e8 / design.total_fluence_e_nm2)
    return {
        "replicate": replicate,
        "seed": seed,
        "solver_status": "converged",
        "zn_fraction_2sigma": 0.02 * root * noise,
        "density_2sigma": 0.6 * root * noise,
        "single_phase_voxels": 99,
        "mixing_state_true": "segregated",
        "mixing_state_right": float(rng.random() < 0.99),
        "miscibility_limit_true": None,
        "miscibility_limit_error": None,
    }


class Shuffled(Workers):
    """Workers whose calls end in a strange order."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.calls = 0

    @property
    def count(self) -> int:
        return 5

    def run(self, function, calls, *, in_flight=None):
        waiting = []
        for index, call in enumerate(calls):
            self.calls += 1
            waiting.append((index, performed(function, call, "me")))
            if len(waiting) >= in_flight:
                yield waiting.pop(self.rng.integers(len(waiting)))
        while waiting:
            yield waiting.pop(self.rng.integers(len(waiting)))


def plain(verdict) -> dict:
    found = verdict.as_dict()
    found.pop("seconds")
    return found


def test_a_good_design_passes_after_few_replicates():
    verdict = check_design(small(), trial=trial)
    assert (verdict.state, verdict.exit_status) == ("pass", 0)
    assert 4 <= verdict.replicates <= 8
    assert verdict["density_2sigma"].judgement.mean == pytest.approx(0.6, rel=0.15)
    assert "everything wanted" in verdict.lines()[0]
    with pytest.raises(KeyError, match="wanted were zn_fraction_2sigma, density_2sigma"):
        verdict["dice"]


def test_a_poor_design_fails_and_says_what():
    verdict = check_design(small(beam={"dwell_s": 0.04}), trial=trial)
    assert (verdict.state, verdict.exit_status) == ("fail", 1)
    assert {wanted.name: wanted.state for wanted in verdict.wanted} == {
        "zn_fraction_2sigma": "fail",
        "density_2sigma": "fail",
    }
    assert verdict.lines()[0].startswith("fail: ")


def test_the_verdict_does_not_depend_on_the_order_in_which_replicates_end():
    design = small(beam={"dwell_s": 0.105}, confidence={"max_replicates": 60})
    one = check_design(design, trial=trial, seed=3)
    assert one.replicates > 10
    for seed in range(3):
        pool = Shuffled(seed)
        other = check_design(design, trial=trial, seed=3, workers=pool)
        assert plain(other) == plain(one)
        # Those that were under way when it was decided are all that is wasted.
        assert pool.calls <= one.replicates + 40


def test_max_replicates_ends_it_undecided():
    wanted = {"zn_fraction_2sigma": 0.02}
    verdict = check_design(small(wanted=wanted, confidence={"max_replicates": 9}), trial=trial, seed=1)
    assert (verdict.state, verdict.exit_status, verdict.replicates) == ("undecided", 1, 9)
    assert "max_replicates" in verdict.wanted[0].reason


def test_settled_stops_at_the_first_fail():
    wanted = {"zn_fraction_2sigma": 0.01, "mixing_state": 0.9}
    settled = check_design(small(wanted=wanted), trial=trial, until="settled")
    decided = check_design(small(wanted=wanted), trial=trial)
    assert settled.state == decided.state == "fail"
    assert settled.replicates < decided.replicates
    with pytest.raises(ValueError, match="until"):
        check_design(small(), trial=trial, until="bored")
    with pytest.raises(ValueError, match="seed"):
        check_design(small(), trial=trial, seed=-1)


def test_what_cannot_be_asked_of_a_particle_is_said_and_does_not_hold_up_the_rest():
    wanted = {"zn_fraction_2sigma": 0.03, "miscibility_limit_error": 0.05}
    verdict = check_design(small(wanted=wanted), trial=trial)
    assert verdict.replicates < 10
    assert verdict["zn_fraction_2sigma"].state == "pass"
    assert verdict.state == "undecided"
    assert "no miscibility limit" in verdict["miscibility_limit_error"].reason
    assert "drop miscibility_limit_error" in verdict["miscibility_limit_error"].reason


def test_a_share_that_cannot_pass_in_time_says_how_long_it_takes():
    design = small(wanted={"mixing_state": 0.95}, confidence={"max_replicates": 6})
    verdict = check_design(design, trial=trial)
    assert "66 replicates without a miss" in verdict.wanted[0].reason


def direct(design, *, replicate, seed, scores):
    return {**trial(design, replicate=replicate, seed=seed, scores=scores), "solver_status": "direct"}


def test_direct_methods_are_not_called_unconverged():
    assert check_design(small(), trial=direct).unconverged == 0
    assert check_design(small(), trial=trial).unconverged == 0


def sometimes(design, *, replicate, seed, scores):
    if replicate % 3 == 1:
        raise ValueError("`dwell_s` is too long for the counter")
    return {
        **trial(design, replicate=replicate, seed=seed, scores=scores),
        "solver_status": "iteration_limit",
    }


def test_failed_replicates_miss_what_is_wanted_and_are_shown():
    verdict = check_design(small(), trial=sometimes)
    assert verdict.state != "pass"
    assert verdict.failed == sum(row["status"] == "failed" for row in verdict.rows) > 0
    text = "\n".join(verdict.lines())
    assert "too long for the counter" in text
    assert "max_iterations" in text
    assert verdict.wanted[0].judgement.missing == verdict.failed


def never(design, *, replicate, seed, scores):
    raise RuntimeError("no such solver")


def test_a_design_of_which_nothing_runs_is_undecided_not_failed():
    verdict = check_design(small(), trial=never)
    assert (verdict.state, verdict.exit_status) == ("undecided", 1)
    assert verdict.replicates == 4
    assert all(wanted.state == "undecided" for wanted in verdict.wanted)
    assert find_remedies(small(), verdict, trial=trial) == ()


def test_a_verdict_is_plain_json_and_a_table_of_words():
    wanted = {"zn_fraction_2sigma": 0.03, "mixing_state": 0.9, "miscibility_limit_error": 0.1}
    verdict = check_design(small(wanted=wanted, confidence={"max_replicates": 6}), trial=trial)
    text = json.dumps(verdict.as_dict(), allow_nan=False)
    assert json.loads(text)["wanted"]["mixing_state"]["replicates"] == 6
    table = verdict.table()
    assert [set(row) for row in table] == [{"wanted", "mean", "interval", "worst", "replicates", ""}] * 3
    assert table[1]["mean"] == "1 (6/6)"


def test_errors_are_shared_out_as_documented():
    panel = Panel(small(confidence={"level": 0.9}))
    for decision in panel._decisions.values():
        assert isinstance(decision, Decision)
        assert (decision.pass_error, decision.fail_error) == pytest.approx((0.1, 0.05))


def pair(values):
    def draw(design, *, replicate, seed, scores):
        rng = np.random.default_rng([seed, replicate])
        a, b = np.array(values) * (1 + 0.15 * rng.standard_normal(2))
        return {"zn_fraction_2sigma": 0.03 * a, "density_2sigma": b, "single_phase_voxels": 9}

    return draw


@pytest.mark.parametrize(("truth", "wrong"), [((1.0001, 0.5), "pass"), ((0.9999, 0.9999), "fail")])
def test_the_whole_verdict_is_wrong_as_rarely_as_stated(truth, wrong):
    # One precision missed by a hair, or both reached by one: the hardest truths for either error.
    design = small(confidence={"max_replicates": 40})
    runs = [check_design(design, trial=pair(truth), seed=seed, until="settled").state for seed in range(60)]
    # Five per cent of sixty is three; more than nine happens once in a thousand test runs.
    assert runs.count(wrong) <= 9


def test_more_dose_is_found_as_a_remedy_and_the_least_that_helps():
    design = small(beam={"dwell_s": 0.04})
    verdict = check_design(design, trial=trial)
    remedies = find_remedies(design, verdict, trial=trial)
    best = remedies[0]
    # Precisions of 0.045 and 1.34 at a fifth of the dose want 2.2 times as much.
    assert best.effect == "mends"
    assert [r.label for r in remedies if r.effect == "mends" and r.kind == "dose"] == ["4 × the dose"]
    assert best.dose_factor == pytest.approx(3.0)
    assert best.label == "45 tilts at the same dose in each"
    effects = {remedy.label: remedy.effect for remedy in remedies}
    # What changes nothing is left after the first few, with or without a proof that it fails.
    for label in ("holder wall", "45 tilts at the same total dose"):
        assert effects[label] in ("open", "fails")
    assert all(remedy.replicates <= 6 for remedy in remedies if remedy.effect == "open")
    # Helpful ones first, cheap before costly.
    helps = [remedy.effect == "mends" for remedy in remedies]
    assert helps == sorted(helps, reverse=True)
    assert json.loads(json.dumps([remedy.as_dict() for remedy in remedies], allow_nan=False))
    assert remedy_table(remedies)[0]["dose"] == "× 3"
    # And the remedy holds when it is checked on its own.
    assert check_design(design.with_fields(best.fields), trial=trial, seed=9).state == "pass"


def test_a_design_that_passed_needs_no_remedy():
    assert find_remedies(small(), check_design(small(), trial=trial), trial=trial) == ()
    with pytest.raises(ValueError, match="min_replicates"):
        find_remedies(small(), check_design(small(), trial=trial), trial=trial, replicates=2)


def test_a_share_that_failed_can_only_become_likely_in_a_short_search():
    def state(design, *, replicate, seed, scores):
        right = design.total_fluence_e_nm2 > 1e9 or replicate % 2 == 0
        return {"mixing_state_right": float(right), "mixing_state_true": "segregated"}

    design = small(wanted={"mixing_state": 0.95})
    verdict = check_design(design, trial=state)
    assert verdict.state == "fail"
    remedies = find_remedies(design, verdict, trial=state, replicates=12)
    assert remedies[0].effect == "likely"
    assert {r.effect for r in remedies if r.dose_factor == 1.0} <= {"fails", "open"}


@pytest.mark.parametrize("beam", [{"dwell_s": 0.1}, {"total_fluence_e_nm2": 1e8}])
def test_single_changes_change_dose_and_time_as_they_say(beam):
    design = small(beam=beam)
    for ladder in single_changes(design, {"density_2sigma"}):
        for change in ladder.rungs:
            changed = design.with_fields(change.fields)
            factor = changed.total_fluence_e_nm2 / design.total_fluence_e_nm2
            tilts = changed.tilts.tilt_scheme.count / design.tilts.tilt_scheme.count
            expected = 1.0
            if ladder.kind == "dose":
                expected = float(change.label.split(" ")[0])
            elif "dose in each" in change.label:
                expected = tilts
            assert factor == pytest.approx(expected), change.label
            assert changed.key != design.key


def test_explicit_angles_are_left_alone_and_cross_sections_ask_for_other_changes():
    explicit = small(tilts={"angles_deg": [-60.0, 0.0, 60.0]})
    kinds = {ladder.kind for ladder in single_changes(explicit, {"density_2sigma"})}
    assert kinds == {"solver", "holder", "dose"}
    calibrated = Design(specimen={"size": 32}, wanted={"cross_section_bias": 0.02})
    kinds = [ladder.kind for ladder in single_changes(calibrated, {"cross_section_bias"})]
    assert kinds == ["calibration", "calibration", "calibration", "dose"]


def test_interrupted_workers_are_not_swallowed():
    class Broken(Workers):
        def run(self, function, calls, *, in_flight=None):
            yield 0, Outcome(value=trial(small(), replicate=0, seed=0, scores=()), worker="me")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_design(small(), trial=trial, workers=Broken())


def test_columns_that_are_judged_are_those_of_a_trial():
    from glasstomo.benchmarks.study.score_rules import SCORE_RULES

    columns = {column for group in SCORES.values() for column in group}
    for name in Design.model_fields["wanted"].default.__class__.model_fields:
        assert SCORE_RULES[name].column in columns


@pytest.mark.slow
def test_the_real_trial_gives_one_verdict_with_and_without_processes():
    design = small(
        specimen={"size": 24, "particle": "zif4_co_standard", "options": {"film": False}},
        wanted={"density_2sigma": 2.0},
        confidence={"max_replicates": 8},
    )
    here = check_design(design, workers=0)
    there = check_design(design, workers=2)
    assert here.state == "pass"
    assert plain(here) == plain(there)


def test_cross_sections_that_err_to_either_side_do_not_cancel():
    """Two lines that are always 3 % off take turns at being the worst: its signed mean is about zero."""

    def trial(design, *, replicate, seed, scores):
        rng = np.random.default_rng([seed, replicate])
        errors = {"Co_Ka": -0.03, "Co_Kb": 0.0, "Zn_Ka": 0.03, "Zn_Kb": 0.0}
        row = {f"cross_section_bias_{line}": e + 0.003 * rng.normal() for line, e in errors.items()}
        return {**row, "cross_section_bias": max(row.values(), key=abs)}

    design = Design(wanted={"cross_section_bias": 0.02})
    verdict = check_design(design, seed=0, trial=trial)
    assert verdict.state == "fail"
    states = {one.name: one.state for one in verdict.wanted}
    assert states == {
        "cross_section_bias_Co_Ka": "fail",
        "cross_section_bias_Co_Kb": "pass",
        "cross_section_bias_Zn_Ka": "fail",
        "cross_section_bias_Zn_Kb": "pass",
    }
