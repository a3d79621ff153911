"""Score a reconstructed volume in a file against the truth in another."""

from pathlib import Path
from typing import Any

import numpy as np

from ..forward import SavedVolume, load_volume
from ..metrics import EsfStatus, dice, esf_threshold, nrmse, ssim
from ..phantoms import Phantom
from .design.scores import SCORES, score_volumes
from .truth_files import Truth, load_truth

UNITS = ("auto", "density", "counts")


def score_files(recon: Path, truth: Path, *, units: str = "auto") -> dict[str, Any]:
    """Score a reconstruction against the truth.

    Parameters
    ----------
    recon : pathlib.Path
        Volume with channels named after elements or X-ray lines (``Zn``, ``Zn_Ka``), or one of ADF.
    truth : pathlib.Path
        What ``glasstomo simulate --truth`` wrote, or any volume of the same voxels.
    units : {"auto", "density", "counts"}, optional
        Whether metal channels are atoms nm⁻³, or counts per nm of path (as ``glasstomo reconstruct``
        leaves them), which the fluence and the cross-sections in the truth turn into densities. Auto
        goes by what the file says of its making.

    Returns
    -------
    dict
        Scores by name, None where there is nothing to say; ``units`` says how densities were obtained.

    Raises
    ------
    ValueError
        When a file is no volume, or the voxels of the two do not match.
    """
    if units not in UNITS:
        raise ValueError(f"`units` must be one of {', '.join(UNITS)}, got {units!r}")
    found, true = load_volume(recon), load_truth(truth)
    if isinstance(true, SavedVolume):
        return {"units": "as in the files", **_plain_scores(found, true)}
    phantom = _on_voxels(true.phantom, found, recon, truth)
    volumes = _by_element(found)
    metals = {element: volumes[element] for element in ("Zn", "Co") if element in volumes}
    if not metals:
        return {"units": "none", **_surface_scores(_single(found), phantom.fill > 0.5)}
    used = _units(found, units)
    if used == "counts":
        metals = {
            element: volume / _counts_per_density(true, found, element) for element, volume in metals.items()
        }
    return {"units": used, **_metal_scores(metals, phantom)}


def _metal_scores(metals: dict[str, np.ndarray], phantom: Phantom) -> dict[str, Any]:
    if len(metals) == 2:
        groups = [name for name in SCORES if name != "cross_sections"]
        scores: dict[str, Any] = dict(score_volumes(metals["Zn"], metals["Co"], phantom, scores=groups))
    else:
        ((element, volume),) = metals.items()
        true = phantom.density(element)
        scores = {f"nrmse_{element.lower()}": nrmse(volume, true) if true.any() else None}
    for element, volume in metals.items():
        true = phantom.density(element)
        varied = true.any() and min(true.shape) >= 7
        scores[f"ssim_{element.lower()}"] = ssim(volume, true) if varied else None
    return {name: _plain(value) for name, value in scores.items()}


def _plain_scores(found: SavedVolume, true: SavedVolume) -> dict[str, Any]:
    """Scores of any two volumes of the same voxels, channel by channel."""
    if found.volume.shape != true.volume.shape:
        raise ValueError(
            f"the volumes must have the same voxels: {found.volume.shape} reconstructed, "
            f"{true.volume.shape} true"
        )
    _same_spacing(found.spacing_nm, true.spacing_nm)
    scores: dict[str, Any] = {}
    names = found.channels or tuple(str(i) for i in range(len(_stack(found))))
    for name, one, other in zip(names, _stack(found), _stack(true), strict=True):
        suffix = f"_{name}" if len(names) > 1 else ""
        scores[f"nrmse{suffix}"] = _plain(nrmse(one, other)) if other.any() else None
        if min(other.shape) >= 7 and np.ptp(other) > 0:
            scores[f"ssim{suffix}"] = _plain(ssim(one, other))
            true_surface = esf_threshold(other)
            if true_surface.status is not EsfStatus.FAILED:
                surface = _surface_scores(one, other > true_surface.threshold)
                scores |= {f"{key}{suffix}": value for key, value in surface.items()}
    return scores


def _surface_scores(volume: np.ndarray, true_mask: np.ndarray) -> dict[str, Any]:
    """How well the edge-spread threshold of a volume finds the particle."""
    surface = esf_threshold(volume)
    if surface.status is EsfStatus.FAILED:
        return {"dice": None, "volume_ratio": None}
    mask = volume > surface.threshold
    return {
        "dice": dice(mask, true_mask),
        "volume_ratio": float(mask.sum() / true_mask.sum()) if true_mask.any() else None,
    }


def _by_element(found: SavedVolume) -> dict[str, np.ndarray]:
    """Channels by the element whose symbol they begin with."""
    return {
        name.partition("_")[0]: volume for name, volume in zip(found.channels, _stack(found), strict=False)
    }


def _stack(saved: SavedVolume) -> np.ndarray:
    return saved.volume if saved.volume.ndim == 4 else saved.volume[None]


def _single(found: SavedVolume) -> np.ndarray:
    stack = _stack(found)
    if len(stack) > 1:
        raise ValueError(
            f"no channel is zinc or cobalt: {', '.join(found.channels) or f'{len(stack)} without names'}; "
            "name channels Zn and Co or after their lines, or give one channel for its surface"
        )
    return stack[0]


def _units(found: SavedVolume, units: str) -> str:
    """Decide whether metals are densities or counts."""
    if units != "auto":
        return units
    made = found.metadata.get("reconstruction") if isinstance(found.metadata, dict) else None
    calibrated = not isinstance(made, dict) or made.get("cross_section_barn") or made.get("units")
    return "density" if calibrated else "counts"


def _counts_per_density(truth: Truth, found: SavedVolume, element: str) -> float:
    """Counts per nm of path that one atom nm⁻³ gives: N_e σ 1e-10."""
    sections = {line.partition("_")[0]: barn for line, barn in truth.cross_section_barn.items()}
    if truth.fluence_e_nm2 is None or element not in sections:
        raise ValueError(
            f"the truth does not say how many counts an atom of {element} gives (it goes with an ADF "
            "series); reconstruct with cross-sections and score with --units density"
        )
    electrons = truth.fluence_e_nm2 * found.spacing_nm**2
    return electrons * sections[element] * 1e-10


def _on_voxels(phantom: Phantom, found: SavedVolume, recon: Path, truth: Path) -> Phantom:
    """The truth on the voxels of the reconstruction, which may be coarser by a whole factor."""
    shape, fine = found.volume.shape[-3:], phantom.grid.shape
    factor = fine[0] // shape[0] if shape[0] else 0
    if factor < 1 or tuple(factor * count for count in shape) != tuple(fine):
        raise ValueError(
            f"{recon.name} has {shape} voxels and {truth.name} {tuple(fine)}: reconstruct the whole series, "
            "without --slices, with a --bin that divides it"
        )
    _same_spacing(found.spacing_nm, factor * phantom.grid.spacing_nm)
    return phantom if factor == 1 else phantom.downsampled(factor)


def _same_spacing(found_nm: float, true_nm: float) -> None:
    # Files of other programs keep voxels in single precision.
    if not np.isclose(found_nm, true_nm, rtol=1e-3):
        raise ValueError(
            f"the voxels must be of one size: {found_nm:g} nm reconstructed, {true_nm:g} nm true"
        )


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value
