"""Support grids: shadows of the bars against counted rays, closed forms and symmetry."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import (
    eds_detectors,
    energies_kev,
    holders,
    support_grids,
    tilt_lists,
)
from glasstomo.forward import HOLDERS, EDSDetector, Holder, Segment
from glasstomo.forward.detectors import shadowing
from glasstomo.forward.detectors.measured_holder import MeasuredHolder
from glasstomo.forward.detectors.support_grid import SupportGrid
from hypothesis import given, settings
from hypothesis import strategies as st

SUPER_X = EDSDetector()


def rays(segment: Segment, tilt_deg: float, count: int = 250) -> np.ndarray:
    """Directions (z, y, x) in the holder's frame, spread evenly over the solid angle of a segment."""
    tilt, phi, theta = np.deg2rad([tilt_deg, segment.azimuth_deg, segment.elevation_deg])
    axis = np.array([np.sin(theta), np.cos(phi) * np.cos(theta), np.sin(phi) * np.cos(theta)])
    helper = np.eye(3)[np.argmin(np.abs(axis))]
    first = np.cross(axis, helper) / np.linalg.norm(np.cross(axis, helper))
    second = np.cross(axis, first)
    edge = segment.distance_mm / np.hypot(segment.distance_mm, segment.radius_mm)
    cosine = edge + (1 - edge) * (np.arange(count) + 0.5) / count
    turn = 2 * np.pi * (np.arange(2 * count) + 0.5) / (2 * count)
    around = np.cos(turn)[:, None] * first + np.sin(turn)[:, None] * second
    z, y, x = np.moveaxis(
        cosine[:, None, None] * axis + np.sqrt(1 - cosine**2)[:, None, None] * around, -1, 0
    )
    return np.stack([y * np.sin(tilt) + z * np.cos(tilt), y * np.cos(tilt) - z * np.sin(tilt), x])


def blocked(grid: SupportGrid, directions: np.ndarray) -> np.ndarray:
    """Follow each ray up to the height of the bars: is it outside the hole by then?"""
    z, y, x = directions
    rise = z if grid.side == "above" else -z
    steps = grid.thickness_um / np.where(rise > 0, rise, np.nan)
    at_y, at_x = grid.position_um[0] + steps * y, grid.position_um[1] + steps * x
    if grid.shape == "round":
        return np.hypot(at_y, at_x) > grid.hole_um / 2
    turn = np.deg2rad(grid.rotation_deg)
    across = np.abs([at_y * np.cos(turn) + at_x * np.sin(turn), at_x * np.cos(turn) - at_y * np.sin(turn)])
    return across.max(axis=0) > grid.hole_um / 2


def elevation_of(directions: np.ndarray) -> np.ndarray:
    return np.rad2deg(np.arcsin(np.clip(directions[0], -1, 1)))


@given(support_grids(opaque=True), st.floats(-90, 90), st.sampled_from(sorted(HOLDERS)))
def test_shadows_agree_with_counted_rays(grid, tilt, name):
    gains = SUPER_X.gains([tilt], holder=name, support_grid=grid)[:, 0]
    for segment, gain in zip(SUPER_X.segments, gains, strict=True):
        directions = rays(segment, tilt)
        passes = HOLDERS[name].transmission(elevation_of(directions), np.zeros(1), 7.5)
        # An edge that follows a ring or a spoke of the rays miscounts one of them: 0.4 % each.
        assert gain == pytest.approx((passes * ~blocked(grid, directions)).mean(), abs=8e-3)


@pytest.mark.parametrize("rotation", [20.0, -35.0, 70.0])
@pytest.mark.parametrize("position", [(-10.0, 30.0), (25.0, -15.0)])
def test_shadows_of_turned_holes_agree_in_every_quadrant(rotation, position):
    grid = SupportGrid(
        hole_um=100, thickness_um=22, side="above", rotation_deg=rotation, position_um=position
    )
    for tilt in (-12.0, 0.0, 12.0):
        gains = SUPER_X.gains([tilt], support_grid=grid)[:, 0]
        counted = [(~blocked(grid, rays(segment, tilt, 500))).mean() for segment in SUPER_X.segments]
        np.testing.assert_allclose(gains, counted, atol=2e-3)
        assert np.ptp(counted) > 0.02  # so that mixing up the quadrants would show


