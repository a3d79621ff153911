"""Reconstruct a tilt series from a file and write the volume."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .outputs import whole_file
from .progress import Progress

if TYPE_CHECKING:
    from ..forward import TiltSeries

VOLUME_SUFFIXES = (".mrc", ".hspy", ".h5")


def reconstruct_file(
    file: Path,
    *,
    out: Path,
    angles: Path | None = None,
    spacing_nm: float | None = None,
    tilt_axis: Literal["x", "y"] = "x",
    method: str = "tv",
    lam: str = "auto",
    max_iterations: int | None = None,
    gap: float | None = None,
    engine: Literal["fused", "odl"] = "fused",
    data_term: Literal["least_squares", "kullback_leibler"] | None = None,
    background: float | None = None,
    upper: float | None = None,
    joint: bool = False,
    second_order_share: float | None = None,
    tgv_ratio: float | None = None,
    binning: int = 1,
    slices: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Read an aligned tilt series, reconstruct it and write the volume.

    Parameters
    ----------
    file : pathlib.Path
        Tilt series (.hspy, .mrc, .h5).
    out : pathlib.Path
        Volume to write (.mrc, .hspy, .h5), axes (z, y, x).
    angles : pathlib.Path, optional
        Tilt angles in degrees, one a line.
    spacing_nm : float, optional
        Edge of a pixel, nm, where the file does not say.
    tilt_axis : {"x", "y"}, optional
        The image axis along which the tilt axis lies in the file.
    method : str, optional
        A name in `METHODS`, or an outside solver as ``"package.module:object"``.
    lam : str, optional
        ``"auto"`` (discrepancy principle), ``"noise"``, ``"cross_validation"`` or a fraction of λ_max in
        (0, 1].
    max_iterations, gap : optional
        Where the solver stops; its own defaults where None.
    engine : {"fused", "odl"}, optional
        Solver of the variational methods.
    data_term, upper, joint, second_order_share, tgv_ratio : optional
        As for `glasstomo.recon.reconstruct`; its own defaults where None.
    background : float, optional
        Expected background in every pixel of the file, before binning.
    binning : int, optional
        Bin so many pixels along y and x first.
    slices : str, optional
        ``"START:STOP"``: only these pixels along the tilt axis, counted before binning.
    progress : Progress, optional
        Where to report.

    Returns
    -------
    dict
        What was done, ready for JSON.

    Raises
    ------
    ValueError, OSError
        If an option, the file or its angles cannot be used, or `out` cannot be written.
    ImportError
        If the file needs the extra ``io`` and it is not installed.
    """
    from ..forward import read_tilt_series, save_volume
    from ..recon import METHODS, reconstruct
    from .compilation import compiled_kernels

    progress = progress or Progress()
    if out.suffix not in VOLUME_SUFFIXES:
        raise ValueError(f"--out must end in {', '.join(VOLUME_SUFFIXES)}, got {out.name!r}")
    if ":" not in method:
        METHODS[method]
    weight = lam_value(lam)
    with whole_file(out) as part:
        with progress.stage(f"read {file.name}"):
            series = read_tilt_series(file, angles, spacing_nm=spacing_nm, tilt_axis=tilt_axis)
            series = binned(cropped(series, slices), binning)
        progress.note(repr(series))
        given = {
            "max_iterations": max_iterations,
            "gap": gap,
            "data_term": data_term,
            "background": binned_background(background, series, binning),
            "upper": upper,
            "second_order_share": second_order_share,
            "tgv_ratio": tgv_ratio,
        }
        options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        solving = progress.stage(f"reconstruct ({method})", total=max_iterations)
        with compiled_kernels(progress), solving as stage:
            result = reconstruct(
                series,
                method,
                lam=weight,
                engine=engine,
                joint=joint,
                callback=lambda iteration, _, gap: stage.update(iteration, f"{iteration}, gap {gap:.1e}"),
                **options,
            )
        done = {
            "method": method,
            "status": result.status.value,
            "ok": result.status.ok,
            "message": result.status.message,
            "iterations": result.iterations,
            "relative_gap": finite(result.relative_gap),
            "lam": [finite(value) for value in result.lam],
            "tilts": len(series.angles_deg),
            "shape": list(result.volume.shape),
            "spacing_nm": result.spacing_nm,
        }
        with progress.stage(f"write {out.name}"):
            save_volume(
                part,
                result.volume,
                spacing_nm=result.spacing_nm,
                channels=result.channels,
                metadata={"reconstruction": done, "source": file.name},
            )
    return {"out": str(out), **done}


def finite(value: float) -> float | None:
    """Return the number, or None for the NaN that JSON cannot hold."""
    return float(value) if np.isfinite(value) else None


def lam_value(text: str) -> str | float:
    """Read the option ``--lam``."""
    if text == "auto":
        return "discrepancy"
    if text in ("cross_validation", "discrepancy", "noise"):
        return text
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 1:
        raise ValueError(
            f"--lam must be auto, noise, cross_validation or a fraction of lambda_max in (0, 1], got {text!r}"
        )
    return value


def binned_background(background: float | None, series: "TiltSeries", factor: int) -> float | None:
    """Background of a binned pixel: counts add up, other signals are averaged."""
    if background is None or series.signal != "EDS_TEM":
        return background
    return background * factor**2


def cropped(series: "TiltSeries", slices: str | None) -> "TiltSeries":
    """Keep a range of the tilt axis, where any part is a complete tomographic problem."""
    if slices is None:
        return series
    width = series.data.shape[-1]
    start_text, colon, stop_text = slices.partition(":")
    try:
        start, stop = int(start_text or 0), int(stop_text or width)
    except ValueError:
        start = stop = 0
    if not colon or not 0 <= start < stop <= width:
        raise ValueError(f"--slices must be START:STOP within 0:{width}, got {slices!r}")
    variance = None if series.variance is None else series.variance[..., start:stop]
    return replace(series, data=np.ascontiguousarray(series.data[..., start:stop]), variance=variance)


def binned(series: "TiltSeries", factor: int) -> "TiltSeries":
    """Bin `factor` × `factor` pixels: counts are summed (they stay Poisson), other signals averaged.

    A remainder at the far edges is cut evenly off both sides, which keeps the tilt axis in the middle.
    """
    if factor == 1:
        return series
    *lead, ny, nx = series.data.shape
    if factor > min(ny, nx):
        raise ValueError(f"--bin must be at most the {min(ny, nx)} pixels of an image side, got {factor}")
    rows, columns = ny // factor, nx // factor
    top, left = (ny - rows * factor) // 2, (nx - columns * factor) // 2

    def grouped(images: np.ndarray) -> np.ndarray:
        kept = images[..., top : top + rows * factor, left : left + columns * factor]
        return kept.reshape(*lead, rows, factor, columns, factor)

    data = grouped(series.data)
    spacing_nm = series.spacing_nm * factor
    variance = None if series.variance is None else grouped(series.variance).sum(axis=(-3, -1))
    if series.signal == "EDS_TEM":
        electrons = series.electrons_per_pixel and series.electrons_per_pixel * factor**2
        return replace(
            series,
            data=data.sum(axis=(-3, -1)),
            spacing_nm=spacing_nm,
            electrons_per_pixel=electrons,
            variance=variance,
        )
    return replace(
        series,
        data=data.mean(axis=(-3, -1), dtype=np.float64).astype(np.float32),
        spacing_nm=spacing_nm,
        variance=None if variance is None else variance / factor**4,
    )
