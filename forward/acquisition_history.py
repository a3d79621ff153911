"""What truly happens during an acquisition of a phantom: its history, drawn, or checked when given."""

import numpy as np

from ..phantoms import Phantom
from .acquisition import Acquisition
from .history import History, draw_history


def history_of(
    phantom: Phantom,
    acquisition: Acquisition,
    *,
    rng: np.random.Generator | None = None,
    given: History | None = None,
) -> History:
    """Draw what truly happens at each tilt of an acquisition of a phantom.

    Parameters
    ----------
    phantom : Phantom
        The specimen; only its grid matters.
    acquisition : Acquisition
    rng : numpy.random.Generator, optional
        Source of the errors; needed when `acquisition.errors` has a random part. It spawns children
        and is left where it was, so that counts drawn from it afterwards do not depend on the errors.
    given : History, optional
        A history to take instead, after a look whether it fits.

    Raises
    ------
    ValueError
        When random errors come without `rng`, or the history given belongs to other tilts or rows.
    TypeError
        When the phantom or the history is something else.
    """
    if not isinstance(phantom, Phantom):
        raise TypeError(
            f"`phantom` must be a Phantom (make_phantom, rasterise), got {type(phantom).__name__}"
        )
    rows = phantom.grid.shape[1 if acquisition.in_plane_deg == 0 else 2] // acquisition.binning
    if given is not None:
        return _fitting(given, acquisition, rows)
    pixel_nm = phantom.grid.spacing_nm * acquisition.binning
    return draw_history(
        acquisition.scheme,
        fluence_e_nm2=acquisition.fluence_e_nm2(pixel_nm),
        rows=rows,
        errors=acquisition.errors,
        damage=acquisition.damage,
        contamination=acquisition.contamination,
        rng=rng,
    )


def _fitting(history: History, acquisition: Acquisition, rows: int) -> History:
    """Return the history, or say why it is not one of this acquisition."""
    if not isinstance(history, History):
        raise TypeError(f"`history` must be a History (history_of), got {type(history).__name__}")
    if not np.array_equal(history.nominal_deg, acquisition.scheme.angles_deg):
        raise ValueError(
            f"`history` was drawn for {history.count} tilts that are not the {acquisition.scheme.count} of "
            "the scheme; draw one with history_of(phantom, acquisition)"
        )
    if history.row_offsets_nm is not None and history.row_offsets_nm.shape[1] != rows:
        raise ValueError(
            f"`history` displaces {history.row_offsets_nm.shape[1]} rows of the scan, the images have "
            f"{rows}; draw one with history_of(phantom, acquisition)"
        )
    return history
