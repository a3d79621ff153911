"""Laws of projectors held against the line integrals of a smooth body."""

from dataclasses import replace

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from ..beam_geometry import BeamGeometry
from ..finding import Finding
from ..law import law
from ..projector_family import ProjectorFamily
from ..smooth_ball import SmoothBall
from .projector_cases import Related, alone, built, declined, fitted, mixes_parity

_RADIUS, _EDGE = 8, 24
# Radii of the body from the middle that keep it inside the volume and the bins.
_REACH = 2.0
_HALF_A_MISTAKE = 0.25


def _doubled(geometry: BeamGeometry) -> tuple[BeamGeometry, ...]:
    """Return the same geometry with voxels and bins of half the size."""
    nz, ny, nx = geometry.shape
    bins = None if geometry.bins is None else 2 * geometry.bins
    finer = replace(geometry, shape=(2 * nz, 2 * ny, nx), spacing_nm=0.5 * geometry.spacing_nm, bins=bins)
    return (finer,)


def _bodies(family: ProjectorFamily, related: Related = alone) -> st.SearchStrategy:
    """Geometries of about 24 voxels with a ball of 16 voxels across, somewhat off the middle."""
    extra = st.integers(0, 3)
    place = st.sampled_from([0.0, 1.0, -1.0, 2.0]) | st.floats(-_REACH, _REACH).map(lambda v: round(v, 2))
    tilt = st.sampled_from([0.0, 90.0, 45.0, -60.0]) | st.floats(-180.0, 180.0).map(lambda a: round(a, 2))

    def made(
        more: tuple[int, int, int | None], tilts: list[float], spacing: float, z: float, y: float
    ) -> dict:
        nz, ny, bins = _EDGE + more[0], _EDGE + more[1], None if more[2] is None else _EDGE + more[2]
        if not mixes_parity(family):
            nz += (nz - ny) % 2
            bins = None if bins is None else bins + (bins - ny) % 2
        geometry = fitted(family, BeamGeometry((nz, ny, 1), tuple(tilts), spacing, bins), related)
        return {"geometry": geometry or reject(), "centre": (z, y)}

    more = st.tuples(extra, extra, st.none() | extra)
    spacing = st.sampled_from([1.0, 5.0])
    return st.builds(made, more, st.lists(tilt, min_size=1, max_size=3), spacing, place, place)


def _ball(geometry: BeamGeometry, centre: tuple[float, float]) -> SmoothBall:
    """Ball of a radius of eight voxels."""
    unit = geometry.spacing_nm
    return SmoothBall(_RADIUS * unit, (centre[0] * unit, centre[1] * unit))


_EXCUSE = declined(edges=(_EDGE, _EDGE))


@law(
    kind="projector",
    formula="‖P f − ∫ f‖ ≤ a ‖∫ f‖ at every tilt, for f = (1 − r²/R²)² with R of 8 voxels",
    tolerance="the accuracy a that the author accepts for bodies of 16 voxels; 0.02 where nothing is said",
    cases=_bodies,
    excuse=_EXCUSE,
    cost=3.0,
)
def chords(family: ProjectorFamily, geometry: BeamGeometry, centre: tuple[float, float]) -> Finding:
    """A smooth ball is projected onto its chords, in nm, wherever it stands.

    Notes
    -----
    The volume holds the means over voxels of f, and what is compared are the means over bins of its line
    integrals ``16 h⁵ / 15 R⁴``, h the half length of the chord.
    """
    off, tilt = _off(family, geometry, _ball(geometry, centre))
    note = f"off by {100 * off:.2g} % at {tilt:g}°"
    return Finding(off, family.accuracy, note)


