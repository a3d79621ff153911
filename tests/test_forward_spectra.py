"""Spectrum images: sums, laws of counting, files."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import phantoms
from glasstomo.forward import TiltScheme, expected_counts
from glasstomo.forward.areal_density import areal_density
from glasstomo.forward.spectra.eds_response import EDSResponse
from glasstomo.forward.spectra.spectrum_model import SpectrumModel
from glasstomo.forward.spectra.spectrum_rebinning import rebin_spectra
from glasstomo.forward.spectra.spectrum_series import SpectrumSeries, channel_overlap
from glasstomo.forward.spectra.spectrum_simulation import CONTINUUM_KEV, simulate_spectra
from glasstomo.forward.spectra.system_peaks import SystemPeaks
from glasstomo.phantoms import SupportFilm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from .small_phantoms import ball_phantom
from .small_spectra import COPPER, LINES, RESPONSE, at_zero, slab

SCHEME = TiltScheme(angles_deg=(-50.0, 0.0, 30.0))
FILM = SupportFilm(top_nm=-120.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spectra.h5"


def whole(series: SpectrumSeries) -> np.ndarray:
    return np.stack([series.tilt(index) for index in range(series.count)])


@settings(max_examples=5)
@given(phantom=phantoms(), holder=st.sampled_from(["none", "wall", "blade"]))
def test_energy_sums_equal_counts_mode(tmp_path_factory, phantom, holder):
    """Σ over channels = Σ over lines of the counts mode + bremsstrahlung + system peaks."""
    path = tmp_path_factory.mktemp("sums") / "s.h5"
    fields = {"scheme": SCHEME, "microscope": "titan", "holder": holder}
    series = simulate_spectra(phantom, path=path, system=COPPER, response=RESPONSE, **fields)
    model = SpectrumModel(
        microscope=at_zero(microscope="titan").microscope,
        response=RESPONSE,
        elements=phantom.elements,
        system=COPPER,
        continuum_kev=CONTINUUM_KEV,
    )
    total = np.zeros(series.shape[:3])
    for part, template in zip(model.components, model.templates, strict=True):
        if part.kind == "line":
            total += expected_counts(phantom, lines=part.name, **fields).data * template.sum()
        else:
            (image,) = areal_density(phantom, angles_deg=SCHEME.angles_deg, weights=[part.weights], binning=2)
            gain = 1.0
            if part.energy_kev is not None:
                detector = at_zero(microscope="titan").microscope.eds
                gain = detector.relative_gain(SCHEME.angles_deg, holder=holder, energy_kev=part.energy_kev)
                gain = gain[:, None, None]
            total += series.electrons_per_pixel * gain * image * template.sum()
    total += series.electrons_per_pixel * model.system_counts(SCHEME.angles_deg).sum(axis=1)[:, None, None]
    # float32 expectations, 1200 of them in a sum; K lines end well inside the range.
    np.testing.assert_allclose(whole(series).sum(axis=-1, dtype=np.float64), total, rtol=1e-5)


def test_k_lines_lie_whole_in_the_default_range(path):
    series = simulate_spectra(slab(1), at_zero(), path=path)
    for part, template in zip(series.parts, series.templates, strict=True):
        if part.kind == "line" and "_K" in part.name and not part.name.startswith("C_"):
            assert template.sum() == pytest.approx(1, abs=1e-9)


def test_same_seed_same_bits_whatever_the_blocks(tmp_path):
    def drawn(name: str, seed: int, **settings) -> np.ndarray:
        rng = np.random.default_rng(seed)
        series = simulate_spectra(
            ball_phantom(), scheme=SCHEME, microscope="osiris", path=tmp_path / name, rng=rng, **settings
        )
        return whole(series)

    first = drawn("a.h5", 7, response=RESPONSE)
    np.testing.assert_array_equal(first, drawn("b.h5", 7, response=RESPONSE, block_bytes=1))
    assert (first != drawn("c.h5", 8, response=RESPONSE)).any()


def test_mean_of_draws_is_the_expectation(tmp_path):
    """χ² of 225 draws of every channel, pooled to bins of some 25 counts: a false alarm in 1e-4 of seeds."""
    draws = simulate_spectra(
        slab(15, counts=50),
        at_zero(),
        path=tmp_path / "d.h5",
        rng=np.random.default_rng(3),
        response=RESPONSE,
    )
    mean = simulate_spectra(slab(1, counts=50), at_zero(), path=tmp_path / "m.h5", response=RESPONSE)
    expected = mean.tilt(0)[0, 0].astype(np.float64) * 15**2
    found = draws.total()[0]
    edges = np.unique(np.searchsorted(np.cumsum(expected), np.arange(0, expected.sum(), 25)))
    pooled, counts = np.add.reduceat(expected, edges), np.add.reduceat(found, edges)
    score = np.sum((counts - pooled) ** 2 / pooled)
    low, high = stats.chi2.ppf([0.5e-4, 1 - 0.5e-4], len(edges))
    assert low < score < high
    assert len(edges) > 300


def test_counts_of_a_pixel_are_poisson(tmp_path):
    """Dispersion of 900 like pixels: variance over mean is 1 ± 0.047; a false alarm in 1e-4 of seeds."""
    series = simulate_spectra(
        slab(30, counts=50),
        at_zero(),
        path=tmp_path / "p.h5",
        rng=np.random.default_rng(5),
        response=RESPONSE,
    )
    sums = whole(series)[0].sum(axis=-1, dtype=np.int64)
    index = np.sum((sums - sums.mean()) ** 2) / sums.mean()
    low, high = stats.chi2.ppf([0.5e-4, 1 - 0.5e-4], sums.size - 1)
    assert low < index < high


def test_thinning_equals_a_lower_dose_in_law(tmp_path):
    """A binomial third of a draw against a draw at a third of the current: two-sample χ² of the counts in
    a window, with a false alarm in 1e-3 of seeds; and without thinning it must sound."""

    def window(seed: int, current: float) -> np.ndarray:
        series = simulate_spectra(
            slab(30, counts=30),
            at_zero(beam_current_na=current),
            path=tmp_path / "t.h5",
            rng=np.random.default_rng(seed),
            response=RESPONSE,
        )
        return whole(series)[0, ..., 680:710].sum(axis=-1, dtype=np.int64).ravel()

    rng = np.random.default_rng(11)
    high, low = window(1, 1.0), window(2, 1 / 3)
    thinned = rng.binomial(high, 1 / 3)
    top = int(np.quantile(low, 0.97))

    def chance(sample: np.ndarray) -> float:
        table = np.array([np.bincount(np.minimum(s, top), minlength=top + 1) for s in (sample, low)])
        merged = np.stack([np.add.reduceat(row, np.arange(0, top + 1, 2)) for row in table])
        return stats.chi2_contingency(merged[:, merged.sum(axis=0) > 0]).pvalue

    assert chance(thinned) > 1e-3
    assert chance(rng.binomial(high, 0.45)) < 1e-6


@settings(max_examples=4)
@given(factor=st.floats(0.01, 100))
def test_expectation_is_linear_in_dose(tmp_path_factory, factor):
    folder = tmp_path_factory.mktemp("dose")
    one = simulate_spectra(slab(1), at_zero(), path=folder / "1.h5", response=RESPONSE, system=COPPER)
    more = simulate_spectra(
        slab(1), at_zero(dwell_s=0.2 * factor), path=folder / "2.h5", response=RESPONSE, system=COPPER
    )
    np.testing.assert_allclose(more.tilt(0), factor * one.tilt(0), rtol=1e-6)


@pytest.mark.parametrize(("energy", "space"), [(1, 2), (2, 1), (4, 4), (3, 2)])
def test_rebinning_keeps_every_count(tmp_path, energy, space):
    series = simulate_spectra(
        ball_phantom(film=FILM),
        scheme=SCHEME,
        microscope="osiris",
        path=tmp_path / "fine.h5",
        rng=np.random.default_rng(2),
        response=RESPONSE,
        system=COPPER,
    )
    coarse = rebin_spectra(series, tmp_path / "coarse.h5", energy=energy, space=space)
    data = whole(series).astype(np.int64)
    count, ny, nx, channels = data.shape
    blocks = data.reshape(count, ny // space, space, nx // space, space, channels // energy, energy)
    np.testing.assert_array_equal(whole(coarse), blocks.sum(axis=(2, 4, 6)))
    assert coarse.total().sum() == data.sum()
    assert coarse.electrons_per_pixel == series.electrons_per_pixel * space**2
    assert coarse.spacing_nm == series.spacing_nm * space


def test_rebinned_spectra_are_those_of_a_coarser_detector(tmp_path):
    """Pairs of channels of 10 eV are channels of 20 eV, and what follows from them is the same."""
    from glasstomo.forward.spectra.line_extraction import net_counts

    fine = simulate_spectra(slab(2), at_zero(), path=tmp_path / "f.h5", response=RESPONSE, system=COPPER)
    rebinned = rebin_spectra(fine, tmp_path / "r.h5", energy=2)
    coarse = EDSResponse(channels=600, dispersion_kev=0.02, offset_kev=0.005)
    direct = simulate_spectra(slab(2), at_zero(), path=tmp_path / "c.h5", response=coarse, system=COPPER)
    np.testing.assert_allclose(rebinned.energies_kev, direct.energies_kev, atol=1e-12)
    # Lines are integrals over channels: equal. Bremsstrahlung is taken at channel centres.
    lines = [i for i, part in enumerate(fine.parts) if part.kind == "line"]
    np.testing.assert_allclose(rebinned.templates[lines], direct.templates[lines], atol=1e-9)
    np.testing.assert_allclose(rebinned.tilt(0)[0, 0, 100:], direct.tilt(0)[0, 0, 100:], rtol=1e-3)
    np.testing.assert_allclose(net_counts(rebinned).data, 500, rtol=1e-5)
    assert rebinned.metadata["response"] == direct.metadata["response"]


def test_binned_pixels_of_one_phantom(tmp_path):
    """Pixels twice as large see the mean of four, as in counts mode."""
    fine = simulate_spectra(
        ball_phantom(), scheme=SCHEME, microscope="osiris", path=tmp_path / "2.h5", response=RESPONSE
    )
    coarse = simulate_spectra(
        ball_phantom(),
        scheme=SCHEME,
        microscope="osiris",
        binning=4,
        path=tmp_path / "4.h5",
        response=RESPONSE,
    )
    data = whole(fine)
    mean = data.reshape(3, 4, 2, 4, 2, -1).mean(axis=(2, 4))
    np.testing.assert_allclose(whole(coarse), mean, rtol=1e-4, atol=1e-6 * mean.max())


def test_copper_grows_with_tilt_and_dwell(tmp_path):
    empty = slab(2, counts=1e-6)
    dwells = np.array([0.1, 0.2, 0.6])
    scheme = TiltScheme(angles_deg=(-60.0, 0.0, 60.0))
    series = simulate_spectra(
        empty,
        scheme=scheme,
        microscope="osiris",
        path=tmp_path / "s.h5",
        system=SystemPeaks(),
        response=RESPONSE,
        dwell_s=tuple(dwells),
    )
    copper = series.energy_window(7.7, 8.4).mean(axis=(1, 2)) / dwells
    assert copper[1] > 1
    np.testing.assert_allclose(copper / copper[1], SystemPeaks().tilt_factor(scheme.angles_deg), rtol=1e-3)


def test_nothing_half_written_stays_behind(path, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr("glasstomo.forward.spectra.spectrum_simulation._write_spectra", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        simulate_spectra(slab(1), at_zero(), path=path, response=RESPONSE)
    assert list(path.parent.iterdir()) == []


def test_a_file_opens_again(path):
    series = simulate_spectra(
        ball_phantom(),
        scheme=SCHEME,
        microscope="osiris",
        path=path,
        dwell_s=(0.1, 0.2, 0.3),
        response=RESPONSE,
    )
    again = SpectrumSeries.open(path)
    assert repr(again) == repr(series)
    np.testing.assert_allclose(again.electrons, np.array([0.1, 0.2, 0.3]) * 1e-9 / 1.602176634e-19)
    with again as held:
        np.testing.assert_array_equal(held.tilt(-1), series.tilt(2))
        tiles = [
            (tilt, rows.start, block.shape) for tilt, rows, block in held.blocks(max_bytes=8 * 8 * 1200 * 3)
        ]
    assert tiles[:3] == [(0, 0, (3, 8, 1200)), (0, 3, (3, 8, 1200)), (0, 6, (2, 8, 1200))]
    assert again.metadata["noise"] == "none"


def test_counts_never_overflow(path):
    """Strong lines get wider integers; what fits into 16 bits stays small."""
    assert simulate_spectra(slab(1), at_zero(), path=path, rng=np.random.default_rng(1)).dtype == np.uint16
    bright = simulate_spectra(
        slab(1), at_zero(dwell_s=2000.0), path=path, rng=np.random.default_rng(1), response=RESPONSE
    )
    assert bright.dtype == np.uint32
    mean = simulate_spectra(slab(1), at_zero(dwell_s=2000.0), path=path, response=RESPONSE)
    assert bright.total().sum() == pytest.approx(mean.total().sum(), rel=1e-2)
    with pytest.raises(ValueError, match="counts expected in one channel; lower"):
        simulate_spectra(slab(1), at_zero(dwell_s=1e9), path=path, rng=np.random.default_rng(1))


def test_window_of_energies(path):
    series = simulate_spectra(slab(1), at_zero(), path=path, response=RESPONSE)
    spectrum = series.tilt(0)[0, 0].astype(np.float64)
    half = series.energy_window(series.energies_kev[700] - 0.005, series.energies_kev[701])
    assert half[0, 0, 0] == pytest.approx(spectrum[700] + spectrum[701] / 2, rel=1e-6)
    assert channel_overlap(series.energies_kev, -1, 30).sum() == pytest.approx(1200)
    with pytest.raises(ValueError, match="must be above `low_kev`"):
        series.energy_window(2, 1)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"signal": "adf"}, ValueError, "`signal` must be 'eds'"),
        ({"segments": "separate"}, ValueError, "`segments` must be 'sum'"),
        ({"path": "x.hspy"}, ValueError, r"must end in \.h5"),
        ({"path": "absent/s.h5"}, ValueError, "the folder absent does not exist; make it first"),
        ({"rng": 5}, TypeError, "must be a numpy.random.Generator"),
        ({"response": {"channels": 100}}, TypeError, "must be an EDSResponse, got dict"),
        ({"system": "Cu"}, TypeError, "must be SystemPeaks or None, got str"),
    ],
)
def test_what_cannot_be_simulated_says_why(tmp_path, fields, error, message):
    settings = {"path": tmp_path / "s.h5", "scheme": SCHEME, "microscope": "osiris", **fields}
    with pytest.raises(error, match=message):
        simulate_spectra(ball_phantom(), **settings)


def test_what_is_no_spectrum_series_says_so(tmp_path, path):
    expected_counts(ball_phantom(), scheme=SCHEME, microscope="osiris").save(tmp_path / "maps.h5")
    with pytest.raises(ValueError, match=r"maps.h5: not a glasstomo spectrum series"):
        SpectrumSeries.open(tmp_path / "maps.h5")
    series = simulate_spectra(slab(2), at_zero(), path=path, response=RESPONSE)
    with pytest.raises(ValueError, match="`index` must lie below 1"):
        series.tilt(1)
    broken = tmp_path / "broken.h5"
    broken.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match="unreadable or truncated"):
        SpectrumSeries.open(broken)
    with pytest.raises(ValueError, match="no such file"):
        SpectrumSeries.open(tmp_path / "none.h5")
    assert series.lines_wanted == LINES


def test_errors_of_the_acquisition_reach_the_spectra(tmp_path):
    """Drift and shifts are those of counts mode with the same seed, and leave the noise's stream alone."""
    from glasstomo.forward import AcquisitionErrors
    from glasstomo.forward.spectra.line_extraction import net_counts

    errors = AcquisitionErrors(tilt_sigma_deg=1.0, shift_sigma_nm=20.0, current_sigma=0.05, scan_noise_nm=3.0)
    fields = {"scheme": SCHEME, "microscope": "osiris", "errors": errors, "lines": LINES}
    series = simulate_spectra(
        ball_phantom(),
        path=tmp_path / "e.h5",
        rng=np.random.default_rng(9),
        noise=False,
        response=RESPONSE,
        **fields,
    )
    counts = expected_counts(ball_phantom(), rng=np.random.default_rng(9), **fields)
    assert np.abs(counts.data - expected_counts(ball_phantom(), **{**fields, "errors": None}).data).max() > 10
    np.testing.assert_allclose(net_counts(series).data, counts.data, atol=5e-5 * counts.data.max())


