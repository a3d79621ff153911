"""Net counts: the fit is unbiased, the windows are biased by what the analysis predicts."""

import numpy as np
import pytest
from glasstomo.forward import expected_counts
from glasstomo.forward.spectra.eds_response import EDSResponse
from glasstomo.forward.spectra.line_extraction import net_counts, spectrum_kernels
from glasstomo.forward.spectra.peak_fit import Design, PeakFit, fit_kernels
from glasstomo.forward.spectra.spectrum_series import SpectrumSeries
from glasstomo.forward.spectra.spectrum_simulation import simulate_spectra
from glasstomo.forward.spectra.window_counts import CountWindows
from hypothesis import given
from hypothesis import strategies as st

from .small_phantoms import ball_phantom
from .small_spectra import COPPER, LINES, RESPONSE, ZERO, at_zero, slab

PIXELS = 64
COUNTS = 500.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("spectra")


@pytest.fixture(scope="module")
def draw(folder) -> SpectrumSeries:
    """4096 pixels of one and the same spectrum, with the grid's copper in it."""
    rng = np.random.default_rng(1729)
    return simulate_spectra(
        slab(PIXELS), at_zero(), path=folder / "draw.h5", rng=rng, response=RESPONSE, system=COPPER
    )


@pytest.fixture(scope="module")
def expectation(folder) -> SpectrumSeries:
    return simulate_spectra(slab(2), at_zero(), path=folder / "mean.h5", response=RESPONSE, system=COPPER)


def test_there_is_copper_in_the_way(expectation):
    copper = net_counts(expectation, "Cu_Ka").data.mean()
    assert copper > 0.3 * COUNTS


def test_fit_is_unbiased_at_500_counts_beside_copper(draw):
    """Done-criterion: 1 %; 4096 draws of 500 ± 26 counts leave a Monte-Carlo error below 0.1 %."""
    net = net_counts(draw, LINES)
    error = net.data.std(axis=(1, 2, 3)) / PIXELS / COUNTS
    assert (error < 0.001).all()
    bias = net.data.mean(axis=(1, 2, 3)) / COUNTS - 1
    # Four standard errors: a false alarm in 1 of 8000 seeds, and well inside 1 %.
    assert (np.abs(bias) < 4 * error).all()


@pytest.mark.parametrize("counts", [2.0, 20.0])
def test_fit_is_unbiased_at_few_counts(folder, counts):
    """Weights from each pixel's own counts would lose about a count per channel of the background."""
    series = simulate_spectra(
        slab(PIXELS, counts=counts),
        at_zero(),
        path=folder / "few.h5",
        rng=np.random.default_rng(31),
        response=RESPONSE,
        system=COPPER,
    )
    net = net_counts(series, LINES).data
    error = net.std(axis=(1, 2, 3)) / PIXELS
    assert (np.abs(net.mean(axis=(1, 2, 3)) - counts) < 4 * error).all()
    # The error of the mean is what makes this test sharp.
    assert (error < 0.03 * counts).all()


@pytest.mark.parametrize("fit", [PeakFit(), PeakFit(tied=False), PeakFit(background_degree=3, margin_fwhm=9)])
@pytest.mark.parametrize("lines", [LINES, ("Zn_Kb",), ("Co_Ka", "Co_Kb", "Zn_Ka", "Zn_Kb", "N_Ka", "Zn_La")])
def test_fit_of_the_expectation_gives_the_counts_mode(folder, expectation, lines, fit):
    """Linear and unbiased: the expectation of the net counts is that of the counts mode."""
    counts = expected_counts(slab(2), scheme=ZERO, microscope="osiris", lines=lines)
    net = net_counts(expectation, lines, fit=fit)
    # float32 expectations, of which the fit takes sums and differences.
    np.testing.assert_allclose(net.data, counts.data, rtol=2e-5)
    assert net.channels == counts.channels
    np.testing.assert_array_equal(net.gains, counts.gains)
    assert net.electrons_per_pixel == counts.electrons_per_pixel


