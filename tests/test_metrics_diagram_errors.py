"""Errors of voxels and phases from replicates and blocks, and the corrections that they make possible."""

import numpy as np
import pytest
from glasstomo.metrics import phase_diagram, phase_diagram_distance
from glasstomo.metrics.corrections import without_bias, without_noise
from glasstomo.metrics.phase_errors import positive_part
from glasstomo.metrics.phases import Phase
from glasstomo.metrics.voxel_covariance import voxel_errors
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

AXIS = np.arange(28) - 13.5
BALL = AXIS[:, None, None] ** 2 + AXIS[:, None] ** 2 + AXIS**2 < 11.7**2
LEFT = BALL & (AXIS < 0)


def truth():
    return np.where(LEFT, 4.0, 1.0) * BALL, np.where(LEFT, 1.0, 5.0) * BALL


def blurred(volumes, width=0.8):
    return tuple(gaussian_filter(v, width) for v in volumes)


def noisy(volumes, rng, sigma=0.15, correlation=0.8):
    """Volumes with correlated noise of one standard deviation everywhere."""
    noise = gaussian_filter(rng.standard_normal((2, *BALL.shape)), (0, *[correlation] * 3))
    noise *= sigma / noise[:, BALL].std()
    return tuple(v + n for v, n in zip(volumes, noise, strict=True))


def test_voxel_errors_are_those_of_the_noise(rng):
    replicates = [noisy(truth(), rng) for _ in range(8)]
    interior = BALL & (gaussian_filter(BALL.astype(float), 1.0) > 0.99)
    errors = voxel_errors(replicates, interior)
    # Two independent metals of 0.15 each; the mean square of a standard error is free of bias.
    assert _rms(errors.density_error) == pytest.approx(0.15 * np.sqrt(2), rel=0.03)
    zn, co = (v[interior] for v in truth())
    # dX = ((1 − X) dZn − X dCo)/total: first order in 3 % noise.
    first = 0.15 * np.hypot(co, zn) / (zn + co) ** 2
    assert _rms(errors.fraction_error) == pytest.approx(_rms(first), rel=0.05)
    single = voxel_errors(replicates, interior, pool_voxels=0)
    # Pooling keeps the mean and takes off scatter.
    assert np.std(errors.density_error) < 0.7 * np.std(single.density_error)
    np.testing.assert_allclose(
        single.covariance, _plain_covariance(replicates, interior), rtol=1e-3, atol=1e-6
    )


def _rms(values):
    return np.sqrt(np.mean(values**2))


def _plain_covariance(replicates, interior):
    points = []
    for zn, co in replicates:
        total = (zn + co)[interior]
        points.append([zn[interior] / total, total])
    points = np.array(points)
    return np.array([np.cov(points[:, :, i].T) for i in range(points.shape[2])])


def test_centres_and_shares_scatter_by_the_errors_that_replicates_give():
    """Over 12 particles of one truth: the errors told by replicates against the scatter itself."""
    told, found = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        volumes = blurred(truth())
        diagram = phase_diagram(
            *noisy(volumes, rng), interior=BALL, replicates=[noisy(volumes, rng) for _ in range(6)]
        )
        assert len(diagram.phases) == 2
        by_fraction = sorted(diagram.phases, key=lambda p: p.fraction)
        told.append([(p.fraction_error, p.density_error, p.share_error) for p in by_fraction])
        found.append([(p.fraction, p.density, p.share) for p in by_fraction])
    told, found = np.array(told), np.array(found)
    scatter = found.std(axis=0, ddof=1)
    # Twelve draws know a standard deviation to 21 %, and six replicates each error to 32 %/√12.
    ratio = np.sqrt((told**2).mean(axis=0)) / scatter
    assert (ratio[:, :2] > 0.5).all()
    assert (ratio[:, :2] < 2.0).all()
    assert (ratio[:, 2] > 0.4).all()
    assert (ratio[:, 2] < 3.0).all()


