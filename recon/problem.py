"""The inverse problem that a solver gets: operator, data, noise model, constraints; never the truth."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..forward import Projector

REGULARISERS = ("tv", "tv2")
# Stands for "fill in the default": the fields hold arrays once `__post_init__` has run.
_OMITTED: Any = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Minimise ``½ Σ w (g·P x − b)² + λ R(x)`` over volumes ``x ≥ 0``.

    Parameters
    ----------
    data : ndarray of float32, shape (tilt, y, x)
        Areal densities b, atoms nm⁻² (or any unit × nm).
    angles_deg : ndarray of float64, shape (tilt,)
        Tilt angles, degrees.
    spacing_nm : float
        Edge of a voxel and of a detector pixel, nm.
    weights : ndarray of float32, shape (tilt, y, x), optional
        Inverse variances w of the data; ones when omitted. Zero leaves a pixel out.
    gains : ndarray of float64, shape (tilt,), optional
        Detector gain g of each projection relative to the calibration; ones when omitted.
    regulariser : {"tv", "tv2"}
        R: total variation, or the Frobenius norm of the Hessian; differences per voxel.
    lam : float
        λ ≥ 0.
    depth : int, optional
        Voxels along the beam, z; as many as detector pixels along y when omitted.
    projector : Projector, optional
        Made from the other fields when omitted; shared by problems of one geometry to save time.

    Raises
    ------
    ValueError
        When shapes disagree, or data or weights are not finite.
    """

    data: np.ndarray
    angles_deg: np.ndarray
    spacing_nm: float
    weights: np.ndarray = _OMITTED
    gains: np.ndarray = _OMITTED
    regulariser: str = "tv"
    lam: float = 0.0
    depth: int | None = None
    projector: Projector = field(default=_OMITTED, repr=False)

    def __post_init__(self) -> None:
        data = np.ascontiguousarray(self.data, np.float32)
        if data.ndim != 3 or 0 in data.shape:
            raise ValueError(
                f"`data` must have axes (tilt, y, x), none of them empty; got shape {data.shape}"
            )
        angles = np.array(self.angles_deg, np.float64, ndmin=1)
        if angles.shape != data.shape[:1]:
            raise ValueError(
                f"`angles_deg` must hold one angle per projection: "
                f"{angles.size} angles for {data.shape[0]} projections"
            )
        if self.regulariser not in REGULARISERS:
            raise ValueError(
                f"`regulariser` must be one of {', '.join(REGULARISERS)}, got {self.regulariser!r}"
            )
        if not (self.lam >= 0 and np.isfinite(self.lam)):
            raise ValueError(f"`lam` must be a finite number >= 0, got {self.lam}")
        weights = (
            np.ones_like(data) if self.weights is None else np.ascontiguousarray(self.weights, np.float32)
        )
        gains = np.ones(angles.size) if self.gains is None else np.array(self.gains, np.float64)
        if weights.shape != data.shape:
            raise ValueError(f"`weights` must have the shape of the data {data.shape}, got {weights.shape}")
        if gains.shape != angles.shape or not (np.isfinite(gains).all() and (gains >= 0).all()):
            raise ValueError(f"`gains` must hold {angles.size} finite numbers >= 0, one per projection")
        for name, array in (("data", data), ("weights", weights)):
            if not np.isfinite(array).all():
                index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
                raise ValueError(
                    f"`{name}` must be finite: {array[index]} at (tilt, y, x) = {index}; "
                    "mask such pixels with weight 0 and data 0"
                )
        if (weights < 0).any() or not weights.any():
            raise ValueError("`weights` must be >= 0 and not all zero")
        for name, value in (("data", data), ("angles_deg", angles), ("weights", weights), ("gains", gains)):
            object.__setattr__(self, name, value)
        if self.projector is None:
            projector = Projector(
                shape=self.shape[:2], bins=data.shape[1], angles_deg=angles, spacing_nm=self.spacing_nm
            )
            object.__setattr__(self, "projector", projector)
        else:
            self._check_projector(self.projector)

    def _check_projector(self, projector: Projector) -> None:
        asked = (self.shape[:2], self.data.shape[1])
        if (projector.shape, projector.bins) != asked:
            raise ValueError(
                f"`projector` must map {asked[0]} voxels to {asked[1]} bins, "
                f"it maps {projector.shape} to {projector.bins}"
            )
        same = np.array_equal(projector.angles_deg, self.angles_deg)
        if not same or projector.spacing_nm != self.spacing_nm or projector.bin_nm != self.spacing_nm:
            raise ValueError(
                "`projector` must have the angles and the spacing of the problem; "
                "pass projector=None to have it built"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (z, y, x) of the volume."""
        _, ny, nx = self.data.shape
        return self.depth or ny, ny, nx

    @cached_property
    def column_gain(self) -> np.ndarray:
        """Gains as float32, shape (tilt, 1, 1)."""
        return self.gains.astype(np.float32)[:, None, None]

    @cached_property
    def density_scale(self) -> float:
        """Largest voxel of the mean density that the data give along the rays; > 0."""
        mean = self.adjoint(np.abs(self.data))
        path = self.projector.row_sums()[:, :, None] * self.column_gain
        mean /= np.maximum(self.adjoint(np.broadcast_to(path, self.data.shape)), 1e-12)
        return max(float(mean.max()), 1e-30)

    def with_lam(self, lam: float) -> "Problem":
        """Return the same problem with another λ; arrays and projector are shared."""
        return replace(self, lam=float(lam))

    def forward(self, volume: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Apply ``g·P``: volume (z, y, x) to series (tilt, y, x)."""
        series = self.projector.forward(volume, out)
        series *= self.column_gain
        return series

    def adjoint(self, series: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Apply the transpose of `forward`."""
        return self.projector.adjoint(series * self.column_gain, out)

    def regulariser_value(self, volume: np.ndarray) -> float:
        """R of a volume, in voxel units."""
        if self.regulariser == "tv":
            from .regularisers.gradient import total_variation

            return float(total_variation(np.ascontiguousarray(volume, np.float32)))
        from .regularisers.hessian import second_variation

        return float(second_variation(np.ascontiguousarray(volume, np.float32)))

    def misfit(self, projected: np.ndarray) -> float:
        """``Σ w (projected − b)²``: χ² when the weights are inverse variances."""
        residual = projected.astype(np.float64) - self.data
        return float(np.sum(self.weights * residual * residual))

    def objective(self, volume: np.ndarray, projected: np.ndarray | None = None) -> float:
        """``½ Σ w (g·P x − b)² + λ R(x)`` of a volume; its projection may be given."""
        if projected is None:
            projected = self.forward(volume)
        value = 0.5 * self.misfit(projected)
        return value + self.lam * self.regulariser_value(volume) if self.lam > 0 else value
