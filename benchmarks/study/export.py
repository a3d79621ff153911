"""Tables of a study as CSV, Parquet and LaTeX."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..labels import known, number
from ..outputs import whole_file
from .aggregate import EVERYTHING, aggregate, differs, setting_costs
from .score_rules import COSTS, SCORE_RULES, Frame
from .study_table import StudyTable

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "σ": r"$\sigma$",
    "λ": r"$\lambda$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "−": "$-$",
    "–": "--",
    "°": r"$^\circ$",
}
_LATEX |= {char: f"$^{{{plain}}}$" for char, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True)}


def wide_table(table: StudyTable, *, level: float = 0.95, summary: Frame | None = None) -> Frame:
    """Lay a study out with one row per setting, for reading.

    Parameters
    ----------
    table : StudyTable
        Finished or not.
    level : float
        Confidence of the intervals.
    summary : pandas.DataFrame, optional
        What `aggregate` found, if it is at hand.

    Returns
    -------
    pandas.DataFrame
        The factors, ``done``, ``failed``, the costs, and for each score ``<score>`` (its mean),
        ``<score>_low``, ``<score>_high``; for what is wanted also ``<score>_share`` with its interval, and
        ``everything_share``.
    """
    found_so_far: Frame = aggregate(table, level=level) if summary is None else summary
    found = setting_costs(table)
    for name in (*table.scores, EVERYTHING):
        part = found_so_far[found_so_far["score"] == name].reset_index(drop=True)
        if not len(part):
            continue
        columns = {}
        if name != EVERYTHING:
            columns = {name: "mean", f"{name}_low": "low", f"{name}_high": "high"}
        if name == EVERYTHING or name in table.wanted:
            columns |= {f"{name}_share{end}": f"share{end}" for end in ("", "_low", "_high")}
        # Factors may carry any name, also that of a score's interval; they stay.
        found = found.assign(
            **{new: part[old].to_numpy() for new, old in columns.items() if new not in found}
        )
    return found


def readable_table(table: StudyTable, wide: Frame) -> Frame:
    """Write a wide table in words: labels with units as heads, values with their intervals.

    Parameters
    ----------
    table : StudyTable
        Whose settings they are.
    wide : pandas.DataFrame
        What `wide_table` made of them.

    Returns
    -------
    pandas.DataFrame
        Of text.
    """
    import numpy as np
    import pandas as pd

    found: dict[str, list[str]] = {}
    for one in table.varied:
        found[one.label] = [one.level_text(level) for level in wide[one.name]]
    found["Replicates"] = [
        f"{done}" if not failed else f"{done} + {failed} failed"
        for done, failed in zip(wide["done"], wide["failed"], strict=True)
    ]
    same = [wide[one.name] for one in table.varied if one.numeric]
    for name, label in COSTS.items():
        if name in wide and any(np.allclose(one, wide[name], rtol=1e-6, atol=0) for one in same):
            continue
        if name in wide and name not in ("tilts", "seconds") and differs(wide[name].to_numpy(float)):
            found.setdefault(label, [number(value) for value in wide[name]])
    for name in table.scores:
        rule = SCORE_RULES[name]
        middle = f"{name}_share" if rule.rule == "share" and name in table.wanted else name
        ends = (f"{middle}_low", f"{middle}_high")
        rows = zip(wide[middle], wide[ends[0]], wide[ends[1]], strict=True)
        found[rule.text] = [interval_text(*row) for row in rows]
    if f"{EVERYTHING}_share" in wide:
        columns = [wide[f"{EVERYTHING}_share{end}"] for end in ("", "_low", "_high")]
        found["All that is wanted"] = [interval_text(*row) for row in zip(*columns, strict=True)]
    return pd.DataFrame(found)


def interval_text(mean: float, low: float, high: float) -> str:
    """Write a value and its interval.

    Examples
    --------
    >>> interval_text(0.0312, 0.0291, 0.0333), interval_text(0.03, float("nan"), float("nan"))
    ('0.0312 (0.0291 to 0.0333)', '0.03')
    """
    if not known(mean):
        return "–"
    text = minus(number(mean))
    if not (known(low) and known(high)):
        return text
    return f"{text} ({minus(number(low))} to {minus(number(high))})"


def minus(text: str) -> str:
    """Write a typographer's minus before a number."""
    return text.replace("-", "−", 1) if text.startswith("-") else text


def latex_table(frame: Frame, *, caption: str = "", label: str = "") -> str:
    r"""Write a table as LaTeX, with the rules of the package booktabs.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of text and numbers. What LaTeX would read as commands is escaped.
    caption : str
        Plain text; none when empty.
    label : str
        For \ref; none when empty.

    Returns
    -------
    str
        A ``table`` environment; needs ``\usepackage{booktabs}``.

    Examples
    --------
    >>> import pandas as pd
    >>> print(latex_table(pd.DataFrame({"Tilts": [15], "±2σ": ["0.03"]})))
    \begin{table}
    \centering
    \begin{tabular}{rl}
    \toprule
    Tilts & $\pm$2$\sigma$ \\
    \midrule
    15 & 0.03 \\
    \bottomrule
    \end{tabular}
    \end{table}
    """
    import pandas as pd

    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame]
    lines = [r"\begin{table}", r"\centering"]
    lines += [rf"\caption{{{latex(caption)}}}"] if caption else []
    lines += [rf"\label{{{label}}}"] if label else []
    lines += [
        rf"\begin{{tabular}}{{{''.join('r' if one else 'l' for one in numeric)}}}",
        r"\toprule",
        " & ".join(latex(str(name)) for name in frame) + r" \\",
        r"\midrule",
        *(
            " & ".join(latex(cell_text(value)) for value in row) + r" \\"
            for row in frame.itertuples(index=False)
        ),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def cell_text(value: Any) -> str:
    """Write one value of a table; what is missing as a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return number(float(value), 4) if isinstance(value, float) else str(value)


def latex(text: str) -> str:
    r"""Escape what LaTeX would read as a command, and write the signs that its fonts lack.

    Examples
    --------
    >>> print(latex("50 % of zn_fraction (nm⁻³)"))
    50 \% of zn\_fraction (nm$^{-3}$)
    """
    written = "".join(_LATEX.get(char, char) for char in text.replace("\n", " "))
    return written.replace("}$$^{", "")


def write_table(frame: Frame, path: Path, *, caption: str = "") -> None:
    """Write a table in the format of its suffix, whole or not at all.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    path : pathlib.Path
        ``.csv``, ``.parquet`` or ``.tex``. Its folder must exist.
    caption : str
        Of the LaTeX table.

    Raises
    ------
    ValueError
        If the suffix is another.
    OSError
        If it cannot be written.
    """
    writers: Mapping[str, Callable[[Path], object]] = {
        ".csv": lambda part: frame.to_csv(part, index=False, lineterminator="\n"),
        ".parquet": lambda part: frame.to_parquet(part, index=False),
        ".tex": lambda part: part.write_text(latex_table(frame, caption=caption) + "\n", encoding="utf-8"),
    }
    if path.suffix not in writers:
        raise ValueError(f"a table is written as .csv, .parquet or .tex, got {path.name!r}")
    with whole_file(path) as part:
        writers[path.suffix](part)