def test_errors_from_blocks_are_those_of_independent_voxels_where_they_are_independent(rng):
    zn, co = truth()
    sigma = 0.2
    noise = sigma * rng.standard_normal((2, *BALL.shape))
    diagram = phase_diagram(zn + noise[0], co + noise[1], interior=BALL)
    assert diagram.errors is None
    assert diagram.fraction_error is None
    for phase in diagram.phases:
        count = phase.share * diagram.fraction.size
        assert phase.errors_from == "blocks"
        # Voxels below the floor are missing: about a tenth off the spread. Some 40 blocks know it to 12 %.
        assert phase.density_error == pytest.approx(sigma * np.sqrt(2 / count), rel=0.4)
        assert np.isnan(phase.share_error)
        assert np.isnan(phase.share_interval()[0])


def test_intrinsic_covariance_is_zero_for_noise_alone_and_found_beside_it(rng):
    grade = gaussian_filter(rng.standard_normal(BALL.shape), 2.0)
    grade *= 0.3 / grade[BALL].std()
    for extra, low, high in ((0.0, 0.0, 0.1), (1.0, 0.2, 0.33)):
        volumes = [v * (1 + extra * grade / (4.0 * LEFT + 5.0 * ~LEFT + 1.0)) for v in truth()]
        replicates = [noisy(volumes, rng, correlation=0.6) for _ in range(8)]
        diagram = phase_diagram(*noisy(volumes, rng, correlation=0.6), interior=BALL, replicates=replicates)
        for phase in diagram.phases:
            assert phase.errors_from == "replicates"
            assert low <= phase.intrinsic_spread[1] <= high
            assert phase.spread[1] > phase.intrinsic_spread[1]


def test_noise_correction_brings_a_noisy_diagram_nearer_the_truth(rng):
    volumes = truth()
    replicates = [noisy(volumes, rng, 0.3) for _ in range(6)]
    drawn = noisy(volumes, rng, 0.3)
    true = phase_diagram(*volumes, interior=BALL)
    raw = phase_diagram(*drawn, interior=BALL, replicates=replicates)
    corrected = phase_diagram(*drawn, interior=BALL, replicates=replicates, corrections=["noise"])
    assert corrected.corrections == ("noise",)
    assert [p.fraction for p in corrected.phases] == [p.fraction for p in raw.phases]
    assert phase_diagram_distance(corrected, true) < 0.5 * phase_diagram_distance(raw, true)


def test_bias_correction_takes_off_what_the_twins_show(rng):
    volumes = truth()
    # A "solver" that blurs and loses 3 %: its twins show both.
    recorded = tuple(0.97 * v for v in blurred(volumes))
    twins = [noisy(tuple(0.97 * v for v in blurred(volumes)), rng, 0.02) for _ in range(4)]
    true = phase_diagram(*volumes, interior=BALL)
    raw = phase_diagram(*recorded, interior=BALL)
    known = phase_diagram(*recorded, interior=BALL, replicates=twins, model=volumes, corrections=("bias",))
    assert known.corrections == ("bias",)
    assert known.bias is not None
    assert known.bias[-1].mean() < -0.1
    assert phase_diagram_distance(known, true) < 0.15 * phase_diagram_distance(raw, true)
    for phase in known.phases:
        assert phase.bias_removed
        assert phase.bias[-1] == pytest.approx(-0.03 * phase.density, rel=0.6)
        # 0.6 of the bias is held to be left, and noise of 0.02 is nothing beside it.
        assert phase.uncertainty[1] == pytest.approx(0.6 * abs(phase.bias[-1]), rel=0.05)
    told = phase_diagram(*recorded, interior=BALL, replicates=twins, model=volumes)
    assert [p.density for p in told.phases] == [p.density for p in raw.phases]
    assert told.phases[0].uncertainty[1] == pytest.approx(abs(told.phases[0].bias[-1]), rel=0.05)
    # Twicing, with the recorded volumes as the model, gains what a second blur is like the first.
    again = [tuple(0.97 * v for v in blurred(recorded)) for _ in range(2)]
    twice = phase_diagram(*recorded, interior=BALL, replicates=again, model=recorded, corrections=("bias",))
    assert phase_diagram_distance(twice, true) < 0.8 * phase_diagram_distance(raw, true)


