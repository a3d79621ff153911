"""Mixing state and miscibility limit over random geometries, blur and noise."""

import numpy as np
import pytest
from glasstomo.metrics import miscibility_limit, mixing_state
from scipy.ndimage import gaussian_filter
from scipy.special import erf


def particle(kind, rng, *, size=48, sigma=1.0, noise=0.08, width=0.0):
    """Zinc and cobalt of a rough ellipsoid with an inclined, curved interface; lengths in voxels."""
    fine = 2
    axis = (np.arange(size * fine) - (size * fine - 1) / 2) / fine
    z, y, x = axis[:, None, None], axis[:, None], axis
    semi = size * rng.uniform(0.33, 0.4, 3)
    r = np.sqrt((z / semi[0]) ** 2 + (y / semi[1]) ** 2 + (x / semi[2]) ** 2)
    rough = 0.04 * np.sin(0.25 * z + rng.uniform(0, 6)) * np.sin(0.25 * y + 0.2 * x + rng.uniform(0, 6))
    body = np.clip(0.5 + (1 - r + rough) * semi.mean() * fine, 0, 1)
    normal = rng.normal(size=3)
    normal /= np.linalg.norm(normal)
    radius = size * rng.uniform(0.9, 1.6)
    middle = np.array(rng.uniform(-2, 2)) * normal + radius * normal
    d = radius - np.sqrt(sum((a - c) ** 2 for a, c in zip((z, y, x), middle, strict=True)))
    if kind == "segregated":
        fraction = 0.5 * (1 + erf(d / max(width, 1e-6)))
        density = 5.0 + fraction
    else:
        fraction = np.where(
            d > 0, 0.55 + 0.45 * erf(np.abs(d) / (0.14 * size)), 0.5 - 0.2 * erf(np.abs(d) / (0.12 * size))
        )
        density = np.where(d > 0, 4.0, 6.0)
    zn, co = body * density * fraction, body * density * (1 - fraction)
    out = []
    for metal in (zn, co):
        coarse = metal.reshape(size, fine, size, fine, size, fine).mean(axis=(1, 3, 5))
        grain = gaussian_filter(rng.standard_normal(coarse.shape), 0.8)
        inside = gaussian_filter(coarse + 1e-9, 2.0) > 0.2
        out.append(np.maximum(gaussian_filter(coarse, sigma) + noise * 3.5 * grain / grain.std() * inside, 0))
    return out[0], out[1]


@pytest.mark.parametrize("sigma", [0.8, 1.5])
@pytest.mark.parametrize("noise", [0.05, 0.15])
def test_state_is_right_for_random_particles(sigma, noise):
    for seed in range(6):
        for kind, state in (("segregated", "segregated"), ("flux_melted", "interdiffused")):
            rng = np.random.default_rng(seed)
            found = mixing_state(*particle(kind, rng, sigma=sigma, noise=noise))
            assert found.state == state
            assert found.confidence > 0.85


def test_interface_of_a_few_nanometres_is_still_segregated(rng):
    assert mixing_state(*particle("segregated", rng, width=1.5)).state == "segregated"


def test_end_members_alone_are_pure(rng):
    zn, co = particle("segregated", rng)
    assert mixing_state(zn + co, 1e-3 * co).state == "pure"
    assert mixing_state(1e-3 * zn, zn + co).state == "pure"


def test_homogeneous_mixture_is_interdiffused_with_certainty(rng):
    zn, co = particle("segregated", rng)
    found = mixing_state(0.4 * (zn + co), 0.6 * (zn + co))
    assert found.state == "interdiffused"
    assert found.confidence > 0.99


def test_state_does_not_depend_on_names_axes_or_units(rng):
    zn, co = particle("flux_melted", rng)
    one = mixing_state(zn, co)
    turned = mixing_state(3 * np.flip(co, 1).transpose(2, 0, 1), 3 * np.flip(zn, 1).transpose(2, 0, 1))
    assert turned.state == one.state
    assert turned.thick_share == pytest.approx(one.thick_share, abs=0.01)


