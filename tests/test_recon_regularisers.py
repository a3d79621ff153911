"""Laws of the regularisers: slow references, Moreau, duality, invariances, bounds between them, CVXPY."""

import itertools

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import seeds, volume_shapes
from glasstomo.recon.regularisers import tgv2
from glasstomo.recon.regularisers.field_clip import clip_field
from glasstomo.recon.regularisers.gradient import gradient
from glasstomo.recon.regularisers.hessian import hessian
from glasstomo.recon.regularisers.planes import padded_zeros, planes
from glasstomo.recon.regularisers.symmetrised_gradient import symmetrised_adjoint, symmetrised_gradient
from glasstomo.recon.regularisers.tgv2 import TGV2
from glasstomo.recon.regularisers.tv import TV
from glasstomo.recon.regularisers.tv2 import TV2
from glasstomo.recon.regularisers.tv_tv2 import TVTV2
from hypothesis import given, settings
from hypothesis import strategies as st

from .small_problems import in_one_and_two_threads, one_thread, particle  # noqa: F401

# float32 kernels on numbers of order one.
FLOAT32 = 3e-5
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
KINDS = {"tv": TV, "tv2": TV2, "tv_tv2": TVTV2, "tgv2": TGV2}
kinds = pytest.mark.parametrize("kind", KINDS)
SHAPES = volume_shapes()
small = volume_shapes(max_side=5)
channel_counts = st.sampled_from([None, 1, 2, 3])


def make(kind, channels=None, gamma=None, **options):
    if channels is not None and gamma is not None:
        options["channel_weights"] = gamma[:channels]
    return KINDS[kind](channels=channels, **options)


def draw(rng, shape, channels=None):
    lead = () if channels is None else (channels,)
    return rng.normal(size=(*lead, *shape)).astype(np.float32)


def blocks(regulariser):
    """Components and radius, for λ = 1, of each ball."""
    if regulariser.name == "tv_tv2":
        return [(slice(0, 3), regulariser.shares[0]), (slice(3, 9), regulariser.shares[1])]
    if regulariser.name == "tgv2":
        return [(slice(0, 3), 1.0), (slice(3, 9), regulariser.ratio)]
    return [(slice(0, regulariser.components), 1.0)]


def existing(shape):
    """Entries of the six-component field whose difference exists, and of the three-component one."""
    index = np.indices(shape)
    last = np.array(shape) - 1
    one = np.stack([index[a] < last[a] for a in range(3)])
    two = np.stack(
        [
            (index[a] > 0) & (index[a] < last[a]) if a == b else (index[a] < last[a]) & (index[b] < last[b])
            for a, b in PAIRS
        ]
    )
    return one, two


def forward(x, a):
    """``x[i + e_a] − x[i]``; wrong at the far face."""
    return np.roll(x, -1, axis=a) - x


def slow_apply(regulariser, x, v):
    """K of one channel from whole-array shifts, float64."""
    one, two = existing(x.shape)
    g = np.stack([forward(x, a) for a in range(3)]) * one
    straight = [np.roll(x, -1, a) - 2 * x + np.roll(x, 1, a) for a in range(3)]
    mixed = [np.sqrt(2) * forward(forward(x, a), b) for a, b in PAIRS[3:]]
    h = np.stack(straight + mixed) * two
    if regulariser.name == "tgv2":
        straight = [v[a] - np.roll(v[a], 1, a) for a in range(3)]
        mixed = [np.sqrt(2) * (forward(v[a], b) + forward(v[b], a)) / 2 for a, b in PAIRS[3:]]
        return np.concatenate([(g - v) * one, np.stack(straight + mixed) * two])
    return {"tv": g, "tv2": h, "tv_tv2": np.concatenate([g, h])}[regulariser.name]


def slow_k(regulariser, x, v):
    """K with channels, always with a leading channel axis."""
    x = x if regulariser.channels else x[None]
    v = [None] * len(x) if v is None else v if regulariser.channels else v[None]
    parts = zip(x, v, regulariser.gamma, strict=True)
    return np.stack(
        [
            g * slow_apply(regulariser, a.astype(float), b if b is None else b.astype(float))
            for a, b, g in parts
        ]
    )


