"""The parallel-beam projector of a volume whose tilt axis is x, and its exact transpose."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from .strip import gather_rows, strip_matrix


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

    Raises
    ------
    ValueError
        When a parameter is out of range, or an array given later does not fit.

    Notes
    -----
    The areal density in a bin is the mean over the bin of the line integrals through it::

        P[t, k, x] = spacing² / bin Σ_(z, y) w[t, k; z, y] · density[z, y, x]

    with w the share of pixel (z, y) whose shadow falls into the bin (`strip.strip_matrix`). The
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
    ) -> None:
        nz, ny = _counts("shape", shape, 2)
        self.shape: tuple[int, int] = (nz, ny)
        (self.bins,) = _counts("bins", (ny if bins is None else bins,), 1)
        self.spacing_nm = _positive("spacing_nm", spacing_nm)
        self.bin_nm = _positive("bin_nm", self.spacing_nm if bin_nm is None else bin_nm)
        self.angles_deg = _angles(angles_deg)
        self.offsets_nm = _offsets(offsets_nm, self.angles_deg.size)
        width = self.bin_nm / self.spacing_nm
        matrix = strip_matrix(
            self.shape,
            self.angles_deg,
            bins=self.bins,
            bin_width=width,
            offsets=self.offsets_nm / self.spacing_nm,
        )
        self._rays = _compressed(matrix)
        self._pixels = _compressed(matrix.T.tocsr())
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

    def forward(self, volume: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Project a volume.

        Parameters
        ----------
        volume : ndarray, shape (z, y, x)
            Densities, atoms nm⁻³; converted to contiguous float32 when it is not.
        out : ndarray of float32, shape (tilt, bin, x), optional
            Overwritten when given; C-contiguous.

        Returns
        -------
        ndarray of float32, shape (tilt, bin, x)
            Areal densities, atoms nm⁻².
        """
        volume = _as_rows("volume", volume, self.shape, "(z, y, x)")
        nx = volume.shape[2]
        out = _output(out, (*self.series_shape, nx))
        gather_rows(*self._rays, self._scale, volume.reshape(-1, nx), out.reshape(-1, nx))
        return out

    def adjoint(self, series: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Apply the transpose of `forward`: back project.

        Parameters
        ----------
        series : ndarray, shape (tilt, bin, x)
            Converted to contiguous float32 when it is not.
        out : ndarray of float32, shape (z, y, x), optional
            Overwritten when given; C-contiguous.

        Returns
        -------
        ndarray of float32, shape (z, y, x)
        """
        series = _as_rows("series", series, self.series_shape, "(tilt, y, x)")
        nx = series.shape[2]
        out = _output(out, (*self.shape, nx))
        gather_rows(*self._pixels, self._scale, series.reshape(-1, nx), out.reshape(-1, nx))
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


def _compressed(matrix: sparse.csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data


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
