"""One replicate of a design: pure, its random numbers shared where they should be, its scores right."""

from types import SimpleNamespace

import numpy as np
import pytest
from glasstomo.benchmarks.design import scores as scoring
from glasstomo.benchmarks.design import trial
from glasstomo.benchmarks.design.design import Design
from glasstomo.benchmarks.design.scores import SCORES, edge_share, known_scores, score_volumes, scores_for
from glasstomo.benchmarks.design.sections import Specimen, Wanted
from glasstomo.benchmarks.design.streams import stream
from glasstomo.benchmarks.design.trial import TRIAL_COLUMNS, draw_truth, run_trial
from glasstomo.forward import expected_counts, history_of

ALL = tuple(name for name in SCORES if name != "cross_sections")
SMALL = Design(specimen={"size": 24})


def timeless(row):
    return {name: value for name, value in row.items() if not name.startswith("seconds")}


def forget():
    """Empty the caches, as a new process does."""
    for cache in (
        trial._fine_truth,
        trial._truth,
        trial._kept_series,
        trial._kept_expected,
        trial._calibrated,
    ):
        cache.cache_clear()


@pytest.fixture(scope="module")
def row():
    return run_trial(SMALL, replicate=1, seed=5, scores=ALL)


def test_a_row_has_every_column_and_plain_values(row):
    assert tuple(row) == TRIAL_COLUMNS
    assert all(value is None or type(value) in (int, float, str) for value in row.values())
    missing = {name for name, value in row.items() if value is None}
    # A segregated particle has no miscibility limit, and no standards were measured.
    assert missing == {
        *SCORES["cross_sections"],
        "miscibility_limit",
        "miscibility_limit_true",
        "miscibility_limit_error",
        "miscibility_limit_counts",
        "miscibility_limit_counts_error",
        "miscibility_limit_counts_covered",
    }
    assert row["interface_width_true_nm"] == 0.0


def test_a_trial_is_a_pure_function(row):
    run_trial(SMALL.with_field("specimen.particle", "flux_melted"), replicate=2, seed=5, scores=["volumes"])
    assert timeless(run_trial(SMALL, replicate=1, seed=5, scores=ALL)) == timeless(row)
    forget()
    assert timeless(run_trial(SMALL, replicate=1, seed=5, scores=ALL)) == timeless(row)


@pytest.mark.parametrize("change", [{"replicate": 2}, {"seed": 6}])
def test_other_replicates_and_seeds_are_other_particles(row, change):
    other = run_trial(SMALL, **{"replicate": 1, "seed": 5, "scores": ["volumes"], **change})
    assert other["nrmse_zn"] != row["nrmse_zn"]
    assert other["edge_share"] != row["edge_share"]


def test_scores_do_not_depend_on_what_else_is_asked_for(row):
    forget()
    for group in ALL:
        alone = run_trial(SMALL, replicate=1, seed=5, scores=[group])
        for column in SCORES[group]:
            assert alone[column] == row[column]


def test_methods_and_doses_see_the_same_particle_and_photons():
    base = trial.eds_counts(SMALL, replicate=0, seed=0)
    tv = trial.eds_counts(SMALL.with_field("reconstruction.method", "tv"), replicate=0, seed=0)
    np.testing.assert_array_equal(base.data, tv.data)
    # 5e7 e/nm2 and a tenth of it in each of 15 tilts: two rungs of one ladder.
    more, fewer = (
        trial.eds_counts(SMALL.with_field("beam.total_fluence_e_nm2", 15 * fluence), replicate=0, seed=0).data
        for fluence in (5e7, 5e6)
    )
    assert (fewer <= more).all()
    assert (fewer < more).any()
    one = draw_truth(Specimen(size=16), replicate=0, seed=0)
    wide = draw_truth(Specimen(size=16, options={"width_nm": 40.0}), replicate=0, seed=0)
    np.testing.assert_array_equal(one.fill, wide.fill)
    assert (one.densities != wide.densities).any()


