"""Atoms from counts by partial cross-sections: areal densities, atoms per pixel, atomic percent."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .elements import atomic_number
from .rutherford import NM2_PER_BARN
from .series_checks import positive
from .tilt_series import TiltSeries


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantification:
    """What `quantify` finds in every pixel of every tilt.

    Parameters
    ----------
    elements : tuple of str
        Elements in the order of their first channel.
    areal_density : ndarray of float64, shape (element, tilt, y, x)
        Projected number density P, atoms nm⁻².
    standard_error : ndarray of float64, shape (element, tilt, y, x)
        Standard error of `areal_density` from counting, atoms nm⁻².
    spacing_nm : float
        Edge of a pixel, nm.
    """

    elements: tuple[str, ...]
    areal_density: np.ndarray
    standard_error: np.ndarray
    spacing_nm: float

    @property
    def atoms_per_pixel(self) -> np.ndarray:
        """Atoms under each pixel, P × pixel area, shape (element, tilt, y, x)."""
        return self.areal_density * self.spacing_nm**2

    @property
    def atomic_percent(self) -> np.ndarray:
        """Share of each element among those quantified, %, shape (element, tilt, y, x).

        NaN where the elements do not add up to something positive, as in vacuum.
        """
        total = self.areal_density.sum(axis=0)
        safe = np.where(total > 0, total, np.nan)
        return 100 * self.areal_density / safe

    def of(self, element: str) -> np.ndarray:
        """Areal density of one element, atoms nm⁻², shape (tilt, y, x).

        Raises
        ------
        ValueError
            When the element was not quantified; the message lists those that were.
        """
        if element not in self.elements:
            raise ValueError(f"no element {element!r} was quantified; there are {', '.join(self.elements)}")
        return self.areal_density[self.elements.index(element)]


def quantify(series: TiltSeries, cross_section_barn: Mapping[str, float]) -> Quantification:
    """Turn counts into atoms by partial cross-sections.

    Parameters
    ----------
    series : TiltSeries
        EDS counts or net counts with `electrons_per_pixel`; left untouched.
    cross_section_barn : dict
        Partial cross-section of each line to use, barn. Lines of the series that are not listed are
        left out, and listed lines that the series lacks do not matter (the table of a microscope
        will do); several lines of one element, or one line in several detector segments
        (``"Zn_Ka@1"``), are pooled.

    Returns
    -------
    Quantification

    Raises
    ------
    ValueError
        When the series is not EDS, N_e is not known, no listed line is in the series, or an element
        could not be counted at some tilt because all its gains are 0.

    Notes
    -----
    P = Σ N / (N_e Σ σ g) over the channels of an element, which for one channel is eq. (1) of
    Collins et al. [1]_ and the cross-section method of exspy [2]_; times the pixel area it is the
    number of atoms that exspy returns. Pooling adds counts before it divides: for Poisson counts
    that is the estimate of least variance. Specimen and detector enter through σ and g alone:
    absorption is not corrected unless the gains contain it. The standard error comes from
    `series.variance`, or from the counts (at least one) where they are plain Poisson counts.

    References
    ----------
    .. [1] S. M. Collins et al., APL Mater. 7 (2019) 091111, doi:10.1063/1.5120093
    .. [2] K. E. MacArthur et al., Microsc. Microanal. 22 (2016) 71, doi:10.1017/S1431927615015494

    Examples
    --------
    >>> series = TiltSeries(
    ...     data=np.array([[[[500]]], [[[250]]]]), angles_deg=[0.0], spacing_nm=5.0,
    ...     channels=("Co_Ka", "Zn_Ka"), signal="EDS_TEM", electrons_per_pixel=1.25e9)
    >>> found = quantify(series, {"Co_Ka": 3.38, "Zn_Ka": 2.48})
    >>> found.elements, found.atomic_percent.round(1).ravel()
    (('Co', 'Zn'), array([59.5, 40.5]))
    """
    if series.signal != "EDS_TEM":
        raise ValueError(f"`series` must be EDS_TEM to be quantified, this one is {series.signal}")
    if series.electrons_per_pixel is None:
        raise ValueError("`electrons_per_pixel` is not known for this series; set it to quantify the counts")
    pooled = _channels_by_element(series, cross_section_barn)
    # The exposure of each tilt is in the sensitivity.
    gains, electrons = series.sensitivity, series.electrons_per_pixel
    variance = series.variance
    spread = np.maximum(series.stack, 1.0) if variance is None else variance.reshape(series.stack.shape)
    shape = (len(pooled), *series.stack.shape[1:])
    density, error = np.empty(shape), np.empty(shape)
    for row, (element, channels) in enumerate(pooled.items()):
        sigma = sum(
            positive(f"cross_section_barn[{line!r}]", cross_section_barn[line], "barn") * gains[index]
            for index, line in channels
        )
        scale = electrons * NM2_PER_BARN * np.asarray(sigma)
        if not scale.all():
            tilt = int(np.flatnonzero(scale == 0)[0])
            raise ValueError(
                f"gain of {element} is 0 at tilt index {tilt} ({series.angles_deg[tilt]:g} degrees): "
                "nothing was counted; leave that tilt out with `select`"
            )
        which = [index for index, _ in channels]
        density[row] = series.stack[which].sum(axis=0) / scale[:, None, None]
        error[row] = np.sqrt(spread[which].sum(axis=0)) / scale[:, None, None]
    return Quantification(
        elements=tuple(pooled), areal_density=density, standard_error=error, spacing_nm=series.spacing_nm
    )


def _channels_by_element(
    series: TiltSeries, cross_section_barn: Mapping[str, float]
) -> dict[str, list[tuple[int, str]]]:
    """Element → (channel index, line) of every channel to use."""
    pooled: dict[str, list[tuple[int, str]]] = {}
    for index, channel in enumerate(series.channels):
        line = channel.partition("@")[0]
        if line not in cross_section_barn:
            continue
        element = line.partition("_")[0]
        atomic_number(element)
        pooled.setdefault(element, []).append((index, line))
    if not pooled:
        raise ValueError(
            f"`cross_section_barn` names {', '.join(cross_section_barn) or 'no line'}, but the series has "
            f"{', '.join(series.channels)}; list lines of the series"
        )
    return pooled
