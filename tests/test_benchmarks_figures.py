"""The figures: that each draws, says its quantities with their units, and shows what it was given."""

import warnings

import matplotlib
import numba
import numpy as np
import pytest
from glasstomo.benchmarks.figures import (
    CrossSection,
    LineCalibration,
    PhaseMark,
    figure_counts,
    figure_cross_sections,
    figure_esf,
    figure_maps,
    figure_phase_diagram,
    figure_rendering,
    figure_standard,
    png_bytes,
)
from glasstomo.benchmarks.figures_maps import mass_centre, particle_box
from glasstomo.benchmarks.rendering import Frame, View, composition_image, resampled, surface_image
from glasstomo.metrics import esf_threshold
from matplotlib.figure import Figure
from scipy import ndimage

SPACING_NM = 10.0


def ball(n: int = 24, centre: tuple[float, float, float] = (0, 0, 0), radius: float = 8.0) -> np.ndarray:
    """A soft-edged ball of density 5, (z, y, x)."""
    z, y, x = np.meshgrid(*[np.arange(n) - (n - 1) / 2] * 3, indexing="ij")
    distance = np.sqrt((z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2)
    return (5 / (1 + np.exp((distance - radius) / 0.6))).astype(np.float32)


def halves() -> tuple[np.ndarray, np.ndarray]:
    """Zinc at x > 0, cobalt at x < 0, within one ball."""
    density = ball()
    zinc = density * (np.arange(24) >= 12)
    return zinc, density - zinc


def all_figures() -> dict[str, Figure]:
    rng = np.random.default_rng(5)
    volume = ball()
    edge = esf_threshold(volume)
    thickness = (volume > 2.5).sum(axis=0) * SPACING_NM
    flat = thickness[thickness > 0].astype(float)
    zinc, cobalt = halves()
    counts = {"Co_Ka": rng.poisson(cobalt.sum(axis=0)), "Zn_Ka": rng.poisson(zinc.sum(axis=0))}
    fraction, density = rng.normal(0.4, 0.03, 4000), rng.normal(6, 0.3, 4000)
    mark = PhaseMark(name="mixed", fraction=0.4, density=6.0, fraction_2sigma=0.06, density_2sigma=0.6)
    return {
        "standard": figure_standard(
            adf=rng.poisson(thickness + 5.0),
            volume=volume,
            threshold=2.5,
            thickness_nm=thickness,
            spacing_nm=SPACING_NM,
            name="ZIF-4-Co",
        ),
        "esf": figure_esf(
            thresholds=edge.thresholds,
            volumes=edge.volumes,
            differences=edge.differences,
            fitted=edge.fitted,
            threshold=edge.threshold,
            standard_error=edge.standard_error,
            levels=(edge.low, edge.high),
        ),
        "counts": figure_counts(
            [
                LineCalibration(
                    line=line,
                    thickness_nm=flat,
                    counts=rng.poisson(slope * flat),
                    slope_per_nm=slope,
                    slope_standard_error=0.01 * slope,
                )
                for line, slope in (("Co_Ka", 2.0), ("Co_Kb", 0.3), ("Zn_Ka", 1.4))
            ],
            microscope="Osiris",
        ),
        "cross_sections": figure_cross_sections(
            [
                CrossSection(
                    microscope=microscope,
                    line="Co_Ka",
                    true_barn=3.0,
                    fit_barn=3.03,
                    standard_error_barn=0.02,
                )
                for microscope in ("osiris", "titan")
            ]
        ),
        "maps": figure_maps(
            counts=counts,
            reprojected={"Co_Ka": cobalt.sum(axis=0), "Zn_Ka": zinc.sum(axis=0)},
            densities={"Co_Ka": cobalt, "Zn_Ka": zinc},
            spacing_nm=SPACING_NM,
            name="Segregated",
        ),
        "rendering": figure_rendering({"Segregated": (zinc, cobalt)}, spacing_nm=SPACING_NM),
        "phases": figure_phase_diagram(
            reconstructed=(fraction, density),
            true=(np.full(4000, 0.4), np.full(4000, 6.0)),
            phases=[mark],
            limit=0.56,
            limit_true=0.55,
        ),
    }


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return all_figures()


def texts(figure: Figure) -> str:
    """Everything that a figure says."""
    figure.draw_without_rendering()
    found = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    return "\n".join(found)  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("standard", ["ADF signal (electrons)", "Thickness (nm)", "ZIF-4-Co", "50 nm"]),
        ("esf", ["Threshold $t$ (nm$^{-3}$)", "nm$^3$", "edge-spread fit", "threshold 2."]),
        (
            "counts",
            ["Thickness (nm)", "Counts per pixel", "Co Kβ", "counts nm$^{-1}$", "Pixels per bin", "Osiris"],
        ),
        ("cross_sections", ["Cross-section (barn)", "Fit minus truth (%)", "Co Kα", "Titan", "wanted"]),
        ("maps", ["EDS map", "Reprojection", "Counts", "Number density (nm$^{-3}$)", "Zn Kα", "nm"]),
        ("rendering", ["Zinc fraction", "cut open", "Segregated", " nm"]),
        (
            "phases",
            ["Zinc fraction", "Metal density (nm$^{-3}$)", "Reconstructed", "True", "limit 0.56", "mixed"],
        ),
    ],
)
def test_figures_say_quantities_and_units(figures: dict[str, Figure], name: str, said: list[str]):
    found = texts(figures[name])
    for text in said:
        assert text in found


