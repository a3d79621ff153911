"""Results that are kept: only whole runs of the very study, without the machine; figures of its page."""

import pytest
from glasstomo.benchmarks.study import kept_results as kept
from glasstomo.benchmarks.study.page_figures import FIGURES, write_page_figures
from glasstomo.benchmarks.study.shipped import named_study
from glasstomo.benchmarks.study.store import ResultStore


def run_of(name, folder, rows):
    """A folder as a run leaves it."""
    study = named_study(name)
    with ResultStore(folder) as store:
        factors = [factor.as_column for factor in study.factors]
        store.claim(key=study.key, name=name, cells=len(study.cells()), factors=factors)
        store.append(rows)
    return folder


@pytest.fixture
def rows():
    table = kept.kept_results("smoke").astype(object)
    return table.where(table.notna(), None).to_dict("records")


def test_kept_results_come_back_as_they_were(tmp_path, monkeypatch, rows):
    before = kept.kept_results("smoke")
    said = [{**row, "worker": "tcp://10.0.0.1:80", "finished_at": "2026-01-01"} for row in rows]
    folder = run_of("smoke", tmp_path / "run", said)
    (tmp_path / "smoke").mkdir()
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    path = kept.keep_results("smoke", folder)
    assert path == tmp_path / "smoke" / "results.parquet"
    after = kept.kept_results("smoke")
    assert after["worker"].isna().all()
    assert after["finished_at"].isna().all()
    told = [name for name in before if name not in ("worker", "finished_at")]
    assert after[told].equals(before[told])


def test_a_run_that_is_not_whole_is_not_kept(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    folder = run_of("smoke", tmp_path / "run", rows[:-3])
    with pytest.raises(ValueError, match="3 cells have no result"):
        kept.keep_results("smoke", folder)
    with pytest.raises(ValueError, match="another study"):
        kept.keep_results("dose_tilt", folder)
    assert not list(tmp_path.glob("*/results.parquet"))


@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_the_page_belong_to_their_study(name):
    figure = FIGURES[name]
    columns = {factor.column for factor in named_study(figure.study).factors} | {"method"}
    assert figure.columns <= columns


def test_a_figure_of_the_page_is_written(tmp_path):
    said = []
    write_page_figures(tmp_path, ("study_shadowing",), say=said.append)
    assert said == [str(tmp_path / "study_shadowing.png")]
    assert (tmp_path / "study_shadowing.png").read_bytes().startswith(b"\x89PNG")
