"""The figures of the report's sections: that each draws what it was given, and says it with units."""

import numpy as np
import pytest
from glasstomo.benchmarks.figures_budget import ErrorParts, figure_error_budget
from glasstomo.benchmarks.figures_errors import VoxelErrors, figure_errors
from glasstomo.benchmarks.figures_interface import InterfaceProfile, figure_interfaces
from glasstomo.benchmarks.figures_linearity import LineResiduals, binned_residuals, figure_linearity
from glasstomo.benchmarks.figures_style import BLUE, VERMILLION
from glasstomo.benchmarks.figures_surfaces import Surface, figure_surfaces
from glasstomo.benchmarks.figures_verdicts import Estimate, figure_verdicts
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text


def said(figure: Figure) -> str:
    figure.draw_without_rendering()
    return "\n".join(text.get_text() for text in figure.findobj(Text))  # pyright: ignore


def shown(figure: Figure) -> list[Axes]:
    return [ax for ax in figure.axes if ax.get_visible()]


# Error budget


def parts(line: str, **percent: float) -> ErrorParts:
    total = float(np.sqrt(sum(value**2 for value in percent.values())))
    return ErrorParts(
        microscope="osiris", line=line, parts_percent=percent, total_percent=total, miss_percent=-0.3
    )


def test_budget_draws_the_parts_the_whole_and_the_miss():
    figure = figure_error_budget(
        [parts("Co_Ka", counting=0.3, offset=0.4, density=0.0), parts("Zn_Ka", counting=0.6, offset=0.8)]
    )
    [ax] = shown(figure)
    heights = sorted(round(bar.get_height(), 6) for bar in ax.patches)  # pyright: ignore
    assert heights == [0.3, 0.4, 0.6, 0.8]
    totals = [y for collection in ax.collections for y in lines_of(collection)]
    assert sorted(totals) == pytest.approx([0.5, 1.0])
    text = said(figure)
    assert "true miss" in text
    assert "% of the cross-section" in text
    # A part that is nothing anywhere would only ask what it means.
    assert "density" not in text


def lines_of(collection) -> list[float]:
    segments = getattr(collection, "get_segments", list)()
    return [float(segment[0][1]) for segment in segments]


def test_budget_of_two_microscopes_has_two_panels():
    both = [parts("Co_Ka", counting=0.3)]
    both.append(
        ErrorParts(microscope="titan", line="Co_Ka", parts_percent={"counting": 0.2}, total_percent=0.2)
    )
    assert len(shown(figure_error_budget(both))) == 2


# Linearity


def test_residuals_of_equal_counts_are_zero_and_of_more_counts_more():
    thickness = np.linspace(5, 300, 400)
    fitted = 2.0 * thickness
    for factor in (1.0, 1.03):
        _, residual, error = binned_residuals(thickness, factor * fitted, fitted, 8)
        np.testing.assert_allclose(residual, 100 * (factor - 1), atol=1e-9)
        assert (error > 0).all()


def test_counting_errors_of_residuals_cover():
    # The scatter of Poisson counts about their expectation, in units of the errors that are drawn.
    rng = np.random.default_rng(3)
    thickness = np.linspace(5, 300, 4000)
    fitted = 5.0 * thickness
    found = [binned_residuals(thickness, rng.poisson(fitted), fitted, 10) for _ in range(100)]
    z = np.concatenate([1.96 * residual / error for _, residual, error in found])
    # 1000 draws: the standard deviation is known to 2.2 %, four of those are allowed.
    assert np.std(z) == pytest.approx(1.0, abs=0.09)


def test_steps_of_few_pixels_or_counts_are_left_out():
    centre, *_ = binned_residuals(np.array([1.0, 2.0, 100.0]), np.ones(3), np.ones(3), 4)
    assert centre.size == 0


def residuals(**changes: object) -> LineResiduals:
    thickness = np.linspace(10, 320, 300)
    values = {
        "line": "Co_Ka",
        "thickness_nm": thickness,
        "counts": 2 * thickness,
        "fitted_counts": 2 * thickness,
        "beyond_250_nm": (0.01, 0.004),
        **changes,
    }
    return LineResiduals(**values)  # type: ignore[arg-type]


