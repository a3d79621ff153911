"""Explaining, simulating, scoring and checking a design on the command line, and the physics they state."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from glasstomo.benchmarks import cli
from glasstomo.benchmarks.design import angular_sampling as sampling_of
from glasstomo.benchmarks.design.damage_limits import DAMAGE_LIMITS, compared
from glasstomo.benchmarks.design.design import Design
from glasstomo.benchmarks.design.design_file import read_design
from glasstomo.benchmarks.design.explain import explain
from glasstomo.benchmarks.design.explain_text import headline, number, tables
from glasstomo.benchmarks.design.trial import run_trial
from glasstomo.benchmarks.truth_files import Truth, load_truth, save_truth
from glasstomo.forward import MICROSCOPES, TiltScheme, TiltSeries, load_volume, save_volume
from glasstomo.metrics import nrmse
from glasstomo.phantoms import Grid, make_phantom
from hypothesis import given
from hypothesis import strategies as st

SMALL = {"specimen.size": 16}


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.fixture
def file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Path:
    """A small design, written by the command."""
    path = tmp_path / "mine.toml"
    assert run(capsys, "design", "new", path, "--size", 16)[0] == 0
    return path


# --- new and schema ------------------------------------------------------------------------------


def test_new_writes_a_design_that_reads(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    path = tmp_path / "mine.toml"
    status, out, _ = run(
        capsys, "design", "new", path, "--particle", "flux_melted", "--holder", "wall", "--tilts", 31,
        "--set", "beam.total_fluence_e_nm2=1e7", "--set", "wanted.mixing_state=none", "--schema",
    )  # fmt: skip
    assert status == 0
    assert "glasstomo design check" in out
    design = read_design(path)
    assert (design.specimen.particle, design.instrument.holder) == ("flux_melted", "wall")
    assert (design.tilts.count, design.total_fluence_e_nm2) == (31, pytest.approx(1e7))
    assert design.wanted.mixing_state is None
    assert path.read_text().startswith("#:schema ./glasstomo-design.schema.json\n")
    _, printed, _ = run(capsys, "design", "schema")
    beside = json.loads(path.with_name("glasstomo-design.schema.json").read_text())
    assert beside == json.loads(printed)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["glasstomo-design.schema.json", "mine.toml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mine.json"], ".toml"),
        (["mine.toml", "--particle", "segregatd"], "did you mean 'segregated'"),
        (["mine.toml", "--set", "tilts.cuont=3"], "did you mean 'count'"),
        (["mine.toml", "--set", "tilts.count"], "FIELD=VALUE"),
        (["mine.toml", "--set", "tilts.count=x"], "whole number"),
        (["mine.toml", "--set", "tilts.count=true"], "whole number"),
        (["mine.toml", "--set", "beam.current_na=1e300"], "1e+30"),
        (["mine.toml", "--set", "beam.current_na=nan"], "finite"),
        (["mine.toml", "--set", "tilts.count=3", "--set", "tilts.count=5"], "twice"),
        (["mine.toml", "--set", f"title={'[' * 2000}"], ""),
        (["absent/mine.toml"], "no such folder"),
        (["mine.toml", "--size", "33"], "multiple of 2"),
    ],
)
def test_new_refuses_in_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    said: str,
):
    monkeypatch.chdir(tmp_path)
    if not said:  # Brackets that are no TOML are a title as good as any.
        assert run(capsys, "design", "new", *arguments)[0] == 0
        return
    status, out, err = run(capsys, "design", "new", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_new_keeps_a_file_that_is_there(capsys: pytest.CaptureFixture[str], file: Path):
    before = file.read_bytes()
    status, _, err = run(capsys, "design", "new", file)
    assert status == 2
    assert "is there already" in err
    assert file.read_bytes() == before
    assert run(capsys, "design", "new", file, "--force")[0] == 0
    assert read_design(file).specimen.size == 64


# --- explain -------------------------------------------------------------------------------------


def test_explain_prints_and_draws(capsys: pytest.CaptureFixture[str], file: Path):
    plot = file.with_suffix(".png")
    status, out, _ = run(capsys, "design", "explain", file, "--plot", plot)
    assert status == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    for said in ("missing wedge 40°", "5e7 e nm⁻² a tilt", "7.5e8 in all", "ZIF-8", "Zn_Ka", "MGy", "7.81 h"):
        assert said in " ".join(out.split())
    first = plot.read_bytes()
    run(capsys, "design", "explain", file, "--plot", plot)
    assert plot.read_bytes() == first, "the same bits every time"
    status, text, _ = run(capsys, "design", "explain", file, "--json", "--set", "tilts.count=5")
    found = json.loads(text)
    assert len(found["tilts"]) == 5
    assert found["key"] == read_design(file).with_field("tilts.count", 5).key


def test_explain_does_not_leave_half_a_figure(capsys: pytest.CaptureFixture[str], file: Path):
    status, _, err = run(capsys, "design", "explain", file, "--plot", file.with_suffix(".gif"))
    assert status == 2
    assert ".png" in err
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_dose_and_time_follow_from_current_dwell_and_pixels():
    """1 nA for 0.2 s is 1.25e9 electrons; on 25 nm² that is 5e7 per nm², times 15 tilts."""
    found = explain(Design(specimen={"size": 16}))
    electrons = 1e-9 * 0.2 / 1.602176634e-19
    assert found.dose["electrons_per_scan_pixel"] == pytest.approx(electrons, rel=1e-12)
    assert found.dose["fluence_e_nm2"] == pytest.approx(electrons / 25, rel=1e-12)
    assert found.dose["total_fluence_e_nm2"] == pytest.approx(15 * electrons / 25, rel=1e-12)
    # 96 x 96 pixels of 0.2 s, and half a minute between tilts.
    assert found.time["beam_minutes"] == pytest.approx(15 * 96**2 * 0.2 / 60, rel=1e-12)
    assert found.time["minutes"] - found.time["beam_minutes"] == pytest.approx(7.5, rel=1e-9)
    assert "calibration_minutes" not in found.time
    # Fluence times stopping power: about 4.07 MeV cm2/g for ZIF-4-Co at 80 kV (forward.stopping_power).
    expected = 15 * electrons / 25 * 1e14 * 4.07 * 1.602176634e-13 * 1e3 * 1e-6
    assert found.dose["absorbed_mgy"]["ZIF-4-Co"] == pytest.approx(expected, rel=2e-3)
    last = found.tilts[-1]
    assert last["fluence_after_e_nm2"] == pytest.approx(found.dose["total_fluence_e_nm2"], rel=1e-9)
    assert last["dose_after_mgy"] == pytest.approx(found.dose["absorbed_mgy"]["ZIF-4-Co"], rel=1e-9)


def test_counts_are_those_of_the_formula_and_of_a_replicate():
    design = Design().with_fields(
        {**SMALL, "specimen.particle": "zif4_co_standard", "instrument.holder": "none"}
    )
    found = explain(design, seed=5)
    (cobalt, zinc) = found.counts
    assert zinc["fullest_pixel"] == zinc["mean_pixel"] == 0
    # N_e σ P through the thickest place, 4.87 Co nm⁻³. Pixels there are full only in part: a tenth.
    electrons = design.fluence_e_nm2 * design.specimen.spacing_nm**2
    barn = MICROSCOPES["osiris"].cross_section_barn["Co_Ka"]
    formula = electrons * barn * 1e-10 * 4.87 * found.particle["thickness_nm"]
    assert cobalt["fullest_pixel"] == pytest.approx(formula, rel=0.1)
    per_area = (design.beam.pixel_nm / design.specimen.spacing_nm) ** 2
    assert cobalt["fullest_scan_pixel"] == pytest.approx(cobalt["fullest_pixel"] * per_area)
    row = run_trial(design, replicate=0, seed=5, scores=[])
    # The replicate averages over all tilts and chooses its pixels from noisy counts.
    mean = np.mean([tilt["mean_counts_Co_Ka"] for tilt in found.tilts])
    assert row["mean_counts_co"] == pytest.approx(mean, rel=0.15)


def test_counts_do_not_depend_on_the_grid_they_are_estimated_on():
    """A fluence is one: pixels twice as large count four times as much."""
    small, large = (
        explain(Design(specimen={"size": size}), seed=2).counts[0]["mean_scan_pixel"] for size in (16, 64)
    )
    # Pixels at the rim average over it; the finer the grid, the fewer.
    assert small == pytest.approx(large, rel=0.1)


def test_tilts_stand_in_the_order_of_acquisition():
    design = Design().with_fields({**SMALL, "tilts.order": "dose_symmetric", "tilts.count": 5})
    found = explain(design)
    assert [row["tilt_deg"] for row in found.tilts] == list(design.tilts.tilt_scheme.acquired_deg)
    fluence = [row["fluence_after_e_nm2"] for row in found.tilts]
    assert np.diff([0, *fluence]) == pytest.approx(np.full(5, design.fluence_e_nm2))


def test_modelled_damage_follows_its_law():
    fluence = Design().fluence_e_nm2
    damage = {"contraction": 0.1, "contraction_fluence_e_nm2": fluence}
    found = explain(Design().with_fields({**SMALL, "imperfections.damage": damage}))
    # 1 - d (1 - exp(-F/F_c)) with F = F_c after the first tilt.
    first = found.modelled_damage["after_first_tilt"]["linear_scale"]
    assert first == pytest.approx(1 - 0.1 * (1 - math.exp(-1)))
    assert found.modelled_damage["after_last_tilt"]["linear_scale"] == pytest.approx(0.9, abs=1e-6)
    assert any("shrinks" in note for note in found.notes)
    assert not any("No damage is modelled" in note for note in found.notes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "first tilt alone"),
        ({"beam.total_fluence_e_nm2": 1e5}, "reached during the series"),
        ({"beam.total_fluence_e_nm2": 1e5}, "kullback_leibler"),
        ({"instrument.holder": "wall"}, "see less than 60%"),
        ({"instrument.holder": "wall", "reconstruction.gains": "ignore"}, "leaves that out"),
        ({"reconstruction.lam": "oracle"}, "looks at the truth"),
        ({"beam.dwell_s": 1.0}, "more than a working day"),
        ({"tilts.count": 1, "tilts.start_deg": 0.0, "tilts.stop_deg": 0.0}, "no tomography"),
    ],
)
def test_notes_say_what_deserves_attention(changes: dict[str, Any], said: str):
    assert any(said in note for note in explain(Design().with_fields({**SMALL, **changes})).notes)


def test_nothing_is_pointed_at_where_all_is_well():
    design = Design().with_fields(
        {
            **SMALL,
            "tilts.count": 91,
            "tilts.start_deg": -90.0,
            "tilts.stop_deg": 90.0,
            "beam.total_fluence_e_nm2": 7e3,
            "reconstruction.data_term": "kullback_leibler",
            "instrument.holder": "none",
        }
    )
    assert explain(design).notes == ()


@pytest.mark.parametrize(
    "changes", [{}, {"specimen.particle": "zif62_standard"}, {"wanted.cross_section_bias": 0.02}]
)
def test_explanations_are_plain_and_complete(changes: dict[str, Any]):
    found = explain(Design().with_fields({"specimen.size": 32, **changes}))
    again = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert again["sampling"]["missing_wedge_deg"] == 40
    assert all(isinstance(line, str) for line in headline(found))
    for _, rows in tables(found):
        assert rows
        assert len({tuple(row) for row in rows}) == 1, "every row has the same columns"
    calibrates = "wanted.cross_section_bias" in changes
    assert ("calibration_minutes" in found.time) == calibrates
    assert (found.cost.seconds is None) == calibrates


def test_limits_are_sorted_and_have_sources():
    fluences = [limit.fluence_e_nm2 for limit in DAMAGE_LIMITS]
    assert fluences == sorted(fluences)
    assert all(limit.doi.startswith("10.") for limit in DAMAGE_LIMITS)
    zif8 = next(limit for limit in DAMAGE_LIMITS if limit.material == "ZIF-8")
    assert zif8.fluence_e_nm2 == 8000  # 80 electrons per square ångström
    # 1000 C cm⁻² over the elementary charge and 1e14 nm² cm⁻².
    assert fluences[-1] == pytest.approx(1000 / 1.602176634e-19 / 1e14)


@given(total=st.floats(1.0, 1e12), tilts=st.integers(1, 200))
def test_the_tilt_that_passes_a_limit_is_the_first_whose_end_lies_beyond(total: float, tilts: int):
    each = total / tilts
    for row, limit in zip(compared(total, each), DAMAGE_LIMITS, strict=True):
        tilt = row["reached_in_tilt"]
        if tilt is None:
            assert total <= limit.fluence_e_nm2
        else:
            assert isinstance(tilt, int)
            # Rounding may put a limit that is met exactly on either side.
            assert (tilt - 1) * each <= limit.fluence_e_nm2 * (1 + 1e-9)
            assert tilt * each >= limit.fluence_e_nm2 * (1 - 1e-9)


# --- angular sampling ----------------------------------------------------------------------------


def test_elongation_is_that_of_the_textbook():
    """Radermacher's factor: 1.3 at ±70 degrees, 1.55 at ±60; 1 without a missing wedge."""
    factors = {
        half: sampling_of.angular_sampling(
            TiltScheme.uniform(-half, half, 21), diameter_nm=300.0, spacing_nm=5.0
        ).elongation
        for half in (60, 70, 90)
    }
    assert factors[60] == pytest.approx(1.55, abs=0.005)
    assert factors[70] == pytest.approx(1.31, abs=0.005)
    assert factors[90] == pytest.approx(1.0, abs=1e-12)


