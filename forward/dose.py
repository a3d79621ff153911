"""Dose of an acquisition: electrons, fluence, absorbed dose and time, per tilt and in total."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .history import fluence_before
from .stopping_power import absorbed_dose_mgy

if TYPE_CHECKING:
    import pandas as pd

    from .acquisition import Acquisition


def dose_table(
    acquisition: "Acquisition",
    *,
    pixel_nm: float,
    pixels: tuple[int, int] | None = None,
    formula: Mapping[str, float] | str | None = None,
    overhead_s: float = 0.0,
) -> "pd.DataFrame":
    """Tabulate what each tilt costs, and what the specimen has seen by then.

    Parameters
    ----------
    acquisition : Acquisition
        The series, at its nominal current.
    pixel_nm : float
        Edge of a recorded pixel, nm: fine voxels times `acquisition.binning`.
    pixels : tuple of int, optional
        Pixels (y, x) of a scan, for the time at the microscope.
    formula : dict of str to float, or str, optional
        Atoms of the specimen, or the name of a material, for the absorbed dose.
    overhead_s : float, optional
        Time per tilt for moving, settling, focusing and the like, s; only with `pixels`.

    Returns
    -------
    pandas.DataFrame
        One row per tilt, in the order of acquisition; the index ``tilt`` counts the scheme's angles.
        Columns: ``angle_deg``, ``dwell_s``, ``electrons_per_pixel``, ``fluence_e_nm2``,
        ``before_e_nm2`` and ``after_e_nm2`` (fluence of this series before and after the tilt); with
        `formula` ``dose_mgy`` and ``dose_after_mgy``; with `pixels` ``time_s`` and ``time_after_s``.
        Totals are the last row of the columns *after*.

    Raises
    ------
    ValueError
        When a size or time is not positive, or the formula unknown.

    Notes
    -----
    Fluence is counted across the beam, per area of the image: a tilted film sees cos α of it per area
    of its own, over a longer path, so that the absorbed dose is the same. For the dose see
    `absorbed_dose_mgy`. Fly-back of the scan is left out.

    Examples
    --------
    >>> from glasstomo.forward import Acquisition, TiltScheme
    >>> scheme = TiltScheme(angles_deg=(-60, 0, 60), order="from_zero")
    >>> table = dose_table(Acquisition(scheme=scheme, microscope="osiris"), pixel_nm=5.0, pixels=(64, 64))
    >>> table["angle_deg"].tolist()
    [0.0, 60.0, -60.0]
    >>> f"{table['after_e_nm2'].iloc[-1]:.3g} e/nm2 in {table['time_after_s'].iloc[-1] / 60:.0f} min"
    '1.5e+08 e/nm2 in 41 min'
    """
    import pandas as pd

    if not 0 < pixel_nm < np.inf:
        raise ValueError(f"`pixel_nm` must be a positive number of nm, got {pixel_nm}")
    if not 0 <= overhead_s < np.inf:
        raise ValueError(f"`overhead_s` must be a number of seconds, not negative, got {overhead_s}")
    scheme, fluence = acquisition.scheme, acquisition.fluence_e_nm2(pixel_nm)
    before = fluence_before(scheme, fluence)
    columns = {
        "angle_deg": np.array(scheme.angles_deg),
        "dwell_s": acquisition.dwells_s,
        "electrons_per_pixel": acquisition.electrons,
        "fluence_e_nm2": fluence,
        "before_e_nm2": before,
        "after_e_nm2": before + fluence,
    }
    if formula is not None:
        voltage_kv = acquisition.microscope.accelerating_voltage_kv
        for name, value in (("dose_mgy", fluence), ("dose_after_mgy", before + fluence)):
            columns[name] = absorbed_dose_mgy(value, formula, voltage_kv=voltage_kv)
    if pixels is not None:
        time = acquisition.dwells_s * _scanned(pixels) + overhead_s
        columns["time_s"] = time
        columns["time_after_s"] = fluence_before(scheme, time) + time
    table = pd.DataFrame(columns, index=pd.RangeIndex(scheme.count, name="tilt"))
    return table.iloc[list(scheme.acquisition_order)]


def _scanned(pixels: tuple[int, int]) -> int:
    """Pixels of a scan."""
    if len(pixels) != 2 or not all(int(count) == count and count > 0 for count in pixels):
        raise ValueError(f"`pixels` must be two whole numbers (y, x) above 0, got {pixels}")
    return int(pixels[0]) * int(pixels[1])
