"""Rules for lambda, and what of the problem's form reaches the solver through `reconstruct`."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import seeds
from glasstomo.forward import Projector, TiltSeries
from glasstomo.recon import Problem, Status, reconstruct, solve_pdhg
from glasstomo.recon.coarser_problem import can_coarsen, coarsen, fine_lambda, refine
from glasstomo.recon.lambda_choice.discrepancy import find_lambda
from glasstomo.recon.lambda_choice.expected_deviance import expected_deviance
from glasstomo.recon.lambda_choice.held_out import _chosen, cross_validation, held_out_groups, tilt_misfits
from glasstomo.recon.lambda_choice.oracle import oracle
from glasstomo.recon.lambda_choice.path import regularisation_path
from glasstomo.recon.noisy_problem import joined, noisy_problem
from glasstomo.recon.some_tilts import some_tilts
from hypothesis import given
from hypothesis import strategies as st

from .small_problems import one_thread, particle, particle_problem  # noqa: F401

ANGLES = np.linspace(-65, 65, 9)
terms = pytest.mark.parametrize("data_term", ["least_squares", "kullback_leibler"])


def counts_of(volume, seed=1, dose=2.0, angles=ANGLES, background=0.0):
    """Poisson counts of a volume, with its own grid for data and reconstruction."""
    projector = Projector(shape=volume.shape[:2], angles_deg=angles, spacing_nm=5.0)
    return np.random.default_rng(seed).poisson(dose * projector.forward(volume) + background)


def counts_problem(n=16, *, dose=2.0, background=0.0, **options):
    """The same counts with the Kullback–Leibler data term, in units of the density."""
    counts = counts_of(particle(n), dose=dose, background=background)
    return Problem(
        data=counts / dose,
        weights=np.full(counts.shape, dose),
        background=background / dose if background else None,
        angles_deg=ANGLES,
        spacing_nm=5.0,
        data_term="kullback_leibler",
        **options,
    )


# -- expected deviance


@given(st.floats(0.0, 200.0))
def test_expected_deviance_is_the_series_over_all_counts(mean):
    from scipy import stats
    from scipy.special import xlogy

    n = np.arange(700)
    terms = stats.poisson.pmf(n, mean) * 2 * (mean - n + np.where(n > 0, xlogy(n, n / max(mean, 1e-300)), 0))
    # Linear interpolation in a table of 4000 means, and three terms of the expansion.
    assert expected_deviance(np.array(mean)) == pytest.approx(terms.sum(), abs=5e-6)


def test_expected_deviance_is_what_counts_give():
    rng = np.random.default_rng(0)
    for mean in (0.02, 0.7, 4.0, 300.0):
        n = rng.poisson(mean, 400_000)
        log = np.log(np.maximum(n, 1) / mean)
        drawn = 2 * (mean - n + n * log)
        # Four standard errors.
        error = 4 * drawn.std() / np.sqrt(drawn.size)
        assert expected_deviance(np.array(mean)) == pytest.approx(drawn.mean(), abs=error)


# -- path


@terms
def test_a_warm_started_path_gives_the_solutions_of_cold_starts(data_term):
    problem = counts_problem(14) if data_term == "kullback_leibler" else particle_problem(14)
    points = list(regularisation_path(problem, fractions=[0.01, 0.3, 0.06], gap=1e-4, keep=True))
    assert [round(p.fraction, 6) for p in points] == [0.3, 0.06, 0.01]
    for point in points:
        cold = solve_pdhg(problem.with_lam(point.lam), gap=1e-4)
        assert point.status is Status.CONVERGED
        assert point.objective == pytest.approx(cold.objective, rel=2e-4)
        assert point.objective == pytest.approx(0.5 * point.misfit + point.lam * point.variation, rel=1e-6)
    assert points[0].misfit > points[1].misfit > points[2].misfit
    assert points[0].variation < points[1].variation < points[2].variation


def test_a_path_keeps_no_volumes_unless_asked():
    problem = particle_problem(8)
    assert next(regularisation_path(problem, lams=[1.0])).volume is None
    assert np.isnan(next(regularisation_path(problem, lams=[1.0])).fraction)


def test_a_path_ends_when_told():
    problem = particle_problem(12, regulariser="tv2")
    options = {"lams": [8.0, 4.0, 2.0], "gap": 0.0, "max_iterations": 100_000}
    points = list(regularisation_path(problem, **options, callback=lambda *_: True))
    assert [p.status for p in points] == [Status.STOPPED]
    points = list(regularisation_path(problem, **options, max_seconds=1e-6))
    assert [p.status for p in points] == [Status.TIME_LIMIT]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fractions": [0.5, 2.0]}, r"`fractions` must hold finite numbers in \(0, 1\]"),
        ({"fractions": []}, "`fractions` must hold finite numbers"),
        ({"lams": [1.0, 0.0]}, "`lams` must hold finite numbers > 0"),
        ({"lams": [1.0], "fractions": [0.5]}, "not both"),
        ({"lams": [1.0], "max_seconds": 0}, "`max_seconds` must be positive"),
    ],
)
def test_bad_paths_are_refused_before_the_first_solve(options, message):
    for function in (regularisation_path, cross_validation):
        with pytest.raises(ValueError, match=message):
            function(particle_problem(8), **options)


# -- held-out tilts


@given(st.integers(3, 40), st.integers(2, 8), seeds())
def test_inner_tilts_are_held_out_once_and_apart(tilts, folds, seed):
    angles = np.random.default_rng(seed).permutation(np.linspace(-70, 70, tilts))
    groups = held_out_groups(angles, folds)
    held = sorted(tilt for group in groups for tilt in group)
    outer = {int(np.argmin(angles)), int(np.argmax(angles))}
    assert held == sorted(set(range(tilts)) - outer)
    rank = np.argsort(np.argsort(angles))
    for group in groups:
        assert (np.diff(sorted(rank[list(group)])) == folds).all()


@terms
def test_held_out_misfit_is_that_of_the_tilts_alone(data_term):
    problem = counts_problem(10, background=0.3) if data_term == "kullback_leibler" else particle_problem(10)
    volume = particle(10) + np.float32(0.2)
    misfits = tilt_misfits(problem, volume)
    assert misfits[:, 0].sum() == pytest.approx(problem.misfit(problem.forward(volume)), rel=1e-4)
    for tilt in (0, 4):
        one = some_tilts(problem, np.array([tilt]))
        assert misfits[tilt, 0] == pytest.approx(one.misfit(one.forward(volume)), rel=1e-4)
        assert misfits[tilt, 1] == np.count_nonzero(one.weights)


def test_an_empty_prediction_of_counts_is_finite():
    problem = counts_problem(10)
    assert np.isfinite(tilt_misfits(problem, np.zeros(problem.shape, np.float32))).all()


@terms
def test_cross_validation_comes_close_to_the_oracle(data_term):
    """No truth is used, yet the volume is nearly as close to it as the best λ allows."""
    truth = particle(16)
    problem = counts_problem(16, dose=0.1)
    if data_term == "least_squares":
        weights = 0.1**2 / np.maximum(0.1 * problem.data, 1.0)
        problem = replace(problem, data_term=data_term, weights=weights)
    lams = np.geomspace(300.0, 0.005, 16)
    best = oracle(problem, truth, lams=lams)
    found = cross_validation(problem, lams=lams)
    assert found.status is best.status is Status.CONVERGED
    assert len(found.lams) == len(found.risks) < 16

    def error(lam):
        return np.sqrt(np.mean((solve_pdhg(problem.with_lam(lam), gap=0.01).volume - truth) ** 2))

    # Two steps of the grid off in either direction cost more than this.
    assert error(found.lam) < 1.15 * min(best.errors)
    assert min(best.errors) < 0.9 * min(best.errors[0], best.errors[-1])


def test_the_rules_on_given_risks():
    """Misfits of four tilts at five λ: the parabola's minimum, and the largest λ that is no worse."""
    lams = [16.0, 8.0, 4.0, 2.0, 1.0]
    risks = [9.0, 5.0, 4.2, 4.0, 4.4]
    # Per tilt: differences to the least risk spread by 0.5 at λ = 4, so that their mean errs by 0.25.
    spread = np.outer([0.0, 0.0, 0.5, 0.0, 0.0], [-1, 1, -1, 1]) * np.sqrt(3 / 4)
    tried = [np.stack([row, np.ones(4)], axis=1) for row in np.array(risks)[:, None] + spread]
    least = _chosen(tried, lams, "minimum", ((0, 1), (2, 3)), Status.CONVERGED)
    assert least.risks == pytest.approx(risks)
    # Risks 4.2, 4.0, 4.4 at log2 λ = 2, 1, 0: the parabola is least at 1 + 1/6.
    assert np.log2(least.lam) == pytest.approx(1 + 1 / 6)
    smoother = _chosen(tried, lams, "one_standard_error", ((0, 1), (2, 3)), Status.CONVERGED)
    assert smoother.standard_errors[2] == pytest.approx(0.25)
    assert smoother.lam == 4.0


