"""Designs: what they derive, what they refuse, and the key that names a result."""

import math

import numpy as np
import pytest
from glasstomo.benchmarks.design.design import Design
from glasstomo.benchmarks.design.sections import Confidence, Inversion, Specimen, Tilts, Wanted
from glasstomo.forward import electrons_per_pixel
from glasstomo.phantoms import Particle, Phase, Pure, Segregated, Sheet, Sphere
from hypothesis import given
from hypothesis import strategies as st

CHARGE_C = 1.602176634e-19


@given(
    current_na=st.floats(0.01, 10),
    pixel_nm=st.floats(0.5, 20),
    dwell_s=st.floats(1e-4, 10),
    size=st.sampled_from([16, 32, 64, 96]),
    count=st.integers(1, 40),
)
def test_the_size_of_a_simulation_is_no_dose(current_na, pixel_nm, dwell_s, size, count):
    design = Design(
        specimen={"size": size},
        tilts={"count": count, **({"start_deg": 0.0, "stop_deg": 0.0} if count == 1 else {})},
        beam={"current_na": current_na, "pixel_nm": pixel_nm, "dwell_s": dwell_s},
    )
    by_hand = current_na * 1e-9 * dwell_s / CHARGE_C / pixel_nm**2
    assert math.isclose(design.fluence_e_nm2, by_hand, rel_tol=1e-12)
    assert math.isclose(design.total_fluence_e_nm2, count * by_hand, rel_tol=1e-12)
    # What is simulated has the same fluence on its own pixels.
    simulated = design.acquisition.fluence_e_nm2(design.specimen.spacing_nm)
    np.testing.assert_allclose(simulated, by_hand, rtol=1e-12)
    # A budget of as many electrons is the same design but for its words.
    budget = design.with_fields(
        {"beam.dwell_s": None, "beam.total_fluence_e_nm2": design.total_fluence_e_nm2}
    )
    assert math.isclose(budget.dwell_s, dwell_s, rel_tol=1e-12)


def test_default_beam_is_that_of_the_published_chain():
    design = Design()
    assert math.isclose(
        design.fluence_e_nm2 * 25.0, electrons_per_pixel(beam_current_na=1.0, dwell_s=0.2), rel_tol=1e-12
    )
    # 15 scans of 96 x 96 pixels of 0.2 s, and half a minute each for moving.
    assert math.isclose(design.minutes, 15 * (96**2 * 0.2 + 30) / 60)


@given(
    path_value=st.sampled_from(
        [
            ("tilts.count", 31),
            ("beam.total_fluence_e_nm2", 1e7),
            ("specimen.particle", "flux_melted"),
            ("specimen.options.width_nm", 12.0),
            ("specimen.size", 48),
            ("instrument.holder", "wall"),
            ("imperfections.errors.tilt_sigma_deg", 0.3),
            ("imperfections.absorption", True),
            ("reconstruction.method", "tv"),
            ("reconstruction.lam", 0.01),
            ("calibration.cross_sections", "measured"),
        ]
    )
)
def test_the_key_names_what_moves_a_result(path_value):
    design = Design()
    changed = design.with_field(*path_value)
    assert changed.key != design.key
    assert design.with_field(*path_value).key == changed.key
    assert Design.model_validate_json(changed.model_dump_json()) == changed
    assert Design.model_validate_json(changed.model_dump_json()).key == changed.key
    worded = changed.replace(
        title="other", wanted=Wanted(density_2sigma=2.0), confidence=Confidence(level=0.9)
    )
    assert worded.key == changed.key


def test_a_key_stays_the_same_from_release_to_release():
    # Rows of earlier runs are found again by it: a change must be meant.
    assert Design().key == Design(**{}).key
    assert len(Design().key) == 16
    assert Design(wanted=Wanted(cross_section_bias=0.02)).key != Design().key, "it measures standards too"


