"""The public strategies: they draw what they promise, shrink in a few steps, and cover every noun."""

import inspect
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from glasstomo import forward, phantoms, recon
from glasstomo.benchmarks.conformance import strategies
from glasstomo.benchmarks.conformance.beam_geometry import BeamGeometry
from glasstomo.benchmarks.conformance.strategies import smallest
from glasstomo.benchmarks.conformance.strategies.noun_table import NOUNS, noun_class, register_nouns
from glasstomo.benchmarks.conformance.strategies.sparse_array import filled
from glasstomo.benchmarks.design.design_file import parse_design
from glasstomo.benchmarks.design.design_text import design_text
from glasstomo.benchmarks.study.study import Factor
from glasstomo.forward import HOLDERS, MICROSCOPES, Acquisition, TiltScheme, expected_counts
from glasstomo.phantoms import Grid, Phase, Sheet, Sphere
from glasstomo.phantoms.parameters import Parameters
from glasstomo.recon import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

PAGE = Path(__file__).parents[1] / "docs" / "strategies.md"
HELPERS = {"places", "register_nouns", "smallest"}
STRATEGIES = sorted(set(strategies.__all__) - HELPERS)

# Classes of the faces that nobody hands in.
NOT_DRAWN = {
    "CountWindows": "computed from a response",
    "CountsProfile": "fitted to counts",
    "Embedded": "a body as a domain: bounded_domains",
    "Emitter": "computed from an acquisition",
    "History": "drawn by draw_history",
    "Parameters": "the base of nouns",
    "PeakFit": "computed from a response",
    "Quantification": "computed from a series",
    "RegionDensities": "fitted to counts",
    "SavedVolume": "read from a file",
    "SpectrumModel": "computed from an acquisition",
    "SpectrumSeries": "simulated from a phantom",
    "Status": "one of six",
    "SystemPeaks": "a choice of its own",
    "Table": "a table",
    "UnknownNameError": "an error",
    "Whole": "has no parameters",
    "XrayLine": "a row of a table",
}

# Shrinking looks this often at most. Where one part needs hundreds of looks, a test of a noun of
# ten parts shrinks for minutes.
FEW = 200


class Counted:
    """A condition that counts how often it is asked once it has been true: the steps of shrinking."""

    def __init__(self, condition) -> None:
        self.condition, self.asked = condition, 0

    def __call__(self, drawn: Any) -> bool:
        true = bool(self.condition(drawn))
        self.asked += true or self.asked > 0
        return true


def interface_is(kind: str):
    return lambda particle: particle.mixing.kind == kind


