"""The page of the league: ranking, figures and one table per problem, in one HTML file that loads nothing."""

import numpy as np

from ..figures_style import png_bytes
from ..page import picture_source, picture_width_rem, render_page
from .league_problem import LeagueProblem
from .league_results import LeagueResults
from .league_table import RULE, UNIT_ENTRY

FIGURES = {
    "times": (
        "Error against time. Error: geometric mean over the problems, relative to the null entry; bars are "
        "1.96 standard errors over the replicates. Time: median core seconds of a solve, one thread. The "
        "line joins the entries that none is both better and faster than."
    ),
    "problems": (
        "Entries, best first, on every problem. Numbers: distance of the phase diagram in units of the "
        "published precision, or error of the cross-section; bold where the problem counts as solved. "
        "Colour: the same relative to the null entry."
    ),
}
"""Captions by name."""


def league_html(results: LeagueResults) -> str:
    """Return the page.

    Parameters
    ----------
    results : LeagueResults

    Returns
    -------
    str
        HTML; everything in it is escaped.
    """
    problems = [
        {
            "name": one.name,
            "title": one.title,
            "question": one.question,
            "difficulty": one.difficulty,
            "rows": results.place_rows(one),
            "facts": problem_facts(one),
        }
        for one in results.problems
        if results.table.on(one.name)
    ]
    return render_page(
        "league/league_page.html.j2",
        title="the league",
        rule=RULE,
        null=UNIT_ENTRY,
        notes=list(results.notes),
        standings=results.standing_rows(),
        entries=results.summaries,
        left_out=results.table.left_out,
        problems=problems,
        figures=_figures(results),
        run=_run_facts(results),
    )


def problem_facts(problem: LeagueProblem) -> dict[str, str]:
    """Say in words what a problem is made of."""
    design = problem.design
    specimen, scheme = design.specimen, design.tilts.tilt_scheme
    angles = scheme.angles_deg
    eds = problem.kind == "particle"
    fluence = f"{design.total_fluence_e_nm2:.2g} e nm⁻² in all"
    dose = fluence if eds else f"{design.beam.adf_dwell_s:g} s per pixel of {design.beam.pixel_nm:g} nm"
    named = specimen.particle or "one exact particle"
    options = ", ".join(f"{name} = {value}" for name, value in specimen.options.items())
    good = "distance of the phase diagram" if eds else "error of the cross-section"
    voxels = f"{specimen.size}³ voxels of {specimen.spacing_nm:g} nm"
    tilts = f"{scheme.count} tilts, {min(angles):g}° to {max(angles):g}°"
    return {
        "specimen": f"{named}{f' ({options})' if options else ''}, {voxels}",
        "series": f"{'EDS' if eds else 'ADF'}, {tilts}, {dose}",
        "microscope": f"{design.instrument.microscope}, holder {design.instrument.holder}",
        "replicates": str(problem.replicates),
        "solved at": f"{good} of {problem.solved:g} or less",
        "budget": f"{problem.seconds:g} core seconds, {problem.memory_gb:g} GB",
        "version": f"{problem.version}, key {problem.key}",
        "data": ", ".join(problem.digests) or "of a seed that nobody has frozen",
    }


def _figures(results: LeagueResults) -> list[dict[str, object]]:
    """Return the figures as PNG pictures, numbered."""
    from .figures_league import figure_problems, figure_times

    drawn = {}
    if any(one.core_seconds is not None for one in results.table.standings):
        drawn["times"] = png_bytes(figure_times(results.table))
    if results.table.standings:
        drawn["problems"] = png_bytes(figure_problems(results.table, results.problems))
    return [
        {
            "number": index,
            "section": "ranking",
            "caption": FIGURES[name],
            "width_rem": picture_width_rem(picture),
            "source": picture_source(picture),
        }
        for index, (name, picture) in enumerate(drawn.items(), start=1)
    ]


def _run_facts(results: LeagueResults) -> dict[str, str]:
    rows = results.rows
    done = rows["status"].tolist().count("done")
    minutes = float(np.nansum(rows["core_seconds"].to_numpy(float))) / 60
    return {
        "solves": f"{len(rows)}, {done} with an answer",
        "core time": f"{minutes:.1f} min in the solvers' processes, without their warm-up",
        "versions": "; ".join(dict.fromkeys(str(one) for one in rows["versions"].dropna())),
    }