def test_fit_follows_holder_and_tilt(folder):
    """Also where the particle is, at any tilt, behind a holder, on a film and with uneven dwell."""
    from glasstomo.forward import TiltScheme
    from glasstomo.phantoms import SupportFilm

    phantom = ball_phantom(film=SupportFilm(top_nm=-120.0))
    fields = {
        "scheme": TiltScheme(angles_deg=(-60.0, 0.0, 45.0)),
        "microscope": "titan",
        "holder": "wall",
        "dwell_s": (0.4, 0.2, 0.3),
        "lines": LINES,
    }
    counts = expected_counts(phantom, **fields)
    series = simulate_spectra(phantom, path=folder / "ball.h5", response=RESPONSE, system=COPPER, **fields)
    net = net_counts(series)
    np.testing.assert_allclose(net.data, counts.data, atol=2e-5 * counts.data.max())
    np.testing.assert_array_equal(net.exposure, counts.exposure)
    np.testing.assert_array_equal(net.gains, counts.gains)


def test_windows_miss_what_the_analysis_predicts(draw, expectation):
    """Known overlap bias: exact by linearity, negative for zinc beside copper, hardly any for cobalt."""
    predicted = spectrum_kernels(expectation, LINES, method="windows")[0] @ expectation.tilt(0)[0, 0] - COUNTS
    net = net_counts(draw, LINES, method="windows").data
    error = net.std(axis=(1, 2, 3)) / PIXELS
    assert (np.abs(net.mean(axis=(1, 2, 3)) - COUNTS - predicted) < 4 * error).all()
    assert abs(predicted[0]) < 0.01 * COUNTS
    assert -0.25 * COUNTS < predicted[1] < -0.02 * COUNTS


def test_window_bias_is_that_of_the_windows_by_hand(expectation):
    """The same prediction from Gaussians and the three windows alone, without our kernels."""
    from scipy.special import ndtr

    copper = {
        name: net_counts(expectation, name).data[0, 0, 0] for name in ("Cu_Ka", "Cu_Kb", "Co_Kb", "Zn_Kb")
    }
    at = {
        "Cu_Ka": ((8.04778, 0.661), (8.02783, 0.339)),
        "Cu_Kb": ((8.90529, 1.0),),
        "Co_Kb": ((7.64943, 1.0),),
        "Zn_Kb": ((9.572, 1.0),),
    }
    own = ((8.63886, 0.661), (8.61578, 0.339))
    width = RESPONSE.fwhm_kev(8.63886)
    edges = 8.63886 + width * np.array([[-3.0, -2.0], [-1.0, 1.0], [2.0, 3.0]])

    def net(components) -> float:
        inside = np.zeros(3)
        for energy, share in components:
            sigma = RESPONSE.fwhm_kev(energy) / 2.354820045
            inside += share * np.diff(ndtr((edges - energy) / sigma), axis=1)[:, 0]
        # The peak window is as wide as both background windows together.
        return inside[1] - inside[0] - inside[2]

    lost = sum(copper[name] * net(at[name]) for name in at) / net(own)
    found = net_counts(expectation, "Zn_Ka", method="windows").data[0, 0, 0] - COUNTS
    # Channels that a window cuts count in proportion, and the background bends: a few counts in 10⁴.
    assert found == pytest.approx(lost, rel=0.03)


def test_the_series_says_which_lines_reach_into_its_windows(expectation):
    """Counts lost per photon of the copper K shell, times those photons, are the bias of the expectation."""
    simple = net_counts(expectation, LINES, method="windows")
    overlaps = simple.metadata["net_counts"]["overlaps"]
    assert overlaps["Co_Ka"] == {}
    copper = net_counts(expectation, ("Cu_Ka", "Cu_Kb"), fit=PeakFit(tied=False)).data.mean(axis=(1, 2, 3))
    bias = simple.data[1].mean() - COUNTS
    assert bias < -0.02 * COUNTS
    # Bremsstrahlung bends a little below the line.
    assert overlaps["Zn_Ka"]["Cu_K"] * copper.sum() == pytest.approx(bias, rel=0.03)
    fitted = net_counts(expectation, LINES).metadata["net_counts"]["overlaps"]
    assert fitted == {"Co_Ka": {}, "Zn_Ka": {}}