def _off(family: ProjectorFamily, geometry: BeamGeometry, ball: SmoothBall, rebin: int = 1) -> tuple:
    """Relative error of the worst tilt, and that tilt; fine bins are averaged to those of the body."""
    found = built(family, geometry).apply(ball.volume(geometry)).astype(np.float64)
    true = ball.series(geometry)
    if rebin > 1:
        found, true = (a.reshape(a.shape[0], -1, rebin, a.shape[2]).mean(axis=2) for a in (found, true))
    errors = np.linalg.norm(found - true, axis=(1, 2)) / np.linalg.norm(true, axis=(1, 2))
    worst = int(np.argmax(np.nan_to_num(errors, nan=np.inf)))
    return float(errors[worst]), geometry.angles_deg[worst]


@law(
    kind="projector",
    formula="‖P f − ∫ f‖ ≤ ½ a ‖∫ f‖ at every tilt, for f = (1 − r²/R²)² with R of 16 voxels",
    tolerance="half of the accuracy a that the author accepts for bodies of 16 voxels: errors of first order "
    "halve with the voxels, those of second order fall to a quarter",
    cases=lambda family: _bodies(family, _doubled),
    excuse=declined(_doubled, edges=(_EDGE, _EDGE)),
    cost=5.0,
)
def refinement(family: ProjectorFamily, geometry: BeamGeometry, centre: tuple[float, float]) -> Finding:
    """On voxels and bins of half the size, averaged over two bins, a smooth ball is met twice as well.

    Notes
    -----
    The error of one geometry need not fall: where it cancels by chance on the coarse grid, as for rays along
    the grid, it may be as large on the fine one. What is accepted falls.
    """
    ball = _ball(geometry, centre)
    off, tilt = _off(family, _doubled(geometry)[0], ball, rebin=2)
    return Finding(off, 0.5 * family.accuracy, f"off by {100 * off:.2g} % at {tilt:g}°")


@law(
    kind="projector",
    formula="spacing Σ_v P f = ∫∫ f at every tilt, for f = (1 − r²/R²)² with R of 8 voxels",
    tolerance="the accuracy a that the author accepts for bodies of 16 voxels; 0.02 where nothing is said",
    cases=_bodies,
    excuse=_EXCUSE,
    cost=3.0,
)
def ball_mass(family: ProjectorFamily, geometry: BeamGeometry, centre: tuple[float, float]) -> Finding:
    """The mass of a smooth ball is the same at every tilt."""
    ball = _ball(geometry, centre)
    series = built(family, geometry).apply(ball.volume(geometry)).astype(np.float64)
    masses = series.sum(axis=(1, 2)) * geometry.spacing_nm / ball.mass
    errors = np.abs(masses - 1.0)
    worst = int(np.argmax(np.nan_to_num(errors, nan=np.inf)))
    note = f"{masses[worst]:.6g} of the mass at {geometry.angles_deg[worst]:g}°"
    return Finding(float(errors[worst]), family.accuracy, note)


@law(
    kind="projector",
    formula="Σ_v v P f / Σ_v P f = y cos α + z sin α for a ball at (y, z)",
    tolerance="0.25 bins: half of the smallest mistake of the kind, half a bin; sampling a ball of 16 voxels "
    "moves its centre by hundredths",
    cases=_bodies,
    excuse=_EXCUSE,
    cost=3.0,
)
def landing(family: ProjectorFamily, geometry: BeamGeometry, centre: tuple[float, float]) -> Finding:
    """A body at (y, z) lands at v = y cos α + z sin α, counted from the middle of volume and bins."""
    ball = _ball(geometry, centre)
    series = built(family, geometry).apply(ball.volume(geometry)).astype(np.float64).sum(axis=2)
    bins = np.arange(series.shape[1]) - 0.5 * (series.shape[1] - 1)
    found = series @ bins / series.sum(axis=1)
    wanted = np.array([ball.landing(angle) for angle in geometry.angles_deg]) / geometry.spacing_nm
    errors = np.abs(found - wanted)
    worst = int(np.argmax(np.nan_to_num(errors, nan=np.inf)))
    note = (
        f"lands {found[worst]:.4g} bins from the middle at {geometry.angles_deg[worst]:g}°, "
        f"where {wanted[worst]:.4g} is right"
    )
    return Finding(float(errors[worst]), _HALF_A_MISTAKE, note)