def test_holder_and_grid_see_the_same_azimuths():
    class OneSided(Holder):
        """Smooth in azimuth, and different in every quadrant."""

        def transmission(self, elevation_deg, azimuth_deg, energy_kev):
            return 0.5 + 0.2 * np.cos(np.deg2rad(azimuth_deg)) + 0.1 * np.sin(np.deg2rad(azimuth_deg))

    holder = OneSided(name="one-sided")
    flat = SupportGrid(hole_um=50, thickness_um=0, side="above")
    plain = SUPER_X.gains([-40.0, 0.0, 40.0], holder=holder)
    np.testing.assert_allclose(
        SUPER_X.gains([-40.0, 0.0, 40.0], holder=holder, support_grid=flat), plain, atol=1e-9
    )
    assert len(set(plain[:, 1].round(3))) == 4


@given(eds_detectors(), support_grids(opaque=True), st.floats(-90, 90), holders())
def test_any_detector_and_holder_agree_with_counted_rays(detector, grid, tilt, holder):
    gains = detector.gains([tilt], holder=holder, support_grid=grid)[:, 0]
    for segment, gain in zip(detector.segments, gains, strict=True):
        directions = rays(segment, tilt)
        passes = holder.transmission(elevation_of(directions), np.zeros(1), 7.5)
        assert gain == pytest.approx((passes * ~blocked(grid, directions)).mean(), abs=0.03)


@settings(max_examples=15)
@given(support_grids(opaque=True), st.floats(-80, 80), st.sampled_from(sorted(HOLDERS)))
def test_quadrature_error_is_below_one_in_a_million(grid, tilt, name):
    coarse = SUPER_X.gains([tilt], holder=name, support_grid=grid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shadowing, "_GRIDDED_NODES", np.polynomial.legendre.leggauss(200))
        fine = SUPER_X.gains([tilt], holder=name, support_grid=grid)
    np.testing.assert_allclose(coarse, fine, atol=1e-6)


@given(eds_detectors(), support_grids(), tilt_lists(), energies_kev())
def test_gains_lie_between_zero_and_one(detector, grid, tilts, energy):
    gains = detector.gains(tilts, support_grid=grid, energy_kev=energy)
    assert gains.shape == (len(detector.segments), len(tilts))
    assert gains.min() >= 0.0
    assert gains.max() <= 1.0
    assert not np.isnan(gains).any()


@given(tilt_lists(), support_grids(), holders(), energies_kev())
def test_mirrored_arrangements_give_the_same_bits(tilts, grid, holder, energy):
    options = {"holder": holder, "energy_kev": energy}
    gains = SUPER_X.gains(tilts, support_grid=grid, **options)
    in_y = SUPER_X.gains([-tilt for tilt in tilts], support_grid=grid.mirrored(y=True), **options)
    in_x = SUPER_X.gains(tilts, support_grid=grid.mirrored(x=True), **options)
    # A turned grid comes back from two mirrors only to rounding.
    exact = grid.shape == "round" or grid.rotation_deg % 45 == 0
    compare = np.testing.assert_array_equal if exact else np.testing.assert_allclose
    compare(gains, in_y[[1, 0, 3, 2]], **({} if exact else {"atol": 1e-9}))
    compare(gains, in_x[[3, 2, 1, 0]], **({} if exact else {"atol": 1e-9}))


