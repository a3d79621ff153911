"""What a replicate is scored by: groups of columns, which cost time only where they are asked for."""

import functools
from collections.abc import Sequence

import numpy as np

from ...metrics import (
    Phase,
    diagram_voxels,
    dice,
    find_phases,
    interface_width,
    miscibility_limit,
    mixing_state,
    nrmse,
    particle_mask,
    phase_diagram_distance,
    phase_share_errors,
    precision,
)
from ...phantoms import FluxMelted, Phantom, Segregated, Table
from .sections import Wanted

Row = dict[str, float | int | str | None]

# A voxel belongs to the true interior when the body fills it to rounding.
_FULL = 0.999
# A voxel is an edge where the true density changes to a neighbour by more than this part of its largest.
_EDGE = 0.05

SCORES: Table[tuple[str, ...]] = Table(
    "score",
    {
        "precision": (
            "zn_fraction_2sigma",
            "density_2sigma",
            "zn_fraction_bias",
            "density_bias",
            "single_phase_voxels",
        ),
        "mixing": ("mixing_state", "mixing_state_true", "mixing_state_right", "mixing_state_confidence"),
        "distance": ("phase_diagram_distance",),
        "miscibility": ("miscibility_limit", "miscibility_limit_true", "miscibility_limit_error"),
        "interface": (
            "interface_width_nm",
            "interface_width_true_nm",
            "interface_width_bias_nm",
            "interface_width_error_nm",
            "interface_squared_nm2",
            "interface_covered",
        ),
        "counts": (
            "interface_width_counts_nm",
            "interface_width_counts_bias_nm",
            "interface_width_counts_error_nm",
            "interface_width_counts_low_nm",
            "interface_width_counts_high_nm",
            "interface_width_counts_covered",
            "miscibility_limit_counts",
            "miscibility_limit_counts_error",
            "miscibility_limit_counts_covered",
        ),
        "phases": ("phases_found", "phases_true", "phase_share_distance"),
        "cross_sections": (
            "cross_section_bias",
            "cross_section_bias_Co_Ka",
            "cross_section_bias_Co_Kb",
            "cross_section_bias_Zn_Ka",
            "cross_section_bias_Zn_Kb",
            "cross_section_error_Co_Ka",
            "cross_section_error_Co_Kb",
            "cross_section_error_Zn_Ka",
            "cross_section_error_Zn_Kb",
            "cross_section_covered_Co_Ka",
            "cross_section_covered_Co_Kb",
            "cross_section_covered_Zn_Ka",
            "cross_section_covered_Zn_Kb",
        ),
        "volumes": ("nrmse_co", "nrmse_zn", "dice", "edge_share"),
    },
)
"""Columns by the group that asks for them."""

_GROUP_OF_WANTED = {
    "mixing_state": "mixing",
    "miscibility_limit_error": "miscibility",
    "cross_section_bias": "cross_sections",
    "interface_width_bias_nm": "interface",
}


def scores_for(wanted: Wanted) -> tuple[str, ...]:
    """Groups that tell whether what is wanted is reached, in the order of `SCORES`."""
    needed = {_GROUP_OF_WANTED.get(name, "precision") for name in wanted.given}
    return tuple(name for name in SCORES if name in needed)


def known_scores(scores: Sequence[str]) -> tuple[str, ...]:
    """Return the groups in the order of `SCORES`, each once; unknown ones are refused."""
    for name in scores:
        SCORES[name]
    return tuple(name for name in SCORES if name in set(scores))


def score_volumes(zn: np.ndarray, co: np.ndarray, truth: Phantom, *, scores: Sequence[str]) -> Row:
    """Score reconstructed metals against the truth.

    Parameters
    ----------
    zn, co : ndarray, shape (z, y, x)
        Reconstructed densities, atoms nm⁻³.
    truth : Phantom
        On the same grid.
    scores : sequence of str
        Groups of `SCORES`; ``cross_sections`` and ``counts``, which need more than volumes, say nothing here.

    Returns
    -------
    dict
        The columns of these groups. None where there is nothing to say: no interface, no particle found.
    """
    row: Row = {}
    if "precision" in scores:
        spread = precision(zn, co, truth)
        row |= {**spread.as_dict(), "single_phase_voxels": spread.voxels}
    if "volumes" in scores:
        row |= _volume_scores(zn, co, truth)
    if set(scores) & {"mixing", "distance", "phases", "miscibility", "interface"}:
        row |= _particle_scores(zn, co, truth, scores)
    return row


