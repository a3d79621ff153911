"""The folder of a study: what has landed is there, once, whatever happened to its writer."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from glasstomo.benchmarks.study import parts
from glasstomo.benchmarks.study.columns import Column
from glasstomo.benchmarks.study.parts import Part, coerced
from glasstomo.benchmarks.study.store import RESULTS_FILE, STUDY_FILE, ResultStore, read_table
from hypothesis import given
from hypothesis import strategies as st

FACTORS = (
    Column(name="fluence", label="Fluence (e nm⁻²)", kind="number"),
    Column(name="holder", label="Holder", kind="text"),
)


def claimed(folder: Path, key: str = "k" * 16) -> ResultStore:
    """A store that is open, locked and claimed."""
    store = ResultStore(folder).__enter__()
    try:
        store.claim(key=key, name="tiny", cells=100, factors=FACTORS)
    except BaseException:
        store.__exit__(None, None, None)
        raise
    return store


def row(cell: int, score: float | None = 0.5, status: str = "done") -> dict:
    return {
        "cell": f"cell{cell}",
        "index": cell,
        "fluence": 1e6 * cell,
        "holder": "blade",
        "status": status,
        "replicate": cell % 3,
        "nrmse_zn": score,
    }


def scores(store: ResultStore) -> dict[int, float]:
    table = store.table()
    assert table["index"].is_monotonic_increasing
    assert table["index"].is_unique
    return dict(zip(table["index"].tolist(), table["nrmse_zn"].tolist(), strict=True))


batches = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 20), st.floats(-1e300, 1e300)), max_size=4),
        st.sampled_from(["go on", "reopen", "die half-way", "die while putting together", "compact"]),
    ),
    max_size=25,
)


class DeathError(BaseException):
    """Stands for kill -9: nothing after it is run."""


@given(batches=batches)
def test_table_is_the_latest_row_of_every_cell(tmp_path_factory, batches):
    """However rows are batched, and wherever the writer dies, a plain dict says what the table must be."""
    folder = tmp_path_factory.mktemp("store")
    expected: dict[int, float] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "FAN_IN", 3)
        store = claimed(folder)
        for values, event in batches:
            if event == "die half-way":
                with pytest.MonkeyPatch.context() as dying:
                    dying.setattr(parts.os, "fsync", _die)
                    if values:
                        with pytest.raises(DeathError):
                            store.append([row(cell, value) for cell, value in values])
            elif event == "die while putting together":
                with pytest.MonkeyPatch.context() as dying:
                    dying.setattr(Path, "unlink", _die)
                    with contextlib.suppress(DeathError):
                        store.append([row(cell, value) for cell, value in values])
                expected |= dict(values)
            else:
                store.append([row(cell, value) for cell, value in values])
                expected |= dict(values)
            if event == "compact":
                store.parts.compact()
            if event != "go on":
                store.__exit__(None, None, None)
                store = claimed(folder)
            assert scores(store) == dict(sorted(expected.items()))
            assert set(store.finished()) == {f"cell{cell}" for cell in expected}
        store.__exit__(None, None, None)


def _die(*_, **__):
    raise DeathError


@given(st.lists(st.integers(1, 4), max_size=60))
def test_parts_stay_few_and_hold_every_number_once(tmp_path_factory, sizes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "FAN_IN", 4)
        store = claimed(tmp_path_factory.mktemp("store"))
        for number, size in enumerate(sizes):
            store.append([row(4 * number + k) for k in range(size)])
        files = store.parts.files()
        numbers = [n for part in files for n in range(part.first, part.last + 1)]
        assert numbers == list(range(1, len(sizes) + 1))
        # At most three files of each of the sizes 1, 4, 16.
        assert len(files) <= 3 * 3 + 1
        assert len(store.finished()) == sum(sizes)
        store.__exit__(None, None, None)


def test_part_within_another_is_left_out():
    big, small, other = (Part(a, b, Path(f"{a}-{b}")) for a, b in [(1, 32), (7, 7), (33, 33)])
    assert big.holds(small)
    assert not small.holds(big)
    assert not big.holds(other)
    assert not big.holds(big)


def test_death_while_single_parts_are_removed(tmp_path, monkeypatch):
    """The part that remains is older than what was put together, and must not win over it."""
    monkeypatch.setattr(parts, "FAN_IN", 3)
    store = claimed(tmp_path)
    store.append([row(0, 1.0)])
    store.append([row(1, 1.0)])
    remove = Path.unlink

    def die_at_the_first(path, **options):
        # Removes all but the first.
        if not path.name.startswith("part-00000001"):
            remove(path, **options)

    with monkeypatch.context() as dying:
        dying.setattr(Path, "unlink", die_at_the_first)
        store.append([row(0, 2.0)])
    names = sorted(path.name for path in (tmp_path / "rows").iterdir())
    assert names == ["part-00000001-00000001.parquet", "part-00000001-00000003.parquet"]
    assert [part.last for part in store.parts.files()] == [3]
    assert scores(store) == {0: 2.0, 1: 1.0}
    store.__exit__(None, None, None)
    claimed(tmp_path).__exit__(None, None, None)
    assert [path.name for path in (tmp_path / "rows").iterdir()] == ["part-00000001-00000003.parquet"]


def test_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    store = claimed(tmp_path)
    store.append([row(0)])
    before = sorted(path.name for path in (tmp_path / "rows").iterdir())

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(parts.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            store.append([row(1), row(2)])
        with pytest.raises(OSError, match="No space left"):
            store.write_results()
    assert sorted(path.name for path in (tmp_path / "rows").iterdir()) == before
    assert not (tmp_path / RESULTS_FILE).exists()
    assert store.finished() == {"cell0": "done"}
    store.append([row(1)])
    assert set(store.finished()) == {"cell0", "cell1"}
    store.__exit__(None, None, None)


def test_disk_too_full_to_put_parts_together_still_takes_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "FAN_IN", 2)
    store = claimed(tmp_path)

    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(parts.Parts, "_merge", full)
    for cell in range(5):
        store.append([row(cell)])
    assert len(store.finished()) == 5
    store.__exit__(None, None, None)


def test_later_rows_replace_earlier_ones(tmp_path):
    store = claimed(tmp_path)
    store.append([row(0, None, "failed"), row(1)])
    store.append([row(0, 0.25, "done")])
    assert store.finished() == {"cell0": "done", "cell1": "done"}
    assert scores(store) == {0: 0.25, 1: 0.5}
    store.__exit__(None, None, None)


def test_cells_of_one_key_keep_a_row_each(tmp_path):
    """Two methods of the same settings are one cell at two places of the study."""
    store = claimed(tmp_path)
    store.append([row(0) | {"method": "a"}, row(0) | {"index": 7, "method": "b"}])
    assert store.table()["method"].tolist() == ["a", "b"]
    assert store.finished() == {"cell0": "done"}
    store.__exit__(None, None, None)


def test_results_file(tmp_path):
    store = claimed(tmp_path)
    for cell in (5, 1, 3):
        store.append([row(cell)])
    path = store.write_results()
    table = pq.read_table(path)
    assert table["index"].to_pylist() == [1, 3, 5]
    assert table.schema.metadata[b"glasstomo.study_key"] == b"k" * 16
    assert str(table.schema.field("tilts").type) == "int64"
    assert str(table.schema.field("holder").type) == "string"
    assert table.schema.field("fluence").metadata[b"label"].decode() == "Fluence (e nm⁻²)"
    assert table["tilts"].to_pylist() == [None] * 3
    assert len(store.parts.files()) == 1
    pd.testing.assert_frame_equal(pd.read_parquet(path), read_table(tmp_path))
    store.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nonsense": 1.0}, "nonsense"),
        ({"nrmse_zn": "much"}, "nrmse_zn of a row must be a number, got 'much'"),
        ({"tilts": 2.5}, "tilts of a row must be a whole number"),
        ({"tilts": float("inf")}, "tilts of a row must be a whole number"),
        ({"status": 1}, "status of a row must be a text"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path, changes, said):
    store = claimed(tmp_path)
    with pytest.raises(TypeError, match=said):
        store.append([row(0), row(1) | changes])
    assert store.finished() == {}
    store.__exit__(None, None, None)


def test_numbers_become_plain():
    columns = [
        Column(name="a", label="", kind="number"),
        Column(name="b", label="", kind="whole"),
        Column(name="c", label="", kind="text"),
    ]
    values = coerced({"a": np.float32(0.5), "b": np.int16(3), "c": np.str_("x")}, columns)
    assert values == {"a": 0.5, "b": 3, "c": "x"}
    assert [type(value) for value in values.values()] == [float, int, str]
    assert coerced({"a": float("nan"), "b": True}, columns) == {"a": None, "b": 1, "c": None}


def test_folder_of_another_study_is_refused(tmp_path):
    claimed(tmp_path, "a" * 16).__exit__(None, None, None)
    before = (tmp_path / STUDY_FILE).read_text()
    with pytest.raises(ValueError, match=r"holds study 'tiny' \(key a{16}\).*give another --out"):
        claimed(tmp_path, "b" * 16)
    assert (tmp_path / STUDY_FILE).read_text() == before


def test_rows_without_a_study_are_refused(tmp_path):
    store = claimed(tmp_path)
    store.append([row(0)])
    store.__exit__(None, None, None)
    (tmp_path / STUDY_FILE).unlink()
    with pytest.raises(ValueError, match=r"no study\.json"):
        claimed(tmp_path)
    with pytest.raises(ValueError, match="holds no study"):
        read_table(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', "\x00"])
def test_damaged_study_file(tmp_path, text):
    (tmp_path / STUDY_FILE).write_text(text)
    with pytest.raises(ValueError, match=r"study\.json is damaged"):
        ResultStore(tmp_path).description()


def test_study_file_of_a_later_version(tmp_path):
    claimed(tmp_path).__exit__(None, None, None)
    content = json.loads((tmp_path / STUDY_FILE).read_text())
    (tmp_path / STUDY_FILE).write_text(json.dumps(content | {"format": 99}))
    with pytest.raises(ValueError, match="update glasstomo"):
        ResultStore(tmp_path).description()


def test_out_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(NotADirectoryError), ResultStore(tmp_path / "out"):
        pass
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("keep", [0, 3, 0.2, 0.5, 0.9, 0.99, "zeros in the middle"])
def test_damaged_part_is_set_aside_by_the_writer_only(tmp_path, keep):
    store = claimed(tmp_path)
    for cell in range(3):
        store.append([row(cell)])
    store.__exit__(None, None, None)
    path = tmp_path / "rows" / "part-00000002-00000002.parquet"
    whole = path.read_bytes()
    if isinstance(keep, str):
        # The page of the first column; its header is what a reader meets first.
        path.write_bytes(whole[:4] + bytes(64) + whole[68:])
    else:
        path.write_bytes(whole[: keep if keep > 1 else int(keep * len(whole))])
    with pytest.raises(ValueError, match=r"part-00000002-00000002\.parquet is damaged"):
        read_table(tmp_path)
    store = claimed(tmp_path)
    assert set(store.finished()) == {"cell0", "cell2"}
    assert "its cells run again" in store.warnings[0]
    assert path.with_suffix(".damaged").exists()
    store.append([row(1)])
    assert set(store.finished()) == {"cell0", "cell1", "cell2"}
    assert len(read_table(tmp_path)) == 3
    store.__exit__(None, None, None)


def test_appending_needs_the_lock(tmp_path):
    claimed(tmp_path).__exit__(None, None, None)
    with pytest.raises(RuntimeError, match="not locked"):
        ResultStore(tmp_path).append([row(0)])


HOLDER = """
import sys, time
from glasstomo.benchmarks.study.folder_lock import FolderLock
from pathlib import Path
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_lock_keeps_others_out_and_ends_with_its_process(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert str(process.pid) in (ResultStore(tmp_path).in_use or "")
        with pytest.raises(ValueError, match=f"in use by process {process.pid} on .*; wait"):
            claimed(tmp_path)
        process.send_signal(signal.SIGKILL)
    assert ResultStore(tmp_path).in_use is None
    claimed(tmp_path).__exit__(None, None, None)


def test_file_system_without_locks_is_said(tmp_path, monkeypatch):
    import fcntl

    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    store = claimed(tmp_path)
    assert "without locks" in store.warnings[0]
    store.append([row(0)])
    store.__exit__(None, None, None)
    assert ResultStore(tmp_path).in_use is None


def test_readers_never_see_a_gap(tmp_path, monkeypatch):
    """A reader beside a writer that puts parts together all the time sees ever more rows, never fewer."""
    monkeypatch.setattr(parts, "FAN_IN", 2)
    store = claimed(tmp_path)
    seen, errors, ended = [], [], threading.Event()

    def read():
        try:
            while not ended.is_set():
                seen.append(len(ResultStore(tmp_path).finished()))
        except BaseException as error:
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for cell in range(60):
        store.append([row(cell)])
    ended.set()
    reader.join()
    store.__exit__(None, None, None)
    assert errors == []
    assert seen == sorted(seen)
    assert len(set(seen)) > 2


def test_leftovers_of_a_dead_writer_go_and_other_files_stay(tmp_path):
    store = claimed(tmp_path)
    store.append([row(0)])
    store.__exit__(None, None, None)
    (tmp_path / "rows" / ".part-00000002-00000002-abcd1234").mkdir()
    (tmp_path / ".results-abcd1234").mkdir()
    (tmp_path / ".mine").mkdir()
    (tmp_path / ".report-notes").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    claimed(tmp_path).__exit__(None, None, None)
    assert [path.name for path in (tmp_path / "rows").iterdir()] == ["part-00000001-00000001.parquet"]
    assert {path.name for path in tmp_path.iterdir()} == {
        ".lock", ".mine", ".report-notes", "notes.txt", "rows", STUDY_FILE
    }  # fmt: skip
