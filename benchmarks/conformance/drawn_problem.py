"""Tiny inverse problems that are small to write down, and strategies that draw those a solver takes."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .drawn_array import DrawnArray, arrays
from .reference_matrices import strip_matrix

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from ...recon import Problem
    from .reference_minimum import Minimum
    from .solver import Solver


# Rays that are shorter than this share of the longest see nothing: rounding decides whether they see any.
_GRAZING = 1e-3


@dataclass(frozen=True)
class DrawnProblem:
    """A `Problem` made from a body of a few voxels.

    Parameters
    ----------
    body : DrawnArray
        What is projected, (z, y, x) or (channel, z, y, x); detectors have as many pixels as voxels.
    angles_deg : tuple of float
        Tilt angles, degrees.
    noise : float
        Standard deviation of normal noise, as a share of the largest pixel (of one where all are zero).
    seed : int
        Of noise and weights.
    scale : float
        Factor of the data, background included.
    spacing_nm : float
        Edge of a voxel, nm.
    share : float
        λ over the size of the slope that the data have at an empty volume; zero is none.
    regulariser, data_term : str
        As for `Problem`.
    weighted : bool
        Weights between 0.2 and 2, one pixel in ten left out; otherwise ones.
    gains : tuple of float, optional
        One per tilt.
    background : float, optional
        The same in every pixel, before `scale`.
    lower, upper : float
        Bounds, before `scale`.
    second_order_share, tgv_ratio : float
        As for `Problem`.
    channel_weights : tuple of float, optional
        Of as many channels as the body has.

    Notes
    -----
    Projections are computed in float64 by `strip_matrix`, so noiseless data are those of the body to
    rounding. Counts have no negative pixels, and none where no ray meets a voxel.

    Examples
    --------
    >>> DrawnProblem(DrawnArray((2, 2, 1), ((0, 1.0),)), (0.0, 90.0)).problem().data[:, :, 0]
    array([[1., 0.],
           [1., 0.]], dtype=float32)
    """

    body: DrawnArray
    angles_deg: tuple[float, ...] = (0.0,)
    noise: float = 0.0
    seed: int = 0
    scale: float = 1.0
    spacing_nm: float = 1.0
    share: float = 0.1
    regulariser: str = "tv"
    data_term: str = "least_squares"
    weighted: bool = False
    gains: tuple[float, ...] | None = None
    background: float | None = None
    lower: float = 0.0
    upper: float = math.inf
    second_order_share: float = 0.5
    tgv_ratio: float = 2.0
    channel_weights: tuple[float, ...] | None = None

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape ([channel,] tilt, y, x) of the data."""
        return (*self.body.shape[:-3], len(self.angles_deg), *self.body.shape[-2:])

    def problem(self, **changes: Any) -> "Problem":
        """Make the problem; keywords replace fields of `Problem`."""
        from ...recon import Problem

        path, exact = self._projected()
        rng = np.random.default_rng(self.seed)
        size = float(exact.max()) or 1.0
        data = exact + (self.background or 0.0)
        data = data + self.noise * size * rng.standard_normal(self.data_shape)
        weights = rng.uniform(0.2, 2.0, self.data_shape) * (rng.random(self.data_shape) < 0.9)
        weights[(0,) * weights.ndim] = 1.0
        weights = weights if self.weighted else np.ones(self.data_shape)
        if self.data_term == "kullback_leibler":
            data = np.abs(data) * ((path > _GRAZING * path.max()) | bool(self.background))
        fields = {
            "data": self.scale * data,
            "angles_deg": np.array(self.angles_deg),
            "spacing_nm": self.spacing_nm,
            "weights": weights if self.weighted else None,
            "gains": None if self.gains is None else np.array(self.gains),
            "background": None
            if self.background is None
            else np.full(self.data_shape, self.scale * self.background),
            "data_term": self.data_term,
            "regulariser": self.regulariser,
            "lam": self._lam(path, data, weights),
            "lower": self.scale * self.lower,
            "upper": self.scale * self.upper,
            "second_order_share": self.second_order_share,
            "tgv_ratio": self.tgv_ratio,
            "channel_weights": None if self.channel_weights is None else np.array(self.channel_weights),
            "depth": self.body.shape[-3],
        }
        return Problem(**{**fields, **changes})

    def changed(self, **changes: Any) -> "DrawnProblem":
        """Return the same with other fields."""
        return replace(self, **changes)

    def _projected(self) -> tuple[np.ndarray, np.ndarray]:
        """Lengths of the rays times the gains, and the noiseless data, float64."""
        nz, ny, nx = self.body.shape[-3:]
        strips = strip_matrix(nz, ny, ny, self.angles_deg)
        body = self.body.array().reshape(-1, nz * ny, nx)
        gains = np.ones(len(self.angles_deg)) if self.gains is None else np.array(self.gains)
        factor = self.spacing_nm * np.repeat(gains, ny)[:, None]
        path = np.broadcast_to((factor * strips.sum(axis=1, keepdims=True)), (len(factor), nx))
        path = np.broadcast_to(path.reshape(self.data_shape[-3:]), self.data_shape)
        return path, (factor * (strips @ body)).reshape(self.data_shape)

    def _lam(self, path: np.ndarray, data: np.ndarray, weights: np.ndarray) -> float:
        # The size of D' at zero: w b for least squares, k for counts, over a few rays of one voxel's length.
        if self.data_term == "kullback_leibler":
            slope, power = weights, 0
        else:
            slope, power = weights * np.abs(data), 1
        size = float((slope * (path > 0)).max()) * self.spacing_nm
        return self.share * (size or self.spacing_nm) * self.scale**power