def test_cross_validation_says_when_the_least_risk_is_at_an_end():
    found = cross_validation(particle_problem(12), lams=[3000.0, 1500.0])
    assert found.status is Status.ITERATION_LIMIT


def test_cross_validation_keeps_what_it_has_when_stopped():
    calls = []

    def later(*numbers):
        calls.append(numbers)
        return len(calls) > 30

    options = {"lams": np.geomspace(30, 0.01, 12), "gap": 1e-9, "max_iterations": 60}
    found = cross_validation(particle_problem(12), **options, callback=later)
    assert found.status is Status.STOPPED
    assert 0 < len(found.risks) < 12
    found = cross_validation(particle_problem(12), **options, max_seconds=1e-6)
    assert found.status is Status.TIME_LIMIT
    assert found.risks == ()
    assert found.lam > 0


def test_cross_validation_needs_tilts_between_others():
    problem = some_tilts(particle_problem(8), np.array([0, 1]))
    with pytest.raises(ValueError, match="at least 3 tilts; got 4 for 2 tilts"):
        cross_validation(problem, lams=[1.0])
    with pytest.raises(ValueError, match="`rule` must be 'minimum' or 'one_standard_error', got 'best'"):
        cross_validation(problem, rule="best")


# -- oracle


def test_the_oracle_takes_any_score():
    problem, truth = particle_problem(12, counts=0.1), particle(12)
    lams = np.geomspace(100, 0.01, 10)
    plain = oracle(problem, truth, lams=lams)
    assert plain.lam == plain.lams[int(np.argmin(plain.errors))]
    mass = oracle(problem, truth, lams=lams, score=lambda volume, true: abs(volume.sum() - true.sum()))
    assert mass.errors != plain.errors
    with pytest.raises(ValueError, match=r"`truth` must have the shape of the problem \(12, 12, 12\)"):
        oracle(problem, truth[:-1])


