"""The ranking: ties, answers that are missing, errors, time."""

import json
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from glasstomo.benchmarks.league.figures_league import figure_problems, figure_times
from glasstomo.benchmarks.league.league_docs import filled, league_blocks, markdown_rows
from glasstomo.benchmarks.league.league_page import league_html
from glasstomo.benchmarks.league.league_problem import LeagueProblem
from glasstomo.benchmarks.league.league_results import LeagueResults, ranked
from glasstomo.benchmarks.league.league_run import LeagueRun
from glasstomo.benchmarks.league.league_table import UNIT_ENTRY, LeagueTable, league_table
from hypothesis import given
from hypothesis import strategies as st

P = LeagueProblem(name="p", replicates=3)
Q = LeagueProblem(name="q", replicates=3)
S = LeagueProblem(
    name="s", kind="standard", design={"specimen": {"particle": "zif62_standard"}}, replicates=3
)
UNIT = {UNIT_ENTRY: [10.0, 10.0, 10.0]}


def rows(problem: LeagueProblem, scores: dict[str, list[float | None]], **columns: object) -> pd.DataFrame:
    """Rows of one problem: entry to scores, None where the solve failed."""
    return pd.DataFrame(
        [
            {
                "problem": problem.name,
                "problem_key": problem.key,
                "entry": entry,
                "entry_key": entry,
                "family": "null" if entry == UNIT_ENTRY else "own",
                "replicate": replicate,
                "status": "done" if score is not None else "crashed",
                "reason": None if score is not None else "signal 6",
                problem.primary: score,
                "core_seconds": 1.0,
                "seconds": 2.0,
                "frozen": "yes",
                "versions": "glasstomo 0",
                **columns,
            }
            for entry, values in scores.items()
            for replicate, score in enumerate(values)
        ]
    )


def table(*frames: pd.DataFrame, problems: tuple[LeagueProblem, ...] = (P,)) -> LeagueTable:
    return league_table(pd.concat(frames, ignore_index=True), problems)


def ranks(found: LeagueTable) -> dict[str, int]:
    return {one.entry: one.rank for one in found.standings}


def test_the_better_entry_wins_and_the_null_is_one():
    found = table(rows(P, {**UNIT, "a": [1.0, 1.1, 1.2], "b": [2.0, 2.1, 2.2]}))
    assert ranks(found) == {"a": 1, "b": 2, UNIT_ENTRY: 3}
    by_name = {one.entry: one for one in found.standings}
    assert by_name["a"].relative == pytest.approx(0.11)
    assert by_name[UNIT_ENTRY].relative == 1.0
    assert [one.entry for one in found.on("p")] == ["a", "b", UNIT_ENTRY]


def test_entries_that_chance_may_have_ordered_share_a_rank():
    found = table(rows(P, {**UNIT, "a": [1.0, 2.0, 3.0], "b": [2.0, 1.1, 3.1]}))
    assert ranks(found) == {"a": 1, "b": 1, UNIT_ENTRY: 3}
    assert [one.rank for one in found.on("p")] == [1, 1, 3]


def test_pairs_tell_what_means_do_not():
    """Particles differ tenfold, the entries by a little on each of them."""
    found = table(rows(P, {**UNIT, "a": [0.5, 2.0, 5.0], "b": [0.6, 2.1, 5.1]}))
    assert [(one.entry, one.rank) for one in found.on("p")] == [("a", 1), ("b", 2), (UNIT_ENTRY, 3)]
    found = table(rows(P, {**UNIT, "a": [0.5, 2.0, 5.0], "b": [0.7, 2.8, 7.0]}))
    assert ranks(found)["b"] == 2


