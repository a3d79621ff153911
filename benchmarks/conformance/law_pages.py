"""The page of all laws, written from their tables.

``python -m glasstomo.benchmarks.conformance.law_pages docs/laws.md``
"""

import inspect
import sys
from collections.abc import Sequence
from pathlib import Path

from .law import Law
from .profiles import PROFILES

_TITLES = {
    "operator": "Laws of linear operators",
    "projector": "Laws of projectors",
    "functional": "Laws of functionals and proximal steps",
    "solver": "Laws of solvers",
}
_HEAD = """\
# Laws

Every law of the [conformance kit](conformance.md): what it says, its formula, and how far off a case may
be, with the reason. `glasstomo conform --list` prints the same. This page is written by
`python -m glasstomo.benchmarks.conformance.law_pages docs/laws.md`; change the laws, not the page.

A law that a component need not keep says in the report why it does not apply: mostly because it rests on
a claim, something that the author of the component promises and others do not.
"""


def laws_page() -> str:
    """Return the page as Markdown.

    Examples
    --------
    >>> "### linearity" in laws_page()
    True
    """
    from .laws.tables import LAWS

    lines = [_HEAD]
    for kind, table in LAWS.items():
        lines.append(f"- [{_TITLES[kind]}](#{_anchor(_TITLES[kind])}): {len(table)}")
    for kind, table in LAWS.items():
        quick, usual = (PROFILES[name].examples[kind] for name in ("quick", "default"))
        lines += [
            f"\n## {_TITLES[kind]}\n",
            f"Cases for a law of cost 1: {quick} (quick), {usual} (default); 1000 for each law (nightly).",
        ]
        for law in table.values():
            lines += ["", *_entry(law)]
    return "\n".join(lines) + "\n"


def law_notes(law: Law) -> str:
    """Return what the docstring of a law says beyond its first line, without the headings of sections."""
    _, _, rest = inspect.cleandoc(law.check.__doc__ or "").partition("\n")
    kept = [
        line
        for line in rest.strip().splitlines()
        if line.strip() not in ("Notes", "References") and set(line.strip()) != {"-"}
    ]
    return "\n".join(kept).strip()


def _entry(law: Law) -> list[str]:
    lines = [f"### {law.name}", "", law.sentence, "", f"- Law: {_code(law.formula)}"]
    lines.append(f"- Allowed: {_plain(law.tolerance)}")
    if law.cost != 1:
        lines.append(f"- Cost: {law.cost:g}")
    notes = law_notes(law)
    if notes:
        lines += ["", _plain(notes)]
    return lines


def _code(text: str) -> str:
    """Set text as code, also where it holds the sign that begins code."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _plain(text: str) -> str:
    """Keep signs of formulas from being read as Markdown, and drop the second of paired backticks."""
    parts = text.replace("``", "`").split("`")
    outside = [part.replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;") for part in parts[::2]]
    parts[::2] = outside
    return "`".join(parts)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page to the file that the first argument names."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if len(given) != 1:
        raise SystemExit("usage: python -m glasstomo.benchmarks.conformance.law_pages docs/laws.md")
    Path(given[0]).write_text(laws_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