# -- discrepancy


def test_the_search_ends_at_a_solve_that_was_stopped():
    found = find_lambda(lambda lam: float("nan"), 1.0, start=3.0)
    assert found.lam == 3.0
    assert found.tried == ()
    values = iter([5.0, float("nan")])
    found = find_lambda(lambda lam: next(values), 1.0, start=3.0)
    assert found.tried == ((3.0, 5.0),)


@given(st.floats(0.1, 1.0), st.floats(-2, 2))
def test_a_power_law_is_found_in_a_few_solves(power, offset):
    """misfit = (λ / λ*)^power for any λ* within two decades of the start."""
    wanted = 10.0**offset
    found = find_lambda(lambda lam: (lam / wanted) ** power, 1.0, start=1.0)
    if not found.limited_by_model:
        assert found.misfit == pytest.approx(1.0, rel=0.04) or len(found.tried) == 8
        assert len(found.tried) <= 8
    if abs(offset) < 1 and power > 0.2:
        assert found.misfit == pytest.approx(1.0, rel=0.04)


@terms
def test_the_misfit_of_the_answer_is_the_one_expected(data_term):
    counts = counts_of(particle(32), dose=0.05)
    result = reconstruct(counts, "tv", angles_deg=ANGLES, spacing_nm=5.0, data_term=data_term, gap=5e-3)
    record = result.history["signal"]["discrepancy"]
    assert result.status is Status.CONVERGED
    assert not record["limited_by_model"]
    predicted = Projector(shape=(32, 32), angles_deg=ANGLES, spacing_nm=5.0).forward(result.volume)
    if data_term == "kullback_leibler":
        mean = np.maximum(predicted.astype(float), 1e-9)
        ratio = np.where(counts > 0, counts / mean, 1.0)
        misfit = 2 * np.sum(mean - counts + counts * np.log(ratio))
        assert misfit == pytest.approx(record["target"], rel=0.05)
    assert record["misfit"] == pytest.approx(record["target"], rel=0.03)