def test_a_missing_answer_counts_as_the_null():
    found = table(rows(P, {**UNIT, "a": [1.0, 1.0, None], "b": [3.0, 3.0, 3.0], "c": [None, None, None]}))
    by_name = {one.entry: one for one in found.standings}
    assert by_name["a"].relative == pytest.approx((1 + 1 + 10) / 30)
    assert by_name["a"].solved == 0
    assert by_name["c"].relative == 1.0
    places = {one.entry: one for one in found.on("p")}
    assert places["a"].answers == 2
    assert places["a"].failures == {"crashed": 1}
    assert places["c"].score is None
    assert places["c"].reason == "signal 6"


def test_worse_than_the_null_is_the_null():
    found = table(
        rows(P, {**UNIT, "a": [90.0, 90.0, 90.0]}), rows(Q, {**UNIT, "a": [5.0, 5.0, 5.0]}), problems=(P, Q)
    )
    by_name = {one.entry: one for one in found.standings}
    assert by_name["a"].relative == pytest.approx(math.sqrt(0.5))


def test_luck_below_what_anybody_needs_counts_nothing():
    found = table(rows(S, {UNIT_ENTRY: [0.1] * 3, "a": [1e-6] * 3, "b": [9e-4] * 3}), problems=(S,))
    by_name = {one.entry: one for one in found.standings}
    assert by_name["a"].relative == by_name["b"].relative == pytest.approx(0.01)
    assert by_name["a"].rank == by_name["b"].rank == 1


def test_solved_needs_every_replicate():
    found = table(rows(P, {**UNIT, "a": [0.9, 0.9, 1.1], "b": [0.5, 0.5, None], "c": [1.2, 1.2, 1.2]}))
    assert {one.entry: one.solved for one in found.standings} == {"a": 1, "b": 0, "c": 0, UNIT_ENTRY: 0}


def test_without_a_null_the_worst_is_the_unit():
    found = table(rows(P, {"a": [1.0, 1.0, 1.0], "b": [4.0, 4.0, 4.0]}))
    assert {one.entry: one.relative for one in found.standings} == {"a": 0.25, "b": 1.0}


def test_a_missing_package_leaves_an_entry_out():
    found = table(
        rows(P, {**UNIT, "a": [1.0] * 3}), rows(P, {"b": [None] * 3}, status="missing", reason="no b")
    )
    assert found.left_out == {"b": "no b"}
    assert set(ranks(found)) == {"a", UNIT_ENTRY}


def test_only_who_took_part_in_every_problem_is_ranked_over_all():
    found = table(
        rows(P, {**UNIT, "a": [1.0] * 3, "b": [1.0] * 3}), rows(Q, {**UNIT, "a": [1.0] * 3}), problems=(P, Q)
    )
    assert set(ranks(found)) == {"a", UNIT_ENTRY}
    assert {one.entry for one in found.on("p")} == {"a", "b", UNIT_ENTRY}


def test_the_front_holds_who_is_not_beaten_in_both():
    frames = [
        rows(P, {**UNIT}, core_seconds=0.1),
        rows(P, {"best": [1.0] * 3}, core_seconds=9.0),
        rows(P, {"fast": [2.0] * 3}, core_seconds=1.0),
        rows(P, {"slow": [3.0] * 3}, core_seconds=5.0),
    ]
    front = {one.entry: one.front for one in table(*frames).standings}
    assert front == {"best": True, "fast": True, "slow": False, UNIT_ENTRY: True}


def test_seconds_by_the_clock_stand_in_for_core_seconds():
    found = table(rows(P, {**UNIT, "a": [1.0] * 3}, core_seconds=None))
    assert all(one.core_seconds == 2.0 for one in found.standings)


def test_two_versions_under_one_name_are_refused():
    with pytest.raises(ValueError, match="more than one entry called 'constant'"):
        table(rows(P, UNIT), rows(P, UNIT, entry_key="other"))


def test_an_empty_table_ranks_nobody():
    assert table(rows(P, {"b": [None] * 3}, status="missing")).standings == ()


