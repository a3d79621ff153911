"""The command ``glasstomo conform``."""

import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from glasstomo.benchmarks.cli import main
from glasstomo.benchmarks.conformance.conform_run import settings_of
from glasstomo.benchmarks.conformance.laws.tables import LAWS

COMPONENTS = """
import numpy as np
from glasstomo.benchmarks.conformance.linear_map import LinearMap

def mapping(name, forward, **more):
    return LinearMap(name=name, domain=(2,), range=(2,), forward=forward, **more)

twice = mapping("twice", lambda x: 2 * x, adjoint=lambda y: 2 * y)
halved = mapping("halved adjoint", lambda x: 2 * x, adjoint=lambda y: y)

def raises(x):
    print("talks while it works")
    raise OSError("no such detector")

bad = mapping("bad", raises)

class Holder:
    inner = twice

def nothing(problem):
    return np.zeros(problem.shape)
"""
QUICK = ("--profile", "quick")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with a module of components whose name no other test has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(tmp_path)])
    (tmp_path / f"{module_of(tmp_path)}.py").write_text(COMPONENTS, encoding="utf-8")
    return tmp_path


def module_of(folder: Path) -> str:
    return re.sub(r"\W", "_", f"parts_{folder.parent.name}_{folder.name}")


def glasstomo(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["conform", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_component_that_keeps_its_laws(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert glasstomo(f"{module_of(folder)}:twice", *QUICK) == 0
    said = capsys.readouterr().out
    assert re.search(r"adjoint\s+✓ kept", said)
    assert re.search(r"twice keeps (\d+) of \1 laws; \d+ do not apply", said)
    # Nothing is left behind where nothing is broken, by Hypothesis neither.
    assert {file.name for file in folder.iterdir()} <= {f"{module_of(folder)}.py", "__pycache__"}


def test_a_broken_law_comes_with_a_case_that_can_be_tried_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    path = f"{module_of(folder)}:halved"
    assert glasstomo(path, "--laws", "linearity,adjoint", *QUICK) == 1
    said = capsys.readouterr().out
    assert re.search(r"linearity\s+✓ kept", said)
    assert f"✗ {path}: adjoint: " in said
    [command] = re.findall(r"replay  glasstomo conform (--replay \S+)", said)
    # The very command, as printed.
    assert glasstomo(*command.split()) == 1
    again = capsys.readouterr().out
    assert "law    ⟨A x, y⟩ = ⟨x, Aᵀ y⟩" in again
    then, now = re.findall(r"(?:then|now) +(.*)", again)
    assert then == now
    # The mended component keeps the law in this case.
    assert glasstomo(*command.split(), f"{module_of(folder)}:twice") == 0
    assert "now    kept" in capsys.readouterr().out


def test_what_components_print_stays_out_of_json(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert glasstomo(f"{module_of(folder)}:bad", "--laws", "linearity", "--json", *QUICK) == 1
    streams = capsys.readouterr()
    content = json.loads(streams.out)
    assert "talks while it works" in streams.err
    assert not content["ok"]
    [report] = content["reports"]
    assert report["laws"][0]["verdict"] == "broken"
    assert "no such detector" in report["laws"][0]["reason"]


def test_all_reports_are_written(folder: Path, capsys: pytest.CaptureFixture[str]):
    module = module_of(folder)
    names = [f"{module}:twice", f"{module}:halved", f"{module}:Holder.inner"]
    places = ("--html", "page.html", "--junit", "junit.xml", "--out", "my cases")
    assert glasstomo(*names, *places, "--laws", "linearity,adjoint,positive", *QUICK) == 1
    said = capsys.readouterr().out
    assert "2 of 3 components keep all laws that apply to them" in said
    assert "--replay 'my cases/halved_adjoint-adjoint.json'" in said
    assert all(name in (folder / "page.html").read_text(encoding="utf-8") for name in names)
    suites = ET.parse(folder / "junit.xml").getroot()
    assert [suite.attrib["name"] for suite in suites] == names
    assert [int(suite.attrib["failures"]) > 0 for suite in suites] == [False, True, False]


def test_an_error_that_repeats_is_told_once(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert (
        glasstomo(f"{module_of(folder)}:bad", "--laws", "linearity,zero_to_zero,finite_output", *QUICK) == 1
    )
    said = capsys.readouterr().out
    assert said.count("it raised OSError: no such detector") == 1
    assert "the same in zero_to_zero, finite_output" in said


def test_promises_bring_more_laws(folder: Path, capsys: pytest.CaptureFixture[str]):
    path = f"{module_of(folder)}:twice"
    how = (path, "--laws", "positive", "--profile", "quick")
    assert glasstomo(*how) == 1
    said = capsys.readouterr().out
    assert "nothing was checked: none of these laws applies" in said
    assert "--set claims=" in said
    assert glasstomo(*how, "--set", "claims=positive") == 0


def test_settings_are_kept_for_the_replay(folder: Path, capsys: pytest.CaptureFixture[str]):
    path = f"{module_of(folder)}:twice"
    assert glasstomo(path, "--laws", "norm_bound", "--set", "norm_bound=1.5", *QUICK) == 1
    [file] = (folder / "counterexamples").iterdir()
    assert json.loads(file.read_text(encoding="utf-8"))["options"] == {"norm_bound": 1.5}
    assert glasstomo("--replay", str(file), "--json") == 1
    content = json.loads(capsys.readouterr().out.split("\n{")[-1].join(["{", ""]))
    assert content["verdict"] == "broken"


@pytest.mark.parametrize("kind", LAWS)
def test_laws_are_listed(kind: str, capsys: pytest.CaptureFixture[str]):
    assert glasstomo("--list", "--kind", kind, "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["law"] for one in listed] == list(LAWS[kind])
    assert {"sentence", "formula", "tolerance"} <= set(listed[0])


def test_the_table_of_laws_fits_a_terminal_or_a_pipe(capsys: pytest.CaptureFixture[str]):
    assert glasstomo("--list") == 0
    said = capsys.readouterr().out
    assert all(name in said for table in LAWS.values() for name in table)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a component as package.module:object"),
        (("--list", "--mutants"), "name a component"),
        (("{m}",), "must be package.module:object"),
        (("{m}:twcie",), "has no `twcie`; did you mean `twice`?"),
        (("{m}:Holder.outer",), "has no `outer`"),
        (("{m}.py:twice",), "must name a module, not a file"),
        (("no_such_module:solve",), "no_such_module cannot be imported: ModuleNotFoundError"),
        (("syntax:solve",), "syntax cannot be imported: SyntaxError"),
        (("own/pojector",), "did you mean 'own/projector'?"),
        (("theirs/x",), "own/NAME, peer/NAME or mutant/NAME"),
        (("{m}:twice", "--laws", "linearty"), "unknown law 'linearty'; did you mean 'linearity'?"),
        (("{m}:twice", "--kind", "solver"), "is a component of kind 'operator', not 'solver'"),
        (("{m}:nothing", "--laws", "linearity"), "unknown law of solvers 'linearity'"),
        (("{m}:twice", "--shape", "8,x"), "must be positive whole numbers"),
        (("{m}:twice", "--shape", "0"), "must be positive whole numbers"),
        (("{m}:twice", "--set", "gap"), "must be FIELD=VALUE"),
        (("{m}:twice", "--set", "gap=1"), "LinearMap has no `gap`"),
        (("{m}:twice", "--html", "nowhere/page.html"), "no such folder"),
        (("{m}:twice", "--junit", "."), "is a folder"),
        (("{m}:twice", "--examples", "0"), "0 is not in the range"),
        (("--replay", "missing.json"), "No such file"),
        (("--replay", "case.json", "{m}:twice", "{m}:bad"), "--replay tries one component"),
    ],
)
def test_bad_input_ends_with_one_line(
    arguments: tuple[str, ...], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "syntax.py").write_text("def solve(:\n", encoding="utf-8")
    sys.modules.pop("syntax", None)
    assert glasstomo(*(one.format(m=module_of(folder)) for one in arguments), *QUICK) == 2
    streams = capsys.readouterr()
    assert said in streams.err
    assert streams.err.rstrip().count("\n") == 0
    assert not streams.out


def test_settings_are_read_as_what_they_are():
    read = settings_of(["gap=1e-4", "variational=true", "claims=a, b", "dtype=float64", "shape=[1, 2]"])
    assert read == {
        "gap": 1e-4,
        "variational": True,
        "claims": ("a", "b"),
        "dtype": "float64",
        "shape": (1, 2),
    }


def test_own_components_of_one_kind_with_one_law(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    out = str(tmp_path / "cases")
    how = ("--own", "--kind", "operator", "--laws", "zero_to_zero", "--json", "--out", out)
    assert glasstomo(*how, *QUICK) == 0
    reports = json.loads(capsys.readouterr().out)["reports"]
    assert len(reports) > 10
    assert all(one["component"].startswith("own/") and len(one["laws"]) == 1 for one in reports)


def test_broken_laws_of_peers_are_known_or_new(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from glasstomo.benchmarks.conformance import component_path, conform_run
    from glasstomo.benchmarks.conformance.linear_map import LinearMap
    from glasstomo.benchmarks.conformance.peer_component import KnownBreak, PeerComponent

    def build() -> LinearMap:
        return LinearMap(name="abs", domain=(2,), range=(2,), forward=abs, adjoint=lambda y: y)

    known = KnownBreak(
        kind="defect", cause="takes absolute values", source="https://example.org", reported=True
    )
    one = PeerComponent(summary="", modules=(), install="", build=build, breaks={"linearity": known})
    absent = PeerComponent(summary="", modules=("no_such_package",), install="get it", build=build)
    peers = {"peer/one": one, "peer/absent": absent}
    for module in (component_path, conform_run):
        monkeypatch.setattr(module, "peer_components", lambda: peers)
    assert glasstomo("--peers", "--laws", "linearity,zero_to_zero", *QUICK) == 0
    said = capsys.readouterr().out
    assert "known   defect, reported: takes absolute values (https://example.org)" in said
    assert "left out: peer/absent: no_such_package is not installed: get it" in said
    # A break that nobody knows of fails the run.
    assert (
        glasstomo("--peers", "--laws", "linearity,zero_to_zero,adjoint", "--html", "page.html", *QUICK) == 1
    )
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert page.count("<dt>Known</dt>") == 1
    assert page.count("<dt>Smallest case</dt>") == 2
    # So does one that is asked for by name where its package is missing.
    assert glasstomo("peer/absent", *QUICK) == 2


def test_a_solver_of_a_few_lines(folder: Path, capsys: pytest.CaptureFixture[str]):
    path = f"{module_of(folder)}:nothing"
    assert glasstomo(path, "--laws", "finite_answer,problem_unchanged", *QUICK) == 0
    assert "nothing keeps 2 of 2 laws" in capsys.readouterr().out
