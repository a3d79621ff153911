"""``glasstomo study …``: what it prints, its exit status, and what it leaves behind."""

import json
from pathlib import Path

import pytest
from glasstomo.benchmarks import cli
from glasstomo.benchmarks.study import shipped
from glasstomo.benchmarks.study.store import ResultStore

STUDY = """
name = "tiny"
replicates = 2
scores = ["volumes"]
[[factors]]
field = "beam.total_fluence_e_nm2"
values = [1e7, 1e8]
[design.specimen]
size = 16
[design.tilts]
count = 5
"""


@pytest.fixture
def toml(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.toml"
    path.write_text(STUDY)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main(["study", *(str(argument) for argument in arguments)])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_run_status_resume(capsys, toml):
    """A study is run, and nothing is left to do for the second run, nor for resume."""
    status, out, err = run(capsys, "run", toml, "--workers", 0)
    assert status == 0, err
    assert "4 of 4 cells done, 0 failed; 4 rows landed" in out
    assert "glasstomo study report results/tiny" in out
    folder = Path("results/tiny")
    written = (folder / "results.parquet").stat().st_mtime_ns
    status, out, _ = run(capsys, "run", toml, "--workers", 0)
    assert status == 0
    assert "0 rows landed" in out
    status, out, _ = run(capsys, "resume", folder, "--workers", 0, "--json")
    assert status == 0
    summary = json.loads(out)
    assert summary["ok"]
    assert summary["complete"]
    assert (summary["cells"], summary["done"], summary["computed"]) == (4, 4, 0)
    assert (folder / "results.parquet").stat().st_mtime_ns == written
    status, out, _ = run(capsys, "status", folder, "--json")
    assert status == 0
    found = json.loads(out)
    assert (found["cells"], found["done"], found["failed"], found["running"]) == (4, 4, 0, None)


def test_results_that_vanished_are_written_again(capsys, toml):
    assert run(capsys, "run", toml, "--workers", 0)[0] == 0
    table = Path("results/tiny/results.parquet")
    before = table.read_bytes()
    table.unlink()
    assert run(capsys, "resume", "results/tiny", "--workers", 0)[0] == 0
    assert table.read_bytes() == before


def test_status_of_an_unfinished_study(capsys, toml):
    assert run(capsys, "run", toml, "--workers", 0)[0] == 0
    folder = Path("results/tiny")
    rows = ResultStore(folder).arrow().slice(0, 3).to_pylist()
    rows[2] |= {"status": "failed", "reason": "KeyError: 'zinc'"}
    for path in (folder / "rows").iterdir():
        path.unlink()
    with ResultStore(folder) as store:
        store.append(rows)
        status, out, _ = run(capsys, "status", folder)
        assert "running: process" in out
    status, out, _ = run(capsys, "status", folder)
    assert status == 0
    assert "tiny: 4 cells, 2 done, 1 failed, 1 left" in out
    assert "1 × KeyError: 'zinc'" in out
    assert "not running; go on with: glasstomo study resume results/tiny" in out
    # A failed cell stays failed unless it is to be run again, and that is not success.
    status, out, _ = run(capsys, "resume", folder, "--workers", 0)
    assert status == 1
    assert "1 rows landed" in out
    assert run(capsys, "resume", folder, "--workers", 0, "--retry-failed")[0] == 0


def test_list(capsys):
    status, out, _ = run(capsys, "list", "--json")
    assert status == 0
    found = json.loads(out)
    assert {"smoke", "dose_tilt"} <= {study["name"] for study in found}
    assert all(study["title"] and study["question"] for study in found)
    status, out, _ = run(capsys, "list")
    assert status == 0
    assert all(study["name"] in out for study in found)


def test_names_of_shipped_studies(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shipped.named_study("smoke").name == "smoke"
    assert shipped.named_study(str(shipped.FOLDER / "smoke")).name == "smoke"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "smoke_"], "did you mean 'smoke'"),
        (["run", "qqqq"], "known: "),
        (["run", "absent.toml"], "absent.toml"),
        (["run", "broken.toml"], "broken.toml"),
        (["run", "wrong.toml"], "replicates"),
        (["run", "tiny.toml", "--workers", "-1"], "--workers"),
        (["run", "tiny.toml", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "leave one out"),
        (["run", "tiny.toml", "--out", "tiny.toml"], "is a file"),
        (["resume", "absent"], "holds no study"),
        (["resume", "."], "holds no study"),
        (["status", "absent"], "holds no study"),
    ],
)
def test_mistakes_give_one_line(capsys, toml, arguments, said):
    Path("broken.toml").write_text("name = ")
    Path("wrong.toml").write_text("replicates = -3\n")
    status, out, err = run(capsys, *arguments)
    lines = [line for line in err.splitlines() if line.strip()]
    assert status == 2, err
    assert len(lines) == 1, err
    assert said in lines[0]
    assert out == ""
    assert {path.name for path in Path().iterdir()} == {"tiny.toml", "broken.toml", "wrong.toml"}


def test_another_study_in_the_folder(capsys, toml):
    assert run(capsys, "run", toml, "--workers", 0)[0] == 0
    toml.write_text(STUDY.replace("1e8", "3e8"))
    status, _, err = run(capsys, "run", toml, "--workers", 0)
    assert status == 2
    assert "holds study 'tiny'" in err
    assert "give another --out" in err


def test_study_of_another_version(capsys, toml):
    """The folder's study is what counts; when its cells would be others now, resume says so."""
    assert run(capsys, "run", toml, "--workers", 0)[0] == 0
    path = Path("results/tiny/study.json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"study": content["study"] | {"seed": 5}}))
    status, _, err = run(capsys, "resume", "results/tiny", "--workers", 0)
    assert status == 2
    assert "its cells would be others" in err
    path.write_text(json.dumps(content | {"study": content["study"] | {"sede": 5}}))
    status, _, err = run(capsys, "resume", "results/tiny", "--workers", 0)
    assert status == 2
    assert "did you mean 'seed'" in err
