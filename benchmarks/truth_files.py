"""The truth of a simulated series in a file, for `glasstomo score`; no solver reads it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..forward import SavedVolume, load_volume, save_volume
from ..phantoms import Grid, Particle, Phantom

_FILL, _LABELS = "fill", "labels"


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """A phantom from a file, and what its series says about units.

    Attributes
    ----------
    phantom : Phantom
        The true densities on the voxels of the reconstruction.
    fluence_e_nm2 : float or None
        Electrons per nm² and tilt of the series that was simulated from it.
    cross_section_barn : dict of str to float
        Cross-sections of its lines.
    """

    phantom: Phantom
    fluence_e_nm2: float | None = None
    cross_section_barn: dict[str, float] = field(default_factory=dict)


def save_truth(
    path: Path,
    phantom: Phantom,
    *,
    fluence_e_nm2: float | None = None,
    cross_section_barn: dict[str, float] | None = None,
    about: dict[str, Any] | None = None,
) -> None:
    """Write a phantom with all that judges need: densities, fill, labels, and the analytic particle.

    Parameters
    ----------
    path : pathlib.Path
        ``.h5`` or ``.hspy``.
    phantom : Phantom
        On the voxels of the reconstruction.
    fluence_e_nm2, cross_section_barn
        Of the series; they turn volumes in counts into densities.
    about : dict, optional
        What JSON can hold, for readers.

    Raises
    ------
    ValueError
        When the suffix is another.
    """
    particle = phantom.particle
    metadata = {
        "truth": {
            "elements": list(phantom.elements),
            "phase_names": list(phantom.phase_names),
            "particle": None if particle is None else particle.model_dump(mode="json"),
            "fluence_e_nm2": fluence_e_nm2,
            "cross_section_barn": cross_section_barn or {},
            "about": about or {},
        }
    }
    arrays = [*phantom.densities, phantom.fill, phantom.labels.astype(np.float32)]
    save_volume(
        path,
        np.stack(arrays).astype(np.float32, copy=False),
        spacing_nm=phantom.grid.spacing_nm,
        channels=(*phantom.elements, _FILL, _LABELS),
        metadata=metadata,
    )


def load_truth(path: Path) -> Truth | SavedVolume:
    """Read what `save_truth` wrote, or any other volume as a plain volume.

    Raises
    ------
    ValueError
        When the file is missing, truncated or no volume.
    """
    saved = load_volume(path)
    said = saved.metadata.get("truth") if isinstance(saved.metadata, dict) else None
    if said is None:
        return saved
    try:
        return _truth(saved, said)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: is no truth that glasstomo simulate wrote: {error}") from None


def _truth(saved: SavedVolume, said: dict[str, Any]) -> Truth:
    elements = tuple(said["elements"])
    if saved.channels != (*elements, _FILL, _LABELS):
        raise ValueError(f"its channels are {', '.join(saved.channels)}")
    nz, ny, nx = saved.volume.shape[1:]
    phantom = Phantom(
        grid=Grid(shape=(nz, ny, nx), spacing_nm=saved.spacing_nm),
        elements=elements,
        densities=np.asarray(saved.volume[: len(elements)], np.float32),
        fill=np.asarray(saved.volume[-2], np.float32),
        labels=np.asarray(saved.volume[-1]).round().astype(np.uint8),
        phase_names=tuple(said["phase_names"]),
        particle=None if said["particle"] is None else Particle.model_validate(said["particle"]),
    )
    return Truth(
        phantom=phantom,
        fluence_e_nm2=said["fluence_e_nm2"],
        cross_section_barn=dict(said["cross_section_barn"]),
    )
