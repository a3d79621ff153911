"""The metric of the spectral steps: bounds of the operators that cosine transforms invert.

Back projection of a projection is nearly a convolution, and so are differences but for the faces of the
volume: in the basis of the type-II cosine transform both are close to diagonal matrices.
"""

import weakref

import numba
import numpy as np
from numba import njit, prange
from scipy import fft

from ..forward import Projector
from .problem import Problem

# Waves a side whose projections are computed; between them the spectrum is interpolated.
_SAMPLES = 24
# The spectrum of few tilts is a star with gaps; the metric need not follow it into them.
_FLOOR = 0.5
_POWER_STEPS = 40
# The power method comes from below, and second differences reach a little beyond L² at the faces.
_MARGIN = 1.05

_CACHE: "weakref.WeakKeyDictionary[Projector, dict[bytes, np.ndarray]]" = weakref.WeakKeyDictionary()


class SpectralMetric:
    """M = σ_d (g·P)ᵀ g·P + σ_p Σ_b K_bᵀK_b / rows_b + σ_s, bounded from above, and its inverse.

    Parameters
    ----------
    problem : Problem
        With a regulariser that has a `stiffness`.
    data, field, sign : float
        Steps σ_d, σ_p and σ_s of the duals of data, regulariser and constraint.

    Notes
    -----
    With L = ∇ᵀ∇ between insulated faces, the blocks of K obey ``Σ_b K_bᵀK_b / rows_b ⪯ a₁ L + a₂ L²``: an
    equality for TV, while TV² lacks the second differences across the faces, which L² has.
    """

    def __init__(self, problem: Problem, *, data: float, field: float, sign: float) -> None:
        if problem.penalty.stiffness is None:
            raise ValueError(f"regulariser {problem.regulariser!r} has no spectral steps; use diagonal ones")
        first, second = problem.penalty.stiffness
        count = problem.channels or 1
        spectra = np.stack([_MARGIN * data * spectrum + sign for spectrum in projection_spectra(problem)])
        joint = np.ones(count) if problem.channel_weights is None else problem.channel_weights**2
        self._plane = np.ascontiguousarray(spectra, np.float32)
        self._first = (_MARGIN * field * first * joint).astype(np.float32)
        self._second = (_MARGIN * field * second * joint).astype(np.float32)
        self._waves = [_laplacian(n).astype(np.float32) for n in problem.grid]

    def solve(self, volume: np.ndarray) -> np.ndarray:
        """Return M⁻¹ of a volume of float32, which is overwritten."""
        options = {"axes": (-3, -2, -1), "norm": "ortho", "overwrite_x": True}
        options["workers"] = numba.get_num_threads()
        waves = np.asarray(fft.dctn(volume, **options))
        divide(waves.reshape(-1, *waves.shape[-3:]), self._plane, self._first, self._second, *self._waves)
        return np.asarray(fft.idctn(waves, **options))


def projection_spectra(problem: Problem) -> list[np.ndarray]:
    """For each channel C over the (z, y) plane with Fᵀ C F ⪰ (g·P)ᵀ g·P, F the cosine transform.

    Parameters
    ----------
    problem : Problem
        Its projector and gains; computed once for each pair and kept as long as the projector lives.

    Returns
    -------
    list of ndarray of float64, shape (z, y)
        Positive.

    Notes
    -----
    C is the diagonal of F (g·P)ᵀ g·P Fᵀ at a lattice of waves, interpolated, plus half its mean, times the
    factor that makes it a bound: the largest eigenvalue of C^{-½} F (g·P)ᵀ g·P Fᵀ C^{-½}, by the power
    method on eight vectors at once.
    """
    kept = _CACHE.setdefault(problem.projector, {})
    spectra = []
    for gains in np.broadcast_to(problem.gains, (problem.channels or 1, problem.angles_deg.size)):
        key = gains.tobytes()
        if key not in kept:
            kept[key] = _bounding(problem.projector, gains, _diagonal(problem.projector, gains))
        spectra.append(kept[key])
    return spectra


def _diagonal(projector: Projector, gains: np.ndarray) -> np.ndarray:
    """Squared norm of the projection of each cosine wave, float64 (z, y)."""
    nz, ny = projector.shape
    at_z, at_y = _lattice(nz), _lattice(ny)
    values = np.empty((at_z.size, at_y.size))
    along_z, along_y = _cosines(nz, at_z), _cosines(ny, at_y)
    for row in range(at_z.size):
        waves = along_z[row][:, None, None] * along_y.T[None, :, :]
        seen = projector.forward(waves.astype(np.float32), gains=gains)
        values[row] = np.einsum("tvk,tvk->k", seen, seen, dtype=np.float64)
    over_y = np.stack([np.interp(np.arange(ny), at_y, row) for row in values])
    return np.stack([np.interp(np.arange(nz), at_z, column) for column in over_y.T], axis=1)


def _bounding(projector: Projector, gains: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """Diagonal plus floor, times the factor that makes it a bound."""
    nz, ny = projector.shape
    spectrum = diagonal + _FLOOR * max(float(diagonal.mean()), 1e-30)
    root = (1.0 / np.sqrt(spectrum))[:, :, None].astype(np.float32)
    # A fixed start of all frequencies: the same bits in every run.
    vectors = np.random.default_rng(0).standard_normal((nz, ny, 8)).astype(np.float32)
    largest = 0.0
    for _ in range(_POWER_STEPS):
        vectors /= np.maximum(np.sqrt(np.sum(vectors**2, axis=(0, 1), keepdims=True)), 1e-30)
        image = np.asarray(fft.idctn(vectors * root, axes=(0, 1), norm="ortho"))
        seen = projector.adjoint(projector.forward(image, gains=gains), gains=gains)
        vectors = np.asarray(fft.dctn(seen, axes=(0, 1), norm="ortho")) * root
        largest = max(largest, float(np.sqrt(np.sum(vectors.astype(np.float64) ** 2, axis=(0, 1))).max()))
    return _MARGIN * max(largest, 1e-30) * spectrum


def _lattice(count: int) -> np.ndarray:
    """Wave numbers at which the diagonal is sampled: all of the slow ones, fewer of the fast ones."""
    if count <= _SAMPLES:
        return np.arange(count)
    return np.unique(np.rint(np.linspace(0, np.sqrt(count - 1), _SAMPLES) ** 2).astype(int))


def _cosines(count: int, numbers: np.ndarray) -> np.ndarray:
    """Orthonormal cosine waves, float64 (wave, position)."""
    place = np.pi * (np.arange(count) + 0.5) / count
    waves = np.cos(numbers[:, None] * place[None, :]) * np.sqrt(2.0 / count)
    waves[numbers == 0] = np.sqrt(1.0 / count)
    return waves


def _laplacian(count: int) -> np.ndarray:
    """Eigenvalues of the second difference between insulated ends."""
    return 2.0 - 2.0 * np.cos(np.pi * np.arange(count) / count)


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def divide(waves, plane, first, second, along_z, along_y, along_x):
    """``waves ← waves / (plane + first L + second L²)`` for (channel, z, y, x), in place."""
    channels, nz, ny, nx = waves.shape
    for z in prange(nz):
        for c in range(channels):
            for y in range(ny):
                row, level = waves[c, z, y], along_z[z] + along_y[y]
                for x in range(nx):
                    stiff = level + along_x[x]
                    row[x] /= plane[c, z, y] + stiff * (first[c] + second[c] * stiff)