def test_a_field_goes_back_to_its_default():
    design = Design(tilts={"count": 31})
    assert design.with_field("tilts.count", None) == Design(tilts={})
    assert design.with_field("tilts.count", None).key == Design().key


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("tilts.cuont", 3, "did you mean 'count'"),
        ("tilt.count", 3, "did you mean 'tilts'"),
        ("tilts.count", 0, "tilts.count"),
        ("imperfections.errors.tilt_sgma_deg", 1.0, "did you mean 'tilt_sigma_deg'"),
        ("specimen.options.wdth_nm", 1.0, "width_nm"),
        ("instrument.holder", "wal", "did you mean 'wall'"),
        ("reconstruction.lam", "discrepncy", "discrepancy"),
        ("reconstruction.lam", True, "fraction of lambda_max"),
        ("beam.total_fluence_e_nm2", float("nan"), "finite"),
    ],
)
def test_changes_that_make_no_design_name_field_and_cure(path, value, said):
    with pytest.raises(ValueError, match=said) as caught:
        Design().with_field(path, value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"beam": {"dwell_s": 0.1, "total_fluence_e_nm2": 1e8}}, "not both"),
        ({"tilts": {"angles_deg": [0, 10], "count": 2}}, "drop count"),
        ({"tilts": {"start_deg": 10, "stop_deg": -10}}, "tilts"),
        ({"tilts": {"scheme": "golden_ratio", "order": "from_zero"}}, "order"),
        ({"wanted": {}}, "at least one"),
        ({"confidence": {"min_replicates": 10, "max_replicates": 5}}, "at least the 10"),
        ({"specimen": {"particle": None}}, "analytic"),
        ({"specimen": {"size": 16}, "calibration": {"cross_sections": "measured"}}, "at least 32"),
        ({"specimen": {"options": {"film": 1.5}}}, "options.film"),
        ({"specimen": {"options": {"body": 3}}}, "options.body"),
        ({"specimen": {"options": {"body": "ball"}}}, "'any', 'shard' or 'crystal'"),
        ({"specimen": {"options": {"film": 1}}}, "options.film"),
        ({"specimen": {"options": {"width_nm": -3.0}}}, "options.width_nm"),
        ({"specimen": {"particle": "textured", "options": {"share": 0.99}}}, "options.share"),
    ],
)
def test_tables_that_contradict_themselves_are_refused(values, said):
    with pytest.raises(ValueError, match=said) as caught:
        Design(**values)
    assert "\n" not in str(caught.value)


def test_an_exact_particle_instead_of_a_drawn_one():
    phase = Phase(name="standard", formula_units={"ZIF-4-Co": 1.0})
    particle = Particle(body=Sphere(radius_nm=100.0), mixing=Pure(phase=phase))
    specimen = Specimen(analytic=particle, size=16)
    one, two = (specimen.draw(np.random.default_rng(seed)) for seed in (1, 2))
    np.testing.assert_array_equal(one.densities, two.densities)
    assert one.grid.shape == (32, 32, 32)
    with pytest.raises(ValueError, match="analytic"):
        Specimen(particle="segregated", analytic=particle)
    with pytest.raises(ValueError, match="drop width_nm"):
        Specimen(analytic=particle, options={"width_nm": 3.0})


def test_a_field_of_an_exact_particle_changes_and_the_rest_of_it_stays():
    mixing = Segregated(
        first=Phase(name="a", formula_units={"ZIF-4-Co": 1.0}),
        second=Phase(name="b", formula_units={"ZIF-62": 1.0}),
    )
    particle = Particle(body=Sphere(radius_nm=100.0), mixing=mixing, domain=Sheet())
    design = Design(specimen={"analytic": particle, "size": 16})
    wider = design.with_field("specimen.analytic.mixing.width_nm", 12.0)
    assert wider.specimen.analytic.mixing == mixing.replace(width_nm=12.0)
    assert wider.specimen.analytic.body == particle.body
    assert wider.with_field("specimen.analytic.mixing.width_nm", 0.0).key == design.key


def test_a_wish_more_keeps_the_others():
    design = Design().with_field("wanted.interface_width_bias_nm", 3.0)
    assert design.wanted.given == {**Design().wanted.given, "interface_width_bias_nm": 3.0}
    assert Design().with_field("wanted.mixing_state", None).wanted.mixing_state is None


def test_schemes_are_those_of_the_forward_package():
    assert Tilts(scheme="saxton", count=9).tilt_scheme.angles_deg[0] == -70.0
    assert Tilts(angles_deg=(-10.0, 0.0, 20.0), order="from_zero").tilt_scheme.acquired_deg == (
        0.0,
        20.0,
        -10.0,
    )
    assert Tilts(scheme="golden_ratio", count=7).tilt_scheme.count == 7


def test_lambda_is_a_rule_or_a_fraction():
    assert Inversion(lam=1).lam == 1.0
    assert Inversion(lam="oracle").lam == "oracle"
    for bad in (0, -0.1, 1.5, "best", None):
        with pytest.raises(ValueError, match="lam"):
            Inversion(lam=bad)
