"""The wheel holds everything and runs in a new environment, outside the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("phantoms", "forward", "recon", "metrics", "benchmarks")


def run(*command: str | Path, cwd: Path) -> str:
    outside = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(command, cwd=cwd, env=outside, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build_backend_is_here() -> bool:
    try:
        return int(metadata.version("setuptools").partition(".")[0]) >= 77
    except metadata.PackageNotFoundError:
        return False


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from a copy, so that no build folder is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("__init__.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    isolation = ["--no-build-isolation"] if build_backend_is_here() else []
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", *isolation, "-w", folder, source, cwd=folder)
    (built,) = folder.glob("glasstomo-*.whl")
    return built


@pytest.mark.slow
def test_wheel_holds_every_module_and_the_report(wheel: Path):
    held = set(zipfile.ZipFile(wheel).namelist())
    for package in PACKAGES:
        for module in (ROOT / package).rglob("*.py"):
            assert f"glasstomo/{module.relative_to(ROOT).as_posix()}" in held
    assert "glasstomo/benchmarks/report.html.j2" in held
    assert "glasstomo/__init__.py" in held
    tops = {name.partition("/")[0] for name in held}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"glasstomo"}


@pytest.mark.slow
def test_wheel_runs_in_a_new_environment(wheel: Path, tmp_path: Path):
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    run(python, "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    # What it needs is lent by the environment of the tests, after its own packages: no downloads, and
    # the checkout (an import hook there, not a folder) stays out of reach.
    own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip()
    (Path(own) / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    where = run(python, "-c", "import glasstomo; print(glasstomo.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(own)
    assert run(scripts / "glasstomo", "--version", cwd=tmp_path).startswith("glasstomo ")
    listed = run(scripts / "glasstomo", "microscopes", cwd=tmp_path)
    assert "osiris" in listed
    assert "titan" in listed