def slow_value(regulariser, x, v):
    k = slow_k(regulariser, x, v)
    return sum(
        radius * np.sqrt(np.square(k[:, part]).sum(axis=(0, 1))).sum() for part, radius in blocks(regulariser)
    )


def projected(regulariser, field, lam):
    """The field in its balls, float64."""
    out = np.array(field if regulariser.channels else field[None], np.float64)
    for part, radius in blocks(regulariser):
        norm = np.sqrt(np.square(out[:, part]).sum(axis=(0, 1)))
        out[:, part] *= np.minimum(1, lam * radius / np.maximum(norm, 1e-30))
    return out if regulariser.channels else out[0]


def auxiliary(regulariser, rng, shape):
    return draw(rng, (3, *shape), regulariser.channels) if regulariser.auxiliary else None


def valid_field(regulariser, rng, shape):
    """Draw a field that is zero where a difference does not exist, as every solver's is."""
    one, two = existing(shape)
    mask = {"tv": one, "tv2": two}.get(regulariser.name, np.concatenate([one, two]))
    return draw(rng, (regulariser.components, *shape), regulariser.channels) * mask


@st.composite
def cases(draw_from, sizes=SHAPES):
    """Channels, their weights, a shape and a generator."""
    rng = np.random.default_rng(draw_from(seeds()))
    return draw_from(channel_counts), rng.uniform(0.3, 3, 3), draw_from(sizes), rng


# Operators.


@kinds
@given(case=cases())
def test_k_and_its_adjoint(kind, case):
    channels, gamma, shape, rng = case
    r = make(kind, channels, gamma)
    x, v = draw(rng, shape, channels), auxiliary(r, rng, shape)
    p = draw(rng, (r.components, *shape), channels)
    out, back = np.full_like(p, np.nan), np.full_like(x, np.nan)
    r.apply(x, v, out)
    wanted = slow_k(r, x, v)
    np.testing.assert_allclose(out, wanted if channels else wanted[0], atol=FLOAT32)
    # The field is any: entries without a difference must not reach the volume.
    r.adjoint(p, back)
    right, size = float(np.sum(x.astype(float) * back)), np.linalg.norm(x)
    if v is not None:
        back_v = np.full_like(v, np.nan)
        r.auxiliary_adjoint(p, back_v)
        right, size = right + float(np.sum(v.astype(float) * back_v)), size + np.linalg.norm(v)
    assert abs(np.sum(out.astype(float) * p) - right) <= 3e-6 * size * np.linalg.norm(p)


@given(shape=volume_shapes(), seed=seeds())
def test_symmetrised_gradient_of_a_gradient_is_the_hessian(shape, seed):
    rng = np.random.default_rng(seed)
    x = draw(rng, shape)
    first, second, wanted = (np.empty((n, *shape), np.float32) for n in (3, 6, 6))
    gradient(x, first)
    # Behind the far faces there is no vector; what stands there is not read.
    one, _ = existing(shape)
    first[~one] = 1e3
    symmetrised_gradient(first, second)
    hessian(x, wanted)
    np.testing.assert_allclose(second, wanted, atol=FLOAT32)
    field = draw(rng, (6, *shape))
    symmetrised_adjoint(field, first)
    assert not first[~one].any()


def test_rotations_have_no_symmetrised_gradient():
    z, y, x = np.indices((4, 5, 6), dtype=np.float32)
    # Entries of v_a lie half a voxel further along a; rigid rotations depend on the other two axes only.
    vectors = np.stack([2 * y - 3 * x, -2 * z + 5 * x, 3 * z - 5 * y])
    out = np.empty((6, 4, 5, 6), np.float32)
    symmetrised_gradient(vectors, out)
    assert not out.any()


