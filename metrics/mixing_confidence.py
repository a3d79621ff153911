"""Probability that a particle is interdiffused, from what its volume shows: a calibrated logistic rule."""

from dataclasses import dataclass

import numpy as np

# Fitted by `python -m glasstomo.benchmarks.mixing_calibration` to its replicates 0 to 17 and judged on 100 to
# 117; docs/phase_diagrams.md has the reliability curve. Intercept, then one weight for each term.
WEIGHTS = (-1.46, 0.82, -4.10, 1.50)

# No rule earns more trust than the particles it was judged on: of some 600 verdicts, an error of one in 200
# would have shown itself in 19 of 20 such judgements.
MOST_CERTAIN = 0.995


@dataclass(frozen=True, kw_only=True)
class MixingEvidence:
    """What a volume shows of the mixing state.

    Attributes
    ----------
    thick_share : float
        Share of the interior that is mixed and farther from every pure voxel than blur explains.
    sharpness : float
        Root-mean-square change of the fraction between smoothing by one resolution and by two. A sharp
        interface, and a texture finer than the resolution can hold apart, keep it high; what diffused over
        more than the resolution changes little.
    spread : float
        Standard deviation of the smoothed fraction over the interior.
    coarseness : float
        `reach_voxels` over the radius of the sphere of the particle's volume: at 0.2 there is room for
        thick regions, at 0.6 hardly any.
    """

    thick_share: float
    sharpness: float
    spread: float
    coarseness: float

    def terms(self, decisive_share: float = 0.06) -> np.ndarray:
        """Return the terms of the log-odds, (4,): 1 and three logarithms.

        The offsets of 0.01 and 0.02 are what counting leaves of sharpness and spread in the best volumes:
        below them differences say nothing.
        """
        return np.array(
            [
                1.0,
                np.log(np.clip(self.thick_share, 1e-3, 1.0) / decisive_share),
                np.log((self.sharpness + 0.01) / 0.1),
                (self.coarseness / 0.4) ** 2 * np.log((self.spread + 0.02) / 0.2),
            ]
        )


def interdiffused_probability(
    evidence: MixingEvidence,
    *,
    decisive_share: float = 0.06,
    weights: tuple[float, ...] | np.ndarray = WEIGHTS,
) -> float:
    """Probability that a particle with this evidence is interdiffused rather than segregated.

    Parameters
    ----------
    evidence : MixingEvidence
        What its volume shows.
    decisive_share : float
        Unit of `thick_share`.
    weights : sequence of float
        (4,) weights of the terms.

    Returns
    -------
    float
        0.005 to 0.995.

    Notes
    -----
    log odds = w₀ + w₁ ln(thick/0.06) + w₂ ln((sharpness + 0.01)/0.1)
    + w₃ (coarseness/0.4)² ln((spread + 0.02)/0.2).

    The last term is doubt: a fraction that hardly varies is a mixture where the resolution would have shown
    parts, and says little where it would not. Fitting a logistic function of scores to outcomes makes them
    probabilities (J. C. Platt, in Advances in Large Margin Classifiers, MIT Press 2000, p. 61): over the
    particles, doses and textures that it was fitted to. Where all are finer textures, or all lower doses,
    it is too sure.

    Examples
    --------
    >>> sharp = MixingEvidence(thick_share=0.001, sharpness=0.09, spread=0.42, coarseness=0.2)
    >>> mixed = MixingEvidence(thick_share=0.4, sharpness=0.03, spread=0.26, coarseness=0.25)
    >>> interdiffused_probability(sharp) < 0.05, interdiffused_probability(mixed) > 0.95
    (True, True)
    """
    score = float(np.dot(weights, evidence.terms(decisive_share)))
    probability = 1.0 / (1.0 + np.exp(-np.clip(score, -50.0, 50.0)))
    return float(np.clip(probability, 1.0 - MOST_CERTAIN, MOST_CERTAIN))
