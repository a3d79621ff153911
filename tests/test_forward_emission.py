"""What reaches the detectors: the two routes to an image agree, and absorption obeys its closed form."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import phantoms, tilt_schemes
from glasstomo.forward import (
    HOLDERS,
    LINES,
    MICROSCOPES,
    Absorption,
    Acquisition,
    AcquisitionErrors,
    BeamDamage,
    Contamination,
    EDSDetector,
    Emitter,
    Probe,
    Segment,
    SupportGrid,
    TiltScheme,
    emission_images,
    expected_counts,
    history_of,
    simulate,
)
from glasstomo.forward.attenuation import linear_attenuation_per_nm
from glasstomo.phantoms import MATERIALS, SupportFilm
from hypothesis import given
from hypothesis import strategies as st

from .small_phantoms import ball_phantom, phantom_of

# Float32 products, summed in another order.
FLOAT32 = 1e-5


def close(actual, desired, rtol=FLOAT32):
    np.testing.assert_allclose(actual, desired, rtol=0, atol=rtol * max(np.abs(desired).max(), 1e-30))


@given(phantoms(), tilt_schemes(), st.sampled_from(["eds", "adf"]))
def test_an_unnoticeable_error_changes_nothing(phantom, scheme, signal):
    """Tilt by tilt, with every voxel laid onto pixels along x: the same images as all tilts at once."""
    common = {"scheme": scheme, "microscope": "osiris", "signal": signal, "holder": "wall"}
    tiny = AcquisitionErrors(axis_offset_nm=1e-9)
    close(expected_counts(phantom, **common, errors=tiny).data, expected_counts(phantom, **common).data, 2e-5)


def slab(thickness_nm=480.0, spacing_nm=10.0, across=24, scale=1.0):
    """Return a slab of ZIF-62 that fills the box along y and x, in the middle of it along z."""
    material = MATERIALS["ZIF-62"]
    count = round(thickness_nm / spacing_nm)
    inside = np.zeros((count + 4, across, across), np.float32)
    inside[2:-2] = scale
    return phantom_of({e: n * inside for e, n in material.number_densities().items()}, spacing_nm)


def upward(elevation_deg):
    """One small detector across the tilt axis, so that a slab's escape path is the same everywhere."""
    segment = Segment(azimuth_deg=90.0, elevation_deg=elevation_deg, radius_mm=0.01)
    return MICROSCOPES["osiris"].replace(eds=EDSDetector(segments=(segment,)))


@pytest.mark.parametrize("line", ["Zn_La", "N_Ka", "Zn_Ka"])
def test_a_slab_under_a_detector_above_absorbs_as_its_closed_form(line):
    """Straight up, the mean transmission of a slab is (1 - exp(-x)) / x, x = mu t."""
    phantom = slab()
    common = {
        "scheme": TiltScheme(angles_deg=(0.0,)),
        "microscope": upward(90.0),
        "lines": (line,),
    }
    plain = expected_counts(phantom, **common).data
    absorbed = expected_counts(phantom, **common, absorption=True).data
    densities = MATERIALS["ZIF-62"].number_densities()
    x = linear_attenuation_per_nm(densities, LINES[line].energy_kev) * 480.0
    # Voxels of 20 nm: the midpoint rule errs by (mu h)^2 / 24, below 1e-3 for nitrogen.
    np.testing.assert_allclose(absorbed / plain, -np.expm1(-x) / x, rtol=2e-3)


def test_contamination_absorbs_soft_lines_on_their_way_up():
    """Half of the layer lies on the face towards the detector; straight up it takes exp(-mu t / 2)."""
    phantom = slab()
    layer = Contamination(adsorbed_nm=20.0, critical_fluence_e_nm2=1e-6)
    common = {
        "scheme": TiltScheme(angles_deg=(0.0,)),
        "microscope": upward(90.0),
        "lines": ("N_Ka", "Zn_Ka"),
        "absorption": True,
    }
    clean, covered = (expected_counts(phantom, **common, contamination=c).data for c in (None, layer))
    carbon = MATERIALS["carbon"].number_densities()
    for line, before, after in zip(("N_Ka", "Zn_Ka"), clean, covered, strict=True):
        kept = np.exp(-linear_attenuation_per_nm(carbon, LINES[line].energy_kev) * 10.0)
        np.testing.assert_allclose(after, kept * before, rtol=1e-4)
    assert (covered[0] < 0.99 * clean[0]).all()


