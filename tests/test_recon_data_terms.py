"""Laws of the data terms: closed forms, conjugates, proximal steps, and what float32 makes of them."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import seeds
from glasstomo.recon.data_terms import kullback_leibler, least_squares
from glasstomo.recon.data_terms.kullback_leibler import KullbackLeibler
from glasstomo.recon.data_terms.least_squares import LeastSquares
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from .small_problems import in_one_and_two_threads, one_thread  # noqa: F401

TERMS = {"least_squares": LeastSquares, "kullback_leibler": KullbackLeibler}
terms = pytest.mark.parametrize("kind", TERMS)
SHAPE = (3, 4, 5)
ONE = np.float32(1.0)


def drawn(kind, seed, scale=1.0, shape=SHAPE):
    """A term, and a projection in its domain; some pixels without counts, weight or background."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.choice([0.5, 5.0, 500.0], shape))
    weights = rng.uniform(0.2, 3.0, shape) * (rng.random(shape) < 0.9)
    data = counts / np.maximum(weights, 0.2)
    if kind == "least_squares":
        data -= rng.uniform(0, 3, shape)
    background = rng.uniform(0, 2, shape) * (rng.random(shape) < 0.5) if rng.random() < 0.7 else None
    projected = np.maximum(data, 0) * rng.uniform(0.2, 2, shape) + rng.uniform(0.01, 1, shape)
    arrays = (data * scale, weights / scale, None if background is None else background * scale)
    arrays = [None if a is None else a.astype(np.float32) for a in arrays]
    return TERMS[kind](*arrays), (scale * projected).astype(np.float32), rng, arrays


def pixel(kind, a, data, weight, background):
    """D of one pixel, written out."""
    y = a + background
    if kind == "least_squares":
        return 0.5 * weight * (y - data) ** 2
    return weight * special.kl_div(data, y)


def sigma_of(term, pace):
    return pace[..., None] * np.sqrt(term.curvature.astype(float))


def proximal_root(kind, v, s, k, b, r):
    """Root q of (q − v)/s + D*'(q) for one pixel, and D'' there."""
    if kind == "least_squares":
        return optimize.brentq(lambda q: (q - v) / s + q / k + b - r, -1e9, 1e9, xtol=1e-12), k
    if b == 0:
        return min(v + s * r, k), 0.0
    # In terms of y = k b / (k − q) > 0, which no rounding takes out of the domain.
    y = optimize.brentq(lambda y: (k - k * b / y - v) / s + y - r, 1e-12, 1e9 * (1 + abs(v)), xtol=1e-14)
    return k - k * b / y, k * b / y**2


def stepped(term, dual, projected, pace, relax=ONE):
    out = dual.copy()
    term.dual_step(out, projected, pace, relax)
    return out


def zero_background(background, shape=SHAPE):
    return np.zeros(shape) if background is None else background.astype(float)


@terms
@given(seed=seeds())
def test_value_and_misfit_equal_the_formula(kind, seed):
    term, a, _, (data, weights, background) = drawn(kind, seed)
    r = zero_background(background)
    with np.errstate(invalid="ignore"):
        parts = np.where(weights > 0, pixel(kind, a.astype(float), data.astype(float), weights, r), 0.0)
    # Least squares keeps b − r in float32.
    assert term.value(a) == pytest.approx(parts.sum(), rel=1e-5)
    assert term.misfit(a) == 2 * term.value(a)


@terms
@given(seed=seeds())
def test_gradient_and_conjugate_meet_fenchel_and_young(kind, seed):
    """D(a) + D*(q) ≥ ⟨a, q⟩ for any dual, with equality at q = D'(a)."""
    term, a, rng, _ = drawn(kind, seed)
    slope = np.full(SHAPE, np.nan, np.float32)
    term.gradient(a, slope)
    together = term.value(a) + term.conjugate(slope)
    product = float(np.sum(a.astype(float) * slope))
    size = term.value(a) + float(np.sum(np.abs(a.astype(float) * slope))) + 1e-3
    assert together == pytest.approx(product, abs=2e-6 * size)
    other = (slope + rng.normal(size=SHAPE) * np.abs(slope)).astype(np.float32)
    term.clip(other)
    assert term.value(a) + term.conjugate(other) >= np.sum(a.astype(float) * other) - 2e-6 * size


