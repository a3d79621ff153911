"""Expected EDS and ADF signals of a phantom, before any noise."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .acquisition import Acquisition, acquisition_of
from .acquisition_history import history_of
from .emission import Emitter, emission_images, scattering_images
from .history import History
from .rutherford import NM2_PER_BARN
from .tilt_series import TiltSeries
from .xray_lines import LINES

if TYPE_CHECKING:
    from ..phantoms import Phantom


def expected_counts(
    phantom: "Phantom",
    acquisition: Acquisition | None = None,
    *,
    history: History | None = None,
    rng: np.random.Generator | None = None,
    **fields: Any,
) -> TiltSeries:
    """Expectation of a tilt series: what `simulate` draws counts from.

    Parameters
    ----------
    phantom : Phantom
        The truth, on a grid `binning` times as fine as the pixels to be recorded; left untouched.
    acquisition : Acquisition, optional
        How the series is taken. Alternatively its fields as keywords.
    history : History, optional
        What truly happens at each tilt (`history_of`); drawn when omitted.
    rng : numpy.random.Generator, optional
        Source of the errors, needed when the acquisition has random ones and no history is given.
    **fields
        Those of `Acquisition`, when none is given.

    Returns
    -------
    TiltSeries
        float64 data, with what the microscopist knows of the acquisition: nominal angles, dwell,
        modelled gains.

    Notes
    -----
    EDS: N_e σ g(α) P, with P the areal density of the emitting element, absorbed on its way out
    when the acquisition says so. ADF: gain × N_e (1 − exp(−Σ σ_Z P_Z)) + offset over all elements
    of the phantom and of the film.
    """
    acquisition = acquisition_of(acquisition, fields, own=("history",))
    history = history_of(phantom, acquisition, rng=rng, given=history)
    if acquisition.signal == "adf":
        return _expected_adf(phantom, acquisition, history)
    return _expected_eds(phantom, acquisition, history)


def _expected_eds(phantom: "Phantom", acquisition: Acquisition, history: History) -> TiltSeries:
    microscope, names = acquisition.microscope, acquisition.line_names
    emitters = [
        Emitter(
            weights={LINES[name].element: microscope.partial_cross_section_barn(name) * NM2_PER_BARN},
            energy_kev=LINES[name].energy_kev,
        )
        for name in names
    ]
    images = emission_images(phantom, acquisition, emitters=emitters, history=history)
    gains = np.stack([known_gains(acquisition, LINES[name].energy_kev) for name in names])
    if acquisition.segments == "separate":
        names = tuple(f"{name}@{segment}" for name in names for segment in microscope.eds.segment_names)
    one = isinstance(acquisition.lines, str) and acquisition.segments == "sum"
    data = images[0] if one else images.reshape(-1, *images.shape[-3:])
    return TiltSeries(
        data=data,
        channels=names,
        signal="EDS_TEM",
        gains=gains.reshape(len(names), -1),
        **common_fields(phantom, acquisition, eds_metadata(acquisition)),
    )


def _expected_adf(phantom: "Phantom", acquisition: Acquisition, history: History) -> TiltSeries:
    adf = acquisition.microscope.adf
    film = {} if phantom.film is None else phantom.film.areal_densities()
    elements = {*phantom.elements, *film} | ({"C"} if history.contamination_nm.any() else set())
    voltage = acquisition.microscope.accelerating_voltage_kv
    barn = adf.cross_sections_barn(sorted(elements), voltage_kv=voltage)
    emitter = Emitter(weights={element: value * NM2_PER_BARN for element, value in barn.items()})
    (scattering,) = scattering_images(phantom, acquisition, emitters=[emitter], history=history)
    electrons = (acquisition.electrons * history.current)[:, None, None]
    data = adf.gain * electrons * -np.expm1(-scattering) + adf.offset
    metadata = {"adf": adf.model_dump(mode="json")}
    return TiltSeries(
        data=data, channels=("ADF",), signal="ADF", **common_fields(phantom, acquisition, metadata)
    )


def known_gains(acquisition: Acquisition, energy_kev: float) -> np.ndarray:
    """Gains at the nominal tilts relative to 0°, as a microscopist would model them; (segment or 1, tilt)."""
    separate = acquisition.segments == "separate"
    return np.atleast_2d(
        acquisition.relative_gain(acquisition.scheme.angles_deg, energy_kev, separate=separate)
    )


def eds_metadata(acquisition: Acquisition) -> dict[str, Any]:
    """What a series says of its holder and of its EDS detector."""
    eds = acquisition.microscope.eds
    return {
        "holder": acquisition.holder.name,
        "eds_solid_angle_sr": eds.solid_angle_sr,
        "eds_azimuths_deg": eds.azimuths_deg.tolist(),
        "eds_elevations_deg": eds.elevations_deg.tolist(),
    }


def common_fields(phantom: "Phantom", acquisition: Acquisition, metadata: dict[str, Any]) -> dict[str, Any]:
    """Fields of a series that both signals have. Errors and damage are truth, and stay out of it."""
    electrons, dwells = acquisition.electrons, acquisition.dwells_s
    mean = float(electrons.mean())
    microscope = acquisition.microscope
    return {
        "angles_deg": np.array(acquisition.scheme.angles_deg),
        "spacing_nm": phantom.grid.spacing_nm * acquisition.binning,
        "electrons_per_pixel": mean,
        "exposure": electrons / mean if np.ptp(dwells) > 0 else None,
        "metadata": {
            "microscope": microscope.name,
            "accelerating_voltage_kv": microscope.accelerating_voltage_kv,
            "convergence_mrad": microscope.convergence_mrad,
            "beam_current_na": acquisition.beam_current_na,
            "dwell_s": float(dwells.mean()),
            "acquisition_order": list(acquisition.scheme.acquisition_order),
            "binning": acquisition.binning,
            "in_plane_deg": acquisition.in_plane_deg,
            "noise": "none",
        }
        | metadata,
    }
