"""Tilt series and volumes in the files of other programs."""

import importlib
import shutil

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import tilt_series
from glasstomo.forward import TiltScheme, TiltSeries, load_volume, read_tilt_series, save_volume, simulate
from glasstomo.forward.files.angle_files import find_angle_file, read_angles, write_angles
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from .small_phantoms import ball_phantom

pytest.importorskip("mrcfile", reason="needs the extra io")
pytest.importorskip("rsciio", reason="needs the extra io")


@pytest.fixture(scope="module")
def eds() -> TiltSeries:
    rng = np.random.default_rng(5)
    scheme = TiltScheme.uniform(-60, 60, 5)
    return simulate(ball_phantom(), scheme=scheme, microscope="osiris", holder="wall", rng=rng)


@pytest.fixture(scope="module")
def adf() -> TiltSeries:
    rng = np.random.default_rng(5)
    scheme = TiltScheme(angles_deg=(-60, -20, 0, 35.25))
    return simulate(ball_phantom(), scheme=scheme, microscope="titan", signal="adf", rng=rng)


def foreign_hspy(path, series: TiltSeries) -> None:
    """Write a series as another program would: without our own node."""
    from glasstomo.forward.files.hyperspy_files import index_axis, space_axes, write_signal

    shape = series.data.shape
    axes = [index_axis("section", shape[0]), *space_axes(shape[1:], series.spacing_nm, ("y", "x"))]
    write_signal(path, series.data, axes, {"General": {"title": "foreign"}, "Signal": {"signal_type": ""}})


@given(tilt_series())
def test_hspy_gives_the_series_back(tmp_path_factory, series):
    path = tmp_path_factory.mktemp("hspy") / "series.hspy"
    series.export(path)
    back = read_tilt_series(path)
    assert back.data.dtype == series.data.dtype
    np.testing.assert_array_equal(back.data, series.data)
    np.testing.assert_array_equal(back.angles_deg, series.angles_deg)
    assert back.metadata == series.metadata
    assert (back.channels, back.signal) == (series.channels, series.signal)
    assert (back.spacing_nm, back.electrons_per_pixel) == (series.spacing_nm, series.electrons_per_pixel)
    assert (back.gains is None) == (series.gains is None)
    if series.gains is not None:
        np.testing.assert_array_equal(back.gains, series.gains)


def test_hyperspy_opens_the_series(tmp_path, eds, adf):
    hs = pytest.importorskip("hyperspy.api")
    eds.export(tmp_path / "eds.hspy")
    adf.export(tmp_path / "adf.hspy")
    signal = hs.load(tmp_path / "eds.hspy")
    np.testing.assert_array_equal(signal.data, eds.data)
    metadata = signal.metadata
    assert metadata.Signal.signal_type == "EDS_TEM"
    np.testing.assert_array_equal(metadata.Acquisition_instrument.TEM.Stage.tilt_alpha, eds.angles_deg)
    assert metadata.Acquisition_instrument.TEM.beam_energy == 80
    assert metadata.Acquisition_instrument.TEM.beam_current == 1.0
    assert metadata.Acquisition_instrument.TEM.Detector.EDS.elevation_angle == 18
    assert metadata.Acquisition_instrument.TEM.Detector.EDS.real_time == 0.2
    assert list(metadata.Sample.elements) == ["Co", "Zn"]
    axes = {axis.name: axis for axis in signal.axes_manager._axes}
    assert list(axes) == ["X-ray line", "tilt", "y", "x"]
    assert (axes["y"].units, axes["x"].units, axes["tilt"].units) == ("nm", "nm", "degrees")
    assert axes["x"].scale == eds.spacing_nm
    np.testing.assert_allclose(axes["tilt"].axis, eds.angles_deg)
    dark = hs.load(tmp_path / "adf.hspy")
    assert dark.metadata.Signal.signal_type == ""
    np.testing.assert_array_equal(dark.axes_manager[0].axis, adf.angles_deg)


def test_series_rebinned_in_hyperspy_reads_as_its_axes_say(tmp_path, adf):
    hs = pytest.importorskip("hyperspy.api")
    adf.export(tmp_path / "adf.hspy")
    hs.load(tmp_path / "adf.hspy").inav[:3].rebin(scale=(1, 2, 2)).save(tmp_path / "binned.hspy")
    series = read_tilt_series(tmp_path / "binned.hspy")
    assert series.data.shape == (3, 4, 4)
    assert series.spacing_nm == 2 * adf.spacing_nm
    np.testing.assert_array_equal(series.angles_deg, adf.angles_deg[:3])


