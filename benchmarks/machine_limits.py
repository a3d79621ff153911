"""What this machine can do at best: copy bandwidth, and rates of multiply–adds from registers and from L1.

Three micro-kernels, compiled by the same compiler and run on the same threads as the code that is judged
by them. None of them does anything useful.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit, prange

# Four sources and their sum are five rows of this length: 10 KiB, in any first-level cache. Rows of
# 4 KiB would make loads wait for stores at the same offset of a page.
_ROW = 512
_CHAINS = 4
# A few milliseconds: starting the threads does not count.
_REPEATS = 65536


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One micro-kernel: what it does per call, and in which unit its rate is given.

    Parameters
    ----------
    run : callable
        Takes no argument.
    amount : float
        Bytes moved or floating-point operations done by one call.
    unit : {"gb_s", "gflop_s"}
        Of its rate.
    """

    run: Callable[[], object]
    amount: float
    unit: str

    def rate(self, seconds: float) -> float:
        """Bytes or operations per second, when one call took so long."""
        return self.amount / seconds


def copy_limit(working_set: int, threads: int) -> Limit:
    """Copy half of a working set onto its other half, in one piece per thread.

    Parameters
    ----------
    working_set : int
        Bytes of source and destination together; it decides which cache, if any, holds them.
    threads : int
        Pieces.

    Returns
    -------
    Limit
        Bytes read and bytes written both count; reading the destination before it is overwritten,
        which some processors do, does not.
    """
    length = max(working_set // (8 * threads), 1)
    source, target = _aligned((threads, length), 1.0), _aligned((threads, length), 0.0)
    return Limit(run=lambda: _copy(source, target), amount=2.0 * source.nbytes, unit="gb_s")


def fma_limit(threads: int) -> Limit:
    """Multiply–adds whose operands stay in registers: the highest rate of arithmetic.

    Parameters
    ----------
    threads : int
        Each does the same.

    Returns
    -------
    Limit
        A multiply–add counts as two operations. The compiler chooses how wide the vectors are, as it
        does for all our kernels.
    """
    rows = _aligned((threads, _CHAINS, _ROW), 0.5)
    repeats = _REPEATS // 16
    amount = 2.0 * threads * _CHAINS * _ROW * _REPEATS
    return Limit(run=lambda: _fma(rows, repeats, np.float32(0.5)), amount=amount, unit="gflop_s")


def axpy_limit(threads: int) -> Limit:
    """``y ← y + a₀ x₀ + a₁ x₁ + a₂ x₂ + a₃ x₃`` on rows that stay in the first-level cache.

    This is a sparse matrix times rows of x, without its memory: four sources at a time, because with
    one the loads and stores of y would be what is measured.

    Parameters
    ----------
    threads : int
        Each has rows of its own.

    Returns
    -------
    Limit
        A multiply–add counts as two operations.
    """
    sources, totals = _aligned((threads, _CHAINS, _ROW), 0.5), _aligned((threads, _ROW), 0.0)
    amount = 2.0 * threads * _CHAINS * _ROW * _REPEATS
    return Limit(run=lambda: _axpy(sources, totals, _REPEATS), amount=amount, unit="gflop_s")


def _aligned(shape: tuple[int, ...], value: float) -> np.ndarray:
    """Array that starts on a cache line; vectors that straddle two cost up to a third of the rate."""
    size = int(np.prod(shape))
    buffer = np.full(size + 16, value, np.float32)
    start = (-(buffer.ctypes.data // 4)) % 16
    return buffer[start : start + size].reshape(shape)


@njit(cache=True, parallel=True)
def _copy(source, target):
    """One piece per thread; LLVM makes it a memory move."""
    for t in prange(source.shape[0]):
        target[t, :] = source[t, :]


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def _fma(rows, repeats, a):
    """Four independent chains of 16 multiply–adds per element hide the latency of each."""
    for t in prange(rows.shape[0]):
        first, second, third, fourth = rows[t, 0], rows[t, 1], rows[t, 2], rows[t, 3]
        for _ in range(repeats):
            for x in range(first.size):
                p, q, r, s = first[x], second[x], third[x], fourth[x]
                for _ in range(16):
                    p = p * a + a
                    q = q * a + a
                    r = r * a + a
                    s = s * a + a
                first[x], second[x], third[x], fourth[x] = p, q, r, s


@njit(cache=True, parallel=True, fastmath={"contract", "nsz"})
def _axpy(sources, totals, repeats):
    """The factors change sign every time, so that the sums stay bounded and no pass can be left out."""
    for t in prange(sources.shape[0]):
        p, q, r, s, out = sources[t, 0], sources[t, 1], sources[t, 2], sources[t, 3], totals[t]
        for k in range(repeats):
            a = np.float32(1.0 - 2.0 * (k & 1))
            b = np.float32(0.5) * a
            for x in range(out.size):
                out[x] += a * p[x] + b * q[x] + a * r[x] + b * s[x]
