"""The command ``glasstomo reconstruct``; what it runs is imported when it runs."""

import json
from pathlib import Path
from typing import Any

import click

from .threads_option import set_threads, threads_option

CHECK_FAILED = 1


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--angles",
    type=click.Path(path_type=Path),
    help="File of tilt angles, one a line in degrees (.rawtlt, .tlt) [default: from FILE or beside it].",
)
@click.option(
    "--spacing-nm",
    type=click.FloatRange(min=0, min_open=True),
    help="Edge of a pixel, where FILE does not say.",
)
@click.option(
    "--tilt-axis",
    type=click.Choice(["x", "y"]),
    default="x",
    show_default=True,
    help="Image axis along which the tilt axis lies in FILE.",
)
@click.option("--method", default="tv", show_default=True, help="See glasstomo methods.")
@click.option(
    "--lam",
    default="auto",
    show_default=True,
    help="Weight of the regulariser: auto (discrepancy principle), noise (what the noise calls for, in one "
    "solve), cross_validation (best prediction of tilts that are left out; slower) or a fraction of "
    "lambda_max, in (0, 1].",
)
@click.option(
    "--data-term",
    type=click.Choice(["least_squares", "kullback_leibler"]),
    default=None,
    help="Noise: Gaussian of estimated variance, or Poisson for recorded counts [default: least_squares].",
)
@click.option(
    "--background",
    type=float,
    default=None,
    help="Expected background in each pixel of FILE, such as counts of the continuum [default: 0].",
)
@click.option(
    "--upper",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="Largest density allowed, in the units of the volume [default: no bound].",
)
@click.option(
    "--joint", is_flag=True, help="Reconstruct all channels (elements) together, with common edges."
)
@click.option(
    "--second-order-share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=None,
    help="tv_tv2: share of the second-order term [default: 0.5].",
)
@click.option(
    "--tgv-ratio",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="tgv2: price of a change of slope relative to that of a step [default: 2].",
)
@click.option(
    "--max-iterations",
    type=click.IntRange(min=1),
    default=None,
    help="Stop here [default: the method's own].",
)
@click.option(
    "--gap",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="Relative primal-dual gap at which it has converged [default: the method's own].",
)
@click.option(
    "--engine",
    type=click.Choice(["fused", "odl"]),
    default="fused",
    show_default=True,
    help="Our fused kernels, or ODL's own solver on the identical problem.",
)
@click.option(
    "--bin",
    "binning",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Bin N x N pixels first.",
)
@click.option(
    "--slices", default=None, metavar="START:STOP", help="Only these pixels along the tilt axis (x)."
)
@threads_option
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Volume to write: .mrc, .hspy or .h5."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON on standard output.")
def reconstruct(file: Path, threads: int | None, as_json: bool, **options: Any) -> int:
    """Reconstruct an aligned tilt series.

    FILE is .hspy, .mrc (or its kin .st, .ali, .rec) or .h5.

    Exit status 1 says that the solver stopped before it converged; the volume is written all the same.
    So does Ctrl-C: the volume as it is by then; a second Ctrl-C ends without one.

    Example: glasstomo reconstruct HAADF_Aligned.hspy --angles HAADF.rawtlt --bin 2 --out needle.mrc
    """
    from .progress import RichProgress
    from .reconstruct import reconstruct_file

    set_threads(threads)
    with RichProgress() as progress:
        done = reconstruct_file(file, progress=progress, **options)
    if as_json:
        click.echo(json.dumps(done, indent=2))
    else:
        click.echo(f"{done['iterations']} iterations; {done['message']}")
        click.echo(f"Volume: {done['out']}  (z, y, x) = {tuple(done['shape'])}, {done['spacing_nm']:g} nm")
    return 0 if done["ok"] else CHECK_FAILED
