"""Laws of functionals: our own and the textbook's keep them, mistakes break the laws that are named."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.case_file import decode, encode
from glasstomo.benchmarks.conformance.closed_forms import CLOSED_FORMS, closed_form
from glasstomo.benchmarks.conformance.counterexample_search import examine
from glasstomo.benchmarks.conformance.functional import Functional
from glasstomo.benchmarks.conformance.laws.functional_points import anchors, cases, inside, near
from glasstomo.benchmarks.conformance.laws.functional_table import FUNCTIONAL_LAWS
from glasstomo.benchmarks.conformance.mutants.functionals import FUNCTIONAL_MUTANTS
from glasstomo.benchmarks.conformance.own_functionals import OWN_FUNCTIONALS
from glasstomo.benchmarks.conformance.own_variations import variation
from glasstomo.benchmarks.conformance.textbook_functional import textbook_functional
from hypothesis import given
from hypothesis import strategies as st

OWN_EXAMPLES, TEXTBOOK_EXAMPLES, MUTANT_EXAMPLES = 4, 4, 25
_RNG = np.random.default_rng(5)
_SERIES = {
    "data": np.array([[0.0, 1, 2], [5, 0, 1]]),
    "weights": np.array([[0.0, 1, 2], [0.1, 0.5, 1]]),
    "background": 0.3,
}
PARAMETERS = {
    "linear": {"slope": _RNG.normal(size=(2, 3))},
    "l1": {"lam": 1.5},
    "l2_norm": {"lam": 0.7},
    "linf_norm": {"lam": 2.0},
    "squared_l2": {"lam": 2.0, "center": _RNG.normal(size=(2, 3))},
    "huber": {"lam": 0.5, "delta": 2.0},
    "box": {"lower": -1.0, "upper": 2.5},
    "l2_ball": {"radius": 2.0, "center": 0.3},
    "l1_ball": {"radius": 2.0},
    "simplex": {"radius": 1.5},
    "l2_balls": {"radius": 0.7},
    "least_squares": _SERIES,
    "kullback_leibler": _SERIES,
}
# Closed forms whose sums are over entries of one weight only.
EVEN_WEIGHTS = {"linf_norm", "l21", "l1_ball", "simplex", "l2_balls", "tv", "tv2"}


def verdicts(subject, examples, laws=None):
    """Put laws to a component: names of those kept, and a line for each that is broken."""
    kept, broken = [], []
    for law in FUNCTIONAL_LAWS.values():
        if laws is not None and law.name not in laws:
            continue
        found = examine(law, subject, examples=max(round(examples / law.cost), 4))
        if found.verdict == "kept":
            kept.append(law.name)
        elif found.verdict == "broken":
            broken.append(f"{law.name}: {found.reason} in {found.counterexample}")
    return kept, broken


@pytest.fixture(scope="module")
def seen():
    """Names of the laws that were put to a component that has to keep them."""
    return set()


@pytest.mark.parametrize("name", OWN_FUNCTIONALS)
def test_own_functionals_keep_every_law(name, seen):
    subject = OWN_FUNCTIONALS[name]()
    assert subject.name == name
    kept, broken = verdicts(subject, OWN_EXAMPLES)
    assert not broken
    assert len(kept) >= 6
    seen.update(kept)


def test_every_law_is_put_to_one_of_our_own(seen):
    if not seen:
        pytest.skip("needs the test of our own functionals in the same process")
    assert seen == set(FUNCTIONAL_LAWS)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_forms_keep_every_law(name, weighted):
    domain = (3, 3, 2) if name in ("tv", "tv2") else (2, 3)
    uneven = np.random.default_rng(2).uniform(0.1, 3, domain)
    weight = 1.0 if not weighted else 0.3 if name in EVEN_WEIGHTS else uneven
    # In plain form in the precision of most components, with weights in full.
    dtype = "float64" if weighted else "float32"
    subject = textbook_functional(name, PARAMETERS.get(name), domain=domain, dtype=dtype, weight=weight)
    kept, broken = verdicts(subject, TEXTBOOK_EXAMPLES)
    assert not broken
    assert len(kept) >= 7


@pytest.mark.parametrize("mutant", FUNCTIONAL_MUTANTS.values(), ids=FUNCTIONAL_MUTANTS)
def test_mutants_are_caught_by_the_laws_that_they_name(mutant):
    subject = mutant.make()
    assert mutant.of in OWN_FUNCTIONALS
    for name in mutant.breaks:
        law = FUNCTIONAL_LAWS[name]
        found = examine(law, subject, examples=max(round(MUTANT_EXAMPLES / law.cost), 8))
        assert found.verdict == "broken", f"`{name}` misses {mutant.name}: {found.verdict} {found.reason}"
        # What is wrong is a number, not a mutant that does not run.
        assert "raised" not in found.reason
        # A case that is written down and read back breaks the law again.
        again = law(mutant.make(), **decode(encode(dict(found.counterexample))))
        assert not again.kept


def test_every_law_catches_something():
    """Of each mutant all laws that it names; these few laws are shown to bite by hand below."""
    named = {name for mutant in FUNCTIONAL_MUTANTS.values() for name in mutant.breaks}
    by_hand = {
        *("proper_conjugate", "conjugate_convexity", "short_steps_stay", "indicator_values"),
        "conjugate_firm_nonexpansiveness",
    }
    assert named | by_hand == set(FUNCTIONAL_LAWS)
    assert not named & by_hand


@pytest.mark.parametrize(
    ("law", "of", "change"),
    [
        ("proper_conjugate", "l1", {"conjugate": lambda p: -np.inf}),
        ("conjugate_convexity", "huber", {"conjugate": lambda p: -float((p**2).sum())}),
        ("short_steps_stay", "l1", {"prox": lambda x, step: x / (1.0 + np.sqrt(step))}),
        ("indicator_values", "box", {"value": lambda x: float(np.maximum(x - 1.0, 0.0).sum())}),
        ("conjugate_firm_nonexpansiveness", "l1", {"conjugate_prox": lambda p, step: np.sign(p)}),
    ],
)
def test_laws_that_no_mutant_names_bite_too(law, of, change):
    subject = textbook_functional(of, PARAMETERS.get(of))
    assert examine(FUNCTIONAL_LAWS[law], subject, examples=30).verdict == "kept"
    assert examine(FUNCTIONAL_LAWS[law], replace(subject, **change), examples=30).verdict == "broken"


def test_laws_say_what_they_are():
    for law in FUNCTIONAL_LAWS.values():
        assert law.kind == "functional"
        assert law.sentence.endswith(".")
        assert law.formula
        assert law.tolerance


# No invented defects: honest components that rounding puts at a disadvantage.


def strict_ball(x):
    return 0.0 if np.sqrt((x**2).sum()) <= np.float32(0.7) else np.inf


def onto_ball(x, step):
    length = np.sqrt((x**2).sum())
    return x * (np.float32(0.7) / length) if length > np.float32(0.7) else x


MILLION = {"data": 1e6, "background": 1e6}


def prox_of_a_million(x, step):
    shifted = x + np.float32(1e6) - np.float32(step)
    root = np.sqrt(shifted**2 + np.float32(4e6 * step))
    return np.float32(0.5) * (shifted + root) - np.float32(1e6)


HONEST = {
    # Its own projection lies outside by a rounding, half of the time.
    "strict_ball": Functional(
        name="strict ball",
        domain=(2, 3),
        value=strict_ball,
        prox=onto_ball,
        conjugate=lambda p: 0.7 * np.sqrt((p**2).sum()),
        closed_form="l2_ball",
        parameters={"radius": 0.7},
        claims=frozenset({"indicator", "even"}),
    ),
    # No gradient at zero, where many proximal points lie; the sign there is as good as any.
    "sign_as_gradient": replace(
        textbook_functional("l1", dtype="float32"), gradient=lambda x: np.sign(x).astype("f4")
    ),
    # Meant for positive arguments alone, and useless for others.
    "for_positive_arguments": Functional(
        name="entropy",
        domain=(4,),
        value=lambda x: float(
            np.where(x > 0, x * np.log(np.maximum(x, 1e-30)), np.where(x < 0, -99, 0)).sum()
        ),
        nonnegative=True,
        dtype="float64",
    ),
    # In half precision, and said so.
    "half_precision": replace(
        textbook_functional("l1", {"lam": 2.0}, dtype="float32"),
        precision="float16",
        prox=lambda x, step: textbook_functional("l1", {"lam": 2.0}).proximal(x, step).astype(np.float16),
    ),
    # Numbers within it are a million times those it is asked about, and said so.
    "large_data": replace(
        textbook_functional("kullback_leibler", MILLION, dtype="float32", scale=1e6), prox=prox_of_a_million
    ),
    # Off by what is stated.
    "stated_accuracy": replace(
        textbook_functional("l1", dtype="float32"),
        prox_accuracy=1e-2,
        prox=lambda x, step: (
            textbook_functional("l1").proximal(x, step) + 9e-3 * np.linalg.norm(x) / np.sqrt(6)
        ),
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_functionals_are_not_accused(name):
    _, broken = verdicts(HONEST[name], 12)
    assert not broken


def test_accuracy_that_is_not_kept_is_found():
    sloppy = replace(HONEST["stated_accuracy"], prox_accuracy=1e-3)
    assert verdicts(sloppy, 30, ["prox_minimises"])[1]


def test_tolerances_follow_the_scale_that_is_stated():
    assert verdicts(replace(HONEST["large_data"], scale=1.0), 30, ["closed_form_prox"])[1]


def test_excuses_name_what_is_missing():
    bare = Functional(name="bare", domain=(2,))
    said = {law.name: law.excuse(bare) for law in FUNCTIONAL_LAWS.values()}
    assert said["prox_minimises"] == "it has no value"
    assert said["conjugate_steps_agree"] == "it has no conjugate prox"
    no_claim = FUNCTIONAL_LAWS["homogeneity"].excuse(textbook_functional("huber"))
    assert no_claim == "it does not claim to be homogeneous"
    assert FUNCTIONAL_LAWS["closed_form_value"].excuse(
        replace(textbook_functional("l1"), closed_form=None)
    ) == ("it names no closed form")
    tv = replace(textbook_functional("tv", domain=(2, 2, 2)), prox=lambda x, step: x)
    assert FUNCTIONAL_LAWS["closed_form_prox"].excuse(tv) == "the closed form tv has no prox"
    always = [name for name, reason in said.items() if reason is None]
    assert always == ["input_unchanged", "determinism"]


def test_results_of_another_shape_are_named():
    flat = replace(textbook_functional("l1"), prox=lambda x, step: x.ravel())
    found = examine(FUNCTIONAL_LAWS["firm_nonexpansiveness"], flat, examples=5)
    assert found.verdict == "broken"
    assert "`prox` of l1 must return shape (2, 3), got (6,)" in found.reason


def test_arguments_of_another_shape_are_refused():
    # Kernels of compiled components would read and write beside the array.
    with pytest.raises(ValueError, match=r"an argument of l1 must have shape \(2, 3\), got \(3, 3\)"):
        textbook_functional("l1").proximal(np.ones((3, 3)), 1.0)


@given(data=st.data())
def test_cases_of_nonnegative_functionals_are_nonnegative(data):
    case = data.draw(
        cases("x", duals=["p"], steps=["step"], shares=["share"])(HONEST["for_positive_arguments"])
    )
    assert case["x"].array().min() >= 0
    assert case["step"] > 0
    assert 0 < case["share"] <= 1
    for _, value in case["p"].entries:
        assert np.float32(value) == value


def test_counterexamples_shrink_to_few_plain_entries():
    mutant = FUNCTIONAL_MUTANTS["norm_prox_without_step"].make()
    case = examine(FUNCTIONAL_LAWS["moreau_identity"], mutant, examples=25).counterexample
    assert case["x"].seed in (None, 0)
    assert len(case["x"].entries) <= 1
    assert case["step"] in (2.0, 0.5)


# Points of a domain.


def test_a_point_outside_by_rounding_is_pulled_inside_and_no_other_is():
    ball = HONEST["strict_ball"]
    edge = np.zeros((2, 3))
    edge[0, 0] = 0.7 * (1 + 3e-7)
    assert ball.evaluate(edge) == np.inf
    point = near(ball, edge, anchors(ball), 1e-7)
    assert point.value == 0
    assert 0 < point.moved < 1e-3
    assert near(ball, 1.5 * edge, anchors(ball), 1e-7) is None
    assert near(ball, 0.5 * edge, anchors(ball), 1e-7).moved == 0


def test_points_inside_come_from_the_proximal_map():
    ball = HONEST["strict_ball"]
    point = inside(ball, np.full((2, 3), 5.0))
    np.testing.assert_allclose(point.x, 0.7 / np.sqrt(6), rtol=1e-3)
    assert inside(replace(ball, prox=None), np.full((2, 3), 5.0)) is None


# Closed forms by hand and by an independent search.


@pytest.mark.parametrize(
    ("name", "parameters", "x", "value"),
    [
        ("l1", {"lam": 2.0}, [3.0, -1.0], 8.0),
        ("l2_norm", {"lam": 2.0}, [3.0, -4.0], 10.0),
        ("linf_norm", {"lam": 2.0}, [3.0, -4.0], 8.0),
        ("squared_l2", {"lam": 2.0, "center": 1.0}, [3.0, -1.0], 8.0),
        ("huber", {"lam": 2.0, "delta": 1.0}, [0.5, -3.0], 2 * (0.125 + 2.5)),
        ("linear", {"slope": np.array([1.0, 2.0])}, [3.0, -1.0], 1.0),
        ("box", {"lower": 0.0}, [0.0, 4.0], 0.0),
        ("nonnegative", {}, [0.0, -4.0], np.inf),
        ("l2_ball", {"radius": 5.0}, [3.0, -4.0], 0.0),
        ("l1_ball", {"radius": 5.0}, [3.0, -4.0], np.inf),
        ("simplex", {"radius": 7.0}, [3.0, 4.0], 0.0),
        ("l21", {}, [3.0, -4.0], 5.0),
        ("l2_balls", {"radius": 5.1}, [3.0, -4.0], 0.0),
        ("least_squares", {"data": 1.0, "weights": 2.0, "background": 0.5}, [0.5, 1.5], 1.0),
        (
            "kullback_leibler",
            {"data": 1.0, "weights": 2.0, "background": 1.0},
            [0.0, np.e - 1],
            2 * (np.e - 2),
        ),
        ("zero", {}, [3.0, -4.0], 0.0),
    ],
)
def test_values_by_hand(name, parameters, x, value):
    assert closed_form(name, parameters).value(np.array(x)) == pytest.approx(value, rel=1e-14)


def test_variations_by_hand():
    volume = np.zeros((3, 3, 3))
    volume[1:] = 2.0
    assert closed_form("tv").value(volume) == 18.0
    assert closed_form("tv2").value(volume) == 18.0  # one bend of 2 in each of nine columns
    corner = np.zeros((2, 2, 2))
    corner[1, 1] = 1.0
    assert closed_form("tv2").value(corner) == pytest.approx(2 * np.sqrt(2))  # zy and yz in each of two rows
    both = np.stack([1.5 * volume, 2.0 * volume])
    assert closed_form("tv").value(both) == pytest.approx(45.0)
    assert closed_form("tv", {"channel_weights": np.array([1.0, 0.0])}).value(both) == pytest.approx(27.0)


@pytest.mark.parametrize("name", [name for name in CLOSED_FORMS if name not in ("tv", "tv2", "simplex")])
def test_proximal_points_are_found_by_an_independent_search(name):
    """Golden sections over one entry at a time, from values alone: the others stay at the minimum."""
    from scipy.optimize import minimize_scalar

    form = closed_form(name, PARAMETERS.get(name))
    rng = np.random.default_rng(3)
    x, step = 2.0 * rng.standard_normal((2, 3)), 0.7
    p = form.prox(x, step)
    for at in np.ndindex(2, 3):

        def loss(entry, at=at):
            z = 0.999999 * p
            z[at] = entry
            value = step * form.value(z) + 0.5 * float(((z - x) ** 2).sum())
            return value if np.isfinite(value) else 1e9 + abs(entry - p[at])

        found = minimize_scalar(
            loss, bounds=(p[at] - 1.0, p[at] + 1.0), method="bounded", options={"xatol": 1e-9}
        )
        # The others stand aside by a millionth, so that a set's surface does not hold this one.
        assert found.x == pytest.approx(p[at], abs=1e-3)


def test_unknown_closed_forms_name_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown closed form 'l3'; .*known: zero, linear, l1"):
        closed_form("l3")


@pytest.mark.slow
def test_tgv2_of_the_volume_alone_keeps_its_laws():
    """Each value takes hundreds of iterations, to the relative gap that it states."""
    subject = variation("tgv2")
    assert subject.value_accuracy == 1e-4
    kept, broken = verdicts(subject, 8)
    assert not broken
    assert {"convexity", "homogeneity", "evenness"} <= set(kept)
