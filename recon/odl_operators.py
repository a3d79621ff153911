"""Our projector and differences as ODL operators, for any of ODL's solvers."""

from typing import Any

import numpy as np

from ..forward import Projector
from .regularisers.gradient import gradient, gradient_adjoint
from .regularisers.hessian import hessian, hessian_adjoint

# ODL sets the print options of the whole process when it is imported.
_PRINT_OPTIONS = np.get_printoptions()
import odl  # noqa: E402

np.set_printoptions(**_PRINT_OPTIONS)


def volume_space(shape: tuple[int, int, int], spacing_nm: float = 1.0) -> Any:
    """ODL space of float32 volumes (z, y, x), centred on the origin, in nm.

    The weighting is one, so adjoints are transposes and norms are plain sums, whatever the voxel.

    Parameters
    ----------
    shape : tuple of int
        Voxels along (z, y, x).
    spacing_nm : float
        Edge of a voxel, nm.

    Returns
    -------
    odl.DiscretizedSpace

    Examples
    --------
    >>> round(float(volume_space((4, 5, 6), 5.0).one().norm() ** 2), 3)  # the number of voxels
    120.0
    """
    half = 0.5 * spacing_nm * np.array(shape, np.float64)
    return odl.uniform_discr(-half, half, shape, dtype="float32", weighting=1.0)


def series_space(shape: tuple[int, int, int]) -> Any:
    """ODL space of float32 tilt series (tilt, y, x); tilts need not be evenly spaced, so a tensor space."""
    return odl.rn(shape, dtype="float32")


class _Kernels(odl.Operator):
    """A linear operator made of a pair of kernels that fill arrays, with its exact adjoint."""

    def __init__(self, domain: Any, range: Any, twin: "_Kernels | None" = None) -> None:
        super().__init__(domain=domain, range=range, linear=True)
        self._twin = twin

    @property
    def adjoint(self) -> "_Kernels":
        if self._twin is None:
            self._twin = self._transposed()
        return self._twin

    def _transposed(self) -> "_Kernels":
        raise NotImplementedError


class ProjectionOperator(_Kernels):
    """The strip-model projector with detector gains, ``x ↦ g·P x``, as an ODL operator.

    Parameters
    ----------
    projector : Projector
        P.
    domain : odl space
        `volume_space` of (z, y, x); x may be any length.
    gains : ndarray, shape (tilt,), optional
        g; ones when omitted.

    Raises
    ------
    ValueError
        When the domain or the gains do not fit the projector.

    Examples
    --------
    >>> p = Projector(shape=(8, 8), angles_deg=[-30, 0, 30], spacing_nm=5.0)
    >>> A = ProjectionOperator(p, volume_space((8, 8, 4), 5.0))
    >>> x, y = A.domain.one(), A.range.one()
    >>> bool(abs(A(x).inner(y) - x.inner(A.adjoint(y))) < 1e-5 * A(x).inner(y))
    True
    """

    def __init__(self, projector: Projector, domain: Any, gains: np.ndarray | None = None) -> None:
        shape = domain.shape
        if len(shape) != 3 or tuple(shape[:2]) != projector.shape:
            raise ValueError(f"`domain` must have shape {projector.shape} along (z, y), got {tuple(shape)}")
        tilts = projector.angles_deg.size
        values = np.ones(tilts) if gains is None else np.asarray(gains, np.float64)
        if values.shape != (tilts,):
            raise ValueError(f"`gains` must hold one number per tilt: {tilts}, got shape {values.shape}")
        super().__init__(domain, series_space((*projector.series_shape, shape[2])))
        self.projector = projector
        self.gains = values.astype(np.float32)[:, None, None]

    def _call(self, x: Any, out: Any) -> None:
        with out.writable_array() as array:
            array[:] = self.projector.forward(x.asarray())
            array *= self.gains

    def _transposed(self) -> _Kernels:
        return _BackProjection(self)


class _BackProjection(_Kernels):
    def __init__(self, forward: ProjectionOperator) -> None:
        super().__init__(forward.range, forward.domain, forward)
        self._forward = forward

    def _call(self, x: Any, out: Any) -> None:
        with out.writable_array() as array:
            array[:] = self._forward.projector.adjoint(x.asarray() * self._forward.gains)


class _Differences(_Kernels):
    """Components of a difference operator; the range is a flat power space, as `GroupL1Norm` wants."""

    _components = 0
    _fill = _fill_adjoint = staticmethod(lambda array, out: None)

    def __init__(self, domain: Any) -> None:
        if len(domain.shape) != 3:
            raise ValueError(f"`domain` must have axes (z, y, x), got shape {tuple(domain.shape)}")
        super().__init__(domain, domain**self._components)
        self._shape = tuple(domain.shape)

    def _call(self, x: Any, out: Any) -> None:
        field = np.empty((self._components, *self._shape), np.float32)
        self._fill(np.ascontiguousarray(x.asarray(), np.float32), field)
        for part, array in zip(out, field, strict=True):
            with part.writable_array() as target:
                target[:] = array

    def _transposed(self) -> _Kernels:
        return _DifferencesAdjoint(self)


class _DifferencesAdjoint(_Kernels):
    def __init__(self, forward: _Differences) -> None:
        super().__init__(forward.range, forward.domain, forward)
        self._forward = forward

    def _call(self, x: Any, out: Any) -> None:
        field = np.stack([part.asarray() for part in x]).astype(np.float32, copy=False)
        result = np.empty(self._forward._shape, np.float32)
        self._forward._fill_adjoint(field, result)
        with out.writable_array() as array:
            array[:] = result


class GradientOperator(_Differences):
    """Forward differences along z, y, x per voxel, zero at the far faces; ‖∇‖ ≤ √12.

    Parameters
    ----------
    domain : odl space
        `volume_space`.

    Examples
    --------
    >>> D = GradientOperator(volume_space((4, 5, 6)))
    >>> len(D.range), float(D(D.domain.one()).norm())
    (3, 0.0)
    """

    _components = 3
    _fill, _fill_adjoint = staticmethod(gradient), staticmethod(gradient_adjoint)


class HessianOperator(_Differences):
    """Second differences (zz, yy, xx, √2 zy, √2 zx, √2 yx) per voxel; ‖∇²‖ ≤ 12.

    With √2 on the mixed terms the 2-norm of the six components is the Frobenius norm of the Hessian.

    Parameters
    ----------
    domain : odl space
        `volume_space`.

    Examples
    --------
    >>> H = HessianOperator(volume_space((4, 5, 6)))
    >>> len(H.range), float(H(H.domain.one()).norm())
    (6, 0.0)
    """

    _components = 6
    _fill, _fill_adjoint = staticmethod(hessian), staticmethod(hessian_adjoint)
