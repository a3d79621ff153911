"""Parallel-beam geometries of one tilt axis, and our projector of them."""

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..beam_geometry import BeamGeometry
from .tilt_scheme import tilts_deg

if TYPE_CHECKING:
    from ....forward import Projector


def beam_geometries(
    *, max_side: int = 8, max_tilts: int = 5, square: bool = False
) -> SearchStrategy[BeamGeometry]:
    """Draw geometries of unequal axes, any tilts within ±180°, narrow and wide detectors.

    Parameters
    ----------
    max_side : int
        Most voxels along any axis.
    max_tilts : int
        Most tilts; they may repeat and need not increase.
    square : bool
        As deep as wide and as many bins as voxels along y, for projectors of square slices only.

    Notes
    -----
    Shrinks to one voxel of 1 nm at 0°.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(beam_geometries(), lambda geometry: geometry.shape[0] > geometry.shape[1])
    BeamGeometry(shape=(2, 1, 1), angles_deg=(0.0,), spacing_nm=1.0, bins=None)
    """
    side = st.integers(1, max_side)
    sides = st.tuples(side, side).map(lambda n: (n[0], n[0], n[1])) if square else st.tuples(side, side, side)
    tilts = st.lists(tilts_deg(most_deg=180.0), min_size=1, max_size=max_tilts).map(tuple)
    return st.builds(
        BeamGeometry,
        shape=sides,
        angles_deg=tilts,
        spacing_nm=st.sampled_from([1.0, 0.5, 5.0]) | st.floats(0.3, 30),
        bins=st.none() if square else st.none() | st.integers(1, 2 * max_side),
    )


def projectors(*, max_side: int = 12) -> "SearchStrategy[Projector]":
    """Draw projectors of any geometry, with bins narrower and wider than the voxels.

    Parameters
    ----------
    max_side : int
        Most voxels along z and along y.

    Notes
    -----
    One to six angles within ±400°, in any order. Shrinks to one voxel and one bin of 1 nm at 0°.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(projectors(), lambda projector: projector.bins > projector.shape[1])
    Projector(shape=(1, 1), 1 tilts from 0° to 0°, spacing_nm=1, bins=2)
    """
    side = st.integers(1, max_side)
    return st.builds(
        _projector,
        shape=st.tuples(side, side),
        angles_deg=st.lists(st.floats(-400, 400), min_size=1, max_size=6),
        spacing_nm=st.floats(0.3, 30),
        bins=st.integers(1, 20),
        bin_nm=st.floats(0.3, 30),
    )


def _projector(**fields) -> "Projector":
    from ....forward import Projector

    return Projector(**fields)
