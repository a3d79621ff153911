"""Connected domains of the phases of a particle."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .phase_model import phase_volume

if TYPE_CHECKING:
    from .diagram import PhaseDiagram

_SHARPEST_VOXELS = 2.0


@dataclass(frozen=True, kw_only=True)
class Domain:
    """One connected piece of a phase.

    Attributes
    ----------
    phase : int
        Index of its phase in the diagram.
    voxels : int
        Voxels, those between the diagram's interior and the surface included.
    volume_nm3, equivalent_diameter_nm : float
        Volume, and the diameter of the ball of that volume.
    centre_nm : tuple of float
        Centre of mass (z, y, x) from the middle of the volume, nm.
    fraction, density : float
        Mean over its voxels of the diagram: fraction of the first metal and density, atoms nm⁻³; NaN
        where it has none.
    share_of_phase : float
        Its share of the phase's voxels.
    spanning : bool
        Whether it reaches from one end of the particle to the other along z, y or x.
    """

    phase: int
    voxels: int
    volume_nm3: float
    equivalent_diameter_nm: float
    centre_nm: tuple[float, float, float]
    fraction: float
    density: float
    share_of_phase: float
    spanning: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Domains:
    """The domains of a particle.

    Attributes
    ----------
    domains : tuple of Domain
        By falling volume.
    labels : numpy.ndarray
        (z, y, x) int32: 0 outside the particle, else the domain's index plus one.
    smallest_voxels : float
        Pieces of fewer voxels mean nothing.
    small_pieces, small_voxels : int
        Pieces below that, and their voxels, which were given to the domains around them.
    """

    domains: tuple[Domain, ...]
    labels: np.ndarray
    smallest_voxels: float
    small_pieces: int
    small_voxels: int

    def of_phase(self, phase: int) -> tuple[Domain, ...]:
        """Domains of one phase, by falling volume."""
        return tuple(domain for domain in self.domains if domain.phase == phase)


def connected_domains(
    diagram: "PhaseDiagram", *, spacing_nm: float, smallest_voxels: float | None = None
) -> Domains:
    """Part every phase of a diagram into the pieces that hang together.

    Parameters
    ----------
    diagram : PhaseDiagram
        Whose phases are looked at.
    spacing_nm : float
        Edge of a voxel, nm.
    smallest_voxels : float, optional
        Fewest voxels of a domain; the cube of the resolution at the particle's surface (at least 2
        voxels) without it: whatever is smaller, noise or blur could have made.

    Returns
    -------
    Domains
        None of them where the diagram has no phase.

    Raises
    ------
    ValueError
        If `spacing_nm` or `smallest_voxels` is not positive.

    Notes
    -----
    Voxels of the particle near its surface and between phases belong to the phase of the nearest
    voxel of the diagram that has one, so that volumes are those of the whole particle. Voxels hang
    together over faces, not over edges or corners. Pieces that are too small join the nearest
    domain. A domain spans the particle when, along an axis, it comes within a resolution of
    both ends of the box around the particle.

    Examples
    --------
    >>> from glasstomo.metrics import phase_diagram
    >>> zn = np.zeros((32, 32, 32)); zn[4:28, 4:28, 4:16] = 4.0
    >>> co = np.zeros((32, 32, 32)); co[4:28, 4:28, 16:28] = 5.0
    >>> found = connected_domains(phase_diagram(zn, co), spacing_nm=2.0)
    >>> [(d.phase, d.volume_nm3, d.centre_nm, d.spanning) for d in found.domains]
    [(0, 55296.0, (0.0, 0.0, -12.0), True), (1, 55296.0, (0.0, 0.0, 12.0), True)]
    """
    if not spacing_nm > 0:
        raise ValueError(f"`spacing_nm` must be positive, got {spacing_nm}")
    reach = max(_SHARPEST_VOXELS, float(np.nan_to_num(diagram.resolution_voxels)))
    smallest = reach**3 if smallest_voxels is None else float(smallest_voxels)
    if not smallest > 0:
        raise ValueError(f"`smallest_voxels` must be positive, got {smallest_voxels}")
    phases = phase_volume(diagram)
    pieces = _pieces(phases)
    sizes = np.bincount(pieces.ravel())
    small = sizes < smallest
    small[0] = False
    if small[1:].any() and not small[1:].all():
        phases = _without(phases, small[pieces])
    elif small[1:].all():
        phases = np.zeros_like(phases)
    labels, domains = _describe(_pieces(phases), phases, diagram, spacing_nm, reach)
    return Domains(
        domains=domains,
        labels=labels,
        smallest_voxels=smallest,
        small_pieces=int(np.count_nonzero(small)),
        small_voxels=int(sizes[small].sum()),
    )


def _pieces(phases: np.ndarray) -> np.ndarray:
    """Number of the piece of every voxel, over all phases; 0 where there is no phase."""
    from scipy.ndimage import label

    numbers = np.zeros(phases.shape, dtype=np.int32)
    for phase in range(1, int(phases.max()) + 1):
        own = np.zeros(phases.shape, dtype=np.int32)
        label(phases == phase, output=own)
        numbers += np.where(own > 0, own + numbers.max(), 0).astype(np.int32)
    return numbers


def _without(phases: np.ndarray, dropped: np.ndarray) -> np.ndarray:
    """Phases with the dropped voxels given to the nearest voxel that is kept."""
    from scipy.ndimage import distance_transform_edt

    kept = (phases > 0) & ~dropped
    nearest = np.asarray(distance_transform_edt(~kept, return_distances=False, return_indices=True))
    return np.where(phases > 0, phases[tuple(nearest)], 0)


def _describe(
    pieces: np.ndarray, phases: np.ndarray, diagram: "PhaseDiagram", spacing_nm: float, reach: float
) -> tuple[np.ndarray, tuple[Domain, ...]]:
    count = int(pieces.max())
    order = np.argsort(-np.bincount(pieces.ravel(), minlength=count + 1)[1:], kind="stable")
    rank = np.zeros(count + 1, dtype=np.int32)
    rank[1 + order] = np.arange(1, count + 1)
    labels = rank[pieces]
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    inside = labels[diagram.interior]
    held = np.bincount(inside, minlength=count + 1)
    with np.errstate(invalid="ignore"):
        fraction, density = (
            np.bincount(inside, weights=axis, minlength=count + 1) / np.where(held > 0, held, np.nan)
            for axis in (diagram.fraction, diagram.density)
        )
    whole = _ends(np.argwhere(diagram.particle))
    middle = (np.array(labels.shape) - 1) / 2
    domains = []
    for number in range(1, count + 1):
        places = np.argwhere(labels == number)
        phase = int(phases[tuple(places[0])])
        volume = float(sizes[number] * spacing_nm**3)
        centre = ((places.mean(axis=0) - middle) * spacing_nm).tolist()
        near = np.abs(_ends(places) - whole) <= reach
        domains.append(
            Domain(
                phase=phase - 1,
                voxels=int(sizes[number]),
                volume_nm3=volume,
                equivalent_diameter_nm=float(np.cbrt(6.0 * volume / np.pi)),
                centre_nm=(centre[0], centre[1], centre[2]),
                fraction=float(fraction[number]),
                density=float(density[number]),
                share_of_phase=float(sizes[number] / np.count_nonzero(phases == phase)),
                spanning=bool(near.all(axis=0).any()),
            )
        )
    return labels, tuple(domains)


def _ends(places: np.ndarray) -> np.ndarray:
    """First and last place along each axis."""
    return np.stack([places.min(axis=0), places.max(axis=0)])
