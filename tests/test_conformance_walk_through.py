"""The page "Test your solver in ten minutes", followed literally: its files, commands and output."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "test_your_solver.md"
BLOCK = re.compile(r"^```(py|sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

# Exit status of each command of the page, in its order: broken, broken still, mended, broken by its promises,
# kept, tests pass, ranked.
STATUSES = [1, 1, 0, 1, 0, 0, 0]


def steps() -> list[tuple[str, str]]:
    """Blocks of the page after the one that installs."""
    found = [(kind, text) for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
    assert found[0][0] == "sh"
    assert "pip install" in found[0][1]
    return found[1:]


def words(text: str) -> str:
    """Text with its spaces and line breaks alike, and without what tables are drawn with."""
    return " ".join(text.split())


def names_of(line: str) -> list[str]:
    """What a line of a table says, without its numbers."""
    return [part for part in re.split(r"\s{2,}", line.strip()) if part]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    home = Path(sys.executable).parent
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    outside |= {"PATH": f"{home}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "250", "PYTHONUTF8": "1"}
    return subprocess.run(command, shell=True, cwd=folder, env=outside, capture_output=True, text=True)


def save(text: str, folder: Path) -> None:
    name = re.match(r"# (\w+\.py)\n", text)
    assert name, f"a file's first line names it, got {text[:40]!r}"
    (folder / name[1]).write_text(text, encoding="utf-8")


def test_the_page_has_as_many_commands_as_are_followed():
    assert sum(kind == "sh" for kind, _ in steps()) == len(STATUSES)
    assert [kind for kind, _ in steps()].index("py") == 0


@pytest.mark.slow
def test_the_walk_through_goes_as_written(tmp_path: Path):
    printed, statuses = "", iter(STATUSES)
    for kind, text in steps():
        if kind == "py":
            save(text, tmp_path)
        elif kind == "sh":
            done = run(text, tmp_path)
            printed = done.stdout + done.stderr
            assert done.returncode == next(statuses), f"{text}\n{printed}"
        else:
            for line in filter(None, text.splitlines()):
                for part in names_of(line):
                    assert words(part) in words(printed), f"not printed: {part!r}\n{printed}"
    assert (tmp_path / "report.html").stat().st_size > 1000
    assert {path.stem for path in (tmp_path / "counterexamples").iterdir()} == {
        "solve-length_unit",
        "solve-lower_bound",
        "solve-upper_bound",
    }
