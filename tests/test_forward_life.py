"""The life of an acquisition, end to end: errors and damage do to a series what their definitions say."""

from dataclasses import replace

import numpy as np
import pytest
from glasstomo.forward import Acquisition, TiltScheme, draw_counts, expected_counts, simulate
from glasstomo.forward.acquisition_errors import AcquisitionErrors
from glasstomo.forward.beam_damage import BeamDamage
from glasstomo.forward.contamination import Contamination
from glasstomo.forward.emission import history_of
from glasstomo.phantoms import Grid, SupportFilm

from .small_phantoms import phantom_of

SCHEME = TiltScheme.uniform(-60, 60, 5, order="dose_symmetric")
SPACING = 4.0
PIXEL = 2 * SPACING


def blob(size: int = 48, *, film: SupportFilm | None = None):
    """Two smooth blobs of different metals, off centre, that fade to nothing well inside the field."""
    z, y, x = Grid.cube(size, spacing_nm=SPACING).points_nm()

    def gaussian(cz, cy, cx, width):
        radius2 = ((z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2) / width**2
        return np.exp(-radius2 / 2) * (radius2 < 16)

    zinc, cobalt = gaussian(6, -10, 8, 12.0), gaussian(-8, 12, -6, 10.0)
    return phantom_of(
        {"Zn": 5 * zinc, "Co": 4 * cobalt, "C": 20 * (zinc + cobalt), "N": 10 * zinc}, SPACING, film
    )


BLOB = blob()


def expected(phantom=BLOB, rng=None, **fields):
    base = {"scheme": SCHEME, "microscope": "osiris", "lines": ("Zn_Ka", "Co_Ka")}
    return expected_counts(phantom, Acquisition(**(base | fields)), rng=rng)


def axes(images):
    """Pixel centres, nm, as (y, x) that broadcast over images."""
    ny, nx = images.shape[-2:]
    return ((np.arange(ny) - (ny - 1) / 2) * PIXEL)[:, None], ((np.arange(nx) - (nx - 1) / 2) * PIXEL)[None]


def mean(images, weight):
    return (images * weight).sum(axis=(-2, -1)) / images.sum(axis=(-2, -1))


def centre(images):
    """Centre of mass (y, x) of each image, nm."""
    y, x = axes(images)
    return np.stack([mean(images, y), mean(images, x)], axis=-1)


def second_moments(images):
    """Variances along y and x and the covariance, nm², of each image."""
    y, x = axes(images)
    cy, cx = (c[..., None, None] for c in np.moveaxis(centre(images), -1, 0))
    return np.stack(
        [mean(images, (y - cy) ** 2), mean(images, (x - cx) ** 2), mean(images, (y - cy) * (x - cx))]
    )


NOMINAL = expected()
# The blobs are some pixels wide: sums over pixels of a Gaussian of width w are integrals up to
# exp(-2 (pi w / pixel)^2), far below 1e-6 for w = 10 and pixels of 8 nm; voxels of 4 nm still less. What is
# left is float32 and the cut at four widths.
NM = 5e-3


def test_off_by_default_to_the_last_bit():
    off = expected(errors=AcquisitionErrors(), damage=BeamDamage(), contamination=Contamination())
    np.testing.assert_array_equal(off.data, NOMINAL.data)


@pytest.mark.parametrize("offset", [PIXEL, -3 * PIXEL, 3.3])
def test_an_axis_offset_moves_every_image_along_y(offset):
    moved = expected(errors=AcquisitionErrors(axis_offset_nm=offset))
    np.testing.assert_allclose(centre(moved.data) - centre(NOMINAL.data), [[[offset, 0.0]] * 5] * 2, atol=NM)
    np.testing.assert_allclose(moved.data.sum(axis=(2, 3)), NOMINAL.data.sum(axis=(2, 3)), rtol=1e-6)
    if offset % PIXEL == 0:
        steps = round(offset / PIXEL)
        # Whole pixels: the same numbers, up to the rounding of float32, one row further.
        np.testing.assert_allclose(
            moved.data, np.roll(NOMINAL.data, steps, axis=2), atol=1e-5 * NOMINAL.data.max()
        )


def test_shifts_move_each_image_by_its_own_amount(rng):
    acquisition = Acquisition(
        scheme=SCHEME,
        microscope="osiris",
        lines=("Zn_Ka", "Co_Ka"),
        errors=AcquisitionErrors(shift_sigma_nm=6.0),
    )
    history = history_of(BLOB, acquisition, rng=rng)
    moved = expected_counts(BLOB, acquisition, history=history)
    assert np.abs(history.shift_nm).max() > 5
    np.testing.assert_allclose(
        centre(moved.data) - centre(NOMINAL.data), np.stack([history.shift_nm] * 2), atol=NM
    )


def test_tilt_errors_are_a_simulation_at_the_true_angles(rng):
    acquisition = Acquisition(
        scheme=SCHEME,
        microscope="osiris",
        lines=("Zn_Ka", "Co_Ka"),
        holder="wall",
        errors=AcquisitionErrors(tilt_sigma_deg=2.0, tilt_offset_deg=3.0),
    )
    history = history_of(BLOB, acquisition, rng=rng)
    series = expected_counts(BLOB, acquisition, history=history)
    true = expected(scheme=TiltScheme(angles_deg=tuple(history.angles_deg)), holder="wall")
    np.testing.assert_allclose(series.data, true.data, rtol=1e-5, atol=1e-5 * true.data.max())
    # The series knows what was asked for only: angles, and the gains that a model gives for them.
    np.testing.assert_array_equal(series.angles_deg, SCHEME.angles_deg)
    np.testing.assert_array_equal(series.gains, expected(holder="wall").gains)


@pytest.mark.parametrize("angle", [5.0, -12.0])
def test_the_axis_turns_every_image_about_its_middle(angle):
    turned = expected(errors=AcquisitionErrors(axis_angle_deg=angle))
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    y, x = np.moveaxis(centre(NOMINAL.data), -1, 0)
    # From +x towards +y. Three shears move matter to neighbouring voxels in the right shares.
    np.testing.assert_allclose(centre(turned.data), np.stack([c * y + s * x, c * x - s * y], -1), atol=NM)
    yy, xx, xy = second_moments(NOMINAL.data)
    # The shears blur by up to a quarter of a squared voxel along y, and by nothing else.
    blur = second_moments(turned.data)[0] - (c * c * yy + s * s * xx + 2 * s * c * xy)
    assert blur.min() > -0.1
    assert blur.max() < SPACING**2 / 4
    np.testing.assert_allclose(turned.data.sum(axis=(2, 3)), NOMINAL.data.sum(axis=(2, 3)), rtol=1e-5)


def test_a_drift_of_the_current_scales_counts_in_the_order_of_acquisition():
    series = expected(errors=AcquisitionErrors(current_drift=-0.4))
    order = list(SCHEME.acquisition_order)
    ratio = (series.data.sum(axis=(2, 3)) / NOMINAL.data.sum(axis=(2, 3)))[:, order]
    np.testing.assert_allclose(ratio, [np.linspace(1, 0.6, 5)] * 2, rtol=1e-6)
    # Nobody told the series.
    assert series.electrons_per_pixel == NOMINAL.electrons_per_pixel
    assert series.exposure is None


def scanned(offsets):
    """Series whose rows were scanned that far out of place."""
    acquisition = Acquisition(
        scheme=SCHEME,
        microscope="osiris",
        lines=("Zn_Ka", "Co_Ka"),
        errors=AcquisitionErrors(scan_noise_nm=3.0),
    )
    history = history_of(BLOB, acquisition, rng=np.random.default_rng(4))
    history = replace(history, row_offsets_nm=history.row_offsets_nm * offsets[0] + offsets[1])
    return expected_counts(BLOB, acquisition, history=history).data, history.row_offsets_nm


def test_noise_of_the_scan_along_x_moves_each_row_by_its_own_amount():
    data, offsets = scanned(((0.0, 1.0), 0.0))
    rows, nominal = data.sum(axis=3), NOMINAL.data.sum(axis=3)
    np.testing.assert_allclose(rows, nominal, rtol=1e-6, atol=1e-6 * nominal.max())
    _, x = axes(data)
    bright = nominal > 0.01 * nominal.max()
    moved = ((data - NOMINAL.data) * x).sum(axis=3)[bright] / nominal[bright]
    # Where the beam runs too far to +x the specimen appears too far to -x.
    expected_move = np.broadcast_to(-offsets[None, :, :, 1], nominal.shape)[bright]
    np.testing.assert_allclose(moved, expected_move, atol=0.1)
    assert np.abs(moved).max() > 3


def test_a_scan_that_starts_a_row_too_late_shows_the_next_row():
    data, _ = scanned((0.0, (PIXEL, 0.0)))
    np.testing.assert_allclose(data[:, :, :-1], NOMINAL.data[:, :, 1:], rtol=1e-6, atol=1e-6 * data.max())


def test_noise_of_the_scan_along_y_keeps_counts_on_average():
    data, _ = scanned(((1.0, 0.0), 0.0))
    ratio = data.sum(axis=(2, 3)) / NOMINAL.data.sum(axis=(2, 3))
    # Rows miss a strip of a Gaussian of width w or see it twice: sigma / w sqrt(pixel / (4 w sqrt(pi))), a
    # tenth for the blob of 10 nm; ten draws are within four of them but once in a thousand seeds.
    assert np.abs(ratio - 1).max() < 0.4
    assert abs(ratio.mean() - 1) < 0.1
    assert np.ptp(ratio) > 0.02


FLUENCE = Acquisition(scheme=SCHEME, microscope="osiris").fluence_e_nm2(PIXEL)[0]


def test_contraction_shrinks_second_moments_and_keeps_counts():
    damage = BeamDamage(contraction=0.2, contraction_fluence_e_nm2=2 * FLUENCE)
    series = expected(damage=damage)
    np.testing.assert_allclose(series.data.sum(axis=(2, 3)), NOMINAL.data.sum(axis=(2, 3)), rtol=1e-5)
    # The mean of exp(-u) over each exposure, which is half a critical fluence long.
    before = np.empty(5)
    before[list(SCHEME.acquisition_order)] = np.arange(5) / 2
    scale = 1 - 0.2 * (1 - (np.exp(-before) - np.exp(-before - 0.5)) / 0.5)
    assert scale.min() < 0.85
    # About the centre of the volume. What a pixel cuts off a voxel counts at the middle of the pixel:
    # voxels that are no longer half a pixel wide leave an error of about a hundredth of a pixel.
    np.testing.assert_allclose(centre(series.data), centre(NOMINAL.data) * scale[:, None], atol=PIXEL / 80)
    # Pixels add a twelfth of their square to the variances (Sheppard), half of it where they hold pairs of
    # whole voxels: along x, and along y at 0 degrees, before the specimen contracts.
    pixel = np.array([PIXEL**2 / 12, PIXEL**2 / 12, 0.0])[:, None, None] * np.ones((1, 1, 5))
    aligned = pixel.copy()
    aligned[0, :, 2] /= 2
    aligned[1] /= 2
    found, nominal = second_moments(series.data) - pixel, second_moments(NOMINAL.data) - aligned
    # Voxels that are almost half a pixel wide beat with the pixels: 0.7 % at 0 degrees, 0.01 % elsewhere.
    np.testing.assert_allclose(found, nominal * scale**2, rtol=0.01, atol=0.1)
    np.testing.assert_allclose(found[0, :, [0, 4]], (nominal * scale**2)[0, :, [0, 4]], rtol=5e-4)


def test_mass_loss_lowers_counts_of_its_element_in_the_order_of_acquisition():
    damage = BeamDamage(mass_loss={"Zn": 0.5}, mass_loss_fluence_e_nm2=3 * FLUENCE)
    series = expected(damage=damage)
    order = list(SCHEME.acquisition_order)
    ratio = series.data.sum(axis=(2, 3)) / NOMINAL.data.sum(axis=(2, 3))
    before = np.arange(5) / 3
    kept = (np.exp(-before) - np.exp(-before - 1 / 3)) * 3
    np.testing.assert_allclose(ratio[0, order], 1 - 0.5 * (1 - kept), rtol=1e-5)
    np.testing.assert_allclose(ratio[1], 1, rtol=1e-6)
    # The map keeps its shape.
    np.testing.assert_allclose(
        series.data[0] / ratio[0, :, None, None], NOMINAL.data[0], rtol=1e-4, atol=1e-6 * NOMINAL.data.max()
    )


def test_mass_loss_of_the_specimen_spares_film_and_contamination():
    """An ADF image far from the specimen shows the film only: what the specimen loses is no matter there."""
    film = SupportFilm(thickness_nm=20.0, top_nm=-90.0)
    layer = Contamination(adsorbed_nm=5.0, critical_fluence_e_nm2=1e3)
    damage = BeamDamage(mass_loss={"C": 0.9}, mass_loss_fluence_e_nm2=1e3)
    phantom = blob(film=film)
    lost, kept = (
        expected(phantom, signal="adf", contamination=layer, damage=each) for each in (damage, None)
    )
    np.testing.assert_allclose(lost.data[:, 0, 0], kept.data[:, 0, 0], rtol=1e-9)
    assert lost.data[2].max() < kept.data[2].max()


def test_contamination_is_a_flat_layer_of_carbon():
    layer = Contamination(adsorbed_nm=10.0, critical_fluence_e_nm2=1e-6)
    film = SupportFilm(thickness_nm=20.0, top_nm=-90.0)
    thicker = SupportFilm(thickness_nm=30.0, top_nm=-90.0)
    grown = expected(blob(film=film), signal="adf", contamination=layer)
    np.testing.assert_allclose(grown.data, expected(blob(film=thicker), signal="adf").data, rtol=1e-6)
    # X-rays of the metals do not mind.
    np.testing.assert_allclose(
        expected(contamination=layer).data, NOMINAL.data, rtol=1e-5, atol=1e-5 * NOMINAL.data.max()
    )


def test_a_dwell_per_tilt_is_counts_per_tilt():
    dwell = (0.1, 0.2, 0.3, 0.4, 0.5)
    series = expected(dwell_s=dwell)
    np.testing.assert_allclose(series.data, NOMINAL.data * (np.array(dwell) / 0.2)[:, None, None], rtol=1e-12)
    np.testing.assert_allclose(series.electrons, NOMINAL.electrons * np.array(dwell) / 0.2)


def test_a_longer_dwell_damages_what_comes_after():
    damage = BeamDamage(mass_loss={"Zn": 0.9}, mass_loss_fluence_e_nm2=FLUENCE)
    up = SCHEME.replace(order="increasing")
    short = expected(scheme=up, damage=damage, dwell_s=(0.2,) * 5)
    long = expected(scheme=up, damage=damage, dwell_s=(0.4, 0.2, 0.2, 0.2, 0.2))
    per_electron = [s.data[0].sum(axis=(1, 2)) / s.electrons for s in (short, long)]
    assert (per_electron[1] < per_electron[0]).all()


def test_order_of_acquisition_matters_only_when_something_changes():
    up = SCHEME.replace(order="increasing")
    np.testing.assert_array_equal(expected(scheme=up).data, NOMINAL.data)
    damage = BeamDamage(contraction=0.2, contraction_fluence_e_nm2=FLUENCE)
    assert not np.array_equal(expected(scheme=up, damage=damage).data, expected(damage=damage).data)


def test_errors_come_from_a_stream_of_their_own():
    """Counts are drawn as if the errors had been known: from the generator as it was given."""
    acquisition = Acquisition(
        scheme=SCHEME, microscope="osiris", errors=AcquisitionErrors(shift_sigma_nm=5.0, current_sigma=0.1)
    )
    series = simulate(BLOB, acquisition, rng=np.random.default_rng(1))
    truth = expected_counts(BLOB, acquisition, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(series.data, draw_counts(truth, rng=np.random.default_rng(1)).data)
    history = history_of(BLOB, acquisition, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(expected_counts(BLOB, acquisition, history=history).data, truth.data)


def test_random_errors_need_a_generator():
    with pytest.raises(ValueError, match="`rng` is needed"):
        expected(errors=AcquisitionErrors(shift_sigma_nm=1.0))


@pytest.mark.parametrize("signal", ["eds", "adf"])
def test_everything_at_once_gives_a_series(signal, rng):
    series = simulate(
        blob(film=SupportFilm(thickness_nm=10.0, top_nm=-90.0)),
        scheme=TiltScheme.golden_ratio(-60, 60, 5),
        microscope="osiris",
        signal=signal,
        holder="wall",
        rng=rng,
        errors=AcquisitionErrors(
            tilt_sigma_deg=0.3,
            tilt_offset_deg=1.0,
            shift_sigma_nm=2.0,
            axis_offset_nm=3.0,
            axis_angle_deg=1.0,
            current_drift=-0.1,
            current_sigma=0.02,
            scan_noise_nm=1.0,
        ),
        damage=BeamDamage(
            contraction=0.05,
            contraction_fluence_e_nm2=FLUENCE,
            mass_loss={"N": 0.3, "Zn": 0.1},
            mass_loss_fluence_e_nm2=FLUENCE,
        ),
        contamination=Contamination(adsorbed_nm=2.0, critical_fluence_e_nm2=FLUENCE),
    )
    assert np.isfinite(series.data).all()
    assert series.data.max() > 0
