"""Scores of what is fitted straight to the counts stand in the row of a replicate, where there is a truth."""

import numpy as np
import pytest
from glasstomo.benchmarks.design import Design
from glasstomo.benchmarks.design.scores import SCORES
from glasstomo.benchmarks.design.trial import run_trial

COARSE = {"gap": 1e-2, "max_iterations": 200}


def row_of(particle: str, scores: list[str], **specimen) -> dict:
    design = Design(specimen={"particle": particle, "size": 40, **specimen}, reconstruction=COARSE)
    return run_trial(design, replicate=1, seed=3, scores=scores)


@pytest.mark.slow
def test_a_segregated_particle_has_a_width_and_no_limit():
    row = row_of("segregated", ["counts", "interface"], field_of_view_nm=240.0, options={"width_nm": 20.0})
    assert row["interface_width_counts_bias_nm"] == pytest.approx(row["interface_width_counts_nm"] - 20.0)
    low, high = row["interface_width_counts_low_nm"], row["interface_width_counts_high_nm"]
    assert low <= row["interface_width_counts_nm"] <= high
    assert row["interface_width_counts_covered"] == float(low <= 20.0 <= high)
    # Within one voxel of 6 nm.
    assert abs(row["interface_width_counts_bias_nm"]) < 6
    assert all(row[name] is None for name in SCORES["counts"] if name.startswith("miscibility"))


@pytest.mark.slow
def test_a_flux_melted_particle_has_a_limit_and_no_width():
    row = row_of("flux_melted", ["counts", "miscibility", "phases"])
    assert row["miscibility_limit_counts_error"] == pytest.approx(row["miscibility_limit_counts"] - 0.55)
    assert abs(row["miscibility_limit_counts_error"]) < 0.1
    assert all(row[name] is None for name in SCORES["counts"] if name.startswith("interface"))
    assert row["phases_true"] >= 2
    assert 0 <= row["phase_share_distance"] <= 1


def test_noise_leaves_the_columns_empty():
    design = Design(
        specimen={"particle": "segregated", "size": 16}, beam={"total_fluence_e_nm2": 1e3},
        reconstruction=COARSE,
    )  # fmt: skip
    row = run_trial(design, replicate=0, seed=0, scores=["counts", "phases"])
    assert all(row[name] is None for name in SCORES["counts"])
    assert row["phases_found"] is None or np.isfinite(row["phases_found"])