@given(tilt_lists(), support_grids(centred=True), holders(), energies_kev())
def test_swapping_quadrants_is_exact_around_a_centred_particle(tilts, grid, holder, energy):
    options = {"holder": holder, "support_grid": grid, "energy_kev": energy}
    gains = SUPER_X.gains(tilts, **options)
    mirrored = SUPER_X.gains([-tilt for tilt in tilts], **options)
    np.testing.assert_array_equal(gains, mirrored[[1, 0, 3, 2]])
    np.testing.assert_array_equal(gains, gains[[3, 2, 1, 0]])


@given(tilt_lists(), holders(), st.sampled_from(["below", "above"]), st.sampled_from(["square", "round"]))
def test_without_bars_the_holder_is_left(tilts, holder, side, shape):
    plain = SUPER_X.gains(tilts, holder=holder)
    flat = SupportGrid(hole_um=50, thickness_um=0, side=side, shape=shape, position_um=(20, 5))
    np.testing.assert_array_equal(SUPER_X.gains(tilts, holder=holder, support_grid=flat), plain)
    assert (SUPER_X.gains(tilts, support_grid=flat) == 1.0).all()
    # A hole of a kilometre: what is left of the bars hides 2e-6 degrees.
    far = SupportGrid(hole_um=1e9, thickness_um=20, side=side, shape=shape)
    np.testing.assert_allclose(SUPER_X.gains(tilts, holder=holder, support_grid=far), plain, atol=1e-6)


@given(support_grids(opaque=True), st.floats(0, 360), st.floats(-90, 90))
def test_shadow_band_holds_every_blocked_direction(grid, azimuth, elevation):
    low, high = grid.shadow_deg
    if not low - 1e-9 <= elevation <= high + 1e-9:
        assert float(grid.transmission(np.array(elevation), np.array(azimuth), 8.0)) == 1.0


def test_shadow_band_is_no_wider_than_the_nearest_wall_makes_it():
    grid = SupportGrid(hole_um=100, thickness_um=20, side="above", position_um=(0, 30))
    nearest = np.rad2deg(np.arctan(20 / 20))
    assert grid.shadow_deg == (0.0, pytest.approx(nearest))
    assert float(grid.transmission(np.array(nearest - 0.01), np.array(90.0), 8.0)) == 0.0


def test_bars_below_cast_no_shadow_until_a_detector_looks_from_below():
    grid = SupportGrid(hole_um=40, thickness_um=60, side="below", position_um=(15, -3))
    low = 18 - SUPER_X.half_angles_deg[0]
    assert (SUPER_X.gains([-0.9 * low, 0.0, 0.9 * low], support_grid=grid) == 1.0).all()
    assert SUPER_X.gains([40.0], support_grid=grid)[1, 0] < 1


@given(support_grids(), tilt_lists())
def test_below_is_above_turned_over(grid, tilts):
    """Turning the detectors over (elevation to its negative, tilt too) swaps above and below."""
    under = EDSDetector(segments=tuple(s.replace(elevation_deg=-s.elevation_deg) for s in SUPER_X.segments))
    other = grid.replace(side="above" if grid.side == "below" else "below")
    np.testing.assert_allclose(
        SUPER_X.gains(tilts, support_grid=grid),
        under.gains([-tilt for tilt in tilts], support_grid=other),
        atol=1e-9,
    )


@given(st.floats(5, 100), st.floats(1, 80))
def test_round_hole_about_the_particle_is_a_plain_rim(hole, thickness):
    rim = np.rad2deg(np.arctan2(thickness, hole / 2))
    ring = Holder(name="rim", blocked_deg=((0.0, rim),))
    grid = SupportGrid(hole_um=hole, thickness_um=thickness, side="above", shape="round")
    tilts = np.linspace(-60, 60, 9)
    np.testing.assert_allclose(
        SUPER_X.gains(tilts, support_grid=grid), SUPER_X.gains(tilts, holder=ring), atol=1e-6
    )


