"""The pixels of a particle's maps that enter a cross-section fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .interior import depth_inside


@dataclass(frozen=True, kw_only=True, eq=False)
class ParticlePixels:
    """The pixels of one particle that enter a fit.

    Attributes
    ----------
    counts, thickness_nm, per_barn : numpy.ndarray
        (pixels,) counts, thickness, and counts expected per barn of cross-section.
    rows, columns : numpy.ndarray
        (pixels,) where they lie.
    mask : numpy.ndarray
        (y, x) bool: the same.
    density_nm3 : float
        Atoms of the element per nm³.
    """

    counts: np.ndarray
    thickness_nm: np.ndarray
    per_barn: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    mask: np.ndarray
    density_nm3: float

    @property
    def design(self) -> np.ndarray:
        """Columns of the line in (σ, σδ): counts per barn, and per barn and nm of offset; (pixels, 2)."""
        return np.stack([self.per_barn, self.per_barn / self.thickness_nm], axis=1)


def gather_pixels(
    counts, thickness_nm, density_nm3, electrons_per_pixel, edge_pixels: float
) -> list[ParticlePixels]:
    """Check the maps and pick the pixels of each particle."""
    maps, thicknesses = _as_list("counts", counts), _as_list("thickness_nm", thickness_nm)
    if len(maps) != len(thicknesses):
        raise ValueError(
            f"`counts` holds {len(maps)} particles, `thickness_nm` {len(thicknesses)}: give pairs"
        )
    densities = per_particle("density_nm3", density_nm3, len(maps))
    electrons = per_particle("electrons_per_pixel", electrons_per_pixel, len(maps))
    for name, values in (("density_nm3", densities), ("electrons_per_pixel", electrons)):
        if not (values > 0).all():
            raise ValueError(f"`{name}` must be positive, got {values.tolist()}")
    result = []
    for i, (count, thick) in enumerate(zip(maps, thicknesses, strict=True)):
        if count.shape != thick.shape:
            raise ValueError(f"particle {i}: `counts` is {count.shape}, `thickness_nm` is {thick.shape}")
        if not (np.isfinite(count).all() and np.isfinite(thick).all()) or (thick < 0).any():
            raise ValueError(f"particle {i}: counts and thickness must be finite, thickness not negative")
        mask = (depth_inside(thick > 0) > edge_pixels) & (thick > 0)
        if np.count_nonzero(mask) < 4 or count[mask].sum() <= 0:
            raise ValueError(
                f"particle {i}: no counts {edge_pixels} pixels inside the silhouette "
                f"({np.count_nonzero(mask)} pixels); lower `edge_pixels`"
            )
        rows, columns = np.nonzero(mask)
        result.append(
            ParticlePixels(
                counts=count[mask],
                thickness_nm=thick[mask],
                per_barn=thick[mask] * densities[i] * electrons[i] * 1e-10,
                rows=rows,
                columns=columns,
                mask=mask,
                density_nm3=float(densities[i]),
            )
        )
    return result


def _as_list(name: str, value) -> list[np.ndarray]:
    maps = [value] if isinstance(value, np.ndarray) and value.ndim == 2 else list(value)
    arrays = [np.asarray(m, dtype=np.float64) for m in maps]
    if not arrays or any(a.ndim != 2 for a in arrays):
        raise ValueError(f"`{name}` must be maps (y, x), got shapes {[a.shape for a in arrays]}")
    return arrays


def per_particle(name: str, value: float | Sequence[float], count: int, *, finite: bool = True) -> np.ndarray:
    """Return one value per particle, from one for all or one for each, or raise a `ValueError`."""
    array = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if array.size not in (1, count):
        raise ValueError(f"`{name}` must be one number or {count}, got {array.size}")
    if np.isnan(array).any() or (array < 0).any() or (finite and not np.isfinite(array).all()):
        raise ValueError(f"`{name}` must be numbers, finite and not negative, got {array.tolist()}")
    return np.broadcast_to(array, (count,))