@terms
@pytest.mark.parametrize("q", [-30.0, -2.0, -0.3, 0.0, 0.7, 1.9])
@pytest.mark.parametrize(("data", "background"), [(0.0, 0.0), (0.0, 3.0), (4.0, 0.0), (4.0, 3.0)])
def test_conjugate_is_the_numerical_supremum(kind, q, data, background):
    weight = 2.0
    arrays = [np.full((1, 1, 1), v, np.float32) for v in (data, weight, background)]
    term = TERMS[kind](*arrays)
    low = -background if kind == "kullback_leibler" else -1e3

    def loss(a):
        return pixel(kind, a, data, weight, background) - q * a

    found = optimize.minimize_scalar(loss, bounds=(low, 1e4), method="bounded", options={"xatol": 1e-7})
    supremum = max(-found.fun, -loss(low) if np.isfinite(loss(low)) else -np.inf)
    assert term.conjugate(np.full((1, 1, 1), q, np.float32)) == pytest.approx(supremum, rel=1e-5, abs=1e-4)


@terms
@given(seed=seeds(), speed=st.floats(-3, 3), spread=st.floats(-2, 1))
def test_dual_step_is_the_proximal_map_of_the_conjugate(kind, seed, speed, spread):
    """Found again, pixel by pixel, as the root of (q − v)/σ + D*'(q)."""
    term, a, rng, (data, weights, background) = drawn(kind, seed, shape=(1, 2, 3))
    pace = np.full((1, 2), 10.0**speed, np.float32)
    dual = (10.0**spread * rng.normal(size=a.shape) * weights).astype(np.float32)
    result = stepped(term, dual, a, pace)
    sigma, r = sigma_of(term, pace), zero_background(background, a.shape)
    for at in np.ndindex(*a.shape):
        k, b, s = float(weights[at]), float(data[at]), sigma[at]
        if k == 0:
            assert result[at] == 0
            continue
        expected, slope = proximal_root(kind, float(dual[at]) + s * float(a[at]), s, k, b, r[at])
        # Rounding of the input, brought down by a map that is never steeper than 1 or than σ D''.
        size = float(a[at]) + abs(b) + r[at]
        rough = abs(float(dual[at])) + min(s, slope) * size
        assert result[at] == pytest.approx(expected, abs=1e-6 * rough, rel=1e-5)


@terms
@given(seed=seeds(), speed=st.floats(-2, 2))
def test_moreau(kind, seed, speed):
    """q⁺ = prox(v) and p = (v − q⁺)/σ belong together: q⁺ = D'(p)."""
    term, a, rng, (_, weights, background) = drawn(kind, seed)
    pace = np.full(SHAPE[:2], 10.0**speed, np.float32)
    dual = (0.5 * rng.normal(size=SHAPE) * weights).astype(np.float32)
    result = stepped(term, dual, a, pace).astype(float)
    seen = weights > 0
    sigma = np.where(seen, sigma_of(term, pace), 1.0)
    p = a + (dual - result) / sigma
    slope = np.empty(SHAPE, np.float32)
    term.gradient(p.astype(np.float32), slope)
    y = p + zero_background(background)
    # Where a pixel without counts ends at y = 0, any slope up to k belongs to it.
    edge = (y < 1e-4 * (np.abs(a) + np.abs(dual) / sigma)) & seen if kind == "kullback_leibler" else ~seen
    assert (result[edge] <= weights[edge] * (1 + 1e-6)).all()
    plain = seen & ~edge
    # Errors of float32 in p, times the curvature there.
    rough = 4e-7 * (np.abs(a) + np.abs(dual) / sigma + zero_background(background))
    curvature = weights if kind == "least_squares" else weights * term.data / np.maximum(y, 1e-9) ** 2
    tolerance = rough * curvature * 4 + 1e-5 * np.abs(slope) + 1e-6 * weights
    assert (np.abs(slope - result)[plain] <= tolerance[plain]).all()


