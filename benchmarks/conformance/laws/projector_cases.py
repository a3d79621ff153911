"""Small geometries that a projector takes, for the cases of its laws."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from ..beam_geometry import BeamGeometry
from ..drawn_array import DrawnArray, arrays
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily

Related = Callable[[BeamGeometry], Sequence[BeamGeometry]]

_EDGE, _SLICES, _TILTS = 7, 3, 3
_SIMPLE_ANGLES = (0.0, 90.0, 45.0, -30.0, 180.0, -135.0)
_PROBE = BeamGeometry((4, 6, 2), (-60.0, 0.0, 45.0))


def alone(geometry: BeamGeometry) -> tuple[BeamGeometry, ...]:
    """Return no further geometries: the law needs that of the case only."""
    del geometry
    return ()


def built(family: ProjectorFamily, geometry: BeamGeometry) -> LinearMap:
    """Make the projector of a geometry, with the claims of its family.

    Parameters
    ----------
    family : ProjectorFamily
    geometry : BeamGeometry

    Returns
    -------
    LinearMap

    Raises
    ------
    ValueError
        When what was made goes between arrays of other shapes than the geometry says.
    """
    made = family.make(geometry)
    wanted = geometry.shape, geometry.series_shape
    if (made.domain, made.range) != wanted:
        raise ValueError(
            f"`make` of {family.name} must return an operator from {wanted[0]} to {wanted[1]}, "
            f"got {made.domain} to {made.range}"
        )
    return replace(made, claims=made.claims | family.claims)


def taken(family: ProjectorFamily, geometry: BeamGeometry, related: Related = alone) -> str | None:
    """Say why a projector declines a geometry, or one related to it; None when it takes all."""
    for one in (geometry, *related(geometry)):
        reason = family.declines(one)
        if reason is not None:
            return reason
    return None


def fitted(family: ProjectorFamily, geometry: BeamGeometry, related: Related = alone) -> BeamGeometry | None:
    """Return the geometry, or one like it that the projector takes; None when there is none.

    Tried in turn: as it is; tilts in order; as many bins as voxels along y; square slices; tilts within
    half a turn; larger, even or odd edges; a single slice.

    Examples
    --------
    >>> def square(g):
    ...     return None if g.shape[0] == g.shape[1] else "square slices only"
    >>> family = ProjectorFamily(name="square", make=lambda g: None, declines=square)
    >>> fitted(family, BeamGeometry((2, 3, 1), (0.0,))).shape
    (3, 3, 1)
    """
    for candidate in _variants(geometry):
        if taken(family, candidate, related) is None:
            return candidate
    return None


def _variants(geometry: BeamGeometry) -> Iterator[BeamGeometry]:
    """Return a geometry, and others that ask less and less of a projector."""
    yield geometry
    rising = tuple(sorted(set(geometry.angles_deg)))
    half = tuple(sorted({angle % 180.0 for angle in rising}))
    about = tuple(sorted({(angle + 90.0) % 180.0 - 90.0 for angle in rising}))
    own_bins, square = replace(geometry, bins=None), _square(geometry, geometry.shape[1])
    large = max(geometry.shape[1], 4)
    sizes = (large, large + large % 2, large + 1 - large % 2)
    tried = (geometry, own_bins, square, *(_square(geometry, n) for n in sizes))
    for slices in (geometry.shape[2], 1):
        for one in tried:
            for angles in (geometry.angles_deg, rising, about, half, rising[:1], about[:1]):
                yield replace(one, angles_deg=angles, shape=(*one.shape[:2], slices))


def _square(geometry: BeamGeometry, edge: int) -> BeamGeometry:
    return replace(geometry, shape=(edge, edge, geometry.shape[2]), bins=None)


def mixes_parity(family: ProjectorFamily) -> bool:
    """Whether even and odd edges and bins may be mixed: not where weights are lengths of rays.

    A ray that runs along the faces of voxels, as at 0° with an even number of bins above an odd number of
    voxels, belongs to the voxels on either side: which of the two it counts is a matter of rounding.
    """
    return "mass" in family.claims


def geometries(
    family: ProjectorFamily,
    *,
    related: Related = alone,
    angles: Sequence[float] | None = None,
    edges: tuple[int, int] = (1, _EDGE),
    slices: int = _SLICES,
    wide_bins: bool = True,
) -> "st.SearchStrategy[BeamGeometry]":
    """Hypothesis strategy of small geometries that a projector takes.

    Parameters
    ----------
    family : ProjectorFamily
    related : callable, optional
        ``related(geometry)`` returns further geometries that the law makes projectors for.
    angles : sequence of float, optional
        Tilts to choose from, degrees; any when omitted.
    edges : (int, int)
        Fewest and most voxels along z and y.
    slices : int
        Most voxels along x.
    wide_bins : bool
        Whether the number of bins may differ from that of voxels along y.

    Returns
    -------
    strategy of BeamGeometry
        Shrinks to one voxel and one tilt of 0°.
    """
    tilt = st.sampled_from(tuple(angles or _SIMPLE_ANGLES))
    if angles is None:
        tilt = tilt | st.floats(-180.0, 180.0).map(lambda angle: round(angle, 3))
    number = st.integers(edges[0], edges[1])
    bins = st.none() | st.integers(edges[0], edges[1] + 2) if wide_bins else st.none()
    mixed = mixes_parity(family)

    def made(nz: int, ny: int, nx: int, tilts: list[float], spacing: float, bins: int | None) -> BeamGeometry:
        if not mixed:
            nz += (nz - ny) % 2
            bins = None if bins is None else bins + (bins - ny) % 2
        drawn = BeamGeometry((nz, ny, nx), tuple(tilts), spacing, bins)
        return fitted(family, drawn, related) or reject()

    return st.builds(
        made,
        number,
        number,
        st.integers(1, slices),
        st.lists(tilt, min_size=1, max_size=_TILTS),
        st.sampled_from([1.0, 0.5, 5.0, 0.3]),
        bins,
    )


def volumes(
    family: ProjectorFamily, *, extra: dict[str, Any] | None = None, **limits: Any
) -> "st.SearchStrategy[dict[str, Any]]":
    """Hypothesis strategy of cases of a geometry and a volume x of its shape.

    Parameters
    ----------
    family : ProjectorFamily
    extra : dict, optional
        Strategies of further values of the case by name.
    **limits
        Of `geometries`.
    """

    def made(geometry: BeamGeometry, x: DrawnArray, **values: Any) -> dict[str, Any]:
        return {"geometry": geometry, "x": folded(x, geometry.shape), **values}

    drawn = arrays((_EDGE, _EDGE, _SLICES))
    return st.builds(made, geometries(family, **limits), drawn, **(extra or {}))


def folded(drawn: DrawnArray, shape: tuple[int, ...]) -> DrawnArray:
    """Return an array of another shape with the same entries; flat indices count on from the end.

    Strategies that depend on a geometry drawn before are slow to make; this makes one serve all.

    Examples
    --------
    >>> folded(DrawnArray((9,), ((7, 1.0),)), (2, 2)).entries
    ((3, 1.0),)
    """
    size = int(np.prod(shape))
    entries = tuple((index % size, value) for index, value in drawn.entries)
    return replace(drawn, shape=shape, entries=entries)


def declined(related: Related = alone, **limits: Any) -> Callable[[ProjectorFamily], str | None]:
    """Excuse of a law whose geometries a projector declines, however simple."""
    angles = tuple(limits.get("angles") or _PROBE.angles_deg)[:3]
    low = limits.get("edges", (4, 6))[0]
    simple = replace(_PROBE, angles_deg=angles, shape=(max(low, 4), max(low, 6), 2))

    def excuse(family: ProjectorFamily) -> str | None:
        if fitted(family, simple, related) is not None:
            return None
        return f"it declines the geometries of this law: {taken(family, simple, related)}"

    return excuse


def probe_operator(family: ProjectorFamily) -> LinearMap | None:
    """Make the projector of one simple geometry, to see what it has; None when it declines all."""
    geometry = fitted(family, _PROBE)
    return None if geometry is None else built(family, geometry)
