"""Columns of a peak fit: which lines move together, and the background under them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..xray_lines import LINES
from .peak_fit import Design, PeakFit
from .spectrum_series import SpectrumPart

# A line whose share inside the band is smaller is left out: it could not be fitted.
LEAST_SHARE = 1e-4


def fit_bands(
    lines: Sequence[str], *, fwhm_kev: Callable[[float], float], margin_fwhm: float
) -> list[tuple[float, float, tuple[str, ...]]]:
    """Bands of energy around lines, overlapping ones joined.

    Returns
    -------
    list of (float, float, tuple of str)
        Lower and upper edge, keV, and the lines inside, by rising energy.

    Examples
    --------
    >>> fit_bands(["Zn_Ka", "N_Ka", "Co_Ka"], fwhm_kev=lambda energy: 0.15, margin_fwhm=6.0)
    [(-0.5076, 1.2924, ('N_Ka',)), (6.03032, 9.53886, ('Co_Ka', 'Zn_Ka'))]
    """
    bands: list[tuple[float, float, tuple[str, ...]]] = []
    for line in sorted(lines, key=lambda name: LINES[name].energy_kev):
        energy = LINES[line].energy_kev
        reach = margin_fwhm * fwhm_kev(energy)
        low, high, members = energy - reach, energy + reach, (line,)
        if bands and low < bands[-1][1]:
            last = bands.pop()
            low, high, members = min(low, last[0]), max(high, last[1]), (*last[2], line)
        bands.append((round(low, 9), round(high, 9), members))
    return bands


def fit_design(
    lines: Sequence[str],
    *,
    parts: Sequence[SpectrumPart],
    templates: np.ndarray,
    part_gains: Mapping[str, float],
    channels: slice,
    fit: PeakFit,
) -> Design:
    """Set up the linear model of one band.

    Parameters
    ----------
    lines : sequence of str
        Lines asked for.
    parts, templates
        What spectra are made of, as in `SpectrumSeries`.
    part_gains : dict
        Relative gain of each line at the tilt fitted, for the ratios of tied lines.
    channels : slice
        The band.
    fit : PeakFit

    Returns
    -------
    Design

    Notes
    -----
    A line asked for has an amplitude of its own. The others of its element and shell follow the
    strongest of these in the ratio of cross-sections times gains (`PeakFit.tied`). Lines of other
    elements get one amplitude per element and shell. The background is the bremsstrahlung's shape
    times a polynomial.
    """
    shapes = {part.name: template for part, template in zip(parts, templates, strict=True)}
    strength: dict[str, float] = {}
    for part in parts:
        if part.kind != "bremsstrahlung":
            # A line of the specimen and of the column share one shape, hence one amplitude.
            strength[part.name] = strength.get(part.name, 0.0) + part.weight * part_gains.get(part.name, 1.0)
    families = _families(lines, strength, fit.tied)
    columns = []
    names = []
    for name, members in families.items():
        column = sum(share * shapes[member] for member, share in members.items())
        inside = np.asarray(column)[channels]
        if name in lines or inside.sum() > LEAST_SHARE * np.sum(column):
            columns.append(inside)
            names.append(name)
    background = _background(parts, templates, channels, fit.background_degree)
    names += [f"background {degree}" for degree in range(len(background))]
    return Design(
        names=tuple(names),
        columns=np.stack([*columns, *background], axis=1),
        channels=channels,
        wanted=len(lines),
    )


def _families(lines: Sequence[str], strength: Mapping[str, float], tied: bool) -> dict[str, dict[str, float]]:
    """Name of each column → the lines in it, relative to the line that names it; wanted ones first."""
    families: dict[str, dict[str, float]] = {line: {line: 1.0} for line in lines}
    leaders: dict[str, str] = {}
    for line in sorted(strength, key=lambda name: (name in lines, strength[name]), reverse=True):
        shell = line.partition("_")[0] + line.partition("_")[2][:1]
        if shell.endswith("K") and not tied:
            shell = line
        leader = leaders.setdefault(shell, line)
        if line not in families:
            ratio = strength[line] / strength[leader] if leader != line else 1.0
            families.setdefault(leader, {})[line] = ratio
    return families


def _background(
    parts: Sequence[SpectrumPart], templates: np.ndarray, channels: slice, degree: int
) -> list[np.ndarray]:
    """Shape of the bremsstrahlung times 1, x, x²… with x from -1 to 1 across the band."""
    smooth = [i for i, part in enumerate(parts) if part.kind == "bremsstrahlung"]
    shape = np.ones(templates.shape[1])
    if smooth:
        weights = np.array([parts[i].weight for i in smooth])
        shape = weights @ templates[smooth]
    inside = shape[channels]
    if not inside.max() > 0:
        inside = np.ones_like(inside)
    x = np.linspace(-1, 1, len(inside))
    return [inside / inside.max() * x**power for power in range(degree + 1)]
