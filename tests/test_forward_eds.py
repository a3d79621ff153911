"""EDS detectors and holders: solid angles, gains against closed forms and measured curves."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import eds_detectors, holders, tilt_lists
from glasstomo.forward import HOLDERS, EDSDetector, Holder, Segment
from hypothesis import given
from hypothesis import strategies as st

SUPER_X = EDSDetector()


def sampled_gain(segment: Segment, tilt_deg: float, holder: Holder) -> float:
    """Share of the disc that the holder leaves free, by rays spread evenly over its solid angle."""
    tilt, phi, theta = np.deg2rad([tilt_deg, segment.azimuth_deg, segment.elevation_deg])
    normal = np.array([0.0, np.sin(tilt), np.cos(tilt)])  # (x, y, z)
    axis = np.array([np.sin(phi) * np.cos(theta), np.cos(phi) * np.cos(theta), np.sin(theta)])
    helper = np.eye(3)[np.argmin(np.abs(axis))]
    first = np.cross(axis, helper) / np.linalg.norm(np.cross(axis, helper))
    second = np.cross(axis, first)
    edge = np.cos(np.arctan(segment.radius_mm / segment.distance_mm))
    cosine = edge + (1 - edge) * (np.arange(300) + 0.5) / 300
    turn = 2 * np.pi * (np.arange(600) + 0.5) / 600
    sine = np.sqrt(1 - cosine**2)[:, None, None]
    around = np.cos(turn)[:, None] * first + np.sin(turn)[:, None] * second
    rays = cosine[:, None, None] * axis + sine * around
    elevation = np.rad2deg(np.arcsin(np.clip(rays @ normal, -1, 1)))
    return float(holder.transmission(elevation, np.zeros(1), 7.5).mean())


def test_super_x_solid_angle():
    np.testing.assert_allclose(SUPER_X.solid_angles_sr, 0.176, atol=5e-4)
    assert SUPER_X.solid_angle_sr == pytest.approx(0.703, abs=5e-4)
    assert SUPER_X.azimuths_deg.tolist() == [45, 135, 225, 315]
    low, high = 18 - SUPER_X.half_angles_deg[0], 18 + SUPER_X.half_angles_deg[0]
    assert (low, high) == (pytest.approx(4.4, abs=0.05), pytest.approx(31.6, abs=0.05))


@given(eds_detectors(), tilt_lists())
def test_without_a_holder_every_gain_is_one(detector, tilts):
    assert (detector.gains(tilts, holder=HOLDERS["none"]) == 1.0).all()
    assert (detector.relative_gain(tilts) == 1.0).all()


@given(eds_detectors(), tilt_lists(), holders())
def test_gains_lie_between_zero_and_one(detector, tilts, holder):
    gains = detector.gains(tilts, holder=holder)
    assert gains.shape == (len(detector.segments), len(tilts))
    assert gains.min() >= 0.0
    assert gains.max() <= 1.0


@given(tilt_lists(), holders())
def test_swapping_quadrants_and_tilt_is_exact(tilts, holder):
    gains = SUPER_X.gains(tilts, holder=holder)
    mirrored = SUPER_X.gains([-tilt for tilt in tilts], holder=holder)
    np.testing.assert_array_equal(gains, mirrored[[1, 0, 3, 2]])  # y to -y
    np.testing.assert_array_equal(gains, gains[[3, 2, 1, 0]])  # x to -x


@given(eds_detectors(), st.floats(-90, 90), holders())
def test_gains_agree_with_counted_rays(detector, tilt, holder):
    gains = detector.gains([tilt], holder=holder)[:, 0]
    sampled = [sampled_gain(segment, tilt, holder) for segment in detector.segments]
    # Up to six edges cross the disc and each may miscount a ring of rays: half a percent each.
    np.testing.assert_allclose(gains, sampled, atol=0.03)


def test_edge_through_the_centre_hides_half():
    detector = EDSDetector(segments=(Segment(azimuth_deg=90, elevation_deg=0),))
    half = Holder(name="half", blocked_deg=((-90, 0),))
    np.testing.assert_allclose(detector.gains([-40, 0, 70], holder=half), 0.5, atol=1e-12)


@given(st.floats(0.05, 0.95))
def test_zenith_detector_follows_the_cap_formula(share):
    zenith = EDSDetector(segments=(Segment(azimuth_deg=0, elevation_deg=90),))
    half = zenith.half_angles_deg[0]
    edge = 90 - share * half
    gain = zenith.gains([0.0], holder=Holder(name="rim", blocked_deg=((-90, edge),)))[0, 0]
    cap = (1 - np.sin(np.deg2rad(edge))) / (1 - np.cos(np.deg2rad(half)))
    assert gain == pytest.approx(cap, abs=1e-9)


def test_a_holder_may_depend_on_azimuth_and_energy():
    class Slit(Holder):
        def transmission(self, elevation_deg, azimuth_deg, energy_kev):
            share = 0.25 if energy_kev < 1 else 1.0
            return np.where(np.cos(np.deg2rad(azimuth_deg)) > 0, share, 0.0) + 0 * elevation_deg

    gains = SUPER_X.gains([0.0], holder=Slit(name="slit"), energy_kev=0.5)[:, 0]
    np.testing.assert_allclose(gains, [0.25, 0, 0, 0.25])


def test_wall_agrees_with_the_measured_ni_quadrants(shared):
    table = np.loadtxt(shared / "facts" / "shadowing_ni_k.csv", delimiter=",", skiprows=2)
    tilts, counts = table[:, 0], table[:, 1:]  # columns D1..D4 at azimuths 45, 315, 225, 135
    gains = SUPER_X.gains(tilts, holder=HOLDERS["wall"], energy_kev=7.48)[[0, 3, 2, 1]].T
    signs = np.array([1, 1, -1, -1])
    asymmetry = gains @ signs / gains.sum(axis=1) - counts @ signs / counts.sum(axis=1)
    assert np.sqrt(np.mean(asymmetry**2)) <= 0.02


def test_blade_agrees_with_the_measured_si_curve(shared):
    table = np.loadtxt(shared / "facts" / "shadowing_si_k.csv", delimiter=",", skiprows=3)
    measured = {tilt: np.cos(np.deg2rad(tilt)) / multiplier for tilt, multiplier in table}
    tilts = sorted(tilt for tilt in measured if tilt > 0)
    assert tilts == list(range(5, 55, 5))
    model = SUPER_X.relative_gain(tilts, holder="blade", energy_kev=1.74)
    averaged = [(measured[tilt] + measured[-tilt]) / 2 for tilt in tilts]
    assert np.sqrt(np.mean((model - averaged) ** 2)) <= 0.03


def test_wall_and_blade_act_in_opposite_ways():
    wall, blade = (SUPER_X.relative_gain([30.0, 50.0], holder=name) for name in ("wall", "blade"))
    assert wall[1] < 0.6
    assert blade[1] > blade[0] > 0.7


def test_a_holder_that_makes_photons_is_refused():
    class Lamp(Holder):
        def transmission(self, elevation_deg, azimuth_deg, energy_kev):
            return 1.5 + 0 * elevation_deg

    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], got 1.5 to 1.5"):
        SUPER_X.gains([0.0], holder=Lamp(name="lamp"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SUPER_X.gains([[0]]), "one list of angles"),
        (lambda: SUPER_X.gains([0, 95]), "95.0 at index 1"),
        (lambda: SUPER_X.gains([float("nan")]), "nan at index 0"),
        (lambda: SUPER_X.gains([0], holder="wal"), "did you mean 'wall'"),
        (lambda: SUPER_X.gains([0], energy_kev=0), "`energy_kev` must be positive"),
        (lambda: Holder(name="x", blocked_deg=((5, 1),)), "low < high"),
        (lambda: EDSDetector(segments=()), "segments"),
        (lambda: Segment(azimuth_deg=0, radius_mm=-1), "radius_mm"),
        (
            lambda: SUPER_X.relative_gain([0], holder=Holder(name="lid", blocked_deg=((-90, 90),))),
            "hides every segment",
        ),
    ],
)
def test_bad_input_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
