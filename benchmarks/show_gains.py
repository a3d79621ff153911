"""What ``glasstomo microscopes --gains`` does: gains as rows, and as a figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .figure_files import check_suffix, save_figure
from .gain_curves import GainCurves, gain_curves, grid_of, tilts_between

if TYPE_CHECKING:
    from ..forward.detectors.measured_holder import MeasuredHolder


def show_gains(
    *,
    microscope: str = "osiris",
    holders: Sequence[str] = (),
    energies_kev: Sequence[float] = (8.64,),
    tilts: str = "-70:70:10",
    grid: str | None = None,
    plot: Path | None = None,
    measured: Path | None = None,
    columns: str | None = None,
) -> list[dict[str, object]]:
    """Compute the gains of holders at energies, and draw them where asked.

    Parameters
    ----------
    microscope : str, optional
        Name in `MICROSCOPES`.
    holders : sequence of str, optional
        Names in `HOLDERS`; none stands for all.
    energies_kev : sequence of float, optional
        Photon energies, keV.
    tilts : str, optional
        LOW:HIGH:STEP, degrees. A figure draws at least 140 tilts between the two ends.
    grid : str, optional
        HOLE:THICKNESS:SIDE of a support grid, µm.
    plot : pathlib.Path, optional
        Figure to write: .png, .pdf or .svg.
    measured : pathlib.Path, optional
        Counts against tilt, drawn beside the model; see `MeasuredHolder.from_csv`.
    columns : str, optional
        Its columns in the order of the segments, separated by commas.

    Returns
    -------
    list of dict
        One row for each holder, energy and tilt.

    Raises
    ------
    ValueError
        When a name is unknown, tilts or the suffix of `plot` are of another form, or measured counts
        do not fit the detector.
    OSError
        When a file cannot be read or written.
    """
    from ..forward import HOLDERS, MICROSCOPES

    detector = MICROSCOPES[microscope].eds
    chosen = [HOLDERS[name] for name in dict.fromkeys(holders or HOLDERS)]
    energies = tuple(dict.fromkeys(energies_kev))
    angles = tilts_between(tilts)
    if plot is not None:
        check_suffix(plot)
    if plot is None and (measured is not None or columns is not None):
        raise ValueError("--measured and --columns belong to a figure; add --plot gains.png")
    data = None if measured is None else _measured(measured, columns, len(detector.segments))
    bars = None if grid is None else grid_of(grid)

    def curves_at(tilts_deg: np.ndarray) -> list[GainCurves]:
        return [
            gain_curves(detector, holder, energy_kev=energy, tilts_deg=tilts_deg, support_grid=bars)
            for holder in chosen
            for energy in energies
        ]

    rows = [row for curves in curves_at(angles) for row in curves.rows()]
    if plot is not None:
        fine = np.linspace(angles[0], angles[-1], max(141, len(angles)))
        title = f"EDS detector of the {microscope.capitalize()}"
        if bars is not None:
            title += (
                f", grid of {bars.hole_um:g} µm holes, bars {bars.thickness_um:g} µm {bars.side} the film"
            )
        _draw(plot, curves_at(fine), title, data)
    return rows


def _measured(path: Path, columns: str | None, segments: int) -> "MeasuredHolder":
    """Read measured counts of the segments or of their sum, with 0° between their tilts."""
    from ..forward.detectors.measured_holder import MeasuredHolder

    wanted = None if columns is None else [name.strip() for name in columns.split(",")]
    data = MeasuredHolder.from_csv(path, columns=wanted)
    if len(data.counts) not in (1, segments):
        raise ValueError(f"{path.name} must hold 1 or {segments} columns of counts, got {len(data.counts)}")
    if not data.tilts_deg[0] <= 0 <= data.tilts_deg[-1]:
        raise ValueError(f"tilts of {path.name} must reach from one side of 0 degrees to the other")
    return data


def _draw(plot: Path, curves: Sequence[GainCurves], title: str, data: "MeasuredHolder | None") -> None:
    """Write the figure, whole or not at all."""
    import matplotlib

    from .figures_gains import figure_gains
    from .figures_style import STYLE
    from .outputs import whole_file

    with whole_file(plot) as part, matplotlib.rc_context(STYLE):
        save_figure(figure_gains(curves, title=title, measured=data), part)
