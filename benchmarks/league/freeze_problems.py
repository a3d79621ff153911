"""Freeze the data of the league's problems: write the digest of every replicate into its file.

``python -m glasstomo.benchmarks.league.freeze_problems [NAME ...]`` does so for all problems, or for some.
Only for a problem that is new or whose version was raised: results of frozen data must stay comparable.
"""

import re
import sys
from pathlib import Path

from ..outputs import whole_file
from .problem_data import data_digest, problem_data
from .problem_files import FOLDER, read_problem

_DIGESTS = re.compile(r"^digests = \[[^\]]*\]\n", re.MULTILINE)


def freeze(path: Path) -> tuple[str, ...]:
    """Write the digests of a problem's data into its file, before its first table.

    Parameters
    ----------
    path : pathlib.Path
        TOML file of the problem.

    Returns
    -------
    tuple of str
        One for each replicate.
    """
    text = _DIGESTS.sub("", path.read_text(encoding="utf-8"))
    problem = read_problem(path).replace(digests=())
    digests = tuple(data_digest(problem_data(problem, one)) for one in range(problem.replicates))
    listed = ", ".join(f'"{one}"' for one in digests)
    line = f"digests = [{listed}]\n"
    fields, bracket, tables = text.partition("\n[")
    with whole_file(path) as part:
        part.write_text(fields.rstrip("\n") + "\n" + line + bracket + tables, encoding="utf-8")
    return digests


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(one.stem for one in FOLDER.glob("*.toml")):
        print(name, *freeze(FOLDER / f"{name}.toml"))
