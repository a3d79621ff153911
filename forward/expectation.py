"""Expected EDS and ADF signals of a phantom, before any noise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .areal_density import areal_density
from .holder import HOLDERS, Holder
from .microscope import MICROSCOPES, Microscope
from .rutherford import ELEMENTARY_CHARGE_C, NM2_PER_BARN
from .tilt_scheme import TiltScheme
from .tilt_series import TiltSeries
from .xray_lines import LINES

if TYPE_CHECKING:
    from ..phantoms import Phantom

DEFAULT_LINES = ("Co_Ka", "Co_Kb", "Zn_Ka", "Zn_Kb")

DEFAULT_DWELL_S = {"eds": 0.2, "adf": 20e-6}
"""Dwell per pixel when none is given, s. Assumptions: the published experiment states neither the
current nor the dwell of its tilt series. With 1 nA and pixels of 5 nm they mean 1.25e9 electrons
(5e7 e nm⁻²) per EDS pixel and 1.25e5 electrons (5e3 e nm⁻²) per ADF pixel."""


def electrons_per_pixel(*, beam_current_na: float, dwell_s: float) -> float:
    """Beam electrons per pixel, N_e = i τ / e.

    Parameters
    ----------
    beam_current_na : float
        Beam current, nA.
    dwell_s : float
        Dwell, s per pixel.

    Examples
    --------
    >>> f"{electrons_per_pixel(beam_current_na=1.0, dwell_s=0.2):.3g}"
    '1.25e+09'
    """
    for name, value in (("beam_current_na", beam_current_na), ("dwell_s", dwell_s)):
        if not 0 < value < np.inf:
            raise ValueError(f"`{name}` must be positive, got {value}")
    return beam_current_na * 1e-9 * dwell_s / ELEMENTARY_CHARGE_C


def expected_counts(
    phantom: "Phantom",
    *,
    scheme: TiltScheme,
    microscope: Microscope | str,
    signal: Literal["eds", "adf"] = "eds",
    lines: str | Sequence[str] = DEFAULT_LINES,
    holder: Holder | str = "none",
    beam_current_na: float = 1.0,
    dwell_s: float | None = None,
    binning: int = 2,
    inverse_crime: bool = False,
) -> TiltSeries:
    """Expectation of a tilt series: what `simulate` draws counts from.

    Parameters
    ----------
    phantom, scheme, microscope, signal, lines, holder, beam_current_na, dwell_s, binning, inverse_crime
        As for `simulate`.

    Returns
    -------
    TiltSeries
        float64 data.

    Notes
    -----
    EDS: N_e σ g(α) P, with P the areal density of the emitting element, linear at any thickness
    (absorption is not modelled). ADF: gain × N_e (1 − exp(−Σ σ_Z P_Z)) over all elements of the phantom and
    of the film.
    """
    microscope = MICROSCOPES[microscope] if isinstance(microscope, str) else microscope
    holder = HOLDERS[holder] if isinstance(holder, str) else holder
    if signal not in DEFAULT_DWELL_S:
        raise ValueError(f"`signal` must be 'eds' or 'adf', got {signal!r}")
    if not isinstance(scheme, TiltScheme):
        raise TypeError(
            f"`scheme` must be a TiltScheme, got {type(scheme).__name__}; try TiltScheme(angles_deg=...)"
        )
    if binning == 1 and not inverse_crime:
        raise ValueError(
            "`binning` of 1 simulates on the grid of the reconstruction, which flatters it; "
            "use a finer phantom and binning=2, or say inverse_crime=True"
        )
    dwell_s = DEFAULT_DWELL_S[signal] if dwell_s is None else dwell_s
    electrons = electrons_per_pixel(beam_current_na=beam_current_na, dwell_s=dwell_s)
    common: dict[str, Any] = {
        "angles_deg": np.array(scheme.angles_deg),
        "spacing_nm": phantom.grid.spacing_nm * binning,
        "electrons_per_pixel": electrons,
        "metadata": _metadata(microscope, scheme, beam_current_na, dwell_s, binning),
    }
    if signal == "adf":
        return _expected_adf(phantom, microscope, binning, common)
    return _expected_eds(phantom, microscope, lines, holder, binning, common)


def _expected_eds(
    phantom: "Phantom",
    microscope: Microscope,
    lines: str | Sequence[str],
    holder: Holder,
    binning: int,
    common: dict[str, Any],
) -> TiltSeries:
    names = (lines,) if isinstance(lines, str) else tuple(lines)
    for name in names:
        if name not in microscope.cross_section_barn:
            known = ", ".join(microscope.cross_section_barn)
            raise ValueError(
                f"microscope {microscope.name!r} has no cross-section for line {name!r}; it has {known}"
            )
    if not names:
        raise ValueError("`lines` must name at least one X-ray line")
    elements = list(dict.fromkeys(LINES[name].element for name in names))
    angles_deg = common["angles_deg"]
    weights = [{element: 1.0} for element in elements]
    atoms = areal_density(phantom, angles_deg=angles_deg, weights=weights, binning=binning)
    energies_kev = [LINES[name].energy_kev for name in names]
    gains = np.stack(
        [microscope.eds.relative_gain(angles_deg, holder=holder, energy_kev=e) for e in energies_kev]
    )
    electrons = common["electrons_per_pixel"]
    sigma = np.array([microscope.cross_section_barn[name] for name in names]) * NM2_PER_BARN
    scale = electrons * sigma[:, None] * gains
    data = atoms[[elements.index(LINES[name].element) for name in names]] * scale[:, :, None, None]
    common["metadata"] |= {"holder": holder.name, "eds_solid_angle_sr": microscope.eds.solid_angle_sr}
    common["metadata"] |= {
        "eds_azimuths_deg": microscope.eds.azimuths_deg.tolist(),
        "eds_elevations_deg": microscope.eds.elevations_deg.tolist(),
    }
    data = data[0] if isinstance(lines, str) else data
    return TiltSeries(data=data, channels=names, signal="EDS_TEM", gains=gains, **common)


def _expected_adf(
    phantom: "Phantom", microscope: Microscope, binning: int, common: dict[str, Any]
) -> TiltSeries:
    adf = microscope.adf
    film = {} if phantom.film is None else phantom.film.areal_densities()
    elements = sorted({*phantom.elements, *film})
    barn = adf.cross_sections_barn(elements, voltage_kv=microscope.accelerating_voltage_kv)
    weights = {element: value * NM2_PER_BARN for element, value in barn.items()}
    angles_deg = common["angles_deg"]
    (scattering,) = areal_density(phantom, angles_deg=angles_deg, weights=[weights], binning=binning)
    data = adf.gain * common["electrons_per_pixel"] * -np.expm1(-scattering)
    common["metadata"] |= {"adf": adf.model_dump(mode="json")}
    return TiltSeries(data=data, channels=("ADF",), signal="ADF", **common)


def _metadata(
    microscope: Microscope, scheme: TiltScheme, beam_current_na: float, dwell_s: float, binning: int
) -> dict[str, Any]:
    return {
        "microscope": microscope.name,
        "accelerating_voltage_kv": microscope.accelerating_voltage_kv,
        "convergence_mrad": microscope.convergence_mrad,
        "beam_current_na": float(beam_current_na),
        "dwell_s": float(dwell_s),
        "acquisition_order": list(scheme.acquisition_order),
        "binning": int(binning),
        "noise": "none",
    }