@given(phantoms(), st.sampled_from(sorted(HOLDERS)))
def test_absorbed_segments_add_up_to_the_absorbed_sum(phantom, holder):
    common = {
        "scheme": TiltScheme(angles_deg=(-40.0, 0.0, 65.0)),
        "microscope": "titan",
        "holder": holder,
        "lines": ("Zn_La", "Zn_Ka"),
        "absorption": True,
    }
    whole = expected_counts(phantom, **common)
    parts = expected_counts(phantom, **common, segments="separate").summed_segments()
    close(parts.data, whole.data, 2e-5)
    free = expected_counts(phantom, **{**common, "absorption": None})
    assert (whole.data <= free.data * (1 + 1e-5)).all()
    assert (whole.gains == free.gains).all()


def test_hard_lines_hardly_notice_a_particle():
    phantom = ball_phantom(24, spacing_nm=20.0)
    common = {"scheme": TiltScheme.uniform(-70, 70, 5), "microscope": "osiris", "lines": ("Co_Ka", "Zn_Ka")}
    plain, absorbed = (
        expected_counts(phantom, **common, absorption=on).data.sum((2, 3)) for on in (None, True)
    )
    assert (absorbed < plain).all()
    assert (absorbed > 0.995 * plain).all()
    soft = {**common, "lines": ("N_Ka",)}
    plain, absorbed = (
        expected_counts(phantom, **soft, absorption=on).data.sum((2, 3)) for on in (None, True)
    )
    assert (absorbed < 0.9 * plain).all()


def test_seven_rays_differ_from_the_centre_where_lines_are_soft():
    phantom = ball_phantom(16, spacing_nm=20.0)
    common = {"scheme": TiltScheme(angles_deg=(0.0,)), "microscope": "osiris", "lines": ("N_Ka",)}
    one, seven = (
        expected_counts(phantom, **common, absorption=Absorption(rays=rays)).data.sum() for rays in (1, 7)
    )
    # A disc of +-13.6 degrees about 18: paths differ by a factor of seven, their mean transmission by little.
    assert 1e-4 < abs(seven / one - 1) < 0.05


def test_absorption_wants_whole_voxels_along_the_beam():
    odd = phantom_of({"Zn": np.ones((5, 4, 4))}, 10.0)
    with pytest.raises(ValueError, match="must divide nz = 5 too when X-rays are absorbed"):
        expected_counts(odd, scheme=TiltScheme(angles_deg=(0,)), microscope="osiris", absorption=True)


def test_emitters_without_energy_have_no_gain():
    phantom = ball_phantom(8)
    acquisition = Acquisition(
        scheme=TiltScheme(angles_deg=(0.0, 40.0)), microscope="osiris", holder="wall", absorption=True
    )
    electrons, photons = emission_images(
        phantom,
        acquisition,
        emitters=[Emitter(weights={"Zn": 1.0}), Emitter(weights={"Zn": 1.0}, energy_kev=8.6)],
    )
    atoms = phantom.atoms("Zn") / (2 * phantom.grid.spacing_nm) ** 2
    np.testing.assert_allclose(electrons.sum(axis=(1, 2)), acquisition.electrons * atoms, rtol=1e-4)
    assert photons[1].sum() != pytest.approx(electrons[1].sum(), rel=1e-3)


def test_what_the_beam_takes_away_is_missing():
    phantom = ball_phantom(8)
    damage = BeamDamage(mass_loss={"Zn": 0.4}, mass_loss_fluence_e_nm2=1e-3)
    common = {
        "scheme": TiltScheme(angles_deg=(0.0, 40.0)),
        "microscope": "osiris",
        "lines": ("Zn_Ka", "Co_Ka"),
    }
    whole, left = expected_counts(phantom, **common), expected_counts(phantom, **common, damage=damage)
    np.testing.assert_allclose(left.data[0], 0.6 * whole.data[0], rtol=1e-4)
    np.testing.assert_allclose(left.data[1], whole.data[1], rtol=1e-4, atol=1e-6)


