"""A small statistical model of the scores over a search space, to guess which designs may do.

It proposes designs to try and decides nothing.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .estimates import Estimate
from .search_space import Dimension, SearchSpace, Setting

# Prior standard deviations on the scale of log(score / bound), per width of the range.
_PRIOR = {"constant": 3.0, "linear": 4.0, "square": 1.5, "product": 1.0}
_LEAST_MISFIT = 0.05


class Surrogate:
    """Bayesian regressions of every wanted score on the varied fields.

    Parameters
    ----------
    space : SearchSpace
    observed : sequence of (setting, estimates)
        What was tried, and what came of it (`estimates`).

    Notes
    -----
    y = log(score / bound) ~ φ(u)ᵀ β with φ = (1, u, u², u_i u_j) over the unit cube (a choice has one
    indicator for each word), where ranges of positive numbers are taken in logarithms: counting noise makes
    scores power laws of dose. β is normal with the prior above; each y has the variance of its replicates,
    a misfit taken from the residuals, and more the farther it lies from its bound, since only the boundary
    has to be right. Scores are taken as independent.
    """

    def __init__(
        self, space: SearchSpace, observed: Sequence[tuple[Setting, Mapping[str, Estimate]]]
    ) -> None:
        self.space = space
        names = sorted({name for _, found in observed for name in found})
        self._fits = [self._fit(name, observed) for name in names]

    def _fit(self, name: str, observed: Sequence[tuple[Setting, Mapping[str, Estimate]]]) -> Any:
        pairs = [(setting, found[name].logit) for setting, found in observed if name in found]
        features, prior = self._features([setting for setting, _ in pairs])
        y = np.array([value for _, (value, _) in pairs])
        noise = np.array([error for _, (_, error) in pairs]) ** 2
        noise += (0.3 * np.maximum(np.abs(y) - 1.0, 0.0)) ** 2
        misfit = _LEAST_MISFIT
        for _ in range(2):
            weight = 1.0 / (noise + misfit**2)
            covariance = np.linalg.inv(features.T @ (weight[:, None] * features) + np.diag(prior**-2.0))
            beta = covariance @ (features.T @ (weight * y))
            residual = y - features @ beta
            excess = float(np.average(residual**2 - noise, weights=weight))
            misfit = max(_LEAST_MISFIT, math.sqrt(max(excess, 0.0)))
        return beta, covariance, misfit

    def _features(self, settings: Sequence[Setting]) -> tuple[np.ndarray, np.ndarray]:
        columns: list[np.ndarray] = []
        scales: list[float] = []
        numeric = []
        for dimension in self.space.dimensions:
            values = [setting[dimension.name] for setting in settings]
            if dimension.choices:
                columns += [np.array([float(value == c) for value in values]) for c in dimension.choices[1:]]
                scales += [_PRIOR["linear"]] * (len(dimension.choices) - 1)
            else:
                numeric.append(np.array([_log_place(dimension, float(value)) for value in values]))
        columns += numeric
        scales += [_PRIOR["linear"]] * len(numeric)
        for i, first in enumerate(numeric):
            for j, second in enumerate(numeric[i:], i):
                columns.append(first * second)
                scales.append(_PRIOR["square" if i == j else "product"])
        columns.insert(0, np.ones(len(settings)))
        scales.insert(0, _PRIOR["constant"])
        return np.stack(columns, axis=1), np.array(scales)

    def chances(self, settings: Sequence[Setting], *, margin: float = 0.0) -> np.ndarray:
        """Return the probability that each setting meets every bound, (n,).

        Parameters
        ----------
        settings : sequence of dict
            Where to ask.
        margin : float
            Share of its bound by which every score has to keep below it.
        """
        from scipy.special import ndtr

        features, _ = self._features(settings)
        chance = np.ones(len(settings))
        for beta, covariance, misfit in self._fits:
            mean = features @ beta
            variance = np.einsum("ij,jk,ik->i", features, covariance, features) + misfit**2
            chance *= ndtr((math.log1p(-margin) - mean) / np.sqrt(variance))
        return chance


def _log_place(dimension: Dimension, value: float) -> float:
    """Place in the range, between -1 and 1, by logarithms where the range allows."""
    if dimension.low > 0:
        place = math.log(value / dimension.low) / math.log(dimension.high / dimension.low)
    else:
        place = (value - dimension.low) / (dimension.high - dimension.low)
    return 2 * place - 1