# -- coarse problems


FORMS = [
    {"regulariser": "tv"},
    {"regulariser": "tv2"},
    {"regulariser": "tv_tv2", "second_order_share": 0.3},
    {"regulariser": "tgv2", "tgv_ratio": 3.0},
]


@terms
@pytest.mark.parametrize("channels", [None, 2])
def test_coarse_data_terms_agree_on_what_coarse_voxels_can_show(data_term, channels):
    """Where fine data are constant over 2 × 2 pixels, as all else, both data terms are equal."""
    rng = np.random.default_rng(0)

    def fine(low, high):
        lead = () if channels is None else (channels,)
        return np.kron(rng.uniform(low, high, (*lead, 3, 16, 16)), np.ones((2, 2)))

    problem = Problem(
        data=fine(5, 9),
        weights=fine(0.5, 2),
        background=fine(0.1, 0.5),
        gains=rng.uniform(0.5, 1, 3),
        angles_deg=[-30.0, 0.0, 45.0],
        spacing_nm=2.0,
        data_term=data_term,
        upper=5.0,
        lam=1.0,
    )
    assert can_coarsen(problem)
    coarse = coarsen(problem)
    assert coarse.grid == (16, 16, 16)
    assert (coarse.upper, coarse.spacing_nm, coarse.data_term) == (5.0, 4.0, data_term)
    projected = np.kron(coarse.data, np.ones((2, 2)))
    projected = (projected * 1.1).astype(np.float32)
    assert coarse.misfit((coarse.data * 1.1).astype(np.float32)) == pytest.approx(
        problem.misfit(projected), rel=1e-4
    )


def test_coarse_counts_add_up():
    problem = counts_problem(32, background=0.5)
    weights = problem.weights.copy()
    weights[:, 0, :] *= 3
    weights[0, 6, 7] = 0
    problem = replace(problem, weights=weights)
    coarse = coarsen(problem)
    whole = np.kron(coarse.weights > 0, np.ones((1, 2, 2))) > 0
    assert not coarse.weights[0, 3, 3]
    fine = problem.weights.astype(float) * problem.data * whole
    assert (coarse.weights * coarse.data).sum() == pytest.approx(fine.sum(), rel=1e-5)
    assert coarse.weights.sum() == pytest.approx((problem.weights * whole).sum(), rel=1e-5)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["regulariser"])
