"""ODL functionals of data terms, norms and boxes: the laws that ODL's solvers rely on."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import seeds
from glasstomo.recon.odl_functionals import (
    BoxIndicator,
    GroupNorm,
    KullbackLeiblerFunctional,
    LeastSquaresFunctional,
)
from glasstomo.recon.odl_operators import as_array, assign, odl, series_space, volume_space
from hypothesis import given
from hypothesis import strategies as st

from .small_problems import one_thread  # noqa: F401

SHAPE = (2, 3, 4)


def least_squares(rng, background=True):
    weights = rng.uniform(0, 2, SHAPE) * (rng.random(SHAPE) < 0.8)
    r = rng.uniform(0, 2, SHAPE) if background else None
    return LeastSquaresFunctional(series_space(SHAPE), rng.normal(1, 2, SHAPE), weights, r)


def kullback_leibler(rng, background=True):
    weights = rng.uniform(0.1, 2, SHAPE) * (rng.random(SHAPE) < 0.8)
    r = rng.uniform(0, 2, SHAPE) if background else None
    return KullbackLeiblerFunctional(series_space(SHAPE), rng.poisson(2.0, SHAPE), weights, r)


FUNCTIONALS = {
    "least_squares": least_squares,
    "kullback_leibler": kullback_leibler,
    "kullback_leibler_without_background": lambda rng: kullback_leibler(rng, False),
    "group_norm": lambda rng: GroupNorm(volume_space(SHAPE) ** 3, rng.uniform(0.1, 2)),
    "joint_group_norm": lambda rng: GroupNorm(volume_space(SHAPE) ** 6, 0.7),
    "box": lambda rng: BoxIndicator(volume_space(SHAPE), -0.5, 1.0),
    "half_line": lambda rng: BoxIndicator(volume_space(SHAPE)),
    "channels_in_a_box": lambda rng: BoxIndicator(volume_space((2, *SHAPE)), 0.2, 1.5),
}
DILATED = [name for name in FUNCTIONALS if "box" not in name and name != "half_line"]
every = pytest.mark.parametrize("name", FUNCTIONALS)
sigmas = st.floats(-2, 2).map(lambda power: 10.0**power)


def element(functional, rng, scale=2.0):
    x = functional.domain.element()
    assign(x, scale * rng.normal(size=as_array(x).shape))
    return x


def product(x, y):
    return float(np.sum(as_array(x).astype(float) * as_array(y)))


def size(*elements):
    return 1.0 + sum(float(np.abs(as_array(x)).max()) for x in elements)


def proximal(functional, sigma, x):
    return functional.proximal(sigma)(x)


@every
@given(seed=seeds(), sigma=sigmas)
def test_moreau(name, seed, sigma):
    """prox_σf(x) + σ prox_f*/σ(x/σ) = x; the two are computed by different formulas."""
    rng = np.random.default_rng(seed)
    f = FUNCTIONALS[name](rng)
    x = element(f, rng)
    p, q = proximal(f, sigma, x), proximal(f.convex_conj, 1 / sigma, x / sigma)
    rounding = 1e-6 * size(x, p, sigma * q)
    np.testing.assert_allclose(as_array(p) + sigma * as_array(q), as_array(x), atol=rounding)


@every
@given(seed=seeds(), sigma=sigmas)
def test_proximal_points_meet_fenchel_and_young(name, seed, sigma):
    """f(p) + f*(q) = ⟨p, q⟩ for p = prox_σf(x), q = (x − p)/σ, and never less elsewhere."""
    rng = np.random.default_rng(seed)
    f = FUNCTIONALS[name](rng)
    x = element(f, rng)
    p, q = proximal(f, sigma, x), proximal(f.convex_conj, 1 / sigma, x / sigma)
    if name.startswith("kullback"):
        # At y = 0, and at q = k, rounding decides whether a value is finite.
        p, q = _inside(f, p, q)
    scale = 1.0 + float(np.abs(as_array(p) * as_array(q)).sum()) + abs(f(p))
    assert f(p) + f.convex_conj(q) == pytest.approx(product(p, q), abs=2e-5 * scale)
    other = proximal(f, sigma, element(f, rng))
    if name.startswith("kullback"):
        other, _ = _inside(f, other, q)
    assert f(other) + f.convex_conj(q) >= product(other, q) - 2e-5 * scale * size(other)


def _inside(f, p, q):
    r = 0.0 if f.background is None else f.background
    y = np.maximum(as_array(p) + r, 0)
    q = np.minimum(as_array(q), f.weights * np.where(f.data > 0, 1 - 1e-7, 1))
    inside = p.space.element(np.where(f.weights > 0, np.maximum(y - r, -r), as_array(p)).astype("f4"))
    return inside, p.space.element(q.astype("f4"))


@every
@given(seed=seeds(), sigma=sigmas)
def test_proximal_is_firmly_non_expansive(name, seed, sigma):
    rng = np.random.default_rng(seed)
    for f in (FUNCTIONALS[name](rng), FUNCTIONALS[name](rng).convex_conj):
        x, y = element(f, rng), element(f, rng)
        p, q = proximal(f, sigma, x), proximal(f, sigma, y)
        step = as_array(p).astype(float) - as_array(q)
        slack = 1e-5 * size(x, y, p, q) * np.abs(step).sum() + 1e-6 * size(x, y, p, q)
        assert np.sum(step**2) <= np.sum(step * (as_array(x).astype(float) - as_array(y))) + slack


@every
def test_proximal_minimises(name, rng):
    f = FUNCTIONALS[name](rng)
    x = element(f, rng)

    def loss(z):
        return f(z) + product(z - x, z - x) / (2 * 0.7)

    p = proximal(f, 0.7, x)
    best = loss(p)
    assert np.isfinite(best)
    for _ in range(30):
        assert loss(p + 10 ** rng.uniform(-3, 0) * element(f, rng)) >= best * (1 - 1e-6)


@pytest.mark.parametrize("name", DILATED)
def test_dilated_is_the_functional_of_the_scaled_argument(name, rng):
    f = FUNCTIONALS[name](rng)
    x = proximal(f, 1.0, element(f, rng))
    scaled = f.dilated(2.5)
    x.assign(x * 0.9)
    if name.startswith("kullback"):
        x, _ = _inside(f, x, x)
    assert scaled(x / 2.5) == pytest.approx(f(x), rel=1e-5)
    # f(2.5 ·)* = f*(· / 2.5)
    q = proximal(f.convex_conj, 1.0, element(f, rng)) * 0.9
    assert scaled.convex_conj(2.5 * q) == pytest.approx(f.convex_conj(q), rel=1e-5)


@pytest.mark.parametrize("name", ["least_squares", "kullback_leibler"])
def test_data_functionals_take_a_scale_or_a_step_per_pixel(name, rng):
    f = FUNCTIONALS[name](rng)
    scale = rng.uniform(0.5, 2, SHAPE)
    x = f.domain.element(rng.uniform(0.1, 2, SHAPE))
    assert f.dilated(scale)(x / f.domain.element(scale)) == pytest.approx(f(x), rel=1e-5)
    for g in (f, f.convex_conj):
        steps = f.domain.element(np.where(np.arange(4) % 2, 0.5, 3.0) * np.ones(SHAPE))
        mixed = as_array(g.proximal(steps)(x))
        for sigma in (0.5, 3.0):
            chosen = as_array(steps) == sigma
            np.testing.assert_array_equal(mixed[chosen], as_array(g.proximal(sigma)(x))[chosen])


@pytest.mark.parametrize("name", ["least_squares", "kullback_leibler"])
def test_gradient_is_the_derivative(name, rng):
    f = FUNCTIONALS[name](rng)
    x = f.domain.element(rng.uniform(0.5, 2, SHAPE))
    direction = element(f, rng, 1.0)
    ahead, behind = (f(x + step * direction) for step in (0.01, -0.01))
    assert product(f.gradient(x), direction) == pytest.approx((ahead - behind) / 0.02, rel=2e-3)
    # Lipschitz where projections of non-negative volumes lie.
    y = f.domain.element(rng.uniform(0, 4, SHAPE))
    change = (f.gradient(x) - f.gradient(y)).norm()
    assert change <= f.grad_lipschitz * (x - y).norm() * (1 + 1e-5)


def test_conjugates_are_infinite_outside_their_domain(rng):
    f = least_squares(rng)
    q = f.domain.zero()
    assert f.convex_conj(q) == 0
    at = tuple(np.argwhere(f.weights == 0)[0])
    q[at] = 1.0
    assert f.convex_conj(q) == np.inf
    assert GroupNorm(volume_space(SHAPE) ** 3, 0.5).convex_conj((volume_space(SHAPE) ** 3).one()) == np.inf
    half_line = BoxIndicator(volume_space(SHAPE))
    assert half_line.convex_conj(half_line.domain.one()) == np.inf
    assert half_line.convex_conj(-half_line.domain.one()) == 0
    for g in (f, half_line):
        assert g.convex_conj.convex_conj is g


def test_kullback_leibler_equals_that_of_odl(rng):
    """ODL's own has no weights and no background, and wants counts everywhere."""
    space = series_space(SHAPE)
    data = 1.0 + rng.poisson(5.0, SHAPE)
    ours = KullbackLeiblerFunctional(space, data, np.ones(SHAPE))
    theirs = odl.functionals.KullbackLeibler(space, prior=space.element(data))
    x = space.element(rng.uniform(1, 9, SHAPE))
    assert ours(x) == pytest.approx(theirs(x), rel=1e-5)
    for f, g in ((ours, theirs), (ours.convex_conj, theirs.convex_conj)):
        np.testing.assert_allclose(as_array(f.proximal(0.7)(x)), as_array(g.proximal(0.7)(x)), rtol=1e-4)
    q = ours.convex_conj.proximal(1.0)(x)
    assert ours.convex_conj(q) == pytest.approx(theirs.convex_conj(q), rel=1e-4)


