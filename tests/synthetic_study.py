"""Tables of studies that were never run: scores by formulas, replicates with common random numbers."""

import itertools

import numpy as np
import pandas as pd
from glasstomo.benchmarks.study.columns import COLUMNS

LEADING = ("cell", "index")


def synthetic_rows(
    *,
    tilts: tuple[float, ...] = (15, 30, 45, 60, 75),
    fluence: tuple[float, ...] = (1e6, 1e7, 1e8, 1e9, 1e10),
    particles: tuple[str, ...] = ("segregated", "flux_melted"),
    methods: tuple[str, ...] = ("tv", "tv2"),
    replicates: int = 4,
    seed: int = 0,
    noise: float = 0.15,
) -> pd.DataFrame:
    """Rows as a study writes them: tilts × fluence × particle × method × replicate.

    The ±2σ of the zinc fraction is 0.02 · sqrt(1 + (3e8 / fluence) + (20 / tilts)^2), times 0.8 for tv2,
    times a factor that all settings of a replicate share (common random numbers) and some of its own.
    """
    shared = np.random.default_rng([seed, 1]).normal(0, noise, (replicates, len(particles)))
    rng = np.random.default_rng([seed, 2])
    rows = []
    cells = itertools.product(range(replicates), enumerate(particles), tilts, fluence, methods)
    for index, (replicate, (which, particle), count, dose, method) in enumerate(cells):
        size = np.sqrt(1 + 3e8 / dose + (20 / count) ** 2) * (0.8 if method == "tv2" else 1.0)
        luck = np.exp(shared[replicate, which] + rng.normal(0, noise / 5))
        melted = particle == "flux_melted"
        error = rng.normal(0, 0.01) * size
        rows.append(
            {
                **dict.fromkeys(COLUMNS),
                "cell": f"{index:016x}",
                "index": index,
                "specimen_particle": particle,
                "tilts_count": count,
                "beam_total_fluence_e_nm2": dose,
                "method": method,
                "replicate": replicate,
                "seed": seed,
                "design_key": f"{index % 100:016x}",
                "status": "done",
                "solver_status": "converged",
                "zn_fraction_2sigma": 0.02 * size * luck,
                "density_2sigma": 0.4 * size * luck,
                "zn_fraction_bias": error,
                "density_bias": -0.1 * size * (1 + 0.1 * rng.normal()),
                "single_phase_voxels": 400,
                "mixing_state": particle,
                "mixing_state_true": "interdiffused" if melted else "segregated",
                "mixing_state_right": float(rng.random() < 1 / (1 + (1e7 / dose) ** 0.7)),
                "mixing_state_confidence": 0.9,
                "phase_diagram_distance": 0.05 * size,
                "miscibility_limit": 0.55 + error if melted else None,
                "miscibility_limit_true": 0.55 if melted else None,
                "miscibility_limit_error": error if melted else None,
                "tilts": int(count),
                "total_fluence_e_nm2": dose,
                "minutes": count * (0.5 + 0.3 * np.log10(dose)),
                "seconds": 1.2,
                "worker": "tcp://127.0.0.1:40001",
                "versions": "glasstomo 0.1.0, numpy 2.4.6",
                "study_key": "0123456789abcdef",
            }
        )
    frame = pd.DataFrame(rows)
    factors = ["specimen_particle", "tilts_count", "beam_total_fluence_e_nm2"]
    rest = [name for name in COLUMNS if name not in LEADING]
    return frame[[*LEADING, *factors, *rest]]


def with_failures(rows: pd.DataFrame, every: int = 17) -> pd.DataFrame:
    """Make every n-th cell fail, with one of two reasons."""
    failed = np.arange(len(rows)) % every == 0
    rows = rows.copy()
    scores = [name for name in COLUMNS if name not in (*LEADING, "method", "replicate", "seed")]
    rows.loc[
        failed, [name for name in scores if name not in ("status", "reason", "study_key", "versions")]
    ] = None
    rows.loc[failed, "status"] = "failed"
    rows.loc[failed, "reason"] = np.where(
        np.flatnonzero(failed) % 2 == 0, "KilledWorker: out of memory", "ValueError: counts beyond 2**31"
    )
    return rows
