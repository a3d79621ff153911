"""Mixing rules against the diffusion equation and the published composition."""

import json

import numpy as np
import pytest
from glasstomo.phantoms import (
    Embedded,
    FluxMelted,
    Interdiffused,
    Particle,
    Phase,
    Pure,
    RoughShard,
    Segregated,
    Sheet,
    Sphere,
    Whole,
)

CO = Phase(name="co_rich", formula_units={"ZIF-4-Co": 1.0}, metal_density_nm3=5.0)
ZN = Phase(name="zn_rich", formula_units={"ZIF-62": 1.0}, metal_density_nm3=6.0)


def test_interface_width_is_10_to_90_per_cent():
    rule = Segregated(first=CO, second=ZN, width_nm=8.0)
    distance = np.linspace(-20, 20, 40001)
    share = rule.first_share(distance)
    ends = np.interp([0.1, 0.9], share[::-1], distance[::-1])
    assert ends[0] - ends[1] == pytest.approx(8.0, abs=1e-3)


def test_a_sharp_interface_is_the_limit_of_a_thin_one():
    distance = np.array([-1.0, -1e-3, 1e-3, 1.0])
    thin = Segregated(first=CO, second=ZN, width_nm=1e-6).formula_units(distance)
    sharp = Segregated(first=CO, second=ZN).formula_units(distance)
    np.testing.assert_allclose(thin, sharp, atol=1e-12)


@pytest.mark.parametrize("side", ["interdiffused", "co_rich", "zn_rich"])
def test_profiles_solve_the_diffusion_equation(side):
    # With tau = D t = (length/2)^2: dc/dtau = d2c/dx2, by central differences of second order.
    def profile(tau, x):
        length = 2 * np.sqrt(tau)
        if side == "interdiffused":
            return Interdiffused(first=CO, second=ZN, diffusion_length_nm=length).first_share(x)
        return FluxMelted(co_rich_length_nm=length, zn_rich_length_nm=length).zinc_fraction(x)

    sign = -1.0 if side == "co_rich" else 1.0
    x, tau, dx, dtau = sign * np.linspace(5, 80, 60), 400.0, 0.1, 0.5
    in_time = (profile(tau + dtau, x) - profile(tau - dtau, x)) / (2 * dtau)
    in_space = (profile(tau, x + dx) - 2 * profile(tau, x) + profile(tau, x - dx)) / dx**2
    assert np.abs(in_space).max() > 1e-4
    np.testing.assert_allclose(in_time, in_space, atol=2e-9)


def test_interdiffusion_keeps_the_amount_of_each_phase():
    distance = np.linspace(-300, 300, 60001)
    before = Segregated(first=CO, second=ZN).formula_units(distance).sum(axis=1)
    after = Interdiffused(first=CO, second=ZN, diffusion_length_nm=50.0).formula_units(distance).sum(axis=1)
    # One sample of 60 000 sits on the interface.
    np.testing.assert_allclose(after, before, rtol=1e-4)


def test_labels_mark_where_one_phase_holds_99_per_cent():
    rule = Interdiffused(first=CO, second=ZN, diffusion_length_nm=30.0)
    distance = np.linspace(-100, 100, 2001)
    share, label = rule.first_share(distance), rule.labels(distance)
    np.testing.assert_array_equal(label == 1, share > 0.99)
    np.testing.assert_array_equal(label == 2, share < 0.01)


def test_flux_melted_defaults_are_the_published_composition(shared):
    facts = json.loads((shared / "facts" / "expectations.json").read_text())["Collins 2019"]["flux_melted"]
    rule = FluxMelted()
    ends = rule.zinc_fraction([-1e6, -1e-9, 0.0, 1e6])
    np.testing.assert_allclose(ends[:2], facts["co_rich_zn_fraction"])
    np.testing.assert_allclose(ends[2:], [facts["zn_rich_from"], 1.0])
    metal = rule.formula_units([-1.0, 1.0]).sum(axis=0)
    np.testing.assert_allclose(metal, [facts["co_rich_density_nm3"], facts["zn_rich_density_nm3"]])
    assert rule.zinc_fraction(rule.remnant_beyond_nm) == pytest.approx(0.99)


def test_flux_melted_carries_its_metals_by_their_linkers():
    particle = Particle(body=Sphere(radius_nm=100.0), domain=Sheet(), mixing=FluxMelted())
    density = dict(zip(particle.elements, particle.densities(-1e-9, 0.0, 0.0), strict=True))
    # Half of 6 metals: 3 Co(mIm)2 and 3 Zn(Im)1.75(bIm)0.25; four N per metal.
    assert (density["Co"], density["Zn"], density["N"]) == pytest.approx((3.0, 3.0, 24.0))
    assert density["C"] == pytest.approx(3 * 8 + 3 * (1.75 * 3 + 0.25 * 7))


@pytest.mark.parametrize(
    ("mixing", "state"),
    [
        (Segregated(first=CO, second=ZN, width_nm=5.0), "segregated"),
        (Interdiffused(first=CO, second=ZN, diffusion_length_nm=5.0), "interdiffused"),
        (FluxMelted(), "interdiffused"),
    ],
)
def test_mixing_states(mixing, state):
    assert Particle(body=Sphere(radius_nm=9.0), domain=Sheet(), mixing=mixing).mixing_state == state
    assert Particle(body=Sphere(radius_nm=9.0), mixing=Pure(phase=CO)).mixing_state == "pure"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Segregated(first=CO, second=CO), "need different names, both are 'co_rich'"),
        (lambda: Interdiffused(first=CO, second=ZN, diffusion_length_nm=0.0), "greater than 0"),
        (lambda: FluxMelted(zn_rich_from=0.4), "zinc fractions must rise"),
        (lambda: FluxMelted(remnant_above=1.0), "zinc fractions must rise"),
        (lambda: FluxMelted(co_material="ZIF-62"), "co_material must be a material of Co, got 'ZIF-62'"),
        (
            lambda: Particle(body=Sphere(radius_nm=9.0), domain=Whole(), mixing=FluxMelted()),
            "'flux_melted' needs a domain with an interface",
        ),
        (
            lambda: Particle(body=Sphere(radius_nm=9.0), domain=Sheet(), mixing=Pure(phase=CO)),
            "drop the domain 'sheet'",
        ),
        (
            lambda: Particle(
                body=Sphere(radius_nm=90.0),
                domain=Embedded(body=RoughShard(radius_nm=30.0)),
                mixing=Interdiffused(first=CO, second=ZN, diffusion_length_nm=5.0),
            ),
            "a rough embedded shard only bounds; set its roughness_nm=0",
        ),
        (lambda: Particle(body={"kind": "blob"}, mixing=Pure(phase=CO)), "body: .*'rough_shard'"),
        (
            lambda: Particle(body={"kind": "ellipsoid", "semi_axes_nm": (1, 2, -3)}, mixing=Pure(phase=CO)),
            "semi_axes_nm.2: .*greater than 0",
        ),
    ],
)
def test_wrong_combinations_are_refused_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as raised:
        make()
    assert "\n" not in str(raised.value)
