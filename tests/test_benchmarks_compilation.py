"""Kernels that compile for the first time are announced, and timed; those from the cache are not."""

import os
from pathlib import Path

import numba
import pytest
from glasstomo.benchmarks import compilation
from glasstomo.benchmarks.compilation import MESSAGE, compile_rows, compiled_kernels, warm_up
from glasstomo.benchmarks.progress import Progress

from .small_problems import one_thread  # noqa: F401


class Said(Progress):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_a_compilation_is_announced_once_with_all_its_kernels():
    @numba.njit
    def inner(x):
        return x + 1

    @numba.njit
    def outer(x):
        return inner(x) + 1

    progress = Said()
    with compiled_kernels(progress) as names:
        assert (outer(1), outer(2)) == (3, 4)
        assert progress.notes == [MESSAGE]
        # Another type is another kernel.
        assert outer(1.5) == 3.5
    assert sorted(names) == ["inner", "inner", "outer", "outer"]
    assert progress.notes[0] == MESSAGE
    assert progress.notes[1].startswith("4 kernels compiled in ")
    with compiled_kernels(progress) as names:
        outer(3)
    assert (names, len(progress.notes)) == ([], 2)


def test_nothing_is_heard_after_the_block_even_when_it_fails():
    progress = Said()
    with pytest.raises(RuntimeError, match="broken"), compiled_kernels(progress) as names:
        raise RuntimeError("broken")
    numba.njit(lambda x: x * 2)(2)
    assert (names, progress.notes) == ([], [])


def test_once_warm_no_kernel_of_the_default_methods_is_left_to_compile():
    warm_up(["tv", "tv2"])
    with compiled_kernels() as names:
        warm_up(["tv", "tv2"])
    assert names == []


_CACHED = """
import sys
sys.path.insert(0, {folder!r})
from glasstomo.benchmarks.compilation import compiled_kernels
with compiled_kernels() as names:
    import kept
    kept.twice(2)
print(len(names))
"""


def test_a_start_is_timed_with_an_empty_cache_and_with_a_full_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "kept.py").write_text(
        "import numba\n\n\n@numba.njit(cache=True)\ndef twice(x):\n    return 2 * x\n"
    )
    monkeypatch.setattr(compilation, "_PROGRAM", _CACHED.format(folder=str(tmp_path)))
    before = dict(os.environ)
    first, again = compile_rows(Progress())
    assert (first["name"], again["name"]) == ("compile.first", "compile.cached")
    assert (first["kernels"], again["kernels"]) == (1, 0)
    assert min(first["ms"], again["ms"]) > 0
    assert list(first)[:6] == ["name", "n", "tilts", "threads", "ms", "roofline_fraction"]
    assert dict(os.environ) == before


def test_a_start_that_fails_says_why(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compilation, "_PROGRAM", "raise OSError('no such library')")
    with pytest.raises(RuntimeError, match="a fresh start failed: OSError: no such library"):
        next(compile_rows(Progress()))