@lru_cache(maxsize=256)
def minimum_of(drawn: DrawnProblem) -> "Minimum":
    """Return `reference_minimum.minimum` of a problem; those asked for lately are kept."""
    from .reference_minimum import minimum

    return minimum(drawn.problem())


def problems(
    solver: "Solver",
    *,
    square: bool = False,
    plain: bool = False,
    empty_ends: bool = False,
    noiseless: bool = False,
    max_side: int = 4,
    **fixed: Any,
) -> "SearchStrategy[DrawnProblem]":
    """Hypothesis strategy of the problems that a solver takes, by what it claims.

    Parameters
    ----------
    solver : Solver
        Its regularisers, data terms and claims say what is drawn. Without "any_geometry" slices are
        square, and two or more tilts lie within ±70°, in increasing order.
    square : bool
        Whether slices are square in any case.
    plain : bool
        Whether weights, gains, background, channels and upper bounds are left out in any case.
    empty_ends : bool
        Whether the body has an empty slice at each end of the tilt axis.
    noiseless : bool
        Whether the data are those of the body exactly.
    max_side : int
        Most voxels along y and z.
    **fixed
        Fields of `DrawnProblem` that are not drawn.

    Notes
    -----
    Shrinks to one bright voxel seen at 0°.
    """
    from hypothesis import strategies as st

    honoured = frozenset() if plain else solver.claims
    anywhere = "any_geometry" in solver.claims

    @st.composite
    def drawn(draw: st.DrawFn) -> DrawnProblem:
        regulariser = draw(st.sampled_from(solver.regularisers))
        data_term = draw(st.sampled_from(solver.data_terms))
        # Its own unknowns are three times as many as voxels: the reference needs small matrices.
        most = min(max_side, 3) if regulariser == "tgv2" else max_side
        ny = draw(st.integers(1 if anywhere else 2, most))
        nz = ny if square or not anywhere else draw(st.integers(1, most))
        nx = draw(st.integers(1, 2 if regulariser == "tgv2" else 3))
        channels = draw(st.sampled_from([(), (2,)])) if "channels" in honoured else ()
        angles = draw(_angles(anywhere))
        fields: dict[str, Any] = {
            "body": draw(_body((*channels, nz, ny, nx), empty_ends)),
            "angles_deg": angles,
            "regulariser": regulariser,
            "data_term": data_term,
            "share": draw(st.sampled_from([0.1, 0.01, 0.5, 2.0])),
            "spacing_nm": draw(st.sampled_from([1.0, 2.0, 5.3])),
        }
        if not noiseless:
            fields["noise"] = draw(st.sampled_from([0.0, 0.1, 0.5]))
            fields["seed"] = draw(st.integers(0, 2**16))
        if "weights" in honoured:
            fields["weighted"] = draw(st.booleans())
        if "gains" in honoured and draw(st.booleans()):
            fields["gains"] = tuple(draw(st.sampled_from([1.0, 0.5, 0.8, 1.3])) for _ in angles)
        if "background" in honoured:
            fields["background"] = draw(st.sampled_from([None, 0.5]))
        if "bounds" in honoured:
            fields["upper"] = draw(st.sampled_from([math.inf, 1.5]))
        return DrawnProblem(**{**fields, **fixed})

    return drawn()


def _angles(anywhere: bool) -> "SearchStrategy[tuple[float, ...]]":
    from hypothesis import strategies as st

    if anywhere:
        angle = st.sampled_from([0.0, 30.0, -50.0, 90.0, 137.0]) | st.integers(-180, 180).map(float)
        return st.lists(angle, min_size=1, max_size=4).map(tuple)
    angle = st.integers(-70, 70).map(float)
    return st.lists(angle, min_size=2, max_size=4, unique=True).map(sorted).map(tuple)


def _body(shape: tuple[int, ...], empty_ends: bool) -> "SearchStrategy[DrawnArray]":
    # Values of about one: what the bounds and the background are relative to.
    def between(body: DrawnArray) -> DrawnArray:
        entries = tuple((index, min(abs(value), 3.0)) for index, value in body.entries)
        body = replace(body, entries=entries)
        if not empty_ends:
            return body
        wide = (*shape[:-1], shape[-1] + 2)
        inner = body.array()
        filled = np.zeros(wide)
        filled[..., 1:-1] = inner
        full = tuple((int(i), float(filled.flat[i])) for i in np.flatnonzero(filled))
        return DrawnArray(wide, full)

    return arrays(shape, floor=0.0).map(between)
