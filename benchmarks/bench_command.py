"""The command ``glasstomo bench`` and the one below it; what they run is imported when they run."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

# Keys of a result that have a column of their own in the table, and those that only a program wants.
_COLUMNS = ("name", "n", "tilts", "threads", "ms", "min_ms", "roofline_fraction")
_ONLY_IN_JSON = ("flops", "bytes", "curve")
_UNITS = {
    "gb_s": "{} GB/s",
    "gflop_s": "{} GFLOP/s",
    "working_set_mib": "working set {} MiB",
    "times_ours": "{} × ours",
    "iterations": "{} iterations",
    "relative_gap": "gap {}",
    "ms_per_iteration": "{} ms each",
    "our_iterations": "ours {} iterations",
    "times_our_iterations": "{} × our iterations",
    "volumes": "{} volumes of memory",
    "peak_rss_mb": "{} MB resident at most",
    "exponent": "time ∝ n to the {}",
    "tilt_exponent": "∝ tilts to the {}",
    "ns_per_voxel_tilt": "{} ns per voxel and tilt",
    "scaled_from_slices": "scaled from {} slices",
    "kernels": "{} kernels compiled",
}


class BenchCommands(click.Group):
    """The command itself, and those below it, which are loaded only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names."""
        return ["league"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name != "league":
            return None
        from .league.league_command import league

        return league


@click.group(cls=BenchCommands, invoke_without_command=True, subcommand_metavar="[league …]")
@click.option(
    "--size",
    "sizes",
    type=click.IntRange(8, 1024),
    multiple=True,
    default=(128,),
    show_default=True,
    help="Voxels along each edge; repeatable.",
)
@click.option(
    "--tilts",
    type=click.IntRange(min=2),
    multiple=True,
    default=(31,),
    show_default=True,
    help="Projections, -70 to 70 degrees; repeatable.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    multiple=True,
    help="Threads of the kernels; repeatable, one run each [default: all].",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Rounds through all tasks, forwards and backwards: two samples each.",
)
@click.option(
    "--gap",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
    help="Relative primal-dual gap at which a solve is done.",
)
@click.option(
    "--problem",
    "problems",
    multiple=True,
    metavar="NAME",
    help="Time this problem (tv, tv2, ...); repeatable [default: all, above 256 voxels tv].",
)
@click.option(
    "--only",
    "parts",
    multiple=True,
    metavar="PART",
    help="Run this part: operations, solves, plain, study or compile; repeatable [default: all].",
)
@click.option("--no-gap", is_flag=True, help="Leave out whatever is solved to a gap, and compilation.")
@click.option("--peers", is_flag=True, help="Time other packages on the same data, where installed.")
@click.option(
    "--peer-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="What the solve of one peer may take.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw gap against time as well: .png, .pdf or .svg.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line, as they come.")
@click.pass_context
def bench(
    ctx: click.Context,
    sizes: tuple[int, ...],
    parts: tuple[str, ...],
    no_gap: bool,
    plot: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Time projector and solvers beside the limits of this machine.

    The roofline fraction is the time that the least bytes and operations would take at the copy
    bandwidth and the arithmetic rate measured in the same run, over the time that was taken.

    Exit status 1 says that one of our own solves did not reach its gap.

    The command below it ranks solvers on the science instead.

    Example: glasstomo bench --size 64 --threads 1 --threads 2 --json
    """
    if ctx.invoked_subcommand is not None:
        return _nothing_given(ctx)
    from ..recon.interruption import raised
    from .bench import PARTS
    from .bench import bench as run
    from .bench_solves import all_converged
    from .compilation import compiled_kernels
    from .progress import RichProgress

    parts = ("operations",) if no_gap else parts or PARTS
    rows = []
    with figure_file(plot) as file:
        try:
            # A solve cut short would stand among the timings.
            with raised(), RichProgress() as progress, compiled_kernels(progress):
                for row in run(sizes, parts=parts, progress=progress, **options):
                    rows.append(row)
                    if as_json:
                        click.echo(json.dumps(row, ensure_ascii=False))
        finally:
            # What was measured before an interruption is worth reading.
            if rows and not as_json:
                show(rows)
        if file is not None:
            from .figures_bench import save_bench

            save_bench(rows, file, gap=options["gap"])
    if plot is not None and not as_json:
        click.echo(f"Figure: {plot}")
    return 0 if all_converged(rows) else 1


def _nothing_given(ctx: click.Context) -> int:
    """Refuse options of the timings before a command that does not take them."""
    given = ctx.get_parameter_source
    for name in ctx.params:
        if given(name) is click.core.ParameterSource.COMMANDLINE:
            option = next(one.opts[0] for one in ctx.command.params if one.name == name)
            raise click.UsageError(f"{option} belongs to the timings; put options of league behind it", ctx)
    return 0


def figure_file(plot: Path | None) -> AbstractContextManager[Path | None]:
    """Find a place for the figure that can be written, before minutes are spent on what it shows."""
    if plot is None:
        return nullcontext()
    from .figure_files import check_suffix
    from .outputs import whole_file

    check_suffix(plot)
    return whole_file(plot)


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print results as a table."""
    from .console_tables import print_table, rows_table

    print_table(rows_table([_columns(row) for row in rows]))


def _columns(row: dict[str, Any]) -> dict[str, object]:
    shown: dict[str, object] = {key: row.get(key) for key in _COLUMNS}
    shown["roofline"] = shown.pop("roofline_fraction")
    rest = [
        _UNITS.get(key, "{}").format(value)
        for key, value in row.items()
        if key not in (*_COLUMNS, *_ONLY_IN_JSON)
    ]
    return shown | {"": ", ".join(rest)}
