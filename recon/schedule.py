"""Which steps a solve takes when."""

from .diagonal_steps import DiagonalSteps
from .primal_dual import PrimalDual
from .spectral_steps import SpectralSteps

# Iterations: spectral ones at a cold and at a warm start, then diagonal and spectral ones in turns.
_COLD, _WARM, _DIAGONAL, _SPECTRAL = 60, 20, 60, 40
# Iterations between two evaluations of the gap, far from the gap that is wanted and near it.
_FAR, _NEAR = 40, 20
_NEARNESS = 10.0


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
    gap : float
        Relative gap that is wanted.
    warm : bool
        Whether the start is near the solution.
    """

    def __init__(
        self, diagonal: DiagonalSteps, spectral: SpectralSteps | None, *, gap: float, warm: bool
    ) -> None:
        self._diagonal, self._spectral, self._gap = diagonal, spectral, gap
        self._current: DiagonalSteps | SpectralSteps | None = None
        self._left = 0
        self._first = _WARM if warm else _COLD
        self._gap_before = float("inf")

    def next(self, state: PrimalDual, relative_gap: float) -> tuple[DiagonalSteps | SpectralSteps, int]:
        """Return the next steps and how many until the gap is looked at, given the gap now."""
        if self._left == 0:
            self._turn(state, relative_gap)
        count = min(_NEAR if relative_gap < _NEARNESS * self._gap else _FAR, self._left)
        self._left -= count
        return self._current or self._diagonal, count

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