def test_upright_edge_through_the_centre_of_the_disc_hides_half():
    # A bar far along +y at 18 degrees: its edge is a great circle, the centre of the disc lies on it.
    detector = EDSDetector(segments=(Segment(azimuth_deg=0, elevation_deg=30),))
    wide = 1e7
    thickness = np.tan(np.deg2rad(30)) * 100
    grid = SupportGrid(hole_um=wide, thickness_um=thickness, side="above", position_um=(wide / 2 - 100, 0.0))
    low = 30 - detector.half_angles_deg[0]
    assert low > 0  # all of the disc is above the film: what is hidden is the bar's doing
    assert detector.gains([0.0], support_grid=grid)[0, 0] == pytest.approx(0.5, abs=1e-6)


@given(st.floats(0.05, 0.49), st.floats(5, 60), st.sampled_from(["square", "round"]))
def test_a_particle_near_a_bar_loses_the_segments_on_that_side(offset, thickness, shape):
    hole = 100.0
    grid = SupportGrid(
        hole_um=hole, thickness_um=thickness, side="above", shape=shape, position_um=(offset * hole, 0.0)
    )
    near, far = SUPER_X.gains([0.0], support_grid=grid)[[0, 1], 0]
    assert near <= far
    if 0 < near < 1:
        assert near < far
    closer = grid.replace(position_um=(0.5 * (offset + 0.5) * hole, 0.0))
    assert SUPER_X.gains([0.0], support_grid=closer)[0, 0] <= near + 1e-6


@given(support_grids(opaque=True), tilt_lists(), st.floats(1.01, 3))
def test_thicker_bars_and_smaller_holes_hide_more(grid, tilts, factor):
    gains = SUPER_X.gains(tilts, support_grid=grid)
    thicker = SUPER_X.gains(tilts, support_grid=grid.replace(thickness_um=factor * grid.thickness_um))
    wider = SUPER_X.gains(tilts, support_grid=grid.replace(hole_um=factor * grid.hole_um))
    assert (thicker <= gains + 2e-6).all()
    assert (wider >= gains - 2e-6).all()


@given(support_grids(opaque=True), tilt_lists(), energies_kev())
def test_metal_bars_lie_between_opaque_and_none(grid, tilts, energy):
    opaque = SUPER_X.gains(tilts, support_grid=grid)
    metal = SUPER_X.gains(tilts, support_grid=grid.replace(element="Cu"), energy_kev=energy)
    assert (metal >= opaque - 2e-5).all()
    leaden = grid.replace(element="Cu", density_g_cm3=1e9)
    np.testing.assert_allclose(
        SUPER_X.gains(tilts, support_grid=leaden, energy_kev=energy), opaque, atol=1e-3
    )


def test_metal_bars_pass_what_the_way_through_them_leaves():
    grid = SupportGrid(hole_um=100, thickness_um=20, side="above", element="Cu")
    from glasstomo.forward.attenuation import mass_attenuation_cm2_g

    elevation = 15.0
    inside_um = 20 / np.sin(np.deg2rad(elevation)) - 50 / np.cos(np.deg2rad(elevation))
    expected = np.exp(-mass_attenuation_cm2_g("Cu", 8.64) * 8.96 * inside_um * 1e-4)
    got = grid.transmission(np.array(elevation), np.array(0.0), 8.64)
    assert float(got) == pytest.approx(expected, rel=1e-12)
    assert 0.2 < expected < 0.9


@settings(max_examples=15)
@given(support_grids(opaque=True), st.sampled_from(["Cu", "Mo", "C"]), st.floats(-80, 80), st.floats(0.3, 20))
def test_metal_bars_are_integrated_finely_enough(grid, element, tilt, energy):
    grid = grid.replace(element=element)
    coarse = SUPER_X.gains([tilt], support_grid=grid, energy_kev=energy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shadowing, "_ELEVATION_NODES", np.polynomial.legendre.leggauss(120))
        patch.setattr(shadowing, "_METAL_AZIMUTH_NODES", np.polynomial.legendre.leggauss(80))
        fine = SUPER_X.gains([tilt], support_grid=grid, energy_kev=energy)
    np.testing.assert_allclose(coarse, fine, atol=3e-5)


