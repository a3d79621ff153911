"""Simulated STEM-EDS and ADF tomography of metal-organic-framework glasses.

Data flows one way through five packages, each loaded when it is first used:

phantoms
    the truth: materials, bodies, domains, mixing rules, rasterised phantoms
forward
    the physics: tilt schemes, microscopes, detectors, projector, tilt series
recon
    the inversion: problems, TV and TV² solvers, baselines
metrics
    the judgement: thresholds, cross-section fits, phase diagrams
benchmarks
    the studies: the published experiment, reports, the command line
"""

import importlib
from types import ModuleType

__version__ = "0.1.0"
__all__ = ["__version__", "benchmarks", "forward", "metrics", "phantoms", "recon"]

_PACKAGES = ("phantoms", "forward", "recon", "metrics", "benchmarks")


def __getattr__(name: str) -> ModuleType:
    if name in _PACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}; its packages are {', '.join(_PACKAGES)}"
    )


def __dir__() -> list[str]:
    return sorted([*globals(), *_PACKAGES])
