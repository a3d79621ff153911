"""Gains against tilt on the command line: numbers, figure, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from glasstomo.benchmarks import cli
from glasstomo.benchmarks.figures_gains import figure_gains
from glasstomo.benchmarks.gain_curves import gain_curves, tilts_between
from glasstomo.benchmarks.show_gains import show_gains
from glasstomo.forward import HOLDERS, MICROSCOPES, EDSDetector, Segment, SupportGrid
from glasstomo.forward.detectors.measured_holder import MeasuredHolder

OSIRIS = MICROSCOPES["osiris"].eds
COUNTS = "tilt_deg,A,B,C,D\n-20,2,1,8,8\n0,8,8,8,8\n20,8,8,1,2\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main(["microscopes", *(str(argument) for argument in arguments)])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_plain_listing_stays_and_names_the_gains(capsys):
    status, out, _ = run(capsys)
    assert status == 0
    assert "osiris" in out
    assert "--gains" in out
    status, text, _ = run(capsys, "--json")
    assert [row["name"] for row in json.loads(text)] == list(MICROSCOPES)


def test_rows_are_the_gains(capsys):
    status, text, _ = run(
        capsys, "--gains", "--holder", "wall", "--energy", 1.01, "--tilts", "-30:30:15", "--json"
    )
    assert status == 0
    rows = json.loads(text)
    tilts = [-30, -15, 0, 15, 30]
    assert [row["tilt_deg"] for row in rows] == tilts
    gains = OSIRIS.gains(tilts, holder="wall", energy_kev=1.01)
    for index, name in enumerate(OSIRIS.segment_names):
        np.testing.assert_allclose([row[f"segment_{name}"] for row in rows], gains[index], atol=5.1e-5)
    np.testing.assert_allclose([row["all_segments"] for row in rows], gains.mean(axis=0), atol=5.1e-5)
    relative = OSIRIS.relative_gain(tilts, holder="wall", energy_kev=1.01)
    np.testing.assert_allclose([row["relative_to_0_deg"] for row in rows], relative, atol=5.1e-5)


def test_bars_of_a_grid_are_counted_in(capsys):
    _, text, _ = run(capsys, "--grid", "90:20:below", "--holder", "blade", "--tilts", "-30:30:30", "--json")
    grid = SupportGrid(hole_um=90, thickness_um=20, side="below")
    expected = OSIRIS.relative_gain([-30, 0, 30], holder="blade", support_grid=grid, energy_kev=8.64)
    np.testing.assert_allclose([row["relative_to_0_deg"] for row in json.loads(text)], expected, atol=5.1e-5)


def test_every_holder_and_energy_by_default_once(capsys):
    status, text, _ = run(capsys, "--gains", "--energy", 8, "--energy", 1, "--energy", 8, "--json")
    assert status == 0
    rows = json.loads(text)
    assert len(rows) == len(HOLDERS) * 2 * 15
    assert {(row["holder"], row["energy_kev"]) for row in rows} == {
        (holder, energy) for holder in HOLDERS for energy in (8, 1)
    }


def test_table_shows_the_numbers_of_the_json(capsys):
    status, out, _ = run(capsys, "--holder", "wall", "--tilts", "0:20:20")
    assert status == 0
    assert "relative to 0 deg" in out
    assert "0.9034" in out
    assert "0.2673" in out


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_plot_is_written_with_the_same_bits_each_time(capsys, tmp_path: Path, suffix: str, start: bytes):
    files = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for file in files:
        status, out, _ = run(
            capsys, "--plot", file, "--tilts", "-40:40:20", "--energy", 8.64, "--energy", 0.28
        )
        assert status == 0
        assert str(file) in out.replace("\n", "")
    assert files[0].read_bytes().startswith(start)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_measured_counts_are_drawn_where_the_model_counts_from(tmp_path: Path):
    path = tmp_path / "counts.csv"
    path.write_text(COUNTS)
    data = MeasuredHolder.from_csv(path)
    curve = gain_curves(OSIRIS, HOLDERS["wall"], energy_kev=8, tilts_deg=np.linspace(-30, 30, 61))
    figure = figure_gains([curve], measured=data)
    drawn = [line for line in figure.axes[0].lines if line.get_marker() not in ("", "None", None)]
    assert len(drawn) == 4
    at_zero = [np.interp(0, line.get_xdata(), line.get_ydata()) for line in drawn]
    assert np.mean(at_zero) == pytest.approx(curve.share_at_zero, rel=1e-12)
    # Ratios are those of the file.
    np.testing.assert_allclose(drawn[0].get_ydata() / at_zero[0], [0.25, 1, 1], rtol=1e-12)
    total = next(line for line in figure.axes[1].lines if line.get_label() == "measured")
    np.testing.assert_allclose(total.get_ydata(), [19 / 32, 1, 19 / 32], rtol=1e-12)


def test_figure_says_its_quantities():
    curves = [
        gain_curves(OSIRIS, HOLDERS[name], energy_kev=8, tilts_deg=np.linspace(-70, 70, 15))
        for name in ("none", "wall", "blade")
    ]
    figure = figure_gains(curves, title="detector")
    assert [ax.get_title() for ax in figure.axes] == [
        "wall, 8 keV",
        "blade, 8 keV",
        "All segments",
    ]
    assert all("(°)" in ax.get_xlabel() for ax in figure.axes)
    assert figure.axes[0].get_ylabel()
    assert figure.axes[-1].get_ylabel()
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_ydata(), curves[1].gains[1])


def test_figure_of_a_free_holder_and_of_many_segments():
    ring = EDSDetector(segments=tuple(Segment(azimuth_deg=angle) for angle in range(0, 360, 40)))
    for name in ("none", "wall"):
        curve = gain_curves(ring, HOLDERS[name], energy_kev=8, tilts_deg=[0.0])
        assert figure_gains([curve]).axes


def test_tilts_include_the_end_that_steps_reach():
    np.testing.assert_array_equal(tilts_between("-70:70:35"), [-70, -35, 0, 35, 70])
    np.testing.assert_array_equal(tilts_between("0:10:4"), [0, 4, 8])
    np.testing.assert_array_equal(tilts_between("0:0.3:0.1"), [0, 0.1, 0.2, 0.3])
    np.testing.assert_array_equal(tilts_between("5:5:1"), [5])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--holder", "wal"], "did you mean 'wall'"),
        (["--microscope", "osirs"], "osiris"),
        (["--energy", "0"], "--energy"),
        (["--tilts", "70"], "LOW:HIGH:STEP"),
        (["--tilts", "-70:95:5"], "-70:95:5"),
        (["--tilts", "0:10:0"], "STEP above 0"),
        (["--tilts", "nan:10:1"], "nan:10:1"),
        (["--grid", "90:20"], "HOLE:THICKNESS:SIDE"),
        (["--grid", "90:20:beside"], "'90:20:beside'"),
        (["--plot", "gains.tif"], ".png, .pdf or .svg"),
        (["--plot", "absent/gains.png"], "absent"),
        (["--measured", "counts.csv"], "add --plot"),
        (["--plot", "gains.png", "--measured", "absent.csv"], "absent.csv"),
        (["--plot", "gains.png", "--measured", "counts.csv", "--columns", "A,B"], "1 or 4 columns"),
        (["--plot", "gains.png", "--measured", "counts.csv", "--columns", "A,B,C,E"], "'E'"),
        (["--plot", "gains.png", "--measured", "late.csv"], "one side of 0 degrees"),
    ],
)
def test_bad_arguments_give_one_line(capsys, monkeypatch, tmp_path: Path, arguments: list[str], named: str):
    monkeypatch.chdir(tmp_path)
    Path("counts.csv").write_text(COUNTS)
    Path("late.csv").write_text("tilt,sum\n5,1\n10,2\n")
    status, out, err = run(capsys, *arguments)
    assert status == 2
    lines = [line for line in err.splitlines() if line.strip()]
    assert len(lines) == 1
    assert named in lines[0]
    assert out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counts.csv", "late.csv"]


def test_program_gets_the_rows_of_the_command():
    rows = show_gains(holders=["blade"], energies_kev=[7.5], tilts="0:30:30")
    assert [row["relative_to_0_deg"] for row in rows] == [1.0, pytest.approx(0.7705, abs=1e-3)]
