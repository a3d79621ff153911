"""ODL's operators, functionals and ray transforms, with the inner products of their spaces."""

from typing import Any

import numpy as np

from ..beam_geometry import BeamGeometry
from ..functional import Functional
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily
from .odl_layout import Layout, layout_of
from .slices import square_slices, stacked_slices


def odl_operator(operator: Any, *, name: str | None = None) -> LinearMap:
    """Turn a linear ODL operator into an operator of arrays, with the weights of its spaces.

    Parameters
    ----------
    operator : odl.Operator
        Linear, between spaces of tensors or products of such.
    name : str, optional
        How reports call it, its class when omitted.

    Raises
    ------
    ValueError
        When it is not linear, or a space has no inner product that is a weighted sum.

    Examples
    --------
    >>> from glasstomo.recon.odl_operators import odl
    >>> gradient = odl_operator(odl.Gradient(odl.uniform_discr(0, 2, 4)))
    >>> gradient.range, gradient.domain_weight
    ((1, 4), 0.5)
    """
    title = name or f"odl.{type(operator).__name__}"
    if not operator.is_linear:
        raise ValueError(f"an operator must be linear, got {title}, which says that it is not")
    domain = layout_of(operator.domain)
    if not hasattr(operator.range, "shape"):
        raise ValueError(f"the range of {title} must be a space of arrays, got {operator.range}")
    target = layout_of(operator.range)
    adjoint = _given(lambda: operator.adjoint)
    return LinearMap(
        name=title,
        domain=domain.shape,
        range=target.shape,
        forward=lambda x: target.array(operator(domain.element(x))),
        adjoint=None if adjoint is None else lambda y: domain.array(adjoint(target.element(y))),
        dtype=domain.dtype,
        domain_weight=domain.weight,
        range_weight=target.weight,
    )


def odl_functional(
    functional: Any, *, name: str | None = None, smooth: bool | None = None, nonnegative: bool = False
) -> Functional:
    """Turn an ODL functional into one of arrays: value, proximal step, conjugate and gradient.

    All are with respect to the inner product of its space, as ODL defines them.

    Parameters
    ----------
    functional : odl.functionals.Functional
        Convex.
    name : str, optional
        How reports call it, its class when omitted.
    smooth : bool, optional
        Whether its ``gradient`` is one; when omitted, where ODL states a Lipschitz constant of it. ODL
        gives norms a ``gradient`` as well, which is a subgradient.
    nonnegative : bool
        Whether it is meant for arguments ≥ 0 only.

    Examples
    --------
    >>> from glasstomo.recon.odl_operators import odl
    >>> norm = odl_functional(odl.functionals.L1Norm(odl.rn(2)))
    >>> norm.value(np.array([3.0, -4.0])), norm.prox(np.array([3.0, -4.0]), 1.0).tolist()
    (7.0, [2.0, -3.0])
    """
    layout = layout_of(functional.domain)
    conjugate = _given(lambda: functional.convex_conj)
    # The default conjugate of ODL has no value: only its proximal step is known.
    valued = conjugate is not None and type(conjugate).__name__ != "FunctionalDefaultConvexConjugate"
    smooth = bool(np.isfinite(functional.grad_lipschitz)) if smooth is None else smooth
    gradient = _given(lambda: functional.gradient) if smooth else None
    return Functional(
        name=name or f"odl.{type(functional).__name__}",
        domain=layout.shape,
        value=lambda x: float(functional(layout.element(x))),
        prox=_step(_given(lambda: functional.proximal), layout),
        conjugate=None if not valued else lambda p: float(conjugate(layout.element(p))),  # pyright: ignore[reportOptionalCall]
        conjugate_prox=None if conjugate is None else _step(_given(lambda: conjugate.proximal), layout),
        gradient=None if gradient is None else lambda x: layout.array(gradient(layout.element(x))),
        dtype=layout.dtype,
        weight=layout.weight,
        nonnegative=nonnegative,
    )


def _step(factory: Any, layout: Layout) -> Any:
    """Proximal step of a factory of ODL's; None where there is none."""
    if factory is None or _given(lambda: factory(1.0)) is None:
        return None
    return lambda x, step: layout.array(factory(float(step))(layout.element(x)))


def _given(get: Any) -> Any:
    """What ODL gives, None where it says that it is not implemented."""
    try:
        return get()
    except NotImplementedError:
        return None


def ray_transform(impl: str, *, name: str | None = None, accuracy: float = 0.02) -> ProjectorFamily:
    """Make the family of ``odl.applications.tomo.RayTransform`` of parallel beams in square slices.

    Parameters
    ----------
    impl : {"astra_cpu", "skimage"}
        ODL's back end.
    name : str, optional
        How reports call it.
    accuracy : float
        As for `ProjectorFamily`.

    Notes
    -----
    Partitions of ODL hold angles in order, its back end of scikit-image wants them evenly spaced, and
    returns NaN for a single one, between which it cannot interpolate. Therefore every tilt of every slice is
    a transform of its own, of that tilt and one a radian further, of which only the first is used: its row
    is picked, and the other one of the adjoint's argument is zero. Spaces have ODL's default weights, the
    areas of cells; the adjoint is one with respect to these. ODL's images have axes (x, y) with a detector
    along ``(cos φ, sin φ)``; here (x, y) = (y, z), and φ is the tilt.
    """
    title = name or f"odl.RayTransform({impl})"

    def make(geometry: BeamGeometry) -> LinearMap:
        transforms = [_of_one_tilt(impl, geometry, angle) for angle in geometry.angles_deg]
        pairs = [(transform, transform.adjoint) for transform in transforms]
        domain, view = layout_of(transforms[0].domain), layout_of(transforms[0].range)

        def forward(part: np.ndarray) -> np.ndarray:
            # (z, y) to ODL's (y, z); z runs upwards in both.
            image = np.ascontiguousarray(part.T)
            return np.stack([view.array(there(there.domain.element(image)))[0] for there, _ in pairs])

        def adjoint(sinogram: np.ndarray) -> np.ndarray:
            summed = np.zeros(domain.shape, np.float64)
            for (_, back), row in zip(pairs, sinogram, strict=True):
                views = np.zeros(view.shape, np.float32)
                views[0] = row
                summed += domain.array(back(back.domain.element(views)))
            return summed.T

        return stacked_slices(
            geometry,
            name=title,
            forward=forward,
            adjoint=adjoint,
            domain_weight=domain.weight,
            range_weight=view.weight,
        )

    def declines(geometry: BeamGeometry) -> str | None:
        if impl == "skimage" and geometry.series_shape[1] < 2:
            return "this back end of ODL interpolates between two bins or more"
        return square_slices(geometry)

    return ProjectorFamily(name=title, make=make, declines=declines, accuracy=accuracy)


def _of_one_tilt(impl: str, geometry: BeamGeometry, angle_deg: float) -> Any:
    # This import keeps numpy from printing as ODL wants it to.
    from ....recon.odl_operators import odl

    tomo = odl.applications.tomo
    edge, angle = geometry.spacing_nm, float(np.deg2rad(angle_deg))
    n, bins = geometry.shape[1], geometry.series_shape[1]
    half = 0.5 * n * edge
    space = odl.uniform_discr([-half, -half], [half, half], (n, n), dtype="float32")
    tilt = odl.uniform_partition(angle - 0.5, angle + 1.5, 2)
    detector = odl.uniform_partition(-0.5 * bins * edge, 0.5 * bins * edge, bins)
    return tomo.RayTransform(space, tomo.Parallel2dGeometry(tilt, detector), impl=impl)
