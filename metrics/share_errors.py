"""Phases of two diagrams matched with each other, and how far shares and centres differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .diagram import PhaseDiagram
from .phases import Phase

if TYPE_CHECKING:
    from ..phantoms import Phantom


@dataclass(frozen=True, kw_only=True, eq=False)
class PhasePair:
    """A phase and the true one that it stands for.

    Attributes
    ----------
    found, true : Phase
        The two.
    share_error, fraction_error, density_error : float
        Found minus true; density in atoms nm⁻³.
    """

    found: Phase
    true: Phase

    @property
    def share_error(self) -> float:
        """Share found minus true share."""
        return self.found.share - self.true.share

    @property
    def fraction_error(self) -> float:
        """Fraction of the centre found minus true."""
        return self.found.fraction - self.true.fraction

    @property
    def density_error(self) -> float:
        """Density of the centre found minus true, atoms nm⁻³."""
        return self.found.density - self.true.density


@dataclass(frozen=True, kw_only=True, eq=False)
class ShareErrors:
    """Matched phases of two diagrams and what found no partner.

    Attributes
    ----------
    pairs : tuple of PhasePair
        Matched phases, by falling true share.
    missed : tuple of Phase
        True phases that were not found.
    invented : tuple of Phase
        Phases found that no true one stands behind.
    share_distance : float
        Share of the voxels that would have to change their phase for shares to agree, 0 to 1: half the sum
        of all |share errors|, missed and invented phases with their whole share, and the voxels of no
        phase as one more.
    """

    pairs: tuple[PhasePair, ...]
    missed: tuple[Phase, ...]
    invented: tuple[Phase, ...]
    share_distance: float

    @property
    def complete(self) -> bool:
        """Whether every phase has its partner."""
        return not self.missed and not self.invented

    @property
    def worst_share_error(self) -> float:
        """Largest |share error|, missed and invented phases included; 0 without any phase."""
        errors = [abs(pair.share_error) for pair in self.pairs]
        errors += [phase.share for phase in (*self.missed, *self.invented)]
        return max(errors, default=0.0)


def phase_share_errors(
    found: PhaseDiagram | Sequence[Phase],
    true: PhaseDiagram | Sequence[Phase],
    *,
    tolerance: tuple[float, float] = (0.1, 1.5),
) -> ShareErrors:
    """Match the phases of a diagram with those of another, and compare their shares and centres.

    Parameters
    ----------
    found, true : PhaseDiagram or sequence of Phase
        The diagram that is judged and the one to compare with; `true_phases` makes the latter of a phantom.
    tolerance : tuple of float
        Fraction and density (atoms nm⁻³) by which the centres of a pair may differ: only pairs within the
        ellipse of these half axes are matched. The defaults are half of the gap between the closest
        published phases that coexist (0.3 and 0.55 to 1; 4 and 6 atoms nm⁻³), less a margin.

    Returns
    -------
    ShareErrors

    Raises
    ------
    ValueError
        If a tolerance is not positive.

    Notes
    -----
    As many phases as possible are matched; among those matchings the one whose centres are closest in sum
    is taken (assignment problem: D. F. Crouse, IEEE Trans. Aerosp. Electron. Syst. 52, 1679 (2016),
    doi:10.1109/TAES.2016.140952). Going phase by phase instead would let an early choice take the only
    partner of a later phase.

    Examples
    --------
    >>> def phase(fraction, density, share):
    ...     return Phase(
    ...         fraction=fraction, density=density, peak=(fraction, density),
    ...         covariance=np.zeros((2, 2)), share=share,
    ...     )
    >>> errors = phase_share_errors([phase(0.02, 5.1, 0.5)], [phase(0.0, 5.0, 0.4), phase(1.0, 6.0, 0.6)])
    >>> round(errors.pairs[0].share_error, 3), len(errors.missed), round(errors.share_distance, 3)
    (0.1, 1, 0.6)
    """
    from scipy.optimize import linear_sum_assignment

    if not (len(tolerance) == 2 and np.all(np.isfinite(tolerance)) and min(tolerance) > 0):
        raise ValueError(f"`tolerance` must be two positive numbers, got {tolerance}")
    ours, theirs = (tuple(d.phases if isinstance(d, PhaseDiagram) else d) for d in (found, true))
    gaps = np.array(
        [
            [
                np.hypot((a.fraction - b.fraction) / tolerance[0], (a.density - b.density) / tolerance[1])
                for b in theirs
            ]
            for a in ours
        ]
    ).reshape(len(ours), len(theirs))
    # One pair too far apart costs more than all that are close enough together.
    far = 2.0 * (min(gaps.shape) + 1)
    matched = [
        (i, j)
        for i, j in zip(*linear_sum_assignment(np.where(gaps <= 1, gaps, far)), strict=True)
        if gaps[i, j] <= 1
    ]
    matched.sort(key=lambda pair: -theirs[pair[1]].share)
    pairs = tuple(PhasePair(found=ours[i], true=theirs[j]) for i, j in matched)
    missed = tuple(p for j, p in enumerate(theirs) if j not in {pair[1] for pair in matched})
    invented = tuple(p for i, p in enumerate(ours) if i not in {pair[0] for pair in matched})
    moved = sum(abs(pair.share_error) for pair in pairs) + sum(p.share for p in (*missed, *invented))
    moved += abs(sum(p.share for p in ours) - sum(p.share for p in theirs))
    return ShareErrors(
        pairs=pairs, missed=missed, invented=invented, share_distance=float(min(0.5 * moved, 1.0))
    )


def true_phases(phantom: "Phantom", *, of: str = "Zn", elements: Sequence[str] = ("Zn", "Co")) -> tuple:
    """Phases of a phantom, from its labels: centre, covariance and share of the body's voxels.

    Parameters
    ----------
    phantom : Phantom
        The truth. Voxels across an interface carry no label and belong to no phase.
    of : str
        Element whose fraction is given.
    elements : sequence of str
        Elements that count.

    Returns
    -------
    tuple of Phase
        By falling share; phases without a voxel are left out.

    Examples
    --------
    >>> from glasstomo.phantoms import Grid, make_phantom
    >>> rng = np.random.default_rng(1)
    >>> phantom = make_phantom("segregated", Grid.cube(16, spacing_nm=30.0), rng=rng)
    >>> sorted((round(p.fraction, 2), round(p.density, 2)) for p in true_phases(phantom))
    [(0.0, 5.0), (1.0, 6.0)]
    """
    if of not in elements:
        raise ValueError(f"`of` must be one of `elements`, got {of!r} and {tuple(elements)}")
    numerator = phantom.density(of).astype(np.float64)
    total = np.sum([phantom.density(e).astype(np.float64) for e in elements], axis=0)
    body = np.count_nonzero(phantom.fill > 0.999)
    phases = []
    for label in range(1, len(phantom.phase_names) + 1):
        here = (phantom.labels == label) & (total > 0)
        count = np.count_nonzero(here)
        if count == 0:
            continue
        points = np.stack([numerator[here] / total[here], total[here]])
        centre = (float(points[0].mean()), float(points[1].mean()))
        phases.append(
            Phase(
                fraction=centre[0],
                density=centre[1],
                peak=centre,
                covariance=np.cov(points) if count > 1 else np.zeros((2, 2)),
                share=count / body,
            )
        )
    return tuple(sorted(phases, key=lambda phase: -phase.share))
