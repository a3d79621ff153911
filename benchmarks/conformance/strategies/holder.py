"""What stands between particle and detector: holders, their filters, and support grids."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....forward import Holder, HolderFilter, MeasuredHolder, SupportGrid


def elevation_bands() -> SearchStrategy[tuple[float, float]]:
    """Draw bands (low, high) of elevation over the holder, degrees; shrinks to (0, 1)."""
    bound = st.floats(-90, 90)
    return st.tuples(bound, bound).map(_ordered).filter(lambda band: band[0] < band[1])


def holder_filters() -> SearchStrategy[HolderFilter]:
    """Draw thin layers of one of four elements over a band of elevation."""
    return elevation_bands().flatmap(
        lambda band: st.builds(
            HolderFilter,
            low_deg=st.just(band[0]),
            high_deg=st.just(band[1]),
            element=st.sampled_from(["Be", "C", "Cu", "Mo"]),
            density_g_cm3=st.floats(0.5, 20),
            thickness_mm=st.tuples(st.floats(0, 2), st.floats(0, 2)),
            hard_kev=st.none() | st.floats(1, 20),
        )
    )


def holders(*, filters: bool = False) -> SearchStrategy[Holder]:
    """Draw holders that block up to three bands of elevation; shrinks to one that blocks nothing.

    Parameters
    ----------
    filters : bool
        Whether they may have up to two filters as well.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(holders(), lambda holder: holder.blocked_deg).blocked_deg
    ((0.0, 1.0),)
    """
    return st.builds(
        Holder,
        name=st.just("drawn"),
        blocked_deg=st.lists(elevation_bands(), max_size=3).map(tuple),
        filters=st.lists(holder_filters(), max_size=2).map(tuple) if filters else st.just(()),
    )


def measured_holders() -> SearchStrategy[MeasuredHolder]:
    """Draw measured curves of the sum or of four segments, with 0° among up to seven tilts.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(measured_holders(), lambda holder: len(holder.tilts_deg) > 1).tilts_deg
    (0.0, 1.0)
    """
    return st.builds(
        lambda tilts, quadrants: (tuple(sorted({0.0, *map(float, tilts)})), 4 if quadrants else 1),
        st.lists(st.integers(-80, 80), max_size=6),
        st.booleans(),
    ).flatmap(lambda drawn: _measured(*drawn))


def support_grids(*, centred: bool = False, opaque: bool = False) -> SearchStrategy[SupportGrid]:
    """Draw support grids of square and round holes with the particle anywhere within.

    Parameters
    ----------
    centred : bool
        Particles in the middle of the hole only, grids turned by 0, 45 or 90°.
    opaque : bool
        Bars that let nothing through only.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(support_grids(), lambda grid: grid.shape == "round").position_um
    (0.0, 0.0)
    """
    elements = st.just(None) if opaque else st.sampled_from([None, "Cu", "Mo", "C"])
    turned = st.sampled_from([0.0, 45.0, 90.0]) if centred else st.floats(-180, 180)
    return st.builds(
        _support_grid,
        hole_um=st.floats(5, 300),
        away=st.just(0.0) if centred else st.floats(0, 0.49),
        towards=st.just(0.0) if centred else st.floats(0, 2 * np.pi),
        thickness_um=st.floats(0, 100),
        side=st.sampled_from(["below", "above"]),
        shape=st.sampled_from(["square", "round"]),
        rotation_deg=turned,
        element=elements,
    )


def _ordered(band: tuple[float, float]) -> tuple[float, float]:
    return min(band), max(band)


def _measured(tilts: tuple[float, ...], count: int) -> SearchStrategy[MeasuredHolder]:
    curve = st.lists(st.floats(1, 1e5), min_size=len(tilts), max_size=len(tilts)).map(tuple)
    return st.builds(
        MeasuredHolder,
        name=st.just("drawn"),
        tilts_deg=st.just(tilts),
        counts=st.lists(curve, min_size=count, max_size=count).map(tuple),
    )


def _support_grid(hole_um: float, away: float, towards: float, **fields) -> SupportGrid:
    """Grid with the particle `away` × hole from the middle of the hole, in the direction `towards`."""
    radius = away * hole_um
    position = (float(radius * np.cos(towards)), float(radius * np.sin(towards)))
    return SupportGrid(hole_um=hole_um, position_um=position, **fields)