def test_crowther_is_pi_d_over_n_over_the_whole_circle():
    count, diameter = 60, 300.0
    scheme = TiltScheme(angles_deg=tuple(-90 + 3.0 * i for i in range(count)))
    found = sampling_of.angular_sampling(scheme, diameter_nm=diameter, spacing_nm=5.0)
    assert found.crowther_nm == pytest.approx(math.pi * diameter / count)


@given(
    half=st.floats(1, 90),
    count=st.integers(2, 200),
    diameter=st.floats(10, 1000),
    spacing=st.floats(0.5, 20),
)
def test_more_tilts_over_a_range_never_resolve_less(half: float, count: int, diameter: float, spacing: float):
    fewer, more = (
        sampling_of.angular_sampling(
            TiltScheme.uniform(-half, half, n), diameter_nm=diameter, spacing_nm=spacing
        )
        for n in (count, count + 1)
    )
    assert fewer.crowther_nm is not None
    assert more.crowther_nm is not None
    assert more.crowther_nm < fewer.crowther_nm
    assert fewer.missing_wedge_deg == pytest.approx(180 - 2 * half, abs=1e-9)
    # As many tilts as it asks for reach the grid.
    enough = sampling_of.angular_sampling(
        TiltScheme.uniform(-half, half, max(2, fewer.crowther_tilts)),
        diameter_nm=diameter,
        spacing_nm=spacing,
    )
    assert enough.crowther_nm is not None
    assert enough.crowther_nm <= enough.nyquist_nm * (1 + 1e-9)


