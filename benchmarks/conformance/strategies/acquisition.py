"""Acquisitions: how one tilt series is taken."""

from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....forward import HOLDERS, Acquisition, TiltScheme
from .holder import holders, support_grids
from .imperfection import absorptions, acquisition_errors, beam_damages, contaminations, probes
from .microscope import microscopes
from .tilt_scheme import tilt_schemes

_LINES = ("Co_Ka", "Zn_Ka", "Co_Kb", "Zn_Kb")


def acquisitions(
    *, signal: Literal["eds", "adf"] | None = None, perfect: bool = False
) -> SearchStrategy[Acquisition]:
    """Draw acquisitions of any scheme, microscope, holder and dwell.

    Parameters
    ----------
    signal : {"eds", "adf"}, optional
        What is recorded; either when omitted.
    perfect : bool
        Without absorption, errors, damage, contamination and a wide probe.

    Notes
    -----
    Shrinks to one tilt at 0°, cobalt Kα, the first microscope, no holder and nothing that goes wrong.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> acquisition = smallest(acquisitions(), lambda acquisition: acquisition.damage is not None)
    >>> acquisition.scheme.angles_deg, acquisition.lines, acquisition.microscope.name
    ((0.0,), 'Co_Ka', 'osiris')
    """
    return tilt_schemes().flatmap(lambda scheme: _of_scheme(scheme, signal, perfect))


def _of_scheme(
    scheme: TiltScheme, signal: Literal["eds", "adf"] | None, perfect: bool
) -> SearchStrategy[Acquisition]:
    dwell = st.floats(1e-6, 10.0)
    every = st.lists(dwell, min_size=scheme.count, max_size=scheme.count).map(tuple)
    lines = st.lists(st.sampled_from(_LINES), min_size=1, unique=True).map(tuple)
    off = st.none()
    return st.builds(
        Acquisition,
        scheme=st.just(scheme),
        microscope=microscopes(),
        signal=st.just(signal) if signal else st.sampled_from(["eds", "adf"]),
        lines=st.sampled_from(_LINES) | lines,
        segments=st.sampled_from(["sum", "separate"]),
        holder=st.sampled_from(list(HOLDERS.values())) | holders(filters=True),
        support_grid=off | support_grids(),
        beam_current_na=st.floats(0.01, 10.0),
        dwell_s=off | dwell | every,
        binning=st.sampled_from([2, 1, 3]),
        inverse_crime=st.just(True),
        in_plane_deg=st.sampled_from([0, 90]),
        absorption=off if perfect else off | absorptions(),
        probe=off if perfect else off | probes(),
        errors=off if perfect else off | acquisition_errors(),
        damage=off if perfect else off | beam_damages(),
        contamination=off if perfect else off | contaminations(),
    )
