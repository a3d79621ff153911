"""Other packages that do what we do: what each can do, what it needs, and why it declines.

Every peer lives in a module of its own, imported only where its package is installed.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A package, or two that work together.

    Parameters
    ----------
    modules : tuple of str
        What it needs to be importable.
    install : str
        How to get it.
    projector : str, optional
        ``module:function`` here; the function takes a problem and a number of threads and returns
        `Projections`.
    solver : str, optional
        ``module:function`` here; the function takes a problem, `PlainSteps` and a number of threads
        and returns a function that runs until the `Watch` that it is given stops it.
    regularisers : tuple of str
        Those that the solver has.
    note : str
        What a reader of its figures has to know.
    """

    modules: tuple[str, ...]
    install: str
    projector: str | None = None
    solver: str | None = None
    regularisers: tuple[str, ...] = ("tv",)
    note: str = ""

    def missing(self) -> str | None:
        """Say in a sentence why it cannot run here; None when it can."""
        absent = [name for name in self.modules if importlib.util.find_spec(name) is None]
        if absent:
            return f"{' and '.join(absent)} not installed: {self.install}"
        for name in self.modules:
            try:
                importlib.import_module(name)
            except Exception as error:
                return f"{name} cannot be imported: {type(error).__name__}: {error}"
        return None


PEERS: dict[str, Peer] = {
    "scipy": Peer(
        modules=("scipy",),
        install="pip install scipy",
        projector="peer_scipy:projections",
        solver="peer_scipy:solver",
        note="sparse matrix times rows, one thread; plain PDHG in numpy",
    ),
    "astra": Peer(
        modules=("astra",),
        install="pip install 'glasstomo[peers]'",
        projector="peer_astra:projections",
        note="strip kernel on the CPU, slice by slice",
    ),
    "odl_astra": Peer(
        modules=("odl", "astra"),
        install="pip install 'glasstomo[peers]'",
        solver="peer_astra:solver",
        note="ODL's PDHG and gradient, ASTRA's projector",
    ),
    "scikit_image": Peer(
        modules=("skimage",),
        install="pip install scikit-image",
        projector="peer_skimage:projections",
        note="radon and iradon without a filter: another operator",
    ),
    "pyproximal": Peer(
        modules=("pylops", "pyproximal"),
        install="pip install pylops pyproximal",
        solver="peer_pyproximal:solver",
        note="its primal-dual method, pylops matrix and gradient",
    ),
    "svmbir": Peer(
        modules=("svmbir",),
        install="pip install svmbir",
        solver="peer_svmbir:solver",
        regularisers=(),
        note="coordinate descent with its own prior (qGGMRF): another objective, so no gap",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Projections:
    """A peer's projector: what to call, and how much of the volume one call does.

    Parameters
    ----------
    forward, adjoint : callable
        Volume (z, y, x) to series (tilt, y, x) and back, of `slices` slices along x.
    slices : int, optional
        Where it is less than the volume has, times are scaled; all when omitted.
    """

    forward: Callable[[np.ndarray], np.ndarray]
    adjoint: Callable[[np.ndarray], np.ndarray]
    slices: int | None = None


def load(path: str | None) -> Any:
    """Return what a peer's ``module:function`` names."""
    module, _, name = str(path).partition(":")
    return getattr(importlib.import_module(f".{module}", __package__), name)