@given(st.floats(1e-30, 1e30), st.integers(2, 6))
def test_numbers_for_readers_are_the_numbers(value: float, digits: int):
    assert float(number(value, digits)) == pytest.approx(value, rel=0.51 * 10 ** (1 - digits))


# --- simulate and score --------------------------------------------------------------------------


def test_simulate_gives_the_series_that_a_check_reconstructs(capsys: pytest.CaptureFixture[str], file: Path):
    series_file, truth_file = file.with_name("series.h5"), file.with_name("truth.h5")
    arguments = ("--out", series_file, "--truth", truth_file, "--replicate", 3, "--seed", 8)
    status, out, _ = run(capsys, "simulate", file, *arguments)
    assert status == 0
    assert str(series_file) in out
    series = TiltSeries.load(series_file)
    design = read_design(file)
    row = run_trial(design, replicate=3, seed=8, scores=["volumes"])
    smooth = series.channel("Co_Ka").data.mean(axis=0)
    assert float(smooth[smooth > 0.1 * smooth.max()].mean()) == pytest.approx(row["mean_counts_co"])
    assert series.metadata["design"] == {"title": "", "key": design.key, "replicate": 3, "seed": 8}
    assert series.metadata["holder"] == "blade"
    bits = series_file.read_bytes()
    run(capsys, "simulate", file, *arguments)
    assert np.array_equal(TiltSeries.load(series_file).data, series.data)
    assert len(bits) == len(series_file.read_bytes())