def test_mrc_and_rawtlt_give_the_images_back(tmp_path, adf, eds):
    adf.export(tmp_path / "adf.mrc")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["adf.mrc", "adf.rawtlt"]
    back = read_tilt_series(tmp_path / "adf.mrc")
    np.testing.assert_array_equal(back.data, adf.data)
    np.testing.assert_array_equal(back.angles_deg, adf.angles_deg)
    assert back.spacing_nm == pytest.approx(adf.spacing_nm, rel=1e-6)  # float32 angstrom
    assert back.metadata["angles_from"] == "adf.rawtlt"
    (tmp_path / "adf.rawtlt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not a text file of angles"):
        read_tilt_series(tmp_path / "adf.mrc")
    with pytest.raises(ValueError, match=r"export one: series.channel\('Co_Ka'\)"):
        eds.export(tmp_path / "eds.mrc")
    eds.channel("Zn_Ka").export(tmp_path / "zn.mrc")
    np.testing.assert_array_equal(read_tilt_series(tmp_path / "zn.mrc").data, eds.channel("Zn_Ka").data)


def test_imod_stacks_are_transposed(tmp_path, adf):
    adf.export(tmp_path / "adf.mrc")
    turned = read_tilt_series(tmp_path / "adf.mrc", tilt_axis="y")
    np.testing.assert_array_equal(turned.data, adf.data.swapaxes(1, 2))


def test_real_needle_is_read(shared):
    path = shared / "data" / "needle_haadf" / "HAADF_Aligned.hspy"
    series = read_tilt_series(path)
    assert series.data.shape == (77, 256, 256)
    assert series.spacing_nm == pytest.approx(3.36, rel=1e-6)
    np.testing.assert_array_equal(series.angles_deg, np.arange(-76, 77, 2))
    assert series.metadata["angles_from"] == "HAADF.rawtlt"  # the stem differs: HAADF_Aligned


def test_without_an_angle_file_the_tilt_axis_speaks(shared, tmp_path):
    shutil.copy(shared / "data" / "needle_haadf" / "HAADF_Aligned.hspy", tmp_path / "alone.hspy")
    series = read_tilt_series(tmp_path / "alone.hspy")
    np.testing.assert_array_equal(series.angles_deg, np.arange(-76, 77, 2))
    assert series.metadata["angles_from"] == "the file's own tilt axis"


def test_angles_from_the_caller_win(tmp_path, adf):
    adf.export(tmp_path / "adf.mrc")
    write_angles(tmp_path / "other.txt", np.array([1.0, 2.0, 3.0, 4.0]))
    for angles in ([1, 2, 3, 4], tmp_path / "other.txt", str(tmp_path / "other.txt")):
        assert read_tilt_series(tmp_path / "adf.mrc", angles=angles).angles_deg.tolist() == [1, 2, 3, 4]
    adf.save(tmp_path / "adf.h5")
    assert read_tilt_series(tmp_path / "adf.h5", angles=[1, 2, 3, 4]).angles_deg.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["s_ali.rawtlt", "s.rawtlt"], "s_ali.rawtlt"),
        (["s_ali.tlt", "s.rawtlt"], "s_ali.tlt"),
        (["s.tlt", "s.rawtlt"], "s.rawtlt"),
        (["s.tlt"], "s.tlt"),
        (["s_a.rawtlt"], None),
        (["other.rawtlt"], None),
        ([], None),
    ],
)
def test_the_right_angle_file_is_found(tmp_path, names, chosen):
    for name in names:
        (tmp_path / name).write_text("0\n")
    found = find_angle_file(tmp_path / "s_ali.mrc")
    assert (None if found is None else found.name) == chosen


@given(hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(-180, 180)))
def test_angle_files_keep_every_digit(tmp_path_factory, angles):
    path = tmp_path_factory.mktemp("angles") / "a.rawtlt"
    write_angles(path, angles)
    np.testing.assert_array_equal(read_angles(path), angles)