def test_linearity_shows_the_mean_beyond_250_nm_in_view():
    figure = figure_linearity([residuals(beyond_250_nm=(0.2, 0.05))], microscope="Titan")
    [ax] = shown(figure)
    low, high = ax.get_ylim()
    assert low < 0 < 20 + 1.96 * 5 < high
    assert "Thickness (nm)" in said(figure)
    thin = figure_linearity([residuals(beyond_250_nm=(np.nan, np.nan))], microscope="Titan")
    assert "Co Kα" in said(thin)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_linearity_has_a_panel_for_each_line(count: int):
    assert len(shown(figure_linearity([residuals()] * count, microscope="Titan"))) == count


# Surfaces


def test_outlines_stand_where_the_surface_is():
    z, y, x = np.mgrid[-10:10, -10:10, -10:10] + 0.5
    # A density that falls linearly through half at a radius of 6 voxels: the outline lies there exactly.
    radius = np.sqrt(z**2 + y**2 + x**2)
    volume = np.clip(0.5 + (6 - radius) / 4, 0, 1)
    figure = figure_surfaces(
        [Surface(name="Ball", volume=4 * volume, threshold=2.0, fill=volume)], spacing_nm=5.0
    )
    figure.draw_without_rendering()
    contours = [one for one in figure.axes[0].collections if one.get_paths()]
    assert len(contours) == 2
    for contour in contours:
        points = np.concatenate([path.vertices for path in contour.get_paths()])
        assert np.ptp(points, axis=0) == pytest.approx([60.0, 60.0], abs=1.0)
    assert "true surface" in said(figure)


def test_a_particle_without_a_surface_is_still_drawn():
    empty = np.zeros((8, 8, 8))
    surface = Surface(name="None", volume=empty, threshold=float("nan"), fill=empty)
    assert "None" in said(figure_surfaces([surface], spacing_nm=5.0))


# Interfaces


def test_true_profile_is_drawn_finer_than_the_shells():
    distance = np.linspace(-40, 40, 9)
    step = np.where(distance < 0, 5.0, 0.0)
    profile = InterfaceProfile(
        name="Phase-segregated",
        distance_nm=distance,
        measured={"Co": np.where(np.abs(distance) > 35, np.nan, step)},
        fitted={"Co": step},
        true=lambda d: {"Co": np.where(d < 0, 5.0, 0.0)},
        blur_nm=15.0,
        label="18 nm",
    )
    figure = figure_interfaces([profile])
    [ax] = shown(figure)
    curves = [line for line in ax.lines if len(line.get_xdata()) > 100]  # pyright: ignore
    assert len(curves) == 1
    x, y = (np.asarray(values) for values in curves[0].get_data())
    # Shells that hold no voxel show nothing, and the truth no farther than the data.
    assert (x.min(), x.max()) == (-30, 30)
    assert np.count_nonzero(np.diff(y)) == 1
    assert "Number density (nm$^{-3}$)" in said(figure)
    assert "blur of the volume" in said(figure)


# Verdicts


def test_intervals_that_miss_the_truth_are_red():
    held = Estimate(name="held", value=1.0, low=0.9, high=1.1, true=1.05)
    missed = Estimate(name="missed", value=1.0, low=0.9, high=1.1, true=1.2)
    unknown = Estimate(name="no truth", value=1.0, low=0.9, high=1.1)
    figure = figure_verdicts([("Limit", [held, missed, unknown]), ("Nothing", [])])
    [ax] = shown(figure)
    bars = [line for line in ax.lines if len(line.get_xdata()) == 2]  # pyright: ignore
    assert [to_hex(bar.get_color()) for bar in bars] == [to_hex(c) for c in (BLUE, VERMILLION, BLUE)]
    # First on top.
    assert [label.get_text() for label in ax.get_yticklabels()] == ["held", "missed", "no truth"]
    assert ax.yaxis_inverted()


def test_no_estimates_draw_an_empty_figure():
    figure_verdicts([("Limit", [])]).draw_without_rendering()


# Errors of voxels


def test_bias_and_error_share_a_scale_that_is_even_about_zero():
    rng = np.random.default_rng(1)
    volume = np.zeros((12, 12, 12))
    volume[3:9, 3:9, 3:9] = 5.0
    error = rng.normal(0, 0.3, volume.shape)
    one = VoxelErrors(name="Ball", volume=volume, bias=0.1 * error, noise=np.abs(error), error=error)
    figure = figure_errors([one], spacing_nm=5.0)
    images = [ax.images[0] for ax in figure.axes[:4]]
    limits = [image.get_clim() for image in images]
    assert limits[1] == limits[3]
    assert limits[1][0] == -limits[1][1]
    text = said(figure)
    for words in ("Bias, foretold", "Noise, foretold", "True error", "nm$^{-3}$"):
        assert words in text
