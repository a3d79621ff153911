"""Columns of the league's table of results."""

from ...phantoms.table import Table
from ..study.columns import Better, Column, Kind


def _column(name: str, label: str, kind: Kind = "number", better: Better = "") -> Column:
    return Column(name=name, label=label, kind=kind, better=better)


LEADING: tuple[Column, ...] = (
    _column("problem", "Problem", "text"),
    _column("problem_key", "Key of the problem", "text"),
    _column("entry", "Entry", "text"),
    _column("entry_key", "Key of the entry", "text"),
    _column("family", "Family", "text"),
    _column("replicate", "Replicate", "whole"),
    _column("status", "What became of it", "text"),
    _column("reason", "Why", "text"),
)
"""Who solved what, and what became of it; the first four and the replicate tell rows apart."""

SCORE_COLUMNS: Table[Column] = Table(
    "score",
    {
        column.name: column
        for column in (
            _column("phase_diagram_distance", "Distance of the phase diagram", better="lower"),
            _column("zn_fraction_2sigma", "±2σ of zinc fraction", better="lower"),
            _column("zn_fraction_bias", "Bias of zinc fraction", better="zero"),
            _column("density_2sigma", "±2σ of metal density (nm⁻³)", better="lower"),
            _column("density_bias", "Bias of metal density (nm⁻³)", better="zero"),
            _column("mixing_state_right", "Mixing state right", better="higher"),
            _column("miscibility_limit_error", "Error of the miscibility limit", better="zero"),
            _column("nrmse_co", "NRMSE of cobalt", better="lower"),
            _column("nrmse_zn", "NRMSE of zinc", better="lower"),
            _column("dice", "Dice overlap of the body", better="higher"),
            _column("cross_section_error", "Error of the cross-section", better="lower"),
            _column("cross_section_bias", "Bias of the cross-section", better="zero"),
            _column("volume_bias", "Bias of the volume", better="zero"),
            _column("nrmse", "NRMSE of the shape", better="lower"),
        )
    },
)
"""Scores by name."""

TRAILING: tuple[Column, ...] = (
    _column("seconds", "Seconds by the clock"),
    _column("core_seconds", "Core seconds"),
    _column("warm_up_seconds", "Seconds of the warm-up"),
    _column("peak_mb", "Peak memory (MB)"),
    _column("solver_status", "How the solver ended", "text"),
    _column("iterations", "Iterations", "whole"),
    _column("digest", "Digest of the data", "text"),
    _column("frozen", "Data as they were frozen", "text"),
    _column("versions", "Versions", "text"),
    _column("finished_at", "Finished at", "text"),
)
"""Time, memory, and what the row was made with."""

COLUMNS = (*LEADING, *SCORE_COLUMNS.values(), *TRAILING)
IDENTITY = ("problem_key", "entry", "entry_key", "replicate")
"""Columns that tell rows apart: a later row takes the place of an earlier one."""
