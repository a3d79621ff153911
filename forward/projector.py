"""The parallel-beam projector of a volume whose tilt axis is x, and its exact transpose."""

import itertools
from collections.abc import Sequence

import numpy as np

from .strip_tiles import StripTiles, bytes_per_tilt, strip_tiles
from .tile_kernels import back_project, project


class Projector:
    """Strip-model projector: exact overlap of square pixels with detector bins.

    All slices along the tilt axis x share one (tilt, bin) × (z, y) matrix, applied to contiguous
    rows of x. A point (y, z) lands at ``v = y cos α + z sin α``; the beam travels along −z at 0°.

    Parameters
    ----------
    shape : tuple of int
        Voxels of the volume along (z, y); any number along x is accepted.
    angles_deg : sequence of float
        Tilt angles in degrees, in any order; one is enough.
    spacing_nm : float
        Edge of a voxel, nm.
    bins : int, optional
        Detector bins, centred on the axis; as many as voxels along y when omitted.
    bin_nm : float, optional
        Width of a bin, nm; that of a voxel when omitted.
    offsets_nm : sequence of float, length tilt, optional
        Where the tilt axis lands in each projection, nm from the middle of the bins; 0 when
        omitted.
    weights_gib : float
        Memory for stored weights at most, GiB. A geometry that needs more (the default holds 512² pixels
        and 600 tilts) has its weights computed anew at every projection, for some tilts at a time: about
        twice the time at 1024 voxels along x, and more for fewer.

    Raises
    ------
    ValueError
        When a parameter is out of range, or an array given later does not fit.

    Notes
    -----
    The areal density in a bin is the mean over the bin of the line integrals through it::

        P[t, k, x] = spacing² / bin Σ_(z, y) w[t, k; z, y] · density[z, y, x]

    with w the share of the shadow of pixel (z, y) that falls into the bin (`strip.strip_matrix`). The
    shares of a pixel sum to one while it lies inside the field of view: mass is kept to rounding.
    What leaves the field of view is dropped. `forward` and `adjoint` use the same float32 weights,
    so they are each other's transpose up to the rounding of their sums, and give the same bits on
    any number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> p = Projector(shape=(8, 8), angles_deg=[-30.0, 0.0, 30.0], spacing_nm=5.0)
    >>> cube = np.zeros((8, 8, 4), np.float32)
    >>> cube[3:5, 3:5] = 2.0
    >>> p.forward(cube)[1, 3:5, 0]  # two voxels of 5 nm at 2 atoms nm⁻³
    array([20., 20.], dtype=float32)
    """

    def __init__(
        self,
        *,
        shape: tuple[int, int],
        angles_deg: Sequence[float] | np.ndarray,
        spacing_nm: float,
        bins: int | None = None,
        bin_nm: float | None = None,
        offsets_nm: Sequence[float] | np.ndarray | None = None,
        weights_gib: float = 4.0,
    ) -> None:
        nz, ny = _counts("shape", shape, 2)
        self.shape: tuple[int, int] = (nz, ny)
        (self.bins,) = _counts("bins", (ny if bins is None else bins,), 1)
        self.spacing_nm = _positive("spacing_nm", spacing_nm)
        self.bin_nm = _positive("bin_nm", self.spacing_nm if bin_nm is None else bin_nm)
        self.angles_deg = _angles(angles_deg)
        self.offsets_nm = _offsets(offsets_nm, self.angles_deg.size)
        width = self.bin_nm / self.spacing_nm
        if not weights_gib > 0:
            raise ValueError(f"`weights_gib` must be a positive number of GiB, got {weights_gib}")
        self._chunks = _tilt_chunks(bytes_per_tilt(self.shape, self.angles_deg, width), weights_gib * 2**30)
        self._stored = self._weights(self._chunks[0]) if len(self._chunks) == 1 else None
        self._scale = np.float32(self.spacing_nm / width)
        self._norm: float | None = None

    def __repr__(self) -> str:
        angles = self.angles_deg
        span = f"{angles.size} tilts from {angles[0]:g}° to {angles[-1]:g}°"
        return f"Projector(shape={self.shape}, {span}, spacing_nm={self.spacing_nm:g}, bins={self.bins})"

    @property
    def series_shape(self) -> tuple[int, int]:
        """Tilts and bins of a projected series, without x."""
        return self.angles_deg.size, self.bins

    def _weights(self, chunk: slice) -> StripTiles:
        """Compute the weights of some tilts."""
        return strip_tiles(
            self.shape,
            self.angles_deg[chunk],
            bins=self.bins,
            bin_width=self.bin_nm / self.spacing_nm,
            offsets=self.offsets_nm[chunk] / self.spacing_nm,
        )

    def _factors(self, gains: Sequence[float] | np.ndarray | None) -> np.ndarray:
        """Factor of each tilt, nm: the scale of the weights times the gain."""
        if gains is None:
            return np.full(self.angles_deg.size, self._scale)
        found = np.asarray(gains, dtype=np.float64)
        if found.shape != self.angles_deg.shape or not np.isfinite(found).all():
            raise ValueError(
                f"`gains` must hold one finite number per tilt ({self.angles_deg.size}), got {gains}"
            )
        return (found * self._scale).astype(np.float32)

    def forward(
        self,
        volume: np.ndarray,
        out: np.ndarray | None = None,
        gains: Sequence[float] | np.ndarray | None = None,
    ) -> np.ndarray:
        """Project a volume.

        Parameters
        ----------
        volume : ndarray, shape (z, y, x)
            Densities, atoms nm⁻³; converted to contiguous float32 when it is not.
        out : ndarray of float32, shape (tilt, bin, x), optional
            Overwritten when given; C-contiguous.
        gains : sequence of float, length tilt, optional
            Factor of each projection; 1 when omitted.

        Returns
        -------
        ndarray of float32, shape (tilt, bin, x)
            Areal densities, atoms nm⁻².
        """
        volume = _as_rows("volume", volume, self.shape, "(z, y, x)")
        nx = volume.shape[2]
        factors = self._factors(gains)
        out = _output(out, (*self.series_shape, nx))
        for chunk in self._chunks:
            project(self._stored or self._weights(chunk), volume, factors[chunk], out[chunk])
        return out

    def adjoint(
        self,
        series: np.ndarray,
        out: np.ndarray | None = None,
        gains: Sequence[float] | np.ndarray | None = None,
    ) -> np.ndarray:
        """Apply the transpose of `forward`: back project.

        Parameters
        ----------
        series : ndarray, shape (tilt, bin, x)
            Converted to contiguous float32 when it is not.
        out : ndarray of float32, shape (z, y, x), optional
            Overwritten when given; C-contiguous.
        gains : sequence of float, length tilt, optional
            Factor of each projection, as in `forward`; 1 when omitted.

        Returns
        -------
        ndarray of float32, shape (z, y, x)
        """
        series = _as_rows("series", series, self.series_shape, "(tilt, y, x)")
        nx = series.shape[2]
        factors = self._factors(gains)
        out = _output(out, (*self.shape, nx))
        for chunk in self._chunks:
            weights = self._stored or self._weights(chunk)
            back_project(weights, series[chunk], factors[chunk], out, accumulate=chunk.start > 0)
        return out

    def row_sums(self) -> np.ndarray:
        """Path length of each ray through the volume's box: `forward` of ones; (tilt, bin) in nm, float32."""
        return self.forward(np.ones((*self.shape, 1), np.float32))[:, :, 0]

    def column_sums(self) -> np.ndarray:
        """Weight of each pixel over all rays: `adjoint` of ones; (z, y) in nm, float32."""
        return self.adjoint(np.ones((*self.series_shape, 1), np.float32))[:, :, 0]

    def norm(self) -> float:
        """Return the largest singular value, in nm, by the power method (to about 1e-6)."""
        if self._norm is None:
            square = 0.0
            vector = np.ones((*self.shape, 1), np.float32)
            previous = 0.0
            for _ in range(200):
                vector = self.adjoint(self.forward(vector))
                square = float(np.linalg.norm(vector.astype(np.float64)))
                if square == 0.0:
                    return 0.0
                vector /= np.float32(square)
                if abs(square - previous) <= 1e-7 * square:
                    break
                previous = square
            self._norm = float(np.sqrt(square))
        return self._norm


