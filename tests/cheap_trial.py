"""A trial that costs nothing, and a client that runs a study of it: for tests that kill processes.

The client is a process of its own: ``python cheap_trial.py OUT [--workers N] [--scheduler ADDRESS]``.
"""

import argparse
import hashlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

NAP, LOG, MISCHIEF = "CHEAP_NAP", "CHEAP_LOG", "CHEAP_MISCHIEF"


def trial(design, *, replicate: int, seed: int, scores) -> dict[str, Any]:
    """A row that depends on the call alone, after a nap; the log says who began what."""
    path = os.environ.get(LOG)
    if path:
        with open(path, "a") as log:
            log.write(f"{os.getpid()} {design.key} {replicate}\n")
    time.sleep(float(os.environ.get(NAP, "0")))
    if os.environ.get(MISCHIEF):
        mischief(design, replicate)
    digest = hashlib.sha256(f"{design.key} {replicate} {seed}".encode()).digest()
    return {
        "replicate": replicate,
        "seed": seed,
        "design_key": design.key,
        "tilts": design.tilts.count,
        "zn_fraction_2sigma": int.from_bytes(digest[:6]) / 2**48,
        "mixing_state": "segregated",
        "seconds": time.process_time(),
    }


def mischief(design, replicate: int) -> None:
    """What can go wrong with a cell, each with a cell of its own."""
    if design.tilts.count != 5:
        return
    if replicate == 0:
        raise KeyError("zinc")
    if replicate == 1 and "kill" in os.environ[MISCHIEF]:
        os.kill(os.getpid(), signal.SIGKILL)
    if replicate == 2:
        sys.exit("a plug-in that thinks it is a program")


def study(replicates: int = 6, seed: int = 3):
    """Four settings by some replicates."""
    from glasstomo.benchmarks.study.study import Study

    return Study(
        name="cheap",
        seed=seed,
        replicates=replicates,
        scores=("precision",),
        design={"specimen": {"size": 16}},
        factors=({"field": "tilts.count", "values": (5, 7, 9)},),
        methods=({"label": "tv", "set": {"method": "tv"}}, {"label": "tv2", "set": {"method": "tv2"}}),
    )


def main() -> int:
    """Run the study, as the command line does."""
    import cheap_trial
    from glasstomo.benchmarks.progress import RichProgress
    from glasstomo.benchmarks.study.run_study import run_study
    from glasstomo.benchmarks.study.study_command import show_summary

    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--scheduler")
    parser.add_argument("--replicates", type=int, default=6)
    parser.add_argument("--retry-failed", action="store_true")
    options = vars(parser.parse_args())
    asked = cheap_trial.study(options.pop("replicates"))
    try:
        with RichProgress() as progress:
            summary = run_study(
                asked, options.pop("out"), trial=cheap_trial.trial, progress=progress, **options
            )
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return show_summary(summary, as_json=False)


if __name__ == "__main__":
    sys.exit(main())