def test_bad_angles_say_what_is_wrong(tmp_path, adf):
    adf.export(tmp_path / "adf.mrc")
    tilts = tmp_path / "adf.rawtlt"
    for text, message in (
        ("0\n1\n2\n", r"3 angles \(adf.rawtlt\) for 4 projections"),
        ("0\n1\nx\n3\n", "line 3 must be one angle in degrees, got 'x'"),
        ("0 1\n", "line 1 must be one angle"),
        ("nan\n", "line 1 must be one angle"),
        ("# nothing\n\n", "holds no angles"),
        ("0\n1\n2\n500\n", "500.0 at index 3"),
    ):
        tilts.write_text(text)
        with pytest.raises(ValueError, match=message) as caught:
            read_tilt_series(tmp_path / "adf.mrc")
        assert "\n" not in str(caught.value)
    tilts.unlink()
    with pytest.raises(ValueError, match=r"no tilt angles found; put them, one a line, into adf\.rawtlt"):
        read_tilt_series(tmp_path / "adf.mrc")
    foreign_hspy(tmp_path / "foreign.hspy", adf)
    with pytest.raises(ValueError, match="no tilt angles found"):
        read_tilt_series(tmp_path / "foreign.hspy")
    with pytest.raises(ValueError, match=r"2 angles \(the given angles\) for 4 projections"):
        read_tilt_series(tmp_path / "foreign.hspy", angles=[0, 1])
    with pytest.raises(ValueError, match=r"none\.txt: no such file"):
        read_tilt_series(tmp_path / "foreign.hspy", angles=tmp_path / "none.txt")


