"""Holders: filters that soft lines feel, measured curves, and segments kept apart."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import (
    eds_detectors,
    energies_kev,
    holder_filters,
    holders,
    measured_holders,
    tilt_lists,
)
from glasstomo.forward import EDSDetector, Holder, Segment
from glasstomo.forward.detectors import shadowing
from glasstomo.forward.detectors.holder import BERYLLIUM_CARRIER
from glasstomo.forward.detectors.holder_filter import HolderFilter
from glasstomo.forward.detectors.measured_holder import MeasuredHolder
from hypothesis import given
from hypothesis import strategies as st

SUPER_X = EDSDetector()
TILTS = np.arange(-70.0, 71.0, 10.0)
QUADRANTS = ("D1", "D4", "D3", "D2")  # of facts/shadowing_ni_k.csv, in order of azimuth


# Filters


@given(holders(filters=True), tilt_lists(), energies_kev())
def test_filtered_gains_lie_between_zero_and_one(holder, tilts, energy):
    gains = SUPER_X.gains(tilts, holder=holder, energy_kev=energy)
    assert gains.min() >= 0.0
    assert gains.max() <= 1.0


@given(holders(filters=True), tilt_lists(), energies_kev())
def test_swapping_quadrants_and_tilt_is_exact_with_filters(holder, tilts, energy):
    gains = SUPER_X.gains(tilts, holder=holder, energy_kev=energy)
    mirrored = SUPER_X.gains([-tilt for tilt in tilts], holder=holder, energy_kev=energy)
    np.testing.assert_array_equal(gains, mirrored[[1, 0, 3, 2]])
    np.testing.assert_array_equal(gains, gains[[3, 2, 1, 0]])


@given(holder_filters(), energies_kev(), st.floats(1, 3))
def test_thicker_layers_let_less_through(layer, energy, factor):
    at = np.linspace(-90, 90, 181)
    thin = layer.transmission(at, energy)
    thick = layer.replace(thickness_mm=tuple(factor * t for t in layer.thickness_mm)).transmission(at, energy)
    assert (thick <= thin).all()
    np.testing.assert_allclose(thick, thin**factor, rtol=1e-9, atol=1e-300)  # Beer and Lambert
    outside = (at <= layer.low_deg) | (at >= layer.high_deg)
    assert (thin[outside] == 1.0).all()


def test_the_way_through_a_layer_is_linear_between_its_ends():
    layer = HolderFilter(low_deg=10, high_deg=20, element="Be", density_g_cm3=1.848, thickness_mm=(0.4, 0.1))
    got = layer.transmission(np.array([9.0, 10.001, 15.0, 19.999, 21.0]), 3.0)
    depths = -np.log(got) / layer.attenuation_per_mm(3.0)
    np.testing.assert_allclose(depths, [0, 0.4, 0.25, 0.1, 0], atol=1e-4)


@pytest.mark.parametrize(("energy", "nist_cm2_g"), [(1.0, 604.1), (2.0, 74.69), (4.0, 8.685), (8.0, 1.124)])
def test_a_layer_over_the_whole_disc_transmits_as_the_nist_table_says(energy, nist_cm2_g):
    layer = HolderFilter(
        low_deg=-90, high_deg=90, element="Be", density_g_cm3=1.848, thickness_mm=(0.05, 0.05)
    )
    gains = SUPER_X.gains([0.0, 35.0], holder=Holder(name="can", filters=(layer,)), energy_kev=energy)
    # Hubbell and Seltzer, NISTIR 5632, to the four digits that they give.
    np.testing.assert_allclose(np.log(gains), -nist_cm2_g * 1.848 * 0.005, rtol=1e-3)


def test_beryllium_carrier_has_the_geometry_of_the_program_of_xu_et_al():
    # Holder_setup.m of superAngle: wall of 20 degrees, 3.1 mm across, 0.22 mm high; grid of 0.05 mm.
    rim_mm, height_mm, wall = 1.55, 0.22 + 0.05, np.tan(np.deg2rad(20))
    assert BERYLLIUM_CARRIER.high_deg == pytest.approx(np.rad2deg(np.arctan(height_mm / rim_mm)), abs=0.005)
    elevations = np.linspace(BERYLLIUM_CARRIER.low_deg, BERYLLIUM_CARRIER.high_deg, 41)
    slope = np.tan(np.deg2rad(elevations))
    # In through the cone z = (r - rim) tan 20 + height, out through its top.
    way_in = (wall * rim_mm - height_mm) / (wall - slope)
    way_mm = (height_mm / slope - way_in) / np.cos(np.deg2rad(elevations))
    linear = np.interp(elevations, elevations[[0, -1]], BERYLLIUM_CARRIER.thickness_mm)
    np.testing.assert_allclose(linear, way_mm, atol=0.004)


@given(st.floats(6.0, 30.0), tilt_lists())
def test_hard_lines_see_the_plain_wall(energy, tilts):
    plain = Holder(name="plain", blocked_deg=((-90.0, 8.5),))
    np.testing.assert_array_equal(
        SUPER_X.gains(tilts, holder="wall", energy_kev=energy),
        SUPER_X.gains(tilts, holder=plain, energy_kev=energy),
    )


def test_soft_lines_lose_up_to_the_rim_of_the_carrier():
    energies = (0.277, 0.392, 0.525, 1.012, 1.74, 2.5, 4.0, 5.0, 6.0)  # C, N, O, Zn L, Si ...
    gains = np.array([SUPER_X.gains(TILTS, holder="wall", energy_kev=energy) for energy in energies])
    assert (np.diff(gains, axis=0) >= 0).all()  # beryllium has no edge in between
    opaque = Holder(name="opaque", blocked_deg=((-90.0, 9.88),))
    # C K passes 0.25 um of Be: the carrier is a wall up to its rim.
    np.testing.assert_allclose(gains[0], SUPER_X.gains(TILTS, holder=opaque), atol=1e-3)
    at_zero = gains[:, 0, TILTS == 0.0].ravel()
    assert 0.02 < at_zero[-1] - at_zero[0] < 0.10
    # Continuous where the filter sets in.
    below = SUPER_X.gains(TILTS, holder="wall", energy_kev=5.999)
    np.testing.assert_allclose(below, gains[-1], atol=1e-4)


@pytest.mark.parametrize("energy", [0.277, 0.525, 1.012, 1.74, 3.0])
def test_the_carrier_is_integrated_to_a_millionth(energy):
    coarse = SUPER_X.gains(TILTS, holder="wall", energy_kev=energy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shadowing, "_ELEVATION_NODES", np.polynomial.legendre.leggauss(400))
        fine = SUPER_X.gains(TILTS, holder="wall", energy_kev=energy)
    np.testing.assert_allclose(coarse, fine, atol=1e-6)


@given(holders(filters=True), energies_kev())
def test_filtered_gains_agree_with_a_fine_sum(holder, energy):
    """Average over a disc at the zenith by rings of equal solid angle."""
    zenith = EDSDetector(segments=(Segment(azimuth_deg=0, elevation_deg=90),))
    low = 90 - zenith.half_angles_deg[0]
    sines = np.linspace(np.sin(np.deg2rad(low)), 1, 200_001)
    rings = np.rad2deg(np.arcsin((sines[1:] + sines[:-1]) / 2))
    expected = holder.transmission(rings, np.zeros(1), energy).mean()
    # Steep exponentials at the end of a layer are resolved to a few thousandths of the disc.
    assert zenith.gains([0.0], holder=holder, energy_kev=energy)[0, 0] == pytest.approx(expected, abs=5e-3)


def test_holders_of_any_form_are_good_to_two_hundredths():
    class Rim(Holder):
        """Stands at azimuths up to `width_deg` from +y, and hides what is below 12 degrees."""

        width_deg: float

        def transmission(self, elevation_deg, azimuth_deg, energy_kev):
            behind = np.abs(azimuth_deg) < self.width_deg
            return np.where(behind & (elevation_deg < 12), 0.0, 1.0)

    for width in (30.0, 45.0, 50.0, 57.0, 180.0):
        gain = SUPER_X.gains([0.0], holder=Rim(name="rim", width_deg=width))[0, 0]
        # Nested sums over elevation and azimuth at 0 degrees, by the definition of the disc.
        up, turn = np.deg2rad(np.meshgrid(np.linspace(4, 32, 1401), np.linspace(29, 61, 1601), indexing="ij"))
        centre, half = np.deg2rad(18), np.deg2rad(SUPER_X.half_angles_deg[0])
        near = np.sin(up) * np.sin(centre) + np.cos(up) * np.cos(centre) * np.cos(turn - np.pi / 4) > np.cos(
            half
        )
        weight = near * np.cos(up)
        hidden = (up < np.deg2rad(12)) & (turn < np.deg2rad(width))
        assert gain == pytest.approx(1 - (weight * hidden).sum() / weight.sum(), abs=0.02)


# Segments apart


@given(eds_detectors(), tilt_lists(), holders())
def test_separate_segments_add_up_to_their_sum(detector, tilts, holder):
    if not detector.gains([0.0], holder=holder).max() > 0:
        return
    apart = detector.relative_gain(tilts, holder=holder, separate=True)
    assert apart.shape == (len(detector.segments), len(tilts))
    np.testing.assert_allclose(
        apart.sum(axis=0), detector.relative_gain(tilts, holder=holder), rtol=1e-13, atol=1e-15
    )


def test_separate_segments_share_the_sum_by_solid_angle():
    detector = EDSDetector(
        segments=(Segment(azimuth_deg=0, name="left"), Segment(azimuth_deg=180, radius_mm=5.8))
    )
    assert detector.segment_names == ("left", "2")
    shares = detector.relative_gain([0.0], separate=True)[:, 0]
    np.testing.assert_allclose(shares, detector.solid_angles_sr / detector.solid_angle_sr, rtol=1e-14)


# Measured curves


@given(measured_holders())
def test_measured_ratios_come_back(holder):
    relative = SUPER_X.relative_gain(holder.tilts_deg, holder=holder, separate=True)
    counts = np.array(holder.counts)
    at_zero = counts[:, holder.tilts_deg.index(0.0)].sum()
    expected = counts / at_zero if len(counts) == 4 else np.repeat(counts / 4, 4, axis=0) / at_zero
    np.testing.assert_allclose(relative, expected, rtol=1e-12)
    gains = SUPER_X.gains(holder.tilts_deg, holder=holder)
    assert gains.max() == 1.0
    assert gains.min() >= 0.0


@given(measured_holders(), st.floats(0, 1))
def test_between_measured_tilts_the_line_is_straight(holder, at):
    low, high = holder.tilts_deg[0], holder.tilts_deg[-1]
    tilt = low + at * (high - low)
    expected = [np.interp(tilt, holder.tilts_deg, curve) for curve in holder.counts]
    best = np.max(holder.counts)
    got = SUPER_X.gains([tilt], holder=holder)[: len(expected), 0]
    np.testing.assert_allclose(got, np.array(expected) / best, rtol=1e-12, atol=1e-14)


def test_unequal_segments_keep_their_measured_ratio():
    detector = EDSDetector(segments=(Segment(azimuth_deg=0), Segment(azimuth_deg=180, radius_mm=5.8)))
    holder = MeasuredHolder(name="m", tilts_deg=(-10, 0, 10), counts=((30, 60, 60), (100, 90, 40)))
    relative = detector.relative_gain([-10, 0, 10], holder=holder, separate=True)
    np.testing.assert_allclose(relative * 150, [[30, 60, 60], [100, 90, 40]], rtol=1e-12)


def test_measured_ni_table_round_trip(shared):
    path = shared / "facts" / "shadowing_ni_k.csv"
    holder = MeasuredHolder.from_csv(path, columns=QUADRANTS, energies_kev=(5, 20))
    table = np.loadtxt(path, delimiter=",", skiprows=2)
    relative = SUPER_X.relative_gain(table[:, 0], holder=holder, separate=True, energy_kev=7.48)
    at_zero = table[table[:, 0] == 0, 1:].sum()
    np.testing.assert_allclose(relative, table[:, [1, 4, 3, 2]].T / at_zero, rtol=1e-12)
    # The wall that was fitted to the asymmetry is close in each quadrant: 0.042 of the sum at worst, where
    # the raw counts hold the wedge's growing thickness as well.
    wall = SUPER_X.relative_gain(table[:, 0], holder="wall", separate=True, energy_kev=7.48)
    assert np.abs(relative - wall).max() < 0.05
    assert MeasuredHolder(**holder.model_dump()) == holder


def test_a_lamella_is_brought_to_constant_thickness(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_text("# a comment\ntilt_deg,sum\n60,200\n-60,100\n0,100\n\n")
    flat = MeasuredHolder.from_csv(path, specimen="lamella")
    assert flat.name == "curve"
    assert flat.tilts_deg == (-60, 0, 60)
    np.testing.assert_allclose(flat.counts, [[50, 100, 100]], rtol=1e-12)
    np.testing.assert_allclose(MeasuredHolder.from_csv(path).counts, [[100, 100, 200]])


MEASURED = MeasuredHolder(name="m", tilts_deg=(-10, 0, 10), counts=((1, 2, 1),), energies_kev=(5, 9))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SUPER_X.gains([0, 11], holder=MEASURED), "from -10 to 10 degrees; 11 lies beyond"),
        (lambda: SUPER_X.gains([-10.1], holder=MEASURED), "not extrapolated"),
        (lambda: SUPER_X.gains([0], holder=MEASURED, energy_kev=0.28), "for 5 to 9 keV, not for 0.28 keV"),
        (lambda: MEASURED.transmission(np.zeros(1), np.zeros(1), 7.5), "no single directions"),
        (
            lambda: SUPER_X.gains(
                [0], holder=MeasuredHolder(name="m", tilts_deg=(0,), counts=((1,), (2,), (3,)))
            ),
            "3 measured curves, the detector 4 segments",
        ),
        (lambda: MeasuredHolder(name="m", tilts_deg=(0, 0), counts=((1, 1),)), "must increase: 0.0 follows"),
        (lambda: MeasuredHolder(name="m", tilts_deg=(0, 1), counts=((1,),)), "each of the 2 tilts, got 1"),
        (lambda: MeasuredHolder(name="m", tilts_deg=(0,), counts=((0,),)), "must not all be zero"),
        (lambda: MeasuredHolder(name="m", tilts_deg=(0,), counts=((-1,),)), "counts.0.0: .*got -1"),
        (
            lambda: MeasuredHolder(name="m", tilts_deg=(0,), counts=((1,),), energies_kev=(9, 5)),
            r"must be \(low, high\)",
        ),
        (
            lambda: MeasuredHolder(name="m", tilts_deg=(0,), counts=((1,),), blocked_deg=((0, 1),)),
            "no bands or filters",
        ),
        (
            lambda: HolderFilter(low_deg=5, high_deg=1, element="Be", density_g_cm3=1.8, thickness_mm=(1, 1)),
            "low_deg must be less",
        ),
        (
            lambda: HolderFilter(low_deg=5, high_deg=8, element="Xx", density_g_cm3=1.8, thickness_mm=(1, 1)),
            "Xx",
        ),
        (lambda: Segment(azimuth_deg=0, name="a@b"), "name"),
        (
            lambda: EDSDetector(segments=(Segment(azimuth_deg=0, name="2"), Segment(azimuth_deg=9))),
            "two segments are called '2'",
        ),
    ],
)
def test_bad_input_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tilt_deg,D1\n", "must hold a header"),
        ("tilt_deg\n0\n", "must hold a header"),
        ("tilt_deg,D1\n0,x\n", "line 2 of bad.csv must hold 2 numbers"),
        ("# note\ntilt_deg,D1\n0,1\n5\n", "line 4 of bad.csv"),
        ("tilt_deg,D1\n0,nan\n", "line 2"),
        ("tilt_deg,D1\n0,1\n0,2\n", "must increase"),
    ],
)
def test_bad_tables_name_the_line(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        MeasuredHolder.from_csv(path)


def test_unknown_columns_and_specimens(tmp_path):
    path = tmp_path / "good.csv"
    path.write_text("tilt_deg,D1,D2\n0,1,2\n")
    with pytest.raises(ValueError, match="no column 'D3'; it has D1, D2"):
        MeasuredHolder.from_csv(path, columns=["D3"])
    with pytest.raises(ValueError, match="'particle' or 'lamella'"):
        MeasuredHolder.from_csv(path, specimen="sheet")  # pyright: ignore