def _tilt_chunks(bytes_of_tilts: np.ndarray, most: float) -> list[slice]:
    """Consecutive tilts whose weights fit in `most` bytes together; one at a time where none fits."""
    edges, held = [0], 0.0
    for tilt, size in enumerate(bytes_of_tilts):
        if tilt > edges[-1] and held + size > most:
            edges.append(tilt)
            held = 0.0
        held += size
    return [slice(a, b) for a, b in itertools.pairwise([*edges, bytes_of_tilts.size])]


def _counts(name: str, values: Sequence[int], length: int) -> tuple[int, ...]:
    found = tuple(values)
    if len(found) != length or not all(isinstance(n, int | np.integer) and n >= 1 for n in found):
        raise ValueError(f"`{name}` must hold {length} positive whole number(s) of voxels, got {found}")
    return tuple(int(n) for n in found)


def _positive(name: str, value: float) -> float:
    value = float(value)
    if not (value > 0.0 and np.isfinite(value)):
        raise ValueError(f"`{name}` must be a positive number of nm, got {value}")
    return value


def _angles(angles_deg: Sequence[float] | np.ndarray) -> np.ndarray:
    angles = np.array(angles_deg, dtype=np.float64, ndmin=1)
    if angles.ndim != 1 or angles.size == 0:
        raise ValueError(f"`angles_deg` must be a list of at least one angle, got shape {angles.shape}")
    if not np.isfinite(angles).all():
        index = int(np.flatnonzero(~np.isfinite(angles))[0])
        raise ValueError(f"`angles_deg` must be finite: {angles[index]} at index {index}")
    return angles


def _offsets(offsets_nm: Sequence[float] | np.ndarray | None, count: int) -> np.ndarray:
    offsets = np.zeros(count) if offsets_nm is None else np.array(offsets_nm, dtype=np.float64, ndmin=1)
    if offsets.shape != (count,) or not np.isfinite(offsets).all():
        raise ValueError(f"`offsets_nm` must hold one finite shift per tilt ({count}), got {offsets_nm}")
    return offsets


def _as_rows(name: str, array: np.ndarray, leading: tuple[int, int], axes: str) -> np.ndarray:
    array = np.ascontiguousarray(array, dtype=np.float32)
    if array.ndim != 3 or array.shape[:2] != leading:
        raise ValueError(
            f"`{name}` must have axes {axes} and shape ({leading[0]}, {leading[1]}, x), got {array.shape}"
        )
    return array


def _output(out: np.ndarray | None, shape: tuple[int, int, int]) -> np.ndarray:
    if out is None:
        return np.empty(shape, np.float32)
    if out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise ValueError(f"`out` must be contiguous float32 of shape {shape}, got {out.dtype} {out.shape}")
    return out
