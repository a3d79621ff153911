"""The comparison of methods by their volumes, its command and its figures."""

import numpy as np
import pytest
from click.testing import CliRunner
from glasstomo.benchmarks import image_quality
from glasstomo.benchmarks.design import Design
from glasstomo.benchmarks.figures_replicates import figure_replicates
from glasstomo.benchmarks.figures_resolution import figure_resolution
from glasstomo.benchmarks.figures_style import png_bytes
from glasstomo.benchmarks.volume_case import fitted_regions, make_case
from glasstomo.benchmarks.volume_quality import efficiency_rows, judge
from glasstomo.metrics.replicate_maps import ReplicateMaps
from glasstomo.metrics.resolution_by_direction import directional_resolution
from glasstomo.metrics.shell_correlation import fourier_shell


@pytest.fixture(scope="module")
def case():
    """Return a segregated particle at the default dose, 32 voxels."""
    return make_case(Design(specimen={"particle": "segregated", "size": 32}), seed=0)


def test_the_case_knows_its_photons(case):
    assert case.phases == ("zn_rich",)
    assert case.expected.data.dtype.kind == "f"
    # The shares and the density of the phase make the zinc of every voxel.
    np.testing.assert_allclose(case.regions[0] * 6.0, case.density, rtol=1e-4, atol=1e-4)
    # One region: its bound is the Poisson one, ρ/√N, for the N counts that all its pixels expect together.
    counts = case.expected.data.sum()
    assert case.bound_variance[0] == pytest.approx(36.0 / counts, rel=0.02)


@pytest.fixture(scope="module")
def sirt(case):
    """Return the quality of three SIRT volumes."""
    return judge(case, "sirt", replicates=3)


def test_quality_adds_up(case, sirt):
    assert sirt.nrmse.shape == (3,)
    assert sirt.region_means.shape == (3, 1)
    assert sirt.maps.count == 3
    inside = case.truth.fill > 0.999
    errors = [sirt.first - case.density, sirt.second - case.density]
    single = np.sqrt(np.mean([np.mean(error[inside] ** 2) for error in errors]))
    # Two of three replicates, each of thousands of voxels.
    assert sirt.budget.total == pytest.approx(single, rel=0.05)
    assert sirt.budget.total**2 == pytest.approx(sirt.budget.bias**2 + sirt.budget.noise**2)
    assert sirt.efficiency.bias[0] == pytest.approx(
        sirt.region_means.mean() - case.density[case.interiors[0]].mean()
    )
    assert not np.array_equal(sirt.first, sirt.second)
    again = judge(case, "sirt", replicates=2)
    np.testing.assert_array_equal(again.first, sirt.first)


def test_the_wedge_costs_resolution_along_the_beam(sirt):
    assert np.all(sirt.resolution_nm("z") >= sirt.resolution_nm("y"))
    assert all(one.edges > 1.05 for one in sirt.elongations)


def test_more_replicates_than_one_are_needed(case):
    with pytest.raises(ValueError, match="2 or more"):
        judge(case, "wbp", replicates=1)


def test_thin_phases_are_refused():
    with pytest.raises(ValueError, match="voxels thick"):
        make_case(Design(specimen={"particle": "textured", "size": 16}), seed=0)


def test_the_region_fit_is_efficient(case):
    found = fitted_regions(case, replicates=40)
    # Forty replicates: the 95 % interval spans 0.6 to 1.5 of the value; the seed is fixed.
    assert found.low[0] < 1.0 < found.high[0]
    assert abs(found.bias[0]) < 3 * found.bias_standard_error[0] + 1e-3
    (row,) = efficiency_rows("region fit", case.phases, found)
    assert row["phase"] == "zn_rich"


