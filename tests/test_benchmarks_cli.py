"""The command line: what it prints, its exit status, and that nothing half-written stays behind."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from glasstomo.benchmarks import cli, reconstruct
from glasstomo.benchmarks.outputs import whole_file, whole_folder
from glasstomo.forward import Projector, TiltSeries, load_volume


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def one_error_line(status: int, err: str) -> str:
    assert status == 2
    lines = [line for line in err.splitlines() if line.strip()]
    assert len(lines) == 1, err
    assert lines[0].startswith("glasstomo: error: ")
    return lines[0]


@pytest.fixture(scope="module")
def series() -> TiltSeries:
    """A block of density 1 at nine tilts."""
    angles = np.linspace(-70, 70, 9)
    truth = np.zeros((16, 16, 8), np.float32)
    truth[5:11, 4:12, 2:6] = 1.0
    data = Projector(shape=(16, 16), angles_deg=angles, spacing_nm=2.0).forward(truth)
    noise = np.random.default_rng(3).normal(scale=0.05, size=data.shape)
    return TiltSeries(
        data=(data + noise).astype(np.float32),
        angles_deg=angles,
        spacing_nm=2.0,
        channels=("ADF",),
        signal="ADF",
    )


@pytest.fixture
def file(series: TiltSeries, tmp_path: Path) -> Path:
    path = tmp_path / "block.h5"
    series.save(path)
    return path


@pytest.mark.parametrize("command", ["", *sorted(cli.cli.commands)])
def test_help_has_an_example(capsys: pytest.CaptureFixture[str], command: str):
    status, out, _ = run(capsys, *([command] if command else []), "--help")
    assert status == 0
    assert f"Example: glasstomo {command}".strip() in " ".join(out.split())


def test_version(capsys: pytest.CaptureFixture[str]):
    status, out, _ = run(capsys, "--version")
    assert status == 0
    assert out.split()[0] == "glasstomo"


@pytest.mark.parametrize("name", sorted(cli.LISTINGS))
def test_listings_as_table_and_json(capsys: pytest.CaptureFixture[str], name: str):
    status, table, _ = run(capsys, name)
    assert status == 0
    status, text, _ = run(capsys, name, "--json")
    assert status == 0
    rows = json.loads(text)
    assert rows
    for row in rows:
        assert row["name"] in table


def test_materials_list_the_published_densities(capsys: pytest.CaptureFixture[str]):
    _, text, _ = run(capsys, "materials", "--json")
    rows = {row["name"]: row for row in json.loads(text)}
    # Collins et al. 2019: 4.87 Co per nm3 in ZIF-4-Co.
    assert rows["ZIF-4-Co"]["metal_nm3"] == pytest.approx(4.87, abs=0.005)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["reproduce", "--size", "0"], "--size"),
        (["reproduce", "--size", "193"], "--size"),
        (["reproduce", "--size", "many"], "--size"),
        (["reproduce", "--seed", "-1"], "--seed"),
        (["reproduce", "--microscope", "osirs"], "osiris"),
        (["reproduce", "--threads", "0"], "--threads"),
        (["reproduce", "--threads", "100000"], "--threads"),
        (["reproduce", "--sieze", "48"], "--sieze"),
        (["reconstruct", "absent.h5", "--out", "volume.h5"], "absent.h5"),
        (["reconstruct", "absent.h5"], "--out"),
        (["reconstruct"], "FILE"),
        (["methods", "extra"], "extra"),
        (["nonsense"], "nonsense"),
    ],
)
def test_bad_arguments_give_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    named: str,
):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, *arguments)
    assert named in one_error_line(status, err)
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]):
    status, _, err = run(capsys)
    assert status == 2
    assert "Commands:" in err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--out", "volume.tif"], "volume.tif"),
        (["--out", "absent/volume.h5"], "absent"),
        (["--out", "volume.h5", "--lam", "much"], "--lam"),
        (["--out", "volume.h5", "--lam", "2"], "--lam"),
        (["--out", "volume.h5", "--method", "tvv"], "did you mean 'tv'"),
        (["--out", "volume.h5", "--slices", "5"], "--slices"),
        (["--out", "volume.h5", "--slices", "6:3"], "--slices"),
        (["--out", "volume.h5", "--slices", "0:9"], "0:8"),
        (["--out", "volume.h5", "--bin", "9"], "--bin"),
        (["--out", "volume.h5", "--angles", "absent.tlt"], "absent.tlt"),
    ],
)
def test_bad_options_of_reconstruct(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    options: list[str],
    named: str,
):
    monkeypatch.chdir(file.parent)
    status, _, err = run(capsys, "reconstruct", file.name, *options)
    lines = [line for line in err.splitlines() if line.startswith("glasstomo: ")]
    assert named in one_error_line(status, "\n".join(lines))
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_truncated_file_and_wrong_angles(capsys: pytest.CaptureFixture[str], file: Path):
    angles = file.with_name("few.tlt")
    angles.write_text("-10\n0\n10\n")
    status, _, err = run(
        capsys, "reconstruct", file, "--angles", angles, "--out", file.with_name("volume.h5")
    )
    assert status == 2
    assert "glasstomo: error: " in err
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    status, _, err = run(capsys, "reconstruct", file, "--out", file.with_name("volume.h5"))
    assert status == 2
    assert "Traceback" not in err
    assert not file.with_name("volume.h5").exists()


def test_reconstruct_writes_a_volume(capsys: pytest.CaptureFixture[str], file: Path):
    out = file.with_name("volume.h5")
    status, text, _ = run(
        capsys,
        "reconstruct",
        file,
        "--lam",
        "0.01",
        "--slices",
        "1:7",
        "--threads",
        "1",
        "--out",
        out,
        "--json",
    )
    assert status == 0
    done = json.loads(text)
    assert done["status"] == "converged"
    saved = load_volume(out)
    assert saved.volume.shape == tuple(done["shape"]) == (16, 16, 6)
    assert saved.spacing_nm == 2.0
    # The block's middle; the tolerance is the shrinkage of total variation at this weight plus the noise.
    assert saved.volume[8, 8, 3] == pytest.approx(1.0, abs=0.15)
    assert sorted(path.name for path in file.parent.iterdir()) == ["block.h5", "volume.h5"]


def test_unconverged_volume_is_written_and_said(capsys: pytest.CaptureFixture[str], file: Path):
    out = file.with_name("volume.h5")
    status, text, _ = run(
        capsys, "reconstruct", file, "--lam", "0.01", "--max-iterations", "2", "--gap", "1e-9", "--out", out
    )
    assert status == 1
    assert "iteration limit" in text
    assert out.exists()


@pytest.mark.parametrize(("signal", "total"), [("EDS_TEM", 1.0), ("ADF", 0.25)])
def test_binning_keeps_counts_and_means(signal: str, total: float):
    data = np.arange(2 * 6 * 4, dtype=np.int32).reshape(2, 6, 4)
    series = TiltSeries(
        data=data,
        angles_deg=np.array([0.0, 1.0]),
        spacing_nm=1.0,
        channels=("Zn_Ka" if signal == "EDS_TEM" else "ADF",),
        signal=signal,  # pyright: ignore[reportArgumentType]
        electrons_per_pixel=100.0,
    )
    small = reconstruct.binned(series, 2)
    assert small.data.shape == (2, 3, 2)
    assert small.data.sum() == data.sum() * total
    assert small.spacing_nm == 2.0
    assert small.electrons_per_pixel == (400.0 if signal == "EDS_TEM" else 100.0)


def test_binning_cuts_the_remainder_off_both_sides():
    data = np.zeros((1, 5, 4), np.float32)
    data[0, 2] = 1.0
    series = TiltSeries(
        data=data, angles_deg=np.array([0.0]), spacing_nm=1.0, channels=("ADF",), signal="ADF"
    )
    assert reconstruct.binned(series, 4).data.shape == (1, 1, 1)
    # Of five rows the last is cut, so the row in the middle stays.
    assert reconstruct.binned(series, 4).data[0, 0, 0] == pytest.approx(0.25)


@pytest.mark.parametrize(("signal", "gain"), [("EDS_TEM", 1.0), ("ADF", 1 / 4)])
def test_binning_and_cropping_keep_the_noise_of_net_counts(rng, signal, gain):
    """Sums of independent pixels have the sum of their variances, means a sixteenth of it."""
    variance = rng.random((2, 5, 6))
    series = TiltSeries(
        data=rng.normal(size=(2, 5, 6)),
        variance=variance,
        angles_deg=[0.0, 10.0],
        spacing_nm=5.0,
        channels=("Zn_Ka",),
        signal=signal,
    )
    small = reconstruct.binned(series, 2)
    expected = variance[:, :4].reshape(2, 2, 2, 3, 2).sum(axis=(2, 4))
    np.testing.assert_allclose(small.variance, gain**2 * expected, rtol=1e-12)
    np.testing.assert_array_equal(reconstruct.cropped(series, "1:4").variance, variance[..., 1:4])


def fake_run(monkeypatch: pytest.MonkeyPatch, action) -> None:
    """Put `action(folder)` in the place of the experiment."""
    import types

    module = types.ModuleType("glasstomo.benchmarks.reproduce")
    module.reproduce = lambda *, out, **_: action(out)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "glasstomo.benchmarks.reproduce", module)


def summary(fit_barn: float) -> dict:
    line = {"true_barn": 3.38, "fit_barn": fit_barn, "standard_error_barn": 0.02}
    return {"calibration": {"osiris": {"Co_Ka": line}}, "particles": {}}


@pytest.mark.parametrize(("fit_barn", "expected"), [(3.40, 0), (3.60, 1)])
def test_reproduce_exit_status_is_that_of_its_checks(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    fit_barn: float,
    expected: int,
):
    def write(folder: Path) -> dict:
        (folder / "summary.json").write_text("{}")
        return summary(fit_barn)

    fake_run(monkeypatch, write)
    status, out, _ = run(capsys, "reproduce", "--out", tmp_path / "run")
    assert status == expected
    assert ("✓ held" if expected == 0 else "✗ missed") in out
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["summary.json"]
    status, out, _ = run(capsys, "reproduce", "--out", tmp_path / "run", "--json")
    assert json.loads(out) == summary(fit_barn)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (
            OSError(28, "No space left on device", "volumes/zn.h5"),
            2,
            "volumes/zn.h5: No space left on device",
        ),
        (MemoryError(), 2, "not enough memory"),
        (ValueError("first line\nsecond line"), 2, "first line second line"),
        (ImportError("rsciio is not installed; pip install 'glasstomo[io]'"), 2, "glasstomo[io]"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_failures_leave_earlier_results_and_nothing_half_written(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: BaseException,
    status: int,
    said: str,
):
    out = tmp_path / "run"
    out.mkdir()
    (out / "summary.json").write_text("earlier")

    def fail(folder: Path) -> dict:
        (folder / "summary.json").write_text("half")
        raise error

    fake_run(monkeypatch, fail)
    ended, _, err = run(capsys, "reproduce", "--out", out)
    assert ended == status
    assert said in err
    assert len([line for line in err.splitlines() if line]) == 1
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [("summary.json", "earlier")]


def test_programming_errors_keep_their_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def fail(folder: Path) -> dict:
        raise KeyError("calibration")

    fake_run(monkeypatch, fail)
    with pytest.raises(KeyError, match="calibration"):
        cli.main(["reproduce", "--out", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="absent"):
        cli.main(["--debug", "reconstruct", "absent.h5", "--out", "volume.h5"])


def test_output_folder_that_is_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    (tmp_path / "run").write_text("mine")
    status, _, err = run(capsys, "reproduce", "--out", tmp_path / "run")
    assert "is a file" in one_error_line(status, err)
    assert (tmp_path / "run").read_text() == "mine"


def test_whole_folder_replaces_its_own_entries_only(tmp_path: Path):
    out = tmp_path / "deep" / "run"
    (out / "figures").mkdir(parents=True)
    (out / "figures" / "old.png").write_text("old")
    (out / "notes.txt").write_text("mine")
    with whole_folder(out) as part:
        (part / "figures").mkdir()
        (part / "figures" / "new.png").write_text("new")
    assert sorted(path.name for path in out.iterdir()) == ["figures", "notes.txt"]
    assert [path.name for path in (out / "figures").iterdir()] == ["new.png"]


def test_whole_file_keeps_the_old_one_on_failure(tmp_path: Path):
    path = tmp_path / "volume.mrc"
    path.write_text("old")

    def fail() -> None:
        with whole_file(path) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("volume.mrc", "old")]
    with whole_file(path) as part:
        assert part.suffix == ".mrc"
        part.write_text("new")
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("volume.mrc", "new")]


def test_reader_that_leaves_early_gets_no_traceback():
    program = [sys.executable, "-m", "glasstomo.benchmarks", "materials", "--json"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == cli.BROKEN_PIPE