@given(seed=st.integers(0, 10_000))
def test_corrected_fractions_stay_fractions(seed):
    rng = np.random.default_rng(seed)
    points, mean, model = (
        np.vstack([rng.dirichlet([0.3, 0.3, 0.3], 20).T[:2], rng.uniform(0, 6, (1, 20))]) for _ in range(3)
    )
    better = without_bias(points, mean, model)
    assert (better >= 0).all()
    assert (better[:2].sum(axis=0) <= 1 + 1e-12).all()
    np.testing.assert_allclose(without_bias(points, model, model), points, atol=1e-12)


@given(seed=st.integers(0, 10_000), share=st.floats(0, 1))
def test_narrowed_phases_have_the_covariance_that_was_asked_for(seed, share):
    rng = np.random.default_rng(seed)
    points = rng.multivariate_normal([0.5, 5.0], [[4e-4, 2e-3], [2e-3, 0.09]], 200).T
    observed = np.cov(points)
    wanted = share * np.array([[1e-4, -1e-3], [-1e-3, 0.02]])
    phase = Phase(
        fraction=0.5,
        density=5.0,
        peak=(0.5, 5.0),
        covariance=observed,
        share=1.0,
        intrinsic_covariance=wanted,
    )
    narrowed = without_noise(points, np.zeros(200, dtype=int), [phase])
    np.testing.assert_allclose(np.cov(narrowed), wanted, atol=1e-3 * observed.max() * 1e-3)
    np.testing.assert_allclose(narrowed.mean(axis=1), points.mean(axis=1))
    still = without_noise(points, np.full(200, -1), [phase])
    np.testing.assert_array_equal(still, points)


def test_positive_part_has_no_negative_eigenvalue_and_keeps_a_positive_matrix(rng):
    matrix = rng.standard_normal((3, 3))
    positive = matrix @ matrix.T
    np.testing.assert_allclose(positive_part(positive), positive, atol=1e-12)
    assert np.linalg.eigvalsh(positive_part(positive - 2 * np.eye(3))).min() > -1e-12


def test_bad_requests_are_refused(rng):
    zn, co = truth()
    pair = [(zn, co)] * 2
    with pytest.raises(ValueError, match="needs `replicates`"):
        phase_diagram(zn, co, corrections=["noise"])
    with pytest.raises(ValueError, match="needs `model`"):
        phase_diagram(zn, co, replicates=pair, corrections=["bias"])
    with pytest.raises(ValueError, match="there are none"):
        phase_diagram(zn, co, model=(zn, co))
    with pytest.raises(TypeError, match="sequence of names"):
        phase_diagram(zn, co, corrections="noise")
    with pytest.raises(ValueError, match="unknown correction 'luck'"):
        phase_diagram(zn, co, corrections=["luck"])
    with pytest.raises(ValueError, match="at least 2 pairs"):
        phase_diagram(zn, co, replicates=pair[:1])
    with pytest.raises(ValueError, match="shapes must agree"):
        phase_diagram(zn, co, replicates=[(zn[1:], co[1:])] * 2)
    with pytest.raises(ValueError, match="must be of 3 metals"):
        phase_diagram(zn, np.stack([co, co]), replicates=pair)
    for depth in (-1.0, np.nan):
        with pytest.raises(ValueError, match="0 or more"):
            phase_diagram(zn, co, erode=depth)
    with pytest.raises(ValueError, match='or "resolution"'):
        phase_diagram(zn, co, erode="deep")


def test_erosion_by_resolution_leaves_two_per_cent_of_the_edge():
    for width in (1.0, 1.5, 2.5):
        total = gaussian_filter(5.0 * BALL, width)
        diagram = phase_diagram(0.4 * total, 0.6 * total, interior=BALL, erode="resolution")
        # Slopes are taken up to 1.5 voxels from the steepest place.
        assert 2.3548 * width <= diagram.resolution_voxels <= 1.4 * 2.3548 * width
        # A curved surface bleeds a little more than a plane: 2 % becomes up to 4 in the outermost layer.
        assert diagram.density.min() > 0.95 * diagram.density.max()
