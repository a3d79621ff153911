"""`study plan`: constants from cells with known costs, and hours that follow from them."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from glasstomo.benchmarks.study import plan_command
from glasstomo.benchmarks.study.cell_cost import CellCost, probe_cells, table_cost
from glasstomo.benchmarks.study.overhead import Overhead, measure_overhead
from glasstomo.benchmarks.study.plan import MANY, Plan, plan_of
from glasstomo.benchmarks.study.study import Study
from glasstomo.benchmarks.study.workers import Workers, open_workers
from hypothesis import given
from hypothesis import strategies as st

STUDY = Study(
    name="tilts",
    design={"specimen": {"size": 16}, "wanted": {"zn_fraction_2sigma": 0.03}},
    factors=({"field": "tilts.count", "values": (5, 15, 25, 35, 45)},),
    replicates=4,
)
COST = CellCost(
    seconds=3.0,
    standard_error_s=0.1,
    longest_s=5.0,
    measured=6,
    source="cells",
    memory_mb=600.0,
    row_bytes=700.0,
)


def law_s(tilts: float) -> float:
    """Seconds in just the shape of the rule of thumb."""
    return 0.1 * (0.6 + 0.4 * tilts / 15)


def costs_its_tilts(design, *, replicate: int, seed: int, scores=None) -> dict:
    """A trial that says that it took so long."""
    return {
        "seconds": law_s(design.tilts.count),
        "nrmse_co": 0.1234567 + replicate,
        "design_key": design.key,
    }


def fails_when_many(design, *, replicate: int, seed: int, scores=None) -> dict:
    if design.tilts.count > 20:
        raise ValueError("too many")
    return costs_its_tilts(design, replicate=replicate, seed=seed)


def plan(**changes) -> Plan:
    values = {"name": "x", "cells": 1000, "settings": 10, "cost": COST, "overhead_s": 0.02}
    values |= {"client_s": 0.005, "start_s": 4.0, "overhead_source": "measured"}
    return Plan(**{**values, **changes})


# ---- what follows from the constants


def test_time_of_one_worker_is_the_sum_of_its_cells():
    assert plan().seconds(1) == pytest.approx(4 + 1000 * 3.02)
    assert plan().core_hours == pytest.approx(1000 * 3.02 / 3600)
    assert plan().efficiency(1) == pytest.approx(3000 / 3024)
    assert plan().table_mb == pytest.approx(0.7)


def test_the_client_bounds_the_number_of_workers():
    assert plan().most_workers == int(3.02 / 0.005)
    many = plan(cells=MANY)
    # Far beyond, time is that of the client alone.
    assert many.seconds(100_000) == pytest.approx(4 + MANY * 0.005)
    assert many.seconds(many.most_workers // 2) > 4 + MANY * 0.005


@given(
    cells=st.integers(1, 10**6),
    seconds=st.floats(0.01, 100),
    spread=st.floats(1, 5),
    overhead=st.floats(0, 1),
    client=st.floats(1e-4, 0.1),
    workers=st.integers(1, 4096),
)
def test_laws_of_a_plan(cells, seconds, spread, overhead, client, workers):
    cost = CellCost(**{**vars(COST), "seconds": seconds, "longest_s": spread * seconds})
    one = plan(cells=cells, cost=cost, overhead_s=overhead, client_s=client)
    # More cells take longer, no share is above one, and no number of workers beats the client.
    assert one.seconds(workers) <= plan(
        cells=cells + 1, cost=cost, overhead_s=overhead, client_s=client
    ).seconds(workers)
    assert 0 < one.efficiency(workers) <= 1
    assert one.seconds(workers) >= one.start_s + cells * client
    # The work itself can be shared out at best evenly.
    assert one.seconds(workers) - one.start_s >= cells * (seconds + overhead) / workers * (1 - 1e-12)


def test_a_simulated_queue_ends_within_the_plan():
    """List scheduling of cells of random length: the plan is late at most by the tail it allows for."""
    rng = np.random.default_rng(0)
    lengths = rng.uniform(1.0, 5.0, 2000)
    cost = CellCost(**{**vars(COST), "seconds": float(lengths.mean()), "longest_s": 5.0})
    one = plan(cells=len(lengths), cost=cost, overhead_s=0.0, client_s=1e-6, start_s=0.0)
    for workers in (1, 7, 64):
        free = np.zeros(workers)
        for length in lengths:
            free[np.argmin(free)] += length
        # Graham 1969, doi:10.1137/0117039: a list schedule ends before the mean load plus the longest job.
        assert free.max() <= one.seconds(workers) * (1 + 1e-12)
        assert free.max() >= one.seconds(workers) - 5.0


def test_bad_numbers_are_refused():
    with pytest.raises(ValueError, match="`cells` must be at least 1, got 0"):
        plan(cells=0)
    with pytest.raises(ValueError, match="`workers` must be at least 1"):
        plan().seconds(0)
    with pytest.raises(ValueError, match="`count` must be at least 1"):
        probe_cells(STUDY, Workers(), count=0)
    with pytest.raises(ValueError, match="must be positive"):
        measure_overhead(Workers(), cells=0)


def test_measured_overheads_come_first():
    overhead = Overhead(
        workers=2, cells_per_hour=1.0, call_s=0.2, overhead_s=0.004, overhead_share=0.01, client_s=0.001,
        landing_s=0.002, start_s=3.0,
    )  # fmt: skip
    known = CellCost(**{**vars(COST), "overhead_s": 0.03})
    found = plan_of("x", cells=10, settings=2, cost=known, overhead=overhead)
    assert (found.overhead_s, found.client_s, found.start_s) == (0.004, 0.003, 3.0)
    assert plan_of("x", cells=10, settings=2, cost=known).overhead_s == 0.03
    assert "typical" in plan_of("x", cells=10, settings=2, cost=COST).overhead_source


# ---- constants


def test_probes_carry_over_to_all_settings():
    cost = probe_cells(STUDY, Workers(), count=2, trial=costs_its_tilts)
    # Mean over 5, 15 … 45 tilts: the rule of thumb is off by one factor for all, so that two cells tell it.
    assert cost.seconds == pytest.approx(law_s(25), rel=1e-6)
    assert cost.longest_s == pytest.approx(law_s(45), rel=1e-6)
    assert cost.standard_error_s == pytest.approx(0.0, abs=1e-6)
    assert cost.measured == 2
    assert 30 < cost.memory_mb < 20_000


def test_cells_that_fail_are_left_out():
    cost = probe_cells(STUDY, Workers(), count=5, trial=fails_when_many)
    assert cost.measured == 2
    assert cost.seconds == pytest.approx(law_s(25), rel=1e-6)

    def never(design, **_):
        raise ValueError("no such thing")

    with pytest.raises(RuntimeError, match="none of 3 cells ran: ValueError: no such thing"):
        probe_cells(STUDY, Workers(), count=3, trial=never)


def earlier_run(gap_s: float) -> pd.DataFrame:
    """Rows of two workers, with a known gap between cells, and one failure."""
    rows = []
    clock = {"a": pd.Timestamp("2024-05-01", tz="UTC"), "b": pd.Timestamp("2024-05-01", tz="UTC")}
    for cell in STUDY.cells():
        worker = "ab"[cell.index % 2]
        row = costs_its_tilts(cell.design, replicate=cell.replicate, seed=cell.seed)
        clock[worker] += pd.Timedelta(seconds=row["seconds"] + gap_s)
        rows.append({**row, "status": "done", "worker": worker, "finished_at": clock[worker].isoformat()})
    rows.append({**rows[-1], "status": "failed", "seconds": math.nan})
    return pd.DataFrame(rows)


def test_an_earlier_run_tells_seconds_and_gaps():
    cost = table_cost(STUDY, earlier_run(gap_s=0.025))
    assert cost.seconds == pytest.approx(law_s(25))
    assert cost.overhead_s == pytest.approx(0.025, abs=1e-5)
    assert cost.measured == 20
    assert cost.standard_error_s == 0.0
    with pytest.raises(ValueError, match="no finished cell"):
        table_cost(STUDY, earlier_run(0.0).assign(status="failed"))


def test_an_earlier_run_of_some_settings_speaks_for_the_others():
    table = earlier_run(0.0)
    few = {cell.design.key for cell in STUDY.cells() if cell.levels["tilts_count"] in (5, 35)}
    cost = table_cost(STUDY, table[table["design_key"].isin(few)])
    assert cost.seconds == pytest.approx(law_s(25), rel=1e-6)
    # Of another study only the mean is known.
    other = table_cost(STUDY, table.assign(design_key="0" * 16))
    assert other.seconds == pytest.approx(law_s(25))


def test_rows_take_about_the_bytes_of_their_numbers():
    cost = probe_cells(STUDY, Workers(), count=2, trial=costs_its_tilts)
    # Two doubles, a key of 8 random bytes as 16 letters, a design key from a dictionary; headers.
    assert 24 < cost.row_bytes < 120


def test_overhead_in_this_process_is_all_but_nothing():
    found = measure_overhead(Workers(), cells=4, seconds=0.02, empty_cells=20)
    assert found.workers == 1
    # No clock is trusted here: these hold whatever the load.
    assert found.call_s >= 0.02
    assert 0 <= found.overhead_share < 1
    assert found.cells_per_hour == pytest.approx(3600 / (found.call_s + found.overhead_s), rel=1e-6)


def test_overhead_of_processes_adds_up():
    with open_workers(workers=2) as pool:
        found = measure_overhead(pool, cells=4, seconds=0.05, empty_cells=20)
    assert found.workers == 2
    assert found.overhead_share == pytest.approx(found.overhead_s / (found.call_s + found.overhead_s))
    assert found.cells_per_hour == pytest.approx(2 * 3600 / (found.call_s + found.overhead_s), rel=1e-6)
    assert min(found.client_s, found.landing_s, found.start_s) > 0


# ---- the command


def command(*arguments: str):
    return CliRunner().invoke(plan_command.plan, list(arguments), standalone_mode=False)


def write_study(folder: Path) -> Path:
    file = folder / "mine.toml"
    file.write_text(
        'name = "mine"\nreplicates = 3\n[design.specimen]\nsize = 16\n[design.wanted]\n'
        'zn_fraction_2sigma = 0.03\n[[factors]]\nfield = "tilts.count"\nvalues = [5, 9]\n'
    )
    return file


def test_the_command_runs_cells_and_tells_hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from glasstomo.benchmarks.design import trial

    monkeypatch.setattr(trial, "run_trial", costs_its_tilts)
    file = write_study(tmp_path)
    found = command(str(file), "--on", "0", "--probe", "2", "--workers", "4", "--cells", "100000", "--json")
    assert found.exception is None, found.output
    plan = json.loads(found.stdout)
    assert (plan["cells"], plan["settings"]) == (100_000, 2)
    assert plan["cell"]["seconds"] == pytest.approx(law_s(7))
    assert [row["workers"] for row in plan["workers"]] == [4]
    text = command(str(file), "--on", "0", "--probe", "1")
    assert "6 cells, 2 settings" in text.output
    assert list(tmp_path.iterdir()) == [file]


def test_the_command_reads_an_earlier_run(tmp_path: Path):
    from glasstomo.benchmarks.study.run_study import run_study
    from glasstomo.benchmarks.study.study_file import read_study

    file = write_study(tmp_path)
    run_study(read_study(file), tmp_path / "out", workers=0, trial=costs_its_tilts)
    found = command(str(file), "--measured", str(tmp_path / "out"), "--json")
    assert found.exception is None, found.output
    assert json.loads(found.stdout)["cell"]["seconds"] == pytest.approx(law_s(7))
    assert "6 cells of an earlier run" in json.loads(found.stdout)["cell"]["source"]


def test_unknown_studies_list_the_shipped_ones():
    from glasstomo.benchmarks.study.shipped import named_study

    found = command("no_such_study")
    assert isinstance(found.exception, ValueError)
    assert "smoke" in str(found.exception)
    assert named_study("smoke").name == "smoke"
    # Not a way out of the folder of shipped studies.
    assert isinstance(command("../studies/smoke").exception, ValueError)