def test_errors_are_the_same_at_every_dose():
    design = SMALL.with_field("imperfections.errors.shift_sigma_nm", 15.0)
    a = trial.eds_counts(design, replicate=0, seed=0)
    assert (a.data != trial.eds_counts(SMALL, replicate=0, seed=0).data).any()
    more, fewer = (
        trial.eds_counts(
            design.with_field("beam.total_fluence_e_nm2", 15 * fluence), replicate=0, seed=0
        ).data
        for fluence in (5e7, 5e6)
    )
    # Photons nest only if the images were displaced alike.
    assert (fewer <= more).all()


@pytest.mark.parametrize("particle", ["segregated", "flux_melted"])
def test_the_truth_scores_perfectly(particle):
    truth = draw_truth(Specimen(particle=particle, size=48), replicate=0, seed=0).downsampled(2)
    zn, co = truth.density("Zn"), truth.density("Co")
    row = score_volumes(zn, co, truth, scores=ALL)
    # Densities are float32: their fractions agree to one part in 1e7.
    assert row["zn_fraction_2sigma"] < 1e-6
    assert row["density_bias"] == 0.0
    assert row["mixing_state_right"] == 1.0
    assert row["nrmse_zn"] == row["nrmse_co"] == 0.0
    assert row["dice"] == 1.0
    if particle == "segregated":
        # A voxel of 10 nm hides what is thinner.
        assert abs(row["interface_width_bias_nm"]) < 10.0
    else:
        assert row["miscibility_limit_true"] == 0.55
        assert abs(row["miscibility_limit_error"]) < 0.06


def test_noise_alone_finds_no_particle_and_misses_everything():
    truth = draw_truth(Specimen(size=16), replicate=0, seed=0).downsampled(2)
    nothing = np.zeros(truth.grid.shape, np.float32)
    row = score_volumes(nothing, nothing, truth, scores=ALL)
    assert row["mixing_state_right"] == 0.0
    assert row["mixing_state"] == "none"
    assert row["nrmse_zn"] == 1.0
    assert row["dice"] == 0.0
    assert row.get("phase_diagram_distance") is None


def test_edge_share_counts_the_voxels_of_a_surface():
    truth = draw_truth(Specimen(size=16), replicate=0, seed=0)
    flat = type(truth)(
        grid=truth.grid,
        elements=("Zn",),
        densities=np.zeros((1, 32, 32, 32), np.float32),
        fill=truth.fill,
        labels=truth.labels,
        phase_names=truth.phase_names,
    )
    assert edge_share(flat) == 0.0
    flat.densities[0, :, :, 10:20] = 4.0
    # Two planes of 32 x 32 steps.
    assert edge_share(flat) == pytest.approx(2 * 32 * 32 / 32**3)


def test_an_oracle_beats_what_does_not_know_the_truth():
    rows = [
        run_trial(SMALL.with_field("reconstruction.lam", lam), replicate=0, seed=0, scores=["volumes"])
        for lam in ("oracle", "discrepancy")
    ]
    oracle, honest = (row["nrmse_zn"] ** 2 + row["nrmse_co"] ** 2 for row in rows)
    # The oracle searches a grid of lambda with a factor of two between neighbours.
    assert oracle < 1.02 * honest


def fits_of(sections: dict[str, float], *, error: float = 0.02) -> dict[str, SimpleNamespace]:
    """Stand-ins of fitted cross-sections whose intervals reach two relative standard errors."""
    return {
        line: SimpleNamespace(
            cross_section_barn=barn,
            relative_standard_error=error,
            covers=lambda known, barn=barn: abs(known / barn - 1) < 2 * error,
        )
        for line, barn in sections.items()
    }