@kinds
@pytest.mark.parametrize(("channels", "shape"), [(None, (5, 5, 5)), (2, (3, 1, 2)), (2, (2, 3, 3))])
def test_row_and_column_sums_are_those_of_the_matrix(kind, channels, shape):
    gamma = np.array([0.7, 1.6])
    r = make(kind, channels, gamma)
    count, size = channels or 1, int(np.prod(shape))
    columns, columns_v = [], []
    for c, i in itertools.product(range(count), range(size)):
        x = np.zeros((count, size), np.float32)
        x[c, i] = 1
        x = x.reshape((count, *shape)) if channels else x.reshape(shape)
        v = np.zeros((*x.shape[:-3], 3, *shape), np.float32) if r.auxiliary else None
        columns.append(slow_k(r, x, v))
    if r.auxiliary:
        x = np.zeros((count, *shape) if channels else shape, np.float32)
        for c, k, i in itertools.product(range(count), range(3), range(size)):
            v = np.zeros((count, 3, size), np.float32)
            v[c, k, i] = 1
            columns_v.append(slow_k(r, x, v.reshape((*x.shape[:-3], 3, *shape))))
    total, total_v = 0.0, 0.0
    for (part, _), rows in zip(blocks(r), r.block_rows, strict=True):
        k = np.abs(np.stack([column[:, part] for column in columns]))
        k_v = np.abs(np.stack([column[:, part] for column in columns_v])) if columns_v else np.zeros(k.shape)
        # Shapes of one voxel along an axis reach less than the bound.
        assert k.sum(axis=0).max() + k_v.sum(axis=0).max() >= (k.sum(axis=0) + k_v.sum(axis=0)).max()
        assert (k.sum(axis=0) + k_v.sum(axis=0)).max() <= rows * r.gamma.max() * 1.00001
        total += k.sum(axis=(1, 2, 3, 4, 5)).max()
        total_v += k_v.sum(axis=(1, 2, 3, 4, 5)).max()
    assert total <= r.columns * 1.00001
    assert total_v <= r.auxiliary_columns * 1.00001
    if min(shape) == 5:
        assert total == pytest.approx(r.columns)
        assert total_v == pytest.approx(r.auxiliary_columns)


# Fused steps.


@kinds
@given(case=cases(), relax=st.floats(0.5, 1.9), lam=st.floats(0, 2), padded=st.booleans())
def test_dual_step_is_its_parts(kind, case, relax, lam, padded):
    channels, gamma, shape, rng = case
    r = make(kind, channels, gamma)
    x, v, field = draw(rng, shape, channels), auxiliary(r, rng, shape), valid_field(r, rng, shape)
    wanted = slow_k(r, x, v)
    for (part, _), rows in zip(blocks(r), r.block_rows, strict=True):
        wanted[:, part] *= 0.7 / (rows * r.gamma.max())
    trial = projected(r, field + (wanted if channels else wanted[0]), lam)
    wanted = field + relax * (trial - field)
    if padded:
        held = padded_zeros(field.shape)
        held[...] = field
        field = held
    r.dual_step(x, v, field, 0.7, lam, relax)
    np.testing.assert_allclose(field, wanted, atol=FLOAT32)


@kinds
@given(case=cases(), relax=st.floats(0.5, 1.9), lower=st.floats(-1, 0), upper=st.floats(0.1, 2))
def test_primal_steps_are_their_parts(kind, case, relax, lower, upper):
    channels, gamma, shape, rng = case
    r = make(kind, channels, gamma)
    x, ahead, tau = draw(rng, shape, channels), draw(rng, shape, channels), draw(rng, shape, channels)
    tau = np.abs(tau) / 5
    field = draw(rng, (r.components, *shape), channels)
    slope = np.empty_like(x)
    r.adjoint(field, slope)
    new = np.clip(x - tau * (ahead + slope), lower, upper)
    further, wanted = 2 * new - x, x + relax * (new - x)
    r.primal_step(x, ahead, field, tau, lower, upper, relax)
    # One array holds the back projection before the step, and the point ahead after it.
    np.testing.assert_allclose(ahead, further, atol=FLOAT32)
    np.testing.assert_allclose(x, wanted, atol=FLOAT32)
    if r.auxiliary:
        v, slope = auxiliary(r, rng, shape), np.empty((*x.shape[:-3], 3, *shape), np.float32)
        r.auxiliary_adjoint(field, slope)
        new, further = v - 0.3 * slope, np.full_like(v, np.nan)
        wanted_v, wanted_further = v + relax * (new - v), 2 * new - v
        r.auxiliary_step(v, further, field, 0.3, relax)
        np.testing.assert_allclose(v, wanted_v, atol=FLOAT32)
        np.testing.assert_allclose(further, wanted_further, atol=FLOAT32)


