"""Entries of the league: axes, units, signs and gains, stopping rules, and solvers from outside."""

import importlib
import inspect
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from glasstomo.benchmarks.league.channel_task import ChannelTask
from glasstomo.benchmarks.league.entries import ENTRIES, outside_entry
from glasstomo.benchmarks.league.equal_gains import EqualGains
from glasstomo.benchmarks.league.league_answer import STATUSES, LeagueAnswer, stacked
from glasstomo.benchmarks.league.league_data import LeagueData
from glasstomo.benchmarks.league.league_entry import FAMILIES, LeagueEntry
from glasstomo.benchmarks.league.null_entries import visual_hull
from glasstomo.benchmarks.league.settled import LOOK, Settled
from glasstomo.benchmarks.league.until_noise import until_noise
from glasstomo.forward import Projector
from glasstomo.forward.rutherford import NM2_PER_BARN
from glasstomo.recon import Problem, solve_pdhg
from glasstomo.recon.baselines.cgls import cgls
from glasstomo.recon.baselines.fista_tv import fista_tv
from glasstomo.recon.baselines.mlem import mlem
from glasstomo.recon.baselines.sirt import sirt
from hypothesis import given, settings
from hypothesis import strategies as st

NX, TILTS, SPACING = 6, 30, 5.0
SECTIONS = {"Co_Ka": 3.0, "Zn_Ka": 7.0}
# ODL takes ten milliseconds of Python for an iteration of any size.
SLOW = {"odl_tv"}
SOLVERS = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
    for name, entry in ENTRIES.items()
    if entry.family != "null"
]
# Other packages have other middles of even and odd grids; ours have none of their own.
PLACED = [
    pytest.param(name, n, marks=pytest.mark.slow if name in SLOW else ())
    for name, entry in ENTRIES.items()
    for n in (20, 21)
    if entry.family == "peer" or (entry.family == "own" and n == 20)
]
PRIMAL_DUAL = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
    for name in ("scipy_tv", "pyproximal_tv", "odl_tv", "fista_tv", "tv_noise")
]


