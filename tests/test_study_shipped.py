"""The shipped studies: they read, ask what they say, and run from end to end."""

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from glasstomo.benchmarks.design.trial import TRIAL_COLUMNS, run_trial
from glasstomo.benchmarks.study.answers import least_level, markdown, mean_table
from glasstomo.benchmarks.study.kept_results import RESULTS_FILE, kept_results
from glasstomo.benchmarks.study.shipped import FOLDER, named_study, shipped_studies

# Settings × methods × replicates, by hand from the files.
CELLS = {
    "smoke": 2 * 2 * 2 * 2,
    "dose_tilt": 2 * 6 * 5 * 2 * 4,
    "tilt_range": 2 * 5 * 2 * 3 * 3,
    "shadowing": 3 * 2 * 3 * 6,
    "interface": 5 * 3 * 3 * 4,
    "calibration": 2 * 2 * 3 * 3 * 3,
    "sampling": 6 * 9 * 2 * 3,
    "coverage": 2 * 200,
    "solvers": 2 * 3 * 14 * 3,
    "precision": 2 * 200,
    "mixing": 3 * 6 * 24,
    "fine_interface": 4 * 2 * 12,
    "limit": 2 * 40,
}
KEPT = [name for name in CELLS if (FOLDER / name / RESULTS_FILE).exists()]


def test_every_folder_is_listed_and_every_listed_study_has_a_folder():
    folders = {path.parent.name for path in FOLDER.glob("*/study.toml")}
    assert folders == {study["name"] for study in shipped_studies()} == set(CELLS)
    page = (FOLDER.parents[1] / "docs" / "studies.md").read_text(encoding="utf-8")
    for name, cells in CELLS.items():
        assert re.search(rf"^\| `{name}` \| .* \| {cells} \|", page, re.MULTILINE), name


@pytest.mark.parametrize("name", CELLS)
def test_study_reads_and_counts(name):
    study = named_study(name)
    assert study.name == name
    assert len(study.cells()) == CELLS[name]
    assert len({cell.key for cell in study.cells()}) == CELLS[name]
    assert study.title
    assert study.question.endswith("?") or study.question.endswith(".")
    assert all(factor.label for factor in study.factors)


def test_particles_vary_slowest_so_that_cells_share_what_is_costly_to_draw():
    for name in CELLS:
        specimens = [cell.design.specimen for cell in named_study(name).cells() if cell.replicate == 0]
        changes = sum(a != b for a, b in pairwise(specimens))
        assert changes == len(set(map(str, specimens))) - 1, name


def test_dose_tilt_spans_what_the_question_needs():
    study = named_study("dose_tilt")
    fluences = sorted({cell.design.total_fluence_e_nm2 for cell in study.cells()})
    counts = {cell.design.acquisition.scheme.count for cell in study.cells()}
    assert fluences[-1] / fluences[0] == pytest.approx(1e5)
    assert (min(counts), max(counts)) == (15, 75)
    assert {cell.design.specimen.particle for cell in study.cells()} == {"segregated", "flux_melted"}
    assert {cell.design.reconstruction.method for cell in study.cells()} == {"tv", "tv2"}
    assert {cell.design.specimen.size for cell in study.cells()} == {64}
    # The published acquisition lies between the levels.
    published = 1e-9 * 0.2 / 1.602176634e-19 / 5.0**2 * 15
    assert fluences[-3] < published < fluences[-1]


def test_shadowing_compares_remedies_on_the_same_data():
    cells = [cell for cell in named_study("shadowing").cells() if cell.replicate == 0]
    assert {cell.method: cell.design.reconstruction.gains for cell in cells} == {
        "ignored": "ignore",
        "scaled": "constant_total",
        "modelled": "model",
    }
    assert {cell.design.instrument.holder for cell in cells} == {"none", "wall", "blade"}
    unsteady = [c for c in cells if c.levels["current"] == "unsteady"]
    assert {c.design.imperfections.errors.current_sigma for c in unsteady} == {0.1}


def test_interface_and_sampling_vary_the_particle_alone_at_equal_dose():
    widths = {c.levels["width"]: c.design for c in named_study("interface").cells()}
    assert {level: design.specimen.options["width_nm"] for level, design in widths.items()} == {
        level: level for level in widths
    }
    for cell in named_study("sampling").cells():
        assert cell.design.total_fluence_e_nm2 == pytest.approx(1e9)
        assert cell.design.specimen.options["wavelength_nm"] == cell.levels["wavelength"]


def test_calibration_measures_in_every_cell():
    study = named_study("calibration")
    assert all(cell.design.calibrates for cell in study.cells())
    assert study.score_groups == ("cross_sections",)


def tiny(cell):
    """The design of a cell on the coarsest grid that its scores allow."""
    return cell.design.with_field("specimen.size", 32 if cell.design.calibrates else 16)