@kinds
@given(case=cases(), lam=st.floats(0, 2))
def test_clip_is_the_projection_and_moreau_holds(kind, case, lam):
    channels, gamma, shape, rng = case
    r = make(kind, channels, gamma)
    p, q = (draw(rng, (r.components, *shape), channels) for _ in range(2))
    a, b = p.copy(), q.copy()
    r.clip(a, lam)
    r.clip(b, lam)
    np.testing.assert_allclose(a, projected(r, p, lam), atol=FLOAT32)
    # Firm non-expansiveness, and ⟨p − Πp, Πp⟩ = λ Σ |p − Πp|: the residual is the prox of the norm.
    difference = (a - b).astype(float)
    assert np.sum(difference**2) <= np.sum(difference * (p - q)) + 1e-4
    rest = (p - a).astype(float) if channels else (p - a).astype(float)[None]
    lengths = sum(
        radius * np.sqrt(np.square(rest[:, part]).sum(axis=(0, 1))).sum() for part, radius in blocks(r)
    )
    assert np.sum((p - a).astype(float) * a) == pytest.approx(lam * lengths, rel=1e-4, abs=1e-4)
    again = a.copy()
    r.clip(again, lam)
    np.testing.assert_allclose(again, a, atol=1e-6)
    # A dual step from a flat volume is nothing but the projection.
    still = valid_field(r, rng, shape)
    wanted = projected(r, still, lam)
    flat = np.zeros(p.shape[:-4] + shape, np.float32)
    r.dual_step(flat, np.zeros_like(p[..., :3, :, :, :]) if r.auxiliary else None, still, 1.0, lam, 1.0)
    np.testing.assert_allclose(still, wanted, atol=FLOAT32)


# Values.


@kinds
@given(case=cases())
def test_values_are_sums_of_joint_lengths(kind, case):
    channels, gamma, shape, rng = case
    r = make(kind, channels, gamma)
    x, v = draw(rng, shape, channels), auxiliary(r, rng, shape)
    assert r.value(x, v) == pytest.approx(slow_value(r, x, v), rel=1e-5, abs=1e-5)


@kinds
@given(case=cases())
def test_value_is_the_largest_product_with_a_field_in_the_balls(kind, case):
    channels, gamma, shape, rng = case
    r = make(kind, channels, gamma)
    x, v = draw(rng, shape, channels), auxiliary(r, rng, shape)
    k = np.empty((*x.shape[:-3], r.components, *shape), np.float32)
    r.apply(x, v, k)
    value = r.value(x, v)
    p = draw(rng, k.shape[-4:], None) if channels is None else draw(rng, k.shape[-4:], channels)
    r.clip(p, 1.0)
    assert np.sum(p.astype(float) * k) <= value * (1 + 1e-5) + 1e-5
    # The best field is K x itself, stretched to the surface of its balls.
    best = k * np.float32(1e6)
    r.clip(best, 1.0)
    assert np.sum(best.astype(float) * k) == pytest.approx(value, rel=1e-4, abs=1e-4)


def r_of(kind, x, **options):
    """R; of TGV² the upper end of its bracket."""
    return make(kind, **options).value(np.asarray(x, np.float32))


