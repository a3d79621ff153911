"""The command ``glasstomo study plan``; what it runs is imported when it runs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .plan import Plan


@click.command()
@click.argument("file", metavar="STUDY.toml|NAME")
@click.option(
    "--workers",
    "counts",
    type=click.IntRange(min=1),
    multiple=True,
    help="Show the time on this many workers; repeatable [default: powers of two].",
)
@click.option("--cells", type=click.IntRange(min=1), help="Plan for this many cells instead of the study's.")
@click.option(
    "--probe",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    help="Cells to run to find out what one takes.",
)
@click.option(
    "--measured",
    type=click.Path(path_type=Path),
    help="Folder of an earlier run, instead of running cells.",
)
@click.option("--measure", is_flag=True, help="Measure the overhead of scheduling as well (half a minute).")
@click.option(
    "--on",
    "busy",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Processes that measure at the same time; as many as will share a machine.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Measure on the workers of a dask scheduler instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(
    file: str,
    counts: tuple[int, ...],
    cells: int | None,
    probe: int,
    measured: Path | None,
    measure: bool,
    busy: int,
    scheduler: str | None,
    as_json: bool,
) -> int:
    """Tell how long a study takes on how many workers, before it is run.

    Nothing is written. A few cells are run to find out, or the table of an earlier run is read.

    Example: glasstomo study plan dose_tilt --workers 2 --workers 64 --measure
    """
    from ..progress import RichProgress
    from .cell_cost import probe_cells, table_cost
    from .overhead import measure_overhead
    from .plan import plan_of, worker_counts
    from .shipped import named_study
    from .store import read_table
    from .workers import WorkersLostError, open_workers

    study = named_study(file)
    table = None if measured is None else read_table(measured)
    cost = None if table is None else table_cost(study, table)
    overhead = None
    try:
        with RichProgress() as progress:
            if cost is None or measure:
                own = None if scheduler is not None else busy
                with open_workers(scheduler, own, note=progress.note) as pool:
                    if measure:
                        with progress.stage("measure the overhead"):
                            overhead = measure_overhead(pool)
                    if cost is None:
                        with progress.stage(f"run {probe} cells"):
                            cost = probe_cells(study, pool, count=probe)
    except (WorkersLostError, RuntimeError) as error:
        click.echo(f"glasstomo: error: {error}", err=True)
        return 1
    settings = len(study.cells()) // study.replicates
    number = cells or len(study.cells())
    found = plan_of(study.name, cells=number, settings=settings, cost=cost, overhead=overhead)
    shown = worker_counts(counts, found.most_workers)
    if as_json:
        click.echo(json.dumps(found.as_dict(shown), indent=2, ensure_ascii=False))
    else:
        show_plan(found, shown)
    return 0


def show_plan(plan: "Plan", counts: tuple[int, ...]) -> None:
    """Print a plan for a reader."""
    from ..console_tables import print_table, rows_table

    cost = plan.cost
    error = f" ± {cost.standard_error_s:.2g}" if cost.standard_error_s > 0 else ""
    click.echo(f"{plan.name}: {plan.cells} cells, {plan.settings} settings")
    click.echo(
        f"A cell takes {cost.seconds:.3g}{error} s, the longest {cost.longest_s:.3g} s ({cost.source})."
    )
    click.echo(
        f"Overhead of each cell: {1e3 * plan.overhead_s:.3g} ms of its worker, "
        f"{1e3 * plan.client_s:.3g} ms of client and scheduler ({plan.overhead_source})."
    )
    click.echo(
        f"In all {plan.core_hours:.3g} core-hours and a table of {plan.table_mb:.3g} MB; "
        f"one client keeps up to {plan.most_workers} workers busy."
    )
    rows: list[dict[str, object]] = []
    for count in counts:
        row = plan.row(count)
        memory = row["memory_gb"]
        rows.append(
            {
                "workers": count,
                "time": duration(row["seconds"]),
                "cells/hour": f"{row['cells_per_hour']:,.0f}",
                "busy": f"{100 * row['efficiency']:.1f} %",
                "memory": None if memory is None else f"{memory:.3g} GB",
            }
        )
    print_table(rows_table(rows))


def duration(seconds: float) -> str:
    """Write a time with two units at most.

    Examples
    --------
    >>> duration(42.4), duration(754.0), duration(9000.0), duration(300_000.0)
    ('42 s', '12 min 34 s', '2 h 30 min', '3 d 11 h')
    """
    whole = round(seconds)
    for unit, size, below, step in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // step} {below}"
    return f"{whole} s"