def test_only_calibration_needs_no_reconstruction(monkeypatch):
    fitted = {"Co_Ka": 3.38 * 1.01, "Co_Kb": 0.45, "Zn_Ka": 2.48 * 0.95, "Zn_Kb": 0.32}
    monkeypatch.setattr(trial, "_calibrated", lambda experiment: fits_of(fitted))
    design = SMALL.replace(specimen=Specimen(size=32), wanted=Wanted(cross_section_bias=0.02))
    row = run_trial(design, replicate=0, seed=0)
    assert row["solver_status"] is None
    assert row["cross_section_bias_Co_Ka"] == pytest.approx(0.01)
    assert row["cross_section_bias"] == pytest.approx(-0.05)
    assert row["cross_section_bias_Co_Kb"] == pytest.approx(0.0)
    assert row["cross_section_error_Zn_Kb"] == 0.02
    assert (row["cross_section_covered_Co_Ka"], row["cross_section_covered_Zn_Ka"]) == (1.0, 0.0)


def test_measured_cross_sections_reach_the_densities(monkeypatch):
    monkeypatch.setattr(
        trial, "_calibrated", lambda experiment: fits_of({"Co_Ka": 2 * 3.38, "Zn_Ka": 2 * 2.48})
    )
    design = SMALL.replace(specimen=Specimen(size=32))
    known = run_trial(design, replicate=0, seed=0, scores=["precision"])
    row = run_trial(
        design.with_field("calibration.cross_sections", "measured"),
        replicate=0,
        seed=0,
        scores=["precision"],
    )
    # Twice the cross-section makes half of the density of 5 to 6 nm-3.
    assert row["density_bias"] - known["density_bias"] == pytest.approx(-2.75, abs=0.3)


def test_the_experiment_of_a_calibration_keeps_dose_and_tilts():
    design = Design(
        beam={"dwell_s": 0.8, "pixel_nm": 10.0}, calibration={"adf_tilts": 11, "adf_range_deg": 60.0}
    )
    experiment = trial._experiment(design, 0, 0)
    assert experiment.eds_dwell_s == pytest.approx(0.2)
    assert experiment.adf_dwell_s == pytest.approx(5e-6)
    assert experiment.adf_tilts.count == 11
    assert experiment.adf_tilts.angles_deg[-1] == 60.0
    assert experiment.seed != trial._experiment(design, 1, 0).seed


def test_groups_are_what_is_wanted():
    assert scores_for(Wanted(density_bias=0.1)) == ("precision",)
    assert scores_for(Wanted(mixing_state=0.9, interface_width_bias_nm=3)) == ("mixing", "interface")
    assert known_scores(["volumes", "precision", "volumes"]) == ("precision", "volumes")
    with pytest.raises(ValueError, match="did you mean 'mixing'"):
        known_scores(["mixng"])
    assert set(scoring._GROUP_OF_WANTED) <= set(Wanted.model_fields)


def test_streams_are_apart():
    draws = {
        np.random.default_rng(stream(seed, *names)).random()
        for seed in (0, 1)
        for names in (("a",), ("b",), ("a", 1), ("a", "1"), ("a", 1, 2))
    }
    assert len(draws) == 10


def test_counts_are_those_of_a_simulation_at_that_dose():
    design = SMALL.with_fields({"beam.dwell_s": 0.013, "imperfections.errors.current_sigma": 0.1})
    mine = trial._expected(design, 0, 0)
    phantom = draw_truth(design.specimen, replicate=0, seed=0)
    history = history_of(phantom, design.acquisition, rng=np.random.default_rng(stream(0, "errors", 0)))
    own = expected_counts(phantom, design.acquisition, history=history)
    # One dose is computed and scaled to the others: only rounding may differ.
    np.testing.assert_allclose(mine.data, own.data, rtol=1e-12)
    assert mine.electrons_per_pixel == pytest.approx(own.electrons_per_pixel, rel=1e-12)
    assert mine.metadata["dwell_s"] == pytest.approx(own.metadata["dwell_s"], rel=1e-12)


def test_damage_is_simulated_at_its_own_dose():
    damage = {"mass_loss": {"Co": 0.5, "Zn": 0.5}, "mass_loss_fluence_e_nm2": 1e8}
    fresh, spent = (
        trial._expected(
            SMALL.with_fields({"imperfections.damage": damage, "beam.total_fluence_e_nm2": dose}), 0, 0
        ).data.sum()
        / dose
        for dose in (1e6, 1e9)
    )
    assert spent < 0.8 * fresh
