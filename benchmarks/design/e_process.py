"""Evidence that may be looked at after every replicate: e-processes for means and probabilities.

An e-process of a hypothesis starts at 1 and, while the hypothesis is true, exceeds 1/α at any time of a run
of any length with a probability of at most α (Ville's inequality). One may therefore stop at will.
"""

import math
from collections.abc import Sequence

# Variances of the effect size (difference over standard deviation) that the evidence about a mean is
# averaged over: replicates that scatter as widely as the margin, and ones that scatter far less.
EFFECT_VARIANCES = (0.5, 30.0)
# Weight of "never a failure" in the evidence for a probability.
PERFECT_WEIGHT = 0.5


def mean_evidence(values: Sequence[float], bound: float, *, above: bool, extra: float = 0.0) -> float:
    """Evidence that the mean of normal values of unknown spread lies above, or below, a bound.

    Parameters
    ----------
    values : sequence of float
        So far, in order.
    bound : float
        The mean under the hypothesis.
    above : bool
        Whether evidence is sought for a mean above `bound`, else below it.
    extra : float
        Sum of squares added to that of the values about their mean, against few values that agree by
        chance. It only takes evidence away.

    Returns
    -------
    float
        An e-process of "the mean is `bound`"; since it falls as the bound moves towards the values, it
        tests every mean beyond the bound as well.

    Notes
    -----
    With d = x̄ − bound towards the side that is asked for, S₀ = Σ(xᵢ − bound)², an effect size δ ~ N(0, g) cut
    to δ > 0 and the right Haar prior dσ/σ for the spread, the likelihood ratio of the scale-invariant data is

        E = 2 F(c √(n/S); n) (1 + n g)^(−1/2) (S₀/S)^(n/2),
        c = n d / √(n + 1/g),  S = S₀ − n² d²/(n + 1/g),

    with F(·; n) the cumulative t distribution on n degrees of freedom. It is averaged over two g.

    References
    ----------
    T. L. Lai, Ann. Stat. 4, 265 (1976), doi:10.1214/aos/1176343406.
    H. Wang, A. Ramdas, Sequential Analysis 44, 56 (2025), doi:10.1080/07474946.2024.2425764.
    M. F. Pérez-Ortiz et al., Ann. Stat. 52, 1410 (2024), doi:10.1214/24-AOS2394.

    Examples
    --------
    >>> mean_evidence([0.019, 0.021, 0.020, 0.022], 0.030, above=False) > 20
    True
    """
    n = len(values)
    if n == 0:
        return 1.0
    mean = math.fsum(values) / n
    towards = (mean - bound) if above else (bound - mean)
    scatter = math.fsum((value - mean) ** 2 for value in values)
    return t_evidence(n, towards, scatter + extra)


def t_evidence(n: int, towards: float, scatter: float) -> float:
    """`mean_evidence` from the difference of the mean and Σ(xᵢ − x̄)².

    Parameters
    ----------
    n : int
        Number of values.
    towards : float
        Mean less bound, positive on the side that evidence is sought for.
    scatter : float
        Sum of squares about the mean.
    """
    from scipy.special import stdtr

    if towards == 0.0 and scatter == 0.0:
        return 1.0
    # All that counts is the ratio; scaled so that squares neither overflow nor vanish.
    size = max(abs(towards), math.sqrt(scatter))
    towards, scatter = towards / size, scatter / size / size
    about_bound = scatter + n * towards**2
    total = 0.0
    for variance in EFFECT_VARIANCES:
        shrunk = n + 1.0 / variance
        rest = scatter + n * towards**2 / (1.0 + n * variance)
        side = float(stdtr(n, n * towards / math.sqrt(shrunk) * math.sqrt(n / rest)))
        power = 0.5 * n * math.log(about_bound / rest) - 0.5 * math.log1p(n * variance)
        total += 2.0 * side * math.exp(min(power, 700.0))
    return total / len(EFFECT_VARIANCES)


def share_evidence(right: int, count: int, bound: float, *, above: bool, target: float) -> float:
    """Evidence that a probability lies above, or below, a bound.

    Parameters
    ----------
    right, count : int
        Successes and trials so far.
    bound : float
        The probability under the hypothesis, in (0, 1).
    above : bool
        Whether evidence is sought for a probability above `bound`, else below it.
    target : float
        The probability that is wanted, in (0, 1); the evidence for more grows fastest between it and 1.

    Returns
    -------
    float
        An e-process of "the probability is `bound`"; it is 0 where the successes point the other way, so
        that beyond its zeros it falls as the bound moves towards them, and tests every probability beyond
        the bound as well.

    Notes
    -----
    Likelihood ratios of k successes in n trials averaged over Beta(a, b) alternatives,
    B(a + k, b + n − k)/B(a, b) / (pᵏ (1 − p)ⁿ⁻ᵏ). Below the bound a = b = ½. Above it the alternatives have
    the mean (1 + target)/2 and a + b = 2/(1 − target); half of the weight lies on the probability 1, whose
    ratio is p⁻ⁿ until the first failure.

    References
    ----------
    H. Robbins, Ann. Math. Stat. 41, 1397 (1970), doi:10.1214/aoms/1177696786.
    S. R. Howard et al., Ann. Stat. 49, 1055 (2021), doi:10.1214/20-AOS1991.

    Examples
    --------
    >>> share_evidence(66, 66, 0.95, above=True, target=0.95) > 20
    True
    """
    if count == 0:
        return 1.0
    wrong = count - right
    if (right <= bound * count) if above else (right >= bound * count):
        return 0.0
    null = right * math.log(bound) + wrong * math.log1p(-bound)
    if not above:
        return _exp(_log_beta(0.5 + right, 0.5 + wrong) - _log_beta(0.5, 0.5) - null)
    a, b = (1.0 + target) / (1.0 - target), 1.0
    mixed = _exp(_log_beta(a + right, b + wrong) - _log_beta(a, b) - null)
    perfect = _exp(-null) if wrong == 0 else 0.0
    return PERFECT_WEIGHT * perfect + (1.0 - PERFECT_WEIGHT) * mixed


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _exp(power: float) -> float:
    return math.exp(min(power, 700.0))