def test_isolated_line_on_a_straight_background_is_unbiased_by_windows(folder):
    from glasstomo.forward.spectra.window_counts import window_kernels

    energies = RESPONSE.energies_kev
    shape = RESPONSE.line_shape(6.93032)
    for windows in (CountWindows(), CountWindows(peak_fwhm=1.2, gap_fwhm=2.5, background_fwhm=0.7)):
        kernel = window_kernels(
            ["Co_Ka"], energies_kev=energies, fwhm_kev=RESPONSE.fwhm_kev, own_shapes=[shape], windows=windows
        )[0]
        # A straight line is centred on channels, windows are not: each sees it shifted by half a channel.
        assert kernel @ (300 * shape + 7.0) == pytest.approx(300, rel=1e-9)
        assert kernel @ (300 * shape + 7.0 - 0.5 * energies) == pytest.approx(300, rel=1e-3)


@pytest.mark.parametrize("method", ["fit", "windows"])
def test_variance_is_that_of_many_draws(draw, method):
    """Sample variances of 4096 draws scatter by √(2/4095) = 2.2 %."""
    net = net_counts(draw, LINES, method=method)
    found = net.data.var(axis=(1, 2, 3), ddof=1)
    np.testing.assert_allclose(net.variance.mean(axis=(1, 2, 3)), found, rtol=0.09)
    assert net.variance.min() > 0
    # The background and the other lines add theirs to Poisson's; the tied Kβ, an eighth of Kα, helps the fit.
    least = COUNTS / 1.135 if method == "fit" else COUNTS
    assert (net.variance.mean(axis=(1, 2, 3)) > least).all()


def test_fit_has_less_variance_than_windows(draw):
    fit, windows = (net_counts(draw, LINES, method=m).data.var(axis=(1, 2, 3)) for m in ("fit", "windows"))
    assert (fit < windows).all()


def test_fit_reaches_the_bound_of_cramer_and_rao(expectation):
    """No unbiased estimate of the same model has less variance than (AᵀV⁻¹A)⁻¹."""
    from glasstomo.forward.spectra.fit_design import fit_design

    mean = expectation.tilt(0)[0, 0].astype(np.float64)
    channels = slice(600, 960)
    design = fit_design(
        LINES,
        parts=expectation.parts,
        templates=expectation.templates,
        part_gains={},
        channels=channels,
        fit=PeakFit(),
    )
    kernel = fit_kernels(design, mean[channels])
    information = design.columns.T @ (design.columns / mean[channels, None])
    bound = np.diag(np.linalg.inv(information))[:2]
    np.testing.assert_allclose((kernel**2) @ mean[channels], bound, rtol=1e-3)


def test_dead_time_is_corrected(folder):
    """A tenth of the counts is lost, and comes back with the variance of what was counted."""
    response = RESPONSE.replace(dead_time_us=60.0)
    series = simulate_spectra(slab(16), at_zero(), path=folder / "dead.h5", response=response, system=COPPER)
    whole = simulate_spectra(slab(16), at_zero(), path=folder / "live.h5", response=RESPONSE, system=COPPER)
    live = series.live_fraction[0, 0, 0]
    assert 0.5 < live < 0.95
    np.testing.assert_allclose(series.total(), live * whole.total(), rtol=1e-6)
    np.testing.assert_allclose(series.total(live_corrected=True), whole.total(), rtol=1e-6)
    dead, full = net_counts(series), net_counts(whole)
    np.testing.assert_allclose(dead.data, full.data, rtol=1e-5)
    np.testing.assert_allclose(dead.variance, full.variance / live, rtol=1e-2)
    rate = whole.total().sum() / (16 * 16) / 0.2
    assert live == pytest.approx(1 / (1 + rate * 60e-6 / 4), rel=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(3, 9))
