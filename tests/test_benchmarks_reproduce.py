"""The main job: same seed, same bits; the parts that need no long run."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from glasstomo.benchmarks.checks import checks
from glasstomo.benchmarks.experiment import Experiment
from glasstomo.benchmarks.report_sections import SECTIONS
from glasstomo.benchmarks.reproduce import without_nan

SIZE = 32


def run(folder, threads: int) -> dict:
    folder.mkdir()
    code = (
        "from glasstomo.benchmarks.reproduce import reproduce\n"
        f"reproduce(size={SIZE}, seed=7, twins=2, out={str(folder)!r})"
    )
    environment = {**os.environ, "NUMBA_NUM_THREADS": str(threads)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=3000, cwd=folder)
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return the folders and summaries of the same seed on one and on two threads."""
    folders = [tmp_path_factory.mktemp("reproduce") / str(threads) for threads in (1, 2)]
    return folders, [run(folder, threads) for folder, threads in zip(folders, (1, 2), strict=True)]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_summary_on_one_and_two_threads(runs):
    _, (one, two) = runs
    assert [summary.pop("runtime")["threads"] for summary in (one, two)] == [1, 2]
    assert one == two


@pytest.mark.slow
def test_a_run_leaves_figures_tables_volumes_and_a_report(runs):
    (folder, _), (summary, _) = runs
    assert (folder / "report.html").stat().st_size > 100_000
    figures = sorted(path.name for path in (folder / "figures").glob("*.png"))
    assert [name[:2] for name in figures] == [f"{number:02d}" for number in range(1, len(figures) + 1)]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == len(figures) >= 18
    for name in SECTIONS:
        section = page.partition(f'<section id="{name}">')[2].partition("</section>")[0]
        assert "<table>" in section, name
    assert not re.search(r"\bnan\b", re.sub(r"data:[^\"]*", "", page), flags=re.IGNORECASE)
    assert (folder / "tables" / "cross_sections.csv").read_text(encoding="utf-8").count("\n") == 9
    from glasstomo.forward import load_volume

    saved = load_volume(folder / "volumes" / "segregated_metals.h5")
    assert saved.volume.shape == (2, SIZE, SIZE, SIZE)
    assert saved.spacing_nm == pytest.approx(480 / SIZE)
    # The true states are known even where so coarse a volume cannot tell them.
    states = {name: particle["mixing_state_true"] for name, particle in summary["particles"].items()}
    assert states == {"segregated": "segregated", "flux_melted": "interdiffused"}
    assert {check["name"] for check in checks(summary)} >= {"Cross-section Co Kα, Osiris"}


@pytest.mark.slow
def test_even_coarse_voxels_calibrate_within_a_tenth(runs):
    # At 15 nm per voxel thickness is off by a fraction of a voxel: 10 % is half a voxel a surface
    # of the thinnest standard. A wrong unit, density or dose is off by far more.
    _, (summary, _) = runs
    for lines in summary["calibration"].values():
        for values in lines.values():
            assert values["fit_barn"] == pytest.approx(values["true_barn"], rel=0.1)


def test_streams_depend_on_their_purpose_and_seed_alone():
    first = Experiment(seed=3).stream("particle", "segregated").random(4)
    same = Experiment(seed=3, size=64, microscope="titan").stream("particle", "segregated").random(4)
    np.testing.assert_array_equal(first, same)
    for other in (
        Experiment(seed=4).stream("particle", "segregated"),
        Experiment(seed=3).stream("particle", "x"),
    ):
        assert not np.array_equal(first, other.random(4))


def test_the_fluence_does_not_depend_on_the_size():
    fluences = [e.dwell_s("eds") / e.spacing_nm**2 for e in (Experiment(size=size) for size in (32, 96, 192))]
    np.testing.assert_allclose(fluences, 0.2 / 25.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": 0}, "size"),
        ({"size": 95}, "multiple of 2"),
        ({"seed": -1}, "seed"),
        ({"microscope": "osirs"}, "did you mean 'osiris'"),
        ({"field_of_view_nm": float("nan")}, "field_of_view_nm"),
        ({"sizes": 64}, "did you mean 'size'"),
    ],
)
def test_bad_parameters_are_named(change, words):
    with pytest.raises(ValueError, match=words):
        Experiment(**change)


def test_numbers_that_json_cannot_hold_become_null():
    found = without_nan(
        {"a": np.float64("nan"), "b": [1.0, float("inf")], "c": np.int64(3), "d": "x", "e": True}
    )
    assert json.loads(json.dumps(found)) == {"a": None, "b": [1.0, None], "c": 3, "d": "x", "e": True}


def test_phases_are_named_by_their_richer_metal():
    from glasstomo.benchmarks.results_phases import phase_marks
    from glasstomo.metrics import phase_diagram

    rng = np.random.default_rng(1)
    side = 24
    co, zn = np.zeros((2, side, side, side))
    inside = np.s_[2:-2, 2:-2, 2:-2]
    half = np.arange(side) < side // 2
    zn[inside] = np.where(half, 4.0, 0.2)[inside[2]] + rng.normal(0, 0.05, zn[inside].shape)
    co[inside] = np.where(half, 0.3, 5.0)[inside[2]] + rng.normal(0, 0.05, co[inside].shape)
    marks = phase_marks(phase_diagram(zn, co, interior=(zn + co) > 2, erode=0).phases)
    assert sorted(mark.name for mark in marks) == ["Co-rich", "Zn-rich"]
    assert all(mark.fraction_2sigma > 0 and mark.density_2sigma > 0 for mark in marks)


@pytest.mark.slow
def test_the_seed_table_has_a_row_for_each_run(runs):
    from glasstomo.benchmarks.seed_table import markdown, seed_table

    folders, _ = runs
    table = seed_table([folder / "summary.json" for folder in folders])
    assert list(table.index) == [7, 7]
    lines = markdown(table).splitlines()
    assert len(lines) == 4
    assert len({line.count("|") for line in lines}) == 1
