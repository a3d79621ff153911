"""Our projector and differences as ODL operators, for any of ODL's solvers."""

from typing import Any

import numpy as np

from ..forward import Projector
from .regularisers.gradient import gradient, gradient_adjoint
from .regularisers.hessian import hessian, hessian_adjoint
from .regularisers.symmetrised_gradient import symmetrised_adjoint, symmetrised_gradient

# ODL sets the print options of the whole process when it is imported.
_PRINT_OPTIONS = np.get_printoptions()
import odl  # noqa: E402

np.set_printoptions(**_PRINT_OPTIONS)


def volume_space(shape: tuple[int, ...], spacing_nm: float = 1.0) -> Any:
    """ODL space of float32 volumes (z, y, x), centred on the origin, in nm; a power of it for channels.

    The weighting is one, so adjoints are transposes and norms are plain sums, whatever the voxel.

    Parameters
    ----------
    shape : tuple of int
        Voxels along (z, y, x), or (channel, z, y, x).
    spacing_nm : float
        Edge of a voxel, nm.

    Returns
    -------
    odl.DiscretizedSpace, or a power space of it

    Examples
    --------
    >>> round(float(volume_space((4, 5, 6), 5.0).one().norm() ** 2), 3)  # the number of voxels
    120.0
    >>> len(volume_space((2, 4, 5, 6)))
    2
    """
    if len(shape) == 4:
        return volume_space(shape[1:], spacing_nm) ** shape[0]
    half = 0.5 * spacing_nm * np.array(shape, np.float64)
    return odl.uniform_discr(-half, half, shape, dtype="float32", weighting=1.0)


def series_space(shape: tuple[int, ...]) -> Any:
    """ODL space of float32 series ([channel,] tilt, y, x): a tensor space, as tilts may be uneven."""
    return odl.rn(shape, dtype="float32")


def as_array(element: Any) -> np.ndarray:
    """Contiguous float32 array of an element; a leading axis counts the parts of a flat power space.

    Parameters
    ----------
    element : odl element
        Of a space of arrays, or of a power of one.

    Returns
    -------
    ndarray of float32
        May share memory with the element.

    Examples
    --------
    >>> as_array(volume_space((2, 4, 5, 6)).one()).shape
    (2, 4, 5, 6)
    """
    if isinstance(element.space, odl.ProductSpace):
        return np.stack([part.asarray() for part in element]).astype(np.float32, copy=False)
    return np.ascontiguousarray(element.asarray(), np.float32)


def assign(element: Any, array: np.ndarray) -> None:
    """Copy an array, of the layout of `as_array`, into an element."""
    if isinstance(element.space, odl.ProductSpace):
        for part, values in zip(element, array, strict=True):
            assign(part, values)
    else:
        with element.writable_array() as target:
            target[:] = array


class ArrayOperator(odl.Operator):
    """A linear operator made of a pair of functions of arrays, with its exact adjoint.

    Parameters
    ----------
    domain, range : odl spaces
        Of arrays, or flat powers of one.
    fill, fill_adjoint : callable
        ``fill(array)`` returns the result as an array, ``fill_adjoint`` that of the transpose.

    Examples
    --------
    >>> space = series_space((1, 2, 2))
    >>> twice = ArrayOperator(space, space, lambda a: 2 * a, lambda a: 2 * a)
    >>> float(twice(space.one()).inner(space.one())), twice.adjoint.adjoint is twice
    (8.0, True)
    """

    def __init__(self, domain: Any, range: Any, fill: Any, fill_adjoint: Any) -> None:
        super().__init__(domain=domain, range=range, linear=True)
        self._fill, self._fill_adjoint = fill, fill_adjoint
        self._twin: ArrayOperator | None = None

    def _call(self, x: Any, out: Any) -> None:
        assign(out, self._fill(as_array(x)))

    @property
    def adjoint(self) -> "ArrayOperator":
        """The exact transpose."""
        if self._twin is None:
            self._twin = ArrayOperator(self.range, self.domain, self._fill_adjoint, self._fill)
            self._twin._twin = self
        return self._twin


