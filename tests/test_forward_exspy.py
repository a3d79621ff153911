"""HyperSpy and exspy open our files, and count the atoms that we put in; our quantification is exspy's."""

import numpy as np
import pytest
from glasstomo.forward import TiltSeries, expected_counts, read_tilt_series, simulate
from glasstomo.forward.areal_density import areal_density
from glasstomo.forward.quantification import quantify
from glasstomo.forward.spectra.line_extraction import net_counts
from glasstomo.forward.spectra.spectrum_series import SpectrumSeries
from glasstomo.forward.spectra.spectrum_simulation import simulate_spectra
from glasstomo.forward.tilt_scheme import TiltScheme
from hypothesis import given
from hypothesis import strategies as st

from .small_phantoms import ball_phantom
from .small_spectra import COPPER, LINES, RESPONSE, at_zero, slab

BARN = {"Co_Ka": 3.38, "Zn_Ka": 2.48}
SCHEME = TiltScheme(angles_deg=(-50.0, 0.0, 50.0))
ZERO_TILT = 1
TAKE_OFF_DEG = 18.0


@pytest.fixture(scope="module")
def hs():
    pytest.importorskip("rsciio", reason="needs the extra io")
    pytest.importorskip("exspy", reason="needs exspy")
    return pytest.importorskip("hyperspy.api")


@pytest.fixture(scope="module")
def atoms() -> np.ndarray:
    """Atoms of Co and Zn per pixel that the ball holds, at 0°."""
    weights = [{"Co": 1.0}, {"Zn": 1.0}]
    return areal_density(ball_phantom(), angles_deg=[0.0], weights=weights, binning=2)[:, 0] * 40.0**2


@pytest.fixture(scope="module")
def spectra(tmp_path_factory) -> SpectrumSeries:
    return simulate_spectra(
        ball_phantom(),
        scheme=SCHEME,
        microscope="osiris",
        holder="wall",
        lines=LINES,
        dwell_s=(0.3, 0.2, 0.4),
        path=tmp_path_factory.mktemp("exspy") / "s.h5",
        response=RESPONSE,
    )


def exspy_atoms(spectrum, intensities, **settings) -> np.ndarray:
    """Atoms per pixel by exspy's own cross-section method."""
    percent, atoms = spectrum.quantification(
        intensities, method="cross_section", factors=list(BARN.values()), **settings
    )
    total = np.sum([signal.data for signal in atoms], axis=0)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(percent[0].data, 100 * atoms[0].data / total)
    return np.stack([signal.data for signal in atoms])


def map_intensities(maps) -> tuple:
    """Turn maps (line | y, x) into what exspy's quantification takes: a spectrum and one signal per line."""
    spectrum = maps.transpose(signal_axes=["X-ray line"])
    intensities = []
    for index, line in enumerate(maps.metadata.Sample.xray_lines):
        intensity = maps.inav[index].transpose(signal_axes=[])
        intensity.metadata.Sample.xray_lines = [line]
        intensities.append(intensity)
    return spectrum, intensities


def test_exspy_counts_the_atoms_of_our_maps(hs, tmp_path, atoms):
    """Done-criterion: expectations within rounding, draws within counting noise."""
    fields = {"scheme": SCHEME, "microscope": "osiris", "holder": "wall", "lines": LINES}
    expected_counts(ball_phantom(), **fields).export(tmp_path / "mean.hspy")
    spectrum, intensities = map_intensities(hs.load(tmp_path / "mean.hspy").inav[ZERO_TILT])
    assert type(spectrum).__name__ == "EDSTEMSpectrum"
    found = exspy_atoms(spectrum, intensities, take_off_angle=TAKE_OFF_DEG)
    np.testing.assert_allclose(found, atoms, rtol=1e-6)

    drawn = simulate(ball_phantom(), rng=np.random.default_rng(4), dwell_s=2.0, **fields)
    drawn.export(tmp_path / "draw.hspy")
    found = exspy_atoms(
        *map_intensities(hs.load(tmp_path / "draw.hspy").inav[ZERO_TILT]), take_off_angle=TAKE_OFF_DEG
    )
    counts = drawn.data[:, ZERO_TILT].sum(axis=(1, 2))
    # Four standard errors of the sum over the map, each below 3 %.
    assert (np.abs(found.sum(axis=(1, 2)) / atoms.sum(axis=(1, 2)) - 1) < 4 / np.sqrt(counts)).all()
    assert (counts > 5000).all()


