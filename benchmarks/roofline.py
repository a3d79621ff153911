"""The least work of an operation, and how near to the machine's limits it is done.

The **roofline fraction** of an operation is ::

    (time at the limit) / (measured time)
    time at the limit = max(bytes / copy bandwidth, flops / axpy rate)

with the bandwidth and the rate that `machine_limits` finds in the same run on the same threads. Bytes and
flops are the least that the operation needs, whatever the code does: every array that it must read or
write once counts once per sweep (below), and every non-zero weight of an operator counts two flops (one
multiply–add) for each of its uses. Weights of the projector are left out of the bytes, as they can be
recomputed. What a code does beyond that lowers its fraction, as it should.

A volume has n³ voxels of 4 bytes and a series tilts · n² pixels of 4 bytes. One iteration of PDHG needs two
sweeps, because no voxel can move before every ray through it is complete:

- dual: read the extrapolated volume and the dual field of the regulariser, write the field; read the
  residual, the data and the weights, write the residual;
- primal: read the volume, the field and the residual, write the volume and its extrapolation.

That makes 4 + 3 c volumes and 5 series for a regulariser of c components (3 for TV, 6 for TV², 9 for both
together). The auxiliary field of TGV² moves like three volumes more, beside its 9 components; with several
channels everything counts once for each of them. A copy counts both what it reads and what it writes.
Caches may hold what one sweep leaves to the next, so the fraction of a small problem can exceed one; and
code that keeps more of its sums in registers than the axpy kernel can pass its rate by up to FMA rate /
axpy rate.
"""

from dataclasses import dataclass

import numpy as np

from ..forward.strip import strip_matrix

_FLOAT = 4
# A share of a pixel that a float32 sum of shares would not notice: no work.
_NOTHING = 1e-6
# Components of the dual field, and of the auxiliary volume.
COMPONENTS = {"tv": 3, "tv2": 6, "tv_tv2": 9, "tgv2": 9}
AUXILIARY = {"tgv2": 3}