# Strategy, what is looked for, and what of the smallest such thing has to be plain.
PROMISES = {
    "body-sphere": (strategies.bodies(), lambda b: True, lambda b: b.semi_axes_nm == (5, 5, 5)),
    "body-shard": (strategies.bodies(), lambda b: b.kind == "rough_shard", lambda b: b.roughness_nm == 0),
    "body-crystal": (
        strategies.bodies(),
        lambda b: b.kind == "faceted_crystal" and b.habit == "random",
        lambda b: (b.facets, b.seed) == (4, 0),
    ),
    "body-away": (
        strategies.bodies(),
        lambda b: b.center_nm[2] > 2,
        lambda b: (b.kind, b.center_nm) == ("ellipsoid", (0, 0, 3)),
    ),
    "material": (
        strategies.materials(complete=False),
        lambda m: m.density_g_cm3 is None,
        lambda m: (len(m.linkers), m.others) == (1, {}),
    ),
    "material-without-metal": (
        strategies.materials(complete=False),
        lambda m: m.metal is None and m.others,
        lambda m: len(m.others) == 1,
    ),
    "phase": (
        strategies.phases("one"),
        lambda p: p.metal_density_nm3 and p.metal_density_nm3 > 2,
        lambda p: p.metal_density_nm3 == 3,
    ),
    "grid": (
        strategies.grids(),
        lambda g: len(set(g.shape)) == 3,
        lambda g: (sorted(g.shape), g.spacing_nm) == ([1, 2, 3], 1),
    ),
    "domain-texture": (strategies.domains(), lambda d: d.kind == "random_texture", lambda d: d.seed == 0),
    "domain-metric": (
        strategies.domains(metric=True),
        lambda d: d.kind == "embedded",
        lambda d: d.body.kind == "ellipsoid",
    ),
    "particle-film": (
        strategies.particles(),
        lambda p: p.film is not None,
        lambda p: (p.body, p.mixing.kind) == (Sphere(radius_nm=10.0), "pure"),
    ),
    "particle-interdiffused": (
        strategies.particles(),
        interface_is("interdiffused"),
        lambda p: (p.domain, p.mixing.diffusion_length_nm) == (Sheet(), 1),
    ),
    "particle-flux": (
        strategies.particles(),
        interface_is("flux_melted"),
        lambda p: (p.body, p.domain) == (Sphere(radius_nm=10.0), Sheet()),
    ),
    "particle-graded-in-a-shard": (
        strategies.particles(),
        lambda p: p.body.kind == "rough_shard" and p.mixing.steepness_nm > 0 and p.mixing.has_interface,
        lambda p: (p.domain, p.film) == (Sheet(), None),
    ),
    "phantom": (
        strategies.phantoms(),
        lambda p: p.grid.shape[1] > 8,
        lambda p: p.grid == Grid(shape=(10, 10, 2), spacing_nm=2.0),
    ),
    "phantom-of-a-particle": (
        strategies.particle_phantoms(film=False),
        lambda p: len(p.phase_names) == 2,
        lambda p: p.grid.shape == (4, 4, 4) and p.particle.film is None,
    ),
    "tilts": (strategies.tilt_lists(), lambda t: len(t) == 3, lambda t: t == [-1, 0, 1]),
    "tilts-fine": (strategies.tilt_lists(), lambda t: t[0] % 1, lambda t: len(t) == 1),
    "scheme": (
        strategies.tilt_schemes(),
        lambda s: s.order == "from_zero",
        lambda s: s.angles_deg == (0,),
    ),
    "scheme-spelt-out": (
        strategies.tilt_schemes(),
        lambda s: s.order == (1, 0),
        lambda s: sorted(abs(a) for a in s.angles_deg) == [0, 1],
    ),
    "detector": (
        strategies.eds_detectors(),
        lambda d: len(d.segments) == 2,
        lambda d: d.segments[0].azimuth_deg == d.segments[1].azimuth_deg == 0,
    ),
    "response": (
        strategies.eds_responses(),
        lambda r: r.dead_time_model == "paralysable",
        lambda r: (r.channels, r.dead_time_us) == (1, 0),
    ),
    "microscope": (
        strategies.microscopes(),
        lambda m: m.accelerating_voltage_kv > 100,
        lambda m: m.accelerating_voltage_kv == 101 and len(m.eds.segments) == 1,
    ),
    "holder": (
        strategies.holders(filters=True),
        lambda h: h.filters,
        lambda h: h.blocked_deg == () and len(h.filters) == 1,
    ),
    "holder-measured": (
        strategies.measured_holders(),
        lambda h: len(h.counts) == 4,
        lambda h: (h.tilts_deg, h.counts) == ((0,), ((1,),) * 4),
    ),
    "grid-of-bars": (
        strategies.support_grids(),
        lambda g: np.hypot(*g.position_um) > 1,
        lambda g: g.hole_um < 12 and (g.side, g.shape, g.rotation_deg) == ("below", "square", 0),
    ),
    "acquisition": (
        strategies.acquisitions(),
        lambda a: a.errors is not None and a.errors.random,
        lambda a: a.scheme == TiltScheme(angles_deg=(0,)) and a.microscope == MICROSCOPES["osiris"],
    ),
    "acquisition-dwells": (
        strategies.acquisitions(perfect=True),
        lambda a: isinstance(a.dwell_s, tuple),
        lambda a: a.dwell_s == (1,) and a.lines == "Co_Ka",
    ),
    "series": (
        strategies.tilt_series(),
        lambda s: s.stack.max() > 2,
        lambda s: (s.data.size, s.channels, s.stack.max(), s.metadata) == (1, ("Co_Ka",), 3, {}),
    ),
    "series-channels": (
        strategies.tilt_series(),
        lambda s: s.data.ndim == 4 and s.gains is not None,
        lambda s: (s.data.shape, s.gains.tolist()) == ((1, 1, 1, 1), [[0]]),
    ),
    "series-uneven": (
        strategies.tilt_series(signal="ADF"),
        lambda s: s.exposure is not None and np.ptp(s.exposure) > 0,
        lambda s: s.data.shape == (2, 1, 1) and not s.data.any(),
    ),
    "geometry": (
        strategies.beam_geometries(),
        lambda g: g.bins is not None and g.bins > g.shape[1],
        lambda g: g == BeamGeometry((1, 1, 1), (0.0,), bins=2),
    ),
    "projector": (
        strategies.projectors(),
        lambda p: p.angles_deg[0] > 90,
        lambda p: (p.shape, p.bins, p.angles_deg.tolist(), p.spacing_nm) == ((1, 1), 1, [91], 1),
    ),
    "problem": (
        strategies.least_squares_problems(),
        lambda p: p.depth == 4,
        lambda p: (p.shape, p.lam, p.regulariser) == ((4, 2, 1), 1, "tv"),
    ),
    "problem-counts": (
        strategies.problems(),
        lambda p: p.data_term == "kullback_leibler" and p.background is not None,
        lambda p: (p.shape, p.upper, p.regulariser) == ((2, 2, 1), np.inf, "tv"),
    ),
    "problem-channels": (
        strategies.problems(),
        lambda p: p.regulariser == "tgv2" and p.channels == 2,
        lambda p: (p.shape, p.data_term) == ((2, 2, 2, 1), "least_squares"),
    ),
    "reconstruction": (
        strategies.reconstructions(),
        lambda r: r.status is Status.DIRECT,
        lambda r: np.isnan(r.relative_gap) and r.volume.shape == (1, 1, 1),
    ),
    "reconstruction-channels": (
        strategies.reconstructions(),
        lambda r: r.volume.ndim == 4 and r.volume.any(),
        lambda r: r.volume.size <= 3,
    ),
    "metals": (
        strategies.metal_volumes(),
        lambda pair: pair[0].min() < 0,
        lambda pair: pair[0].shape == (16, 16, 16),
    ),
    "diagram": (strategies.diagram_points(), lambda p: len(p[0]) > 9, lambda p: len(p[0]) == 10),
    "tilt-plan": (
        strategies.tilt_plans(),
        lambda t: t.scheme == "saxton",
        lambda t: (t.count, t.stop_deg) == (3, 1),
    ),
    "inversion": (
        strategies.inversions(),
        lambda i: i.lam == "cross_validation",
        lambda i: i.method == "tv",
    ),
    "design-exact": (
        strategies.designs(),
        lambda d: d.specimen.analytic is not None and d.imperfections.damage is not None,
        lambda d: d.specimen.analytic.body == Sphere(radius_nm=10.0) and d.beam.dwell_s is None,
    ),
    "factor": (
        strategies.factors(),
        lambda f: f.name == "reach" and len(f.levels) == 2,
        lambda f: list(f.settings) == [1, 2],
    ),
    "study": (
        strategies.studies(),
        lambda s: len(s.factors) == 2 and len(s.methods) == 2,
        lambda s: len(s.cells()) == 2,
    ),
}


