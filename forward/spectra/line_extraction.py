"""Net counts of X-ray lines: from a spectrum series to a tilt series of maps."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ..tilt_series import TiltSeries
from ..xray_lines import LINES
from .eds_response import EDSResponse
from .fit_design import fit_bands, fit_design
from .peak_fit import PeakFit, fit_kernels
from .spectrum_series import SpectrumSeries
from .window_counts import CountWindows, window_kernels

# Pixels a side over which the noise is averaged: one pixel's counts say little about their variance.
SMOOTHING = 5


def net_counts(
    spectra: SpectrumSeries,
    lines: str | Sequence[str] | None = None,
    *,
    method: Literal["fit", "windows"] = "fit",
    fit: PeakFit | None = None,
    windows: CountWindows | None = None,
    response: EDSResponse | None = None,
) -> TiltSeries:
    """Extract the net counts of lines from spectra, as an analyst would.

    Parameters
    ----------
    spectra : SpectrumSeries
        Draws or expectations; read twice, block by block.
    lines : str or sequence of str, optional
        Lines wanted; those that the acquisition named when omitted. A single string gives data
        without a channel axis.
    method : {"fit", "windows"}, optional
        *fit*: weighted least squares with the templates of all lines and the background
        (`fit_kernels`), unbiased however lines overlap. *windows*: counts at the peak less a straight
        line between two background windows (`window_kernels`), biased where other lines reach in.
    fit : PeakFit, optional
        How to fit.
    windows : CountWindows, optional
        Where the windows stand.
    response : EDSResponse, optional
        What the analyst takes for the detector's resolution and calibration; that of the spectra
        when omitted. Another one shows what a wrong calibration costs.

    Returns
    -------
    TiltSeries
        float64 net counts of the whole dwell (dead time corrected), which may be negative, with
        their `variance`. ``metadata["net_counts"]["overlaps"]`` holds the bias that lines of other
        elements bring: for each line, counts gained (negative: lost) per photon of their K or L
        shell, where that is above 1e-3. A fit with the right response has none.

    Raises
    ------
    ValueError
        When a line is not one of the spectra's, the method is unknown, windows leave the spectrum,
        or lines cannot be told apart.
    TypeError
        When `spectra` is something else.

    Notes
    -----
    Both methods are linear: net = K · counts / live fraction, with variance K² · counts / live².
    That variance is estimated from the counts around each pixel (5 × 5 pixels, one count added so
    that it is nowhere zero), since the square of a single pixel's noise would follow the noise
    itself.

    Examples
    --------
    >>> import tempfile
    >>> from glasstomo.forward import TiltScheme, simulate_spectra
    >>> from glasstomo.phantoms import Grid, make_phantom
    >>> phantom = make_phantom("segregated", grid=Grid.cube(8, spacing_nm=60.0), rng=np.random.default_rng(1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     spectra = simulate_spectra(
    ...         phantom, scheme=TiltScheme(angles_deg=(0.0,)), microscope="osiris", lines="Zn_Ka",
    ...         path=f"{folder}/spectra.h5")
    ...     net_counts(spectra)
    TiltSeries(EDS_TEM Zn_Ka, 1 tilts from 0° to 0°, 4 × 4 pixels of 120 nm, float64)
    """
    if not isinstance(spectra, SpectrumSeries):
        raise TypeError(
            f"`spectra` must be a SpectrumSeries (SpectrumSeries.open(path)), got {type(spectra).__name__}"
        )
    wanted = spectra.lines_wanted if lines is None else lines
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    known = {part.name for part in spectra.parts if part.kind != "bremsstrahlung"}
    for name in names:
        if name not in known:
            raise ValueError(f"no line {name!r} in these spectra; they have {', '.join(sorted(known))}")
    if not names or len(set(names)) < len(names):
        raise ValueError(f"`lines` must name at least one line, each once, got {names}")
    kernels = spectrum_kernels(spectra, names, method=method, fit=fit, windows=windows, response=response)
    data, variance = _apply(spectra, kernels)
    single = isinstance(wanted, str)
    settings = windows or CountWindows() if method == "windows" else fit or PeakFit()
    gains = [spectra.gains[spectra.lines.index(name)] for name in names if name in spectra.lines]
    return TiltSeries(
        data=data[0] if single else data,
        variance=variance[0] if single else variance,
        angles_deg=spectra.angles_deg,
        spacing_nm=spectra.spacing_nm,
        channels=names,
        signal="EDS_TEM",
        electrons_per_pixel=spectra.electrons_per_pixel,
        exposure=spectra.exposure,
        gains=np.array(gains) if len(gains) == len(names) else None,
        metadata={
            **{key: value for key, value in spectra.metadata.items() if key != "response"},
            "net_counts": {
                "method": method,
                **settings.model_dump(mode="json"),
                "overlaps": _overlaps(spectra, names, kernels.mean(axis=0)),
            },
        },
    )


def spectrum_kernels(
    spectra: SpectrumSeries,
    lines: Sequence[str],
    *,
    method: Literal["fit", "windows"] = "fit",
    fit: PeakFit | None = None,
    windows: CountWindows | None = None,
    response: EDSResponse | None = None,
) -> np.ndarray:
    """Linear estimators of `net_counts`, for every tilt.

    Parameters
    ----------
    spectra, lines, method, fit, windows, response
        As for `net_counts`.

    Returns
    -------
    ndarray of float64, shape (tilt, line, channel)
        Net counts of a pixel are ``kernels[tilt] @ spectrum``; their bias on a known expectation is
        ``kernels[tilt] @ expectation`` less the true counts, exactly.
    """
    true = EDSResponse(**spectra.metadata["response"])
    assumed = true if response is None else response
    templates = spectra.templates if response is None else _templates(spectra, response)
    if method == "windows":
        shapes = {part.name: shape for part, shape in zip(spectra.parts, templates, strict=True)}
        kernels = window_kernels(
            lines,
            energies_kev=assumed.energies_kev,
            fwhm_kev=assumed.fwhm_kev,
            own_shapes=[shapes[line] for line in lines],
            windows=windows,
        )
        return np.broadcast_to(kernels, (spectra.count, *kernels.shape))
    if method != "fit":
        raise ValueError(f"`method` must be 'fit' or 'windows', got {method!r}")
    return _fit_kernels(spectra, lines, templates, assumed, PeakFit() if fit is None else fit)


def _overlaps(
    spectra: SpectrumSeries, lines: Sequence[str], kernels: np.ndarray
) -> dict[str, dict[str, float]]:
    """Counts that each line gains per photon of another element's shell (``"Cu_K"``), where above 1e-3."""
    gained = kernels @ spectra.templates.T
    shells: dict[tuple[str, str], list[int]] = {}
    for index, part in enumerate(spectra.parts):
        if part.kind != "bremsstrahlung":
            shells.setdefault((LINES[part.name].element, part.name.partition("_")[2][0]), []).append(index)
    found: dict[str, dict[str, float]] = {line: {} for line in lines}
    for row, line in zip(gained, lines, strict=True):
        for (element, shell), members in shells.items():
            weights = [spectra.parts[index].weight for index in members]
            share = float(np.average(row[members], weights=weights if any(weights) else None))
            if element != LINES[line].element and abs(share) > 1e-3:
                found[line][f"{element}_{shell}"] = round(share, 5)
    return found


def _templates(spectra: SpectrumSeries, response: EDSResponse) -> np.ndarray:
    """Templates as another response would have them; the bremsstrahlung keeps its shape."""
    if response.channels != spectra.shape[-1]:
        raise ValueError(
            f"`response` must have the {spectra.shape[-1]} channels of the spectra, got {response.channels}"
        )
    return np.stack(
        [
            shape
            if part.kind == "bremsstrahlung"
            else sum(share * response.line_shape(energy) for energy, share in LINES[part.name].components)
            for part, shape in zip(spectra.parts, spectra.templates, strict=True)
        ]
    )


def _fit_kernels(
    spectra: SpectrumSeries,
    lines: Sequence[str],
    templates: np.ndarray,
    response: EDSResponse,
    fit: PeakFit,
) -> np.ndarray:
    mean = spectra.total().mean(axis=0) / (spectra.shape[1] * spectra.shape[2])
    kernels = np.zeros((spectra.count, len(lines), spectra.shape[-1]))
    energies = response.energies_kev
    for low, high, members in fit_bands(lines, fwhm_kev=response.fwhm_kev, margin_fwhm=fit.margin_fwhm):
        channels = slice(*np.searchsorted(energies, [low, high]).tolist())
        rows = [list(lines).index(name) for name in members]
        done: dict[tuple, np.ndarray] = {}
        for tilt in range(spectra.count):
            gains = dict(zip(spectra.lines, spectra.gains[:, tilt].tolist(), strict=True))
            key = tuple(gains.values())
            if key not in done:
                design = fit_design(
                    members,
                    parts=spectra.parts,
                    templates=templates,
                    part_gains=gains,
                    channels=channels,
                    fit=fit,
                )
                done[key] = fit_kernels(design, mean[channels])
            kernels[tilt, rows, channels] = done[key]
    return kernels


def _apply(spectra: SpectrumSeries, kernels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Net counts and variance, float64 (line, tilt, y, x), corrected for dead time."""
    from scipy.ndimage import uniform_filter1d

    shape = (kernels.shape[1], *spectra.shape[:3])
    data, variance = np.empty(shape), np.empty(shape)
    with spectra:
        for tilt, rows, block in spectra.blocks():
            # What no kernel looks at need not be multiplied.
            used = np.flatnonzero(np.any(kernels[tilt] != 0, axis=0))
            band = slice(int(used[0]), int(used[-1]) + 1)
            counts = block[..., band].astype(np.float64)
            kernel = kernels[tilt, :, band]
            data[:, tilt, rows] = np.moveaxis(counts @ kernel.T, -1, 0)
            variance[:, tilt, rows] = np.moveaxis(counts @ (kernel**2).T, -1, 0)
    pixels = 1
    for axis in (2, 3):
        side = min(SMOOTHING, shape[axis])
        pixels *= side
        variance = uniform_filter1d(variance, side, axis=axis, mode="nearest")
    # What one count at the peak would add.
    one = np.max(kernels**2, axis=-1).T[..., None, None]
    variance = np.maximum(variance, 0) + one / pixels
    live = spectra.live_fraction
    return data / live, variance / live**2