class ProjectionOperator(ArrayOperator):
    """The strip-model projector with detector gains, ``x ↦ g·P x``, as an ODL operator.

    Parameters
    ----------
    projector : Projector
        P.
    domain : odl space
        `volume_space` of (z, y, x) or (channel, z, y, x); x may be any length.
    gains : ndarray, shape (tilt,) or (channel, tilt), optional
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
        channels, shape = _channels_and_shape(domain, 1)
        if shape[:2] != projector.shape:
            raise ValueError(f"`domain` must have shape {projector.shape} along (z, y), got {shape}")
        tilts = projector.angles_deg.size
        values = np.ones(tilts) if gains is None else np.asarray(gains, np.float64)
        if values.shape not in {(tilts,), (*channels, tilts)}:
            raise ValueError(f"`gains` must hold one number per tilt: {tilts}, got shape {values.shape}")
        self.projector = projector
        self.gains = values.astype(np.float32)[..., None, None]
        series = (*channels, *projector.series_shape, shape[2])
        super().__init__(domain, series_space(series), self._project, self._back_project)

    def _project(self, volume: np.ndarray) -> np.ndarray:
        if volume.ndim == 3:
            return self.projector.forward(volume) * self.gains
        return np.stack([self.projector.forward(part) for part in volume]) * self.gains

    def _back_project(self, series: np.ndarray) -> np.ndarray:
        series = series * self.gains
        if series.ndim == 3:
            return self.projector.adjoint(series)
        return np.stack([self.projector.adjoint(part) for part in series])


class _Differences(ArrayOperator):
    """Differences of each channel, weighted; the range is one flat power space, channel by channel."""

    _inputs, _components = 1, 0
    _kernel = _kernel_adjoint = staticmethod(lambda array, out: None)

    def __init__(self, domain: Any, channel_weights: np.ndarray | None = None) -> None:
        channels, self._shape = _channels_and_shape(domain, self._inputs)
        self._channels = channels[0] if channels else 1
        self._gamma = None
        if channel_weights is not None:
            gamma = np.asarray(channel_weights, np.float32)
            if gamma.shape != (self._channels,):
                raise ValueError(
                    f"`channel_weights` must hold {self._channels} numbers, one per channel, "
                    f"got shape {gamma.shape}"
                )
            self._gamma = gamma[:, None, None, None, None]
        flat = (domain[0] if isinstance(domain, odl.ProductSpace) else domain) ** (
            self._channels * self._components
        )
        super().__init__(domain, flat, self._differences, self._transpose)

    def _differences(self, volume: np.ndarray) -> np.ndarray:
        inputs = (self._inputs,) if self._inputs > 1 else ()
        field = np.empty((self._channels, self._components, *self._shape), np.float32)
        for part, out in zip(volume.reshape(self._channels, *inputs, *self._shape), field, strict=True):
            self._kernel(part, out)
        if self._gamma is not None:
            field *= self._gamma
        return field.reshape(-1, *self._shape)

    def _transpose(self, field: np.ndarray) -> np.ndarray:
        inputs = (self._inputs,) if self._inputs > 1 else ()
        volume = np.empty((self._channels, *inputs, *self._shape), np.float32)
        field = field.reshape(self._channels, self._components, *self._shape)
        if self._gamma is not None:
            field = self._gamma * field
        for part, out in zip(field, volume, strict=True):
            self._kernel_adjoint(part, out)
        single = not isinstance(self.domain, odl.ProductSpace)
        return volume[0] if single else volume.reshape(-1, *self._shape)


class GradientOperator(_Differences):
    """Forward differences along z, y, x per voxel, zero at the far faces; ‖∇‖ ≤ √12.

    Parameters
    ----------
    domain : odl space
        `volume_space`.
    channel_weights : ndarray, shape (channel,), optional
        Multiply the differences of each channel; ones when omitted.

    Examples
    --------
    >>> D = GradientOperator(volume_space((4, 5, 6)))
    >>> len(D.range), float(D(D.domain.one()).norm())
    (3, 0.0)
    """

    _components = 3
    _kernel, _kernel_adjoint = staticmethod(gradient), staticmethod(gradient_adjoint)


class HessianOperator(_Differences):
    """Second differences (zz, yy, xx, √2 zy, √2 zx, √2 yx) per voxel; ‖∇²‖ ≤ 12.

    With √2 on the mixed terms the 2-norm of the six components is the Frobenius norm of the Hessian.

    Parameters
    ----------
    domain : odl space
        `volume_space`.
    channel_weights : ndarray, shape (channel,), optional
        Multiply the differences of each channel; ones when omitted.

    Examples
    --------
    >>> H = HessianOperator(volume_space((4, 5, 6)))
    >>> len(H.range), float(H(H.domain.one()).norm())
    (6, 0.0)
    """

    _components = 6
    _kernel, _kernel_adjoint = staticmethod(hessian), staticmethod(hessian_adjoint)


class SymmetrisedGradientOperator(_Differences):
    """Symmetrised differences of a vector field, (zz, yy, xx, √2 zy, √2 zx, √2 yx) per voxel.

    ``E ∇x`` is the Hessian of `HessianOperator`; see `symmetrised_gradient`.

    Parameters
    ----------
    domain : odl space
        ``volume_space(shape) ** 3``; with channels ``** (3 * channels)``, channel by channel.
    channel_weights : ndarray, shape (channel,), optional
        Multiply the differences of each channel; ones when omitted.

    Examples
    --------
    >>> E = SymmetrisedGradientOperator(volume_space((4, 5, 6)) ** 3)
    >>> len(E.range), float(E(E.domain.one()).norm())
    (6, 0.0)
    """

    _inputs, _components = 3, 6
    _kernel = staticmethod(symmetrised_gradient)
    _kernel_adjoint = staticmethod(symmetrised_adjoint)


def _channels_and_shape(domain: Any, inputs: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(channel,) or (), and (z, y, x), of a power space that holds `inputs` volumes per channel."""
    power = isinstance(domain, odl.ProductSpace)
    if power and not domain.is_power_space:
        raise ValueError(f"`domain` must be a `volume_space` or a power of one, got {domain}")
    shape = tuple((domain[0] if power else domain).shape)
    parts = len(domain) if power else 1
    if len(shape) != 3:
        raise ValueError(f"`domain` must have axes (z, y, x), got shape {shape}")
    if parts % inputs:
        raise ValueError(f"`domain` must hold {inputs} volumes per channel, got {parts} in all")
    return (((parts // inputs),) if power else ()), shape
