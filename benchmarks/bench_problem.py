"""The problem on which solvers are timed: cobalt counts of the segregated glass particle."""

from dataclasses import replace

import numpy as np

from ..forward import MICROSCOPES, Projector, TiltScheme, simulate
from ..phantoms import Grid, make_phantom
from ..recon import Problem, lambda_max
from ..recon.noise_level import poisson_variance
from .experiment import MAPPED_LINES, Experiment

# λ over λ_max: what the discrepancy principle finds for this particle at n = 64 and 31 tilts, rounded.
LAMBDA_FRACTION = {"tv": 7e-3, "tv2": 7e-5}
PARTICLE = "segregated"


def bench_problem(size: int, tilts: int, seed: int = 0) -> Problem:
    """Poisson counts of one line at the default dose, in atoms nm⁻², weighted by their variance.

    Parameters
    ----------
    size : int
        Voxels along every edge n; the field of view stays that of the published experiment.
    tilts : int
        Projections, evenly from −70° to 70°.
    seed : int
        Of the particle and of the counts.

    Returns
    -------
    Problem
        With total variation and λ = 0; see `with_regulariser`. Data and reconstruction share one
        grid: this problem times solvers and says nothing about images.

    Examples
    --------
    >>> bench_problem(16, 5).data.shape
    (5, 16, 16)
    """
    experiment = Experiment(seed=seed)
    spacing = experiment.field_of_view_nm / size
    particle = make_phantom(
        PARTICLE, Grid.cube(size, spacing_nm=spacing), rng=experiment.stream("bench", "particle")
    )
    line = MAPPED_LINES["Co"]
    series = simulate(
        particle,
        scheme=TiltScheme.uniform(-70, 70, tilts),
        microscope=experiment.microscope,
        signal="eds",
        lines=line,
        beam_current_na=experiment.beam_current_na,
        dwell_s=experiment.eds_dwell_s * (spacing / 5.0) ** 2,
        binning=1,
        inverse_crime=True,
        rng=experiment.stream("bench", "counts"),
    )
    barn = MICROSCOPES[experiment.microscope].cross_section_barn[line]
    variance = np.maximum(poisson_variance(series.data, floor=0.0), 1.0)
    per_count = 1.0 / (float(series.electrons_per_pixel or np.nan) * barn * 1e-10)
    projector = Projector(shape=(size, size), angles_deg=series.angles_deg, spacing_nm=spacing)
    return Problem(
        data=(series.data * per_count).astype(np.float32),
        weights=(1.0 / (variance * per_count**2)).astype(np.float32),
        angles_deg=series.angles_deg,
        spacing_nm=spacing,
        projector=projector,
    )


def with_regulariser(problem: Problem, regulariser: str) -> Problem:
    """Return the same problem with a regulariser and the λ of `LAMBDA_FRACTION`.

    Parameters
    ----------
    problem : Problem
        Any.
    regulariser : {"tv", "tv2"}
        R.
    """
    problem = replace(problem, regulariser=regulariser)
    return problem.with_lam(LAMBDA_FRACTION[regulariser] * lambda_max(problem).value)
