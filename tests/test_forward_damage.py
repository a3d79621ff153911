"""Damage and contamination: first-order laws, and how they add up over a series."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import beam_damages, tilt_schemes
from glasstomo.forward import TiltScheme
from glasstomo.forward.acquisition_errors import AcquisitionErrors
from glasstomo.forward.beam_damage import BeamDamage, mean_done
from glasstomo.forward.contamination import Contamination
from glasstomo.forward.history import draw_history
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import simpson, solve_ivp


def test_the_law_at_its_marks():
    damage = BeamDamage(
        contraction=0.2, contraction_fluence_e_nm2=1e6, mass_loss={"N": 0.6}, mass_loss_fluence_e_nm2=5e6
    )
    np.testing.assert_allclose(damage.scale([0, 1e6, 1e12]), [1, 1 - 0.2 * (1 - np.exp(-1)), 0.8])
    np.testing.assert_allclose(damage.mass_left("N", [0, 5e6, 1e12]), [1, 1 - 0.6 * (1 - np.exp(-1)), 0.4])
    assert damage.mass_left("Zn", 1e12) == 1.0
    # A hundredth of the critical fluence does a hundredth of the damage, less half of its square.
    np.testing.assert_allclose(1 - damage.scale(1e4), 0.2 * (0.01 - 0.01**2 / 2), rtol=1e-4)


@given(beam_damages(), st.lists(st.floats(0, 1e10), min_size=2, max_size=5).map(sorted))
def test_damage_grows_with_fluence_and_keeps_within_its_limits(damage, fluence):
    scale = damage.scale(fluence)
    assert (np.diff(scale) <= 0).all()
    assert (scale <= 1).all()
    assert (scale >= 1 - damage.contraction - 1e-12).all()
    for element, lost in damage.mass_loss.items():
        left = damage.mass_left(element, fluence)
        assert (np.diff(left) <= 0).all()
        assert ((left <= 1) & (left >= 1 - lost - 1e-12)).all()


@given(beam_damages(), st.floats(0, 1e9))
def test_prior_fluence_is_fluence(damage, more):
    later = damage.replace(prior_fluence_e_nm2=damage.prior_fluence_e_nm2 + more)
    np.testing.assert_allclose(later.scale(0.0), damage.scale(more), rtol=1e-12)


@given(beam_damages())
def test_damage_survives_its_own_fields(damage):
    assert BeamDamage(**damage.model_dump(mode="json")) == damage
    assert eval(repr(damage)) == damage


@given(beam_damages(), tilt_schemes())
def test_what_is_taken_later_is_damaged_more(damage, scheme):
    history = draw_history(scheme, fluence_e_nm2=1e6, rows=4, damage=damage)
    order = list(scheme.acquisition_order)
    assert (np.diff(history.contraction[order]) <= 0).all()
    for element in damage.mass_loss:
        assert (np.diff(history.left(element)[order]) <= 0).all()
    before = np.arange(scheme.count) * 1e6
    np.testing.assert_allclose(history.contraction[order], damage.scale(before, 1e6), rtol=1e-12)


# From exposures without end to those below the switch to a series.
exposures = st.floats(-5, 3).map(lambda power: 10**power)


@given(st.floats(0, 20), exposures)
def test_a_tilt_records_the_mean_over_its_exposure(before, during):
    fluence = np.linspace(before, before + during, 2001)
    mean = float(simpson(-np.expm1(-fluence), x=fluence) / during)
    # Simpson's rule errs by (step)^4 / 180 where steps are coarse, and by rounding where they are fine.
    tolerance = (during / 2000) ** 4 / 180 + 1e-15 * (1 + before) / during
    assert mean_done(np.array(before), np.array(during)) == pytest.approx(mean, abs=tolerance, rel=1e-9)


def test_a_short_exposure_is_a_moment():
    np.testing.assert_allclose(
        mean_done(np.array([0.5, 0.5, 0.0]), np.array([0.0, 1e-9, 1e-9])),
        [1 - np.exp(-0.5), 1 - np.exp(-0.5 - 0.5e-9), 0.5e-9],
        rtol=1e-9,
    )


@given(st.floats(0, 20), exposures, st.floats(0, 5), st.floats(0, 5))
def test_contamination_of_a_tilt_is_the_mean_over_its_exposure(before, during, adsorbed, growth):
    layer = Contamination(adsorbed_nm=adsorbed, growth_nm=growth, critical_fluence_e_nm2=1.0)
    fluence = np.linspace(before, before + during, 2001)
    mean = float(simpson(layer.thickness_nm(fluence), x=fluence) / during)
    tolerance = 5 * (during / 2000) ** 4 / 180 + 1e-13 * (1 + before) / during
    assert layer.thickness_nm(before, during) == pytest.approx(mean, abs=tolerance, rel=1e-9)


def test_a_current_that_drifts_damages_more():
    damage = BeamDamage(contraction=0.1, contraction_fluence_e_nm2=1e7)
    scheme = TiltScheme.uniform(-60, 60, 5)
    nominal, drifting = (
        draw_history(scheme, fluence_e_nm2=1e6, rows=4, damage=damage, errors=errors)
        for errors in (None, AcquisitionErrors(current_drift=0.5))
    )
    assert drifting.contraction[0] == nominal.contraction[0]
    assert (drifting.contraction[1:] < nominal.contraction[1:]).all()


@given(st.floats(0, 20), st.floats(0, 20), st.floats(1e3, 1e8))
def test_contamination_solves_its_rate_equations(adsorbed, growth, critical):
    layer = Contamination(adsorbed_nm=adsorbed, growth_nm=growth, critical_fluence_e_nm2=critical)
    fluence = np.linspace(0, 5, 6)
    # In units of the critical fluence: molecules are fixed as they are there, and arrive steadily.
    solved = solve_ivp(
        lambda _, state: [growth - state[0], state[0]],
        (0, 5),
        [adsorbed, 0.0],
        t_eval=fluence,
        rtol=1e-9,
        atol=1e-12,
    )
    np.testing.assert_allclose(layer.thickness_nm(fluence * critical), solved.y[1], rtol=1e-6, atol=1e-8)


def test_contamination_in_its_limits():
    fluence = np.array([0.0, 1e6, 3e6])
    steady = Contamination(adsorbed_nm=2.0, growth_nm=2.0, critical_fluence_e_nm2=1e6)
    np.testing.assert_allclose(steady.thickness_nm(fluence), [0, 2, 6])
    running_out = Contamination(adsorbed_nm=2.0, critical_fluence_e_nm2=1e6)
    assert running_out.thickness_nm(1e12) == 2.0
    assert (Contamination().thickness_nm(fluence) == 0).all()
    later = running_out.replace(prior_fluence_e_nm2=1e6)
    assert later.thickness_nm(0.0) == running_out.thickness_nm(1e6)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: BeamDamage(contraction=0.1), "contraction needs its critical fluence"),
        (lambda: BeamDamage(mass_loss={"N": 0.1}), "mass_loss needs its critical fluence"),
        (lambda: BeamDamage(contraction=1.0, contraction_fluence_e_nm2=1), "contraction"),
        (lambda: BeamDamage(mass_loss={"N": 1.1}, mass_loss_fluence_e_nm2=1), r"mass_loss\.N"),
        (lambda: BeamDamage(mass_loss={"Xx": 0.1}, mass_loss_fluence_e_nm2=1), "unknown element 'Xx'"),
        (lambda: BeamDamage(contraction=0.1, contraction_fluence_e_nm2=0), "contraction_fluence_e_nm2"),
        (lambda: BeamDamage(prior_fluence_e_nm2=-1), "prior_fluence_e_nm2"),
        (lambda: Contamination(adsorbed_nm=1), "critical_fluence_e_nm2"),
        (lambda: Contamination(growth_nm=-1, critical_fluence_e_nm2=1), "growth_nm"),
    ],
)
def test_bad_damage_says_what_is_wrong(build, message):
    with pytest.raises(ValueError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)
