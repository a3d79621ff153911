"""The layers: which package may import which, and how."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "phantoms": set(),
    "forward": {"phantoms"},
    "recon": {"phantoms", "forward"},
    "metrics": {"phantoms"},
    "benchmarks": {"phantoms", "forward", "recon", "metrics"},
}
# Slow to load: the faces of the packages and the command line leave them to the modules that need them.
HEAVY = {
    *("odl", "numba", "pandas", "matplotlib", "dask", "distributed", "pyarrow", "optuna"),
    *("h5py", "skimage", "scipy", "hyperspy", "rsciio"),
}
LIGHT_MODULES = [
    ROOT / "__init__.py",
    *(ROOT / package / "__init__.py" for package in ALLOWED),
    *(
        ROOT / "benchmarks" / f"{name}.py"
        for name in (
            "cli",
            "checks",
            "console_tables",
            "labels",
            "listings",
            "outputs",
            "report",
            "threads_option",
        )
    ),
    *sorted((ROOT / "benchmarks").rglob("*_command*.py")),
]
MODULES = sorted(path for package in ALLOWED for path in (ROOT / package).rglob("*.py"))


def imports(path: Path) -> list[ast.Import | ast.ImportFrom]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def packages_reached(path: Path, node: ast.Import | ast.ImportFrom) -> set[str]:
    """Names of our packages that a relative import reaches."""
    depth = len(path.relative_to(ROOT).parts) - 1
    if not isinstance(node, ast.ImportFrom) or node.level <= depth:
        return set()
    assert node.level == depth + 1, f"{path}:{node.lineno} reaches above the package"
    return {node.module.partition(".")[0]} if node.module else {alias.name for alias in node.names}


def module_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_are_modules_to_check():
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_imports_reach_down_only(path: Path):
    own = path.relative_to(ROOT).parts[0]
    for node in imports(path):
        reached = packages_reached(path, node) & set(ALLOWED)
        assert reached <= ALLOWED[own] | {own}, (
            f"{module_id(path)}:{node.lineno}: {own} may import {sorted(ALLOWED[own])}, not {sorted(reached)}"
        )


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_imports_of_our_packages_are_relative(path: Path):
    for node in imports(path):
        names = (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        )
        if isinstance(node, ast.ImportFrom) and node.level:
            continue
        heads = {name.partition(".")[0] for name in names}
        assert not heads & {"glasstomo", *ALLOWED}, f"{module_id(path)}:{node.lineno}: import it relatively"


@pytest.mark.parametrize("path", LIGHT_MODULES, ids=module_id)
def test_faces_load_nothing_heavy(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        assert not {name.partition(".")[0] for name in names} & HEAVY, f"{module_id(path)}:{node.lineno}"


def test_no_assert_outside_tests():
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
        assert not lines, f"{module_id(path)}: assert on lines {lines}; raise a ValueError instead"
