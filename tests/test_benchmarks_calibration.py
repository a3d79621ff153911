"""Calibration end to end: priors, twins, and what the ablation says of thickness."""

import numpy as np
import pytest
from click.testing import CliRunner
from glasstomo.benchmarks.calibration import calibrate
from glasstomo.benchmarks.calibration_ablation import (
    AblationRow,
    ablation,
    main,
    markdown_table,
    summarise,
    variants,
)
from glasstomo.benchmarks.experiment import Experiment
from glasstomo.benchmarks.standard_twins import prior_from_twins, thickness_error_nm, twin_phantom
from glasstomo.benchmarks.standards import draw_standard, measure_standard, radius_nm, standard_names
from glasstomo.benchmarks.thickness_prior import ThicknessPrior, is_usual, usual_prior
from glasstomo.forward import MICROSCOPES, TiltScheme


@pytest.fixture(scope="module")
def measured():
    """One standard of each element at 32 voxels, and the true thickness of each."""
    experiment = Experiment(size=32, seed=11, gap=1e-2)
    standards, truths = [], []
    for name, element, material in standard_names():
        if not name.endswith("1"):
            continue
        phantom = draw_standard(experiment, name, element)
        standards.append(measure_standard(experiment, phantom, "osiris", name, element, material))
        coarse = phantom.downsampled(2)
        truths.append(coarse.fill.sum(axis=0, dtype=np.float64) * coarse.grid.spacing_nm)
    return experiment, tuple(standards), truths


def test_calibration_is_right_within_its_interval(measured):
    experiment, standards, _ = measured
    found = calibrate(experiment, "osiris", standards)
    known = MICROSCOPES["osiris"].cross_section_barn
    assert set(found.fits) == set(known)
    assert found.prior == usual_prior(experiment.spacing_nm, radius_nm(standards))
    for line, fit in found.fits.items():
        # Voxels of 15 nm are twice those that the prior was measured with.
        assert fit.cross_section_barn == pytest.approx(known[line], rel=0.02)
        assert fit.standard_errors_barn["offset"] > 0


def test_a_given_prior_is_taken_and_moves_the_slope_as_it_must(measured):
    experiment, standards, _ = measured
    fits = [
        calibrate(
            experiment,
            "osiris",
            standards,
            prior=ThicknessPrior(bias_nm=bias, standard_error_nm=0.0, source="given"),
        ).fits["Zn_Ka"]
        for bias in (0.0, -3.0)
    ]
    # Three nm more of some 200 nm.
    thickness = np.mean(fits[0].particles[0].thickness_nm)
    assert fits[0].cross_section_barn / fits[1].cross_section_barn == pytest.approx(
        1 + 3 / thickness, rel=1e-3
    )


def test_twin_has_the_measured_body(measured):
    _, standards, truths = measured
    for standard, true in zip(standards, truths, strict=True):
        twin = twin_phantom(standard)
        assert twin.grid.shape == (64, 64, 64)
        assert twin.density(standard.element).max() == pytest.approx(standard.density_nm3, rel=1e-6)
        inside = standard.thickness_nm > 60
        again = twin.downsampled(2).fill.sum(axis=0, dtype=np.float64) * 15.0
        # Two descriptions of one interpolated surface: alike on average, half a voxel apart in places.
        assert abs((again - standard.thickness_nm)[inside].mean()) < 0.1 * 15.0
        assert np.abs(again - standard.thickness_nm)[inside].mean() < 0.25 * 15.0
        assert abs(thickness_error_nm(standard.thickness_nm, true)) < 0.3 * 15.0


def test_twins_tell_a_prior_and_need_two(measured):
    experiment, standards, _ = measured
    prior = prior_from_twins(experiment, "osiris", standards)
    assert prior.source == "2 twins"
    assert abs(prior.bias_nm) < 0.3 * 15.0
    assert prior.standard_error_nm >= 0.5 * abs(prior.bias_nm)
    with pytest.raises(ValueError, match="at least 2 twins for a scatter, got 1"):
        prior_from_twins(experiment, "osiris", standards[:1])


def test_other_series_than_the_default_are_unusual():
    assert is_usual(Experiment())
    assert is_usual(Experiment(size=48))
    assert not is_usual(Experiment(adf_dwell_s=1e-6))
    assert not is_usual(Experiment(adf_tilts=TiltScheme.uniform(-70, 70, 5)))
    assert not is_usual(Experiment(adf_tilts=TiltScheme.uniform(-45, 45, 29)))


def test_a_missing_element_is_refused(measured):
    experiment, standards, _ = measured
    with pytest.raises(ValueError, match="`standards` hold no Zn"):
        calibrate(experiment, "osiris", standards[:1])


@pytest.mark.slow
def test_ablation_tells_a_shifted_threshold_from_a_right_one():
    rows = {row.variant: row for row in summarise(ablation(size=32, seeds=1))}
    assert set(variants(Experiment(size=32))) < set(rows)
    low, high = (rows[f"threshold a tenth of the contrast too {word}"] for word in ("low", "high"))
    assert low.offset_voxels > rows["as calibrated"].offset_voxels > high.offset_voxels
    assert low.bias_percent < rows["as calibrated"].bias_percent < high.bias_percent


def test_table_and_bad_options():
    row = AblationRow(
        variant="no film", bias_percent=-0.1, bias_error=0.02, scatter_percent=0.08, offset_voxels=0.02,
        standards=4,
    )  # fmt: skip
    assert markdown_table([row]).splitlines()[-1] == "| no film | −0.100 ± 0.020 | 0.080 | +0.020 |"
    for arguments, message in (
        (["--out", "x.txt"], "must end in .md or .csv"),
        (["--size", "33"], "must be even"),
    ):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2
        assert message in result.output