def test_the_truth_scores_perfectly(capsys: pytest.CaptureFixture[str], file: Path):
    truth_file, recon = file.with_name("truth.h5"), file.with_name("recon.h5")
    # Large enough for voxels three deep inside a phase.
    run(capsys, "design", "new", file, "--size", 40, "--force")
    run(capsys, "simulate", file, "--out", file.with_name("series.h5"), "--truth", truth_file)
    truth = load_truth(truth_file)
    assert isinstance(truth, Truth)
    phantom = truth.phantom
    volume = np.stack([phantom.density("Zn"), phantom.density("Co")])
    save_volume(recon, volume, spacing_nm=phantom.grid.spacing_nm, channels=("Zn", "Co_Ka"))
    status, text, _ = run(capsys, "score", recon, truth_file, "--json")
    assert status == 0
    scores = json.loads(text)
    assert scores["units"] == "density"
    for name in ("nrmse_zn", "nrmse_co", "zn_fraction_bias", "density_bias"):
        assert scores[name] == pytest.approx(0, abs=1e-7)
    assert scores["ssim_zn"] == scores["ssim_co"] == 1
    assert scores["mixing_state_true"] == "segregated"
    status, table, _ = run(capsys, "score", recon, truth_file)
    assert "nrmse_zn" in table
    # Counts are what an uncalibrated reconstruction holds: the truth's fluence and cross-sections undo them.
    per = {
        line: truth.fluence_e_nm2 * phantom.grid.spacing_nm**2 * truth.cross_section_barn[line] * 1e-10
        for line in ("Zn_Ka", "Co_Ka")
        if truth.fluence_e_nm2 is not None
    }
    counts = volume * np.array(list(per.values()))[:, None, None, None]
    save_volume(
        recon,
        counts,
        spacing_nm=phantom.grid.spacing_nm,
        channels=("Zn_Ka", "Co_Ka"),
        metadata={"reconstruction": {"method": "tv"}},
    )
    _, text, _ = run(capsys, "score", recon, truth_file, "--json")
    assert json.loads(text)["units"] == "counts"
    assert json.loads(text)["nrmse_zn"] == pytest.approx(0, abs=1e-6)
    _, text, _ = run(capsys, "score", recon, truth_file, "--json", "--units", "density")
    assert json.loads(text)["nrmse_zn"] > 0.5