def test_coarse_lambda_keeps_the_weight_of_the_regulariser(form):
    """On a smooth volume λ R is the same on voxels twice as large, to the order of the voxels."""
    pytest.importorskip(f"glasstomo.recon.regularisers.{form['regulariser']}")
    problem = particle_problem(64, tilts=2, lam=2.0, **form)
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, 64),) * 3, indexing="ij")
    volume = (10 * np.exp(-3 * (z**2 + 1.5 * y**2 + 0.5 * x**2))).astype(np.float32)
    means = volume.reshape(32, 2, 32, 2, 32, 2).mean(axis=(1, 3, 5))
    coarse = coarsen(problem)
    large = small = None
    if form["regulariser"] == "tgv2":
        # Half the slope, so that both of its terms count.
        large = np.stack([0.5 * np.gradient(means, axis=axis) for axis in range(3)]).astype(np.float32)
        small = np.stack([0.5 * np.gradient(volume, axis=axis) for axis in range(3)]).astype(np.float32)
    fine_value = problem.lam * problem.regulariser_value(volume, small)
    assert coarse.lam * coarse.regulariser_value(means, large) == pytest.approx(fine_value, rel=0.06)
    assert fine_lambda(problem, coarse.lam) == pytest.approx(problem.lam)


@terms
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["regulariser"])
def test_a_coarse_solution_resembles_the_fine_one(data_term, form):
    """Volume and duals, also in size: a factor 2 in λ or weights would show."""
    pytest.importorskip(f"glasstomo.recon.regularisers.{form['regulariser']}")
    truth = np.kron(particle(16), np.ones((2, 2, 2))).astype(np.float32)
    counts = counts_of(truth, dose=0.2)
    weights = np.full(counts.shape, 0.2) if data_term == "kullback_leibler" else 0.04 / np.maximum(counts, 1)
    problem = Problem(
        data=counts / 0.2,
        weights=weights,
        angles_deg=ANGLES,
        spacing_nm=5.0,
        data_term=data_term,
        lam=20.0,
        **form,
    )
    coarse = solve_pdhg(coarsen(problem), gap=2e-3, max_iterations=2000)
    start = refine(coarse.state, problem)
    fine = solve_pdhg(problem, gap=2e-3, max_iterations=2000).state

    def binned(residual):
        return residual.reshape(9, 16, 2, 16, 2).sum(axis=(2, 4))

    pairs = [(start.volume, fine.volume), (binned(start.residual), binned(fine.residual))]
    pairs += [(start.field[part], fine.field[part]) for part in (slice(0, 3), slice(3, None))]
    for one, other in pairs:
        if one.size:
            size = np.linalg.norm(one) / np.linalg.norm(other)
            assert 0.65 < size < 1.5
            assert np.vdot(one, other) / np.linalg.norm(one) / np.linalg.norm(other) > 0.4


def test_gradients_per_voxel_are_halved():
    """The auxiliary volume of a ramp is its gradient on either grid."""
    problem = particle_problem(32, tilts=2, regulariser="tgv2", lam=1.0)
    coarse = solve_pdhg(coarsen(problem), max_iterations=1).state
    ramp = np.arange(16.0) * 6.0
    coarse.auxiliary[:] = np.array([0.0, np.diff(ramp)[0], 0.0])[:, None, None, None]
    fine = refine(coarse, problem).auxiliary
    assert (fine[1] == np.diff(np.interp(np.arange(32) / 2, np.arange(16), ramp))[0]).all()
    assert not fine[0].any()


# -- reconstruct


def eds_series(**options):
    counts = np.stack([counts_of(particle(16), dose=0.3), counts_of(particle(16)[::-1], seed=2, dose=0.1)])
    given = {
        "data": counts,
        "angles_deg": ANGLES,
        "spacing_nm": 5.0,
        "channels": ("Co_Ka", "Zn_Ka"),
        "signal": "EDS_TEM",
    }
    return TiltSeries(**{**given, **options})


