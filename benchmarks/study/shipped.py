"""The studies that come with glasstomo."""

import difflib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .study import Study

FOLDER = Path(__file__).resolve().parent.parent / "studies"
STUDY_TOML = "study.toml"


def shipped_studies() -> list[dict[str, str]]:
    """Return name, title and question of every study that comes with glasstomo.

    Examples
    --------
    >>> "smoke" in [study["name"] for study in shipped_studies()]
    True
    """
    found = []
    for path in sorted(FOLDER.glob(f"*/{STUDY_TOML}")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append(
            {
                "name": path.parent.name,
                "title": content.get("title", ""),
                "question": content.get("question", ""),
            }
        )
    return found


def named_study(name: str) -> "Study":
    """Read a study by the path of its file, or by name from those that come with glasstomo.

    Raises
    ------
    ValueError
        When there is no such study, or its file breaks a rule; one line.
    OSError
        When the file cannot be read.
    """
    from .study_file import read_study

    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        return read_study(path)
    if path.is_dir() and (path / STUDY_TOML).is_file():
        return read_study(path / STUDY_TOML)
    known = [study["name"] for study in shipped_studies()]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}; or name a .toml file"
        raise ValueError(f"no study {name!r}; {hint}")
    return read_study(FOLDER / name / STUDY_TOML)
