"""Reconstructions, as a solver returns them."""

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .sparse_array import cells, filled

if TYPE_CHECKING:
    from ....recon import Reconstruction

_CHANNELS = ("Zn_Ka", "Co_Ka", "Zn_Kb")


def reconstructions(*, max_side: int = 5) -> "SearchStrategy[Reconstruction]":
    """Draw reconstructions of one to three channels, however their solve ended.

    Parameters
    ----------
    max_side : int
        Most voxels along any axis.

    Notes
    -----
    Densities are 0 to 100 atoms nm⁻³; direct methods have no gap, no λ and no history. Shrinks to one voxel
    of density 0 that converged.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> result = smallest(reconstructions(), lambda result: not result.status.ok)
    >>> result.status.name, result.volume.shape
    ('ITERATION_LIMIT', (1, 1, 1))
    """
    return _reconstructions(max_side)


@st.composite
def _reconstructions(draw: st.DrawFn, max_side: int) -> "Reconstruction":
    from ....recon import Reconstruction, Status

    shape = draw(st.tuples(*[st.integers(1, max_side)] * 3))
    names = _CHANNELS[: draw(st.integers(1, len(_CHANNELS)))]
    full = shape if len(names) == 1 else (len(names), *shape)
    status = draw(st.sampled_from(list(Status)))
    solved: dict[str, Any] = {}
    if status is not Status.DIRECT:
        gap, iterations = draw(st.floats(0, 1)), draw(st.integers(1, 1000))
        fractions = (draw(st.floats(1e-6, 1)),) * len(names)
        solved = {
            "relative_gap": gap,
            "iterations": iterations,
            "lam": fractions,
            "lam_fraction": fractions,
            "history": {name: [{"iteration": iterations, "relative_gap": gap}] for name in names},
        }
    return Reconstruction(
        volume=filled(full, draw(cells(st.floats(0, 100, width=32))), "float32"),
        spacing_nm=draw(st.floats(0.5, 30)),
        status=status,
        channels=names,
        **solved,
    )
