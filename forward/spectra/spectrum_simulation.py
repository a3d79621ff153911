"""Simulate EDS spectrum images against tilt, written to a file block by block."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..acquisition import Acquisition, acquisition_of
from ..acquisition_history import history_of
from ..emission import Emitter, emission_images
from ..expectation import common_fields, eds_metadata, known_gains
from ..files.atomic import replacing
from ..history import History
from ..rutherford import NM2_PER_BARN
from ..xray_lines import LINES
from .eds_response import EDSResponse
from .ionisation import emission_cross_section_barn
from .spectrum_file import counts_dtype, create_spectra, write_head
from .spectrum_model import SpectrumModel
from .spectrum_series import BLOCK_BYTES, SpectrumPart, SpectrumSeries, row_blocks
from .system_peaks import SystemPeaks

if TYPE_CHECKING:
    from ...phantoms import Phantom

CONTINUUM_KEV = (0.4, 1.0, 2.5, 6.0)
"""Soft bremsstrahlung is absorbed and shadowed otherwise than hard; above 6 keV, where the K lines of the
metals are, it is taken as at 6 keV, so that the background there has one smooth shape."""


_OWN = ("response", "system", "history", "continuum_kev", "noise", "block_bytes")


def simulate_spectra(
    phantom: "Phantom",
    acquisition: Acquisition | None = None,
    *,
    path: str | os.PathLike[str],
    rng: np.random.Generator | None = None,
    response: EDSResponse | None = None,
    system: SystemPeaks | None = None,
    history: History | None = None,
    continuum_kev: Sequence[float] = CONTINUUM_KEV,
    noise: bool = True,
    block_bytes: int = BLOCK_BYTES,
    **fields: Any,
) -> SpectrumSeries:
    """Simulate a tilt series of EDS spectrum images.

    Parameters
    ----------
    phantom : Phantom
        The truth on the fine grid; left untouched. All its elements emit, and those of its film.
    acquisition : Acquisition, optional
        How the series is taken, ``signal="eds"`` and ``segments="sum"``. Alternatively its fields as
        keywords. `lines` names those that `net_counts` extracts when it is not told; the spectra
        hold all lines of all elements within their range.
    path : path-like
        File to write, ending in ``.h5`` or ``.hdf5``; replaced only when the whole is written.
    rng : numpy.random.Generator, optional
        Source of the Poisson noise (and of errors of the acquisition). Expectations when omitted.
    response : EDSResponse, optional
        Channels, resolution, efficiency and dead time of the detector.
    system : SystemPeaks, optional
        Lines of grid, holder and column; none when omitted.
    history : History, optional
        What truly happens at each tilt (`history_of`); drawn when omitted.
    continuum_kev : sequence of float, optional
        Energies at which gains and absorption of the bremsstrahlung are taken (`SpectrumModel`), keV;
        empty for no bremsstrahlung.
    noise : bool, optional
        False writes expectations although `rng` is given, for the errors alone.
    block_bytes : int, optional
        Memory for one block of spectra, bytes as float64. It does not change a bit of the result.

    Returns
    -------
    SpectrumSeries
        Opened on the file written. Draws are uint16 where that cannot overflow, else uint32;
        expectations float32.

    Raises
    ------
    ValueError
        When a parameter breaks its rule, the signal is not EDS, segments are kept apart, or the
        suffix is another.
    TypeError
        When an acquisition comes with fields, or `rng` is no generator.

    Notes
    -----
    The expected spectrum of a pixel is L · (Σ_c I_c t_c + N_e s(α)): I_c the photons of component c
    (line, bremsstrahlung, system line that scattered electrons excite), as `emission_images` gives
    them with gains and absorption; t_c its template; s the uniform system peaks; and
    L = `EDSResponse.live_fraction` of the pixel's rate. Counts are Poisson draws of that. Dead time
    also makes real counts a little more regular than Poisson (by L² in variance for a
    non-paralysable counter), which is left out, as are pile-up, escape peaks and incomplete charge
    collection. Photons outside the range of the channels cause no dead time.

    Examples
    --------
    >>> import tempfile
    >>> from glasstomo.forward import TiltScheme
    >>> from glasstomo.phantoms import Grid, make_phantom
    >>> phantom = make_phantom("segregated", grid=Grid.cube(8, spacing_nm=60.0), rng=np.random.default_rng(1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     simulate_spectra(
    ...         phantom, scheme=TiltScheme(angles_deg=(0.0,)), microscope="osiris",
    ...         rng=np.random.default_rng(2), path=f"{folder}/spectra.h5")
    SpectrumSeries(spectra.h5, 1 tilts, 4 × 4 pixels of 120 nm, 2048 channels from 0 to 20.47 keV, uint16)
    """
    acquisition = acquisition_of(acquisition, fields, own=_OWN)
    response = EDSResponse() if response is None else response
    path = _checked(acquisition, path, rng, response, system)
    history = history_of(phantom, acquisition, rng=rng, given=history)
    model = SpectrumModel(
        microscope=acquisition.microscope,
        response=response,
        elements=_elements(phantom, acquisition, history),
        system=system,
        continuum_kev=tuple(continuum_kev),
    )
    emitters = [Emitter(weights=c.weights, energy_kev=c.energy_kev) for c in model.components]
    images = emission_images(phantom, acquisition, emitters=emitters, history=history)
    electrons = acquisition.electrons * history.current
    background = model.system_counts(history.angles_deg) * electrons[:, None]
    live = _live_fraction(images, model.templates, background, acquisition.dwells_s, response)
    draw = rng if noise else None
    common = common_fields(phantom, acquisition, _metadata(acquisition, response, system, draw is not None))
    lines = tuple(dict.fromkeys((*model.line_names, *acquisition.line_names)))
    with replacing(path) as temporary:
        import h5py

        with h5py.File(temporary, "w") as file:
            write_head(
                file,
                **common,
                energies_kev=response.energies_kev,
                live_fraction=live,
                lines=lines,
                gains=np.concatenate([known_gains(acquisition, LINES[name].energy_kev) for name in lines]),
                parts=_parts(model),
                templates=model.templates,
            )
            _write_spectra(file, images, model.templates, background, live, draw, block_bytes)
    return SpectrumSeries.open(path)


def _checked(
    acquisition: Acquisition, path: str | os.PathLike[str], rng: Any, response: Any, system: Any
) -> Path:
    """Refuse what cannot be simulated before any work is done."""
    if acquisition.signal != "eds":
        raise ValueError(f"`signal` must be 'eds' for spectra, got {acquisition.signal!r}")
    if acquisition.segments != "sum":
        raise ValueError("`segments` must be 'sum' for spectra, got 'separate'; simulate maps per segment")
    path = Path(path)
    if path.suffix.lower() not in (".h5", ".hdf5"):
        raise ValueError(f"`path` must end in .h5 (.hspy: use `export`), got {os.fspath(path)!r}")
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"`rng` must be a numpy.random.Generator (numpy.random.default_rng(seed)) or None, got {rng!r}"
        )
    if not isinstance(response, EDSResponse):
        raise TypeError(f"`response` must be an EDSResponse, got {type(response).__name__}")
    if system is not None and not isinstance(system, SystemPeaks):
        raise TypeError(f"`system` must be SystemPeaks or None, got {type(system).__name__}")
    return path


def _elements(phantom: "Phantom", acquisition: Acquisition, history: History) -> tuple[str, ...]:
    """Every element that emits: of the specimen, its film, and what the beam builds up.

    Those looked for belong to them even when the specimen has none: their counts are then zero.
    """
    film = () if phantom.film is None else tuple(phantom.film.areal_densities())
    grown = ("C",) if np.any(history.contamination_nm) else ()
    sought = [LINES[name].element for name in acquisition.line_names]
    return tuple(dict.fromkeys((*phantom.elements, *film, *grown, *sought)))


def _live_fraction(
    images: np.ndarray,
    templates: np.ndarray,
    background: np.ndarray,
    dwells_s: np.ndarray,
    response: EDSResponse,
) -> np.ndarray:
    """Live share of each pixel's dwell, float64 (tilt, y, x)."""
    counts = np.tensordot(templates.sum(axis=1), images, axes=1) + background.sum(axis=1)[:, None, None]
    return response.live_fraction(counts / dwells_s[:, None, None])


def _metadata(
    acquisition: Acquisition, response: EDSResponse, system: SystemPeaks | None, drawn: bool
) -> dict[str, Any]:
    return eds_metadata(acquisition) | {
        "lines": list(acquisition.line_names),
        "single_line": isinstance(acquisition.lines, str),
        "response": response.model_dump(mode="json"),
        # Which elements are around is known; how much of them is for the fit to find.
        "system": [] if system is None else sorted({*system.uniform, *system.scattered}),
        "noise": "poisson" if drawn else "none",
    }


def _parts(model: SpectrumModel) -> list[SpectrumPart]:
    """Names of the templates, with the weights that tie lines of a family."""
    voltage = model.microscope.accelerating_voltage_kv
    parts = []
    for component in model.components:
        name = component.name.removeprefix("system:")
        weight = float(np.mean(list(component.weights.values())))
        if component.kind == "system":
            # Some are excited by beam tails alone, and have no weight in the specimen.
            line = LINES[name]
            seen = np.asarray(model.response.efficiency(line.energy_kev))
            weight = float(emission_cross_section_barn(line, voltage) * seen) * NM2_PER_BARN
        parts.append(SpectrumPart(name=name, kind=component.kind, weight=weight))
    return parts


def _write_spectra(
    file: Any,
    images: np.ndarray,
    templates: np.ndarray,
    background: np.ndarray,
    live: np.ndarray,
    rng: np.random.Generator | None,
    block_bytes: int,
) -> None:
    """Write the spectra in the order tilt, y, x, energy: the stream of draws knows no blocks."""
    _, count, ny, nx = images.shape
    channels = templates.shape[1]
    brightest = images.reshape(len(images), -1).max(axis=1) @ templates + background.max(axis=0)
    dtype = np.dtype(np.float32) if rng is None else counts_dtype(float(brightest.max()))
    data = create_spectra(file, (count, ny, nx, channels), dtype)
    for tilt, rows in row_blocks(data.shape, block_bytes):
        pixel = images[:, tilt, rows].reshape(len(images), -1)
        expected = pixel.T @ templates + background[tilt]
        expected *= live[tilt, rows].reshape(-1, 1)
        block = expected if rng is None else rng.poisson(expected)
        data[tilt, rows] = block.astype(dtype).reshape(-1, nx, channels)