def blobs(n: int) -> np.ndarray:
    """Two smooth blobs of two elements, float32 (channel, z, y, x), alike under no symmetry of the grid."""
    axes = [np.arange(m) - 0.5 * (m - 1) for m in (n, n, NX)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    first = 2.0 * np.exp(
        -(((z - 0.12 * n) / (0.12 * n)) ** 2 + ((y + 0.18 * n) / (0.1 * n)) ** 2 + ((x - 0.6) / 1.8) ** 2)
    )
    second = 5.0 * np.exp(
        -(((z + 0.2 * n) / (0.12 * n)) ** 2 + ((y - 0.1 * n) / (0.16 * n)) ** 2 + ((x + 0.6) / 1.5) ** 2)
    )
    return np.stack([first + 0.3 * second, second + 0.1 * first]).astype(np.float32)


def recorded(
    truth: np.ndarray, *, signal: str = "ADF", electrons: float = 2e9, full: bool = True
) -> LeagueData:
    """Expected data of a truth, with gains and exposures that differ between tilts and channels."""
    n = truth.shape[1]
    angles = np.linspace(-90, 90, TILTS, endpoint=False) if full else np.linspace(-66, 60, 8)
    projector = Projector(shape=(n, n), bins=n, angles_deg=angles, spacing_nm=SPACING)
    projected = np.stack([projector.forward(np.ascontiguousarray(one)) for one in truth])
    turn = np.deg2rad(angles)
    gains = np.stack([0.6 + 0.4 * np.cos(turn), 0.5 + 0.3 * np.sin(turn)])[: len(truth)]
    exposure = 1.0 + 0.2 * np.sin(np.arange(angles.size))
    scale = np.ones(len(truth))
    if signal == "EDS_TEM":
        scale = electrons * np.array(list(SECTIONS.values())) * NM2_PER_BARN
    return LeagueData(
        counts=projected * (scale[:, None] * gains * exposure)[..., None, None],
        angles_deg=angles,
        spacing_nm=SPACING,
        channels=tuple(SECTIONS) if signal == "EDS_TEM" else ("ADF",),
        signal=signal,
        electrons_per_pixel=electrons if signal == "EDS_TEM" else None,
        gains=gains,
        exposure=exposure,
        cross_section_barn=SECTIONS if signal == "EDS_TEM" else {},
    )


def small_counts(*, seconds: float | None = None) -> LeagueData:
    """Poisson counts of two elements on a small grid with a missing wedge."""
    data = recorded(blobs(12), signal="EDS_TEM", electrons=5e8, full=False)
    return replace(data, counts=np.random.default_rng(3).poisson(data.counts), seconds=seconds)


def entry_of(name: str) -> LeagueEntry:
    entry = ENTRIES[name]
    reason = entry.missing()
    if reason:
        pytest.skip(reason)
    return entry


def centre(volume: np.ndarray) -> np.ndarray:
    """Centre of mass, voxels."""
    weight = np.maximum(volume, 0.0).astype(np.float64)
    return np.array([(weight * index).sum() for index in np.indices(volume.shape)]) / weight.sum()


@pytest.mark.parametrize(("name", "n"), PLACED)
def test_entry_finds_a_body_where_it_is_in_its_units(name: str, n: int) -> None:
    entry = entry_of(name)
    truth = blobs(n)
    data = recorded(truth[:1])
    if entry.declines(data):
        data = recorded(truth, signal="EDS_TEM", electrons=2e10)
    else:
        truth = truth[:1]
    answer = entry.solve(data)
    assert answer.volume.shape == data.shape
    assert answer.volume.dtype == np.float32
    for found, true in zip(answer.volume, truth, strict=True):
        norm = np.linalg.norm(true)
        # Filters blur a blob of 2.4 voxels, and few counts leave some of it to the regulariser.
        assert np.linalg.norm(found - true) < 0.25 * norm
        # Not over the whole grid: filtered back projection of so few tilts has streaks at its corners.
        body = true > 0.01 * true.max()
        assert found[body].sum() == pytest.approx(true[body].sum(), rel=0.08)
        # A grid whose middle is taken for a voxel is off by half of one.
        np.testing.assert_allclose(centre(found), centre(true), atol=0.2)
        for wrong in (true[::-1], true[:, ::-1], true[..., ::-1], true.swapaxes(0, 1)):
            assert np.linalg.norm(found - wrong) > 0.5 * norm


@pytest.mark.parametrize("name", SOLVERS)
def test_entry_takes_counts_with_an_empty_channel_and_a_dark_tilt(name: str) -> None:
    entry = entry_of(name)
    data = small_counts()
    counts, gains = data.counts.copy(), data.gains.copy()
    counts[1] = 0
    counts[0, 2] = 0
    gains[0, 2] = 0.0
    # Slices at the end of the specimen are empty too.
    counts[..., 0] = 0
    answer = entry.solve(replace(data, counts=counts, gains=gains))
    assert np.isfinite(answer.volume).all()
    assert answer.status in STATUSES
    assert answer.status != "diverged"
    assert answer.volume[0].any()
    assert not answer.volume[1].any()


@pytest.mark.parametrize("name", SOLVERS)
def test_entry_stops_itself_in_time(name: str) -> None:
    entry = entry_of(name)
    data = small_counts(seconds=0.01)
    answer = entry.solve(data)
    assert np.isfinite(answer.volume).all()
    if answer.iterations is not None:
        # Ours look every 20 iterations, in each of the solves of the search and of the coarser grids.
        assert answer.iterations <= (15 * 20 if entry.family == "own" else 2 * LOOK)
    if entry.options.get("lam") or "pdhg" in entry.solver:
        assert answer.status in ("time_limit", "converged")


@pytest.mark.parametrize("name", ["astra_sirt", "svmbir", "sirt_noise", "tv_noise", "skimage_sart"])
def test_same_data_give_the_same_bits(name: str) -> None:
    entry = entry_of(name)
    first, second = (entry.solve(small_counts()).volume for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", PRIMAL_DUAL)
def test_primal_dual_entries_minimise_one_objective(name: str) -> None:
    entry = entry_of(name)
    data = small_counts()
    answer = entry.solve(data)
    assert answer.status == "converged"
    for index, channel in enumerate(data.channels):
        problem = ChannelTask.of(data, channel).problem
        assert answer.lam[index] == pytest.approx(problem.lam, rel=1e-6)
        certified = solve_pdhg(problem, gap=1e-4)
        bound = certified.objective * (1.0 - certified.relative_gap)
        # A run that has settled to 1e-3 in 50 iterations may have several times that to go.
        assert problem.objective(answer.volume[index]) <= 1.01 * bound


def test_nulls_hold_what_was_counted_and_nothing_else() -> None:
    data = small_counts()
    axes = np.arange(12) - 5.5
    radius = np.sqrt(axes[:, None, None] ** 2 + axes[None, :, None] ** 2 + 0 * np.arange(NX))
    ball = recorded(np.where(radius < 3.5, 2.0, 0.0)[None].astype(np.float32))
    hull = visual_hull(ball)
    assert set(np.unique(hull)) == {0.0, 1.0}
    assert hull[radius < 2.5].all()
    assert not hull[radius > 5.5].any()
    for name in ("constant", "uniform", "back_projection"):
        answer = ENTRIES[name].solve(data)
        for index, channel in enumerate(data.channels):
            problem = ChannelTask.of(data, channel).problem
            projected = problem.forward(answer.volume[index])
            assert projected.sum(dtype=np.float64) == pytest.approx(
                problem.data.sum(dtype=np.float64), rel=1e-4
            )
    constant = ENTRIES["constant"].solve(data).volume
    assert all(np.unique(one).size == 2 for one in constant)
    assert np.array_equal(constant[0] > 0, constant[1] > 0)


def test_table_says_all_that_a_reader_has_to_know() -> None:
    assert sum(entry.family == "peer" for entry in ENTRIES.values()) >= 8
    for name, entry in ENTRIES.items():
        assert entry.name == name
        assert entry.family in FAMILIES
        assert entry.rule
        assert entry.summary
        assert bool(entry.modules) == bool(entry.install) == (entry.family == "peer")
        parameters = inspect.signature(entry.function()).parameters
        assert next(iter(parameters)) == "data"
        free = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        assert free or set(entry.options) <= set(parameters)
    with pytest.raises(ValueError, match="did you mean 'wbp'"):
        ENTRIES["wpb"]


def test_entry_says_why_it_cannot_take_part() -> None:
    adf = recorded(blobs(8)[:1])
    assert ENTRIES["tv"].declines(adf) is None
    assert "not ADF" in str(ENTRIES["tv_poisson"].declines(adf))
    with pytest.raises(ValueError, match="tv_poisson takes EDS_TEM, not ADF"):
        ENTRIES["tv_poisson"].solve(adf)
    absent = replace(ENTRIES["svmbir"], modules=("no_such_package",), install="pip install it")
    assert absent.missing() == "no_such_package not installed: pip install it"
    with pytest.raises(ValueError, match="not installed"):
        absent.solve(adf)
    with pytest.raises(ValueError, match="`family` must be one of null"):
        replace(ENTRIES["tv"], family="ours")


OUTSIDE = """
import numpy as np
from glasstomo.benchmarks.league.league_data import LeagueData
from glasstomo.recon import solve_pdhg
from glasstomo.recon.baselines.sirt import sirt

def by_data(data, factor=1.0):
    return np.full(data.shape, factor)

def annotated(recording: LeagueData):
    return np.full(recording.shape, 2.0)

def by_problem(problem, iterations=3):
    return sirt(problem, iterations=iterations)

def with_info(problem):
    return sirt(problem, iterations=3), {"iterations": 3}

def certified(problem, max_seconds=None):
    assert max_seconds is None or max_seconds > 0
    return solve_pdhg(problem, gap=0.01, max_seconds=max_seconds)

def wrong_shape(problem):
    return np.zeros(problem.shape[1:])

def not_a_number(data):
    return np.full(data.shape, np.nan)

def complex_numbers(data):
    return np.zeros(data.shape, complex)

def declining(data):
    raise NotImplementedError("X-ray counts only")

constant = 3.0
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the name of a module that holds solvers from outside."""
    name = "league_outside_solvers"
    (tmp_path / f"{name}.py").write_text(OUTSIDE)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield name
    sys.modules.pop(name, None)


def test_solvers_from_outside_take_data_or_a_problem(outside: str) -> None:
    data = small_counts(seconds=60.0)
    doubled = outside_entry(f"{outside}:by_data", options={"factor": 2}).solve(data)
    assert (doubled.volume == 2.0).all()
    assert doubled.status == "unknown"
    assert (outside_entry(f"{outside}:annotated").solve(data).volume == 2.0).all()
    expected = np.stack([sirt(ChannelTask.of(data, one).problem, iterations=3) for one in data.channels])
    for name in ("by_problem", "with_info"):
        assert np.array_equal(outside_entry(f"{outside}:{name}").solve(data).volume, expected)
    certified = outside_entry(f"{outside}:certified", name="mine").solve(data)
    assert certified.status == "converged"
    assert certified.iterations is not None
    assert certified.iterations > 0


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("{}:wrong_shape", r"volume \(z, y, x\) of shape \(12, 12, 6\), got \(12, 6\)"),
        ("{}:complex_numbers", "real numbers"),
        ("{}:constant", "holds a float"),
        ("{}:absent", "nothing of that name"),
        ("no_such_module:solve", "cannot be imported"),
    ],
)
def test_solvers_from_outside_are_refused_in_a_sentence(outside: str, path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        outside_entry(path.format(outside)).solve(small_counts())


def test_outside_entries_pass_on_what_solvers_say(outside: str) -> None:
    data = small_counts()
    assert outside_entry(f"{outside}:not_a_number").solve(data).status == "diverged"
    with pytest.raises(NotImplementedError, match="X-ray counts only"):
        outside_entry(f"{outside}:declining").solve(data)
    for path in ("solve", "module:", ":solve"):
        with pytest.raises(ValueError, match=r"package\.module:object"):
            outside_entry(path)


@settings(max_examples=15)
@given(
    shape=st.tuples(*(st.integers(1, 3) for _ in range(4))),
    signal=st.sampled_from(["EDS_TEM", "ADF"]),
    electrons=st.none() | st.floats(1.0, 1e12),
    seconds=st.none() | st.floats(0.1, 1e4),
    seed=st.integers(0, 2**16),
)
def test_data_come_back_from_their_file(tmp_path_factory, shape, signal, electrons, seconds, seed) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(3.0, shape) if signal == "EDS_TEM" else rng.standard_normal(shape)
    names = tuple(f"line{index}" for index in range(shape[0]))
    data = LeagueData(
        counts=counts,
        angles_deg=np.sort(rng.uniform(-80, 80, shape[1])),
        spacing_nm=float(rng.uniform(0.1, 10)),
        channels=names,
        signal=signal,
        electrons_per_pixel=electrons,
        gains=rng.random(shape[:2]),
        cross_section_barn=dict.fromkeys(names, 2.0) if seed % 2 else {},
        seconds=seconds,
    )
    path = tmp_path_factory.mktemp("league") / "data.npz"
    data.save(path)
    back = LeagueData.load(path)
    for name in ("counts", "angles_deg", "gains", "exposure"):
        assert np.array_equal(getattr(back, name), getattr(data, name))
        assert getattr(back, name).dtype == getattr(data, name).dtype
    for name in ("spacing_nm", "channels", "signal", "electrons_per_pixel", "cross_section_barn", "seconds"):
        assert getattr(back, name) == getattr(data, name)


def test_data_keep_nothing_of_the_series_but_what_a_solver_may_know() -> None:
    series = replace(small_counts().series(), metadata={"particle": "segregated", "seed": 7})
    data = LeagueData.from_series(series, SECTIONS)
    assert data.series().metadata == {}
    assert "segregated" not in repr(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": np.ones((8, 12, 6))}, r"axes \(channel, tilt, y, x\)"),
        ({"angles_deg": np.zeros(3)}, "one angle per tilt"),
        ({"gains": np.full((2, 8), -1.0)}, "`gains` must be finite and not negative"),
        ({"cross_section_barn": {"Co_Ka": 3.0}}, "lacks Zn_Ka"),
        ({"cross_section_barn": {"Co_Ka": 3.0, "Zn_Ka": 0.0}}, "positive number of barn"),
        ({"seconds": 0.0}, "positive number of seconds"),
        ({"signal": "HAADF"}, "`signal` must be"),
    ],
)
def test_data_that_break_a_rule_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(small_counts(), **change)


