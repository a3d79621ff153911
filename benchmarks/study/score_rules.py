"""What each score of a table means to a reader: its name and unit, and when a value is good enough."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np

_VOXELS = "single_phase_voxels"

# pandas ships no types, and what a checker guesses of its sources is wrong: frames are not checked.
Frame: TypeAlias = Any

Rule = Literal["at_most", "within", "at_least", "share"]


@dataclass(frozen=True, kw_only=True)
class ScoreRule:
    """How a score is read.

    Parameters
    ----------
    column : str
        Of the table of results.
    label : str
        For axes and heads of tables, without the unit.
    unit : str
        Empty for a plain number.
    rule : {"at_most", "within", "at_least", "share"}
        When a value x meets a bound b: x ≤ b; −b ≤ x ≤ b; x ≥ b; or the column holds 1 (right) and 0 (wrong)
        and b is the share of replicates that must be right.
    applies : str, optional
        Column of the truth that must hold something for the score to be asked at all (the true miscibility
        limit: a segregated particle has none); a count must be above 0.
    of : tuple of str
        Columns of which `column` holds, row by row, the value of largest modulus. The mean of a setting is
        that of the one whose interval reaches farthest: the signs of a worst one cancel.
    ratio : bool
        The score is positive and spans decades: compare settings by ratios, draw it on a logarithmic scale.
    """

    column: str
    label: str
    unit: str = ""
    rule: Rule = "at_most"
    applies: str | None = None
    of: tuple[str, ...] = ()
    ratio: bool = False

    @property
    def text(self) -> str:
        """Label and unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def holds(self, values: "np.ndarray", bound: float) -> "np.ndarray":
        """Whether each value is good enough; unknown ones are not.

        Parameters
        ----------
        values : numpy.ndarray
            Of any shape; NaN where unknown.
        bound : float
            The wanted value. For ``"share"`` a replicate is good enough when it is right, whatever the bound.

        Examples
        --------
        >>> SCORE_RULES["density_bias"].holds(np.array([-0.2, 0.4, np.nan]), 0.3)
        array([ True, False, False])
        """
        if self.rule == "at_most":
            return values <= bound
        if self.rule == "within":
            return abs(values) <= bound
        return values >= (1.0 if self.rule == "share" else bound)

    def asked(self, rows: Frame) -> "np.ndarray":
        """Whether the score can be asked of each row, (n,) bool.

        A row that failed is asked: that there is no value is then no excuse.
        """
        import numpy as np
        import pandas as pd

        done = rows["status"].to_numpy() == "done"
        if self.applies is None or self.applies not in rows:
            return np.ones(len(rows), bool)
        told = rows[self.applies].notna().to_numpy()
        if self.applies == _VOXELS:
            voxels: Frame = pd.to_numeric(rows[_VOXELS], errors="coerce")
            told = told & (voxels.to_numpy(float, na_value=0.0) > 0)
        return told | ~done


SCORE_RULES: Mapping[str, ScoreRule] = {
    "zn_fraction_2sigma": ScoreRule(
        column="zn_fraction_2sigma", label="±2σ of zinc fraction", ratio=True, applies=_VOXELS
    ),
    "density_2sigma": ScoreRule(
        column="density_2sigma",
        label="±2σ of metal density",
        unit="nm⁻³",
        ratio=True,
        applies=_VOXELS,
    ),
    "zn_fraction_bias": ScoreRule(
        column="zn_fraction_bias", label="Bias of zinc fraction", rule="within", applies=_VOXELS
    ),
    "density_bias": ScoreRule(
        column="density_bias",
        label="Bias of metal density",
        unit="nm⁻³",
        rule="within",
        applies=_VOXELS,
    ),
    "mixing_state": ScoreRule(
        column="mixing_state_right",
        label="Mixing state told right",
        rule="share",
        applies="mixing_state_true",
    ),
    "miscibility_limit_error": ScoreRule(
        column="miscibility_limit_error",
        label="Error of the miscibility limit",
        rule="within",
        applies="miscibility_limit_true",
    ),
    "cross_section_bias": ScoreRule(
        column="cross_section_bias",
        label="Relative error of the worst cross-section",
        rule="within",
        of=tuple(f"cross_section_bias_{line}" for line in ("Co_Ka", "Co_Kb", "Zn_Ka", "Zn_Kb")),
    ),
    "interface_width_bias_nm": ScoreRule(
        column="interface_width_bias_nm",
        label="Error of the interface width",
        unit="nm",
        rule="within",
        applies="interface_width_true_nm",
    ),
    "interface_width_counts_bias_nm": ScoreRule(
        column="interface_width_counts_bias_nm",
        label="Error of the width from counts",
        unit="nm",
        rule="within",
        applies="interface_width_true_nm",
    ),
    "miscibility_limit_counts_error": ScoreRule(
        column="miscibility_limit_counts_error",
        label="Error of the miscibility limit from counts",
        rule="within",
        applies="miscibility_limit_true",
    ),
    "phase_diagram_distance": ScoreRule(
        column="phase_diagram_distance", label="Distance of the phase diagrams", ratio=True
    ),
    "nrmse_co": ScoreRule(column="nrmse_co", label="NRMSE of cobalt", ratio=True),
    "nrmse_zn": ScoreRule(column="nrmse_zn", label="NRMSE of zinc", ratio=True),
    "dice": ScoreRule(column="dice", label="Dice overlap of the particle", rule="at_least"),
}

# What a design costs, and how it is written; `worst` of these is the largest.
COSTS: Mapping[str, str] = {
    "total_fluence_e_nm2": "Total fluence (e nm⁻²)",
    "minutes": "Time at the microscope (min)",
    "tilts": "Tilts",
    "seconds": "Computing time (s)",
}


def score_rule(name: str) -> ScoreRule:
    """Return the rule of a score.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them.
    """
    if name not in SCORE_RULES:
        raise ValueError(f"no score {name!r}; known: {', '.join(SCORE_RULES)}")
    return SCORE_RULES[name]


def claims(wanted: Mapping[str, float]) -> dict[str, tuple[ScoreRule, float]]:
    """Return what has to be decided for what is wanted: one claim each, or one for each of its columns.

    The worst of several columns, signed, has no mean worth judging: two cross-sections that are always 3 %
    too large and 3 % too small take turns at being the worst. Each is judged by itself.

    Returns
    -------
    dict
        Name of the claim to its rule and bound.

    Examples
    --------
    >>> list(claims({"density_bias": 0.1, "cross_section_bias": 0.02}))[:2]
    ['density_bias', 'cross_section_bias_Co_Ka']
    """
    from .columns import COLUMNS

    found: dict[str, tuple[ScoreRule, float]] = {}
    for name, bound in wanted.items():
        rule = score_rule(name)
        if not rule.of:
            found[name] = (rule, bound)
        for column in rule.of:
            found[column] = (replace(rule, column=column, label=COLUMNS[column].label, of=()), bound)
    return found


def check_wanted(wanted: Mapping[str, float]) -> dict[str, float]:
    """Check names and bounds of what is wanted.

    Raises
    ------
    ValueError
        If a name is unknown, or a bound is not a positive number (a share: above 1).
    """
    for name, bound in wanted.items():
        rule = score_rule(name)
        if not 0 < bound < float("inf"):
            raise ValueError(f"wanted {name} must be a number above 0, got {bound!r}")
        if rule.rule == "share" and bound > 1:
            raise ValueError(f"wanted {name} is a share of replicates, at most 1, got {bound:g}")
    return {name: float(bound) for name, bound in wanted.items()}
