"""λ by the noise alone: as much regularisation as holds back what noise does to a voxel."""

import numpy as np

from ..problem import Problem

# λ of least error of the volume over the pull of the noise: read off a particle for TV and TV², in proportion
# to these for the others.
_LEAST_ERROR = {"tv": 1.4, "tv2": 0.4, "tv_tv2": 0.8, "tgv2": 1.2}


def noise_lambda(problem: Problem) -> float:
    """λ that balances the noise which a typical voxel sees; found without a single solve.

    Parameters
    ----------
    problem : Problem
        Its weights tell the noise; its own λ is not used.

    Returns
    -------
    float

    Notes
    -----
    λ = c p, with p the `noise_pull` and c a constant of the regulariser. A voxel takes part in the noise
    when the slope of the data term, which noise moves by p, exceeds what the regulariser can hold
    against it, some multiple of λ: the reasoning behind universal thresholds [1]_ [2]_. Theory gives the
    constant for orthogonal designs only, so that c is read off simulated particles (`docs/solvers.md`).

    References
    ----------
    .. [1] D. L. Donoho, I. M. Johnstone, Biometrika 81, 425 (1994), doi:10.1093/biomet/81.3.425
    .. [2] C. Giacobino, S. Sardy, J. Diaz-Rodriguez, N. Hengartner, Electron. J. Stat. 11, 4701 (2017),
       doi:10.1214/17-EJS1366

    Examples
    --------
    >>> one = Problem(data=np.ones((5, 8, 4)), angles_deg=np.linspace(-60, 60, 5), spacing_nm=1.0)
    >>> noisier = Problem(data=one.data, angles_deg=one.angles_deg, spacing_nm=1.0, weights=one.weights / 4)
    >>> round(noise_lambda(noisier) / noise_lambda(one), 3)  # twice the noise, weights a quarter
    0.5
    """
    return _LEAST_ERROR[problem.regulariser] * noise_pull(problem)


def noise_pull(problem: Problem) -> float:
    """How far noise moves the slope of the data term at a typical voxel.

    Noise moves the slope of the data term at voxel j by ``sqrt(Σ_i w_i (g P)_ij²)``, with w the
    curvature of the data term: inverse variances, or for counts what comes to the same. The median over
    the voxels which the data see best is returned. Of several channels it is the root mean square after
    division by the weight of each in the regulariser.
    """
    # Each pixel's shadow spreads over about two bins per tilt, with weights that sum to spacing.
    curvature = problem.fidelity.curvature * problem.column_gain
    pull = problem.adjoint(curvature) * np.float32(0.5 * problem.spacing_nm)
    signal = problem.adjoint(np.abs(problem.data))
    weights = np.ones(1) if problem.channels is None else problem.channel_weights
    squares = []
    for one, seen, weight in zip(
        pull.reshape(-1, *problem.grid), signal.reshape(-1, *problem.grid), weights, strict=True
    ):
        if seen.any():
            squares.append(float(np.median(one[seen >= 0.5 * seen.max()])) / weight**2)
    return float(np.sqrt(np.mean(squares))) if squares else 1.0