def test_the_oracle_is_named_and_never_met_by_accident():
    series = eds_series()
    truth = np.stack([0.3 * particle(16), 0.1 * particle(16)[::-1]])
    result = reconstruct(series, "tv", lam="oracle", truth=truth, gap=0.01)
    assert result.settings["lam"] == "oracle"
    assert all("oracle" in one for one in result.history.values())
    plain = reconstruct(series, "tv", gap=0.01)
    assert all("oracle" not in one for one in plain.history.values())
    with pytest.raises(ValueError, match="`truth` and lam='oracle' go together"):
        reconstruct(series, "tv", lam="oracle")
    with pytest.raises(ValueError, match="`truth` and lam='oracle' go together"):
        reconstruct(series, "tv", truth=truth)
    with pytest.raises(ValueError, match="`truth` must be shaped like the answer"):
        reconstruct(series, "tv", lam="oracle", truth=truth[0])


def test_cross_validation_is_recorded():
    result = reconstruct(eds_series().channel("Co_Ka"), "tv", lam="cross_validation", gap=0.01)
    record = result.history["Co_Ka"]["cross_validation"]
    assert result.lam[0] == record["lam"]
    assert result.settings["lam"] == "cross_validation"
    assert np.isnan(result.lam_fraction[0])


def test_units_do_not_matter():
    """Counts or areal densities: the same volume, in other units; λ and bounds follow."""
    series = eds_series(electrons_per_pixel=1e9)
    sections = {"Co_Ka": 3.0, "Zn_Ka": 2.0}
    for data_term in ("least_squares", "kullback_leibler"):
        options = {"data_term": data_term, "lam": 0.02, "gap": 1e-4, "background": 0.1}
        plain = reconstruct(series, "tv", **options)
        metric = reconstruct(series, "tv", **options, cross_section_barn=sections)
        for channel, section in sections.items():
            scale = 1e9 * section * 1e-10
            peak = float(plain.channel(channel).max())
            assert metric.channel(channel) * scale == pytest.approx(plain.channel(channel), abs=0.05 * peak)


def test_the_upper_bound_is_in_the_units_of_the_answer():
    series = eds_series(electrons_per_pixel=1e9).channel("Co_Ka")
    result = reconstruct(
        series, "tv", lam=0.003, upper=1.0, cross_section_barn={"Co_Ka": 3.0}, gap=0.01, max_iterations=300
    )
    assert result.volume.max() == pytest.approx(1.0)
    assert result.settings["upper"] == 1.0


def test_a_background_in_the_model_does_not_reach_the_volume():
    """Gross counts with their background give the density of net ones; ignored, it becomes matter."""
    counts = counts_of(particle(16), dose=0.5, background=20.0)
    for data_term in ("least_squares", "kullback_leibler"):
        options = {"angles_deg": ANGLES, "spacing_nm": 5.0, "data_term": data_term, "gap": 0.01, "lam": 0.01}
        modelled = reconstruct(counts, "tv", background=20.0, **options).volume.sum()
        ignored = reconstruct(counts, "tv", **options).volume.sum()
        truth = 0.5 * particle(16).sum()
        assert modelled == pytest.approx(truth, rel=0.05)
        assert ignored > 1.3 * truth


def test_counts_that_are_missing_are_the_price_of_the_regulariser():
    """As no scaling of the optimum lowers the objective, Σ k (b − y) = λ R(x); without λ none are missing."""
    counts = counts_of(particle(16), dose=0.05)
    options = {"angles_deg": ANGLES, "spacing_nm": 5.0, "data_term": "kullback_leibler"}
    result = reconstruct(counts, "tv", lam=0.02, gap=2e-5, max_iterations=20_000, **options)
    predicted = Projector(shape=(16, 16), angles_deg=ANGLES, spacing_nm=5.0).forward(result.volume)
    steps = [np.diff(result.volume, axis=a, append=np.take(result.volume, [-1], a)) for a in range(3)]
    price = result.lam[0] * np.sqrt(sum(step.astype(float) ** 2 for step in steps)).sum()
    assert counts.sum() - predicted.sum(dtype=float) == pytest.approx(price, rel=0.02)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"signal": "ADF", "data": np.ones((9, 16, 16)), "channels": ("ADF",)}, "ADF intensities"),
        ({"variance": np.ones((2, 9, 16, 16))}, "net counts with a variance"),
        ({"data": np.full((2, 9, 16, 16), -0.5)}, r"negative values \(-0.5\)"),
    ],
)
def test_what_is_not_counts_is_refused(options, reason):
    with pytest.raises(ValueError, match=f"needs Poisson counts, and {reason}") as error:
        reconstruct(eds_series(**options), "tv", data_term="kullback_leibler")
    assert "\n" not in str(error.value)


