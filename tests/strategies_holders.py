"""Hypothesis strategies for what stands between particle and detector."""

import numpy as np
from glasstomo.forward.detectors.holder import Holder
from glasstomo.forward.detectors.holder_filter import HolderFilter
from glasstomo.forward.detectors.measured_holder import MeasuredHolder
from glasstomo.forward.detectors.support_grid import SupportGrid
from hypothesis import strategies as st

from .strategies_forward import bands


@st.composite
def filters(draw: st.DrawFn) -> HolderFilter:
    """Thin layers of any of four elements over a band of elevation."""
    low, high = draw(bands)
    return HolderFilter(
        low_deg=low,
        high_deg=high,
        element=draw(st.sampled_from(["Be", "C", "Cu", "Mo"])),
        density_g_cm3=draw(st.floats(0.5, 20)),
        thickness_mm=(draw(st.floats(0, 2)), draw(st.floats(0, 2))),
        hard_kev=draw(st.none() | st.floats(1, 20)),
    )


@st.composite
def support_grids(draw: st.DrawFn, *, centred: bool = False, opaque: bool = False) -> SupportGrid:
    """Square and round holes with a particle inside, turned or not."""
    hole = draw(st.floats(5, 300))
    radius = 0.0 if centred else draw(st.floats(0, 0.49)) * hole
    turn = draw(st.floats(0, 2 * np.pi))
    return SupportGrid(
        hole_um=hole,
        thickness_um=draw(st.floats(0, 100)),
        side=draw(st.sampled_from(["below", "above"])),
        shape=draw(st.sampled_from(["square", "round"])),
        position_um=(0.0, 0.0) if centred else (radius * np.cos(turn), radius * np.sin(turn)),
        rotation_deg=draw(st.sampled_from([0.0, 45.0, 90.0])) if centred else draw(st.floats(-180, 180)),
        element=None if opaque else draw(st.sampled_from([None, "Cu", "Mo", "C"])),
    )


@st.composite
def measured_holders(draw: st.DrawFn) -> MeasuredHolder:
    """Curves of the sum or of four segments, with 0° among the tilts."""
    tilts = sorted({0.0, *draw(st.lists(st.integers(-80, 80), min_size=1, max_size=6))})
    curve = st.lists(st.floats(1, 1e5), min_size=len(tilts), max_size=len(tilts)).map(tuple)
    count = draw(st.sampled_from([1, 4]))
    return MeasuredHolder(
        name="drawn",
        tilts_deg=tuple(tilts),
        counts=tuple(draw(st.lists(curve, min_size=count, max_size=count))),
    )


filtered_holders = st.builds(
    Holder,
    name=st.just("drawn"),
    blocked_deg=st.lists(bands, max_size=2).map(tuple),
    filters=st.lists(filters(), max_size=2).map(tuple),
)
energies_kev = st.floats(0.1, 30)