@given(support_grids(), st.floats(0, 360))
def test_wall_distance_ends_on_the_wall(grid, azimuth):
    reach = float(grid.wall_distance_um(np.array(azimuth)))
    assert reach > 0
    towards = np.array([[1e-6], [np.cos(np.deg2rad(azimuth))], [np.sin(np.deg2rad(azimuth))]])
    for factor, outside in ((0.999, False), (1.001, True)):
        tall = grid.replace(thickness_um=1e-6 * reach * factor, side="above")
        assert bool(blocked(tall, towards)[0]) == outside


@given(support_grids(), st.floats(0, 360), st.floats(-360, 360))
def test_turning_the_grid_turns_its_walls(grid, azimuth, turn):
    np.testing.assert_allclose(
        grid.turned(turn).wall_distance_um(np.array(azimuth + turn)),
        grid.wall_distance_um(np.array(azimuth)),
        rtol=1e-6,
    )


@given(support_grids(opaque=True))
def test_beam_reaches_the_particle_between_the_tilt_limits(grid):
    low, high = grid.tilt_limits_deg
    assert -90 <= low < 0 < high <= 90
    if grid.thickness_um < 1e-3:
        return
    for tilt, free in ((low - 0.01, False), (low + 0.01, True), (high - 0.01, True), (high + 0.01, False)):
        angle = np.deg2rad(tilt)
        # Towards the gun in the specimen's frame; the beam leaves the other way.
        up = np.array([[np.cos(angle)], [-np.sin(angle)], [0.0]])
        stopped = blocked(grid, up) | blocked(grid, -up)
        assert bool(stopped[0]) != free


def test_relative_gain_with_a_grid_counts_from_the_same_grid_at_zero():
    grid = SupportGrid(hole_um=90, thickness_um=25, side="above", position_um=(30, 0))
    relative = SUPER_X.relative_gain([-20.0, 0.0, 20.0], support_grid=grid, separate=True)
    assert relative[:, 1].sum() == pytest.approx(1.0, rel=1e-14)
    assert relative[0, 1] < relative[1, 1]
    np.testing.assert_allclose(
        relative.sum(axis=0), SUPER_X.relative_gain([-20.0, 0.0, 20.0], support_grid=grid), rtol=1e-13
    )


@given(support_grids())
def test_plain_values_round_trip(grid):
    assert SupportGrid(**grid.model_dump()) == grid


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SupportGrid(hole_um=90, thickness_um=20), "side is missing"),
        (lambda: SupportGrid(hole_um=0, thickness_um=20, side="below"), "hole_um"),
        (lambda: SupportGrid(hole_um=90, thickness_um=-1, side="below"), "thickness_um"),
        (lambda: SupportGrid(hole_um=90, thickness_um=20, side="beside"), "side"),
        (
            lambda: SupportGrid(hole_um=90, thickness_um=20, side="below", position_um=(0, 45)),
            r"inside the square hole of 90 um, got \(0, 45\)",
        ),
        (
            lambda: SupportGrid(
                hole_um=90, thickness_um=20, side="below", shape="round", position_um=(40, 40)
            ),
            "inside the round hole",
        ),
        (lambda: SupportGrid(hole_um=90, thickness_um=20, side="below", element="Xx"), "Xx"),
        (
            lambda: SUPER_X.gains(
                [0],
                holder=MeasuredHolder(name="m", tilts_deg=(0,), counts=((1,),)),
                support_grid=SupportGrid(hole_um=90, thickness_um=20, side="below"),
            ),
            "leave out the support grid",
        ),
        (
            lambda: SUPER_X.relative_gain(
                [0], support_grid=SupportGrid(hole_um=9, thickness_um=99, side="above")
            ),
            "holder and grid hide every segment",
        ),
    ],
)
def test_bad_input_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
