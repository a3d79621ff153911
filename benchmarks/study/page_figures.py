"""Figures of the page on the shipped studies, drawn from their kept results.

Run as ``python -m glasstomo.benchmarks.study.page_figures FOLDER``.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .aggregate import aggregate
from .study_source import read_study_table
from .study_table import StudyTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class PageFigure:
    """One figure: scores of a study along one factor, or one score over two.

    Parameters
    ----------
    study : str
        A shipped study whose results are kept.
    scores : tuple of str
        A map takes one, curves take several.
    x, y : str
        Factors; without `y` curves are drawn.
    where : dict
        Rows to draw: column to value.
    success : bool
        Draw the share of successes instead of the mean.
    """

    study: str
    scores: tuple[str, ...]
    x: str
    y: str | None = None
    where: Mapping[str, object] = field(default_factory=dict)
    success: bool = False

    @property
    def columns(self) -> set[str]:
        """Factors that it needs."""
        return {self.x, self.y or self.x, *self.where}

    def draw(self) -> "Figure":
        """Draw it."""
        from .figures_curves import figure_curves, figure_success
        from .figures_maps import figure_precision_map, figure_success_map

        table = self._table()
        summary = aggregate(table, scores=self.scores)
        factors = {one.name: one for one in table.factors}
        if self.y is None and self.success:
            return figure_success(table, summary, x=factors[self.x])
        if self.y is None:
            return figure_curves(table, summary, self.scores, x=factors[self.x])
        draw = figure_success_map if self.success else figure_precision_map
        return draw(table, summary, self.scores[0], x=factors[self.x], y=factors[self.y])

    def _table(self) -> StudyTable:
        from dataclasses import replace

        table = read_study_table(self.study, wanted={"mixing_state": 0.95} if self.success else {})
        rows = table.rows
        for column, value in self.where.items():
            rows = rows[rows[column] == value]
        held = [one for one in table.factors if one.name not in self.where]
        return replace(table, rows=rows.reset_index(drop=True), factors=tuple(held))


@dataclass(frozen=True, kw_only=True)
class MethodsFigure:
    """The methods of a study side by side.

    Parameters
    ----------
    study : str
        A shipped study whose results are kept.
    scores : tuple of str
        One panel for each.
    factor : str
        A mark for each of its levels.
    modulus : tuple of str
        Scores of which moduli are averaged.
    where : dict
        Rows to draw: column to value.
    """

    study: str
    scores: tuple[str, ...]
    factor: str
    modulus: tuple[str, ...] = ()
    where: Mapping[str, object] = field(default_factory=dict)

    @property
    def columns(self) -> set[str]:
        """Factors that it needs."""
        return {self.factor, *self.where}

    def draw(self) -> "Figure":
        """Draw it."""
        from .figures_methods import figure_methods

        table = read_study_table(self.study)
        rows = table.rows
        for column, value in self.where.items():
            rows = rows[rows[column] == value]
        factor = next(one for one in table.factors if one.name == self.factor)
        return figure_methods(rows, self.scores, factor=factor, modulus=self.modulus, logarithmic=self.scores)


FIGURES: Mapping[str, PageFigure | MethodsFigure] = {
    "study_dose_tilt_mixing": PageFigure(
        study="dose_tilt", scores=("mixing_state",), x="fluence", y="count", success=True
    ),
    "study_dose_tilt_nrmse": PageFigure(study="dose_tilt", scores=("nrmse_zn",), x="fluence", y="count"),
    "study_tilt_range": PageFigure(
        study="tilt_range", scores=("nrmse_zn", "dice"), x="reach", where={"scheme": "uniform"}
    ),
    "study_shadowing": PageFigure(study="shadowing", scores=("density_bias", "nrmse_zn"), x="holder"),
    "study_interface": PageFigure(study="interface", scores=("interface_width_bias_nm",), x="width"),
    "study_calibration": PageFigure(
        study="calibration", scores=("cross_section_bias",), x="adf_dwell", y="eds_dwell"
    ),
    "study_sampling": PageFigure(study="sampling", scores=("nrmse_zn",), x="count", y="wavelength"),
    "study_mixing": PageFigure(
        study="mixing", scores=("mixing_state",), x="fluence", y="particle", success=True
    ),
    "study_solvers": MethodsFigure(
        study="solvers",
        scores=("phase_diagram_distance", "zn_fraction_2sigma", "density_bias", "nrmse_zn"),
        modulus=("density_bias",),
        factor="fluence",
        where={"particle": "flux_melted"},
    ),
    "study_fine_interface": PageFigure(
        study="fine_interface",
        scores=("interface_width_counts_bias_nm", "interface_width_bias_nm"),
        x="width",
    ),
}
"""Figures by the name of their file."""


def write_page_figures(
    folder: Path | str, names: tuple[str, ...] = (), *, say: Callable[[str], object] = print
) -> None:
    """Draw figures of the page as PNG files.

    Parameters
    ----------
    folder : path-like
        Where to write; it must exist.
    names : tuple of str, optional
        Which of `FIGURES`; all when empty.
    say : callable, optional
        Told the name of every file.
    """
    from ..figure_files import save_figure

    for name in names or tuple(FIGURES):
        path = Path(folder) / f"{name}.png"
        save_figure(FIGURES[name].draw(), path)
        say(str(path))


if __name__ == "__main__":
    write_page_figures(sys.argv[1], tuple(sys.argv[2:]))