def test_film_and_contamination_add_carbon_with_the_secant():
    film = SupportFilm(thickness_nm=20.0, top_nm=-100.0)
    phantom = ball_phantom(8, film=film)
    common = {
        "scheme": TiltScheme(angles_deg=(0.0, 60.0)),
        "microscope": "osiris",
        "signal": "adf",
    }
    bare = expected_counts(ball_phantom(8), **common).data
    layer = Contamination(adsorbed_nm=20.0, critical_fluence_e_nm2=1e-6)
    filmed = expected_counts(phantom, **common).data
    grown = expected_counts(ball_phantom(8), **common, contamination=layer).data
    corner = (slice(None), 0, 0)
    assert (filmed[corner] > bare[corner]).all()
    np.testing.assert_allclose(grown[corner], filmed[corner], rtol=1e-6)


def test_a_grid_turns_with_the_specimen():
    """A bar beside the particle shadows the segments on its side; a quarter turn brings it to others."""
    bar = SupportGrid(hole_um=80, thickness_um=30, side="above", position_um=(30.0, 0.0))
    assert bar.turned(0.0) == bar
    common = {
        "scheme": TiltScheme(angles_deg=(0.0,)),
        "microscope": "osiris",
        "lines": ("Zn_Ka",),
        "segments": "separate",
        "support_grid": bar,
    }
    phantom = ball_phantom(8)
    first, second = (expected_counts(phantom, **common, in_plane_deg=turn).gains[:, 0] for turn in (0, 90))
    # The nearest bar stands at +y, between segments 1 (45 degrees) and 4 (315).
    assert first[0] == first[3] < first[1] == first[2]
    # Specimens turn from +x to +y, so that +y goes to -x: between segments 3 (225) and 4.
    np.testing.assert_allclose(second, first[[1, 2, 3, 0]], rtol=1e-6)


def test_random_errors_want_a_generator_and_leave_the_noise_alone():
    phantom = ball_phantom(8)
    common = {"scheme": TiltScheme(angles_deg=(0.0, 40.0)), "microscope": "osiris", "lines": ("Zn_Ka",)}
    shaky = {**common, "errors": AcquisitionErrors(current_sigma=1e-12)}
    with pytest.raises(ValueError, match="rng"):
        expected_counts(phantom, **shaky)
    steady = simulate(phantom, **common, rng=np.random.default_rng(5))
    other = simulate(phantom, **shaky, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(steady.data, other.data)


def test_a_history_can_be_kept_and_used_again():
    phantom = ball_phantom(8)
    acquisition = Acquisition(
        scheme=TiltScheme(angles_deg=(0.0, 40.0)),
        microscope="osiris",
        errors=AcquisitionErrors(tilt_sigma_deg=2.0, shift_sigma_nm=20.0),
    )
    history = history_of(phantom, acquisition, rng=np.random.default_rng(5))
    one = expected_counts(phantom, acquisition, history=history)
    same = expected_counts(phantom, acquisition, history=history, rng=np.random.default_rng(6))
    np.testing.assert_array_equal(one.data, same.data)
    drawn = expected_counts(phantom, acquisition, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(one.data, drawn.data)
    assert not np.array_equal(
        one.data, expected_counts(phantom, acquisition, rng=np.random.default_rng(6)).data
    )
    # The series knows what the microscopist knows.
    np.testing.assert_array_equal(one.angles_deg, (0.0, 40.0))
    assert "errors" not in one.metadata


def test_a_probe_blurs_and_keeps_the_counts():
    phantom = ball_phantom(16, spacing_nm=10.0)
    common = {"scheme": TiltScheme(angles_deg=(0.0, 40.0)), "microscope": "osiris", "lines": ("Zn_Ka",)}
    sharp = expected_counts(phantom, **common).data
    for probe in (Probe(fwhm_nm=15.0), Probe(depth_of_field=True)):
        blurred = expected_counts(phantom, **common, probe=probe).data
        np.testing.assert_allclose(blurred.sum((2, 3)), sharp.sum((2, 3)), rtol=2e-3)
        assert blurred.max() <= sharp.max()
    ideal = expected_counts(phantom, **common, probe=Probe()).data
    np.testing.assert_array_equal(ideal, sharp)