def test_noise_where_a_particle_is_said_to_be_decides_nothing(rng):
    zn, co = np.maximum(rng.normal(0, 1, (2, 32, 32, 32)), 0)
    axis = np.arange(32) - 15.5
    ball = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 < 100
    found = mixing_state(zn, co, interior=ball)
    assert (found.state, found.confidence) == ("undecided", 0.5)
    assert "no particle stands out" in found.reason
    assert found.likeliest


def test_a_resolution_lost_to_blur_is_no_verdict(rng):
    zn, co = particle("segregated", rng, size=32)
    mask = zn + co > 2.5
    sharp = mixing_state(zn, co, interior=mask)
    lost = mixing_state(*(gaussian_filter(metal, 5.0) for metal in (zn, co)), interior=mask)
    assert sharp.state == "segregated"
    assert not sharp.reason
    assert lost.state == "undecided" or lost.confidence < sharp.confidence
    assert lost.evidence.coarseness > 2 * sharp.evidence.coarseness


def test_confidence_asked_for_moves_the_line_between_verdict_and_none(rng):
    zn, co = particle("flux_melted", rng, size=32)
    bold, careful = (mixing_state(zn, co, least_confidence=c) for c in (0.5, 1.0))
    assert bold.state == bold.likeliest == careful.likeliest
    assert careful.state == "undecided"
    assert f"{careful.confidence:.2f}" in careful.reason
    assert bold.confidence == careful.confidence
    for name, value in (("pure", 0.5), ("decisive_share", 0.0), ("least_confidence", 0.2)):
        with pytest.raises(ValueError, match=f"`{name}`"):
            mixing_state(zn, co, **{name: value})


# 4.5 % of the error is what 48³ voxels leave: one voxel is a seventh of the diffusion length.
def test_limit_is_found_through_blur_and_noise():
    found = [
        miscibility_limit(
            *particle("flux_melted", np.random.default_rng(s)), rng=np.random.default_rng(s), replicates=30
        )
        for s in range(6)
    ]
    limits = np.array([f.limit for f in found])
    assert np.abs(limits - 0.55).max() < 0.05
    assert abs(limits.mean() - 0.55) < 0.02
    errors = np.array([f.standard_error for f in found])
    assert ((errors > 0.002) & (errors < 0.06)).all()
    assert np.mean(np.abs(limits - 0.55) < 3 * errors) >= 5 / 6
    assert np.mean([f.other_limit for f in found]) == pytest.approx(0.5, abs=0.03)


def test_limit_of_the_blurred_truth():
    limits = [
        miscibility_limit(
            *particle("flux_melted", np.random.default_rng(s), noise=0.0),
            rng=np.random.default_rng(0),
            replicates=5,
        ).limit
        for s in range(4)
    ]
    np.testing.assert_allclose(limits, 0.55, atol=0.02)


def test_particles_without_a_limit_say_why(rng):
    zn, co = particle("segregated", rng)
    found = miscibility_limit(zn, co, rng=rng)
    assert np.isnan(found.limit)
    assert "segregated" in found.reason
    uniform = miscibility_limit(0.4 * (zn + co), 0.6 * (zn + co), rng=rng, replicates=5)
    assert np.isnan(uniform.limit) or uniform.standard_error >= 0
    even = np.where(zn + co > 2.5, 5.0, 0.0)
    assert "one phase" in miscibility_limit(0.4 * even, 0.6 * even, rng=rng, replicates=5).reason


def test_limit_is_reproducible_and_ignores_flips():
    zn, co = particle("flux_melted", np.random.default_rng(1))
    one, again = (miscibility_limit(zn, co, rng=np.random.default_rng(4), replicates=10) for _ in range(2))
    assert (one.limit, one.standard_error) == (again.limit, again.standard_error)
    flipped = miscibility_limit(
        zn[::-1, :, ::-1], co[::-1, :, ::-1], rng=np.random.default_rng(4), replicates=2
    )
    assert flipped.limit == pytest.approx(one.limit, abs=0.01)


def test_mismatched_shapes_are_refused(rng):
    with pytest.raises(ValueError, match="shapes must agree"):
        mixing_state(np.ones((4, 4, 4)), np.ones((4, 4, 5)))
