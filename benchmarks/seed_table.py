"""Several runs of `reproduce` in one table: what one seed shows by luck, ten do not.

Run as ``python -m glasstomo.benchmarks.seed_table results/seed-*/summary.json``.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def seed_rows(summary: dict[str, Any]) -> dict[str, Any]:
    """Return one run as a row: the worst cross-section, and the verdicts on both particles.

    Parameters
    ----------
    summary : dict
        The content of ``summary.json``.

    Examples
    --------
    >>> line = {"true_barn": 2.0, "fit_barn": 2.02, "standard_error_barn": 0.02}
    >>> seed_rows({"settings": {"seed": 3}, "calibration": {"titan": {"Zn_Ka": line}}, "particles": {}})
    {'seed': 3, 'worst σ (%)': 1.0, 'worst σ (s.e.)': 1.0}
    """
    values = [one for lines in summary["calibration"].values() for one in lines.values()]
    misses = [one["fit_barn"] - one["true_barn"] for one in values]
    percent = [100 * miss / one["true_barn"] for miss, one in zip(misses, values, strict=True)]
    errors = [miss / one["standard_error_barn"] for miss, one in zip(misses, values, strict=True)]
    row: dict[str, Any] = {
        "seed": summary["settings"]["seed"],
        "worst σ (%)": round(max(percent, key=abs), 2),
        "worst σ (s.e.)": round(max(errors, key=abs), 2),
    }
    for name, particle in summary["particles"].items():
        row[f"{name}: state"] = particle["mixing_state"]
        row[f"{name}: ±2σ X"] = particle["zn_fraction_2sigma"]
        row[f"{name}: ±2σ density"] = particle["density_2sigma"]
        if particle["miscibility_limit_true"] is not None:
            row[f"{name}: limit"] = particle["miscibility_limit"]
    return row


def seed_table(paths: Sequence[Path]) -> "pd.DataFrame":
    """Return one row for each ``summary.json``, by rising seed."""
    import pandas as pd

    rows = [seed_rows(json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return pd.DataFrame(rows).sort_values("seed").set_index("seed")


def markdown(table: "pd.DataFrame") -> str:
    """Return the table as Markdown, numbers to three digits."""

    def cell(value: object) -> str:
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    head = ["seed", *(str(column) for column in table.columns)]
    lines = [head, ["---"] * len(head)]
    lines += [[cell(index), *(cell(value) for value in row)] for index, *row in table.itertuples()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    print(markdown(seed_table([Path(name) for name in sys.argv[1:]])))
