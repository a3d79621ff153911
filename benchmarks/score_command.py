"""The command ``glasstomo score``; what it runs is imported when it runs."""

import json
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("recon", type=click.Path(path_type=Path))
@click.argument("truth", type=click.Path(path_type=Path))
@click.option(
    "--units",
    type=click.Choice(["auto", "density", "counts"]),
    default="auto",
    show_default=True,
    help="Whether metals in RECON are atoms per nm3, or counts as glasstomo reconstruct leaves them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def score(recon: Path, truth: Path, units: str, as_json: bool) -> int:
    """Score a reconstructed volume against the truth.

    RECON is a volume (.h5, .hspy, .mrc) with channels named after elements or their lines, or one of
    ADF; TRUTH is what glasstomo simulate --truth wrote, or any volume of the same voxels.

    Example: glasstomo score volume.h5 truth.h5
    """
    from .score_files import score_files

    scores = score_files(recon, truth, units=units)
    if as_json:
        click.echo(json.dumps(scores, indent=2, ensure_ascii=False))
        return 0
    from .console_tables import print_table, rows_table

    rows: list[dict[str, object]] = [
        {"score": name, "value": _shown(value)} for name, value in scores.items() if value is not None
    ]
    print_table(rows_table(rows))
    silent = [name for name, value in scores.items() if value is None]
    if silent:
        click.echo(f"Nothing to say on {', '.join(silent)}")
    return 0


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
