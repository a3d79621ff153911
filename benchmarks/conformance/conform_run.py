"""A run of the command over components: which, with which laws, and what came of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .case_file import decode
from .component_path import load_component, load_object, own_components, peer_components
from .conformance_report import ConformanceReport
from .conformity import conform

if TYPE_CHECKING:
    from ..progress import Progress

# Fields of the nouns that hold several names.
_LISTS = ("claims", "regularisers", "data_terms")


@dataclass(frozen=True, kw_only=True)
class ConformRun:
    """What came of several components.

    Parameters
    ----------
    reports : list of ConformanceReport
        One for each that was checked.
    skipped : mapping of str to str
        Those that were not, and why.
    """

    reports: list[ConformanceReport]
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether something was checked, and no law was broken but those known to be."""
        return any(one.kept for one in self.reports) and not any(one.unexpected for one in self.reports)


def run_components(
    paths: Iterable[str], options: Mapping[str, Any], progress: "Progress | None" = None
) -> ConformRun:
    """Put the laws to components.

    Parameters
    ----------
    paths : iterable of str
        As `load_component` takes them.
    options : mapping
        Those of the command: own, peers, kind, shape, settings, names, profile, examples, seed, seconds.
    progress : Progress, optional
        Told about every case; bars on standard error when omitted.
    """
    from ..progress import RichProgress

    wanted = list(paths)
    sets: list[str] = []
    if options["own"]:
        sets += own_components(options["kind"])
    if options["peers"]:
        sets += peer_components()
    names = [name.strip() for text in options["names"] for name in text.split(",") if name.strip()]
    _check_names(names)
    reports: list[ConformanceReport] = []
    skipped: dict[str, str] = {}
    with progress or RichProgress() as bars:
        for path in [*wanted, *sets]:
            try:
                subject, adapted = _loaded(path, options)
            except ImportError as error:
                # Only other packages may be missing.
                if path in wanted or not path.startswith("peer/"):
                    raise ValueError(f"`{path}`: {error}") from error
                skipped[path] = str(error)
                continue
            laws = _laws(names, subject, strict=path in wanted)
            if laws == [] or (path in sets and options["kind"] not in (None, subject.kind)):
                continue
            report = conform(
                subject,
                laws=laws,
                profile=options["profile"],
                examples=options["examples"],
                seed=options["seed"],
                max_seconds=options["seconds"],
                progress=bars,
                component=path,
                adapted=adapted,
            )
            reports.append(replace(report, known=_known(report)))
    return ConformRun(reports=reports, skipped=skipped)


def _known(report: ConformanceReport) -> dict[str, str]:
    """Return what is known of the laws that a component of another package breaks."""
    if not report.component.startswith("peer/"):
        return {}
    peer = peer_components()[report.component]
    return {one.law.name: peer.known(one.law.name) for one in report.broken if one.law.name in peer.breaks}


def _loaded(path: str, options: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return a component, and the options that it was adapted with."""
    from .adapters.adaption import adapt

    if ":" not in path:
        return load_component(path), {}
    given = {name: options[name] for name in ("kind", "shape") if options[name] is not None}
    given.update(settings_of(options["settings"]))
    return adapt(load_object(path), **given), given


def settings_of(texts: Iterable[str]) -> dict[str, Any]:
    """Read ``FIELD=VALUE``: numbers and true or false as such, `claims` as names between commas.

    Raises
    ------
    ValueError
        When there is no ``=``.

    Examples
    --------
    >>> settings_of(["gap=1e-4", "variational=true", "claims=nonnegative,monotone", "name=mine"])
    {'gap': 0.0001, 'variational': True, 'claims': ('nonnegative', 'monotone'), 'name': 'mine'}
    """
    found: dict[str, Any] = {}
    for text in texts:
        field, equals, value = text.partition("=")
        if not (field and equals):
            raise ValueError(f"--set must be FIELD=VALUE, as in gap=1e-4; got {text!r}")
        if field in _LISTS:
            found[field] = tuple(part.strip() for part in value.split(",") if part.strip())
            continue
        try:
            found[field] = decode(json.loads(value))
        except json.JSONDecodeError:
            found[field] = value
    return found


def _check_names(names: list[str]) -> None:
    """Refuse a law that no kind of component has."""
    from ...phantoms.table import Table
    from .laws.tables import LAWS

    known = Table("law", {name: law for table in LAWS.values() for name, law in table.items()})
    for name in names:
        known[name]


def _laws(names: list[str], subject: Any, *, strict: bool) -> list[str] | None:
    from .laws.tables import LAWS

    if not names:
        return None
    return names if strict else [name for name in names if name in LAWS[subject.kind]]
