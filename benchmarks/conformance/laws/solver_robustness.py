"""Laws of solvers: odd data end in an answer, or in words."""

import math
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from ..drawn_problem import DrawnProblem, problems
from ..finding import Finding
from ..law import law
from ..solver import Solver
from .solver_judgement import unfinished

if TYPE_CHECKING:
    from ....recon import Problem

ODDITIES = (
    "one_voxel",
    "one_tilt",
    "constant",
    "empty_tilt",
    "empty_slice",
    "one_bright_pixel",
    "equal_tilts",
    "all_negative",
)


def _said(solver: Solver, problem: "Problem") -> Finding:
    """Judge whether an answer is finite and within its bounds, or a refusal says why."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            answer = solver.solve(problem)
    except (ValueError, TypeError) as error:
        return _clear(error)
    volume = answer.volume
    bad = int(np.count_nonzero(~np.isfinite(volume)))
    if bad and unfinished(answer):
        return Finding(0.0, 0.0, "it says that it has not converged")
    if bad:
        return Finding(float("nan"), 0.0, f"{bad} voxels are not finite, and nothing says so")
    if "nonnegative" in solver.claims and (volume < 0).any():
        return Finding(float(-volume.min()), 0.0, f"a voxel is {volume.min():.3g}")
    return Finding(0.0, 0.0)


def _clear(error: Exception) -> Finding:
    """A refusal counts when it is a sentence about the data."""
    message = " ".join(str(error).split())
    words = ("data", "tilt", "angle", "must", "need", "finite", "empty", "size", "shape")
    clear = len(message.split()) >= 3 and any(word in message.lower() for word in words)
    return Finding(0.0 if clear else float("nan"), 0.0, f"it raised {type(error).__name__}: {message}")


@law(
    kind="solver",
    formula="|x| < ∞ and within bounds, or ValueError, or “not converged”",
    tolerance="0: any of the three will do, silence will not",
    cases=lambda solver: st.fixed_dictionaries(
        {"drawn": problems(solver), "oddity": st.sampled_from(_possible(solver))}
    ),
    cost=10,
)
def odd_data(solver: Solver, drawn: DrawnProblem, oddity: str) -> Finding:
    """Constant, empty, single or equal data give a finite answer, or a reason why not."""
    return _said(solver, _odd(drawn, oddity))


def _possible(solver: Solver) -> tuple[str, ...]:
    # Counts are never negative.
    counted = "kullback_leibler" in solver.data_terms
    return tuple(name for name in ODDITIES if not (counted and name == "all_negative"))


def _odd(drawn: DrawnProblem, oddity: str) -> "Problem":
    problem = drawn.problem()
    data = problem.data.copy()
    if oddity == "one_voxel":
        return replace(
            problem,
            data=data[..., :1, :1],
            weights=np.ones_like(data[..., :1, :1]),
            background=None if problem.background is None else problem.background[..., :1, :1],
            depth=1,
            projector=None,
        )
    if oddity == "one_tilt":
        return replace(
            problem,
            data=data[..., :1, :, :],
            weights=problem.weights[..., :1, :, :],
            gains=problem.gains[..., :1],
            angles_deg=problem.angles_deg[:1],
            background=None if problem.background is None else problem.background[..., :1, :, :],
            projector=None,
        )
    if oddity == "equal_tilts":
        return replace(problem, angles_deg=np.full_like(problem.angles_deg, 20.0), projector=None)
    # Where no ray meets a voxel there can be no counts.
    dark = (drawn.data_term == "kullback_leibler") & (problem.data == 0)
    if oddity == "constant":
        data[:] = 3.0
    elif oddity == "empty_tilt":
        data[..., -1, :, :] = 0.0
    elif oddity == "empty_slice":
        data[..., 0] = 0.0
    elif oddity == "one_bright_pixel":
        bright = np.unravel_index(int(data.argmax()), data.shape)
        value = data[bright]
        data[:] = 0.0
        data[bright] = 1e4 * max(value, 0.0)
    elif oddity == "all_negative":
        data = -np.abs(data)
    data[dark] = 0.0
    return replace(problem, data=data)


@law(
    kind="solver",
    formula="|x| < ∞ and within bounds, or ValueError, or “not converged”, for data of 10⁻³⁰ to 10³⁰",
    tolerance="0: any of the three will do, silence will not",
    cases=lambda solver: st.fixed_dictionaries(
        {
            "drawn": problems(solver),
            "exponent": st.sampled_from([10, -10, 20, -20, 30, -30]),
            "one_pixel": st.booleans(),
        }
    ),
    cost=10,
)
def any_range(solver: Solver, drawn: DrawnProblem, exponent: int, one_pixel: bool) -> Finding:
    """Huge and tiny data, all of them or one pixel, give a finite answer or a reason why not."""
    scale = 10.0**exponent
    if not one_pixel:
        return _said(solver, drawn.changed(scale=scale).problem())
    problem = drawn.problem()
    data = problem.data.copy()
    data[np.unravel_index(int(data.argmax()), data.shape)] *= np.float32(scale)
    return _said(solver, replace(problem, data=data))


@law(
    kind="solver",
    formula="NaN or ∞ in data, angles or spacing ⇒ ValueError that names it",
    tolerance="0: nothing may come of it",
    cases=lambda solver: st.fixed_dictionaries(
        {
            "drawn": problems(solver, plain=True),
            "field": st.sampled_from(["data", "angles_deg", "spacing_nm"]),
            "value": st.sampled_from([math.nan, math.inf, -math.inf]),
        }
    ),
    excuse=lambda solver: (
        None if solver.run_arrays is not None else "it takes a `Problem`, which refuses such data itself"
    ),
    cost=10,
)
def non_finite_refused(solver: Solver, drawn: DrawnProblem, field: str, value: float) -> Finding:
    """NaN and infinities in data, angles or spacing are refused in words that name the field."""
    problem = drawn.problem()
    given = {"data": problem.data.copy(), "angles_deg": problem.angles_deg.copy()}
    spacing = drawn.spacing_nm
    if field == "spacing_nm":
        spacing = value
    else:
        given[field][(0,) * given[field].ndim] = value
    if solver.run_arrays is None:
        raise ValueError(f"{solver.name} takes no arrays")
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            solver.run_arrays(given["data"], given["angles_deg"], spacing)
    except ValueError as error:
        named = field.partition("_")[0] in str(error)
        return Finding(0.0 if named else float("nan"), 0.0, f"refused with: {error}")
    return Finding(float("nan"), 0.0, f"{value} in `{field}` was taken for a number")