@dataclass(frozen=True, kw_only=True)
class Work:
    """What an operation needs at the least.

    Parameters
    ----------
    flops : float
        Floating-point operations.
    bytes_moved : float
        Bytes read and written.
    working_set : int
        Bytes that it touches, which decides whose bandwidth (a cache's or the memory's) applies.

    Examples
    --------
    >>> work = Work(flops=2e9, bytes_moved=1e9, working_set=2**20)
    >>> work.seconds_at_limit(copy_bytes_s=2e10, axpy_flop_s=1e11), (work + 2 * work).flops
    (0.05, 6000000000.0)
    """

    flops: float
    bytes_moved: float
    working_set: int

    def __add__(self, other: "Work") -> "Work":
        return Work(
            flops=self.flops + other.flops,
            bytes_moved=self.bytes_moved + other.bytes_moved,
            working_set=max(self.working_set, other.working_set),
        )

    def __rmul__(self, times: float) -> "Work":
        return Work(
            flops=times * self.flops, bytes_moved=times * self.bytes_moved, working_set=self.working_set
        )

    def seconds_at_limit(self, *, copy_bytes_s: float, axpy_flop_s: float) -> float:
        """Time at the limit: the larger of moving the bytes and doing the flops."""
        return max(self.bytes_moved / copy_bytes_s, self.flops / axpy_flop_s)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Counts of one geometry, from which the work of every operation follows.

    Parameters
    ----------
    shape : tuple of int
        Volume (z, y, x).
    tilts : int
        Number of projections; each has y · x pixels.
    weights : int
        Non-zero weights of the projector's (tilt, bin) × (z, y) matrix.
    channels : int
        Reconstructed together; everything counts once for each of them.
    """

    shape: tuple[int, int, int]
    tilts: int
    weights: int
    channels: int = 1

    @property
    def volume_bytes(self) -> int:
        """Bytes of a float32 volume, all channels."""
        return _FLOAT * self.channels * int(np.prod(self.shape))

    @property
    def series_bytes(self) -> int:
        """Bytes of a float32 tilt series, all channels."""
        return _FLOAT * self.channels * self.tilts * self.shape[1] * self.shape[2]

    def projection(self) -> Work:
        """Projector forward, or its adjoint: one volume, one series, two flops per weight and x."""
        moved = self.volume_bytes + self.series_bytes
        flops = 2.0 * self.channels * self.weights * self.shape[2]
        return Work(flops=flops, bytes_moved=moved, working_set=moved)

    def iteration(self, regulariser: str) -> Work:
        """One iteration of PDHG, its two projections included; see the head of this module."""
        parts, moving = COMPONENTS[regulariser], 1 + AUXILIARY.get(regulariser, 0)
        moved = (4 * moving + 3 * parts) * self.volume_bytes + 5 * self.series_bytes
        held = (2 * moving + parts) * self.volume_bytes + 3 * self.series_bytes
        return Work(flops=2.0 * self._operator_flops(regulariser), bytes_moved=moved, working_set=held)

    def gap_evaluation(self, regulariser: str) -> Work:
        """Objective and bound: project, differences and their transpose, back project; nothing is kept."""
        parts = COMPONENTS[regulariser] + AUXILIARY.get(regulariser, 0)
        moved = (1 + parts) * self.volume_bytes + 3 * self.series_bytes
        return Work(flops=2.0 * self._operator_flops(regulariser), bytes_moved=moved, working_set=moved)

    def lambda_max(self, regulariser: str) -> Work:
        """Slope of the data term at the best flat volume, which no method can do without."""
        slope = Work(
            flops=0.0,
            bytes_moved=self.volume_bytes + 2 * self.series_bytes,
            working_set=(1 + COMPONENTS[regulariser]) * self.volume_bytes,
        )
        return self.projection() + slope

    def _operator_flops(self, regulariser: str) -> float:
        """Flops of one use of the projector and of the differences."""
        weights = self.weights * self.shape[2] + difference_weights(self.shape, regulariser)
        return 2.0 * self.channels * weights


def workload(shape: tuple[int, int, int], angles_deg: np.ndarray, channels: int = 1) -> Workload:
    """Count the weights of the projector of a geometry with as many bins as voxels along y.

    Parameters
    ----------
    shape : tuple of int
        Volume (z, y, x).
    angles_deg : ndarray of float64, shape (tilt,)
        Tilt angles, degrees.
    channels : int
        Reconstructed together.

    Examples
    --------
    >>> workload((8, 8, 4), np.array([0.0])).weights  # at 0° every pixel falls into one bin
    64
    """
    weights = 0
    # Tilt by tilt: the whole matrix would be larger than a volume.
    for angle in np.asarray(angles_deg, np.float64):
        matrix = strip_matrix(shape[:2], np.array([angle]), bins=shape[1], bin_width=1.0)
        weights += int(np.count_nonzero(matrix.data > _NOTHING))
    return Workload(shape=shape, tilts=len(angles_deg), weights=weights, channels=channels)


def difference_weights(shape: tuple[int, int, int], regulariser: str) -> int:
    """Non-zero weights of a regulariser's operator.

    Parameters
    ----------
    shape : tuple of int
        Volume (z, y, x).
    regulariser : {"tv", "tv2", "tv_tv2", "tgv2"}
        First differences have two weights, second ones three along one axis and four across two. TGV²
        takes the auxiliary field from the first differences and has its symmetrised differences beside.

    Examples
    --------
    >>> difference_weights((2, 1, 1), "tv"), difference_weights((3, 1, 1), "tv2")
    (2, 3)
    """
    n = np.array(shape, dtype=np.int64)
    voxels = int(n.prod())
    first = [voxels // int(n[a]) * (int(n[a]) - 1) for a in range(3)]
    if regulariser == "tv":
        return 2 * sum(first)
    straight = [voxels // int(n[a]) * max(int(n[a]) - 2, 0) for a in range(3)]
    mixed = [voxels // int(n[a] * n[b]) * int((n[a] - 1) * (n[b] - 1)) for a, b in ((0, 1), (0, 2), (1, 2))]
    if regulariser == "tgv2":
        # Each v_a is taken from ∂_a x; E v has differences of v_a along a, and two for every pair of axes.
        return 3 * sum(first) + 2 * sum(straight) + 4 * sum(mixed)
    second = 3 * sum(straight) + 4 * sum(mixed)
    return second + 2 * sum(first) if regulariser == "tv_tv2" else second