def test_simulate_reconstruct_score_in_a_row(capsys: pytest.CaptureFixture[str], file: Path):
    """The chain of three commands scores as a replicate of a check with the same solver settings does."""
    names = ("series.h5", "truth.h5", "volume.h5")
    series, truth, volume = (file.with_name(name) for name in names)
    assert run(capsys, "simulate", file, "--out", series, "--truth", truth)[0] == 0
    solver = ("--method", "tv2", "--gap", 1e-3, "--max-iterations", 2000, "--threads", 1)
    assert run(capsys, "reconstruct", series, *solver, "--out", volume)[0] == 0
    status, text, _ = run(capsys, "score", volume, truth, "--json")
    assert status == 0
    row = run_trial(read_design(file), replicate=0, seed=0, scores=["volumes"])
    # One solve in counts and one in densities stop at different iterates within the gap of 1e-3.
    for name in ("nrmse_zn", "nrmse_co", "dice"):
        assert json.loads(text)[name] == pytest.approx(row[name], rel=0.02), name


def test_adf_series_shows_its_surface(capsys: pytest.CaptureFixture[str], file: Path):
    series, truth, volume = (file.with_name(name) for name in ("adf.h5", "truth.h5", "volume.h5"))
    assert run(capsys, "simulate", file, "--signal", "adf", "--out", series, "--truth", truth)[0] == 0
    found = TiltSeries.load(series)
    assert (found.signal, found.count) == ("ADF", 15)
    loaded = load_truth(truth)
    assert isinstance(loaded, Truth)
    save_volume(volume, loaded.phantom.fill, spacing_nm=loaded.phantom.grid.spacing_nm, channels=("ADF",))
    _, text, _ = run(capsys, "score", volume, truth, "--json")
    scores = json.loads(text)
    assert scores["dice"] > 0.97
    assert scores["volume_ratio"] == pytest.approx(1, abs=0.06)
    zinc = np.asarray(loaded.phantom.density("Zn"))
    save_volume(volume, zinc, spacing_nm=loaded.phantom.grid.spacing_nm, channels=("Zn_Ka",))
    status, _, err = run(capsys, "score", volume, truth, "--units", "counts")
    assert status == 2
    assert "ADF" in err