def test_figures_of_the_same_numbers_have_the_same_bits():
    first, second = all_figures(), all_figures()
    for name, figure in first.items():
        drawn = png_bytes(figure, dpi=60)
        assert drawn.startswith(b"\x89PNG")
        assert drawn == png_bytes(second[name], dpi=60), name


def test_slices_share_one_scale(figures: dict[str, Figure]):
    images = [image for ax in figures["maps"].axes for image in ax.images]
    tops = {image.get_clim()[1] for image in images}
    # Two maps and their reprojections share one scale a line, all six slices another.
    assert len(images) == 10
    assert len(tops) == 3


def test_both_phase_diagrams_share_axes_and_colours(figures: dict[str, Figure]):
    diagrams = [ax for ax in figures["phases"].axes if "Zinc fraction" in ax.get_xlabel()]
    assert len(diagrams) == 2
    assert diagrams[0].get_ylim() == diagrams[1].get_ylim()
    assert diagrams[0].get_xlim() == diagrams[1].get_xlim()
    scales = {ax.collections[0].get_clim() for ax in diagrams}
    assert len(scales) == 1


def test_empty_phase_diagram_and_unknown_limit_still_draw():
    nothing = np.empty(0)
    figure = figure_phase_diagram(
        reconstructed=(nothing, nothing), true=(nothing, nothing), limit=float("nan"), name="empty"
    )
    assert png_bytes(figure, dpi=40).startswith(b"\x89PNG")
    assert "miscibility" not in texts(figure)


def test_empty_particle_still_draws():
    empty = np.zeros((8, 8, 8), np.float32)
    figure = figure_maps(
        counts={"Co_Ka": empty[0]},
        reprojected={"Co_Ka": empty[0]},
        densities={"Co_Ka": empty},
        spacing_nm=SPACING_NM,
    )
    assert png_bytes(figure, dpi=40).startswith(b"\x89PNG")
    assert mass_centre(empty) == (4, 4, 4)


def test_particle_box_holds_the_particle():
    density = ball(24, centre=(3, -2, 4), radius=5)
    box = particle_box(density)
    assert np.count_nonzero(density[box] > 2.5) == np.count_nonzero(density > 2.5)
    assert len({edge.stop - edge.start for edge in box}) == 1


def test_mass_centre_of_a_shifted_ball():
    # The middle of an even grid lies between voxels 11 and 12.
    assert mass_centre(ball(24, centre=(2.5, -1.5, 0.5), radius=5)) == (14, 10, 12)


def test_view_without_turn_is_the_micrograph():
    """x to the right, y downwards, the beam (along −z) towards the viewer: the first sample is the last z."""
    volume = np.random.default_rng(0).random((6, 6, 6)).astype(np.float32)
    frame = Frame(centre=np.full(3, 2.5), edge=6.0)
    rays = resampled(volume, View(azimuth_deg=0, elevation_deg=0), frame, 6, 6)
    np.testing.assert_allclose(rays, volume, atol=1e-6)


def test_rays_are_scipys_affine_transform():
    volume = np.random.default_rng(3).random((7, 9, 8)).astype(np.float32)
    view, size, depth = View(azimuth_deg=40, elevation_deg=-25), 21, 17
    # Wider than the volume: rays miss it, and enter and leave it.
    frame = Frame(centre=np.array([3.1, 4.2, 3.3]), edge=14.0)
    towards, up, right = view.basis
    matrix = frame.edge * np.stack([-towards / depth, -up / size, right / size], axis=1)
    offset = frame.centre - matrix @ ((np.array([depth, size, size]) - 1) / 2)
    expected = ndimage.affine_transform(
        volume,
        matrix,
        offset.tolist(),  # pyright: ignore[reportArgumentType]
        output_shape=(depth, size, size),
        order=1,
    )
    rays = resampled(volume, view, frame, size, depth)
    assert 0.1 < np.count_nonzero(expected) / expected.size < 0.5
    # Coordinates up to 8 in float32 err by 5e-7, and the value by their sum over three axes.
    np.testing.assert_allclose(rays, expected, atol=5e-6)


@pytest.mark.parametrize(("azimuth_deg", "elevation_deg"), [(0, 0), (30, 28), (-120, 80)])
def test_view_is_a_rotation(azimuth_deg: float, elevation_deg: float):
    basis = View(azimuth_deg=azimuth_deg, elevation_deg=elevation_deg).basis
    np.testing.assert_allclose(basis @ basis.T, np.eye(3), atol=1e-12)
    plain = View(azimuth_deg=0, elevation_deg=0).basis
    assert np.linalg.det(basis) == pytest.approx(np.linalg.det(plain))