def test_files_that_hold_no_data_are_refused(tmp_path) -> None:
    whole = tmp_path / "whole.npz"
    small_counts().save(whole)
    (tmp_path / "part.npz").write_bytes(whole.read_bytes()[:300])
    np.savez(tmp_path / "other.npz", counts=np.ones(3))
    np.save(tmp_path / "array.npy", np.ones(3))
    for name in ("part.npz", "other.npz", "array.npy", "absent.npz"):
        with pytest.raises(ValueError, match=f"{name} is no data of the league"):
            LeagueData.load(tmp_path / name)
    with pytest.raises(ValueError, match=r"must end in \.npz"):
        small_counts().save(tmp_path / "data.h5")


def test_answers_of_channels_are_joined_by_the_worst_status() -> None:
    volume = np.zeros((1, 2, 2))
    parts = [
        LeagueAnswer(volume=volume, status="converged", iterations=3, lam=(1.0,)),
        LeagueAnswer(volume=volume, status="time_limit", iterations=4, lam=(2.0,)),
        LeagueAnswer(volume=volume),
    ]
    whole = stacked(parts)
    assert (whole.status, whole.iterations, whole.lam) == ("time_limit", 7, (1.0, 2.0))
    assert whole.volume.shape == (3, 1, 2, 2)
    assert LeagueAnswer(volume=np.full((1, 2), 1e300), status="converged").status == "diverged"
    with pytest.raises(ValueError, match="`status` must be one of direct"):
        LeagueAnswer(volume=volume, status="fine")


