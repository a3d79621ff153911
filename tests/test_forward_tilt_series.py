"""The tilt series noun: its checks, its parts, and files without loss."""

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import tilt_series
from glasstomo.forward import TiltSeries, read_tilt_series
from hypothesis import given
from hypothesis import strategies as st


def plain(**changes) -> TiltSeries:
    fields = {
        "data": np.arange(24, dtype=np.int32).reshape(2, 3, 4),
        "angles_deg": [-30.0, 30.0],
        "spacing_nm": 5.0,
        "channels": ("Zn_Ka",),
        "signal": "EDS_TEM",
    }
    return TiltSeries(**{**fields, **changes})


def same(left: TiltSeries, right: TiltSeries) -> None:
    """Hold two series to be equal in every field, bit by bit."""
    assert left.data.dtype == right.data.dtype
    np.testing.assert_array_equal(left.data, right.data)
    np.testing.assert_array_equal(left.angles_deg, right.angles_deg)
    for name in ("gains", "exposure", "variance"):
        one, other = getattr(left, name), getattr(right, name)
        assert (one is None) == (other is None), name
        if one is not None:
            np.testing.assert_array_equal(one, other)
    for name in ("spacing_nm", "channels", "signal", "electrons_per_pixel", "metadata"):
        assert getattr(left, name) == getattr(right, name)


@given(tilt_series(), st.sampled_from(["gzip", None]))
def test_hdf5_keeps_everything(tmp_path_factory, series, compression):
    path = tmp_path_factory.mktemp("h5") / "series.h5"
    series.save(path, compression=compression)
    same(series, TiltSeries.load(path))
    same(series, read_tilt_series(path))
    assert [entry.name for entry in path.parent.iterdir()] == ["series.h5"]


@given(tilt_series())
def test_channels_and_tilts_come_apart(series):
    for name, stack in zip(series.channels, series.stack, strict=True):
        one = series.channel(name)
        np.testing.assert_array_equal(one.data, stack)
        assert one.channels == (name,)
        assert one.gains is None or one.gains.shape == (1, series.count)
    last = series.select([-1])
    np.testing.assert_array_equal(last.data, series.data[..., -1:, :, :])
    same(series.select(slice(None)), series)
    same(series.select(np.ones(series.count, dtype=bool)), series)


def test_net_counts_may_be_negative_and_carry_their_noise():
    net = plain(data=np.full((2, 3, 4), -0.5), variance=np.full((2, 3, 4), 2.0))
    assert net.data.min() == -0.5
    last = net.select([1])
    assert last.variance.shape == (1, 3, 4)
    assert net.channel("Zn_Ka").variance.shape == (2, 3, 4)


def test_exposure_scales_electrons_and_sensitivity():
    series = plain(electrons_per_pixel=100.0, exposure=[0.5, 1.5], gains=[[0.8, 0.4]])
    np.testing.assert_array_equal(series.electrons, [50.0, 150.0])
    np.testing.assert_allclose(series.sensitivity, [[0.4, 0.6]])
    np.testing.assert_array_equal(series.select([1]).exposure, [1.5])
    barn = {"Zn_Ka": 2.0}
    plainly = plain(electrons_per_pixel=100.0).areal_density(barn)
    np.testing.assert_allclose(
        series.areal_density(barn), plainly / np.array([0.4, 0.6])[:, None, None], rtol=1e-12
    )
    assert plain().electrons is None
    np.testing.assert_array_equal(plain().sensitivity, [[1.0, 1.0]])


@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_segments_add_up(count, lines, seed):
    rng = np.random.default_rng(seed)
    elements = ("Co_Ka", "Zn_Ka", "Zn_Kb")[:lines]
    series = plain(
        data=rng.integers(0, 50, (lines * count, 2, 3, 4), dtype=np.int32),
        channels=tuple(f"{line}@{q}" for line in elements for q in range(1, count + 1)),
        gains=rng.random((lines * count, 2)),
        variance=rng.random((lines * count, 2, 3, 4)),
        electrons_per_pixel=1e8,
    )
    whole = series.summed_segments()
    assert whole.channels == elements
    for line in elements:
        parts = [series.channel(name) for name in series.channels if name.startswith(line)]
        one = whole.channel(line)
        np.testing.assert_array_equal(one.data, sum(part.data for part in parts))
        np.testing.assert_allclose(one.gains, sum(part.gains for part in parts), rtol=1e-14)
        np.testing.assert_allclose(one.variance, sum(part.variance for part in parts), rtol=1e-14)
    assert whole.summed_segments() is whole
    barn = dict.fromkeys(elements, 2.5)
    assert series.areal_density(barn).shape == series.data.shape


@given(st.floats(1e6, 1e10), st.floats(0.1, 10), st.floats(0.1, 2))
def test_areal_density_inverts_equation_one(electrons, barn, gain):
    areal = np.array([[[0.0, 100.0, 1234.5]]])
    series = plain(
        data=areal * electrons * barn * 1e-10 * gain,
        angles_deg=[0],
        electrons_per_pixel=electrons,
        gains=[[gain]],
    )
    np.testing.assert_allclose(series.areal_density({"Zn_Ka": barn}), areal, rtol=1e-12)