@terms
@given(seed=seeds(), speed=st.floats(-3, 3))
def test_dual_step_is_firmly_non_expansive(kind, seed, speed):
    term, a, rng, (_, weights, background) = drawn(kind, seed)
    pace = np.full(SHAPE[:2], 10.0**speed, np.float32)
    sigma = sigma_of(term, pace)
    duals = [(3 * rng.normal(size=SHAPE) * weights).astype(np.float32) for _ in range(2)]
    points = [a, (a * rng.uniform(0, 2, SHAPE)).astype(np.float32)]
    one, two = (stepped(term, q, p, pace).astype(float) for q, p in zip(duals, points, strict=True))
    v, w = (q + sigma * p for q, p in zip(duals, points, strict=True))
    # Rounding of the input, and of the results: of the sum q + (q⁺ − q) among others.
    known = term.data + zero_background(background) if kind == "kullback_leibler" else np.abs(term.target)
    read = sum(np.abs(q) + sigma * (p + known) for q, p in zip(duals, points, strict=True))
    written = sum(np.abs(q) for q in (*duals, one, two))
    slack = 1e-6 * np.abs(one - two) * read + 5e-7 * written * (np.abs(v - w) + np.abs(one - two))
    assert ((one - two) ** 2 <= (one - two) * (v - w) + slack).all()


@terms
@given(seed=seeds(), relax=st.floats(0.1, 1.95))
def test_relaxation_is_linear_and_steps_rest_at_the_gradient(kind, seed, relax):
    term, a, rng, (_, weights, _) = drawn(kind, seed)
    pace = rng.uniform(0.1, 3, SHAPE[:2]).astype(np.float32)
    dual = (rng.normal(size=SHAPE) * weights).astype(np.float32)
    full, part = (stepped(term, dual, a, pace, np.float32(rho)) for rho in (1.0, relax))
    np.testing.assert_allclose(
        part, dual + relax * (full - dual), atol=1e-5 * np.abs(full - dual).max() + 1e-6
    )
    # prox(q + σ a) = q is what q = D'(a) means; the projection enters with σ.
    term.gradient(a, dual)
    result = stepped(term, dual, a, pace)
    rough = 1e-6 * (
        np.abs(dual)
        + sigma_of(term, pace)
        * (np.abs(a) + np.abs(term.data if kind == "kullback_leibler" else term.target))
    )
    assert (np.abs(result - dual) <= rough).all()


@terms
@given(seed=seeds())
def test_units_of_the_data_change_nothing(kind, seed):
    """Data 2⁷ as large with weights to match: D of counts is the same, the dual 2⁷ as small."""
    scale = 2.0**7
    term, a, rng, (data, weights, background) = drawn(kind, seed)
    power = 2 if kind == "least_squares" else 1
    other = TERMS[kind](
        data * np.float32(scale),
        weights / np.float32(scale**power),
        None if background is None else background * np.float32(scale),
    )
    louder = a * np.float32(scale)
    assert other.value(louder) == pytest.approx(term.value(a), rel=1e-12)
    pace = rng.uniform(0.1, 3, SHAPE[:2]).astype(np.float32)
    dual = (rng.normal(size=SHAPE) * weights).astype(np.float32)
    one = stepped(term, dual, a, pace)
    two = stepped(other, dual / np.float32(scale), louder, pace / np.float32(scale))
    # A power of two is exact, roots of its odd powers are not.
    np.testing.assert_allclose(two * scale, one, rtol=1e-5, atol=1e-6 * np.abs(one).max())


@terms
def test_background_only_shifts_the_projection(kind):
    _, a, rng, (data, weights, _) = drawn(kind, 5)
    r = rng.uniform(0.5, 2, SHAPE).astype(np.float32)
    shifted, plain = TERMS[kind](data, weights, r), TERMS[kind](data, weights)
    assert shifted.value(a) == pytest.approx(plain.value(a + r), rel=1e-5)
    dual = np.empty(SHAPE, np.float32)
    plain.gradient(a + r, dual)
    expected = plain.conjugate(dual) - float(np.sum(dual.astype(float) * r))
    assert shifted.conjugate(dual) == pytest.approx(expected, rel=1e-4, abs=1e-3)


