"""ASTRA's strip projector slice by slice, alone and under ODL's primal–dual solver."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ..recon import Problem
from .peer_watch import Watch
from .peers import Projections
from .plain_steps import PlainSteps


def projections(problem: Problem, threads: int = 1, *, stored: bool = False) -> Projections:
    """ASTRA's area-weighted strips: the same weights as ours, computed on the fly or `stored` in its matrix.

    ASTRA's 2D algorithms use one thread; slices are shared out to `threads` of Python's.
    """
    import astra  # pyright: ignore[reportMissingImports]

    _, ny, _ = problem.shape
    tilts = problem.angles_deg.size
    grid = astra.create_vol_geom(problem.shape[0], ny)
    # ASTRA's vertical axis points to lower rows, ours to higher z.
    beams = astra.create_proj_geom("parallel", 1.0, ny, -np.deg2rad(problem.angles_deg))
    strips = astra.create_projector("strip", beams, grid)
    if stored:
        matrix = astra.projector.matrix(strips)
        beams = astra.create_proj_geom("sparse_matrix", 1.0, ny, -np.deg2rad(problem.angles_deg), matrix)
        strips = astra.create_projector("sparse_matrix", beams, grid)
    pool = ThreadPoolExecutor(threads)

    def apply(kind: str, images: np.ndarray, sinograms: np.ndarray) -> None:
        def one(index: int) -> None:
            image = astra.data2d.link("-vol", grid, images[index])
            # A sinogram of its matrix cannot be linked.
            holder = astra.data2d.create if stored else astra.data2d.link
            sinogram = holder("-sino", beams, sinograms[index])
            settings = astra.astra_dict(kind)
            settings["ProjectorId"] = strips
            settings["ProjectionDataId"] = sinogram
            settings["VolumeDataId" if kind == "FP" else "ReconstructionDataId"] = image
            task = astra.algorithm.create(settings)
            astra.algorithm.run(task)
            if stored and kind == "FP":
                sinograms[index] = astra.data2d.get(sinogram)
            astra.algorithm.delete(task)
            astra.data2d.delete([image, sinogram])

        list(pool.map(one, range(len(images))))

    def forward(volume: np.ndarray) -> np.ndarray:
        images = np.ascontiguousarray(volume.transpose(2, 0, 1))
        sinograms = np.zeros((len(images), tilts, ny), np.float32)
        apply("FP", images, sinograms)
        sinograms *= np.float32(problem.spacing_nm)
        return np.ascontiguousarray(sinograms.transpose(1, 2, 0))

    def adjoint(series: np.ndarray) -> np.ndarray:
        sinograms = np.ascontiguousarray(series.transpose(2, 0, 1))
        images = np.zeros((len(sinograms), *problem.shape[:2]), np.float32)
        apply("BP", images, sinograms)
        images *= np.float32(problem.spacing_nm)
        return np.ascontiguousarray(images.transpose(1, 2, 0))

    return Projections(forward=forward, adjoint=adjoint)


def solver(
    problem: Problem, steps: PlainSteps, threads: int = 1, *, stored: bool = False
) -> Callable[[Watch], None]:
    """ODL's `pdhg` with ODL's own gradient, functionals and proxes, and ASTRA's projector.

    Its weights are computed on the fly unless they are to be `stored`.
    """
    from ..recon.odl_operators import odl, series_space, volume_space

    # Voxels of edge one: ODL's gradient then is a difference per voxel, as ours.
    space = volume_space(problem.shape, 1.0)
    series = series_space(problem.data.shape)
    root = np.sqrt(problem.weights)
    factor = root * problem.column_gain / np.float32(steps.data_norm)
    data = operator_class(odl)(projections(problem, threads, stored=stored), factor, space, series)
    differences = odl.Gradient(space, method="forward", pad_mode="symmetric")
    operator = odl.BroadcastOperator(data, differences / steps.field_norm)
    target = series.element(root * problem.data / np.float32(steps.data_norm))
    misfit = 0.5 * steps.data_norm**2 * odl.functionals.L2NormSquared(series).translated(target)
    penalty = problem.lam * steps.field_norm * odl.functionals.GroupL1Norm(differences.range)
    f, h = odl.functionals.IndicatorNonnegativity(space), odl.functionals.SeparableSum(misfit, penalty)

    def run(watch: Watch) -> None:
        odl.solvers.pdhg(
            space.zero(),
            f,
            h,
            operator,
            10**9,
            tau=steps.tau,
            sigma=steps.sigma,
            callback=lambda x: watch(lambda: x.asarray()),
        )

    return run


def operator_class(odl: Any) -> type:
    """Return the class of a peer's projector, scaled by a factor per pixel, as an ODL operator."""

    class Weighted(odl.Operator):
        def __init__(self, peer: Projections, factor: np.ndarray, domain: Any, range: Any) -> None:
            super().__init__(domain=domain, range=range, linear=True)
            self.peer, self.factor = peer, factor

        def _call(self, x: Any, out: Any) -> None:
            with out.writable_array() as array:
                array[:] = self.factor * self.peer.forward(x.asarray())

        @property
        def adjoint(self) -> Any:
            return Transposed(self)

    class Transposed(odl.Operator):
        def __init__(self, twin: Weighted) -> None:
            super().__init__(domain=twin.range, range=twin.domain, linear=True)
            self.twin = twin

        def _call(self, x: Any, out: Any) -> None:
            with out.writable_array() as array:
                array[:] = self.twin.peer.adjoint(self.twin.factor * x.asarray())

        @property
        def adjoint(self) -> Any:
            return self.twin

    return Weighted