@pytest.mark.parametrize("name", CELLS)
def test_first_and_last_settings_run(name):
    cells = [cell for cell in named_study(name).cells() if cell.replicate == 0]
    for cell in (cells[0], cells[-1]):
        row = run_trial(tiny(cell), replicate=0, seed=cell.seed, scores=cell.scores)
        assert set(row) == set(TRIAL_COLUMNS)
        asked = {
            "calibration": "cross_section_bias_Zn_Ka",
            "coverage": "cross_section_covered_Zn_Ka",
            "mixing": "mixing_state_right",
            "interface": "interface_width_true_nm",
            "limit": "miscibility_limit_true",
        }.get(name, "nrmse_zn" if "volumes" in cell.scores else "density_bias")
        assert row[asked] is not None


def test_smoke_runs_through_the_runner(tmp_path):
    from glasstomo.benchmarks.study.run_study import run_study

    study = named_study("smoke")
    study = study.replace(design=study.design.with_field("specimen.size", 16), replicates=1)
    run_study(study, tmp_path / "out", workers=0)
    rows = pd.read_parquet(tmp_path / "out" / RESULTS_FILE)
    assert len(rows) == 8
    assert set(rows["status"]) == {"done"}
    error = mean_table(rows, "nrmse_zn", down="method", across="fluence")
    # A hundred times the electrons; both methods must gain from them.
    assert (error[1e8] < error[1e6]).all()


@pytest.mark.parametrize("name", KEPT)
def test_kept_results_are_those_of_the_study(name):
    study, rows = named_study(name), kept_results(name)
    cells = study.cells()
    assert len(rows) == len(cells)
    assert list(rows["cell"]) == [cell.key for cell in cells]
    # A series that shows no particle is a result as well.
    failed = rows[rows["status"] != "done"]
    assert failed["reason"].str.contains("no surface was found").all()
    for column in (factor.column for factor in study.factors):
        assert list(rows[column]) == [cell.levels[column] for cell in cells]
    # Small enough to be kept in the repository.
    assert (FOLDER / name / RESULTS_FILE).stat().st_size < 400_000


def test_unknown_and_unrun_studies_are_refused(monkeypatch, tmp_path):
    with pytest.raises(
        ValueError, match="no study 'dose_tlt' comes with glasstomo; known: calibration, coverage, dose"
    ):
        kept_results("dose_tlt")
    monkeypatch.setattr("glasstomo.benchmarks.study.kept_results.FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match="glasstomo study run sampling --out sampling"):
        kept_results("sampling")


def toy_rows():
    rows = [
        {"scale": scale, "count": count, "method": method, "nrmse": value + shift, "replicate": replicate}
        for scale, values in ((50.0, (0.9, 0.5, 0.2, 0.21)), (200.0, (0.3, 0.21, 0.2, 0.25)))
        for count, value in zip((3, 5, 9, 15), values, strict=True)
        for method, factor in (("tv", 1.0), ("sirt", 2.0))
        for replicate, shift in enumerate((-0.01 * factor, 0.01 * factor))
    ]
    return pd.DataFrame(rows)


def test_means_are_means_over_replicates():
    table = mean_table(toy_rows(), "nrmse", down=["method", "scale"], across="count", where={"scale": 50.0})
    np.testing.assert_allclose(table.loc[("tv", 50.0)], [0.9, 0.5, 0.2, 0.21])
    signed = pd.DataFrame({"f": [1, 1], "g": ["a", "a"], "error": [-0.2, 0.1]})
    assert mean_table(signed, "error", down="g", across="f").iloc[0, 0] == pytest.approx(-0.05)
    assert mean_table(signed, "error", down="g", across="f", modulus=True).iloc[0, 0] == pytest.approx(0.15)


def test_least_level_that_does():
    rows = toy_rows()
    needed = least_level(rows, "nrmse", along="count", by="scale", within=0.1, where={"method": "tv"})
    assert needed.to_dict() == {50.0: 9.0, 200.0: 5.0}
    bound = least_level(rows, "nrmse", along="count", by="scale", at_most=0.3, where={"method": "tv"})
    assert bound.to_dict() == {50.0: 9.0, 200.0: 3.0}
    none = least_level(rows, "nrmse", along="count", by="scale", at_most=0.01)
    assert none.isna().all()


def test_markdown_shows_what_is_missing():
    table = pd.DataFrame({1e6: [0.5, np.nan], 3e8: [0.25, 1.0]}, index=pd.Index(["tv", "tv2"], name="method"))
    assert markdown(table, digits=2).splitlines() == [
        "| method | 1e+06 | 3e+08 |",
        "|---|---:|---:|",
        "| tv | 0.50 | 0.25 |",
        "| tv2 | – | 1.00 |",
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rows: mean_table(rows, "dice", down="method", across="count"), "no column 'dice'"),
        (
            lambda rows: mean_table(rows, "nrmse", down="method", across="count", where={"scale": 1.0}),
            "no row has scale = 1.0",
        ),
        (lambda rows: least_level(rows, "nrmse", along="count", by="scale"), "give either `at_most`"),
    ],
)
def test_bad_questions_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(toy_rows())