def _particle_scores(zn: np.ndarray, co: np.ndarray, truth: Phantom, scores: Sequence[str]) -> Row:
    """Scores that need the particle to be found; all of them count as missed where it is not."""
    particle = truth.particle
    state_true = None if particle is None else particle.mixing_state
    limit_true = true_limit(truth)
    width_true = true_width_nm(truth)
    row: Row = {}
    if "mixing" in scores:
        row |= {"mixing_state": "none", "mixing_state_true": state_true, "mixing_state_right": 0.0}
    if "miscibility" in scores:
        row |= {"miscibility_limit_true": limit_true}
    if "interface" in scores:
        row |= {"interface_width_true_nm": width_true}
    try:
        mask, _ = particle_mask(np.add(zn, co, dtype=np.float64), errors=False)
        wanted = {"distance", "phases"} & set(scores)
        diagram = diagram_voxels(zn, co, interior=mask)[:2] if wanted else None
    except ValueError:
        # No particle is found in what noise left: everything asked of it is missed.
        return row
    state = mixing_state(zn, co, interior=mask) if set(scores) & {"mixing", "miscibility"} else None
    if state is not None and "mixing" in scores:
        row |= {
            "mixing_state": state.state,
            "mixing_state_confidence": state.confidence,
            "mixing_state_right": float(state.state == state_true),
        }
    if diagram is not None and "distance" in scores:
        row["phase_diagram_distance"] = phase_diagram_distance(diagram, _true_diagram(truth))
    if diagram is not None and "phases" in scores:
        found, true = find_phases(*diagram)[0], _found_in_truth(truth)
        row |= {
            "phases_found": len(found),
            "phases_true": len(true),
            "phase_share_distance": phase_share_errors(found, true).share_distance,
        }
    if "miscibility" in scores:
        # The spread over replicates tells the error: no bootstrap, and so no random number.
        limit = miscibility_limit(
            zn, co, interior=mask, state=state, replicates=0, rng=np.random.default_rng(0)
        )
        row["miscibility_limit"] = limit.limit
        row["miscibility_limit_error"] = None if limit_true is None else limit.limit - limit_true
    if "interface" in scores:
        width = interface_width(zn, co, spacing_nm=truth.grid.spacing_nm, interior=mask)
        row["interface_width_nm"] = width.width_nm
        row["interface_width_bias_nm"] = None if width_true is None else width.width_nm - width_true
        row |= {
            "interface_width_error_nm": width.standard_error_nm,
            "interface_squared_nm2": width.squared_nm2,
        }
        if width_true is not None and not width.reason:
            # Of the square: the root has no symmetric error near zero.
            miss = abs(width.squared_nm2 - width_true**2)
            row["interface_covered"] = float(miss <= 1.96 * width.squared_error_nm2)
    return row


def _volume_scores(zn: np.ndarray, co: np.ndarray, truth: Phantom) -> Row:
    total = truth.density("Zn").astype(np.float64) + truth.density("Co")
    found = np.add(zn, co, dtype=np.float64)
    row: Row = {"edge_share": edge_share(truth)}
    for name, volume, element in (("nrmse_co", co, "Co"), ("nrmse_zn", zn, "Zn")):
        true = truth.density(element)
        row[name] = nrmse(volume, true) if true.any() else None
    # Half of the mean density inside is the surface of a body blurred evenly to both sides.
    threshold = 0.5 * float(total[truth.fill > _FULL].mean())
    row["dice"] = dice(found > threshold, total > threshold)
    return row


def edge_share(truth: Phantom) -> float:
    """Share of the voxels where the true zinc or cobalt density steps to a neighbour.

    The complexity of an object to a solver that penalises its gradient: the sparser the gradient, the
    fewer projections are needed (Jiang et al., Ultramicroscopy 186 (2018) 94,
    doi:10.1016/j.ultramic.2017.12.010). A step is a change of more than 5 % of the largest density.
    """
    edges = np.zeros(truth.grid.shape, dtype=bool)
    for element in ("Zn", "Co"):
        density = truth.density(element)
        if not density.any():
            continue
        step = _EDGE * float(density.max())
        for axis in range(3):
            change = np.abs(np.diff(density, axis=axis)) > step
            before = [slice(None)] * 3
            before[axis] = slice(None, -1)
            edges[tuple(before)] |= change
    return float(edges.mean())


@functools.lru_cache(maxsize=2)
def _true_diagram(truth: Phantom) -> tuple[np.ndarray, np.ndarray]:
    """Zinc fraction and density of the true interior; many reconstructions share a truth."""
    inside = truth.fill > _FULL
    return diagram_voxels(truth.density("Zn"), truth.density("Co"), interior=inside)[:2]


@functools.lru_cache(maxsize=2)
def _found_in_truth(truth: Phantom) -> tuple[Phase, ...]:
    """Phases of the true diagram, by the search that is used on the reconstruction."""
    return find_phases(*_true_diagram(truth))[0]


def true_limit(truth: Phantom) -> float | None:
    """Miscibility limit of a particle, None where there is none."""
    mixing = None if truth.particle is None else truth.particle.mixing
    return mixing.zn_rich_from if isinstance(mixing, FluxMelted) else None


def true_width_nm(truth: Phantom) -> float | None:
    """10–90 % width of the interface of a particle, nm; None where there is none."""
    mixing = None if truth.particle is None else truth.particle.mixing
    return mixing.width_nm if isinstance(mixing, Segregated) else None