@pytest.mark.parametrize("suffix", [".hspy", ".mrc"])
def test_broken_files_say_what_is_wrong(tmp_path, adf, suffix):
    whole = tmp_path / f"adf{suffix}"
    adf.export(whole)
    content = whole.read_bytes()
    broken = {f"cut{share}{suffix}": content[: len(content) * share // 10] for share in (1, 4, 7, 9)}
    broken |= {f"text{suffix}": b"nothing of the kind\n" * 100, f"empty{suffix}": b""}
    for name, part in broken.items():
        (tmp_path / name).write_bytes(part)
        for read in (lambda p: read_tilt_series(p, angles=adf.angles_deg), load_volume):
            with pytest.raises(ValueError, match=name) as caught:
                read(tmp_path / name)
            assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="no such file; check the name"):
        read_tilt_series(tmp_path / f"none{suffix}")


def test_nan_in_a_file_is_reported_with_its_name(tmp_path, adf):
    import mrcfile

    data = adf.data.copy()
    data[1, 2, 3] = np.nan
    with mrcfile.new(tmp_path / "bad.mrc") as file:
        with pytest.warns(RuntimeWarning, match="NaN"):
            file.set_data(data)
        file.voxel_size = 10
    with pytest.raises(ValueError, match=r"bad.mrc: `data` must be finite: nan at index \(1, 2, 3\)"):
        read_tilt_series(tmp_path / "bad.mrc", angles=adf.angles_deg)


def test_unfit_mrc_files_say_what_is_wrong(tmp_path):
    import mrcfile

    def write(name, data, voxel):
        with mrcfile.new(tmp_path / name) as file:
            file.set_data(data)
            file.voxel_size = voxel

    write("oblong.mrc", np.ones((2, 3, 4), np.float32), (10, 20, 1))
    write("complex.mrc", np.ones((2, 3, 4), np.complex64), 10)
    write("flat.mrc", np.ones((3, 4), np.int16), 10)
    with pytest.raises(ValueError, match="pixels must be square, got 10 x 20 angstrom"):
        read_tilt_series(tmp_path / "oblong.mrc", angles=[0, 1])
    with pytest.raises(ValueError, match="expected a stack of real images, got complex64"):
        read_tilt_series(tmp_path / "complex.mrc", angles=[0, 1])
    single = read_tilt_series(tmp_path / "flat.mrc", angles=[0])
    assert (single.data.shape, single.data.dtype) == ((1, 3, 4), np.int16)


def test_unfit_hspy_files_say_what_is_wrong(tmp_path):
    from glasstomo.forward.files.hyperspy_files import space_axes, write_signal

    def write(name, shape, **changes):
        axes = space_axes(shape, 2.0, ("a", "b", "c", "d")[: len(shape)])
        axes[-1] |= changes
        write_signal(tmp_path / name, np.ones(shape), axes, {"General": {"title": ""}, "Signal": {}})

    write("flat.hspy", (3, 4))
    write("oblong.hspy", (2, 3, 4), scale=3.0)
    write("micron.hspy", (2, 3, 4), units="µm", scale=0.002)
    with pytest.raises(ValueError, match=r"expected axes \(tilt, y, x\), got shape \(3, 4\)"):
        read_tilt_series(tmp_path / "flat.hspy")
    with pytest.raises(ValueError, match="pixels must be square, got 2 x 3 nm"):
        read_tilt_series(tmp_path / "oblong.hspy", angles=[0, 1])
    assert read_tilt_series(tmp_path / "micron.hspy", angles=[0, 1]).spacing_nm == pytest.approx(2.0)
    with pytest.raises(ValueError, match="`tilt_axis` must be 'x' or 'y'"):
        read_tilt_series(tmp_path / "micron.hspy", tilt_axis="z")


def test_missing_spacing_is_asked_for(tmp_path, adf):
    import mrcfile

    with mrcfile.new(tmp_path / "bare.mrc") as file:
        file.set_data(adf.data)
    with pytest.raises(ValueError, match="does not give a pixel size in nm; give spacing_nm"):
        read_tilt_series(tmp_path / "bare.mrc", angles=adf.angles_deg)
    assert read_tilt_series(tmp_path / "bare.mrc", angles=adf.angles_deg, spacing_nm=2.5).spacing_nm == 2.5


def test_unknown_kinds_list_the_known(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II")
    with pytest.raises(ValueError, match=r"unknown kind of file '.tif'; known: .h5, .hspy, .mrc"):
        read_tilt_series(tmp_path / "a.tif")
    with pytest.raises(ValueError, match="unknown kind of volume file"):
        load_volume(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", [".hspy", ".mrc"])
def test_missing_extra_is_named(tmp_path, adf, suffix, monkeypatch):
    real = importlib.import_module

    def without(name, *rest):
        if name.partition(".")[0] in ("rsciio", "mrcfile"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(ImportError, match=r"pip install 'glasstomo\[io\]'"):
        adf.export(tmp_path / f"adf{suffix}")
    assert list(tmp_path.iterdir()) == []


@given(
    hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=3, max_dims=3, max_side=5), elements=st.floats(-9, 9, width=32)
    ),
    st.sampled_from([".h5", ".hspy", ".mrc"]),
    st.floats(0.01, 100),
)
def test_volumes_come_back(tmp_path_factory, volume, suffix, spacing):
    path = tmp_path_factory.mktemp("volumes") / f"volume{suffix}"
    save_volume(path, volume, spacing_nm=spacing)
    back = load_volume(path)
    assert back.volume.dtype == np.float32
    np.testing.assert_array_equal(back.volume, volume)
    assert back.spacing_nm == pytest.approx(spacing, rel=1e-6)  # .mrc stores float32 angstrom


@pytest.mark.parametrize("suffix", [".h5", ".hspy"])
def test_volumes_keep_channels_and_metadata(tmp_path, suffix):
    volume = np.arange(48, dtype=np.float32).reshape(2, 2, 3, 4)
    metadata = {"method": "tv", "lam": 0.1}
    save_volume(tmp_path / f"v{suffix}", volume, spacing_nm=5.0, channels=("Co", "Zn"), metadata=metadata)
    back = load_volume(tmp_path / f"v{suffix}")
    np.testing.assert_array_equal(back.volume, volume)
    assert (back.channels, back.metadata, back.spacing_nm) == (("Co", "Zn"), metadata, 5.0)


def test_hyperspy_opens_the_volumes(tmp_path):
    hs = pytest.importorskip("hyperspy.api")
    volume = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    for suffix in (".hspy", ".mrc"):
        save_volume(tmp_path / f"v{suffix}", volume, spacing_nm=5.0)
        signal = hs.load(tmp_path / f"v{suffix}")
        np.testing.assert_array_equal(signal.data, volume)
        assert [axis.scale for axis in signal.axes_manager._axes] == pytest.approx([5.0] * 3)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("v.raw", {}, r"must end in .h5, .hspy or .mrc"),
        ("v.mrc", {"volume": np.ones((2, 2, 2, 2))}, ".mrc holds one channel"),
        ("v.h5", {"volume": np.full((2, 2, 2), np.inf)}, "must be finite"),
        ("v.h5", {"volume": np.ones((2, 2))}, r"\(z, y, x\)"),
        ("v.h5", {"spacing_nm": 0}, "`spacing_nm` must be"),
        ("v.h5", {"channels": ("a", "b")}, "`channels` must name the 1"),
    ],
)
def test_bad_volumes_say_what_is_wrong(tmp_path, name, options, message):
    fields = {"volume": np.ones((2, 2, 2)), "spacing_nm": 1.0, **options}
    with pytest.raises(ValueError, match=message):
        save_volume(tmp_path / name, fields.pop("volume"), **fields)
    assert list(tmp_path.iterdir()) == []