def test_a_negative_array_is_refused_as_counts():
    with pytest.raises(ValueError, match="needs Poisson counts"):
        reconstruct(
            np.full((3, 8, 8), -1.0),
            angles_deg=[-30, 0, 30],
            spacing_nm=1.0,
            data_term="kullback_leibler",
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data_term": "gauss"}, "`data_term` must be one of least_squares, kullback_leibler, got 'gauss'"),
        ({"upper": -1.0}, "`upper` must be positive, got -1.0"),
        ({"background": np.ones(3)}, "`background` must fit the data"),
        ({"method": "sirt", "joint": True}, "`joint` goes with a variational method .* sirt does not"),
        ({"method": "mlem", "upper": 2.0}, "`upper` goes with a variational method"),
        ({"lam": "guess"}, "`lam` must be a fraction of lambda_max or one of 'discrepancy'"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        reconstruct(eds_series(), **options)


# -- joint channels


def test_joint_channels_count_by_their_own_scale():
    """The unit of one channel changes nothing but itself; an empty channel does no harm."""
    series = eds_series()
    projector = Projector(shape=(16, 16), angles_deg=ANGLES, spacing_nm=5.0)

    def parts(factor):
        found = [noisy_problem(series.channel(c), None, "model", None, projector) for c in series.channels]
        scaled = replace(
            found[1].problem,
            data=factor * found[1].problem.data,
            weights=found[1].problem.weights / factor**2,
        )
        return joined([found[0], replace(found[1], problem=scaled)])

    one, other = parts(1.0), parts(100.0)
    assert one.problem.channel_weights.mean() == pytest.approx(1.0)
    assert one.target == other.target
    ratio = one.problem.channel_weights / other.problem.channel_weights
    assert ratio[1] / ratio[0] == pytest.approx(100.0, rel=1e-5)
    empty = noisy_problem(
        replace(series.channel("Co_Ka"), data=np.zeros((9, 16, 16), int)), None, "model", None, projector
    )
    weights = joined([parts_first(series, projector), empty]).problem.channel_weights
    assert weights == pytest.approx([1.0, 1.0])


def parts_first(series, projector):
    return noisy_problem(series.channel("Co_Ka"), None, "model", None, projector)


def test_joint_channels_share_edges():
    """A channel of few counts gains from one of many with the same shape."""
    truth = particle(16)
    counts = np.stack([counts_of(truth, dose=0.5), counts_of(truth, seed=2, dose=0.01)])
    true = np.stack([0.5 * truth, 0.01 * truth])
    options = {"angles_deg": ANGLES, "spacing_nm": 5.0, "gap": 0.02, "lam": "oracle", "truth": true}
    alone = reconstruct(counts, "tv", **options)
    joint = reconstruct(
        counts,
        "tv",
        joint=True,
        score=lambda volume, true: float(np.mean((volume[1] - true[1]) ** 2)),
        **options,
    )
    assert joint.volume.shape == (2, 16, 16, 16)
    assert list(joint.history) == ["joint"]
    assert joint.lam[0] == joint.lam[1]
    assert joint.settings["joint"] is True
    errors = [np.sqrt(np.mean((one.volume[1] / 0.01 - truth) ** 2)) for one in (alone, joint)]
    assert errors[1] < 0.9 * errors[0]


def test_one_joint_channel_is_an_ordinary_one():
    series = eds_series().channel("Co_Ka")
    options = {"lam": 0.01, "gap": 0.01}
    joint, plain = (reconstruct(series, "tv", joint=joint, **options) for joint in (True, False))
    assert np.array_equal(joint.volume, plain.volume)