# TGV² is known to 1e-4, from above.
def close(value):
    return pytest.approx(value, rel=3e-4, abs=2e-3)


few = settings(max_examples=5)


@kinds
@few
@given(shape=small, seed=seeds(), factor=st.floats(-8, 8))
def test_values_are_seminorms(kind, shape, seed, factor):
    rng = np.random.default_rng(seed)
    x, y = draw(rng, shape), draw(rng, shape)
    assert r_of(kind, factor * x) == close(abs(factor) * r_of(kind, x))
    assert r_of(kind, x + y) <= (r_of(kind, x) + r_of(kind, y)) * (1 + 2e-4) + 1e-3
    assert r_of(kind, x + 3.0) == close(r_of(kind, x))


@kinds
@given(shape=volume_shapes(), slopes=st.tuples(*[st.integers(-50, 50)] * 4))
def test_flat_volumes_cost_nothing(kind, shape, slopes):
    z, y, x = np.indices(shape)
    affine = slopes[0] + slopes[1] * z + slopes[2] * y + slopes[3] * x
    if make(kind).order == 2:
        assert r_of(kind, affine) == 0
    assert r_of(kind, np.full(shape, slopes[0])) == 0


@kinds
@few
@given(shape=small, seed=seeds(), order=st.permutations(range(3)))
def test_axes_are_alike(kind, shape, seed, order):
    x = draw(np.random.default_rng(seed), shape)
    assert r_of(kind, x.transpose(order)) == close(r_of(kind, x))


@kinds
@pytest.mark.parametrize("axis", range(3))
def test_mirrors_change_little_where_structures_are_resolved(kind, axis):
    # Forward differences are one-sided: a mirror moves them by a voxel against each other, an error of
    # the order of a voxel over the width of the structure.
    z, y, x = np.indices((12, 12, 12))
    smooth = np.exp(-((z - 5) ** 2 + (y - 6) ** 2 + (x - 5.5) ** 2) / 12.0)
    assert r_of(kind, np.flip(smooth, axis)) == pytest.approx(r_of(kind, smooth), rel=0.02)


@few
@given(shape=small, seed=seeds(), ratio=st.floats(0.2, 5))
def test_tgv_lies_between_its_bounds(shape, seed, ratio):
    x = draw(np.random.default_rng(seed), shape)
    value = r_of("tgv2", x, ratio=ratio)
    assert value <= r_of("tv", x) * 1.00001
    assert value <= ratio * r_of("tv2", x) * 1.00001
    assert value <= r_of("tgv2", x, ratio=1.5 * ratio) * (1 + 2e-4) + 1e-4
    # A minimum of sums that grow at most as α does.
    assert r_of("tgv2", x, ratio=2 * ratio) <= 2 * value * (1 + 2e-4) + 1e-4


def test_tgv_tends_to_tv_without_a_free_slope():
    # With a dear |E v| only rigid motions are left for v; on a particle they are no help.
    x = particle(10)
    assert r_of("tgv2", x, ratio=1e4) == pytest.approx(r_of("tv", x), rel=1e-3)


def test_tgv_of_a_slope_costs_its_ends_only():
    x = np.clip(np.arange(40.0), 10, 30)[None, None, :] * np.ones((3, 3, 1))
    # Two kinks of slope 1 on nine columns, against 20 voxels of slope 1; the kinks cost α each, at most.
    assert r_of("tv", x) == pytest.approx(9 * 20)
    assert r_of("tgv2", x, ratio=2.0) == pytest.approx(9 * 2 * 2.0, rel=1e-3)


@few
@given(shape=small, seed=seeds(), share=st.floats(0.05, 0.95))
def test_tv_tv2_is_the_weighted_sum(shape, seed, share):
    x = draw(np.random.default_rng(seed), shape)
    both = (1 - share) * r_of("tv", x) + share * r_of("tv2", x)
    assert r_of("tv_tv2", x, second_order_share=share) == pytest.approx(both, rel=1e-6, abs=1e-6)