def test_group_norm_equals_that_of_odl(rng):
    space = volume_space(SHAPE, 4.0) ** 6
    ours, theirs = GroupNorm(space, 1.0), odl.functionals.GroupL1Norm(space)
    x = element(ours, rng)
    assert ours(x) == pytest.approx(theirs(x), rel=1e-5)
    for f, g in ((ours, theirs), (ours.convex_conj, theirs.convex_conj)):
        np.testing.assert_allclose(as_array(f.proximal(0.7)(x)), as_array(g.proximal(0.7)(x)), atol=1e-5)


def test_what_does_not_fit_is_named():
    space = series_space(SHAPE)
    with pytest.raises(
        ValueError, match=r"`weights` must have the shape of `space` \(2, 3, 4\), got \(2, 3\)"
    ):
        LeastSquaresFunctional(space, np.ones(SHAPE), np.ones((2, 3)))
    with pytest.raises(ValueError, match="`data` must be >= 0"):
        KullbackLeiblerFunctional(space, -np.ones(SHAPE), np.ones(SHAPE))
    with pytest.raises(TypeError, match="`space` must be a flat power space"):
        GroupNorm(space, 1.0)
    with pytest.raises(ValueError, match="`lam` must be >= 0, got -1"):
        GroupNorm(volume_space(SHAPE) ** 3, -1.0)
    with pytest.raises(ValueError, match="`lower` must not exceed `upper`"):
        BoxIndicator(volume_space(SHAPE), 2.0, 1.0)
