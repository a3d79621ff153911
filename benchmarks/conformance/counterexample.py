"""Counterexamples as small files, and the one call that tries one again."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .case_file import decode, encode
from .conformance_report import ConformanceReport
from .counterexample_search import BROKEN, KEPT, LawResult, checked, how_far
from .law import Case, Law

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Counterexample:
    """A case in which a component broke a law.

    Parameters
    ----------
    law, kind : str
        The law, and the kind of component that it is a law of.
    subject : str
        Name of the component.
    component : str
        Where it comes from, as ``"package.module:object"``; empty when it was handed over as an object.
    options : mapping
        What it was adapted with.
    case : mapping
        Keywords of the law.
    found : str
        What came out.
    versions : mapping of str to str
        Of Python and of the packages that took part.
    """

    law: str
    kind: str
    subject: str
    case: Case
    component: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    found: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


def counterexamples(report: ConformanceReport) -> list[Counterexample]:
    """Return those of a report, one for each broken law."""
    return [
        Counterexample(
            law=one.law.name,
            kind=report.kind,
            subject=report.subject,
            case=one.counterexample or {},
            component=report.component,
            options=report.options,
            found=one.reason,
            versions=report.versions,
        )
        for one in report.broken
    ]


def counterexample_name(example: Counterexample) -> str:
    """Return the name of the file that it is written to.

    Examples
    --------
    >>> counterexample_name(Counterexample(law="linearity", kind="operator", subject="|x|: mine", case={}))
    'x_mine-linearity.json'
    """
    plain = re.sub(r"[^\w.]+", "_", example.subject).strip("_.") or example.kind
    return f"{plain[:60]}-{example.law}.json"


def save_counterexample(example: Counterexample, path: str | Path) -> Path:
    """Write one as JSON.

    Parameters
    ----------
    example : Counterexample
        One of `counterexamples`.
    path : str or pathlib.Path
        A folder, which is made, or a file that ends in ``.json``.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    TypeError
        When the case or the options hold what JSON cannot.

    Examples
    --------
    >>> import tempfile
    >>> mine = Counterexample(law="linearity", kind="operator", subject="mine", case={"scale": 2.0})
    >>> read_counterexample(save_counterexample(mine, tempfile.mkdtemp())) == mine
    True
    """
    from ..outputs import whole_file

    path = Path(path)
    if path.suffix != ".json":
        path.mkdir(parents=True, exist_ok=True)
        path = path / counterexample_name(example)
    content = {
        "glasstomo_counterexample": FORMAT,
        "component": example.component,
        "subject": example.subject,
        "kind": example.kind,
        "law": example.law,
        "found": example.found,
        "options": encode(dict(example.options)),
        "case": encode(dict(example.case)),
        "versions": dict(example.versions),
    }
    with whole_file(path) as part:
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read_counterexample(path: str | Path) -> Counterexample:
    """Read one back.

    Raises
    ------
    ValueError
        When the file is no counterexample, or one of a later version.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} must be JSON: {error}") from None
    version = content.get("glasstomo_counterexample") if isinstance(content, dict) else None
    if version is None:
        raise ValueError(f"{path} is no counterexample: it lacks `glasstomo_counterexample`")
    if version != FORMAT:
        raise ValueError(f"{path} is of format {version}, this version of glasstomo reads {FORMAT}")
    missing = [name for name in ("law", "kind", "case") if name not in content]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}")
    return Counterexample(
        law=content["law"],
        kind=content["kind"],
        subject=content.get("subject", ""),
        case=decode(content["case"]),
        component=content.get("component", ""),
        options=decode(content.get("options", {})),
        found=content.get("found", ""),
        versions=content.get("versions", {}),
    )


def replay(example: Counterexample | str | Path, thing: Any = None, *, law: Law | None = None) -> LawResult:
    """Try a counterexample again.

    Parameters
    ----------
    example : Counterexample or path
        What to try.
    thing : object, optional
        The component; loaded from where the counterexample says when omitted.
    law : Law, optional
        The law, where it is not one of the tables.

    Returns
    -------
    LawResult
        Of the one case: kept when the component has been mended.

    Raises
    ------
    ValueError
        When the component is neither given nor named, or cannot be loaded.

    Examples
    --------
    >>> import numpy as np
    >>> from .drawn_array import DrawnArray
    >>> from .linear_map import LinearMap
    >>> case = {"x": DrawnArray((1,), ((0, 1.0),)), "other": DrawnArray((1,), ((0, -1.0),)), "scale": 1.0}
    >>> found = Counterexample(law="linearity", kind="operator", subject="|x|", case=case)
    >>> bent = LinearMap(name="|x|", domain=(1,), range=(1,), forward=np.abs)
    >>> replay(found, bent).verdict
    'broken'
    """
    import warnings

    from .adapters.adaption import adapt
    from .component_path import load_component
    from .laws.tables import laws_of

    if not isinstance(example, Counterexample):
        example = read_counterexample(example)
    if thing is None:
        if not example.component:
            raise ValueError(
                f"the counterexample to `{example.law}` does not say where its component lies: "
                "hand it over, as in replay(file, component)"
            )
        subject = load_component(example.component, **example.options)
    else:
        subject = adapt(thing, **example.options)
    if law is None:
        (law,) = laws_of(subject.kind, [example.law])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        finding = checked(law, subject, example.case)
    return LawResult(
        law=law,
        subject=subject.name,
        verdict=KEPT if finding.kept else BROKEN,
        reason="" if finding.kept else how_far(finding),
        examples=1,
        asked=1,
        worst=finding,
        counterexample=None if finding.kept else example.case,
    )