def test_the_command_prints_tables_and_draws(tmp_path):
    plot = tmp_path / "volumes.png"
    options = [
        "--size",
        "24",
        "--replicates",
        "2",
        "--fluence",
        "3e7",
        "--method",
        "wbp",
        "--plot",
        str(plot),
    ]
    done = CliRunner().invoke(image_quality.main, options, catch_exceptions=False)
    assert done.exit_code == 0
    tables = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in tables[:3]}) == 1
    assert any(line.startswith("| region fit, 200 draws | zn_rich |") for line in tables)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["volumes_replicates_3e07.png", "volumes_resolution_3e07.png"]
    assert CliRunner().invoke(image_quality.main, ["--method", "guess"]).exit_code == 2


@pytest.fixture(scope="module")
def curves():
    """Return a noisy volume against its truth, whole and by direction."""
    rng = np.random.default_rng(5)
    truth = np.zeros((16, 16, 16))
    truth[5:11, 4:12, 5:12] = 5.0
    volume = truth + rng.normal(size=truth.shape)
    return (
        {"noisy": fourier_shell(volume, truth, spacing_nm=5.0)},
        {"noisy": directional_resolution(volume, truth, spacing_nm=5.0)},
    )


def test_figure_of_resolution(curves):
    figure = figure_resolution(*curves, spacing_nm=5.0, largest_tilt_deg=60.0)
    left, right = figure.axes[:2]
    drawn = left.get_lines()[0]
    np.testing.assert_array_equal(drawn.get_ydata(), curves[0]["noisy"].correlation)
    # Two sectors of 60° about the beam were never recorded.
    widths = [np.degrees(bar.get_width()) for bar in right.patches]
    assert widths == pytest.approx([60.0, 60.0])
    radii = right.get_lines()[1].get_ydata()
    assert radii[0] == radii[18] == radii[-1]
    assert png_bytes(figure) == png_bytes(figure_resolution(*curves, spacing_nm=5.0, largest_tilt_deg=60.0))


def test_figure_of_resolution_where_nothing_is_resolved(curves):
    truth = np.random.default_rng(1).normal(size=(12, 12, 12))
    shells = {"nothing": fourier_shell(-truth, truth, spacing_nm=5.0)}
    lost = {"nothing": directional_resolution(-truth, truth, spacing_nm=5.0)}
    figure = figure_resolution(shells, lost, spacing_nm=5.0, largest_tilt_deg=70.0)
    radii = figure.axes[1].get_lines()[1].get_ydata()
    assert np.all(radii == figure.axes[1].get_ylim()[1])
    png_bytes(figure)
    with pytest.raises(ValueError, match="one to 6 curves"):
        figure_resolution({}, {}, spacing_nm=5.0, largest_tilt_deg=70.0)
    png_bytes(figure_resolution(*curves, spacing_nm=5.0, largest_tilt_deg=90.0, threshold="half_bit"))


def test_figure_of_replicates(rng):
    truth = np.zeros((12, 14, 16))
    truth[3:8, 4:11, 5:12] = 5.0
    truth[7, 4:11, 5:12] = 2.0
    maps = {
        name: ReplicateMaps(truth - offset + 0.1 * rng.normal(size=truth.shape) for _ in range(4))
        for name, offset in (("one", 0.0), ("two", 1.0))
    }
    figure = figure_replicates(maps, truth, spacing_nm=5.0)
    first = figure.axes[0].images[0].get_array()
    # The top of the particle, its thin layer, is up.
    assert first[:, first.shape[1] // 2].argmax() > np.flatnonzero(first[:, first.shape[1] // 2] == 2.0)[0]
    bias = figure.axes[6].images[0]
    assert bias.norm.vmin == -bias.norm.vmax
    assert bias.get_array().mean() == pytest.approx(-1.0, abs=0.1)
    png_bytes(figure)
    with pytest.raises(ValueError, match="one method or more"):
        figure_replicates({}, truth, spacing_nm=5.0)
    # No noise and no bias at all.
    png_bytes(figure_replicates({"same": ReplicateMaps([truth, truth])}, truth, spacing_nm=5.0))
