"""The calibration of the mixing state's confidence: fit, tables, and the shipped weights."""

import numpy as np
import pytest
from click.testing import CliRunner
from glasstomo.benchmarks.mixing_calibration import (
    KINDS,
    as_text,
    by_dose,
    fit_weights,
    judged,
    main,
    options_of,
    particles,
)
from glasstomo.metrics.mixing_confidence import (
    MOST_CERTAIN,
    WEIGHTS,
    MixingEvidence,
    interdiffused_probability,
)
from glasstomo.phantoms import PHANTOMS
from hypothesis import given
from hypothesis import strategies as st

evidence = st.builds(
    MixingEvidence,
    thick_share=st.floats(0, 1),
    sharpness=st.floats(0, 0.3),
    spread=st.floats(0, 0.5),
    coarseness=st.floats(0.05, 1),
)


@given(seen=evidence, more=st.floats(0, 1))
def test_more_thick_regions_and_less_sharpness_speak_for_interdiffusion(seen, more):
    thicker = MixingEvidence(**{**vars(seen), "thick_share": max(seen.thick_share, more)})
    softer = MixingEvidence(**{**vars(seen), "sharpness": min(seen.sharpness, more)})
    probability = interdiffused_probability(seen)
    assert 1 - MOST_CERTAIN - 1e-12 <= probability <= MOST_CERTAIN
    assert interdiffused_probability(thicker) >= probability
    assert interdiffused_probability(softer) >= probability


@given(seen=evidence, finer=st.floats(0.05, 1))
def test_a_fraction_that_hardly_varies_is_surer_a_mixture_the_finer_the_resolution(seen, finer):
    flat = MixingEvidence(**{**vars(seen), "spread": min(seen.spread, 0.15)})
    sharper = MixingEvidence(**{**vars(flat), "coarseness": min(flat.coarseness, finer)})
    assert interdiffused_probability(sharper) >= interdiffused_probability(flat) - 1e-12


def rows(count, weights, seed=0):
    """Made-up particles whose states are drawn with the probability of some weights."""
    rng = np.random.default_rng(seed)
    made = []
    for replicate in range(count):
        seen = MixingEvidence(
            thick_share=float(10 ** rng.uniform(-3, 0)),
            sharpness=float(rng.uniform(0.01, 0.15)),
            spread=float(rng.uniform(0.1, 0.45)),
            coarseness=float(rng.uniform(0.2, 0.6)),
        )
        probability = interdiffused_probability(seen, weights=weights)
        mixed = probability > 0.5
        made.append(
            {
                "kind": "textured", "dose": 1e6, "replicate": replicate, "evidence": seen,
                "truth": "interdiffused" if rng.random() < probability else "segregated",
                "likeliest": "interdiffused" if mixed else "segregated",
                "state": "interdiffused" if mixed else "segregated",
                "confidence": max(probability, 1 - probability),
            }
        )  # fmt: skip
    return made


def test_fit_finds_the_weights_that_states_were_drawn_with():
    truth = np.array([-0.5, 0.5, -2.0, 1.0])
    found = fit_weights(rows(4000, truth), ridge=1e-6)
    # A logistic regression on 4000 rows: standard errors of 0.06 to 0.2 here; three of them.
    np.testing.assert_allclose(found, truth, atol=0.6)
    np.testing.assert_allclose(found[:3], truth[:3], atol=0.35)


def test_confidences_drawn_from_the_rule_are_judged_honest_and_boasts_are_not():
    made = rows(3000, WEIGHTS)
    assert judged(made).gap < 0.03
    boasts = [{**row, "confidence": 0.99} for row in made]
    assert judged(boasts).gap > 0.1
    assert judged(boasts).brier > judged(made).brier


def test_tables_count_right_undecided_and_wrong():
    base = {"kind": "textured", "dose": 1e6, "truth": "segregated"}
    states = ("segregated", "undecided", "none", "interdiffused", "segregated")
    assert by_dose([{**base, "state": state} for state in states]) == {"textured": {1e6: (2, 2, 1)}}
    text = as_text(rows(300, WEIGHTS))
    assert "| textured |" in text
    assert "Brier score" in text


def test_weights_need_both_states():
    one = [{**row, "truth": "segregated"} for row in rows(20, WEIGHTS)]
    with pytest.raises(ValueError, match="both states"):
        fit_weights(one)


def test_kinds_are_phantoms_with_their_states():
    for kind, (name, state) in KINDS.items():
        particle = PHANTOMS[name](np.random.default_rng(0), **options_of(kind, 3))
        assert particle.mixing_state == state


def test_a_few_particles_end_to_end():
    found = list(particles(size=24, replicates=[0], kinds=["segregated", "homogeneous"], doses=[7.5e8, 1e4]))
    assert [row["state"] for row in found if row["dose"] > 1e8] == ["segregated", "interdiffused"]
    for row in found:
        if row["dose"] < 1e5:
            assert row["state"] in ("undecided", "none")


def test_command_refuses_too_many():
    result = CliRunner().invoke(main, ["--replicates", "101"])
    assert result.exit_code == 2
    assert "1 to 100" in result.output
