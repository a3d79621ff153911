"""How far the confidence of a mixing state can be trusted: particles of known state at falling dose.

``python -m glasstomo.benchmarks.mixing_calibration`` draws particles of five kinds, takes their series at
doses down to where nothing can be told, fits the weights of `glasstomo.metrics.mixing_confidence` to one half
and judges the other: share of right verdicts by kind and dose, reliability curve, Brier score.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import click
import numpy as np

from ..forward import MICROSCOPES
from ..metrics import mixing_state, particle_mask
from ..metrics.mixing_confidence import MixingEvidence
from ..metrics.reliability_curve import Reliability, reliability
from ..recon import reconstruct
from .design import Design
from .design.trial import eds_counts

Row = dict[str, Any]

DOSES_E_NM2 = (7.5e8, 2e7, 3e6, 6e5, 1.5e5, 4e4, 1e4)
"""Total fluences; the first is the default of a design."""

FITTED_FROM_E_NM2 = 4e4
"""Weights are fitted to this fluence and more: below, what is found is no particle but its noise."""

JUDGED_FROM = 100
"""Replicates from this number on judge what the others were fitted to."""

# Domains of a texture are half a wavelength across: 120 down to 45 nm.
WAVELENGTHS_NM = (160.0, 240.0, 120.0, 90.0)

KINDS: dict[str, tuple[str, str]] = {
    "segregated": ("segregated", "segregated"),
    "textured": ("textured", "segregated"),
    "flux_melted": ("flux_melted", "interdiffused"),
    "interdiffused": ("interdiffused", "interdiffused"),
    "homogeneous": ("interdiffused", "interdiffused"),
}
"""Phantom and true state of every kind; a homogeneous one has diffused over 1 µm."""


def options_of(kind: str, replicate: int) -> dict[str, float]:
    """Return the options of a phantom that make it a particle of this kind."""
    if kind == "textured":
        return {"wavelength_nm": WAVELENGTHS_NM[replicate % len(WAVELENGTHS_NM)]}
    return {"diffusion_length_nm": 1000.0} if kind == "homogeneous" else {}


def look(zn: np.ndarray, co: np.ndarray) -> Row:
    """Return the verdict on two volumes, atoms nm⁻³; the state is "none" where no particle is found."""
    try:
        mask, _ = particle_mask(np.add(zn, co, dtype=np.float64), errors=False)
        found = mixing_state(zn, co, interior=mask)
    except ValueError:
        return {"state": "none", "likeliest": "none", "confidence": 0.5, "evidence": None}
    return {
        "state": found.state,
        "likeliest": found.likeliest,
        "confidence": found.confidence,
        "evidence": found.evidence,
    }


def particles(
    *, size: int, replicates: Sequence[int], kinds: Sequence[str], doses: Sequence[float], method: str = "tv2"
) -> Iterator[Row]:
    """Draw, measure and judge particles: one row per kind, dose and replicate.

    Parameters
    ----------
    size : int
        Voxels along every edge of a field of view of 480 nm.
    replicates : sequence of int
        Numbers of the particles.
    kinds : sequence of str
        Of `KINDS`.
    doses : sequence of float
        Total fluences, e nm⁻².
    method : str
        Of `glasstomo.recon.METHODS`; λ by the discrepancy principle.

    Yields
    ------
    dict
        ``kind``, ``dose``, ``replicate``, ``truth``, and what `look` tells.
    """
    sections = MICROSCOPES["osiris"].cross_section_barn
    for replicate in replicates:
        for kind in kinds:
            name, truth = KINDS[kind]
            specimen = {"particle": name, "size": size, "options": options_of(kind, replicate)}
            for dose in doses:
                design = Design(specimen=specimen, beam={"total_fluence_e_nm2": dose})  # type: ignore[arg-type]
                series = eds_counts(design, replicate=replicate, seed=0)
                volumes = reconstruct(series, method, cross_section_barn=sections, gap=1e-2)
                verdict = look(volumes.channel("Zn_Ka"), volumes.channel("Co_Ka"))
                yield {"kind": kind, "dose": dose, "replicate": replicate, "truth": truth, **verdict}


def fit_weights(rows: Sequence[Row], *, ridge: float = 0.003) -> np.ndarray:
    """Fit the weights of `interdiffused_probability` by penalised maximum likelihood.

    Parameters
    ----------
    rows : sequence of dict
        As from `particles`; those below `FITTED_FROM_E_NM2`, without a particle or without a choice between
        the two states are left out.
    ridge : float
        Weight of the squares of all but the intercept: weights stay finite where states separate entirely.

    Returns
    -------
    numpy.ndarray
        (4,) weights.
    """
    from scipy.optimize import minimize

    chosen = [
        row
        for row in rows
        if row["likeliest"] in ("segregated", "interdiffused")
        and row["dose"] >= FITTED_FROM_E_NM2
        and _stands_out(row)
    ]
    if len({row["truth"] for row in chosen}) < 2:
        raise ValueError("weights need particles of both states, got one or none; draw more replicates")
    terms = np.array([row["evidence"].terms() for row in chosen])
    mixed = np.array([row["truth"] == "interdiffused" for row in chosen], dtype=float)

    def loss(weights: np.ndarray) -> float:
        score = terms @ weights
        return float(np.mean(np.logaddexp(0, score) - mixed * score) + 0.5 * ridge * np.sum(weights[1:] ** 2))

    return minimize(loss, np.zeros(terms.shape[1])).x


def judged(rows: Sequence[Row]) -> Reliability:
    """Reliability of the likeliest state of the rows that judge, wherever a particle stands out."""
    chosen = [row for row in rows if row["replicate"] >= JUDGED_FROM and _stands_out(row)]
    stated = np.array([row["confidence"] for row in chosen])
    right = np.array([row["likeliest"] == row["truth"] for row in chosen], dtype=bool)
    return reliability(stated, right, edges=(0.0, 0.5, 0.625, 0.75, 0.875, 0.95, 0.99, 1.0))


def by_dose(rows: Sequence[Row]) -> dict[str, dict[float, tuple[int, int, int]]]:
    """Count right, undecided and wrong verdicts of every kind and dose; no particle found is undecided."""
    table: dict[str, dict[float, tuple[int, int, int]]] = {}
    for row in rows:
        right, open_, wrong = table.setdefault(row["kind"], {}).get(row["dose"], (0, 0, 0))
        is_right, is_open = row["state"] == row["truth"], row["state"] in ("undecided", "none")
        table[row["kind"]][row["dose"]] = (
            right + is_right,
            open_ + is_open,
            wrong + (not is_right and not is_open),
        )
    return table


def as_text(rows: Sequence[Row]) -> str:
    """Return the tables in Markdown: verdicts by kind and dose, reliability, Brier score."""
    doses = sorted({row["dose"] for row in rows}, reverse=True)
    lines = ["| right / undecided / wrong | " + " | ".join(f"{d:.2g}" for d in doses) + " |"]
    lines += ["|---|" + "---:|" * len(doses)]
    for kind, cells in by_dose(rows).items():
        shown = (" / ".join(map(str, cells[d])) if d in cells else "" for d in doses)
        lines += [f"| {kind} | " + " | ".join(shown) + " |"]
    found = judged(rows)
    lines += ["", "| stated | right | 95 % interval | verdicts |", "|---:|---:|---:|---:|"]
    for values in zip(
        found.mean_confidence, found.share_right, found.low, found.high, found.counts, strict=True
    ):
        lines += ["| {:.3f} | {:.3f} | {:.3f} to {:.3f} | {} |".format(*values)]
    lines += ["", f"Brier score {found.brier:.3f}; of it miscalibration {found.miscalibration:.4f}."]
    return "\n".join(lines)


def _stands_out(row: Row) -> bool:
    return isinstance(row["evidence"], MixingEvidence) and row["confidence"] > 0.5


@click.command()
@click.option("--size", default=32, show_default=True, help="Voxels along every edge.")
@click.option("--replicates", default=10, show_default=True, help="Particles of each kind, of either half.")
@click.option("--method", default="tv2", show_default=True, help="How volumes are reconstructed.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows instead, one a line.")
def main(size: int, replicates: int, method: str, as_json: bool) -> None:
    """Judge particles of known state, and fit the weights of the confidence.

    Example: python -m glasstomo.benchmarks.mixing_calibration --replicates 4
    """
    if not 1 <= replicates <= JUDGED_FROM:
        raise click.BadParameter(f"must be 1 to {JUDGED_FROM}, got {replicates}", param_hint="--replicates")
    numbers = [half + i for i in range(replicates) for half in (0, JUDGED_FROM)]
    rows = []
    for row in particles(size=size, replicates=numbers, kinds=tuple(KINDS), doses=DOSES_E_NM2, method=method):
        rows.append(row)
        if as_json:
            seen = row["evidence"]
            click.echo(json.dumps({**row, "evidence": None if seen is None else vars(seen)}))
    if not as_json:
        click.echo(as_text(rows))
        weights = fit_weights([row for row in rows if row["replicate"] < JUDGED_FROM])
        click.echo("Weights of the fitted half: " + ", ".join(f"{w:.2f}" for w in weights))


if __name__ == "__main__":
    main()