@terms
def test_pixels_of_no_weight_take_no_part(kind):
    _, a, rng, (data, weights, _) = drawn(kind, 7)
    weights[1] = 0
    spoilt = data.copy()
    spoilt[1] = 77.0
    one, two = TERMS[kind](data, weights), TERMS[kind](spoilt, weights)
    a[1] = 0  # where the divergence of 77 counts is infinite
    assert one.value(a) == two.value(a) < np.inf
    dual = rng.normal(size=SHAPE).astype(np.float32)
    for term in (one, two):
        assert not stepped(term, dual * (weights > 0), a, np.ones(SHAPE[:2], np.float32))[1].any()
        clipped = dual.copy()
        term.clip(clipped)
        assert not clipped[1].any()
        slope = np.full(SHAPE, np.nan, np.float32)
        term.gradient(a, slope)
        assert not slope[1].any()
        assert np.isfinite(term.conjugate(clipped))
    np.testing.assert_array_equal(one.curvature[1], 0)


@terms
def test_threads_do_not_change_a_bit(kind):
    term, a, rng, (_, weights, _) = drawn(kind, 3, shape=(7, 9, 11))
    dual = (rng.normal(size=a.shape) * weights).astype(np.float32)
    pace = np.ones(a.shape[:2], np.float32)

    def everything():
        clipped = dual.copy()
        term.clip(clipped)
        return stepped(term, dual, a, pace), term.value(a), term.conjugate(clipped), clipped

    one, two = in_one_and_two_threads(everything)
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)


# Counts only.


def counts(data, weights=1.0, background=None, shape=(1, 1, 2)):
    arrays = (None if v is None else np.full(shape, v, np.float32) for v in (data, weights, background))
    return KullbackLeibler(*arrays)


def full(value, shape=(1, 1, 2)):
    return np.full(shape, value, np.float32)


@pytest.mark.parametrize(
    ("data", "weights", "background", "projected", "value"),
    [
        (3.0, 2.0, None, 0.0, np.inf),  # counts where none can come from
        (3.0, 2.0, None, -1.0, np.inf),
        (0.0, 2.0, None, 0.0, 0.0),  # 0 log 0
        (0.0, 2.0, None, -1e-3, np.inf),
        (0.0, 2.0, 5.0, -5.0, 0.0),  # y = 0
        (0.0, 2.0, 5.0, 1.0, 24.0),  # k y, twice
        (3.0, 0.0, None, -1.0, 0.0),  # left out
        (3.0, 2.0, 1.0, 2.0, 0.0),  # y = b
    ],
)
def test_divergence_at_the_edge(data, weights, background, projected, value):
    assert counts(data, weights, background).value(full(projected)) == value


