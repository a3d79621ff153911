"""Solvers of other packages, on the objective of a problem."""

from typing import Any

import numpy as np

from .peer_component import PeerComponent
from .solver import Answer, Solver

_GAP, _SECONDS = 1e-2, 3.0


def peer_solver(name: str) -> Solver:
    """Make the solver of one of `PEERS`: a package's own primal–dual method with its own operators.

    Parameters
    ----------
    name : str
        In `benchmarks.peers.PEERS`, of one that has a solver of total variation.

    Notes
    -----
    These methods stop after as many iterations as they are told and say nothing of the minimum. Here they
    run until their volume is within a hundredth of the certified minimum of `reference_minimum`, or for
    three seconds, and count as converged in the former case only: what the laws then ask of them is that
    they solve the problem that they were given. ODL's own is not among those of the kit, as its gradient
    refuses axes of one voxel; `solve_odl` runs it on our operators.
    """

    def run(problem: Any) -> Answer:
        from ..peer_watch import Watch
        from ..peers import PEERS, load
        from ..plain_steps import plain_steps
        from .reference_minimum import minimum

        class Keeping(Watch):
            """Keeps what gives the volume of the last iteration."""

            latest: Any = None

            def __call__(self, volume: Any) -> None:
                self.latest = volume
                super().__call__(volume)

        best = minimum(problem)
        watch = Keeping(problem=problem, bound=best.objective - best.slack, gap=_GAP, seconds=_SECONDS)
        watch.run(load(PEERS[name].solver)(problem, plain_steps(problem), 1))
        # The box is projected onto in another variable than the last one in some of them.
        return Answer(volume=np.maximum(watch.latest(), 0.0), converged=watch.reached)

    return Solver(
        name=f"{name}: primal-dual",
        run=run,
        variational=True,
        gap=2 * _GAP,
        claims=frozenset({"nonnegative"}),
    )


PEER_SOLVERS: dict[str, PeerComponent] = {
    "scipy_pdhg": PeerComponent(
        summary="textbook primal–dual method in numpy with SciPy's sparse matrices",
        modules=("scipy",),
        install="pip install scipy",
        build=lambda: peer_solver("scipy"),
        versions="scipy 1.17.1",
    ),
    "pyproximal_primal_dual": PeerComponent(
        summary="PyProximal's PrimalDual with PyLops' matrix and gradient",
        modules=("pylops", "pyproximal"),
        install="pip install pyproximal",
        build=lambda: peer_solver("pyproximal"),
        versions="pylops 2.8.0, pyproximal 0.13.0",
    ),
}
