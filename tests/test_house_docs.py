"""The documents: their code runs, the docstrings' examples hold, their links lead somewhere."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import glasstomo
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
# Modules whose import is itself the command.
COMMANDS = {"glasstomo.benchmarks.__main__"}


def module_names() -> list[str]:
    packages = ("phantoms", "forward", "recon", "metrics", "benchmarks")
    found = [
        module.name
        for package in packages
        for module in pkgutil.walk_packages([str(ROOT / package)], f"glasstomo.{package}.")
    ]
    return sorted({"glasstomo", *(f"glasstomo.{package}" for package in packages), *found} - COMMANDS)


@pytest.mark.parametrize("name", module_names())
def test_examples_in_docstrings(name: str):
    module = importlib.import_module(name)
    with np.printoptions(legacy=False):
        failed, _ = doctest.testmod(module, extraglobs={"np": np}, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def python_blocks(page: Path) -> str:
    """Every block of Python of a page, as one program: later blocks go on where earlier ones ended."""
    return "\n".join(
        re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if python_blocks(page)],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_code_of_the_pages_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names: dict[str, object] = {"__name__": "page"}
    exec(compile(python_blocks(page), str(page), "exec"), names)
    assert len(names) > 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page: Path):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_versions_agree():
    version = glasstomo.__version__
    assert f'version = "{version}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_constraints_hold_names_and_versions_only():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 10
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line), line