def test_surface_of_a_ball_covers_its_disc():
    radius, frame = 8.0, Frame(centre=np.full(3, 11.5), edge=24.0)
    picture = surface_image(ball(radius=radius), 2.5, frame=frame, size=96)
    covered = picture[..., 3].mean() * frame.edge**2
    # The outline is smoothed over a voxel: 5 % of the area is half a voxel of radius in eight... and less.
    assert covered == pytest.approx(np.pi * radius**2, rel=0.05)
    assert picture.min() >= 0
    assert picture.max() <= 1


def test_surface_of_nearly_flat_vacuum_raises_no_warning():
    # Rays that miss the particle see float32's smallest steps, over which a division would overflow.
    volume = ball()
    volume[volume < 0.5] = 0
    volume += (1e-38 * np.random.default_rng(0).random(volume.shape)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = surface_image(volume, 2.5, size=48)
    assert np.isfinite(picture).all()
    assert picture[0, 0, 3] == 0


def test_composition_colours_follow_the_fraction():
    zinc, cobalt = halves()
    view = View(azimuth_deg=0, elevation_deg=0)
    picture = composition_image(zinc, cobalt, view=view, size=48)
    left, right = picture[20:28, 12:18], picture[20:28, 30:36]
    for half in (left, right):
        assert half[..., 3].min() > 0.95
    # cividis: blue at cobalt's end, yellow (red plus green) at zinc's.
    assert left[..., 2].mean() > left[..., 0].mean()
    assert right[..., 0].mean() > right[..., 2].mean()


def test_fog_absorbs_as_beer_and_lambert_say():
    # A slab of full density, 6 voxels thick between its outermost centres' half steps; all of one metal.
    slab = np.zeros((24, 24, 24), np.float32)
    slab[8:14] = 3.0
    view, frame = View(azimuth_deg=0, elevation_deg=0), Frame(centre=np.full(3, 11.5), edge=20.0)
    picture = composition_image(slab, 0 * slab, view=view, frame=frame, size=20, opacity=0.2)
    # The ramps at both faces, from vacuum to matter, hold 0.66 of a voxel of density together with the
    # smooth step in them; samples 5/6 of a voxel apart miss that by less than 0.1 of a voxel.
    ramp = np.linspace(0, 1, 2001)
    rise = np.clip((ramp - 0.3) / 0.3, 0, 1)
    thickness = 5 + 2 * np.mean(ramp * rise**2 * (3 - 2 * rise))
    expected = 1 - np.exp(-0.2 * thickness)
    np.testing.assert_allclose(picture[..., 3], expected, atol=0.2 * 0.1 * (1 - expected) + 1e-3)
    # One metal has one colour, the last of the map, darkened or brightened by the light alone.
    zinc = np.array(matplotlib.colormaps["cividis"](1.0)[:3])
    shade = picture[..., :3] / zinc
    np.testing.assert_allclose(shade, shade.mean(axis=-1, keepdims=True).repeat(3, axis=-1), rtol=1e-5)


def test_pictures_do_not_depend_on_the_number_of_threads():
    zinc, cobalt = halves()
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = composition_image(zinc, cobalt, size=40, cut=(1, 1, 1)), surface_image(zinc, 2.5, size=40)
    finally:
        numba.set_num_threads(before)
    together = composition_image(zinc, cobalt, size=40, cut=(1, 1, 1)), surface_image(zinc, 2.5, size=40)
    for first, second in zip(alone, together, strict=True):
        np.testing.assert_array_equal(first, second)


def test_light_from_the_upper_left_falls_on_a_ball():
    frame = Frame(centre=np.full(3, 11.5), edge=24.0)
    view = View(azimuth_deg=0, elevation_deg=0)
    for picture in (
        surface_image(ball(), 2.5, view=view, frame=frame, size=48),
        composition_image(ball(), 0 * ball(), view=view, frame=frame, size=48),
    ):
        light = picture[..., :3].sum(axis=-1)
        # 6 voxels from the middle along both diagonals, inside the disc of 8 voxels' radius.
        upper, lower = slice(14, 17), slice(31, 34)
        brightest, darkest = light[upper, upper].mean(), light[lower, lower].mean()
        for corner in (light[upper, lower].mean(), light[lower, upper].mean()):
            assert 1.02 * darkest < corner < brightest / 1.02


def test_cut_removes_what_faces_the_viewer():
    zinc, cobalt = halves()
    view = View(azimuth_deg=0, elevation_deg=0)
    cut = composition_image(zinc, cobalt, view=view, size=48, cut=(0.0, 0.0, 1.0))
    whole = composition_image(zinc, cobalt, view=view, size=48)
    # All at the right of the middle is gone, all at its left is there.
    assert cut[:, 30:, 3].max() < 0.05
    np.testing.assert_allclose(cut[:, :20, 3], whole[:, :20, 3], atol=1e-5)
