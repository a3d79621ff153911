"""Tables on the terminal."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def rows_table(rows: list[dict[str, object]]) -> "Table":
    """Lay rows of equal keys out as a table, numbers to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for key in rows[0] if rows else ():
        numeric = all(isinstance(row[key], int | float | None) for row in rows)
        table.add_column(
            key.replace("_", " "), justify="right" if numeric else "left", no_wrap=numeric, overflow="fold"
        )
    for row in rows:
        table.add_row(*("–" if value is None else str(value) for value in row.values()))
    return table


def print_table(table: "Table") -> None:
    """Print a table on standard output, unfolded where that is not a terminal (it may be a pipe to grep)."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 200
    Console(width=width, markup=False, highlight=False).print(table)
