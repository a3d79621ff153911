"""Detectors of X-rays and of scattered electrons, and what they make of an energy."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....forward import ADFDetector, EDSDetector, EDSResponse, Segment


def segments() -> SearchStrategy[Segment]:
    """Draw segments of an EDS detector anywhere around the specimen, of 0.5 to 6 mm radius."""
    return st.builds(
        Segment,
        azimuth_deg=st.floats(0, 360),
        elevation_deg=st.floats(-90, 90),
        distance_mm=st.floats(5, 40),
        radius_mm=st.floats(0.5, 6),
    )


def eds_detectors(*, max_segments: int = 4) -> SearchStrategy[EDSDetector]:
    """Draw EDS detectors; shrinks to one segment in the plane of the specimen at azimuth 0°.

    Parameters
    ----------
    max_segments : int
        Most segments.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> detector = smallest(eds_detectors(), lambda detector: detector.segments[0].elevation_deg > 10)
    >>> len(detector.segments), detector.segments[0].elevation_deg
    (1, 11.0)
    """
    return st.builds(EDSDetector, segments=st.lists(segments(), min_size=1, max_size=max_segments).map(tuple))


def adf_detectors() -> SearchStrategy[ADFDetector]:
    """Draw annular dark-field detectors of any gain, with and without read noise."""
    return st.builds(
        ADFDetector,
        inner_mrad=st.floats(20, 80),
        outer_mrad=st.floats(90, 250),
        read_noise_electrons=st.floats(0, 10),
        gain=st.floats(0.1, 10),
    )


def eds_responses() -> SearchStrategy[EDSResponse]:
    """Draw responses of spectrometers of up to 300 channels, with and without dead time.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(eds_responses(), lambda response: response.dead_time_us > 1).channels
    1
    """
    return st.builds(
        EDSResponse,
        channels=st.integers(1, 300),
        dispersion_kev=st.floats(0.005, 0.1),
        offset_kev=st.floats(0, 2),
        fwhm_mn_ka_ev=st.floats(118, 200),
        dead_time_us=st.floats(0, 20),
        dead_time_model=st.sampled_from(["non-paralysable", "paralysable"]),
        processors=st.integers(1, 8),
    )
