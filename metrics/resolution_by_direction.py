"""Resolution by direction: Fourier-shell correlation in cones, which shows the missing wedge."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .fourier_resolution import FourierResolution
from .shell_correlation import FourierShell, masked_terms, shell_of

_AXES = {"z": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "x": (0.0, 0.0, 1.0)}


@dataclass(frozen=True, kw_only=True, eq=False)
class DirectionalResolution:
    """Fourier-shell correlation by direction.

    Attributes
    ----------
    directions_deg : tuple of float
        Directions across the tilt axis, from +y towards +z: a detail that repeats along a direction is
        recorded by the projection at that tilt, and by no other.
    shells : tuple of FourierShell
        One for each direction.
    axes : dict of str to FourierShell
        The same along "z", "y" and "x".
    half_angle_deg : float
        Half the opening of each cone.
    """

    directions_deg: tuple[float, ...]
    shells: tuple[FourierShell, ...]
    axes: dict[str, FourierShell]
    half_angle_deg: float

    def resolutions(self, threshold: float | str | None = None) -> tuple[FourierResolution, ...]:
        """Resolution along each direction (`FourierShell.resolution`)."""
        return tuple(shell.resolution(threshold) for shell in self.shells)

    def along(self, axis: str, threshold: float | str | None = None) -> FourierResolution:
        """Resolution along "z", "y" or "x"."""
        if axis not in self.axes:
            raise ValueError(f"`axis` must be one of {', '.join(self.axes)}, got {axis!r}")
        return self.axes[axis].resolution(threshold)

    def ratio(self, threshold: float | str | None = None) -> float:
        """How much coarser the resolution along the beam (z) is than across (y)."""
        return self.along("z", threshold).nm / self.along("y", threshold).nm


def directional_resolution(
    volume: np.ndarray,
    other: np.ndarray,
    *,
    spacing_nm: float,
    directions_deg: Sequence[float] = tuple(range(-90, 90, 10)),
    half_angle_deg: float = 15.0,
    shell_width: int = 3,
    halves: bool = False,
    mask: np.ndarray | None = None,
    edge_voxels: float = 4.0,
) -> DirectionalResolution:
    """Correlate two volumes shell by shell in cones about directions across the tilt axis.

    Parameters
    ----------
    volume, other : numpy.ndarray
        (z, y, x); `other` is the truth, or the other half of the data.
    spacing_nm : float
        Edge of a voxel, nm.
    directions_deg : sequence of float
        Axes of the cones in the (z, y) plane, from +y towards +z; 90° is the beam at 0° tilt.
    half_angle_deg : float
        Half the opening of a cone. A wide one blurs the edge of the wedge, a narrow one has few
        coefficients in the inner shells.
    shell_width : int
        Shells that are summed together about each one, an odd number. A cone holds few coefficients of a
        shell, and those of a particle that fills a third of an edge vary over three shells only: a
        single shell would dip below the threshold by chance.
    halves, mask, edge_voxels
        As for `fourier_shell`.

    Returns
    -------
    DirectionalResolution

    Raises
    ------
    ValueError
        As `fourier_shell`, and when the cones are no cones.

    Notes
    -----
    The projection at tilt α holds the Fourier coefficients of the plane through the tilt axis (x) at the
    angle α from +y: directions beyond the largest tilt were never recorded. A compact particle still
    correlates there in the inner shells, as its coefficients vary over 1/D, D its diameter, so that those
    at the edge of the wedge tell of those inside; and what a regulariser or a bound fills in counts as
    well if it is true.

    References
    ----------
    C. A. Diebolder et al., J. Struct. Biol. 190, 215 (2015): conical Fourier-shell correlation.

    Examples
    --------
    >>> truth = np.random.default_rng(0).normal(size=(32, 32, 32))
    >>> blurred = (truth + np.roll(truth, 1, axis=0) + np.roll(truth, -1, axis=0)) / 3
    >>> found = directional_resolution(blurred, truth, spacing_nm=1.0)
    >>> found.along("y").status.value, round(found.along("z").nm, 1)
    ('pixel_limited', 3.2)
    """
    if not 0 < half_angle_deg <= 90:
        raise ValueError(f"`half_angle_deg` must lie in (0, 90], got {half_angle_deg}")
    if shell_width < 1 or shell_width % 2 == 0:
        raise ValueError(f"`shell_width` must be odd and positive, got {shell_width}")
    directions = tuple(float(angle) for angle in directions_deg)
    if not directions or not np.isfinite(directions).all():
        raise ValueError(f"`directions_deg` must hold one finite angle or more, got {directions_deg!r}")
    terms, share = masked_terms(volume, other, mask, edge_voxels)

    def cone(axis: tuple[float, float, float]) -> FourierShell:
        return shell_of(terms, terms.in_cone(axis, half_angle_deg), share, spacing_nm, halves, shell_width)

    radians = np.radians(directions)
    return DirectionalResolution(
        directions_deg=directions,
        shells=tuple(
            cone((float(up), float(across), 0.0))
            for up, across in zip(np.sin(radians), np.cos(radians), strict=True)
        ),
        axes={name: cone(axis) for name, axis in _AXES.items()},
        half_angle_deg=float(half_angle_deg),
    )
