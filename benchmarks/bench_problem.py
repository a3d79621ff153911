"""The problems on which solvers are timed: counts of the segregated glass particle."""

from dataclasses import dataclass

import numpy as np

from ..forward import MICROSCOPES, Projector, TiltScheme, simulate
from ..phantoms import Grid, Phantom, make_phantom
from ..recon import Problem, lambda_max
from ..recon.noise_level import poisson_variance
from ..recon.noisy_problem import NoisyProblem, joined
from .experiment import MAPPED_LINES, Experiment

PARTICLE = "segregated"
# λ of a larger problem is that of a smaller one: λ_max takes the memory of some 35 volumes.
LARGEST_LAMBDA_MAX = 256


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One kind of problem.

    Parameters
    ----------
    regulariser : str
        As in `Problem`.
    share : float
        λ over the λ_max of weighted least squares on one channel.
    scale : {"tv", "tv2"}
        Whose λ_max that is.
    data_term : str
        As in `Problem`.
    elements : tuple of str
        Whose maps are reconstructed; several of them jointly.
    """

    regulariser: str
    share: float
    scale: str = "tv"
    data_term: str = "least_squares"
    elements: tuple[str, ...] = ("Co",)


# The shares are about what the discrepancy principle finds for this particle at 31 tilts.
VARIANTS = {
    "tv": Variant(regulariser="tv", share=7e-3),
    "tv2": Variant(regulariser="tv2", share=7e-5, scale="tv2"),
    "tv_tv2": Variant(regulariser="tv_tv2", share=2e-3),
    "tgv2": Variant(regulariser="tgv2", share=7e-3),
    "tv_joint": Variant(regulariser="tv", share=7e-3, elements=("Co", "Zn")),
    "tv_poisson": Variant(regulariser="tv", share=7e-3, data_term="kullback_leibler"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class BenchData:
    """Poisson counts at the default dose, of one size and one number of tilts.

    Parameters
    ----------
    counts : dict of str to ndarray, shape (tilt, y, x)
        Of each element's line.
    per_count : dict of str to float
        Areal density of one count, atoms nm⁻².
    projector : Projector
        Of volumes on the grid of the data.
    """

    counts: dict[str, np.ndarray]
    per_count: dict[str, float]
    projector: Projector

    def problem(self, name: str = "tv") -> Problem:
        """Return a problem of `VARIANTS`, with its λ."""
        variant, lam = VARIANTS[name], self.lam(name)
        parts = [self._problem(element, variant) for element in variant.elements]
        if len(parts) == 1:
            return parts[0].with_lam(lam)
        return joined([NoisyProblem(problem=part, target=0.0) for part in parts]).problem.with_lam(lam)

    def lam(self, name: str) -> float:
        """λ of a problem of `VARIANTS`: its share of λ_max, or that of a problem half the size, scaled."""
        variant = VARIANTS[name]
        size, tilts = self.projector.shape[0], self.projector.angles_deg.size
        scale = Variant(regulariser=variant.scale, share=variant.share)
        if size <= LARGEST_LAMBDA_MAX:
            return variant.share * lambda_max(self._problem("Co", scale)).value
        half = bench_data(size // 2, tilts)
        return half.lam(name) / half._problem("Co", scale).penalty.coarse_lambda

    def _problem(self, element: str, variant: Variant) -> Problem:
        counts, per_count = self.counts[element], self.per_count[element]
        if variant.data_term == "kullback_leibler":
            weights = np.full(counts.shape, 1.0 / per_count, np.float32)
        else:
            variance = np.maximum(poisson_variance(counts, floor=0.0), 1.0)
            weights = (1.0 / (variance * per_count**2)).astype(np.float32)
        return Problem(
            data=(counts * per_count).astype(np.float32),
            weights=weights,
            angles_deg=self.projector.angles_deg,
            spacing_nm=self.projector.spacing_nm,
            projector=self.projector,
            regulariser=variant.regulariser,
            data_term=variant.data_term,
        )


def bench_data(size: int, tilts: int, elements: tuple[str, ...] = ("Co",), seed: int = 0) -> BenchData:
    """Simulate the counts of one line of each element.

    Parameters
    ----------
    size : int
        Voxels along every edge n; the field of view stays that of the published experiment.
    tilts : int
        Projections, evenly from −70° to 70°.
    elements : tuple of str
        Of `MAPPED_LINES`; those of one do not depend on which others there are.
    seed : int
        Of the particle and of the counts.

    Returns
    -------
    BenchData
        Data and reconstruction share one grid: these problems time solvers and say nothing about
        images.

    Examples
    --------
    >>> bench_data(16, 5).problem("tv").data.shape
    (5, 16, 16)
    """
    experiment = Experiment(seed=seed)
    spacing = experiment.field_of_view_nm / size
    particle = make_phantom(
        PARTICLE, Grid.cube(size, spacing_nm=spacing), rng=experiment.stream("bench", "particle")
    )
    scheme = TiltScheme.uniform(-70, 70, tilts)
    found = {
        element: _counts(experiment, particle, scheme, spacing, element)
        for element in dict.fromkeys(("Co", *elements))
    }
    return BenchData(
        counts={element: counts for element, (counts, _) in found.items()},
        per_count={element: per_count for element, (_, per_count) in found.items()},
        projector=Projector(shape=(size, size), angles_deg=scheme.angles_deg, spacing_nm=spacing),
    )


def _counts(
    experiment: Experiment, particle: Phantom, scheme: TiltScheme, spacing: float, element: str
) -> tuple[np.ndarray, float]:
    """Counts of one line, and the areal density of one count."""
    line = MAPPED_LINES[element]
    stream = ("bench", "counts") if element == "Co" else ("bench", "counts", element)
    series = simulate(
        particle,
        scheme=scheme,
        microscope=experiment.microscope,
        signal="eds",
        lines=line,
        beam_current_na=experiment.beam_current_na,
        dwell_s=experiment.eds_dwell_s * (spacing / 5.0) ** 2,
        binning=1,
        inverse_crime=True,
        rng=experiment.stream(*stream),
    )
    barn = MICROSCOPES[experiment.microscope].cross_section_barn[line]
    return series.data, 1.0 / (float(series.electrons_per_pixel or np.nan) * barn * 1e-10)