def test_divergence_of_many_counts_is_that_of_gauss():
    """D → ½ k (y − b)²/b as y → b; a difference of logarithms in float32 would lose it."""
    b = 1e6
    for excess in (3.0, 70.0):
        expected = (excess**2 / b) * (1 - 2 * excess / (3 * b))
        assert counts(b).value(full(b + excess)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("mean", [0.0, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("speed", [1e-12, 1e-3, 1.0, 1e3, 1e12])
def test_dual_step_of_extreme_counts_keeps_its_digits(scale, mean, speed):
    """Against the textbook form in 80-bit arithmetic; that form in float32 loses all of them."""
    rng = np.random.default_rng(8)
    n = 400
    k = np.full((1, 1, n), scale, np.float32)
    b = (np.full((1, 1, n), mean) / k).astype(np.float32)
    a = (b * rng.uniform(0, 2, b.shape) + rng.uniform(0, 1, b.shape) / k).astype(np.float32)
    dual = (k * rng.uniform(-3, 1, b.shape) * 10 ** rng.uniform(-6, 1, b.shape)).astype(np.float32)
    term = KullbackLeibler(b, k)
    pace = np.full((1, 1), speed * scale, np.float32)
    result = stepped(term, dual, a, pace)
    assert np.isfinite(result).all()
    K, B, A, Q = (v.astype(np.longdouble) for v in (k, b, a, dual))
    sigma = np.longdouble(pace[0, 0]) * np.sqrt(term.curvature.astype(np.longdouble))
    v = Q + sigma * A
    exact = 2 * K * (v - sigma * B) / (K + v + np.sqrt((v - K) ** 2 + 4 * sigma * K * B))
    textbook = (K + v - np.sqrt((v - K) ** 2 + 4 * sigma * K * B)) / 2
    exact = np.where(K + v > 0, exact, textbook)
    # What rounding of the input alone would do to q + σ (a − b), brought down by the map's slope, and
    # that of the relaxed sum q + ρ (q⁺ − q).
    gain = np.abs(exact) / np.maximum(np.abs(v - sigma * B), 1e-300)
    rough = 1e-6 * (np.abs(exact) + gain * (np.abs(Q) + sigma * np.abs(A - B))) + 1.2e-7 * np.abs(Q)
    assert (np.abs(result - exact) <= rough).all()
    assert (result <= K * (1 + 1.2e-7) + 1.2e-7 * np.abs(Q)).all()


def test_clip_keeps_the_conjugate_finite():
    rng = np.random.default_rng(1)
    term, _, _, (data, weights, _) = drawn("kullback_leibler", 11)
    dual = (5 * rng.normal(size=SHAPE)).astype(np.float32)
    assert term.conjugate(np.abs(dual) + weights) == np.inf
    before = dual.copy()
    term.clip(dual)
    assert np.isfinite(term.conjugate(dual))
    assert (dual <= weights).all()
    assert (dual < weights)[(data > 0) & (weights > 0)].all()
    inside = (before < 0.999 * weights) & (weights > 0) & (data > 0)
    np.testing.assert_array_equal(dual[inside], before[inside])
    # Without counts D is a straight line, and its slope the only dual.
    np.testing.assert_array_equal(dual[data == 0], weights[data == 0])
    again = dual.copy()
    term.clip(again)
    np.testing.assert_array_equal(again, dual)


def test_gradient_stays_finite_where_there_is_none():
    term = counts(4.0, 2.0)
    slope = np.empty((1, 1, 2), np.float32)
    term.gradient(full(0.0), slope)
    assert np.isfinite(slope).all()
    assert (slope < -1e5).all()
    term.gradient(full(8.0), slope)
    np.testing.assert_allclose(slope, 2.0 * (1 - 4.0 / 8.0))
    counts(0.0, 2.0).gradient(full(0.0), slope)
    np.testing.assert_array_equal(slope, 2.0)


def test_curvature_is_that_of_the_expected_counts():
    shape = (2, 5, 6)
    # D'' = k b / y² = k / b at y = b; at less than one count, that of one.
    np.testing.assert_allclose(counts(50.0, 2.0, None, shape).curvature, 2.0 / 50.0, rtol=1e-6)
    np.testing.assert_allclose(counts(0.0, 2.0, None, shape).curvature, 4.0, rtol=1e-6)
    np.testing.assert_allclose(counts(0.0, 2.0, 10.0, shape).curvature, 0.2, rtol=1e-6)
    # One count among empty pixels is no reason for steps that differ a hundredfold.
    rng = np.random.default_rng(0)
    noisy = KullbackLeibler(rng.poisson(20.0, (1, 40, 40)).astype("f4"), np.ones((1, 40, 40), "f4"))
    assert 0.8 < float(noisy.curvature.mean()) * 20.0 < 1.25
    assert noisy.curvature.max() < 2 * noisy.curvature.min() * 1.5


def test_bad_counts_are_named():
    data = full(1.0)
    data[0, 0, 1] = -2.0
    with pytest.raises(ValueError, match=r"`data` must be >= 0 .* got -2.0 at \(0, 0, 1\)"):
        KullbackLeibler(data, full(1.0))
    KullbackLeibler(data, np.array([[[1.0, 0.0]]], "f4"))  # a masked pixel may hold anything
    with pytest.raises(ValueError, match="`background` must be >= 0"):
        counts(1.0, 1.0, -1.0)


def test_python_kernels_agree_with_the_compiled_ones():
    for kind, module in (("least_squares", least_squares), ("kullback_leibler", kullback_leibler)):
        term, a, rng, (_, weights, _) = drawn(kind, 21, shape=(1, 2, 3))
        dual = (rng.normal(size=a.shape) * weights).astype(np.float32)
        pace = np.ones((1, 2), np.float32)
        compiled = stepped(term, dual, a, pace)
        kernel = module.dual_step
        try:
            module.dual_step = kernel.py_func
            np.testing.assert_allclose(stepped(term, dual, a, pace), compiled, rtol=1e-5, atol=1e-6)
        finally:
            module.dual_step = kernel