@kinds
@few
@given(shape=small, seed=seeds(), order=st.permutations(range(3)))
def test_channels(kind, shape, seed, order):
    rng = np.random.default_rng(seed)
    x, three, gamma = draw(rng, shape), draw(rng, shape, 3), rng.uniform(0.3, 3, 3)
    alone = r_of(kind, x)
    assert r_of(kind, x[None], channels=1) == close(alone)
    assert r_of(kind, np.stack([x] * 3), channels=3) == close(np.sqrt(3) * alone)
    assert r_of(kind, np.stack([x, 0 * x]), channels=2) == close(alone)
    order = list(order)
    joint = make(kind, 3, gamma).value(three)
    assert make(kind, 3, gamma[order]).value(three[order]) == close(joint)
    # A weight is a factor of its channel, and joint balls cost at most the sum, at least the root.
    scaled = (gamma[:, None, None, None] * three).astype(np.float32)
    assert r_of(kind, scaled, channels=3) == close(joint)
    parts = [r_of(kind, part) for part in scaled]
    assert np.linalg.norm(parts) * (1 - 3e-4) - 1e-3 <= joint <= sum(parts) * (1 + 3e-4) + 1e-3


def test_shared_edges_cost_less():
    x = np.concatenate([particle(12), np.zeros((12, 12, 12), np.float32)], axis=2)
    for kind in KINDS:
        alone = r_of(kind, x)
        assert r_of(kind, np.stack([x, x]), channels=2) == close(np.sqrt(2) * alone)
        assert r_of(kind, np.stack([x, np.roll(x, 12, axis=2)]), channels=2) == close(2 * alone)


# TGV²'s inner problem.


@few
@given(case=cases(small), ratio=st.floats(0.3, 4))
def test_inner_bracket_of_tgv_holds_and_is_narrow(case, ratio):
    channels, gamma, shape, rng = case
    r = make("tgv2", channels, gamma, ratio=ratio)
    x = draw(rng, shape, channels)
    value, bound, v = r.minimise(x)
    # The two ends are float64 sums of float32 numbers.
    assert bound <= value * (1 + 1e-6)
    assert value - bound <= 1e-4 * value + 2e-6 * make("tv", channels, gamma).value(x)
    assert r.value(x, v) == pytest.approx(value, rel=1e-6, abs=1e-6)
    for _ in range(5):
        assert r.value(x, v + draw(rng, (3, *shape), channels) * 0.1) >= bound * (1 - 1e-6)


def test_inner_iterations_end(monkeypatch):
    monkeypatch.setattr(tgv2, "_MOST", 30)
    value, bound, _ = TGV2().minimise(particle(12) + np.indices((12, 12, 12)).sum(axis=0, dtype=np.float32))
    assert bound < value


@kinds
@pytest.mark.parametrize("channels", [None, 2])
def test_values_equal_cvxpy(kind, channels):
    cvxpy = pytest.importorskip("cvxpy", reason="cvxpy is not installed")
    rng = np.random.default_rng(5)
    shape = (3, 4, 3)
    r = make(kind, channels, np.array([0.7, 1.6, 1.0]))
    x = draw(rng, shape, channels) + np.indices(shape)[2].astype(np.float32)
    count, size = channels or 1, x[0].size if channels else x.size
    # K as matrices: with v for TGV², whose minimum is CVXPY's; the others are evaluated.
    stacked = x.reshape(count, size)
    terms, entries = [], 3 * size if r.auxiliary else 0
    v = cvxpy.Variable((count, entries)) if entries else None
    zero_v = np.zeros((3, *shape)) if entries else None
    for part, radius in blocks(r):
        rows = []
        for c in range(count):
            known = slow_apply(r, stacked[c].reshape(shape).astype(float), zero_v)[part].reshape(-1, size)
            row = r.gamma[c] * known
            if v is not None:
                basis = np.eye(entries).reshape(entries, 3, *shape)
                matrix = np.stack([slow_apply(r, np.zeros(shape), e)[part].ravel() for e in basis], axis=1)
                row = row + r.gamma[c] * cvxpy.reshape(matrix @ v[c], known.shape, order="C")
            rows.append(row)
        terms.append(radius * cvxpy.sum(cvxpy.norm(cvxpy.vstack(rows), 2, axis=0)))
    problem = cvxpy.Problem(cvxpy.Minimize(sum(terms)))
    problem.solve(solver="CLARABEL")
    assert r.value(x) == pytest.approx(problem.value, rel=2e-4)


