"""Reports of studies: statistics against independent formulas, fronts, effects, the best design, the page."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from glasstomo.benchmarks.study.aggregate import EVERYTHING, aggregate, judge, setting_costs
from glasstomo.benchmarks.study.best_setting import best_setting
from glasstomo.benchmarks.study.columns import COLUMNS
from glasstomo.benchmarks.study.effects import cluster_error, effects, paired_effect
from glasstomo.benchmarks.study.export import latex, latex_table, readable_table, wide_table, write_table
from glasstomo.benchmarks.study.intervals import clopper_pearson, mean_interval, wilson
from glasstomo.benchmarks.study.panels import line_axis, map_axes, panels, sliced
from glasstomo.benchmarks.study.pareto import nondominated, pareto_front
from glasstomo.benchmarks.study.report_command import parse_levels, parse_wanted, report
from glasstomo.benchmarks.study.score_rules import SCORE_RULES
from glasstomo.benchmarks.study.study import Cell, Study
from glasstomo.benchmarks.study.study_report import study_html, study_report, write_study_report
from glasstomo.benchmarks.study.study_source import read_study_table
from glasstomo.benchmarks.study.study_table import StudyTable, study_table, table_of_study
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from .synthetic_study import synthetic_rows, with_failures

WANTED = {"zn_fraction_2sigma": 0.03, "density_2sigma": 1.0, "mixing_state": 0.95}
TINY = {"tilts": (15, 30), "fluence": (1e9,), "methods": ("tv", "tv2"), "particles": ("segregated",)}
SMALL = {"tilts": (15, 30, 60), "fluence": (1e7, 1e8, 1e9), "methods": ("tv", "tv2")}


def small(**changes: object) -> StudyTable:
    return study_table(synthetic_rows(**{**SMALL, **changes}), wanted=WANTED)


def landed(cell: Cell) -> dict:
    about = {"cell": cell.key, "index": cell.index, "method": cell.method, "replicate": cell.replicate}
    return {**about, **cell.levels, "status": "done"}


# Tables


def test_factors_are_told_from_results():
    table = small()
    assert [one.name for one in table.factors] == [
        "specimen_particle",
        "tilts_count",
        "beam_total_fluence_e_nm2",
        "method",
    ]
    assert [one.name for one in table.given] == ["specimen_particle"]
    assert [one.log for one in table.factors] == [False, False, True, False]


def test_every_score_has_the_name_that_the_columns_give_it():
    for name, rule in SCORE_RULES.items():
        assert rule.text == COLUMNS[rule.column].label, name


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        ([3, 1, 2], (1.0, 2.0, 3.0)),
        (["60", "5"], (5.0, 60.0)),
        (["wall", "blade"], ("wall", "blade")),
        ([True, False], ("yes", "no")),
        (["a", None], ("a", "none")),
        ([1.0, None], ("1.0", "none")),
    ],
)
def test_levels_of_any_kind(column: list, levels: tuple):
    rows = pd.DataFrame({"replicate": 0, "status": "done", "what": column, "dice": 1.0})
    assert study_table(rows, factors=["what"]).factors[0].levels == levels


def test_what_is_no_table_of_a_study_is_refused():
    rows = synthetic_rows(**SMALL)
    for broken, said in [
        (rows.drop(columns="status"), "no column 'status'"),
        (rows.iloc[:0], "no rows yet"),
        (pd.concat([rows, rows.iloc[:3]]), "3 cells stand in the table twice"),
    ]:
        with pytest.raises(ValueError, match=said):
            study_table(broken)
    for wanted, said in [
        ({"zn": 1.0}, "no score 'zn'"),
        ({"dice": -1.0}, "above 0"),
        ({"mixing_state": 2}, "at most 1"),
    ]:
        with pytest.raises(ValueError, match=said):
            study_table(rows, wanted=wanted)


def test_a_study_names_and_sorts_its_factors():
    study = Study(
        name="pair",
        title="Dose and tilts",
        question="How many?",
        factors=(
            {"field": "specimen.particle", "values": ("flux_melted", "segregated")},
            {
                "name": "dose",
                "label": "budget",
                "unit": "e nm⁻²",
                "log": True,
                "levels": (
                    {"label": 1e7, "beam.total_fluence_e_nm2": 1e7},
                    {"label": 2e7, "beam.total_fluence_e_nm2": 2e7},
                ),
            },
        ),
        replicates=3,
    )
    rows = pd.DataFrame([{**landed(cell), "zn_fraction_2sigma": 0.02} for cell in study.cells()[:7]])
    table = table_of_study(rows, study)
    particle, dose, method = table.factors
    assert (particle.given, dose.given, method.given) == (True, False, False)
    assert (dose.label, dose.log, dose.levels) == ("Budget (e nm⁻²)", True, (1e7, 2e7))
    assert (table.planned, table.title, table.question) == (12, "Dose and tilts", "How many?")
    assert table.wanted == {"zn_fraction_2sigma": 0.03}
    assert set(table.unmeasured) == {"density_2sigma", "mixing_state"}


@pytest.mark.parametrize("name", ["count", "mean", "done", "standing", "front", "score", "rank"])
def test_factors_may_be_called_anything(name: str):
    rows = synthetic_rows(**SMALL)
    usual, renamed = (
        study_table(rows.rename(columns={"tilts_count": column}), wanted=WANTED)
        for column in ("tilts_count", name)
    )
    assert (
        best_setting(usual, fixed={"tilts_count": 60}).scores
        == best_setting(renamed, fixed={name: 60}).scores
    )
    column = renamed.factors[1].name
    assert column.rstrip("_") == name
    objectives = ("zn_fraction_2sigma", "minutes")
    for function in (
        aggregate,
        effects,
        wide_table,
        setting_costs,
        lambda table: pareto_front(table, objectives=objectives, resamples=5),
    ):
        ours, theirs = function(renamed).rename(columns={column: "tilts_count"}), function(usual)
        drop = [one for one in ("factor", "label") if one in theirs]
        pd.testing.assert_frame_equal(ours.drop(columns=drop), theirs.drop(columns=drop))


# Intervals


@given(st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_binomial_intervals_are_those_of_scipy(trial: tuple[int, int], level: float):
    right, count = trial
    if not count:
        assert [float(end) for end in wilson(np.array(0), np.array(0))] == [0.0, 1.0]
        return
    for ours, theirs in ((wilson, "wilson"), (clopper_pearson, "exact")):
        low, high = ours(np.array(right), np.array(count), level=level)
        oracle = stats.binomtest(right, count).proportion_ci(level, method=theirs)
        # scipy finds the exact limits with a root finder that stops at 2e-12.
        assert (float(low), float(high)) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


@given(arrays(float, st.integers(2, 12), elements=st.floats(-1e3, 1e3)), st.floats(0.5, 0.999))
def test_mean_interval_is_students(values: np.ndarray, level: float):
    error = values.std(ddof=1) / np.sqrt(len(values))
    low, high = mean_interval(values.mean(), error, np.array(len(values)), level=level)
    if error > 1e-9:
        oracle = stats.ttest_1samp(values, 0).confidence_interval(level)
        assert (float(low), float(high)) == pytest.approx((oracle.low, oracle.high), rel=1e-6, abs=1e-6)


def test_one_value_has_no_interval():
    assert np.isnan(mean_interval(np.array([1.0]), np.array([0.0]), np.array([1]))).all()


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 2.0, float("nan")])
def test_levels_are_probabilities(level: float):
    with pytest.raises(ValueError, match=r"must lie in \(0, 1\)"):
        aggregate(small(), level=level)


# Settings


def test_aggregate_is_what_pandas_finds():
    table = study_table(with_failures(synthetic_rows(**SMALL, replicates=6)), wanted=WANTED)
    names = [one.name for one in table.factors]
    summary = aggregate(table, scores=["zn_fraction_2sigma"], level=0.9)
    part = summary[summary["score"] == "zn_fraction_2sigma"].set_index(names)
    grouped = table.rows.groupby(names)["zn_fraction_2sigma"]
    oracle = grouped.agg(["count", "mean", "std", "sem", "median"]).reindex(part.index)
    ours = part[["values", "mean", "sd", "standard_error", "median"]].to_numpy(float)
    np.testing.assert_allclose(ours, oracle.to_numpy(float), rtol=1e-12)
    failed = (table.rows["status"] == "failed").groupby([table.rows[name] for name in names]).sum()
    assert (part["failed"] == failed.reindex(part.index)).all()
    assert failed.sum() > 0


def test_a_failed_cell_does_not_meet_what_is_wanted():
    rows = synthetic_rows(
        tilts=(60,), fluence=(1e10,), methods=("tv2",), particles=("segregated",), replicates=4
    )
    rows.loc[1, ["status", "zn_fraction_2sigma"]] = ["failed", None]
    table = study_table(rows, wanted={"zn_fraction_2sigma": 0.05})
    row = aggregate(table).set_index("score").loc["zn_fraction_2sigma"]
    assert (row["values"], row["judged"], row["met"], row["failed"]) == (3, 4, 3, 1)
    assert row["share"] == 0.75


def test_what_cannot_be_asked_counts_neither_way():
    table = study_table(with_failures(synthetic_rows(**SMALL)), wanted={"miscibility_limit_error": 0.02})
    found = aggregate(table)
    found = found[found["score"] == "miscibility_limit_error"]
    plain = found[found["specimen_particle"] == "segregated"]
    melted = found[found["specimen_particle"] == "flux_melted"]
    assert (plain["judged"] == 0).all()
    assert plain["share"].isna().all()
    # Failed cells of a particle that has a limit are asked for it, and miss it.
    assert (melted["judged"] == 4).all()
    assert (melted["met"] <= 4 - melted["failed"]).all()


def test_an_unknown_value_is_a_miss_where_the_truth_is_known():
    rows = synthetic_rows(tilts=(60,), fluence=(1e10,), methods=("tv",), particles=("segregated",))
    rows["interface_width_true_nm"] = 0.0
    rows["interface_width_bias_nm"] = [0.5, None, -0.5, 9.0]
    found = judge(study_table(rows, wanted={"interface_width_bias_nm": 1.0}))
    assert found["interface_width_bias_nm"].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert found[EVERYTHING].tolist() == [1.0, 0.0, 1.0, 0.0]


def test_everything_is_met_when_each_is():
    table = small(replicates=5)
    found = judge(table)
    assert (found[EVERYTHING] == found[list(WANTED)].min(axis=1)).all()
    assert 0 < found[EVERYTHING].mean() < 1


def test_the_worst_cross_section_is_one_line():
    # Two lines, off by +3 % and -3 % on average: the worst one's signs cancel, neither line's do.
    rng = np.random.default_rng(4)
    rows = pd.DataFrame({"replicate": range(40), "status": "done", "arm": "a"})
    rows["cross_section_bias_Co_Ka"] = rng.normal(0.03, 0.005, 40)
    rows["cross_section_bias_Zn_Ka"] = rng.normal(-0.03, 0.005, 40)
    both = rows[["cross_section_bias_Co_Ka", "cross_section_bias_Zn_Ka"]].to_numpy()
    rows["cross_section_bias"] = both[np.arange(40), np.abs(both).argmax(axis=1)]
    table = study_table(rows, factors=["arm"], wanted={"cross_section_bias": 0.02})
    row = aggregate(table).set_index("score").loc["cross_section_bias"]
    assert abs(rows["cross_section_bias"].mean()) < 0.02
    assert abs(row["mean"]) == pytest.approx(0.03, abs=0.003)
    assert best_setting(table).standing == "missed"


def test_costs_belong_to_their_settings():
    costs = setting_costs(small())
    np.testing.assert_allclose(
        costs["minutes"], costs["tilts_count"] * (0.5 + 0.3 * np.log10(costs["total_fluence_e_nm2"]))
    )
    assert (costs["done"] == 4).all()


# Fronts


@given(
    arrays(
        float,
        st.tuples(st.integers(1, 25), st.integers(1, 3)),
        elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, np.nan]),
    )
)
def test_front_is_what_comparing_all_pairs_finds(losses: np.ndarray):
    found = nondominated(losses)
    for k, point in enumerate(losses):
        beaten = any(np.all(other <= point) and np.any(other < point) for other in losses)
        assert found[k] == (not beaten and not np.isnan(point).any())


def test_front_of_a_study():
    front = pareto_front(small(), objectives=("zn_fraction_2sigma", "total_fluence_e_nm2"), resamples=50)
    on = front[front["front"]]
    # tv2 is better by a fifth at every dose, more tilts are better for nothing: one setting per dose remains.
    assert set(on["method"]) == {"tv2"}
    assert on.groupby("specimen_particle").size().tolist() == [3, 3]
    assert (on["front_share"] > 0.5).all()
    assert (front.loc[front["method"] == "tv", "front_share"] < 0.05).all()
    again = pareto_front(small(), objectives=("zn_fraction_2sigma", "total_fluence_e_nm2"), resamples=50)
    pd.testing.assert_frame_equal(front, again)


def test_a_bias_is_small_on_either_side_and_a_share_large():
    rows = pd.DataFrame(
        {"replicate": 0, "status": "done", "arm": ["a", "b", "c"], "minutes": [1.0, 1.0, 2.0]}
    )
    rows["density_bias"] = [-0.3, 0.1, 0.2]
    rows["mixing_state_right"] = [1.0, 0.0, 1.0]
    table = study_table(rows, factors=["arm"])
    assert pareto_front(table, objectives=("density_bias", "minutes"))["front"].tolist() == [
        False,
        True,
        False,
    ]
    assert pareto_front(table, objectives=("mixing_state", "minutes"))["front"].tolist() == [
        True,
        False,
        False,
    ]
    with pytest.raises(ValueError, match="holds no dice"):
        pareto_front(table, objectives=("dice", "minutes"))
    with pytest.raises(ValueError, match="two objectives"):
        pareto_front(table, objectives=("minutes",))


# Effects


def test_effects_recover_what_was_put_in():
    table = small(replicates=12)
    found = effects(table, scores=["zn_fraction_2sigma"])
    method = found[found["factor"] == "method"].iloc[0]
    assert (method["kind"], method["pairs"], method["replicates"]) == ("ratio", 216, 12)
    # Replicates scatter by 3 %, so that the mean over 216 pairs is known to 0.3 %.
    assert method["effect"] == pytest.approx(0.8, rel=0.015)
    assert method["low"] < 0.8 < method["high"]
    # The luck that settings share is 15 %, their own 3 %: pairing is worth a lot.
    assert method["pairing_gain"] > 10


def test_a_single_factor_has_the_paired_t_interval():
    rows = synthetic_rows(tilts=(30,), fluence=(1e8,), particles=("segregated",), replicates=7)
    found = effects(study_table(rows), scores=["density_bias"], factors=["method"], level=0.9).iloc[0]
    values = rows.pivot(index="replicate", columns="method", values="density_bias")
    oracle = stats.ttest_rel(values["tv2"], values["tv"]).confidence_interval(0.9)
    assert (found["low"], found["high"]) == pytest.approx((oracle.low, oracle.high), rel=1e-9)
    assert found["effect"] == pytest.approx((values["tv2"] - values["tv"]).mean())


@given(st.integers(2, 8), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_balanced_cluster_error_is_that_of_the_replicates_means(clusters: int, size: int, seed: int):
    values = np.random.default_rng(seed).normal(size=(clusters, size))
    found = cluster_error(values.ravel(), np.repeat(np.arange(clusters), size), clusters)
    assert found == pytest.approx(values.mean(axis=1).std(ddof=1) / np.sqrt(clusters))


def test_intervals_of_effects_cover():
    # 400 studies of 5 replicates × 6 pairs that share 0.8 of their variance: a plain error covers 60 %.
    rng = np.random.default_rng(3)
    replicates = np.repeat(np.arange(5), 6)
    covered = 0
    for _ in range(400):
        shared = np.repeat(rng.normal(0, 2, 5), 6)
        found = paired_effect(np.zeros(30), 0.3 + shared + rng.normal(0, 1, 30), replicates, ratio=False)
        reach = stats.t.ppf(0.975, 4) * found["standard_error"]
        covered += abs(found["effect"] - 0.3) <= reach
    # 95 % of 400 ± three standard deviations of a binomial count (4.4).
    assert 380 - 14 <= covered <= 380 + 14


def test_only_complete_pairs_count():
    rows = synthetic_rows(**SMALL, replicates=3)
    drop = (rows["replicate"] == 2) & (rows["method"] == "tv2")
    found = effects(study_table(rows[~drop]), scores=["nrmse_co", "density_bias"], factors=["method"])
    assert found["score"].tolist() == ["nrmse_co", "density_bias"]
    assert found["pairs"].tolist() == [0, 36]
    assert found["replicates"].tolist() == [0, 2]
    assert np.isnan(found["effect"].iloc[0])


def test_zeros_are_compared_by_differences():
    found = paired_effect(np.array([0.0, 1.0]), np.array([1.0, 2.0]), np.array([0, 1]), ratio=True)
    assert (found["kind"], found["effect"]) == ("difference", 1.0)


def test_previous_level_as_reference():
    found = effects(small(), scores=["zn_fraction_2sigma"], factors=["tilts_count"], reference="previous")
    assert found["reference"].tolist() == ["15", "30"]
    first = effects(small(), scores=["zn_fraction_2sigma"], factors=["tilts_count"])
    assert found["effect"].prod() == pytest.approx(first["effect"].iloc[-1])
    with pytest.raises(ValueError, match="first or previous"):
        effects(small(), reference="last")


# The best design


def test_best_is_the_cheapest_that_qualifies():
    wanted = {"zn_fraction_2sigma": 0.03}
    table = study_table(synthetic_rows(**SMALL, replicates=8, noise=0.05), wanted=wanted)
    best = best_setting(table)
    # sqrt(1 + 0.3 + (20/tilts)^2) · 0.8 · 0.02 ≤ 0.03 holds for any tilts at 1e9, for none at 1e8.
    assert best.setting == {"tilts_count": 15.0, "beam_total_fluence_e_nm2": 1e9, "method": "tv2"}
    assert best.standing == "proven"
    assert best.by == "total_fluence_e_nm2"
    cheap = best_setting(table, maximum={"total_fluence_e_nm2": 2e8})
    assert (cheap.standing, cheap.setting) == (
        "missed",
        {"tilts_count": 60.0, "beam_total_fluence_e_nm2": 1e8, "method": "tv2"},
    )
    assert "comes nearest" in cheap.reason
    nothing = best_setting(table, maximum={"minutes": 1.0})
    assert nothing.setting is None
    assert "time at the microscope ≤ 1 min" in nothing.reason


def test_brute_force_agrees_on_the_best():
    table = small(replicates=6)
    best = best_setting(table, maximum={"minutes": 120.0}, by="minutes")
    mean = table.rows.groupby(["tilts_count", "beam_total_fluence_e_nm2", "method", "specimen_particle"])[
        ["zn_fraction_2sigma", "density_2sigma", "mixing_state_right", "minutes"]
    ].mean()
    good = (
        (mean["zn_fraction_2sigma"] <= 0.03)
        & (mean["density_2sigma"] <= 1)
        & (mean["mixing_state_right"] >= 0.95)
    )
    good = good.groupby(level=[0, 1, 2]).all()
    minutes = mean["minutes"].groupby(level=[0, 1, 2]).max()
    assert best.costs["minutes"] == minutes[good & (minutes <= 120)].min()
    assert good[tuple(best.setting.values())]


def test_a_design_must_do_for_every_particle():
    rows = synthetic_rows(**SMALL, replicates=6)
    hard = (rows["specimen_particle"] == "flux_melted") & (rows["method"] == "tv2")
    rows.loc[hard, "zn_fraction_2sigma"] *= 10
    best = best_setting(study_table(rows, wanted={"zn_fraction_2sigma": 0.03}))
    assert best.setting["method"] == "tv"
    # A setting that only one particle has seen is not known to do.
    seen = rows[~((rows["method"] == "tv") & (rows["specimen_particle"] == "flux_melted"))]
    open_ = best_setting(study_table(seen, wanted={"zn_fraction_2sigma": 0.03})).candidates
    assert set(open_.loc[open_["method"] == "tv", "standing"]) <= {"open", "missed"}


@pytest.mark.parametrize(("replicates", "standing"), [(1, "likely"), (3, "likely"), (4, "proven")])
def test_few_replicates_prove_nothing(replicates: int, standing: str):
    assert (
        best_setting(small(replicates=replicates), wanted={"zn_fraction_2sigma": 10.0}).standing == standing
    )


def test_proof_is_the_one_sided_limit():
    rows = synthetic_rows(**{**TINY, "tilts": (30,), "methods": ("tv",)}, replicates=6)
    values = rows["zn_fraction_2sigma"]
    limit = values.mean() + stats.t.ppf(0.95, 5) * values.sem()
    for bound, standing in ((1.001 * limit, "proven"), (0.999 * limit, "likely")):
        assert best_setting(study_table(rows, wanted={"zn_fraction_2sigma": bound})).standing == standing
    # Of 59 particles told right all must be: 0.05^(1/59) = 0.9505, and 0.05^(1/58) = 0.9497.
    for replicates, standing in ((58, "likely"), (59, "proven")):
        many = synthetic_rows(**{**TINY, "tilts": (30,), "methods": ("tv",)}, replicates=replicates)
        many["mixing_state_right"] = 1.0
        assert best_setting(study_table(many, wanted={"mixing_state": 0.95})).standing == standing


def test_a_failure_is_no_evidence():
    rows = synthetic_rows(
        tilts=(15, 60), fluence=(1e9,), methods=("tv2",), particles=("segregated",), replicates=6
    )
    first = rows.index[rows["tilts_count"] == 15][0]
    rows.loc[first, ["status", "zn_fraction_2sigma"]] = ["failed", None]
    best = best_setting(study_table(rows, wanted={"zn_fraction_2sigma": 1.0}))
    assert best.setting == {"tilts_count": 60.0}
    assert best.candidates["standing"].tolist() == ["open", "proven"]


def test_best_at_a_level_and_best_score():
    table = small()
    assert best_setting(table, fixed={"tilts_count": "60"}).setting["tilts_count"] == 60
    best = best_setting(table, wanted={}, by="zn_fraction_2sigma", maximum={"total_fluence_e_nm2": 1e8})
    assert best.setting == {"tilts_count": 60.0, "beam_total_fluence_e_nm2": 1e8, "method": "tv2"}
    for options, said in [
        ({"fixed": {"tilts_count": 16}}, "has no level 16; it has 15.0, 30.0, 60.0"),
        ({"fixed": {"specimen_particle": "segregated"}}, "no factor to choose"),
        ({"maximum": {"money": 1.0}}, "no cost 'money'"),
        ({"maximum": {"minutes": -1.0}}, "above 0"),
        ({"by": "dice"}, "cannot choose by 'dice'"),
    ]:
        with pytest.raises(ValueError, match=re.escape(said)):
            best_setting(table, **options)


# Export


def test_tables_come_back_as_they_went(tmp_path: Path):
    wide = wide_table(small())
    for suffix, read in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        write_table(wide, tmp_path / f"t{suffix}")
        pd.testing.assert_frame_equal(read(tmp_path / f"t{suffix}"), wide, check_exact=suffix != ".csv")
    assert len(wide) == 36
    with pytest.raises(ValueError, match=r"\.csv, \.parquet or \.tex"):
        write_table(wide, tmp_path / "t.xlsx")


def test_latex_is_balanced_and_escaped():
    table = small()
    text = latex_table(
        readable_table(table, wide_table(table)), caption="50 % & more_or_less", label="tab:one"
    )
    assert r"50 \% \& more\_or\_less" in text
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    columns = len(re.search(r"\\begin\{tabular\}\{(\w+)\}", text)[1])
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {columns - 1}
    body = re.sub(r"\\[$%&#_{}]", "", text)
    assert body.count("{") == body.count("}")
    assert body.count("$") % 2 == 0
    assert not re.search(r"(?<!\\)[%#]", body)
    assert text.isascii()


@given(st.text())
def test_no_text_escapes_from_latex(text: str):
    found = latex(text)
    known = r"\\textbackslash\{\}|\\textasciitilde\{\}|\\textasciicircum\{\}|\\[&%$#_{}]|\$[^$]*\$"
    assert not re.search(r"[\\&%$#_{}~^]", re.sub(known, "", found))


# Figures


def test_figures_follow_the_factors():
    table = small()
    assert [one.name for one in map_axes(table)] == ["tilts_count", "beam_total_fluence_e_nm2"]
    assert map_axes(small(fluence=(1e8,))) is None
    assert line_axis(small(fluence=(1e8,))).name == "tilts_count"
    assert line_axis(small(fluence=(1e8,), tilts=(15,))).name == "specimen_particle"


def test_too_many_panels_are_cut_at_a_middle_level():
    table = small(tilts=tuple(range(5, 20)))
    part, fixed = sliced(table, ["beam_total_fluence_e_nm2"])
    assert fixed == {"Tilts": "12"}
    assert set(part.rows["tilts_count"]) == {12.0}
    assert len(panels([one for one in part.varied if one.name != "beam_total_fluence_e_nm2"])) == 4


SHAPES = {
    "full": {},
    "one_dose": {"fluence": (1e9,)},
    "words_only": {"fluence": (1e9,), "tilts": (15,), "particles": ("segregated", "flux_melted")},
    "two_methods": {"fluence": (1e9,), "tilts": (15,), "particles": ("segregated",)},
    "one_setting": {"fluence": (1e9,), "tilts": (15,), "particles": ("segregated",), "methods": ("tv",)},
    "one_replicate": {"replicates": 1},
    "two_doses": {"fluence": (1e8, 1e9)},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("wanted", [WANTED, {}], ids=["wanted", "nothing_wanted"])
def test_any_study_has_a_page(shape: str, wanted: dict):
    rows = synthetic_rows(**{**SMALL, **SHAPES[shape]})
    page = study_html(study_report(study_table(rows, wanted=wanted)), [])
    assert "<h2>Answer</h2>" in page
    assert not re.search(
        r"\bnan\b|\bNone\b|\binf\b", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    )


@pytest.mark.parametrize("shape", ["full", "one_dose", "words_only", "one_replicate", "one_setting"])
def test_figures_are_drawn(shape: str, tmp_path: Path):
    rows = with_failures(synthetic_rows(**{**SMALL, "particles": ("segregated",), **SHAPES[shape]}), every=5)
    rows.to_parquet(tmp_path / "rows.parquet")
    write_study_report(tmp_path / "rows.parquet", tmp_path / "out", wanted=WANTED)
    drawn = {path.stem for path in (tmp_path / "out" / "figures").iterdir()}
    expected = {
        "full": {"map_zn_fraction_2sigma", "success_everything", "front_zn_fraction_2sigma", "effects"},
        "one_dose": {"curves_tilts_count", "success_tilts_count", "front_zn_fraction_2sigma", "effects"},
        "words_only": {"curves_specimen_particle", "success_specimen_particle", "effects"},
        "one_replicate": {"map_zn_fraction_2sigma", "success_mixing_state"},
        "one_setting": set(),
    }
    assert expected[shape] <= drawn
    assert bool(expected[shape]) == bool(drawn)


class Page(HTMLParser):
    """Addresses, identifiers and the tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.names: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [found[key] or "" for key in ("src", "href") if key in found]
        self.names += [found["id"] or ""] if "id" in found else []
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_holds_everything_and_loads_nothing(tmp_path: Path):
    rows = with_failures(synthetic_rows(**SMALL))
    rows.to_parquet(tmp_path / "rows.parquet")
    answer = write_study_report(
        tmp_path / "rows.parquet",
        tmp_path / "out",
        wanted={**WANTED, "cross_section_bias": 0.02},
        maximum={"minutes": 300.0},
        tables=("csv", "parquet", "tex"),
        figures="svg",
    )
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(html)
    assert page.open == []
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in page.addresses)
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= set(page.names)
    assert not re.search(r"@import|url\(|<script", html)
    figures = sorted(path.name for path in (tmp_path / "out" / "figures").iterdir())
    assert html.count("data:image/png") == len(figures) > 4
    assert all(name.endswith(".svg") for name in figures)
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))
    for said in (
        "cells failed",
        "Not measured",
        "KilledWorker: out of memory",
        "time at the microscope ≤ 300 min",
    ):
        assert said in words
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8")) == answer
    assert answer["not_measured"] == ["cross_section_bias"]
    assert {path.name for path in (tmp_path / "out" / "tables").iterdir()} == {
        *(f"{name}.csv" for name in ("settings", "statistics", "effects", "choices")),
        *(f"{name}.parquet" for name in ("settings", "statistics", "effects", "choices")),
        "settings.tex",
    }