@pytest.mark.parametrize("name", PROMISES)
def test_what_is_promised_is_drawn_and_shrinks_in_few_steps(name: str):
    strategy, condition, plain = PROMISES[name]
    counted = Counted(condition)
    found = smallest(strategy, counted)
    assert condition(found)
    assert plain(found), f"not the simplest: {found}"
    assert counted.asked <= FEW


def test_smallest_says_when_there_is_nothing():
    with pytest.raises(NoSuchExample):
        smallest(st.integers(0, 3), lambda n: n > 3, max_examples=20)


def test_smallest_answers_the_same_every_time():
    def condition(scheme):
        return len(scheme.angles_deg) > 2 and scheme.order == "decreasing"

    assert smallest(strategies.tilt_schemes(), condition) == smallest(strategies.tilt_schemes(), condition)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_needs_no_arguments_and_is_healthy(name: str):
    """None of Hypothesis' own complaints but that of time, which depends on the machine."""
    make = getattr(strategies, name)
    assert (inspect.getdoc(make) or "").startswith("Draw ")
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8"), f"docs/strategies.md lacks {name}"

    @settings(suppress_health_check=[HealthCheck.too_slow], max_examples=10)
    @given(make())
    def draw(drawn):
        del drawn

    draw()


@pytest.mark.parametrize("name", NOUNS)
@given(data=st.data())
@settings(max_examples=5)
def test_nouns_survive_json_pickle_and_replacement(name: str, data: st.DataObject):
    noun = data.draw(getattr(strategies, NOUNS[name][1])())
    assert isinstance(noun, noun_class(name))
    if isinstance(noun, Parameters):
        assert type(noun).model_validate_json(noun.model_dump_json()) == noun
        again = pickle.loads(pickle.dumps(noun))
        assert again == noun
        assert hash(again) == hash(noun)
        assert noun.replace() == noun


