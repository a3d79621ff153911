"""Error rates and lengths of the sequential decisions, measured: ``python -m`` this module prints them."""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .decision import Decision, Rule

Draw = Callable[[np.random.Generator, int], np.ndarray]
BOUND = 1.0


def _normal(mean: float, spread: float) -> Draw:
    return lambda rng, count: rng.normal(mean, spread, count)


def _lognormal(mean: float, spread: float) -> Draw:
    return lambda rng, count: mean * np.exp(spread * rng.standard_normal(count) - 0.5 * spread**2)


def _student(mean: float, spread: float) -> Draw:
    # Five degrees of freedom have the variance 5/3.
    return lambda rng, count: mean + spread * rng.standard_t(5, count) / np.sqrt(5 / 3)


def _rare(mean: float, share: float, times: float) -> Draw:
    usual = mean / (1 + share * (times - 1))
    return lambda rng, count: (
        usual * np.where(rng.random(count) < share, times, 1.0) * rng.normal(1, 0.02, count)
    )


def _success(share: float) -> Draw:
    return lambda rng, count: (rng.random(count) < share).astype(float)


CASES: tuple[tuple[str, Rule, float, Draw], ...] = (
    ("normal, spread 5 %, mean at the bound", "at_most", BOUND, _normal(1.0, 0.05)),
    ("normal, spread 15 %, mean at the bound", "at_most", BOUND, _normal(1.0, 0.15)),
    ("normal, spread 50 %, mean at the bound", "at_most", BOUND, _normal(1.0, 0.5)),
    ("Student t on 5, spread 15 %, mean at the bound", "at_most", BOUND, _student(1.0, 0.15)),
    ("log-normal, spread 15 %, mean at the bound", "at_most", BOUND, _lognormal(1.0, 0.15)),
    ("log-normal, spread 30 %, mean at the bound", "at_most", BOUND, _lognormal(1.0, 0.3)),
    ("log-normal, spread 60 %, mean at the bound", "at_most", BOUND, _lognormal(1.0, 0.6)),
    ("one in ten twice as large, mean at the bound", "at_most", BOUND, _rare(1.0, 0.1, 2.0)),
    ("bias at the bound, spread 30 % of it", "within", BOUND, _normal(1.0, 0.3)),
    ("share 0.95 where 0.95 is wanted", "share", 0.95, _success(0.95)),
    ("share 0.8 where 0.8 is wanted", "share", 0.8, _success(0.8)),
    ("normal, spread 15 %, mean 0.5 of the bound", "at_most", BOUND, _normal(0.5, 0.075)),
    ("normal, spread 15 %, mean 0.8 of the bound", "at_most", BOUND, _normal(0.8, 0.12)),
    ("normal, spread 15 %, mean 0.9 of the bound", "at_most", BOUND, _normal(0.9, 0.135)),
    ("normal, spread 15 %, mean 0.95 of the bound", "at_most", BOUND, _normal(0.95, 0.1425)),
    ("normal, spread 15 %, mean 1.1 of the bound", "at_most", BOUND, _normal(1.1, 0.165)),
    ("normal, spread 15 %, mean 1.5 of the bound", "at_most", BOUND, _normal(1.5, 0.225)),
    ("unbiased, spread 30 % of the bound", "within", BOUND, _normal(0.0, 0.3)),
    ("share 1 where 0.95 is wanted", "share", 0.95, _success(1.0)),
    ("share 0.99 where 0.95 is wanted", "share", 0.95, _success(0.99)),
    ("share 0.99 where 0.9 is wanted", "share", 0.9, _success(0.99)),
    ("share 0.5 where 0.95 is wanted", "share", 0.95, _success(0.5)),
)
"""What it is, rule, bound and how values are drawn."""


def error_rates(
    *, runs: int = 1000, longest: int = 100, error: float = 0.05, least: int = 4, seed: int = 0
) -> list[dict[str, Any]]:
    """Run every case of `CASES` many times.

    Parameters
    ----------
    runs : int
        Of each case.
    longest : int
        Replicates at most, as ``confidence.max_replicates``.
    error : float
        Error stated for either decision.
    least : int
        Replicates at least.
    seed : int

    Returns
    -------
    list of dict
        ``case``; shares of runs that end in ``pass``, ``fail`` and ``undecided``; ``median`` and
        ``most_often_below``: replicates that half, and nine tenths, of the runs needed.
    """
    rows = []
    for number, (case, rule, bound, draw) in enumerate(CASES):
        rng = np.random.default_rng([seed, number])
        states, counts = [], []
        for _ in range(runs):
            decision = Decision(rule, bound, pass_error=error, fail_error=error, min_count=least)
            for value in draw(rng, longest):
                if decision.add(float(value)) != "undecided":
                    break
            states.append(decision.state)
            counts.append(decision.count)
        shares = {state: states.count(state) / runs for state in ("pass", "fail", "undecided")}
        spread = {"median": float(np.median(counts)), "most_often_below": float(np.quantile(counts, 0.9))}
        rows.append({"case": case, **shares, **spread})
    return rows


if __name__ == "__main__":
    for line in error_rates(runs=int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(json.dumps(line), flush=True)