def test_unfinished_studies_say_so():
    table = study_table(synthetic_rows(**SMALL).iloc[:50], wanted=WANTED, planned=144)
    page = study_html(study_report(table), [])
    assert "50 of 144 cells have run" in page
    finished = study_table(synthetic_rows(**SMALL), wanted=WANTED, planned=144)
    assert "Unfinished" not in study_html(study_report(finished), [])


def test_text_is_escaped():
    rows = with_failures(synthetic_rows(**SMALL))
    rows["reason"] = "<script>alert(1)</script>"
    rows["method"] = rows["method"].replace("tv", "<b>tv & co</b>")
    page = study_html(
        study_report(study_table(rows, wanted=WANTED, title="1 < 2", question="<i>")), [], source="<u>"
    )
    for raw in ("<script>", "<b>tv", "1 < 2", "<i>", "<u>"):
        assert raw not in page


# Sources and the command


def test_a_study_of_which_all_cells_failed_says_why():
    rows = with_failures(synthetic_rows(**SMALL), every=1)
    table = study_table(rows, wanted=WANTED)
    assert table.scores == ()
    assert set(table.unmeasured) == set(WANTED)
    page = study_html(study_report(table), [])
    assert "Every cell that has run failed." in page
    assert "KilledWorker: out of memory" in page