def test_gains_are_divided_out_and_kept_in_the_weights() -> None:
    gains = np.array([1.0, 0.5, 0.05, 0.0])
    problem = Problem(
        data=gains[:, None, None] * np.full((4, 3, 2), 6.0),
        angles_deg=[-30.0, 0.0, 30.0, 60.0],
        spacing_nm=1.0,
        gains=gains,
        weights=np.full((4, 3, 2), 4.0),
    )
    same = EqualGains.of(problem)
    assert np.allclose(same.densities, 6.0)
    assert same.angles_deg.tolist() == [-30.0, 0.0]
    assert np.allclose(same.weights[:, 0, 0], [4.0, 1.0])
    # All tilts of a filled half circle stand for equal parts of it.
    full = Problem(data=np.ones((6, 3, 2)), angles_deg=np.arange(0.0, 180.0, 30.0), spacing_nm=1.0)
    assert np.allclose(EqualGains.of(full).for_equal_steps(), 1.0)


def test_iterations_end_at_the_noise_the_limit_or_the_clock() -> None:
    data = small_counts()
    task = ChannelTask.of(data, "Co_Ka")
    truth = blobs(12)[0]

    def nearer() -> tuple:
        volume, calls = np.zeros_like(truth), []

        def advance(count: int) -> np.ndarray:
            calls.append(count)
            for _ in range(count):
                volume[:] += 0.1 * (truth - volume)
            return volume

        return advance, calls

    advance, calls = nearer()
    found = until_noise(task, advance, limit=500)
    assert found.status == "noise_reached"
    assert found.iterations == sum(calls) < 500
    assert task.down_to_noise(found.volume)
    assert until_noise(task, nearer()[0], limit=2).status == "iteration_limit"
    assert until_noise(replace(task, seconds=0.0), nearer()[0], limit=500).status == "time_limit"
    assert until_noise(task, lambda count: np.full_like(truth, np.nan), limit=5).status == "diverged"