@given(
    scores=st.lists(st.lists(st.floats(0.01, 50.0), min_size=3, max_size=3), min_size=1, max_size=6),
    failed=st.lists(st.integers(0, 20), max_size=4),
)
def test_laws_of_the_ranking(scores: list[list[float]], failed: list[int]):
    """Ranks follow the means, ties begin with the best, and the unit never moves."""
    entries = {f"e{index}": list(values) for index, values in enumerate(scores)}
    given_scores: dict[str, list[float | None]] = {**UNIT, **entries}
    for cell in failed:
        entry, replicate = f"e{cell // 3}", cell % 3
        if entry in given_scores:
            given_scores[entry][replicate] = None
    found = table(rows(P, given_scores))
    standings = found.standings
    assert [one.rank for one in standings] == sorted(one.rank for one in standings)
    assert [one.relative for one in standings] == sorted(one.relative for one in standings)
    assert standings[0].rank == 1
    assert all(0 < one.relative <= 1 for one in standings)
    assert all(one.factor >= 1 for one in standings)
    assert next(one for one in standings if one.entry == UNIT_ENTRY).relative == 1.0
    # A better answer never costs.
    name = "e0"
    better = {**given_scores, name: [None if one is None else one / 2 for one in given_scores[name]]}
    again = table(rows(P, better))
    relative = {one.entry: one.relative for one in found.standings}
    assert next(one for one in again.standings if one.entry == name).relative <= relative[name]


def results() -> LeagueResults:
    rng = np.random.default_rng(3)
    entries = ["a", "b<script>", "c|d", "e_f"]
    frames = [
        rows(
            problem,
            {
                UNIT_ENTRY: [10.0] * 3,
                **{name: list(rng.uniform(0.1, 9.0, 3)) for name in entries},
                "dead": [None] * 3,
            },
            zn_fraction_2sigma=0.01,
        )
        for problem in (P, Q, S)
    ]
    frame = pd.concat(frames, ignore_index=True)
    run = LeagueRun(
        table=frame, problems=(P, Q, S), entries=(), computed=0, seconds=1.0, notes=("data of p differ",)
    )
    return ranked(run)


def test_the_page_loads_nothing_and_escapes_everything():
    page = league_html(results())
    assert "<script>" not in page
    assert "b&lt;script&gt;" in page
    assert "Data of p differ" in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<img") == 2


def test_results_are_json():
    content = json.loads(json.dumps(results().as_dict(), allow_nan=False))
    assert {one["name"] for one in content["problems"]} == {"p", "q", "s"}
    assert content["standings"][0]["rank"] == 1


def test_figures_name_every_entry():
    found = results()
    words = {text.get_text() for text in figure_times(found.table).axes[0].texts}
    assert words == {one.entry for one in found.table.standings if one.core_seconds is not None}
    ax = figure_problems(found.table, found.problems).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        one.entry for one in found.table.standings
    ]
    assert len(ax.texts) == len(found.table.standings) * 3


def test_a_figure_of_equal_times_is_drawn_without_a_warning():
    found = table(rows(P, {**UNIT, "a": [10.0] * 3}, core_seconds=0.01))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = figure_times(found).axes[0]
    assert ax.get_xlim()[0] < 0.01 < ax.get_xlim()[1]


def test_a_figure_without_times_is_refused():
    with pytest.raises(ValueError, match="with a time"):
        figure_times(LeagueTable(standings=(), places=(), left_out={}))


def test_tables_of_the_docs_escape_bars():
    text = markdown_rows([{"Entry": "c|d", "Rank": 1}])
    assert text.splitlines() == ["| Entry | Rank |", "|---|---:|", "| c\\|d | 1 |"]


def test_blocks_go_between_their_marks_again_and_again():
    blocks = league_blocks(results())
    page = "\n".join(
        f"<!-- {name}: made by glasstomo.benchmarks.league.league_docs -->\nOLDER\n<!-- end of {name} -->"
        for name in blocks
    )
    once = filled(page, blocks)
    assert "OLDER" not in once
    assert filled(once, blocks) == once
    with pytest.raises(ValueError, match="lacks the lines"):
        filled("nothing", blocks)
