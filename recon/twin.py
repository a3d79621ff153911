"""Twins: known volumes sent through the acquisition and the solver that made a reconstruction."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..forward import Projector, TiltSeries
from .noise_level import gaussian_variance
from .noisy_problem import areal_density_of_a_count
from .problem import Problem
from .reconstruct_series import reconstruct
from .reconstruction import Reconstruction


def expected_series(
    series: TiltSeries, volume: np.ndarray, *, cross_section_barn: dict[str, float] | None = None
) -> TiltSeries:
    """What a series would record on average, were its specimen a given volume.

    Parameters
    ----------
    series : TiltSeries
        Whose tilts, electrons, gains and exposures are used; its data are not looked at.
    volume : ndarray, shape (z, y, x) or (channel, z, y, x)
        In the units of a reconstruction of this series: atoms nm⁻³ with `cross_section_barn`, else data
        units per nm.
    cross_section_barn : dict, optional
        Partial cross-section of every line, barn.

    Returns
    -------
    TiltSeries
        The same series with expectations, float64, as its data.

    Raises
    ------
    ValueError
        When the volume does not fit the series.

    Notes
    -----
    The volume is projected by the strip model on its own voxels, so that a twin knows nothing of what
    happens within a voxel.

    Examples
    --------
    >>> series = TiltSeries(
    ...     data=np.zeros((3, 4, 4), np.int32), angles_deg=[-30, 0, 30], spacing_nm=5.0,
    ...     channels=("Zn_Ka",), signal="EDS_TEM", electrons_per_pixel=1e9)
    >>> twin = expected_series(series, np.full((4, 4, 4), 5.0), cross_section_barn={"Zn_Ka": 2.48})
    >>> round(float(twin.data[1, 2, 2]), 1)  # 1e9 electrons, 2.48e-10 nm², 5 nm⁻³ on 20 nm
    24.8
    """
    volumes = np.asarray(volume)
    ny, nx = series.data.shape[-2:]
    many = volumes[None] if volumes.ndim == 3 else volumes
    if many.ndim != 4 or len(many) != len(series.channels) or many.shape[2:] != (ny, nx):
        raise ValueError(
            f"`volume` must be ({len(series.channels)}, z, {ny}, {nx}) for this series, got {volumes.shape}"
        )
    if not np.isfinite(many).all():
        raise ValueError("`volume` must be finite, and holds NaN or infinity")
    projector = Projector(
        shape=many.shape[1:3], bins=ny, angles_deg=series.angles_deg, spacing_nm=series.spacing_nm
    )
    parts = []
    for name, one, sensitivity in zip(series.channels, many, series.sensitivity, strict=True):
        scale = areal_density_of_a_count(series.channel(name), cross_section_barn)
        areal = projector.forward(np.ascontiguousarray(one, np.float32)).astype(np.float64)
        parts.append(areal / scale * sensitivity[:, None, None])
    return replace(series, data=np.stack(parts).reshape(series.data.shape))


def drawn(expected: TiltSeries, *, rng: np.random.Generator) -> TiltSeries:
    """Draw the noise of a series: Poisson counts, or Gaussian values where the counts are net or dark field.

    Parameters
    ----------
    expected : TiltSeries
        Expectations; with a `variance` the noise has it.
    rng : numpy.random.Generator
        Source of the noise.

    Returns
    -------
    TiltSeries
    """
    data = expected.data.astype(np.float64)
    if expected.variance is not None:
        return replace(expected, data=data + np.sqrt(expected.variance) * rng.standard_normal(data.shape))
    if expected.signal != "EDS_TEM":
        raise ValueError("`expected` must have a `variance` unless it is EDS: its noise is not Poisson's")
    return replace(expected, data=rng.poisson(np.maximum(data, 0.0)))


def twins(
    series: TiltSeries,
    volume: np.ndarray,
    method: str | Callable[[Problem], np.ndarray] = "tv",
    *,
    count: int,
    rng: np.random.Generator,
    cross_section_barn: dict[str, float] | None = None,
    **options: Any,
) -> Iterator[Reconstruction]:
    """Reconstruct twins: series that a known volume would have given, with noise of their own.

    Parameters
    ----------
    series : TiltSeries
        The recorded series; `volume` takes the place of its specimen.
    volume : ndarray, shape (z, y, x) or (channel, z, y, x)
        The truth of the twins: the reconstruction of `series` itself, or a model made from it.
    method, **options
        As for `reconstruct`. By default every twin chooses its own λ, by the same rule as the data: the
        choice is part of what is judged.
    count : int
        Number of twins, at least 1.
    rng : numpy.random.Generator
        Source of the noise.
    cross_section_barn : dict, optional
        Partial cross-section of every line, barn.

    Yields
    ------
    Reconstruction
        One twin after the other.

    Raises
    ------
    ValueError
        When `count` is less than 1, or the volume does not fit the series.

    Notes
    -----
    This is the parametric bootstrap [1]_: the spread of any figure over the twins estimates its standard
    error on the data, and its mean over the twins less its value on `volume` its bias. It holds as far as
    the twins' truth is like the specimen: a reconstruction is smoother than its specimen, and its twins
    see less of what smoothing does to an edge than the specimen did. A model with sharp edges sees it in
    full.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, Chapman & Hall (1993), ch. 6 and 10.

    Examples
    --------
    >>> ball = 5.0 * (sum(a**2 for a in np.mgrid[-8:8, -8:8, -8:8] + 0.5) < 30)
    >>> series = TiltSeries(
    ...     data=np.zeros((9, 16, 16), np.int32), angles_deg=np.linspace(-60, 60, 9), spacing_nm=10.0,
    ...     channels=("Zn_Ka",), signal="EDS_TEM", electrons_per_pixel=1e10)
    >>> known = {"cross_section_barn": {"Zn_Ka": 2.48}, "rng": np.random.default_rng(1)}
    >>> [twin.status.value for twin in twins(series, ball, "tv", count=2, **known)]
    ['converged', 'converged']
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1, got {count}")
    expected = expected_series(series, volume, cross_section_barn=cross_section_barn)
    if expected.variance is None and expected.signal != "EDS_TEM":
        whole = series.stack.astype(np.float64)
        variance = np.stack([gaussian_variance(part) for part in whole]).reshape(series.data.shape)
        expected = replace(expected, variance=variance)

    def solved() -> Iterator[Reconstruction]:
        for _ in range(count):
            yield reconstruct(
                drawn(expected, rng=rng), method, cross_section_barn=cross_section_barn, rng=rng, **options
            )

    return solved()
