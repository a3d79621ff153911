"""Figures that a command was asked to save: which files they may be, and how they are written."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Formats, and what each would write that changes from run to run.
_METADATA: dict[str, Any] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".svg": {"Date": None, "Creator": None},
}


def check_suffix(plot: Path) -> None:
    """Refuse a file that is no figure, before anything has run.

    Raises
    ------
    ValueError
        When the name does not end in .png, .pdf or .svg.
    """
    if plot.suffix.lower() not in _METADATA:
        raise ValueError(f"--plot must end in .png, .pdf or .svg, got {plot.name!r}")


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a figure in the format of its suffix, the same bits every time.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : Path
        .png, .pdf or .svg.
    """
    from .figures_style import DPI

    suffix = path.suffix.lower()
    figure.savefig(path, format=suffix[1:], dpi=DPI, metadata=_METADATA[suffix])
