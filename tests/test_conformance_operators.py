"""Laws of operators and projectors: our own keep them, mistakes break the laws that are named."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.beam_geometry import BeamGeometry
from glasstomo.benchmarks.conformance.case_file import decode, encode
from glasstomo.benchmarks.conformance.counterexample_search import examine
from glasstomo.benchmarks.conformance.drawn_array import DrawnArray
from glasstomo.benchmarks.conformance.laws.operator_norm import matrix
from glasstomo.benchmarks.conformance.laws.operator_rounding import gain, rounding, transposed
from glasstomo.benchmarks.conformance.laws.operator_table import OPERATOR_LAWS
from glasstomo.benchmarks.conformance.laws.projector_cases import built, fitted, folded, geometries
from glasstomo.benchmarks.conformance.laws.projector_table import PROJECTOR_LAWS
from glasstomo.benchmarks.conformance.linear_map import LinearMap
from glasstomo.benchmarks.conformance.mutants.operators import OPERATOR_MUTANTS
from glasstomo.benchmarks.conformance.mutants.projectors import PROJECTOR_MUTANTS
from glasstomo.benchmarks.conformance.own_operators import OWN_OPERATORS
from glasstomo.benchmarks.conformance.own_projectors import OWN_PROJECTORS
from glasstomo.benchmarks.conformance.projector_family import ProjectorFamily
from glasstomo.benchmarks.conformance.smooth_ball import SmoothBall
from hypothesis import given, settings
from hypothesis import strategies as st

OWN_EXAMPLES, MUTANT_EXAMPLES = 8, 25
ALL_LAWS = [*OPERATOR_LAWS.values(), *PROJECTOR_LAWS.values()]
MUTANTS = [*OPERATOR_MUTANTS.values(), *PROJECTOR_MUTANTS.values()]


def laws_of(subject):
    return OPERATOR_LAWS if subject.kind == "operator" else PROJECTOR_LAWS


def examples(law, number):
    return max(round(number / law.cost), 4)


@pytest.fixture(scope="module")
def seen():
    """Names of the laws that were put to a component that has to keep them."""
    return set()


@pytest.mark.parametrize("name", [*OWN_OPERATORS, *OWN_PROJECTORS])
def test_own_components_keep_every_law(name, seen):
    make = OWN_OPERATORS[name] if name in OWN_OPERATORS else OWN_PROJECTORS[name]
    subject = make()
    assert subject.name == name
    for law in laws_of(subject).values():
        found = examine(law, subject, examples=examples(law, OWN_EXAMPLES))
        assert found.verdict != "broken", (
            f"{name} breaks {law.name}: {found.reason} in {found.counterexample}"
        )
        if found.verdict == "kept":
            seen.add((law.kind, law.name))


def test_every_law_is_put_to_one_of_our_own(seen):
    if not seen:
        pytest.skip("needs the test of our own components in the same process")
    assert seen >= {(law.kind, law.name) for law in ALL_LAWS}


SHOWN = [
    ("gradient_adjoint_with_axes_exchanged", "adjoint"),
    ("projector_drops_small_values", "homogeneity"),
    ("strip_wrapped_around", "shadow"),
    ("strip_of_sorted_tilts", "tilt_alone"),
    ("strip_about_pixel_n_over_2", "landing"),
]


@pytest.mark.parametrize(("mutant", "name"), SHOWN)
def test_what_is_found_breaks_the_law_again(mutant, name):
    """The smallest case, written down and read back, breaks the law on a mutant made anew."""
    make = {one.name: one.make for one in MUTANTS}[mutant]
    law = laws_of(make())[name]
    found = examine(law, make(), examples=MUTANT_EXAMPLES)
    assert found.verdict == "broken"
    # What is wrong is a number, not a mutant that does not run.
    assert found.worst.error > found.worst.limit
    case = decode(encode(dict(found.counterexample)))
    assert not law(make(), **case).kept
    origin = {one.name: one.of for one in MUTANTS}[mutant]
    own = (OWN_OPERATORS if origin in OWN_OPERATORS else OWN_PROJECTORS)[origin]()
    assert law(own, **case).kept


def test_every_law_catches_a_mutant():
    """A law that nothing breaks might check nothing; those of any geometry repeat laws of operators."""
    caught = {(mutant.make().kind, name) for mutant in MUTANTS for name in mutant.breaks}
    repeated = {("projector", name) for name in OPERATOR_LAWS}
    missing = {(law.kind, law.name) for law in ALL_LAWS} - caught - repeated
    assert not missing


@pytest.mark.parametrize("law", ALL_LAWS, ids=lambda law: f"{law.kind}-{law.name}")
def test_laws_say_what_they_check(law):
    assert law.sentence.endswith(".")
    assert law.formula
    # A tolerance names its reason.
    assert ":" in law.tolerance or "that of" in law.tolerance or "accuracy" in law.tolerance


@pytest.mark.parametrize("exponent", range(-6, 7, 3))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_laws_of_operators_know_no_unit(exponent, dtype):
    """A dense matrix of any scale keeps the laws in its own precision, with weights of any scale too."""
    rng = np.random.default_rng(5)
    entries = (10.0**exponent * rng.standard_normal((6, 8))).astype(dtype)
    weights = 10.0 ** rng.uniform(-1, 1, 8), 10.0 ** rng.uniform(-1, 1, (3, 2))
    op = LinearMap(
        name="dense",
        domain=(8,),
        range=(3, 2),
        forward=lambda x: (entries @ x).reshape(3, 2),
        adjoint=lambda y: ((weights[1] * y).reshape(-1) @ entries / weights[0]).astype(dtype),
        dtype=dtype,
        domain_weight=weights[0],
        range_weight=weights[1],
    )
    op = replace(op, norm_bound=float(np.linalg.svd(matrix(op), compute_uv=False)[0]))
    op = replace(op, claims=frozenset({"norm"}))
    for law in OPERATOR_LAWS.values():
        found = examine(law, op, examples=10)
        assert found.verdict != "broken", f"{law.name}: {found.reason}"
    plain = replace(op, domain_weight=1.0, range_weight=1.0)
    assert examine(OPERATOR_LAWS["adjoint"], plain, examples=10).verdict == "broken"


def test_linearity_allows_for_rounding_of_what_cancels():
    """The image of a nearly constant volume is small: its rounding is that of the volume."""
    op = OWN_OPERATORS["hessian"]()
    level = tuple((i, 33.3 + 1e-6 * i) for i in range(int(np.prod(op.domain))))
    x = DrawnArray(op.domain, level)
    assert OPERATOR_LAWS["linearity"](op, x=x, other=x, scale=-0.3).kept


def test_a_single_wrong_entry_of_the_matrix_is_found():
    entries = np.eye(5, dtype=np.float32)
    wrong = entries.copy()
    wrong[3, 1] = 1e-3
    op = LinearMap(
        name="one wrong", domain=(5,), range=(5,), forward=lambda x: entries @ x, adjoint=lambda y: wrong @ y
    )
    assert examine(OPERATOR_LAWS["adjoint"], op, examples=50).verdict == "broken"


def test_transposed_exchanges_all_that_belongs_to_either_side():
    op = OWN_OPERATORS["odl_gradient"]()
    back = transposed(op)
    assert (back.domain, back.range) == (op.range, op.domain)
    np.testing.assert_allclose(matrix(back), matrix(op).T, atol=1e-6)
    with pytest.raises(ValueError, match="has no adjoint"):
        transposed(replace(op, adjoint=None))


def test_matrix_carries_the_weights():
    op = LinearMap(
        name="weighted",
        domain=(2,),
        range=(1,),
        forward=lambda x: x.sum(keepdims=True),
        domain_weight=np.array([4.0, 1.0]),
        range_weight=9.0,
    )
    np.testing.assert_allclose(matrix(op), [[1.5, 3.0]])
    assert gain(op, np.array([0.0, 1.0])) >= 3.0


def test_rounding_grows_with_the_terms_and_the_precision():
    small = LinearMap(name="small", domain=(1,), range=(1,), forward=lambda x: x)
    large = LinearMap(name="large", domain=(10000,), range=(1,), forward=lambda x: x)
    assert rounding(large, 1.0) > 5 * rounding(small, 1.0)
    assert rounding(replace(small, precision="float16"), 1.0) > 1000 * rounding(small, 1.0)


def test_the_ball_has_the_line_integrals_of_its_formula():
    """Integrals by fine sums agree with the closed form, and means over voxels with its mass."""
    ball = SmoothBall(3.0, (0.4, -0.7))
    t = (np.arange(4000) + 0.5) / 4000 * 6 - 3
    for distance in (0.0, 1.2, 2.9):
        inside = np.maximum(1 - (distance**2 + t**2) / 9, 0) ** 2
        assert ball.line_integral(np.array([distance]))[0] == pytest.approx(inside.sum() * 6 / 4000, rel=1e-5)
    geometry = BeamGeometry((9, 10, 2), (0.0, 30.0, 90.0), 1.0)
    volume = ball.volume(geometry)
    assert volume[:, :, 0].sum() == pytest.approx(ball.mass, rel=1e-3)
    np.testing.assert_array_equal(volume[:, :, 0], volume[:, :, 1])
    series = ball.series(geometry)
    np.testing.assert_allclose(series.sum(axis=1), ball.mass, rtol=1e-3)
    # At 0° a point at y lands at y, at 90° at z.
    bins = np.arange(10) - 4.5
    centres = series[:, :, 0] @ bins / series[:, :, 0].sum(axis=1)
    assert centres == pytest.approx([-0.7, ball.landing(30.0), 0.4], abs=1e-3)


def declining(rule, claims=frozenset()):
    return ProjectorFamily(name="fussy", make=OWN_PROJECTORS["strip"]().make, declines=rule, claims=claims)


RULES = {
    "square": lambda g: None if g.shape[0] == g.shape[1] else "square slices only",
    "as many bins as voxels": lambda g: (
        None if g.bins in (None, g.shape[1]) else "as many bins as voxels only"
    ),
    "rising tilts": lambda g: (
        None if list(g.angles_deg) == sorted(set(g.angles_deg)) else "rising tilts only"
    ),
    "half a turn": lambda g: None if all(0 <= a < 180 for a in g.angles_deg) else "0 to 180 degrees only",
    "odd": lambda g: None if g.shape[1] % 2 else "odd widths only",
    "even": lambda g: "even widths only" if g.shape[1] % 2 else None,
    "one tilt": lambda g: None if len(g.angles_deg) == 1 else "one tilt only",
    "at least four": lambda g: None if min(g.shape[:2]) >= 4 else "at least four voxels",
}


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=15)
@given(data=st.data())
def test_geometries_are_those_that_a_projector_takes(rule, data):
    family = declining(RULES[rule])
    assert RULES[rule](data.draw(geometries(family))) is None


@pytest.mark.parametrize("rule", RULES)
def test_fussy_projectors_keep_the_laws_that_are_left(rule):
    family = declining(RULES[rule], OWN_PROJECTORS["strip"]().claims - {"any_layout"})
    for name in ("adjoint", "mass", "half_turn", "mirror_in_y", "quarter_turn", "field_of_view", "chords"):
        found = examine(PROJECTOR_LAWS[name], family, examples=4)
        assert found.verdict != "broken", f"{name}: {found.reason}"
        if found.verdict != "kept":
            assert "declines" in found.reason
    assert examine(PROJECTOR_LAWS["adjoint"], family, examples=4).verdict == "kept"


def test_a_projector_that_declines_all_is_excused():
    family = declining(lambda g: "never")
    for law in PROJECTOR_LAWS.values():
        found = examine(law, family, examples=3)
        assert found.verdict == "does not apply", law.name
    assert fitted(family, BeamGeometry((2, 2, 1), (0.0,))) is None


def test_rays_are_not_asked_about_faces_of_voxels():
    """Without mass kept to rounding, edges and bins are all even or all odd."""

    @settings(max_examples=50)
    @given(geometries(declining(lambda g: None)))
    def check(geometry):
        nz, ny, _ = geometry.shape
        assert (nz - ny) % 2 == 0
        assert (geometry.series_shape[1] - ny) % 2 == 0

    check()


def test_a_projector_of_other_shapes_than_asked_for_is_refused():
    family = ProjectorFamily(name="turned", make=lambda g: OWN_OPERATORS["projector"]())
    with pytest.raises(ValueError, match="must return an operator from"):
        built(family, BeamGeometry((2, 3, 1), (0.0,)))


def test_folded_arrays_keep_what_fits():
    drawn = DrawnArray((7, 7, 3), ((146, 2.0),), seed=3, floor=0.0)
    assert folded(drawn, (2, 2, 1)).array().shape == (2, 2, 1)
    assert folded(drawn, (7, 7, 3)) == drawn


FLAT = {
    "line": ((9,), lambda x: np.diff(x, append=x[-1:])[None]),
    "image": ((6, 7), lambda x: np.stack([np.diff(x, axis=a, append=np.take(x, [-1], a)) for a in (0, 1)])),
}


@pytest.mark.parametrize("name", FLAT)
def test_laws_of_differences_know_images_and_lines(name):
    shape, forward = FLAT[name]
    claims = frozenset({"gradient", "zero_on_constants", "grid_symmetric", "shift_invariant"})
    op = LinearMap(name=name, domain=shape, range=(len(shape), *shape), forward=forward, claims=claims)
    for law in OPERATOR_LAWS.values():
        found = examine(law, op, examples=15)
        assert found.verdict != "broken", f"{law.name}: {found.reason}"
    mask = np.linspace(1, 2, shape[-1], dtype=np.float32)
    uneven = replace(op, forward=lambda x: mask * forward(x))
    for broken in ("gradient_of_planes", "shift_invariance", "grid_symmetry"):
        assert examine(OPERATOR_LAWS[broken], uneven, examples=15).verdict == "broken", broken


def test_one_slice_is_enough_for_projectors_of_images():
    family = declining(lambda g: None if g.shape[2] == 1 else "images only")
    assert examine(PROJECTOR_LAWS["half_turn"], family, examples=4).verdict == "kept"


def test_counterexamples_are_small():
    """An error of the tilt's sign is shown on few voxels and one tilt, with simple numbers."""
    found = examine(PROJECTOR_LAWS["pixel_shift"], PROJECTOR_MUTANTS["strip_with_axes_exchanged"].make())
    geometry = found.counterexample["geometry"]
    assert np.prod(geometry.shape) <= 4
    assert len(geometry.angles_deg) == 1
