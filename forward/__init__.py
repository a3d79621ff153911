"""The physics: tilt schemes, microscopes, detectors, shadowing, projector, noise, tilt series.

Names load when they are first used, so importing this package stays light.
"""

import importlib
from typing import TYPE_CHECKING, Any

_NAMES = {
    "ADFDetector": "detectors.adf_detector",
    "Absorption": "absorption",
    "Acquisition": "acquisition",
    "AcquisitionErrors": "acquisition_errors",
    "BeamDamage": "beam_damage",
    "Contamination": "contamination",
    "CountWindows": "spectra.window_counts",
    "EDSDetector": "detectors.eds_detector",
    "EDSResponse": "spectra.eds_response",
    "Emitter": "emission",
    "HOLDERS": "detectors.holder",
    "History": "history",
    "Holder": "detectors.holder",
    "HolderFilter": "detectors.holder_filter",
    "LINES": "xray_lines",
    "MICROSCOPES": "microscope",
    "MeasuredHolder": "detectors.measured_holder",
    "Microscope": "microscope",
    "PeakFit": "spectra.peak_fit",
    "Probe": "probe",
    "Projector": "projector",
    "Quantification": "quantification",
    "SavedVolume": "files.volume_files",
    "Segment": "detectors.eds_detector",
    "SpectrumModel": "spectra.spectrum_model",
    "SpectrumSeries": "spectra.spectrum_series",
    "SupportGrid": "detectors.support_grid",
    "SystemPeaks": "spectra.system_peaks",
    "TiltScheme": "tilt_scheme",
    "TiltSeries": "tilt_series",
    "XrayLine": "xray_lines",
    "absorbed_dose_mgy": "stopping_power",
    "compensating_dwell_s": "compensating_dwell",
    "constant_total_gains": "constant_total",
    "defocused_projection": "defocus",
    "dose_table": "dose",
    "draw_counts": "noise",
    "draw_history": "history",
    "dual_axis_pair": "dual_axis",
    "electrons_per_pixel": "acquisition",
    "emission_images": "emission",
    "exit_directions": "exit_rays",
    "exit_transmission": "absorption",
    "expected_counts": "expectation",
    "film_transmission": "film_absorption",
    "history_of": "acquisition_history",
    "ionisation_cross_section_barn": "spectra.ionisation",
    "jitter_rows": "scan_distortion",
    "linear_attenuation_per_nm": "attenuation",
    "linearise_adf": "linearise",
    "load_volume": "files.volume_files",
    "mass_attenuation_cm2_g": "attenuation",
    "material_attenuation_per_nm": "attenuation",
    "mean_transmission": "absorption",
    "modelled_gains": "gain_correction",
    "net_counts": "spectra.line_extraction",
    "partial_cross_section_barn": "spectra.partial_cross_section",
    "quantify": "quantification",
    "read_tilt_series": "files.read_series",
    "rebin_spectra": "spectra.spectrum_rebinning",
    "rotate_images": "scan_distortion",
    "rotate_in_plane": "dual_axis",
    "rutherford_cross_section_barn": "rutherford",
    "save_volume": "files.volume_files",
    "simulate": "simulation",
    "simulate_spectra": "spectra.spectrum_simulation",
    "subtract_background": "background",
    "thinned_counts": "dose_ladder",
    "with_gains": "gain_correction",
}

if TYPE_CHECKING:
    from .absorption import Absorption, exit_transmission, mean_transmission
    from .acquisition import Acquisition, electrons_per_pixel
    from .acquisition_errors import AcquisitionErrors
    from .acquisition_history import history_of
    from .attenuation import linear_attenuation_per_nm, mass_attenuation_cm2_g, material_attenuation_per_nm
    from .background import subtract_background
    from .beam_damage import BeamDamage
    from .compensating_dwell import compensating_dwell_s
    from .constant_total import constant_total_gains
    from .contamination import Contamination
    from .defocus import defocused_projection
    from .detectors.adf_detector import ADFDetector
    from .detectors.eds_detector import EDSDetector, Segment
    from .detectors.holder import HOLDERS, Holder
    from .detectors.holder_filter import HolderFilter
    from .detectors.measured_holder import MeasuredHolder
    from .detectors.support_grid import SupportGrid
    from .dose import dose_table
    from .dose_ladder import thinned_counts
    from .dual_axis import dual_axis_pair, rotate_in_plane
    from .emission import Emitter, emission_images
    from .exit_rays import exit_directions
    from .expectation import expected_counts
    from .files.read_series import read_tilt_series
    from .files.volume_files import SavedVolume, load_volume, save_volume
    from .film_absorption import film_transmission
    from .gain_correction import modelled_gains, with_gains
    from .history import History, draw_history
    from .linearise import linearise_adf
    from .microscope import MICROSCOPES, Microscope
    from .noise import draw_counts
    from .probe import Probe
    from .projector import Projector
    from .quantification import Quantification, quantify
    from .rutherford import rutherford_cross_section_barn
    from .scan_distortion import jitter_rows, rotate_images
    from .simulation import simulate
    from .spectra.eds_response import EDSResponse
    from .spectra.ionisation import ionisation_cross_section_barn
    from .spectra.line_extraction import net_counts
    from .spectra.partial_cross_section import partial_cross_section_barn
    from .spectra.peak_fit import PeakFit
    from .spectra.spectrum_model import SpectrumModel
    from .spectra.spectrum_rebinning import rebin_spectra
    from .spectra.spectrum_series import SpectrumSeries
    from .spectra.spectrum_simulation import simulate_spectra
    from .spectra.system_peaks import SystemPeaks
    from .spectra.window_counts import CountWindows
    from .stopping_power import absorbed_dose_mgy
    from .tilt_scheme import TiltScheme
    from .tilt_series import TiltSeries
    from .xray_lines import LINES, XrayLine

__all__ = [
    "HOLDERS",
    "LINES",
    "MICROSCOPES",
    "ADFDetector",
    "Absorption",
    "Acquisition",
    "AcquisitionErrors",
    "BeamDamage",
    "Contamination",
    "CountWindows",
    "EDSDetector",
    "EDSResponse",
    "Emitter",
    "History",
    "Holder",
    "HolderFilter",
    "MeasuredHolder",
    "Microscope",
    "PeakFit",
    "Probe",
    "Projector",
    "Quantification",
    "SavedVolume",
    "Segment",
    "SpectrumModel",
    "SpectrumSeries",
    "SupportGrid",
    "SystemPeaks",
    "TiltScheme",
    "TiltSeries",
    "XrayLine",
    "absorbed_dose_mgy",
    "compensating_dwell_s",
    "constant_total_gains",
    "defocused_projection",
    "dose_table",
    "draw_counts",
    "draw_history",
    "dual_axis_pair",
    "electrons_per_pixel",
    "emission_images",
    "exit_directions",
    "exit_transmission",
    "expected_counts",
    "film_transmission",
    "history_of",
    "ionisation_cross_section_barn",
    "jitter_rows",
    "linear_attenuation_per_nm",
    "linearise_adf",
    "load_volume",
    "mass_attenuation_cm2_g",
    "material_attenuation_per_nm",
    "mean_transmission",
    "modelled_gains",
    "net_counts",
    "partial_cross_section_barn",
    "quantify",
    "read_tilt_series",
    "rebin_spectra",
    "rotate_images",
    "rotate_in_plane",
    "rutherford_cross_section_barn",
    "save_volume",
    "simulate",
    "simulate_spectra",
    "subtract_background",
    "thinned_counts",
    "with_gains",
]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_NAMES)}")


def __dir__() -> list[str]:
    return sorted(_NAMES)