def test_a_truth_file_keeps_the_phantom(tmp_path: Path, rng: np.random.Generator):
    phantom = make_phantom("flux_melted", Grid.cube(16, spacing_nm=30.0), rng=rng)
    for suffix in (".h5", ".hspy"):
        path = tmp_path / f"truth{suffix}"
        save_truth(path, phantom, fluence_e_nm2=1e7, cross_section_barn={"Zn_Ka": 2.5})
        back = load_truth(path)
        assert isinstance(back, Truth)
        for name in ("densities", "fill", "labels"):
            np.testing.assert_array_equal(getattr(back.phantom, name), getattr(phantom, name))
        assert back.phantom.grid == phantom.grid
        assert (back.phantom.elements, back.phantom.phase_names) == (phantom.elements, phantom.phase_names)
        assert back.phantom.particle == phantom.particle
        assert (back.fluence_e_nm2, back.cross_section_barn) == (1e7, {"Zn_Ka": 2.5})


@pytest.mark.parametrize("binned", [1, 2])
def test_any_two_volumes_can_be_compared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, rng: np.random.Generator, binned: int
):
    truth = np.zeros((16, 16, 16), np.float32)
    truth[5:11, 4:12, 3:13] = 2.0
    found = truth + rng.normal(scale=0.01, size=truth.shape).astype(np.float32)
    for name, volume in (("truth.h5", truth), ("recon.h5", found[::binned, ::binned, ::binned])):
        save_volume(tmp_path / name, volume, spacing_nm=1.0)
    status, text, err = run(capsys, "score", tmp_path / "recon.h5", tmp_path / "truth.h5", "--json")
    if binned == 2:
        assert status == 2
        assert "same voxels" in err
        return
    scores = json.loads(text)
    assert scores["nrmse"] == pytest.approx(nrmse(found, truth))
    assert scores["dice"] == pytest.approx(1, abs=0.02)


