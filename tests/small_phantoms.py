"""Small phantoms made by hand."""

import numpy as np
from glasstomo.phantoms import Grid, Phantom, SupportFilm


def phantom_of(
    densities: dict[str, np.ndarray], spacing_nm: float, film: SupportFilm | None = None
) -> Phantom:
    """Wrap density arrays (z, y, x) in a phantom without an analytic truth."""
    stack = np.stack(list(densities.values())).astype(np.float32)
    shape = stack.shape[1:]
    return Phantom(
        grid=Grid(shape=shape, spacing_nm=spacing_nm),
        elements=tuple(densities),
        densities=stack,
        fill=(stack.sum(axis=0) > 0).astype(np.float32),
        labels=np.zeros(shape, np.uint8),
        phase_names=(),
        film=film,
    )


def ball_phantom(size: int = 16, *, spacing_nm: float = 20.0, film: SupportFilm | None = None) -> Phantom:
    """Draw a ball off centre, of the composition of a mixed zinc and cobalt ZIF."""
    z, y, x = Grid.cube(size, spacing_nm=spacing_nm).points_nm()
    extent = size * spacing_nm
    ball = (z - 0.05 * extent) ** 2 + (y + 0.08 * extent) ** 2 + (x - 0.03 * extent) ** 2 < (
        0.3 * extent
    ) ** 2
    graded = ball * np.clip(0.5 + y / extent + z / (2 * extent), 0, 1)
    return phantom_of(
        {
            "Co": 4.8 * graded,
            "Zn": 4.5 * (ball - graded),
            "C": 28.0 * ball,
            "N": 19.0 * ball,
            "H": 28.0 * ball,
        },
        spacing_nm,
        film,
    )
