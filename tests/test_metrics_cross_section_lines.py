"""Several lines together, known biases, scatter between particles, linearity and its power."""

import numpy as np
import pytest
from glasstomo.metrics.cross_section import fit_cross_section, fit_cross_sections
from glasstomo.metrics.linearity import linearity_test
from glasstomo.metrics.particle_scatter import average_particles
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

LINES = {"Co_Ka": 3.38, "Co_Kb": 0.46}
DENSITY, ELECTRONS = 4.87, 1.25e9


def thickness(rng: np.random.Generator, size: int = 36) -> np.ndarray:
    """Thickness map of an ellipsoid, nm."""
    axis = np.linspace(-1, 1, size)
    semi = rng.uniform(0.75, 0.9, 2)
    square = 1 - (axis[:, None] / semi[0]) ** 2 - (axis / semi[1]) ** 2
    return rng.uniform(260, 320) * np.sqrt(np.maximum(square, 0))


def expected(true: np.ndarray, *, dose: float = 1.0) -> dict[str, np.ndarray]:
    return {line: dose * ELECTRONS * 1e-10 * DENSITY * barn * true for line, barn in LINES.items()}


def together(truth, rng, *, offsets=None, dose=1.0, scale=None, bend=0.0, **options):
    """Fit both lines of particles whose measured thickness is off by an offset each."""
    offsets = np.zeros(len(truth)) if offsets is None else offsets
    scale = np.ones(len(truth)) if scale is None else scale
    counts = {
        line: [
            rng.poisson(s * expected(t, dose=dose)[line] * (1 - bend * 1e-3 * t))
            for t, s in zip(truth, scale, strict=True)
        ]
        for line in LINES
    }
    maps = [np.where(t > 0, np.maximum(t - d, 0.1), 0) for t, d in zip(truth, offsets, strict=True)]
    return fit_cross_sections(counts, maps, DENSITY, dose * ELECTRONS, **options)


def test_one_line_alone_is_the_single_fit_bit_for_bit(rng):
    true = thickness(rng)
    counts = rng.poisson(expected(true)["Co_Ka"])
    alone = fit_cross_section(counts, true, DENSITY, ELECTRONS, line="Co_Ka")
    one = fit_cross_sections({"Co_Ka": counts}, true, DENSITY, ELECTRONS)["Co_Ka"]
    assert one.cross_section_barn == alone.cross_section_barn
    assert one.interval_barn == alone.interval_barn


@given(seed=st.integers(0, 2**32 - 1), prior=st.sampled_from([0.0, 2.5, np.inf]))
def test_ratio_of_two_lines_owes_nothing_to_the_thickness(seed, prior):
    rng = np.random.default_rng(seed)
    true = thickness(rng)
    counts = {line: rng.poisson(mean) for line, mean in expected(true).items()}
    wrong = np.where(true > 0, np.maximum(1.1 * true + rng.normal(0, 8, true.shape), 0.1), 0)
    fits = fit_cross_sections(counts, wrong, DENSITY, ELECTRONS, thickness_standard_error_nm=prior)
    mask = fits["Co_Ka"].particles[0].mask
    ratio = counts["Co_Kb"][mask].sum() / counts["Co_Ka"][mask].sum()
    found = fits["Co_Kb"].cross_section_barn / fits["Co_Ka"].cross_section_barn
    assert found == pytest.approx(ratio, rel=1e-12)


def test_weak_line_gains_from_the_strong_one():
    # Thicknesses off by 8 nm, known to ±8 nm, at a dose where Kα tells the offset to a few nm.
    errors = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        truth = [thickness(rng), thickness(rng)]
        offsets = rng.normal(0, 8, 2)
        counts = {line: [rng.poisson(expected(t)[line]) for t in truth] for line in LINES}
        maps = [np.where(t > 0, np.maximum(t - d, 0.1), 0) for t, d in zip(truth, offsets, strict=True)]
        settings = (maps, DENSITY, ELECTRONS)
        both = fit_cross_sections(counts, *settings, thickness_standard_error_nm=8.0)["Co_Kb"]
        alone = fit_cross_section(counts["Co_Kb"], *settings, thickness_standard_error_nm=8.0)
        errors.append([fit.cross_section_barn / LINES["Co_Kb"] - 1 for fit in (both, alone)])
    together_rms, alone_rms = np.sqrt(np.mean(np.square(errors), axis=0))
    assert together_rms < 0.75 * alone_rms


def test_known_bias_of_the_thickness_is_taken_off(rng):
    true = thickness(rng)
    counts = expected(true)
    short = np.where(true > 0, np.maximum(true - 6.0, 0.1), 0)
    plain = fit_cross_sections(counts, short, DENSITY, ELECTRONS, variance_per_count=0.0,
                               thickness_standard_error_nm=0.0)  # fmt: skip
    mended = fit_cross_sections(counts, short, DENSITY, ELECTRONS, variance_per_count=0.0,
                                thickness_standard_error_nm=0.0, thickness_bias_nm=-6.0)  # fmt: skip
    for line, barn in LINES.items():
        assert plain[line].cross_section_barn > 1.015 * barn
        assert mended[line].cross_section_barn == pytest.approx(barn, rel=1e-9)