def test_every_noun_of_the_faces_has_a_strategy():
    named = {
        name
        for face in (phantoms, forward, recon)
        for name in face.__all__
        if inspect.isclass(getattr(face, name))
    }
    assert named - set(NOUNS) == set(NOT_DRAWN) & named
    assert not set(NOUNS) & set(NOT_DRAWN)


def test_hypothesis_draws_nouns_from_their_types():
    register_nouns()

    @given(...)
    @settings(max_examples=5)
    def check(phase: Phase, grid: Grid):
        assert isinstance(phase, Phase)
        assert isinstance(grid, Grid)

    check()
    for name in NOUNS:
        assert st.from_type(noun_class(name)).validate() is None


@given(design=strategies.designs())
def test_a_design_reads_back_from_its_file(design):
    assert parse_design(design_text(design)) == design
    assert parse_design(design_text(design)).key == design.key


@given(study=strategies.studies())
def test_a_study_has_as_many_cells_as_settings_and_replicates(study):
    sizes = [len(factor.settings) for factor in study.factors]
    assert len(study.cells()) == np.prod([*sizes, max(len(study.methods), 1), study.replicates])


def test_levels_within_levels_can_be_hashed():
    factor = Factor(name="reach", levels=({"label": 60, "imperfections.errors": {"tilt_sigma_deg": 0.1}},))
    same = Factor(name="reach", levels=({"imperfections.errors": {"tilt_sigma_deg": 0.1}, "label": 60},))
    other = Factor(name="reach", levels=({"label": 60, "imperfections.errors": {"tilt_sigma_deg": 0.2}},))
    assert factor == same
    assert hash(factor) == hash(same)
    assert hash(factor) != hash(other)


@given(phantom=strategies.phantoms(), acquisition=strategies.acquisitions())
@settings(max_examples=5)
def test_whatever_is_drawn_can_be_simulated(phantom, acquisition):
    tilts = [angle for angle in acquisition.scheme.angles_deg if abs(angle) < 89]
    scheme = TiltScheme(angles_deg=tuple(tilts or [0.0]))
    plain: Acquisition = acquisition.replace(
        scheme=scheme,
        dwell_s=None,
        errors=None,
        binning=1,
        microscope=MICROSCOPES["titan"],
        # Any drawn holder or grid may hide every detector at 0°, which has to be refused.
        holder=HOLDERS["blade"],
        support_grid=None,
    )
    series = expected_counts(phantom, acquisition=plain)
    assert np.isfinite(series.data).all()
    assert series.count == scheme.count


def test_an_array_is_filled_around_its_size():
    np.testing.assert_array_equal(filled((2, 2), (1.0, [(5, 3.0)])), [[1, 3], [1, 1]])
    assert filled((3,), (2, []), "int16").dtype == np.int16


def test_the_page_names_nothing_that_is_not_there():
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` ", text, re.MULTILINE)
    for name in re.findall(r"^\| `(\w+)` ", text, re.MULTILINE):
        assert name in strategies.__all__, f"docs/strategies.md names {name}"