def test_fluence():
    assert plain(electrons_per_pixel=1.25e9).fluence_e_nm2 == pytest.approx(5e7)
    assert plain().fluence_e_nm2 is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": np.full((2, 3, 4), -1)}, r"must not be negative: -1 at index \(0, 0, 0\)"),
        (
            {"data": np.full((2, 3, 4), np.nan)},
            r"must be finite: nan at index \(0, 0, 0\) \(24 such values\)",
        ),
        ({"data": np.ones((3, 4))}, r"got shape \(3, 4\)"),
        ({"data": np.ones((2, 0, 4))}, "none empty"),
        ({"data": np.ones((2, 3, 4), complex)}, "integers or floats"),
        ({"angles_deg": [0.0]}, "1 angles for 2 projections"),
        ({"angles_deg": [0.0, 200.0]}, "200.0 at index 1"),
        ({"angles_deg": [0.0, np.nan]}, "nan at index 1"),
        ({"spacing_nm": 0}, "`spacing_nm` must be a positive number of nm, got 0"),
        ({"channels": ("Zn_Ka", "Co_Ka")}, r"name the 1 channel\(s\)"),
        ({"channels": ("A", "A"), "data": np.ones((2, 2, 3, 4))}, "must differ"),
        ({"signal": "HAADF"}, "`signal` must be"),
        ({"electrons_per_pixel": -1}, "`electrons_per_pixel` must be"),
        ({"gains": [1.0, 1.0]}, r"shape \(channel, tilt\) = \(1, 2\)"),
        ({"gains": [[1.0, -1.0]]}, "not negative"),
        ({"exposure": [1.0]}, "`exposure` must hold one number per tilt"),
        ({"exposure": [1.0, 0.0]}, "`exposure` must be finite and above 0"),
        ({"variance": np.ones((2, 3))}, "`variance` must have the shape of `data`"),
        ({"variance": np.full((2, 3, 4), -1.0)}, "`variance` must be finite and not negative"),
        ({"metadata": {"a": np.ones(2)}}, "`metadata` must be what JSON can hold"),
        ({"metadata": {"a": float("inf")}}, "`metadata` must be what JSON can hold"),
        ({"metadata": None}, "`metadata` must be a dictionary"),
    ],
)
def test_bad_fields_say_what_is_wrong(changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        plain(**changes)
    assert "\n" not in str(caught.value)


def test_quantification_says_what_it_lacks():
    with pytest.raises(ValueError, match="`electrons_per_pixel` is not known"):
        plain().areal_density({"Zn_Ka": 1.0})
    series = plain(electrons_per_pixel=1e9, gains=[[1.0, 0.0]])
    with pytest.raises(ValueError, match="lacks Zn_Ka; it has Co_Ka"):
        series.areal_density({"Co_Ka": 1.0})
    with pytest.raises(ValueError, match=r"gain of Zn_Ka is 0 at tilt index 1 \(30 degrees\)"):
        series.areal_density({"Zn_Ka": 1.0})
    with pytest.raises(ValueError, match="this one is ADF"):
        plain(signal="ADF").areal_density({"Zn_Ka": 1.0})
    with pytest.raises(ValueError, match="no channel 'Co_Ka' in this series; it has Zn_Ka"):
        plain().channel("Co_Ka")
    with pytest.raises(ValueError, match="at least one tilt"):
        plain().select([])
    with pytest.raises(ValueError, match="at least one tilt"):
        plain().select([False, False])
    with pytest.raises(ValueError, match="does not fit a series of 2 tilts"):
        plain().select([2])


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    import h5py

    path = tmp_path / "series.h5"
    plain().save(path)
    before = path.read_bytes()

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(h5py.Group, "create_dataset", fail)
    with pytest.raises(OSError, match="disk full"):
        plain(spacing_nm=6.0).save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["series.h5"]


def test_bad_files_say_what_is_wrong(tmp_path):
    path = tmp_path / "series.h5"
    plain(data=np.zeros((2, 50, 60), np.int32)).save(path)
    whole = path.read_bytes()
    cases = {"missing.h5": (None, "no such file"), "empty.h5": (b"", "the file is empty")}
    cases |= {f"cut{share}.h5": (whole[: len(whole) * share // 10], "truncated") for share in (1, 5, 9)}
    cases["text.h5"] = (b"not HDF5 at all", "unreadable or truncated")
    for name, (content, message) in cases.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        for read in (TiltSeries.load, read_tilt_series):
            with pytest.raises(ValueError, match=message) as caught:
                read(tmp_path / name)
            assert name in str(caught.value)
            assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="is a folder"):
        TiltSeries.load(tmp_path)
    with pytest.raises(ValueError, match="does not exist; make it first"):
        plain().save(tmp_path / "nowhere" / "series.h5")
    with pytest.raises(ValueError, match=r"must end in \.h5"):
        plain().save(tmp_path / "series.npz")
    with pytest.raises(ValueError, match=r"must end in \.hspy or \.mrc"):
        plain().export(tmp_path / "series.tif")


def test_files_of_other_kinds_and_versions_are_refused(tmp_path):
    import h5py

    path = tmp_path / "series.h5"
    plain().save(path)
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(ValueError, match="newer than 1; update glasstomo"):
        TiltSeries.load(path)
    with h5py.File(path, "a") as file:
        file.attrs["format"] = "other"
    with pytest.raises(ValueError, match="not a glasstomo tilt series file"):
        TiltSeries.load(path)