def test_one_tilt_alone_needs_no_take_off_angle(hs, tmp_path, atoms):
    """A series of one tilt has one stage tilt, with which exspy calculates."""
    series = expected_counts(
        ball_phantom(), scheme=SCHEME, microscope="osiris", lines=LINES, dwell_s=(0.1, 0.4, 0.2)
    )
    series.select([ZERO_TILT]).export(tmp_path / "one.hspy")
    maps = hs.load(tmp_path / "one.hspy").inav[0]
    assert maps.metadata.Acquisition_instrument.TEM.Stage.tilt_alpha == 0.0
    assert maps.metadata.Acquisition_instrument.TEM.Detector.EDS.live_time == pytest.approx(0.4)
    np.testing.assert_allclose(exspy_atoms(*map_intensities(maps)), atoms, rtol=1e-6)


def test_net_counts_of_spectra_pass_through_exspy(hs, tmp_path, atoms, spectra):
    """Fitted net counts, exported as maps and quantified by exspy."""
    series = net_counts(spectra, LINES).select([ZERO_TILT])
    series.export(tmp_path / "net.hspy")
    found = exspy_atoms(*map_intensities(hs.load(tmp_path / "net.hspy").inav[0]))
    np.testing.assert_allclose(found, atoms, atol=1e-4 * atoms.max())
    back = read_tilt_series(tmp_path / "net.hspy")
    for name in ("data", "variance", "exposure", "gains"):
        np.testing.assert_array_equal(getattr(back, name), getattr(series, name))


@pytest.mark.parametrize("lazy", [False, True])
def test_spectra_open_as_eds_tem(hs, tmp_path, spectra, lazy):
    spectra.export(tmp_path / "s.hspy")
    signal = hs.load(tmp_path / "s.hspy", lazy=lazy)
    assert type(signal).__name__ == ("LazyEDSTEMSpectrum" if lazy else "EDSTEMSpectrum")
    axes = signal.axes_manager
    assert [axis.name for axis in axes._axes] == ["tilt", "y", "x", "Energy"]
    assert axes["Energy"].units == "keV"
    np.testing.assert_allclose(axes["Energy"].axis, spectra.energies_kev, atol=1e-12)
    np.testing.assert_allclose(axes["tilt"].axis, spectra.angles_deg)
    assert (axes["x"].units, axes["x"].scale) == ("nm", 40.0)
    np.testing.assert_array_equal(np.asarray(signal.data), np.stack([spectra.tilt(i) for i in range(3)]))
    tem = signal.metadata.Acquisition_instrument.TEM
    assert (tem.beam_energy, tem.beam_current, tem.probe_area) == (80.0, 1.0, 1600.0)
    assert tem.Detector.EDS.real_time == pytest.approx(0.3)
    assert tem.Detector.EDS.energy_resolution_MnKa == RESPONSE.fwhm_mn_ka_ev
    assert list(signal.metadata.Sample.xray_lines) == list(LINES)


def test_one_tilt_of_spectra_knows_its_own_times_and_angles(hs, tmp_path, spectra):
    from glasstomo.forward import MICROSCOPES

    for tilt, dwell in ((0, 0.3), (1, 0.2), (-1, 0.4)):
        spectra.export(tmp_path / "one.hspy", tilt=tilt)
        signal = hs.load(tmp_path / "one.hspy")
        tem = signal.metadata.Acquisition_instrument.TEM
        assert tem.Detector.EDS.live_time == pytest.approx(dwell)
        assert tem.Stage.tilt_alpha == spectra.angles_deg[tilt]
        assert signal.axes_manager.navigation_shape == (8, 8)
        # The mean over the segments of the sine of the take-off angle.
        eds = MICROSCOPES["osiris"].eds
        a, theta, phi = (np.deg2rad(v) for v in (tem.Stage.tilt_alpha, eds.elevations_deg, eds.azimuths_deg))
        mean = np.mean(np.sin(a) * np.cos(phi) * np.cos(theta) + np.cos(a) * np.sin(theta))
        assert np.sin(np.deg2rad(signal.get_take_off_angle())) == pytest.approx(mean, abs=1e-9)