def test_error_of_the_density_is_common_to_all_particles(rng):
    truth = [thickness(rng) for _ in range(4)]
    fit = together(truth, rng, density_relative_error=0.01)["Co_Ka"]
    assert fit.standard_errors_barn["density"] == pytest.approx(0.01 * fit.cross_section_barn)
    assert fit.relative_standard_error > 0.01
    assert fit.covers(fit.cross_section_barn)
    assert not fit.covers(1.1 * fit.cross_section_barn)


def test_scatter_enters_where_it_is_significant():
    rng = np.random.default_rng(1)
    truth = [thickness(rng) for _ in range(3)]
    tight = {"thickness_standard_error_nm": 0.05, "scatter_level": 0.05}
    equal = together(truth, rng, **tight)["Co_Ka"]
    assert equal.scatter_p_value > 0.05
    assert equal.standard_errors_barn["particles"] == 0
    differ = together(truth, rng, scale=[0.97, 1.0, 1.03], **tight)["Co_Ka"]
    assert differ.scatter_p_value < 1e-6
    # Standard deviation 3 % of three particles.
    assert differ.relative_standard_error == pytest.approx(0.03 / np.sqrt(3), rel=0.1)


def test_scatter_p_values_are_uniform_and_the_test_keeps_its_level():
    rng = np.random.default_rng(3)
    errors = np.array([0.1, 0.2, 0.15])
    means = [average_particles(5 + errors * rng.standard_normal(3), errors) for _ in range(1000)]
    # A thousand uniform numbers fail this once in a thousand times.
    assert kstest([mean.p_value for mean in means], "uniform").pvalue > 1e-3
    added = np.mean([mean.scatter > 0 for mean in means])
    assert added == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 1000))


@given(values=st.lists(st.floats(1, 10), min_size=2, max_size=6), level=st.sampled_from([0.0, 0.05, 1.0]))
def test_mean_lies_between_and_does_not_depend_on_the_order(values, level):
    values = np.array(values)
    errors = 0.1 + 0.05 * np.arange(values.size)
    one = average_particles(values, errors, level=level)
    other = average_particles(values[::-1], errors[::-1], level=level)
    assert values.min() - 1e-9 <= one.value <= values.max() + 1e-9
    assert one.shares.sum() == pytest.approx(1)
    assert (one.value, one.scatter) == pytest.approx((other.value, other.scatter), rel=1e-9, abs=1e-12)


def test_linearity_keeps_its_level_and_its_power():
    # Curvatures of 0 and of what is stated to be found in 80 %, of 100 calibrations each.
    options = {"thickness_standard_error_nm": 0.1, "scatter_level": 0.05}
    truths = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        truths.append([thickness(rng), thickness(rng)])
    straight = [
        linearity_test(together(t, np.random.default_rng(900 + i), **options)["Co_Ka"])
        for i, t in enumerate(truths)
    ]
    alarms = np.mean([not test.linear for test in straight])
    assert alarms <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)
    stated = float(np.median([test.detectable_per_um for test in straight]))
    bent = [
        linearity_test(together(t, np.random.default_rng(900 + i), bend=stated, **options)["Co_Ka"])
        for i, t in enumerate(truths)
    ]
    found = np.mean([not test.linear for test in bent])
    assert 0.65 <= found <= 0.97
    assert np.mean([test.curvature_per_um for test in bent]) == pytest.approx(-stated, rel=0.2)


def test_offsets_of_the_thickness_are_no_curvature():
    # 4 nm bend a line through the origin: the error must say so, at a dose where counting tells much less.
    alarms = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = [thickness(rng), thickness(rng)]
        fit = together(truth, rng, offsets=rng.normal(0, 4, 2), thickness_standard_error_nm=4.0)["Co_Ka"]
        alarms.append(not linearity_test(fit).linear)
    assert np.mean(alarms) <= 0.15


def test_linearity_says_what_it_found(rng):
    test = linearity_test(together([thickness(rng)], rng)["Co_Ka"], power=0.9)
    assert "would be found with probability 90%" in test.message
    assert test.detectable_per_um == pytest.approx((1.959964 + 1.281552) * test.standard_error, rel=1e-5)
    thin = together([0.5 * thickness(rng)], rng)["Co_Ka"]
    assert np.isnan(linearity_test(thin).beyond_p_value)
    with pytest.raises(ValueError, match="`power` must be a probability between 0 and 1, got 1"):
        linearity_test(thin, power=1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"counts": {}}, "names no line"), ({"density_relative_error": 1.5}, "0.01 means one per cent"),
     ({"scatter_level": -0.1}, "`scatter_level`"), ({"thickness_bias_nm": np.nan}, "`thickness_bias_nm`"),
     ({"thickness_bias_nm": [1.0, 2.0]}, "one number or 1")],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(change, message, rng):
    true = thickness(rng)
    good = {
        "counts": expected(true),
        "thickness_nm": true,
        "density_nm3": DENSITY,
        "electrons_per_pixel": 1e9,
    }
    with pytest.raises(ValueError, match=message) as error:
        fit_cross_sections(**{**good, **change})
    assert "\n" not in str(error.value)
