"""The table of other packages' components for the documentation, written from their tables.

``python -m glasstomo.benchmarks.conformance.peer_pages docs/conformance_peers.md``
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from .peer_component import KnownBreak, PeerComponent
from .peer_functionals import PEER_FUNCTIONALS
from .peer_operators import PEER_OPERATORS
from .peer_projectors import PEER_PROJECTORS
from .peer_solvers import PEER_SOLVERS

_KINDS = {
    "Projectors": PEER_PROJECTORS,
    "Linear operators": PEER_OPERATORS,
    "Functionals and proximal steps": PEER_FUNCTIONALS,
    "Solvers": PEER_SOLVERS,
}
_HEAD = """\
# Other packages before the laws

What the [laws](laws.md) found in components of other packages, each seen through an
[adapter](../benchmarks/conformance/adapters/adaption.py) in its own conventions: weighted inner products,
angles, axes, units, complex numbers. `glasstomo conform --peers` puts the laws to those that are installed,
and `glasstomo conform peer/NAME` to one. This page is written by
`python -m glasstomo.benchmarks.conformance.peer_pages docs/conformance_peers.md`.

Every break was traced to its cause in the code or the documentation of the package, and
`tests/test_conformance_peers.py` replays a counterexample to each of the laws named. A **defect** is what
fails, or contradicts the package's own documentation. An **approximation** is what was never promised to be
exact, and matters all the same to whoever needs it exact: with an unmatched adjoint, gradient methods settle
beside the minimum or diverge ([Elfving and Hansen 2018](https://doi.org/10.1137/17M1133828)). *Reported*
means that the maintainers have written of it, at the source given. A law that is kept was not broken in the
cases drawn, which is no proof.

Functionals that are not convex (PyProximal's L0, Log, SCAD, ETP and RelaxedMumfordShah, SCICO's
L1MinusL2Norm) are not asked: the laws of proximal steps are laws of convex functionals. Conventions are no
defects either: scikit-image turns about the pixel n // 2, so only odd sizes are compared, and ODL's adjoints
are adjoints in its weighted spaces.
"""


def peers_page() -> str:
    """Return the page as Markdown.

    Examples
    --------
    >>> "| `astra_strip` |" in peers_page()
    True
    """
    lines = [_HEAD]
    for title, peers in _KINDS.items():
        broken = sum(bool(peer.breaks) for peer in peers.values())
        lines += [f"## {title}\n", f"{len(peers)} components; {broken} of them break laws.\n"]
        lines += ["| component | what it is | version | laws broken |", "|---|---|---|---|"]
        lines += [_row(name, peer) for name, peer in peers.items()]
        lines.append("")
        for name, peer in peers.items():
            lines += _breaks(name, peer)
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(name: str, peer: PeerComponent) -> str:
    found = _by_cause(peer)
    laws = "; ".join(f"{known.kind}: {_named(laws)}" for known, laws in found) or "none"
    return f"| `{name}` | {peer.summary} | {peer.versions} | {laws} |"


def _named(laws: Sequence[str]) -> str:
    return ", ".join(f"`{law}`" for law in laws)


def _by_cause(peer: PeerComponent) -> list[tuple[KnownBreak, list[str]]]:
    """Breaks that a counterexample shows, by their cause."""
    found: dict[str, tuple[KnownBreak, list[str]]] = {}
    for law, known in peer.breaks.items():
        if known.case is not None:
            found.setdefault(known.cause, (known, []))[1].append(law)
    return list(found.values())


def _breaks(name: str, peer: PeerComponent) -> list[str]:
    lines = []
    for known, laws in _by_cause(peer):
        told = f"{known.kind}, reported" if known.reported else known.kind
        raised = f" It raises {known.raises}, in all laws of the step." if known.raises else ""
        source = f"[Source]({known.source})"
        lines.append(f"- `{name}`, {_named(laws)} ({told}): {known.cause}.{raised} {source}")
    return lines


def main(arguments: Sequence[str]) -> None:
    """Write the page to the file named."""
    if len(arguments) != 1:
        raise SystemExit("give one file to write: python -m glasstomo.benchmarks.conformance.peer_pages FILE")
    Path(arguments[0]).write_text(peers_page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