def test_a_folder_of_a_run_is_read_while_it_grows(tmp_path: Path):
    from glasstomo.benchmarks.study.store import ResultStore

    study = Study(
        name="grow",
        factors=({"field": "tilts.count", "values": (15, 31)},),
        replicates=3,
    )
    with ResultStore(tmp_path / "run") as store:
        store.claim(
            key=study.key,
            name=study.name,
            cells=len(study.cells()),
            factors=[one.as_column for one in study.factors],
            study=study.model_dump(mode="json"),
        )
        with pytest.raises(ValueError, match="no cell has finished"):
            read_study_table(tmp_path / "run")
        store.append(
            [{**landed(cell), "zn_fraction_2sigma": 0.02 + 0.001 * cell.index} for cell in study.cells()[:4]]
        )
        table = read_study_table(tmp_path / "run")
    assert (len(table.rows), table.planned) == (4, 6)
    assert table.factor("tilts_count").levels == (15.0, 31.0)
    assert table.wanted == {"zn_fraction_2sigma": 0.03}


def invoke(*arguments: object):
    # As the command line does: errors of the caller are left to it.
    return CliRunner().invoke(report, [str(one) for one in arguments], standalone_mode=False)


def test_the_command_answers(tmp_path: Path):
    synthetic_rows(**TINY).to_parquet(tmp_path / "rows.parquet")
    done = invoke(
        tmp_path / "rows.parquet",
        "--wanted",
        "zn_fraction_2sigma=0.03",
        "--max-minutes",
        100,
        "--at",
        "method=tv",
    )
    assert done.exception is None
    assert "method = tv" in done.output
    assert (tmp_path / "rows_report" / "report.html").exists()
    done = invoke(tmp_path / "rows.parquet", "--out", tmp_path / "r", "--json", "--format", "tex")
    assert json.loads(done.output)["cells"] == {"done": 16, "failed": 0, "planned": None}
    assert [path.name for path in (tmp_path / "r" / "tables").iterdir()] == ["settings.tex"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--wanted", "zn"], "SCORE=VALUE"),
        (["--wanted", "zinc=1"], "no score 'zinc'"),
        (["--wanted", "dice=nan"], "above 0"),
        (["--at", "method"], "FACTOR=LEVEL"),
        (["--at", "method=tgv"], "has no level 'tgv'"),
        (["--max-minutes", "0"], "above 0"),
        (["--level", "95"], "must lie in"),
        (["--by", "beauty"], "cannot choose by 'beauty'"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(options: list[str], said: str, tmp_path: Path):
    synthetic_rows(**SMALL).to_parquet(tmp_path / "rows.parquet")
    done = invoke(tmp_path / "rows.parquet", "--out", tmp_path / "out", *options)
    assert isinstance(done.exception, ValueError)
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"PAR1 no", b"\xff\xfe\x00", b"a,b\n1,2\n", b"replicate,status\n"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".txt"])
def test_damaged_tables_are_refused(content: bytes, suffix: str, tmp_path: Path):
    path = tmp_path / f"rows{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"\S") as caught:
        write_study_report(path, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_kept_study_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from glasstomo.benchmarks.study import study_source

    study = Study(name="kept", factors=({"field": "tilts.count", "values": (15, 31)},), replicates=2)
    folder = tmp_path / "studies" / "kept"
    folder.mkdir(parents=True)
    rows = [{**landed(cell), "dice": 0.9} for cell in study.cells()]
    pd.DataFrame(rows).to_parquet(folder / "results.parquet")
    (folder / "study.toml").write_text(
        'title = "Kept"\nreplicates = 2\n[[factors]]\nfield = "tilts.count"\nvalues = [15, 31]\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(study_source, "FOLDER", tmp_path / "studies")
    table = read_study_table("kept")
    assert (table.name, table.title, table.planned, len(table.rows)) == ("kept", "Kept", 4, 4)


def test_sources_that_are_none(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        read_study_table(tmp_path / "nothing")
    with pytest.raises(ValueError, match="holds no study"):
        read_study_table(tmp_path)


def test_options_are_parsed():
    assert parse_wanted(["dice=0.9", "mixing_state=1"]) == {"dice": 0.9, "mixing_state": 1.0}
    assert parse_levels(["a=b=c"]) == {"a": "b=c"}
