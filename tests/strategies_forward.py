"""Hypothesis strategies for the nouns of glasstomo.forward, and small phantoms made by hand."""

import numpy as np
from glasstomo.forward import ADFDetector, EDSDetector, Holder, Segment, TiltScheme, TiltSeries
from glasstomo.phantoms import Grid, Phantom, SupportFilm
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

ORDERS = ("increasing", "decreasing", "from_zero", "dose_symmetric")

tilts = st.floats(-90, 90, allow_nan=False, width=32).map(lambda value: round(value, 2))
tilt_lists = st.lists(tilts, min_size=1, max_size=8, unique=True).map(sorted)
schemes = st.builds(TiltScheme, angles_deg=tilt_lists.map(tuple), order=st.sampled_from(ORDERS))

segments = st.builds(
    Segment,
    azimuth_deg=st.floats(0, 360),
    elevation_deg=st.floats(-90, 90),
    distance_mm=st.floats(5, 40),
    radius_mm=st.floats(0.5, 6),
)
eds_detectors = st.builds(EDSDetector, segments=st.lists(segments, min_size=1, max_size=4).map(tuple))
bands = st.tuples(st.floats(-90, 90), st.floats(-90, 90)).filter(lambda b: b[0] < b[1])
holders = st.builds(
    Holder, name=st.just("drawn"), blocked_deg=st.lists(bands, min_size=0, max_size=3).map(tuple)
)
adf_detectors = st.builds(
    ADFDetector,
    inner_mrad=st.floats(20, 80),
    outer_mrad=st.floats(90, 250),
    read_noise_electrons=st.floats(0, 10),
    gain=st.floats(0.1, 10),
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
metadata = st.dictionaries(st.text(), json_values, max_size=4)


@st.composite
def tilt_series(draw: st.DrawFn) -> TiltSeries:
    """Series of either signal, with or without a channel axis, of several types."""
    count, ny, nx = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    signal = draw(st.sampled_from(["EDS_TEM", "ADF"]))
    names = (
        ("Co_Ka", "Co_Kb", "Zn_Ka", "Zn_Kb")[: draw(st.integers(1, 4))] if signal == "EDS_TEM" else ("ADF",)
    )
    shape = (count, ny, nx)
    if len(names) > 1 or draw(st.booleans()):
        shape = (len(names), *shape)
    low = 0 if signal == "EDS_TEM" else -(2**15)
    kinds = {np.dtype(np.int32), np.dtype(np.int16), np.dtype(np.float32), np.dtype(np.float64)}
    dtype = draw(st.sampled_from(sorted(kinds, key=str)))
    numbers = st.floats(low, 2.0**20, width=32) if dtype.kind == "f" else st.integers(low, 2**15 - 1)
    data = draw(hnp.arrays(dtype, shape, elements=numbers))
    gains = draw(st.none() | hnp.arrays(np.float64, (len(names), count), elements=st.floats(0, 2)))
    exposure = draw(st.none() | hnp.arrays(np.float64, count, elements=st.floats(0.01, 10)))
    variance = draw(st.none() | hnp.arrays(np.float64, shape, elements=st.floats(0, 1e6)))
    return TiltSeries(
        data=data,
        angles_deg=draw(hnp.arrays(np.float64, count, elements=st.floats(-180, 180))),
        spacing_nm=draw(st.floats(1e-3, 1e3)),
        channels=names,
        signal=signal,
        electrons_per_pixel=draw(st.none() | st.floats(1, 1e12)),
        gains=gains,
        exposure=exposure,
        variance=variance,
        metadata=draw(metadata),
    )


def phantom_of(
    densities: dict[str, np.ndarray], spacing_nm: float, film: SupportFilm | None = None
) -> Phantom:
    """Wrap density arrays (z, y, x) in a phantom without an analytic truth."""
    stack = np.stack(list(densities.values())).astype(np.float32)
    shape = stack.shape[1:]
    return Phantom(
        grid=Grid(shape=shape, spacing_nm=spacing_nm),
        elements=tuple(densities),
        densities=stack,
        fill=(stack.sum(axis=0) > 0).astype(np.float32),
        labels=np.zeros(shape, np.uint8),
        phase_names=(),
        film=film,
    )


def ball_phantom(size: int = 16, *, spacing_nm: float = 20.0, film: SupportFilm | None = None) -> Phantom:
    """Draw a ball off centre, of the composition of a mixed zinc and cobalt ZIF."""
    z, y, x = Grid.cube(size, spacing_nm=spacing_nm).points_nm()
    extent = size * spacing_nm
    ball = (z - 0.05 * extent) ** 2 + (y + 0.08 * extent) ** 2 + (x - 0.03 * extent) ** 2 < (
        0.3 * extent
    ) ** 2
    graded = ball * np.clip(0.5 + y / extent + z / (2 * extent), 0, 1)
    return phantom_of(
        {
            "Co": 4.8 * graded,
            "Zn": 4.5 * (ball - graded),
            "C": 28.0 * ball,
            "N": 19.0 * ball,
            "H": 28.0 * ball,
        },
        spacing_nm,
        film,
    )


@st.composite
def phantoms(draw: st.DrawFn) -> Phantom:
    """Small random phantoms of even size whose matter keeps clear of the edges at every tilt."""
    size = 2 * draw(st.integers(4, 7))
    nx = 2 * draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    z, y, _ = Grid.cube(size, spacing_nm=1.0).points_nm()
    inside = (z**2 + y**2 < (size / 2 - 1.5) ** 2) * np.ones(nx)
    densities = {element: rng.uniform(0, 6, inside.shape) * inside for element in ("Co", "Zn", "C")}
    return phantom_of(densities, draw(st.floats(2, 30)))
