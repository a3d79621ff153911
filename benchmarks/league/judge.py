"""Score the volumes of a solver against the truth, which the solver never saw."""

from contextlib import suppress

import numpy as np

from ...forward import MICROSCOPES
from ...metrics import dice, esf_threshold, nrmse, thickness_map
from ...metrics.cross_section import fit_cross_sections
from ...phantoms import MATERIALS
from ..design.scores import Row, score_volumes
from ..experiment import STANDARDS
from .league_problem import STANDARD_ELEMENTS, LeagueProblem
from .problem_data import problem_data, problem_truth

PARTICLE_SCORES = ("precision", "mixing", "distance", "miscibility", "volumes")
"""Groups of `SCORES` that particles are judged by."""

LEAST_DICE = 0.7
"""Dice overlap with the true particle below which a volume shows another body, whose phase diagram is worth
nothing: half of the particle, perfectly reconstructed, overlaps it by 0.67."""


def judge(problem: LeagueProblem, replicate: int, volume: np.ndarray) -> Row:
    """Score one answer.

    Parameters
    ----------
    problem : LeagueProblem
    replicate : int
    volume : ndarray, shape (channel, z, y, x)
        Densities, in the order of the channels of the data: Co, Zn in atoms nm⁻³; ADF in data units per nm.

    Returns
    -------
    dict
        Score to value; None where there is nothing to say. A volume in which no particle is found, one that
        overlaps the true particle by less than `LEAST_DICE`, and a standard without a surface, have no
        primary score.

    Notes
    -----
    A standard is judged as a microscopist would use it: threshold of the edge spread, thickness along the
    beam at 0°, a straight line through the counts of its EDS map. ``cross_section_error`` is the modulus
    of the relative error of the cross-section of Kα, and holds the noise of that map as well, which is the
    same for all solvers.

    Examples
    --------
    >>> problem = LeagueProblem(name="small", design={"specimen": {"size": 32}}, replicates=1)
    >>> truth = problem_truth(problem, 0)
    >>> exact = judge(problem, 0, np.stack([truth.density("Co"), truth.density("Zn")]))
    >>> exact["nrmse_zn"], exact["dice"] > 0.9, exact["zn_fraction_2sigma"] < 1e-6
    (0.0, True, True)
    """
    if problem.kind == "standard":
        return _judged_standard(problem, replicate, volume[0])
    co, zn = volume
    truth, row = problem_truth(problem, replicate), {}
    for group in PARTICLE_SCORES:
        # One score that has nothing to say of a strange volume is no reason to lose the others.
        with suppress(ValueError), np.errstate(all="ignore"):
            row |= score_volumes(zn, co, truth, scores=[group])
    overlap = row.get("dice")
    if not isinstance(overlap, float) or overlap < LEAST_DICE:
        row["phase_diagram_distance"] = None
    return row


def _judged_standard(problem: LeagueProblem, replicate: int, volume: np.ndarray) -> Row:
    element = STANDARD_ELEMENTS[str(problem.design.specimen.particle)]
    material = MATERIALS[STANDARDS[element][1]]
    truth, eds = problem_truth(problem, replicate), problem_data(problem, replicate).map
    if eds is None:
        raise ValueError(f"{problem.name} has no EDS map of its standard")
    spacing_nm, line = truth.grid.spacing_nm, f"{element}_Ka"
    row: Row = {"nrmse": _nrmse_scaled(volume, truth.fill)}
    try:
        threshold = esf_threshold(volume)
        if not np.isfinite(threshold.threshold):
            raise ValueError("no surface")
        thickness = thickness_map(volume, threshold.threshold, spacing_nm=spacing_nm, subvoxel=True)
        row["dice"] = dice(volume > threshold.threshold, truth.fill > 0.5)
        true_nm3 = float(truth.fill.sum(dtype=np.float64)) * truth.grid.voxel_nm3
        row["volume_bias"] = threshold.volume_voxels * truth.grid.voxel_nm3 / true_nm3 - 1.0
        fit = fit_cross_sections(
            {one: [eds.channel(one).data[0]] for one in eds.channels},
            [thickness],
            [material.number_density(element)],
            [float(eds.electrons_per_pixel or np.nan)],
            # Nothing is known about the volumes of any solver: half a voxel.
            thickness_standard_error_nm=0.5 * spacing_nm,
        )[line]
    except ValueError:
        # A volume without a surface, or one so small that no pixel lies inside it.
        return row
    known = MICROSCOPES[problem.design.instrument.microscope].cross_section_barn[line]
    bias = fit.cross_section_barn / known - 1.0
    return row | {"cross_section_bias": bias, "cross_section_error": abs(bias)}


def _nrmse_scaled(volume: np.ndarray, fill: np.ndarray) -> float | None:
    """Error of a volume in unknown units: times the factor that makes it smallest."""
    total = float(np.vdot(volume.astype(np.float64), volume))
    if total == 0:
        return None
    factor = float(np.vdot(volume.astype(np.float64), fill)) / total
    return nrmse(volume * np.float32(factor), fill)