def test_exspy_counts_the_atoms_of_our_spectra_by_windows(hs, tmp_path, atoms, spectra):
    """Done-criterion, 1 %: exspy's own windows, three FWHM wide so that they hold 99.9 % of a line."""
    spectra.export(tmp_path / "zero.hspy", tilt=ZERO_TILT)
    signal = hs.load(tmp_path / "zero.hspy")
    intensities = signal.get_lines_intensity(
        integration_windows=3.0, background_windows=signal.estimate_background_windows()
    )
    found = exspy_atoms(signal, intensities)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), atoms.sum(axis=(1, 2)), rtol=0.01)


def test_exspy_counts_the_atoms_of_our_spectra_by_its_model(hs, tmp_path):
    """Done-criterion, 1 % beside copper: exspy's model of Gaussians and a polynomial, fitted by exspy."""
    spectra = simulate_spectra(slab(2), at_zero(), path=tmp_path / "c.h5", response=RESPONSE, system=COPPER)
    spectra.export(tmp_path / "c.hspy", tilt=0)
    signal = hs.load(tmp_path / "c.hspy").isig[5.5:11.0]
    signal.set_elements(["Co", "Cu", "Zn"])
    model = signal.create_model(auto_background=False)
    model.add_polynomial_background(order=3)
    model.multifit(show_progressbar=False)
    found = exspy_atoms(signal, model.get_lines_intensity(list(LINES)))
    put_in = areal_density(slab(2), angles_deg=[0.0], weights=[{"Co": 1.0}, {"Zn": 1.0}], binning=2) * 1600
    np.testing.assert_allclose(found, put_in[:, 0], rtol=0.01)


def test_our_quantification_is_exspys(atoms, spectra):
    series = expected_counts(
        ball_phantom(),
        scheme=SCHEME,
        microscope="osiris",
        holder="wall",
        lines=LINES,
        dwell_s=(0.1, 0.4, 0.2),
    )
    found = quantify(series, BARN)
    np.testing.assert_allclose(found.atoms_per_pixel[:, ZERO_TILT], atoms, rtol=1e-6)
    np.testing.assert_allclose(found.areal_density, series.areal_density(BARN), rtol=1e-12)
    from_fit = quantify(net_counts(spectra, LINES), BARN)
    np.testing.assert_allclose(
        from_fit.areal_density, found.areal_density, atol=2e-5 * found.areal_density.max()
    )


