"""The pixels of a particle's maps that enter a cross-section fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .interior import depth_inside

# A corrected thickness stays above this part of the measured one: no pixel turns negative.
_LEAST_SHARE = 0.1


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
    counts,
    thickness_nm,
    density_nm3,
    electrons_per_pixel,
    edge_pixels: float,
    thickness_bias_nm: float | Sequence[float] = 0.0,
) -> list[ParticlePixels]:
    """Check the maps of one line and pick the pixels of each particle."""
    return gather_lines(
        {"": counts}, thickness_nm, density_nm3, electrons_per_pixel, edge_pixels, thickness_bias_nm
    )[""]


def gather_lines(
    counts: Mapping,
    thickness_nm,
    density_nm3,
    electrons_per_pixel,
    edge_pixels: float,
    thickness_bias_nm: float | Sequence[float] = 0.0,
) -> dict[str, list[ParticlePixels]]:
    """Check the maps of several lines of the same particles; every line gets the same pixels."""
    if not counts:
        raise ValueError("`counts` names no line: give at least one")
    thicknesses = _as_list("thickness_nm", thickness_nm)
    maps = {line: _as_list("counts", value) for line, value in counts.items()}
    number = len(thicknesses)
    for values in maps.values():
        if len(values) != number:
            raise ValueError(f"`counts` holds {len(values)} particles, `thickness_nm` {number}: give pairs")
    densities = per_particle("density_nm3", density_nm3, number)
    electrons = per_particle("electrons_per_pixel", electrons_per_pixel, number)
    biases = per_particle("thickness_bias_nm", thickness_bias_nm, number, signed=True)
    for name, values in (("density_nm3", densities), ("electrons_per_pixel", electrons)):
        if not (values > 0).all():
            raise ValueError(f"`{name}` must be positive, got {values.tolist()}")
    result: dict[str, list[ParticlePixels]] = {line: [] for line in maps}
    for i, thick in enumerate(thicknesses):
        common = None
        for line, values in maps.items():
            _check_pair(i, values[i], thick)
            if common is None:
                common = _pixels(i, thick, densities[i], electrons[i], biases[i], edge_pixels)
            found = values[i][common.mask]
            if found.sum() <= 0:
                raise ValueError(_none_left(i, edge_pixels, common.rows.size))
            result[line].append(replace(common, counts=found))
    return result


def _check_pair(i: int, count: np.ndarray, thick: np.ndarray) -> None:
    if count.shape != thick.shape:
        raise ValueError(f"particle {i}: `counts` is {count.shape}, `thickness_nm` is {thick.shape}")
    if not (np.isfinite(count).all() and np.isfinite(thick).all()) or (thick < 0).any():
        raise ValueError(f"particle {i}: counts and thickness must be finite, thickness not negative")


def _pixels(
    i: int, thick: np.ndarray, density: float, electrons: float, bias: float, edge_pixels: float
) -> ParticlePixels:
    """Pixels of one particle, without counts yet."""
    mask = (depth_inside(thick > 0) > edge_pixels) & (thick > 0)
    if np.count_nonzero(mask) < 4:
        raise ValueError(_none_left(i, edge_pixels, int(np.count_nonzero(mask))))
    rows, columns = np.nonzero(mask)
    corrected = np.maximum(thick[mask] - bias, _LEAST_SHARE * thick[mask])
    return ParticlePixels(
        counts=np.zeros(rows.size),
        thickness_nm=corrected,
        per_barn=corrected * density * electrons * 1e-10,
        rows=rows,
        columns=columns,
        mask=mask,
        density_nm3=float(density),
    )


def _none_left(i: int, edge_pixels: float, pixels: int) -> str:
    return (
        f"particle {i}: no counts {edge_pixels} pixels inside the silhouette "
        f"({pixels} pixels); lower `edge_pixels`"
    )


def _as_list(name: str, value) -> list[np.ndarray]:
    maps = [value] if isinstance(value, np.ndarray) and value.ndim == 2 else list(value)
    arrays = [np.asarray(m, dtype=np.float64) for m in maps]
    if not arrays or any(a.ndim != 2 for a in arrays):
        raise ValueError(f"`{name}` must be maps (y, x), got shapes {[a.shape for a in arrays]}")
    return arrays


def per_particle(
    name: str, value: float | Sequence[float], count: int, *, finite: bool = True, signed: bool = False
) -> np.ndarray:
    """Return one value per particle, from one for all or one for each, or raise a `ValueError`."""
    array = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if array.size not in (1, count):
        raise ValueError(f"`{name}` must be one number or {count}, got {array.size}")
    negative = not signed and bool((array < 0).any())
    if np.isnan(array).any() or negative or (finite and not np.isfinite(array).all()):
        rule = "finite" if signed else "finite and not negative"
        raise ValueError(f"`{name}` must be numbers, {rule}, got {array.tolist()}")
    return np.broadcast_to(array, (count,))