def test_scores_on_coarser_voxels_are_of_the_truth_binned_alike(
    capsys: pytest.CaptureFixture[str], file: Path
):
    truth_file, recon = file.with_name("truth.h5"), file.with_name("recon.h5")
    run(capsys, "simulate", file, "--out", file.with_name("series.h5"), "--truth", truth_file)
    truth = load_truth(truth_file)
    assert isinstance(truth, Truth)
    coarse = truth.phantom.downsampled(2)
    volume = np.stack([coarse.density("Zn"), coarse.density("Co")])
    save_volume(recon, volume, spacing_nm=coarse.grid.spacing_nm, channels=("Zn", "Co"))
    _, text, _ = run(capsys, "score", recon, truth_file, "--json")
    assert json.loads(text)["nrmse_zn"] == pytest.approx(0, abs=1e-7)
    save_volume(recon, volume, spacing_nm=7.0, channels=("Zn", "Co"))
    status, _, err = run(capsys, "score", recon, truth_file)
    assert status == 2
    assert "one size" in err
    save_volume(recon, volume[..., :3], spacing_nm=coarse.grid.spacing_nm, channels=("Zn", "Co"))
    status, _, err = run(capsys, "score", recon, truth_file)
    assert status == 2
    assert "--slices" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["simulate", "mine.toml"], "--out"),
        (["simulate", "mine.toml", "--out", "series.mrc"], ".h5 or .hspy"),
        (["simulate", "mine.toml", "--out", "a.h5", "--truth", "a.h5"], "another file"),
        (["simulate", "mine.toml", "--out", "absent/a.h5"], "no such folder"),
        (["simulate", "mine.toml", "--out", "a.h5", "--truth", "absent/a.h5"], "no such folder"),
        (["simulate", "absent.toml", "--out", "a.h5"], "absent.toml"),
        (["score", "absent.h5", "absent.h5"], "absent.h5"),
        (["score", "mine.toml", "mine.toml"], "unknown kind"),
        (["design", "explain"], "DESIGN.toml"),
        (["design", "chek", "mine.toml"], "chek"),
        (["design", "check", "mine.toml", "--rows", "rows.txt"], ".csv"),
        (["design", "check", "mine.toml", "--workers", "-1"], "--workers"),
    ],
)
def test_bad_arguments_give_one_line_and_leave_nothing(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    arguments: list[str],
    said: str,
):
    monkeypatch.chdir(file.parent)
    status, out, err = run(capsys, *arguments)
    lines = [line for line in err.splitlines() if not line.startswith(("simulate: ", "TiltSeries("))]
    assert (status, out) == (2, "")
    assert len(lines) == 1
    assert said in lines[0]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_series_that_cannot_be_written_leaves_no_truth_either(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, file: Path
):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "truth.h5")

    from glasstomo.benchmarks import simulate_command

    monkeypatch.setattr(simulate_command, "_write_truth", full)
    status, _, err = run(
        capsys, "simulate", file, "--out", file.with_name("a.h5"), "--truth", file.with_name("b.h5")
    )
    assert status == 2
    assert "No space left" in err
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_files_for_hyperspy(capsys: pytest.CaptureFixture[str], file: Path):
    series, truth = file.with_name("series.hspy"), file.with_name("truth.hspy")
    assert run(capsys, "simulate", file, "--out", series, "--truth", truth)[0] == 0
    assert load_volume(truth).channels[-2:] == ("fill", "labels")


# --- check ---------------------------------------------------------------------------------------


def test_check_ends_with_its_verdict(capsys: pytest.CaptureFixture[str], file: Path):
    easy = (
        "wanted.zn_fraction_2sigma=0.9", "wanted.density_2sigma=none", "wanted.mixing_state=0.05",
        "confidence.max_replicates=4", "beam.total_fluence_e_nm2=1e9", "beam.dwell_s=none",
    )  # fmt: skip
    options = [part for setting in easy for part in ("--set", setting)]
    rows = file.with_name("rows.csv")
    status, text, _ = run(
        capsys, "design", "check", file, "--workers", 0, "--rows", rows, "--json", *options, "--no-remedies"
    )
    found = json.loads(text)
    assert status == (0 if found["verdict"] == "pass" else 1)
    assert set(found["wanted"]) == {"zn_fraction_2sigma", "mixing_state"}
    assert len(rows.read_text().splitlines()) == found["replicates"] + 1
    hard = [*options, "--set", "wanted.zn_fraction_2sigma=1e-9"]
    status, out, _ = run(capsys, "design", "check", file, "--workers", 0, "--no-remedies", *hard)
    assert status == 2, "the same field twice"
    options[options.index("wanted.zn_fraction_2sigma=0.9")] = "wanted.density_bias=1e-9"
    status, out, _ = run(capsys, "design", "check", file, "--workers", 0, "--no-remedies", *options)
    assert status == 1
    assert "wanted" in out
