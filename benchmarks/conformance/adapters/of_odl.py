"""ODL's operators, functionals and ray transforms, with the inner products of their spaces."""

from itertools import pairwise
from typing import Any

import numpy as np

from ..beam_geometry import BeamGeometry
from ..functional import Functional
from ..linear_map import LinearMap
from ..projector_family import ProjectorFamily
from .odl_layout import Layout, layout_of
from .slices import square_slices, stacked_slices

# Steps between tilts that differ by less are the same for ODL's partitions.
_EVEN = 1e-7


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

    Each slice across the tilt axis is a transform of its own, on a space centred at the origin, with
    ODL's default weights: cell volumes in the slice and in the sinogram, so that its adjoint is one with
    respect to these.

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
    ODL's images have axes (first, second) = (x, y) with y upwards and a detector along
    ``(cos φ, sin φ)``; here the slice is turned so that (x, y) = (y, z), and φ is the tilt. Declined are
    tilts out of order, which are no partition; a single one, whose extent is zero; and for the back end of
    scikit-image tilts that are not evenly spaced, as it resamples the sinogram on a uniform partition.
    """

    def make(geometry: BeamGeometry) -> LinearMap:
        operator = _one_slice(impl, geometry)
        domain, series = layout_of(operator.domain), layout_of(operator.range)
        back = operator.adjoint

        def forward(part: np.ndarray) -> np.ndarray:
            # (z, y) to ODL's (y, z); z runs upwards in both.
            return series.array(operator(domain.element(np.ascontiguousarray(part.T))))

        def adjoint(sinogram: np.ndarray) -> np.ndarray:
            return domain.array(back(series.element(sinogram))).T

        return stacked_slices(
            geometry,
            name=name or f"odl.RayTransform({impl})",
            forward=forward,
            adjoint=adjoint,
            domain_weight=domain.weight,
            range_weight=series.weight,
        )

    def declines(geometry: BeamGeometry) -> str | None:
        angles = geometry.angles_deg
        if len(angles) < 2:
            return "ODL's weights need two tilts or more"
        steps = [late - early for early, late in pairwise(angles)]
        if min(steps) <= 0:
            return "ODL wants the tilts in order"
        if impl == "skimage" and max(steps) - min(steps) > _EVEN * max(steps):
            return "this back end of ODL wants the tilts evenly spaced"
        return square_slices(geometry)

    return ProjectorFamily(
        name=name or f"odl.RayTransform({impl})", make=make, declines=declines, accuracy=accuracy
    )


def _one_slice(impl: str, geometry: BeamGeometry) -> Any:
    # This import keeps numpy from printing as ODL wants it to.
    from ....recon.odl_operators import odl

    tomo = odl.applications.tomo
    edge = geometry.spacing_nm
    n, bins = geometry.shape[1], geometry.series_shape[1]
    half = 0.5 * n * edge
    space = odl.uniform_discr([-half, -half], [half, half], (n, n), dtype="float32")
    angles = np.deg2rad(geometry.angles_deg)
    tilts = odl.nonuniform_partition(angles)
    detector = odl.uniform_partition(-0.5 * bins * edge, 0.5 * bins * edge, bins)
    return tomo.RayTransform(space, tomo.Parallel2dGeometry(tilts, detector), impl=impl)