def test_an_objective_that_stands_still_ends_a_run() -> None:
    task = ChannelTask.of(small_counts(), "Co_Ka")

    def run(objective, task=task) -> Settled:
        rule = Settled(task)
        while not (rule.due() and rule.ends(objective(rule.iterations))):
            pass
        return rule

    settled = run(lambda iteration: 1.0 + 1.0 / iteration)
    assert settled.status == "converged"
    # 1/k − 1/(k + 50) is below 1e-3 from k = 200 on.
    assert 200 <= settled.iterations <= 300
    assert run(lambda iteration: float(iteration)).status == "iteration_limit"
    assert run(lambda iteration: np.nan).status == "diverged"
    late = run(lambda iteration: 1.0 / iteration, task=replace(task, seconds=0.0))
    assert (late.status, late.iterations) == ("time_limit", 1)


def test_the_noise_that_is_expected_is_there() -> None:
    data = recorded(blobs(12), signal="EDS_TEM", electrons=5e9, full=False)
    truth = blobs(12)
    ratios = []
    for seed in range(8):
        counts = np.random.default_rng(seed).poisson(data.counts)
        task = ChannelTask.of(replace(data, counts=counts), "Zn_Ka")
        residual = task.problem.forward(truth[1]) - task.problem.data
        ratios.append(float(np.sum(residual**2) / task.variance.sum()))
    # Of 8 draws; the spread of one is about a tenth.
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize("solve", [sirt, cgls, mlem, fista_tv])
def test_baselines_end_when_their_callback_says_so(solve) -> None:
    problem = ChannelTask.of(small_counts(), "Zn_Ka").problem
    calls = []

    def third(iteration: int, value: float, gap: float) -> bool:
        calls.append(iteration)
        return iteration == 3

    stopped = solve(problem, iterations=50, callback=third)
    # SIRT asks before its step, the others after it.
    steps = 2 if solve is sirt else 3
    assert calls == [1, 2, 3]
    assert np.array_equal(stopped, solve(problem, iterations=steps))


def test_time_is_that_of_a_core() -> None:
    task = replace(ChannelTask.of(small_counts(), "Co_Ka"), seconds=5.0)
    before = task.seconds_left
    time.sleep(0.05)
    # Asleep, no core works.
    assert before - task.seconds_left < 0.04
