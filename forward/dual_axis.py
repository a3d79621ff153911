"""Dual-axis tomography: two series, the specimen turned by 90 degrees in its plane between them."""

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ..phantoms import Grid, Phantom
from .tilt_scheme import TiltScheme

if TYPE_CHECKING:
    from .acquisition import Acquisition

Specimen = TypeVar("Specimen", np.ndarray, Phantom)


def rotate_in_plane(specimen: Specimen, angle_deg: int = 90) -> Specimen:
    """Turn a specimen about z by whole quarter turns, exactly: voxels move, none is interpolated.

    Parameters
    ----------
    specimen : Phantom or ndarray, shape (..., y, x)
        What to turn: a phantom, a volume (z, y, x), several, or an image (y, x). Left untouched.
    angle_deg : int, optional
        Multiple of 90, degrees, from +x towards +y: by 90° what lay along x comes to lie along y,
        and what lay along y along −x. −90 turns a reconstruction of the second series back.

    Returns
    -------
    Phantom or ndarray
        Of the same kind; y and x change places at odd multiples. A phantom loses its `particle`,
        the analytic truth, which describes it unturned.

    Raises
    ------
    ValueError
        When the angle is no multiple of 90, or an array has fewer than two axes.

    Notes
    -----
    By 90°: turned[..., i, j] = specimen[..., n − 1 − j, i], with n rows in the specimen.

    Examples
    --------
    >>> rotate_in_plane(np.array([[1, 2, 3]]))  # along x, increasing
    array([[1],
           [2],
           [3]])
    """
    if angle_deg % 90:
        raise ValueError(f"`angle_deg` must be a multiple of 90, got {angle_deg}")
    turns = int(angle_deg // 90) % 4
    if not isinstance(specimen, Phantom):
        return _turned(np.asarray(specimen), turns)
    nz, ny, nx = specimen.grid.shape
    shape = (nz, nx, ny) if turns % 2 else (nz, ny, nx)
    return replace(
        specimen,
        grid=Grid(shape=shape, spacing_nm=specimen.grid.spacing_nm),
        densities=_turned(specimen.densities, turns),
        fill=_turned(specimen.fill, turns),
        labels=_turned(specimen.labels, turns),
        particle=specimen.particle if turns == 0 else None,
    )


def _turned(array: np.ndarray, turns: int) -> np.ndarray:
    if array.ndim < 2:
        raise ValueError(f"an array to turn must have axes (..., y, x), got shape {array.shape}")
    return np.ascontiguousarray(np.rot90(array, k=-turns, axes=(-2, -1)))


def dual_axis_pair(
    acquisition: "Acquisition", *, pixel_nm: float | None = None, second_scheme: TiltScheme | None = None
) -> tuple["Acquisition", "Acquisition"]:
    """Return the two acquisitions of a dual-axis pair.

    Parameters
    ----------
    acquisition : Acquisition
        The first series.
    pixel_nm : float, optional
        Edge of a recorded pixel, nm; needed with damage or contamination, which go on in the second
        series where the first left them.
    second_scheme : TiltScheme, optional
        Tilts of the second series; those of the first when omitted.

    Returns
    -------
    tuple of two Acquisition
        The first with the specimen as it lies, the second with it turned by 90° (`in_plane_deg`).

    Raises
    ------
    ValueError
        When the series is a second one already, or `pixel_nm` is missing.

    Notes
    -----
    Both together leave a missing pyramid instead of a missing wedge [1]_. Each pair of series doubles
    the dose, unless the dwell is halved.

    References
    ----------
    .. [1] P. Penczek, M. Marko, K. Buttle, J. Frank, Ultramicroscopy 60 (1995) 393,
       doi:10.1016/0304-3991(95)00078-X
    """
    if acquisition.in_plane_deg != 0:
        raise ValueError(f"`acquisition` must have in_plane_deg=0, got {acquisition.in_plane_deg}")
    changes: dict[str, object] = {"in_plane_deg": 90}
    if second_scheme is not None:
        changes["scheme"] = second_scheme
    for name in ("damage", "contamination"):
        before = getattr(acquisition, name)
        if before is None:
            continue
        if pixel_nm is None:
            raise ValueError(f"`pixel_nm` is needed: the second series goes on with the {name} of the first")
        given = float(acquisition.fluence_e_nm2(pixel_nm).sum())
        changes[name] = before.replace(prior_fluence_e_nm2=before.prior_fluence_e_nm2 + given)
    return acquisition, acquisition.replace(**changes)