def published_series() -> TiltSeries:
    """Intensities of exspy's published test, made anew.

    Spectra of 1024 channels of 10 eV: one count per channel and Gaussians of area 300 at Al Kα and 500 at
    Zn Kα, whose *standard deviation* is the detector's FWHM (Fiori and Newbury); integrated over
    ±1 FWHM in whole channels. 0.05 nA, 2.5 s, pixels of 0.5 nm.
    """
    energies = 0.01 * np.arange(1024)
    spectrum = np.ones(1024)
    lines = {"Al_Ka": (1.4865, 300), "Zn_Ka": (8.6389, 500)}
    widths = {name: np.sqrt(130.0**2 + 2500 * (energy - 5.8987)) / 1e3 for name, (energy, _) in lines.items()}
    for name, (energy, area) in lines.items():
        sigma = widths[name]
        gauss = np.exp(-(((energies - energy) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
        spectrum += area * gauss
    counts = []
    for name, (energy, _) in lines.items():
        first, last = (round((energy + side * widths[name]) / 0.01) for side in (-1, 1))
        counts.append(np.full((1, 2, 2), spectrum[first:last].sum()))
    return TiltSeries(
        data=np.stack(counts),
        angles_deg=[0.0],
        spacing_nm=0.5,
        channels=tuple(lines),
        signal="EDS_TEM",
        electrons_per_pixel=0.05e-9 * 2.5 / 1.602176634e-19,
    )


def test_published_values_of_exspy():
    """49.4889 at % Al, 21517.1647 and 21961.6166 atoms, 3 and 5 barn: exspy's test_quant_cross_section."""
    found = quantify(published_series(), {"Al_Ka": 3, "Zn_Ka": 5})
    assert found.elements == ("Al", "Zn")
    np.testing.assert_allclose(found.atomic_percent[0], 49.4889, atol=1e-3)
    np.testing.assert_allclose(found.atoms_per_pixel[0], 21517.1647, rtol=1e-5)
    np.testing.assert_allclose(found.atoms_per_pixel[1], 21961.6166, rtol=1e-5)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(0.1, 10))
def test_pooled_lines_and_segments_give_one_answer(seed, first, second):
    """Two lines of one element, one of them in two segments: the truth comes back, the error shrinks."""
    rng = np.random.default_rng(seed)
    density = rng.uniform(100, 2000, (2, 3, 3))
    gains = rng.uniform(0.2, 1, (3, 2))
    sigma = np.array([first, first, second])
    exposure = rng.uniform(0.5, 2, 2)
    # Every pixel holds more than one count, the least that a variance is taken for.
    electrons = 1e12
    data = electrons * 1e-10 * (exposure * gains * sigma[:, None])[..., None, None] * density
    series = TiltSeries(
        data=data,
        angles_deg=[0.0, 10.0],
        spacing_nm=5.0,
        channels=("Zn_Ka@1", "Zn_Ka@2", "Zn_Kb"),
        signal="EDS_TEM",
        gains=gains,
        exposure=exposure,
        electrons_per_pixel=electrons,
    )
    both = quantify(series, {"Zn_Ka": first, "Zn_Kb": second})
    alone = quantify(series, {"Zn_Ka": first})
    np.testing.assert_allclose(both.of("Zn"), density, rtol=1e-12)
    np.testing.assert_allclose(alone.of("Zn"), density, rtol=1e-12)
    assert (both.standard_error <= alone.standard_error * (1 + 1e-12)).all()


def test_standard_error_is_that_of_the_counts():
    series = simulate(
        slab(40),
        scheme=TiltScheme(angles_deg=(0.0,)),
        microscope="osiris",
        lines=LINES,
        rng=np.random.default_rng(6),
    )
    found = quantify(series, BARN)
    scatter = found.areal_density.std(axis=(1, 2, 3))
    # 1600 pixels: standard deviations are known to 1.8 %.
    np.testing.assert_allclose(np.sqrt(np.mean(found.standard_error**2, axis=(1, 2, 3))), scatter, rtol=0.07)


def test_what_cannot_be_quantified_says_why():
    series = published_series()
    with pytest.raises(ValueError, match="names Zn_La, but the series has Al_Ka, Zn_Ka"):
        quantify(series, {"Zn_La": 1.0})
    with pytest.raises(ValueError, match="must be a positive number of barn"):
        quantify(series, {"Zn_Ka": -1.0})
    with pytest.raises(ValueError, match="no element 'Co' was quantified; there are Zn"):
        quantify(series, {"Zn_Ka": 1.0}).of("Co")
    from dataclasses import replace

    with pytest.raises(ValueError, match="`electrons_per_pixel` is not known"):
        quantify(replace(series, electrons_per_pixel=None), {"Zn_Ka": 1.0})
    with pytest.raises(ValueError, match="gain of Zn is 0 at tilt index 0"):
        quantify(replace(series, gains=np.array([[1.0], [0.0]])), {"Zn_Ka": 1.0})
    with pytest.raises(ValueError, match="must be EDS_TEM"):
        quantify(replace(series.channel("Al_Ka"), channels=("ADF",), signal="ADF"), {"Zn_Ka": 1.0})


def test_vacuum_has_no_composition():
    series = published_series()
    empty = TiltSeries(**{**vars(series), "data": np.zeros_like(series.data)})
    assert np.isnan(quantify(empty, {"Al_Ka": 3, "Zn_Ka": 5}).atomic_percent).all()