def test_channels_may_begin_below_zero(tmp_path):
    from glasstomo.forward.spectra.line_extraction import net_counts

    response = EDSResponse(channels=1250, offset_kev=-0.48)
    series = simulate_spectra(slab(1), at_zero(), path=tmp_path / "n.h5", response=response, system=COPPER)
    assert series.energies_kev[0] == -0.48
    np.testing.assert_allclose(net_counts(series, [*LINES, "C_Ka"]).data[:2], 500, rtol=1e-5)


@pytest.mark.slow
def test_a_full_series_stays_below_a_gigabyte(tmp_path):
    """Done-criterion: 64 × 64 × 15 × 2048 to disk, and net counts from it, in a process of its own."""
    program = """
import resource, sys
from pathlib import Path
import numpy as np
from glasstomo.forward import TiltScheme
from glasstomo.forward.spectra.line_extraction import net_counts
from glasstomo.forward.spectra.spectrum_simulation import simulate_spectra
from glasstomo.forward.spectra.system_peaks import SystemPeaks
from tests.small_phantoms import ball_phantom
spectra = simulate_spectra(
    ball_phantom(128, spacing_nm=4.0), scheme=TiltScheme.uniform(-70, 70, 15), microscope="osiris",
    holder="wall", system=SystemPeaks(), rng=np.random.default_rng(1), path=sys.argv[1])
assert spectra.shape == (15, 64, 64, 2048)
net_counts(spectra, ("Co_Ka", "Zn_Ka"))
# On Linux the resident maximum of getrusage begins with that of the process that started this one.
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
print(peaks[0] if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "s.h5")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=root,
    )
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout.split()[-1]) * unit < 1e9