# Threads, memory, errors.


@kinds
@pytest.mark.parametrize("channels", [None, 2])
def test_threads_do_not_change_a_bit(kind, channels, rng):
    shape = (9, 18, 37)
    r = make(kind, channels, np.array([0.7, 1.6, 1.0]))
    x, v = draw(rng, shape, channels), auxiliary(r, rng, shape)
    field, tau = draw(rng, (r.components, *shape), channels), np.full_like(x, 0.1)

    def steps():
        a, b, c, d = x.copy(), x.copy(), field.copy(), None if v is None else v.copy()
        r.dual_step(a, d, c, 0.7, 0.5, 1.9)
        r.primal_step(a, b, c, tau, 0.0, 2.0, 1.9)
        if d is not None:
            r.auxiliary_step(d, np.empty_like(d), c, 0.1, 1.9)
        back, value = np.empty_like(x), np.array(r.value(x, v))
        r.adjoint(c, back)
        r.clip(c, 0.3)
        return [a, b, c, back, value, *([] if d is None else [d])]

    one, two = in_one_and_two_threads(steps)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@given(shape=volume_shapes(), channels=st.sampled_from([None, 1, 2]), components=st.integers(1, 9))
def test_planes_are_views(shape, channels, components):
    lead = (components,) if channels is None else (channels, components)
    for field in (np.zeros((*lead, *shape), np.float32), padded_zeros((*lead, *shape))):
        flat, size = planes(field), int(np.prod(shape))
        flat[:, :size] = np.arange(flat.shape[0] * size, dtype=np.float32).reshape(-1, size)
        np.testing.assert_array_equal(field.ravel(), np.arange(field.size))


def test_padded_rows_lie_on_different_lines_of_the_cache():
    field = padded_zeros((6, 64, 64, 64))
    lines = {field[k].__array_interface__["data"][0] // 64 % 64 for k in range(6)}
    assert len(lines) == 6


def test_fields_that_do_not_fit_are_refused():
    field = np.zeros((3, 4, 5, 6), np.float32)
    for wrong in (
        field.astype(float),
        field[..., ::2],
        field[:, :, ::2],
        field.transpose(0, 3, 2, 1),
        field[0],
    ):
        with pytest.raises(ValueError, match="a field must be float32 of shape"):
            planes(wrong)
    with pytest.raises(ValueError, match="at equal distances"):
        planes(np.zeros((2, 4, 3, 4, 5), np.float32)[:, :3])
    with pytest.raises(ValueError, match="`channel_weights` must hold 2 positive numbers"):
        TV(channels=2, channel_weights=np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="`channel_weights` must hold 1 positive numbers"):
        TV2(channel_weights=np.ones(2))
    with pytest.raises(ValueError, match="`second_order_share` must lie between 0 and 1"):
        TVTV2(second_order_share=1.0)
    with pytest.raises(ValueError, match="`ratio` must be a positive number"):
        TGV2(ratio=0.0)
    with pytest.raises(ValueError, match="TGV2 needs its auxiliary volume"):
        TGV2().dual_step(field[0], None, np.zeros((9, 4, 5, 6), np.float32), 1.0, 1.0, 1.0)


def test_clip_leaves_other_components_alone(rng):
    field = draw(rng, (9, 3, 4, 5))
    before = field.copy()
    clip_field(field, 0.1, 3, 6)
    np.testing.assert_array_equal(field[:3], before[:3])
    assert np.sqrt(np.square(field[3:]).sum(axis=0)).max() <= 0.1 + 1e-6
