"""The inverse problem that a solver gets: operator, data, noise model, constraints; never the truth."""

import importlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..forward import Projector
from .data_terms.data_term import DataTerm
from .regularisers.regulariser import Regulariser

REGULARISERS = {
    "tv": ("tv", "TV"),
    "tv2": ("tv2", "TV2"),
    "tv_tv2": ("tv_tv2", "TVTV2"),
    "tgv2": ("tgv2", "TGV2"),
}
DATA_TERMS = {
    "least_squares": ("least_squares", "LeastSquares"),
    "kullback_leibler": ("kullback_leibler", "KullbackLeibler"),
}
# Stands for "fill in the default": the fields hold arrays once `__post_init__` has run.
_OMITTED: Any = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Minimise ``D(g·P x + r) + λ R(x)`` over volumes with ``lower ≤ x ≤ upper``.

    Parameters
    ----------
    data : ndarray of float32, shape (tilt, y, x) or (channel, tilt, y, x)
        Areal densities b, atoms nm⁻² (or any unit × nm). Several channels are reconstructed together:
        R then joins them at every voxel, so that they share edges.
    angles_deg : ndarray of float64, shape (tilt,)
        Tilt angles, degrees.
    spacing_nm : float
        Edge of a voxel and of a detector pixel, nm.
    weights : ndarray of float32, shape of the data, optional
        Ones when omitted; zero leaves a pixel out. For least squares the inverse variances w of the
        data, for Kullback–Leibler the counts k per unit of the data.
    gains : ndarray of float64, shape (tilt,) or (channel, tilt), optional
        Detector gain g of each projection relative to the calibration; ones when omitted.
    background : ndarray of float32, broadcastable to the data, optional
        Known background r, in units of the data; none when omitted.
    data_term : {"least_squares", "kullback_leibler"}
        D: ``½ Σ w (y − b)²`` of Gaussian noise or ``Σ k (y − b + b log(b / y))`` of Poisson counts.
    regulariser : {"tv", "tv2", "tv_tv2", "tgv2"}
        R: total variation, the Frobenius norm of the Hessian, both, or total generalised variation of
        second order; differences per voxel.
    lam : float
        λ ≥ 0.
    lower, upper : float
        Bounds of every voxel; 0 and none when omitted.
    second_order_share : float
        β in (0, 1) of "tv_tv2": R = (1 − β) TV + β TV².
    tgv_ratio : float
        α of "tgv2": R = min_v Σ |∇x − v| + α |E v|, with v a gradient per voxel.
    channel_weights : ndarray of float64, shape (channel,), optional
        γ: R sees γ_c x_c; ones when omitted.
    depth : int, optional
        Voxels along the beam, z; as many as detector pixels along y when omitted.
    projector : Projector, optional
        Made from the other fields when omitted; shared by problems of one geometry to save time.

    Raises
    ------
    ValueError
        When shapes disagree, values are not finite, or a parameter is out of range.
    """

    data: np.ndarray
    angles_deg: np.ndarray
    spacing_nm: float
    weights: np.ndarray = _OMITTED
    gains: np.ndarray = _OMITTED
    background: np.ndarray | None = None
    data_term: str = "least_squares"
    regulariser: str = "tv"
    lam: float = 0.0
    lower: float = 0.0
    upper: float = np.inf
    second_order_share: float = 0.5
    tgv_ratio: float = 2.0
    channel_weights: np.ndarray = _OMITTED
    depth: int | None = None
    projector: Projector = field(default=_OMITTED, repr=False)

    def __post_init__(self) -> None:
        data = np.ascontiguousarray(self.data, np.float32)
        if data.ndim not in (3, 4) or 0 in data.shape:
            raise ValueError(
                "`data` must have axes (tilt, y, x) or (channel, tilt, y, x), none of them empty; "
                f"got shape {data.shape}"
            )
        angles = np.array(self.angles_deg, np.float64, ndmin=1)
        if angles.shape != data.shape[-3:-2]:
            raise ValueError(
                f"`angles_deg` must hold one angle per projection: "
                f"{angles.size} angles for {data.shape[-3]} projections"
            )
        self._check_choices()
        weights = (
            np.ones_like(data) if self.weights is None else np.ascontiguousarray(self.weights, np.float32)
        )
        if weights.shape != data.shape:
            raise ValueError(f"`weights` must have the shape of the data {data.shape}, got {weights.shape}")
        for name, array in (("data", data), ("weights", weights)):
            _check_finite(name, array)
        if (weights < 0).any() or not weights.any():
            raise ValueError("`weights` must be >= 0 and not all zero")
        for name, value in (("data", data), ("angles_deg", angles), ("weights", weights)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "gains", self._checked_gains())
        object.__setattr__(self, "background", self._checked_background())
        object.__setattr__(self, "channel_weights", self._checked_channel_weights())
        if self.projector is None:
            projector = Projector(
                shape=self.grid[:2], bins=data.shape[-2], angles_deg=angles, spacing_nm=self.spacing_nm
            )
            object.__setattr__(self, "projector", projector)
        else:
            self._check_projector(self.projector)
        if self.data_term == "kullback_leibler":
            self._check_counts()

    def _check_choices(self) -> None:
        for name, table in (("regulariser", REGULARISERS), ("data_term", DATA_TERMS)):
            if getattr(self, name) not in table:
                raise ValueError(f"`{name}` must be one of {', '.join(table)}, got {getattr(self, name)!r}")
        if not (self.lam >= 0 and np.isfinite(self.lam)):
            raise ValueError(f"`lam` must be a finite number >= 0, got {self.lam}")
        if not (np.isfinite(self.lower) and self.lower < self.upper):
            raise ValueError(f"`lower` must be finite and below `upper`, got {self.lower} and {self.upper}")
        if not 0.0 < self.second_order_share < 1.0:
            raise ValueError(
                f"`second_order_share` must lie between 0 and 1, got {self.second_order_share}; "
                'at its ends use regulariser="tv" or "tv2"'
            )
        if not (self.tgv_ratio > 0 and np.isfinite(self.tgv_ratio)):
            raise ValueError(f"`tgv_ratio` must be a positive number, got {self.tgv_ratio}")
        if self.data_term == "kullback_leibler" and self.lower < 0:
            raise ValueError(
                f"`lower` must be >= 0 with counts (kullback_leibler), got {self.lower}: "
                "an expected count cannot be negative"
            )

    def _checked_gains(self) -> np.ndarray:
        tilts = self.data.shape[-3]
        gains = np.ones(tilts) if self.gains is None else np.array(self.gains, np.float64)
        allowed = {(tilts,), self.data.shape[:-2]}
        if gains.shape not in allowed or not (np.isfinite(gains).all() and (gains >= 0).all()):
            raise ValueError(f"`gains` must hold {tilts} finite numbers >= 0, one per projection")
        return gains

    def _checked_background(self) -> np.ndarray | None:
        if self.background is None:
            return None
        try:
            background = np.broadcast_to(np.asarray(self.background, np.float32), self.data.shape)
        except ValueError:
            raise ValueError(
                f"`background` must fit the data {self.data.shape}, got {np.shape(self.background)}"
            ) from None
        background = np.ascontiguousarray(background)
        _check_finite("background", background)
        if self.data_term == "kullback_leibler" and (background < 0).any():
            raise ValueError("`background` must be >= 0: it is an expected count")
        return background

    def _checked_channel_weights(self) -> np.ndarray | None:
        if self.channels is None:
            if self.channel_weights is not None:
                raise ValueError("`channel_weights` go with data of several channels; leave them out")
            return None
        count = self.channels
        values = np.ones(count) if self.channel_weights is None else np.array(self.channel_weights, float)
        if values.shape != (count,) or not (np.isfinite(values).all() and (values > 0).all()):
            raise ValueError(f"`channel_weights` must hold {count} positive numbers, got {values}")
        return values

    def _check_counts(self) -> None:
        seen = self.weights > 0
        if (self.data[seen] < 0).any():
            raise ValueError(
                "`data` must be >= 0 with counts (kullback_leibler); net counts with a variance go with "
                'data_term="least_squares"'
            )
        path = self.projector.row_sums()[:, :, None] * self.column_gain
        dark = seen & (self.data > 0) & (path <= 0)
        if self.background is not None:
            dark &= self.background <= 0
        if dark.any():
            raise ValueError(
                "`data` hold counts where neither the volume nor the background can give any: "
                f"{int(dark.sum())} pixels; give them weight 0 or a background"
            )

    def _check_projector(self, projector: Projector) -> None:
        asked = (self.grid[:2], self.data.shape[-2])
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
    def channels(self) -> int | None:
        """Number of channels, None for data without that axis."""
        return self.data.shape[0] if self.data.ndim == 4 else None

    @property
    def grid(self) -> tuple[int, int, int]:
        """Voxels along (z, y, x)."""
        ny, nx = self.data.shape[-2:]
        return self.depth or ny, ny, nx

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape (z, y, x) or (channel, z, y, x) of the volume."""
        return (*self.data.shape[:-3], *self.grid)

    @property
    def field_shape(self) -> tuple[int, ...]:
        """Shape ([channel,] component, z, y, x) of the regulariser's dual."""
        return (*self.data.shape[:-3], self.penalty.components, *self.grid)

    @property
    def auxiliary_shape(self) -> tuple[int, ...] | None:
        """Shape ([channel,] component, z, y, x) of the regulariser's own volume, None where it has none."""
        count = self.penalty.auxiliary
        return (*self.data.shape[:-3], count, *self.grid) if count else None

    @cached_property
    def penalty(self) -> Regulariser:
        """The regulariser as an object with kernels."""
        module, name = REGULARISERS[self.regulariser]
        options: dict[str, Any] = {}
        if self.channels is not None:
            options = {"channels": self.channels, "channel_weights": self.channel_weights}
        if self.regulariser == "tv_tv2":
            options["second_order_share"] = self.second_order_share
        if self.regulariser == "tgv2":
            options["ratio"] = self.tgv_ratio
        return getattr(importlib.import_module(f"{__package__}.regularisers.{module}"), name)(**options)

    @cached_property
    def fidelity(self) -> DataTerm:
        """The data term as an object with kernels."""
        module, name = DATA_TERMS[self.data_term]
        kind = getattr(importlib.import_module(f"{__package__}.data_terms.{module}"), name)
        return kind(self.data, self.weights, self.background)

    @cached_property
    def column_gain(self) -> np.ndarray:
        """Gains as float32, shape (tilt, 1, 1) or (channel, tilt, 1, 1)."""
        return self.gains.astype(np.float32)[..., None, None]

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
        """Apply ``g·P``: volume ([channel,] z, y, x) to series ([channel,] tilt, y, x)."""
        if self.channels is None:
            return self.projector.forward(volume, out, self.gains)
        # As wide as the volume: parts of a problem along x are projected as well.
        series = np.empty((*self.data.shape[:-1], volume.shape[-1]), np.float32) if out is None else out
        for channel, gains in enumerate(self._channel_gains):
            self.projector.forward(volume[channel], series[channel], gains)
        return series

    def adjoint(self, series: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Apply the transpose of `forward`."""
        if self.channels is None:
            return self.projector.adjoint(series, out, self.gains)
        volume = np.empty((*self.shape[:-1], series.shape[-1]), np.float32) if out is None else out
        for channel, gains in enumerate(self._channel_gains):
            self.projector.adjoint(series[channel], volume[channel], gains)
        return volume

    @property
    def _channel_gains(self) -> np.ndarray:
        return np.broadcast_to(self.gains, self.data.shape[:2])

    def regulariser_value(self, volume: np.ndarray, auxiliary: np.ndarray | None = None) -> float:
        """R of a volume, in voxel units; with `auxiliary`, the upper bound that it gives."""
        return float(self.penalty.value(np.ascontiguousarray(volume, np.float32), auxiliary))

    def misfit(self, projected: np.ndarray) -> float:
        """Twice D: χ² when the weights are inverse variances, or the deviance of counts."""
        return self.fidelity.misfit(projected)

    def objective(
        self,
        volume: np.ndarray,
        projected: np.ndarray | None = None,
        auxiliary: np.ndarray | None = None,
    ) -> float:
        """``D(g·P x + r) + λ R(x)`` of a volume; its projection may be given."""
        if projected is None:
            projected = self.forward(volume)
        value = self.fidelity.value(projected)
        return value + self.lam * self.regulariser_value(volume, auxiliary) if self.lam > 0 else value


def _check_finite(name: str, array: np.ndarray) -> None:
    if not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        axes = "(channel, tilt, y, x)" if array.ndim == 4 else "(tilt, y, x)"
        raise ValueError(
            f"`{name}` must be finite: {array[index]} at {axes} = {index}; "
            "mask such pixels with weight 0 and data 0"
        )
