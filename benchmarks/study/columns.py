"""Columns of a results table: type, what they are called, and which way is better."""

from dataclasses import dataclass
from typing import Literal

from ..design.trial import TRIAL_COLUMNS

Kind = Literal["text", "whole", "number"]
Better = Literal["", "lower", "higher", "zero"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Parameters
    ----------
    name : str
        In the table.
    label : str
        For figures and tables, with its unit.
    kind : {"text", "whole", "number"}
        Strings, 64-bit integers or doubles; every one may be missing.
    better : {"", "lower", "higher", "zero"}
        Which way is better; empty for what is no score.
    """

    name: str
    label: str
    kind: Kind = "number"
    better: Better = ""

    @property
    def timing(self) -> bool:
        """Whether it depends on the machine and the moment."""
        return self.name in TIMING_COLUMNS


_TEXT = {"solver_status", "mixing_state", "mixing_state_true", "design_key"}
_WHOLE = {"replicate", "seed", "tilts", "iterations", "single_phase_voxels", "phases_found", "phases_true"}
_LABELS = {
    "replicate": "Replicate",
    "seed": "Seed",
    "design_key": "Design",
    "tilts": "Tilts",
    "total_fluence_e_nm2": "Total fluence (e nm⁻²)",
    "minutes": "Time at the microscope (min)",
    "mean_counts_co": "Mean Co Kα counts per pixel",
    "mean_counts_zn": "Mean Zn Kα counts per pixel",
    "solver_status": "How the solver ended",
    "relative_gap": "Relative primal–dual gap",
    "iterations": "Iterations",
    "lam_Co_Ka": "λ of Co",
    "lam_Zn_Ka": "λ of Zn",
    "zn_fraction_2sigma": "±2σ of zinc fraction",
    "density_2sigma": "±2σ of metal density (nm⁻³)",
    "zn_fraction_bias": "Bias of zinc fraction",
    "density_bias": "Bias of metal density (nm⁻³)",
    "single_phase_voxels": "Voxels inside single phases",
    "mixing_state": "Mixing state",
    "mixing_state_true": "True mixing state",
    "mixing_state_right": "Mixing state told right",
    "mixing_state_confidence": "Confidence of the mixing state",
    "phase_diagram_distance": "Distance of the phase diagrams",
    "miscibility_limit": "Miscibility limit",
    "miscibility_limit_true": "True miscibility limit",
    "miscibility_limit_error": "Error of the miscibility limit",
    "interface_width_nm": "Interface width (nm)",
    "interface_width_true_nm": "True interface width (nm)",
    "interface_width_bias_nm": "Error of the interface width (nm)",
    "interface_width_error_nm": "Standard error of the interface width (nm)",
    "interface_squared_nm2": "Square of the interface width (nm²)",
    "interface_covered": "Interval holds the interface width",
    "interface_width_counts_nm": "Interface width from counts (nm)",
    "interface_width_counts_bias_nm": "Error of the width from counts (nm)",
    "interface_width_counts_error_nm": "Standard error of the interface width from counts (nm)",
    "interface_width_counts_low_nm": "Lower end of the interface width from counts (nm)",
    "interface_width_counts_high_nm": "Upper end of the interface width from counts (nm)",
    "interface_width_counts_covered": "Interval from counts holds the interface width",
    "miscibility_limit_counts": "Miscibility limit from counts",
    "miscibility_limit_counts_error": "Error of the miscibility limit from counts",
    "miscibility_limit_counts_covered": "Interval from counts holds the miscibility limit",
    "phases_found": "Phases found",
    "phases_true": "Phases in the true diagram",
    "phase_share_distance": "Voxels in the wrong phase, as shares go",
    "cross_section_bias": "Relative error of the worst cross-section",
    "cross_section_bias_Co_Ka": "Relative error of σ, Co Kα",
    "cross_section_bias_Co_Kb": "Relative error of σ, Co Kβ",
    "cross_section_bias_Zn_Ka": "Relative error of σ, Zn Kα",
    "cross_section_bias_Zn_Kb": "Relative error of σ, Zn Kβ",
    "cross_section_error_Co_Ka": "Relative standard error of σ, Co Kα",
    "cross_section_error_Co_Kb": "Relative standard error of σ, Co Kβ",
    "cross_section_error_Zn_Ka": "Relative standard error of σ, Zn Kα",
    "cross_section_error_Zn_Kb": "Relative standard error of σ, Zn Kβ",
    "cross_section_covered_Co_Ka": "95 % interval of σ covers, Co Kα",
    "cross_section_covered_Co_Kb": "95 % interval of σ covers, Co Kβ",
    "cross_section_covered_Zn_Ka": "95 % interval of σ covers, Zn Kα",
    "cross_section_covered_Zn_Kb": "95 % interval of σ covers, Zn Kβ",
    "nrmse_co": "NRMSE of cobalt",
    "nrmse_zn": "NRMSE of zinc",
    "dice": "Dice overlap of the particle",
    "edge_share": "Share of edge voxels",
    "seconds_truth": "Seconds, truth",
    "seconds_simulate": "Seconds, simulation",
    "seconds_reconstruct": "Seconds, reconstruction",
    "seconds_score": "Seconds, scores",
    "seconds": "Seconds",
}
_BETTER: dict[str, Better] = {
    "zn_fraction_2sigma": "lower",
    "density_2sigma": "lower",
    "zn_fraction_bias": "zero",
    "density_bias": "zero",
    "mixing_state_right": "higher",
    "mixing_state_confidence": "higher",
    "phase_diagram_distance": "lower",
    "miscibility_limit_error": "zero",
    "interface_width_bias_nm": "zero",
    "interface_width_error_nm": "lower",
    "interface_covered": "higher",
    "interface_width_counts_bias_nm": "zero",
    "interface_width_counts_error_nm": "lower",
    "interface_width_counts_covered": "higher",
    "miscibility_limit_counts_error": "zero",
    "miscibility_limit_counts_covered": "higher",
    "phase_share_distance": "lower",
    "cross_section_bias": "zero",
    "cross_section_bias_Co_Ka": "zero",
    "cross_section_bias_Co_Kb": "zero",
    "cross_section_bias_Zn_Ka": "zero",
    "cross_section_bias_Zn_Kb": "zero",
    "cross_section_error_Co_Ka": "lower",
    "cross_section_error_Co_Kb": "lower",
    "cross_section_error_Zn_Ka": "lower",
    "cross_section_error_Zn_Kb": "lower",
    "nrmse_co": "lower",
    "nrmse_zn": "lower",
    "dice": "higher",
}

TIMING_COLUMNS = frozenset(
    {name for name in TRIAL_COLUMNS if name.startswith("seconds")} | {"worker", "finished_at"}
)
"""Columns in which two runs of one study may differ."""


def _trial_column(name: str) -> Column:
    kind: Kind = "text" if name in _TEXT else "whole" if name in _WHOLE else "number"
    return Column(name=name, label=_LABELS[name], kind=kind, better=_BETTER.get(name, ""))


LEADING = (
    Column(name="cell", label="Cell", kind="text"),
    Column(name="index", label="Number of the cell", kind="whole"),
)
TRAILING = (
    Column(name="method", label="Method", kind="text"),
    Column(name="status", label="Status", kind="text"),
    Column(name="reason", label="Reason", kind="text"),
    *(_trial_column(name) for name in TRIAL_COLUMNS),
    Column(name="study_key", label="Study", kind="text"),
    Column(name="versions", label="Versions", kind="text"),
    Column(name="worker", label="Worker", kind="text"),
    Column(name="finished_at", label="Finished at", kind="text"),
)
"""Columns after those of the factors, in order."""

COLUMNS = {column.name: column for column in (*LEADING, *TRAILING)}
"""Every column but those of the factors, which a study names itself."""
