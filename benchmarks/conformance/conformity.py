"""Put all laws of its kind to a component."""

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .case_file import encode
from .conformance_report import ConformanceReport
from .counterexample_search import examine
from .law import Law
from .profiles import PROFILES
from .versions import versions_of

if TYPE_CHECKING:
    from ..progress import Progress


def conform(
    thing: Any,
    *,
    kind: str | None = None,
    laws: Iterable[str | Law] | None = None,
    profile: str = "default",
    examples: int | None = None,
    seed: int = 0,
    max_seconds: float | None = None,
    shrink: bool = True,
    progress: "Progress | None" = None,
    component: str = "",
    adapted: Mapping[str, Any] | None = None,
    **options: Any,
) -> ConformanceReport:
    """Look for counterexamples to every law that a component has to keep.

    Parameters
    ----------
    thing : LinearMap, ProjectorFamily, Functional, Solver or what `adapt` takes
        The component.
    kind : {"operator", "projector", "functional", "solver"}, optional
        What it is, where `adapt` cannot tell.
    laws : iterable of str or Law, optional
        Which laws; all of its kind when omitted.
    profile : str
        Name in `PROFILES`: how many cases each law gets.
    examples : int, optional
        Cases for each law instead, whatever they cost.
    seed : int
        Of the cases drawn: the same seed draws the same ones with the same version of Hypothesis.
    max_seconds : float, optional
        After this time a law gets no more cases; its result says how many it got.
    shrink : bool
        Whether to look for the smallest case that breaks a law; the first one is quicker.
    progress : Progress, optional
        Told about every case.
    component : str
        Where it comes from, as ``"package.module:object"``, for the report and the replay of
        counterexamples.
    adapted : mapping, optional
        Options that the component was adapted with before, for the report.
    **options
        Passed on to `adapt`, such as ``shape=(8, 8, 4)``.

    Returns
    -------
    ConformanceReport

    Raises
    ------
    ValueError
        When a law or a profile is unknown, or `examples` is not positive.
    TypeError
        When the component cannot be adapted.

    Notes
    -----
    A law that no counterexample was found to is not proven: the report says how many cases were looked at.
    A component that raises breaks the law, with what it raised as the reason.

    Examples
    --------
    >>> import numpy as np
    >>> from .linear_map import LinearMap
    >>> bent = LinearMap(name="|x|", domain=(2,), range=(2,), forward=np.abs)
    >>> report = conform(bent, laws=["linearity"], profile="quick")
    >>> report.verdict
    'keeps 0 of 1 law'
    >>> sorted(report.broken[0].counterexample)
    ['other', 'scale', 'x']
    """
    from ..progress import Progress
    from .adapters.adaption import adapt
    from .laws.tables import laws_of

    began = time.perf_counter()
    if examples is not None and examples < 1:
        raise ValueError(f"`examples` must be at least 1, got {examples}")
    counts = PROFILES[profile]
    subject = adapt(thing, kind=kind, **options)
    chosen = [(law, examples or counts.examples_of(law)) for law in laws_of(subject.kind, laws)]
    results = []
    done = 0
    with (progress or Progress()).stage(subject.name, total=sum(number for _, number in chosen)) as stage:
        for law, number in chosen:

            def looked(count: int, law: Law = law, done: int = done) -> None:
                stage.update(done + count, law.name)

            results.append(
                examine(
                    law,
                    subject,
                    examples=number,
                    seed=seed,
                    max_seconds=max_seconds,
                    shrink=shrink,
                    progress=looked,
                )
            )
            done += number
    return ConformanceReport(
        subject=subject.name,
        kind=subject.kind,
        results=tuple(results),
        component=component,
        options=_plain({**(adapted or {}), **({"kind": kind} if kind else {}), **options}),
        profile=profile if examples is None else f"{examples} examples",
        seed=seed,
        versions=versions_of(component, thing),
        seconds=time.perf_counter() - began,
    )


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """Return those options that a file can hold, sets in order; the others are left out."""
    found = {}
    for name, value in options.items():
        value = tuple(sorted(value)) if isinstance(value, set | frozenset) else value
        try:
            encode(value)
        except TypeError:
            continue
        found[name] = value
    return found
