"""Linear operators of other packages, and the laws that they are known to break."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .adapters.adaption import adapt
from .drawn_array import DrawnArray
from .peer_component import KnownBreak, PeerComponent

_ODL, _PYLOPS, _SCICO = "pip install odl", "pip install pylops", "pip install scico"


def _odl(make: Callable[[Any], Any], **options: Any) -> Callable[[], Any]:
    """Make the component from ODL, imported so that numpy prints as before."""

    def made() -> Any:
        from ...recon.odl_operators import odl

        return adapt(make(odl), **options)

    return made


def _pylops(make: Callable[[Any], Any], **options: Any) -> Callable[[], Any]:
    def made() -> Any:
        import pylops  # pyright: ignore[reportMissingImports]

        return adapt(make(pylops), **options)

    return made


def _scico(make: Callable[[Any], Any], **options: Any) -> Callable[[], Any]:
    def made() -> Any:
        from scico import linop  # pyright: ignore[reportMissingImports]

        return adapt(make(linop), **options)

    return made


def _plane(odl: Any, n: int = 4) -> Any:
    """Space of pixels that are no squares, so that weights and spacings show."""
    return odl.uniform_discr([0, 0], [2, 1], (n + 1, n), dtype="float32")


def _scipy() -> Any:
    from scipy.sparse.linalg import aslinearoperator

    return adapt(aslinearoperator(_sparse()), name="scipy.LinearOperator")


def _sparse() -> Any:
    import scipy.sparse as sparse

    return sparse.random_array((4, 5), density=0.5, rng=np.random.default_rng(0), format="csr")


PEER_OPERATORS: dict[str, PeerComponent] = {
    "odl_gradient": PeerComponent(
        summary="ODL's Gradient on pixels of 0.4 by 0.25",
        modules=("odl",),
        install=_ODL,
        build=_odl(lambda odl: odl.Gradient(_plane(odl), pad_mode="symmetric"), claims={"zero_on_constants"}),
        versions="odl 1.0.0",
    ),
    "odl_laplacian": PeerComponent(
        summary="ODL's Laplacian, zero beyond the edge",
        modules=("odl",),
        install=_ODL,
        build=_odl(lambda odl: odl.Laplacian(_plane(odl)), claims={"symmetric"}),
        versions="odl 1.0.0",
    ),
    "odl_resampling": PeerComponent(
        summary="ODL's Resampling to a grid twice as fine",
        modules=("odl",),
        install=_ODL,
        build=_odl(
            lambda odl: odl.Resampling(
                _plane(odl), odl.uniform_discr([0, 0], [2, 1], (10, 8), dtype="float32"), "nearest"
            )
        ),
        breaks={
            "adjoint": KnownBreak(
                kind="approximation",
                cause="`adjoint` resamples back, and its documentation calls it approximate",
                source="https://github.com/odlgroup/odl/blob/master/odl/core/discr/discr_ops.py",
                reported=True,
                case={"x": DrawnArray((5, 4), ((0, 1.0),)), "y": DrawnArray((10, 8), ((0, 1.0),))},
            )
        },
        versions="odl 1.0.0",
    ),
    "pylops_gradient": PeerComponent(
        summary="PyLops' Gradient, forward differences",
        modules=("pylops",),
        install=_PYLOPS,
        build=_pylops(
            lambda pylops: pylops.Gradient((4, 3, 2), edge=False, kind="forward", dtype="float32"),
            claims={"gradient", "zero_on_constants", "grid_symmetric", "shift_invariant"},
        ),
        versions="pylops 2.8.0",
    ),
    "pylops_first_derivative": PeerComponent(
        summary="PyLops' FirstDerivative, centred, of fifth order, with edges",
        modules=("pylops",),
        install=_PYLOPS,
        build=_pylops(
            lambda pylops: pylops.FirstDerivative((7, 3), axis=0, kind="centered", order=5, edge=True)
        ),
        versions="pylops 2.8.0",
    ),
    "pylops_laplacian": PeerComponent(
        summary="PyLops' Laplacian",
        modules=("pylops",),
        install=_PYLOPS,
        build=_pylops(lambda pylops: pylops.Laplacian((5, 4), axes=(0, 1))),
        versions="pylops 2.8.0",
    ),
    "pylops_fft2d": PeerComponent(
        summary="PyLops' FFT2D, complex",
        modules=("pylops",),
        install=_PYLOPS,
        build=_pylops(lambda pylops: pylops.signalprocessing.FFT2D((4, 3), dtype="complex128")),
        versions="pylops 2.8.0",
    ),
    "scipy_linear_operator": PeerComponent(
        summary="a sparse matrix as SciPy's LinearOperator",
        modules=("scipy",),
        install="pip install scipy",
        build=_scipy,
        versions="scipy 1.17.1",
    ),
    "scipy_sparse": PeerComponent(
        summary="a sparse array of SciPy",
        modules=("scipy",),
        install="pip install scipy",
        build=lambda: adapt(_sparse()),
        versions="scipy 1.17.1",
    ),
    "scico_finite_difference": PeerComponent(
        summary="SCICO's FiniteDifference, zero beyond the far edge",
        modules=("scico",),
        install=_SCICO,
        build=_scico(lambda linop: linop.FiniteDifference((4, 3), append=0)),
        versions="scico 0.0.7",
    ),
    "scico_dft": PeerComponent(
        summary="SCICO's DFT, complex",
        modules=("scico",),
        install=_SCICO,
        build=_scico(lambda linop: linop.DFT((4, 3))),
        versions="scico 0.0.7",
    ),
}
