"""A run of the league from the command line: rows that stay, solvers from outside, secret seeds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from glasstomo.benchmarks import cli
from glasstomo.benchmarks.league import kept_league, league_run
from glasstomo.benchmarks.league.entries import ENTRIES, outside_entry
from glasstomo.benchmarks.league.league_columns import COLUMNS
from glasstomo.benchmarks.league.league_problem import LeagueProblem
from glasstomo.benchmarks.league.league_results import play_league
from glasstomo.benchmarks.league.league_rows import LeagueRows
from glasstomo.benchmarks.league.league_run import entry_key, run_league
from glasstomo.benchmarks.league.solver_process import SolverRun

PROBLEM = """
title = "Small"
replicates = 2
seed = 5

[design.specimen]
size = 16

[design.tilts]
count = 5
"""
SOLVER = """
import numpy as np

def solve(data):
    return np.full(data.shape, {value}, np.float32)

def fails(data):
    raise RuntimeError("not today")
"""
SMALL = LeagueProblem(name="small", design={"specimen": {"size": 16}, "tilts": {"count": 5}}, replicates=2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a problem and a solver."""
    (tmp_path / "mine.toml").write_text(PROBLEM, encoding="utf-8")
    (tmp_path / "my_league_solver.py").write_text(SOLVER.format(value=2.0), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GLASSTOMO_LEAGUE_SEED", raising=False)
    return tmp_path


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Solves without a process; returns the entries that were solved."""
    import numpy as np

    solved: list[str] = []

    def solve(entry: str, data, **_: object) -> SolverRun:
        solved.append(entry)
        volume = np.full(data.shape, 1.0, np.float32)
        return SolverRun(status="done", volume=volume, seconds=0.1, core_seconds=0.1, words={})

    monkeypatch.setattr(league_run, "run_solver", solve)
    return solved


def league(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", "league", *arguments])
    found = capsys.readouterr()
    return int(ended.value.code or 0), found.out, found.err


def test_a_solver_of_ones_own_from_start_to_page(folder: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["--problem", "mine.toml", "--solver", "my_league_solver:solve", "--workers", "0"]
    code, out, err = league(capsys, *arguments, "--out", "kept", "--html", "page.html")
    assert code == 0, err
    assert "Over all problems" in out
    assert "mine: Small (moderate)" in out
    assert "solve" in out
    assert (folder / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert LeagueRows(folder / "kept").table()["status"].tolist() == ["done"] * 4
    code, out, _ = league(capsys, *arguments, "--out", "kept", "--json")
    content = json.loads(out)
    assert code == 0
    assert {one["entry"] for one in content["standings"]} == {"solve", "constant"}


def test_a_solver_that_fails_ends_with_one(folder: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["--problem", "mine.toml", "--replicates", "1", "--workers", "0"]
    code, out, _ = league(capsys, *arguments, "--solver", "my_league_solver:fails")
    assert code == 1
    assert "1 failed: RuntimeError: not today" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--problem", "segregated_eazy"], "did you mean 'segregated_easy'"),
        (["--problem", "mine.toml", "--entry", "tvv"], "unknown league entry 'tvv'"),
        (["--problem", "mine.toml", "--solver", "nothing"], "package.module:object"),
        (["--problem", "absent.toml"], "absent.toml"),
        (["--html", "page.pdf"], "--html must end in .html"),
        (["--seed", "-1"], "--seed"),
        (["--budget-s", "0"], "--budget-s"),
        (["--workers", "-1"], "--workers"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str], instant: list[str]
):
    code, _, err = league(capsys, *arguments)
    assert code == 2
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not instant


def test_the_timings_keep_their_command(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", "--json", "league", "--list"])
    assert ended.value.code == 2
    assert "--json belongs to the timings" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", "leage"])
    assert ended.value.code == 2


def test_the_list_runs_nothing(capsys: pytest.CaptureFixture[str], instant: list[str]):
    code, out, _ = league(capsys, "--list", "--json")
    content = json.loads(out)
    assert code == 0
    assert len(content["problems"]) >= 8
    assert {one["name"] for one in content["entries"]} == set(ENTRIES)
    assert not instant


def test_a_run_goes_on_where_it_ended(tmp_path: Path, instant: list[str]):
    entries = [ENTRIES["constant"], ENTRIES["wbp"]]
    first = run_league([SMALL.replace(replicates=1)], entries, out=tmp_path, workers=0)
    assert (first.computed, instant) == (2, ["constant", "wbp"])
    second = run_league([SMALL], [*entries, ENTRIES["sirt"]], out=tmp_path, workers=0)
    assert second.computed == 4
    assert second.table[["replicate", "entry"]].to_numpy().tolist() == [
        [replicate, entry] for replicate in (0, 1) for entry in ("constant", "wbp", "sirt")
    ]
    assert run_league([SMALL], entries, out=tmp_path, workers=0).computed == 0
    assert list(second.table.columns) == [column.name for column in COLUMNS]


def test_what_has_landed_stays_when_a_run_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instant: list[str]
):
    whole = league_run.league_row

    def interrupted(**call: object) -> dict:
        if len(instant) == 2:
            raise KeyboardInterrupt
        return whole(**call)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(league_run, "league_row", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_league([SMALL], [ENTRIES["constant"], ENTRIES["wbp"]], out=tmp_path, workers=0)
    assert len(LeagueRows(tmp_path).table()) == 2
    monkeypatch.setattr(league_run, "league_row", whole)
    assert run_league([SMALL], [ENTRIES["constant"], ENTRIES["wbp"]], out=tmp_path, workers=0).computed == 2


def test_failures_run_again_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    statuses = iter(["crashed", "done", "done", "done"])
    monkeypatch.setattr(
        league_run, "run_solver", lambda *_, **__: SolverRun(status=next(statuses), reason="r", words={})
    )
    entries = [ENTRIES["constant"]]
    assert run_league([SMALL], entries, out=tmp_path, workers=0).computed == 2
    assert run_league([SMALL], entries, out=tmp_path, workers=0).computed == 0
    again = run_league([SMALL], entries, out=tmp_path, workers=0, retry_failed=True)
    assert again.computed == 1
    assert again.table["status"].tolist() == ["done", "done"]


def test_an_error_of_the_league_itself_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> SolverRun:
        raise RuntimeError("no such file")

    monkeypatch.setattr(league_run, "run_solver", broken)
    run = run_league([SMALL.replace(replicates=1)], [ENTRIES["constant"]], out=tmp_path, workers=0)
    assert run.table["status"].tolist() == ["failed"]
    assert run.table["reason"][0].startswith("the league itself: RuntimeError: no such file")


def test_data_that_differ_from_the_frozen_ones_are_told(instant: list[str]):
    good = run_league([SMALL.replace(replicates=1)], [ENTRIES["constant"]], workers=0)
    digest = good.table["digest"][0]
    assert (good.table["frozen"][0], good.notes) == ("none", ())
    frozen = SMALL.replace(replicates=1, digests=(digest,))
    assert run_league([frozen], [ENTRIES["constant"]], workers=0).table["frozen"].tolist() == ["yes"]
    other = SMALL.replace(replicates=1, digests=("0" * 16,))
    run = run_league([other], [ENTRIES["constant"]], workers=0)
    assert run.table["frozen"].tolist() == ["no"]
    assert "data of small differ from the frozen ones" in run.notes[0]


def test_a_secret_seed_makes_other_data_and_leaves_no_trace(folder: Path, instant: list[str]):
    tmp_path = folder / "kept"
    names = {"problems": ["mine.toml"], "entries": ["constant"], "replicates": 1, "workers": 0}
    public = play_league(**names, out=tmp_path)
    secret = play_league(**names, out=tmp_path, seed=987654321987)
    assert public.rows["digest"][0] != secret.rows["digest"][0]
    assert secret.rows["frozen"].tolist() == ["none"]
    assert b"987654321987" not in b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    )


def test_an_edited_solver_is_another_entry(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(folder))
    entry = outside_entry("my_league_solver:solve")
    before = entry_key(entry)
    assert entry_key(outside_entry("my_league_solver:solve", options={"a": 1})) != before
    (folder / "my_league_solver.py").write_text(SOLVER.format(value=3.0), encoding="utf-8")
    assert entry_key(entry) != before
    assert len({entry_key(one) for one in ENTRIES.values()}) == len(ENTRIES)


def test_missing_packages_and_other_signals_need_no_process(
    instant: list[str], monkeypatch: pytest.MonkeyPatch
):
    from dataclasses import replace

    absent = replace(ENTRIES["wbp"], name="absent", modules=("no_such_package",), install="pip install it")
    adf_only = replace(ENTRIES["wbp"], name="adf_only", signals=("ADF",))
    run = run_league([SMALL.replace(replicates=1)], [absent, adf_only], workers=0)
    assert run.table["status"].tolist() == ["missing", "declined"]
    assert run.notes == ("absent was left out: no_such_package not installed: pip install it",)
    assert not instant


def test_two_of_one_name_are_refused():
    with pytest.raises(ValueError, match="`entries` must have different names"):
        run_league([SMALL], [ENTRIES["wbp"], ENTRIES["wbp"]], workers=0)


def test_two_runs_do_not_share_a_folder(tmp_path: Path, instant: list[str]):
    with LeagueRows(tmp_path), pytest.raises(ValueError, match="in use"):
        run_league([SMALL], [ENTRIES["constant"]], out=tmp_path, workers=0)
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="holds a study"):
        run_league([SMALL], [ENTRIES["constant"]], out=tmp_path / "study", workers=0)


def test_a_solver_is_ranked_among_the_kept_results(
    folder: Path, instant: list[str], monkeypatch: pytest.MonkeyPatch
):
    problem = "mine.toml"
    whole = play_league([problem], ["constant", "wbp", "sirt"], replicates=1, workers=0)
    kept = folder / "kept.parquet"
    whole.rows.to_parquet(kept)
    monkeypatch.setattr(kept_league, "KEPT_FILE", kept)
    instant.clear()
    found = play_league([problem], solvers=["my_league_solver:solve"], replicates=1, workers=0)
    assert instant == ["my_league_solver:solve", "constant"]
    assert {one.entry for one in found.table.standings} == {"solve", "constant", "wbp", "sirt"}
    assert "2 entries are kept results" in found.notes[-1]
    other = play_league([problem], solvers=["my_league_solver:solve"], replicates=1, workers=0, seed=3)
    assert {one.entry for one in other.table.standings} == {"solve", "constant"}


def test_only_a_whole_league_is_kept(folder: Path, instant: list[str]):
    play_league(["mine.toml"], ["constant"], replicates=1, workers=0, out="run")
    with pytest.raises(ValueError, match=r"lacks (\d+) of \1 solves"):
        kept_league.keep_rows("run", folder / "kept.parquet")
    assert not (folder / "kept.parquet").exists()


def test_the_page_of_the_docs_is_as_it_was_made(tmp_path: Path):
    """`python -m glasstomo.benchmarks.league.league_docs docs/league.md` makes it again."""
    from glasstomo.benchmarks.league.league_docs import filled, kept_results, league_blocks

    page = (Path(__file__).parents[1] / "docs" / "league.md").read_text(encoding="utf-8")
    assert filled(page, league_blocks(kept_results())) == page


@pytest.mark.slow
def test_workers_give_the_same_scores_as_this_process(folder: Path):
    program = [sys.executable, "-m", "glasstomo.benchmarks", "bench", "league", "--problem", "mine.toml"]
    program += ["--entry", "sirt", "--json", "--workers"]
    answers = []
    for workers in ("0", "2"):
        ended = subprocess.run([*program, workers], capture_output=True, text=True, check=True)
        places = json.loads(ended.stdout)["places"]
        answers.append([(one["entry"], one["score"], one["scores"]) for one in places])
    assert answers[0] == answers[1]