def test_fit_kernels_invert_their_columns(seed, degree):
    """K A = 1 on the lines and 0 on everything else, whatever the weights."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, 200)
    centres = np.linspace(-0.6, 0.6, degree)
    peaks = np.exp(-(((x[:, None] - centres) / 0.05) ** 2) / 2)
    columns = np.concatenate([peaks / peaks.sum(axis=0), np.ones((200, 1)), x[:, None]], axis=1)
    names = tuple(map(str, range(degree + 2)))
    design = Design(names=names, columns=columns, channels=slice(0, 200), wanted=2)
    spectrum = rng.poisson(rng.uniform(0, 5) + columns[:, :degree] @ rng.uniform(0, 400, degree))
    product = fit_kernels(design, spectrum.astype(float)) @ columns
    np.testing.assert_allclose(product, np.eye(2, degree + 2), atol=1e-7)


def test_a_single_line_has_no_channel_axis(expectation):
    assert net_counts(expectation, "Zn_Ka").data.shape == (1, 2, 2)
    assert net_counts(expectation, ["Zn_Ka"]).data.shape == (1, 1, 2, 2)


def test_blank_spectra_have_a_variance(folder):
    """A pixel without a count is known to a fraction of a count, not exactly."""
    empty = slab(4, counts=1e-6)
    rng = np.random.default_rng(1)
    series = simulate_spectra(empty, at_zero(), path=folder / "blank.h5", rng=rng, response=RESPONSE)
    for method in ("fit", "windows"):
        net = net_counts(series, LINES, method=method)
        assert net.data.any() == bool(series.total().any())
        assert (net.variance > 0).all()


@pytest.mark.parametrize(
    ("lines", "settings", "message"),
    [
        ("Au_La", {}, "no line 'Au_La' in these spectra; they have .*Zn_Kb"),
        ((), {}, "must name at least one line"),
        (("Zn_Ka", "Zn_Ka"), {}, "each once"),
        ("Zn_Ka", {"method": "sum"}, "`method` must be 'fit' or 'windows', got 'sum'"),
        ("Zn_Ka", {"fit": PeakFit(margin_fwhm=0.05)}, "channels around Zn_Ka for .* raise `margin_fwhm`"),
        ("Zn_Ka", {"method": "windows", "windows": CountWindows(gap_fwhm=40)}, "beyond the spectrum's"),
        ("Zn_Ka", {"method": "windows", "windows": CountWindows(gap_fwhm=0.01)}, "widen"),
    ],
)
def test_what_cannot_be_counted_says_why(expectation, lines, settings, message):
    with pytest.raises(ValueError, match=message):
        net_counts(expectation, lines, **settings)


def test_counts_come_from_spectra():
    with pytest.raises(TypeError, match=r"must be a SpectrumSeries \(SpectrumSeries.open\(path\)\), got str"):
        net_counts("spectra.h5")  # pyright: ignore


def test_twins_cannot_be_told_apart():
    peak = RESPONSE.line_shape(8.0)[700:900]
    columns = np.stack([peak, peak * (1 + 1e-9), np.ones(200)], axis=1)
    design = Design(names=("one", "other", "flat"), columns=columns, channels=slice(0, 200), wanted=1)
    with pytest.raises(ValueError, match="cannot tell one from other"):
        fit_kernels(design, 100 * peak + 1)


def test_resolution_decides_what_can_be_told_apart(folder):
    """A sharper detector loses less zinc to copper."""
    lost = []
    for fwhm in (120.0, 160.0):
        response = EDSResponse(channels=1200, fwhm_mn_ka_ev=fwhm)
        series = simulate_spectra(slab(2), at_zero(), path=folder / "r.h5", response=response, system=COPPER)
        lost.append(COUNTS - net_counts(series, "Zn_Ka", method="windows").data.mean())
        np.testing.assert_allclose(net_counts(series, "Zn_Ka").data, COUNTS, rtol=1e-5)
    assert lost[1] != pytest.approx(lost[0], rel=0.05)


def test_a_wrong_calibration_costs_what_it_costs(expectation):
    """Fitted with peaks 5 eV too wide, counts are too high by a little, and only then."""
    np.testing.assert_array_equal(
        net_counts(expectation, LINES, response=RESPONSE).data, net_counts(expectation, LINES).data
    )
    wide = net_counts(expectation, LINES, response=RESPONSE.replace(fwhm_mn_ka_ev=135.0)).data / COUNTS - 1
    narrow = net_counts(expectation, LINES, response=RESPONSE.replace(fwhm_mn_ka_ev=125.0)).data / COUNTS - 1
    assert (wide > 0.002).all()
    assert (wide < 0.03).all()
    assert (narrow < -0.002).all()
    with pytest.raises(ValueError, match="must have the 1200 channels of the spectra, got 2048"):
        net_counts(expectation, LINES, response=EDSResponse())


def test_an_element_that_is_not_there_counts_nothing(folder):
    """Looking for cobalt in pure zinc gives zero, not an error, and the same as counts mode."""
    from .small_phantoms import phantom_of

    zinc = phantom_of({"Zn": np.full((4, 4, 4), 5.0)}, 20.0)
    series = simulate_spectra(zinc, at_zero(), path=folder / "zinc.h5", response=RESPONSE, system=COPPER)
    counts = expected_counts(zinc, at_zero())
    np.testing.assert_allclose(net_counts(series).data, counts.data, atol=1e-3)
    assert counts.data[0].max() == 0


def test_soft_and_hard_lines_through_absorption(folder):
    """K lines come out exact; soft ones, on a background that absorption bends, within 0.5 %."""
    from glasstomo.forward.absorption import Absorption

    lines = ("Co_Ka", "Zn_Ka", "N_Ka", "C_Ka", "Zn_La", "Co_La")
    fields = {"scheme": ZERO, "microscope": "osiris", "holder": "wall", "absorption": Absorption()}
    phantom = ball_phantom(spacing_nm=60.0)
    counts = expected_counts(phantom, lines=lines, **fields).data.sum(axis=(1, 2, 3))
    series = simulate_spectra(phantom, path=folder / "soft.h5", system=COPPER, response=RESPONSE, **fields)
    net = net_counts(series, lines).data.sum(axis=(1, 2, 3))
    np.testing.assert_allclose(net[:2], counts[:2], rtol=1e-4)
    np.testing.assert_allclose(net[2:], counts[2:], rtol=5e-3)


def test_tied_lines_follow_cross_sections_and_gains(expectation):
    """Kβ hangs on Kα in the ratio that the microscope's table and the holder give."""
    from glasstomo.forward import MICROSCOPES
    from glasstomo.forward.spectra.fit_design import fit_design

    shapes = {part.name: t for part, t in zip(expectation.parts, expectation.templates, strict=True)}
    channels = slice(600, 1100)
    settings = {"parts": expectation.parts, "templates": expectation.templates, "channels": channels}
    gains = {"Zn_Ka": 0.8, "Zn_Kb": 0.6}
    tied = fit_design(("Zn_Ka",), part_gains=gains, fit=PeakFit(), **settings)
    barn = MICROSCOPES["osiris"].cross_section_barn
    ratio = barn["Zn_Kb"] / barn["Zn_Ka"] * 0.6 / 0.8
    expected = (shapes["Zn_Ka"] + ratio * shapes["Zn_Kb"])[channels]
    np.testing.assert_allclose(tied.columns[:, 0], expected, rtol=1e-12)
    assert tied.names[0] == "Zn_Ka"
    assert set(tied.names[1:]) == {"Co_Ka", "Cu_Ka", "background 0", "background 1"}
    free = fit_design(("Zn_Ka",), part_gains=gains, fit=PeakFit(tied=False), **settings)
    np.testing.assert_array_equal(free.columns[:, 0], shapes["Zn_Ka"][channels])
    assert {"Zn_Kb", "Co_Kb", "Cu_Kb"} <= set(free.names)
