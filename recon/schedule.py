"""Which steps a solve takes when."""

from .diagonal_steps import DiagonalSteps
from .primal_dual import PrimalDual
from .spectral_steps import SpectralSteps

# Chunks of iterations: spectral at a cold and at a warm start, then in turns.
_COLD, _WARM, _DIAGONAL, _SPECTRAL = 3, 1, 3, 2


class Schedule:
    """Spectral and diagonal steps in turns, or diagonal ones alone.

    Spectral steps settle what is slow in space, diagonal ones the rays whose weights differ most from
    the typical; each has little left to do after some dozens of iterations. A turn of spectral
    steps that does not lower the gap is the last.

    Parameters
    ----------
    diagonal : DiagonalSteps
    spectral : SpectralSteps, optional
        None where the problem has none.
    warm : bool
        Whether the start is near the solution.
    """

    def __init__(self, diagonal: DiagonalSteps, spectral: SpectralSteps | None, *, warm: bool) -> None:
        self._diagonal, self._spectral = diagonal, spectral
        self._current: DiagonalSteps | SpectralSteps | None = None
        self._left = 0
        self._first = _WARM if warm else _COLD
        self._gap_before = float("inf")

    def next(self, state: PrimalDual, relative_gap: float) -> DiagonalSteps | SpectralSteps:
        """Return the steps of the next chunk, given the gap after the last."""
        if self._left == 0:
            self._turn(state, relative_gap)
        self._left -= 1
        return self._current or self._diagonal

    def _turn(self, state: PrimalDual, relative_gap: float) -> None:
        before = self._current
        if before is self._spectral and before is not None and relative_gap >= self._gap_before:
            self._spectral = None
        if self._spectral is None or before is self._spectral:
            self._current, self._left = self._diagonal, _DIAGONAL
        else:
            self._current = self._spectral
            self._left = self._first if before is None else _SPECTRAL
            self._gap_before = relative_gap
        if self._current is not before:
            self._current.begin(state)
