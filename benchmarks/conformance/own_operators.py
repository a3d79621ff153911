"""Our own linear operators, as the laws see them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...phantoms.table import Table
from .linear_map import LinearMap

_SHAPE = (6, 7, 6)
_PROJECTOR_CLAIMS = frozenset({"positive", "any_layout", "norm"})
_SLICE = (5, 6, 2)
_ANGLES = (-70.0, -35.0, 0.0, 20.0, 45.0, 90.0)

Fill = Callable[[np.ndarray, np.ndarray], None]


def projection(
    shape: tuple[int, int, int] = _SLICE,
    *,
    name: str = "projector",
    gains: tuple[float, ...] | None = None,
    **options: Any,
) -> LinearMap:
    """Return `forward.Projector` as an operator; keywords are its own.

    Parameters
    ----------
    shape : tuple of int
        Voxels along (z, y, x).
    name : str
    gains : tuple of float, optional
        Factor of each tilt.
    **options
        Of `Projector`; six tilts of 5 nm voxels when omitted.

    Examples
    --------
    >>> projection((4, 4, 1), angles_deg=[0.0, 30.0]).range
    (2, 4, 1)
    """
    from ...forward import Projector

    chosen: dict = {"angles_deg": _ANGLES, "spacing_nm": 5.0, **options}
    projector = Projector(shape=shape[:2], **chosen)
    return LinearMap(
        name=name,
        domain=shape,
        range=(*projector.series_shape, shape[2]),
        forward=lambda volume: projector.forward(volume, gains=gains),
        adjoint=lambda series: projector.adjoint(series, gains=gains),
        norm_bound=projector.norm() if gains is None else None,
        claims=_PROJECTOR_CLAIMS if gains is None else _PROJECTOR_CLAIMS - {"norm"},
    )


def projection_normal() -> LinearMap:
    """Return the normal operator PᵀP, on which CGLS and the spectral steps rest."""
    inner = projection(name="projector")
    back = inner.apply_adjoint
    return LinearMap(
        name="projector_normal",
        domain=inner.domain,
        range=inner.domain,
        forward=lambda volume: back(inner.apply(volume)),
        adjoint=lambda volume: back(inner.apply(volume)),
        norm_bound=(inner.norm_bound or 0.0) ** 2,
        claims=frozenset({"positive", "symmetric", "norm"}),
    )


def differences(
    name: str,
    fill: Fill,
    fill_adjoint: Fill,
    *,
    shape: tuple[int, int, int] = _SHAPE,
    inputs: int = 0,
    components: int,
    norm_bound: float,
    claims: frozenset[str],
) -> LinearMap:
    """Return a pair of functions that fill arrays as an operator on volumes (z, y, x).

    Parameters
    ----------
    name : str
    fill, fill_adjoint : callable
        ``fill(array, out)`` overwrites `out`.
    shape : tuple of int
        Voxels along (z, y, x).
    inputs, components : int
        Leading axis of what goes in, 0 for none, and of what comes out.
    norm_bound : float
    claims : frozenset of str
        Of `LinearMap`.
    """
    domain = (inputs, *shape) if inputs else shape
    range_ = (components, *shape)

    def forward(array: np.ndarray) -> np.ndarray:
        out = np.empty(range_, np.float32)
        fill(array, out)
        return out

    def adjoint(array: np.ndarray) -> np.ndarray:
        out = np.empty(domain, np.float32)
        fill_adjoint(array, out)
        return out

    return LinearMap(
        name=name,
        domain=domain,
        range=range_,
        forward=forward,
        adjoint=adjoint,
        norm_bound=norm_bound,
        claims=claims,
    )


_GRADIENT = frozenset({"gradient", "zero_on_constants", "grid_symmetric", "shift_invariant"})
_HESSIAN = frozenset({"hessian", "zero_on_constants", "zero_on_affine", "grid_symmetric", "shift_invariant"})
_STRAIN = frozenset({"symmetrised_gradient", "zero_on_constants", "shift_invariant"})


def gradient_of(shape: tuple[int, int, int], name: str = "gradient") -> LinearMap:
    """Return the forward differences of TV on volumes of a shape; ‖∇‖² ≤ 4 per axis."""
    from ...recon.regularisers.gradient import gradient, gradient_adjoint

    return differences(
        name,
        gradient,
        gradient_adjoint,
        shape=shape,
        components=3,
        norm_bound=np.sqrt(12.0),
        claims=_GRADIENT,
    )


def hessian_of(shape: tuple[int, int, int], name: str = "hessian") -> LinearMap:
    """Return the second differences of TV² on volumes of a shape; ‖∇²‖ ≤ ‖∇‖² ≤ 12."""
    from ...recon.regularisers.hessian import hessian, hessian_adjoint

    return differences(
        name, hessian, hessian_adjoint, shape=shape, components=6, norm_bound=12.0, claims=_HESSIAN
    )


def strain_of(shape: tuple[int, int, int], name: str = "symmetrised_gradient") -> LinearMap:
    """Return the symmetrised differences of TGV² on vector fields of a shape; ‖E‖² ≤ 12."""
    from ...recon.regularisers.symmetrised_gradient import symmetrised_adjoint, symmetrised_gradient

    return differences(
        name,
        symmetrised_gradient,
        symmetrised_adjoint,
        shape=shape,
        inputs=3,
        components=6,
        norm_bound=np.sqrt(12.0),
        claims=_STRAIN,
    )


def from_odl(name: str, operator: Any, **fields: Any) -> LinearMap:
    """Return one of the ODL operators of `recon.odl_operators` as an operator of arrays.

    Parameters
    ----------
    name : str
    operator : odl.Operator
        With an adjoint; between spaces whose weighting is one.
    **fields
        Of `LinearMap`.
    """
    from ...recon.odl_operators import as_array, assign

    def call(mapping: Any, array: np.ndarray) -> np.ndarray:
        element = mapping.domain.element()
        assign(element, array)
        return as_array(mapping(element))

    return LinearMap(
        name=name,
        domain=as_array(operator.domain.zero()).shape,
        range=as_array(operator.range.zero()).shape,
        forward=lambda array: call(operator, array),
        adjoint=lambda array: call(operator.adjoint, array),
        **fields,
    )


def _odl_projection(channels: bool) -> LinearMap:
    from ...forward import Projector
    from ...recon.odl_operators import ProjectionOperator, volume_space

    projector = Projector(shape=(4, 5), angles_deg=(-40.0, 0.0, 65.0), spacing_nm=2.0, bins=6)
    gains = np.array([[0.5, 1.0, 0.0], [0.8, 0.9, 1.1]]) if channels else np.array([0.5, 1.0, 0.0])
    space = volume_space((2, 4, 5, 2) if channels else (4, 5, 2), 2.0)
    name = "odl_projection_of_channels" if channels else "odl_projection"
    return from_odl(name, ProjectionOperator(projector, space, gains), claims=frozenset({"positive"}))


def _odl_differences(name: str, inputs: int, norm_bound: float, claims: frozenset[str]) -> LinearMap:
    from ...recon import odl_operators

    space = odl_operators.volume_space((3, 4, 6))
    classes = {
        "odl_gradient": odl_operators.GradientOperator,
        "odl_hessian": odl_operators.HessianOperator,
        "odl_symmetrised_gradient": odl_operators.SymmetrisedGradientOperator,
    }
    operator = classes[name](space**inputs if inputs else space)
    return from_odl(name, operator, norm_bound=norm_bound, claims=claims)


def _odl_weighted_gradient() -> LinearMap:
    from ...recon.odl_operators import GradientOperator, volume_space

    operator = GradientOperator(volume_space((2, 3, 4, 2)), np.array([0.5, 2.0]))
    bound = 2.0 * np.sqrt(12.0)
    return from_odl(
        "odl_weighted_gradient", operator, norm_bound=bound, claims=frozenset({"zero_on_constants"})
    )


OWN_OPERATORS: Table[Callable[[], LinearMap]] = Table(
    "operator of ours",
    {
        "projector": projection,
        "projector_one_tilt": lambda: projection((5, 4, 2), name="projector_one_tilt", angles_deg=[90.0]),
        "projector_few_bins": lambda: projection((4, 7, 2), name="projector_few_bins", bins=4),
        "projector_wide_bins": lambda: projection(
            name="projector_wide_bins", bins=5, bin_nm=7.5, offsets_nm=[3.0, -2.0, 0.0, 1.0, 10.0, -7.0]
        ),
        "projector_few_weights": lambda: projection(name="projector_few_weights", weights_gib=1e-9),
        "projector_gains": lambda: projection(name="projector_gains", gains=(1.0, 0.0, 0.5, 2.0, 0.9, 1.1)),
        "projector_normal": projection_normal,
        "gradient": lambda: gradient_of(_SHAPE),
        "gradient_of_a_cube": lambda: gradient_of((6, 6, 6), "gradient_of_a_cube"),
        "gradient_of_a_sheet": lambda: gradient_of((1, 5, 2), "gradient_of_a_sheet"),
        "hessian": lambda: hessian_of(_SHAPE),
        "hessian_of_a_cube": lambda: hessian_of((6, 6, 6), "hessian_of_a_cube"),
        "hessian_of_a_sheet": lambda: hessian_of((1, 5, 2), "hessian_of_a_sheet"),
        "symmetrised_gradient": lambda: strain_of(_SHAPE),
        "symmetrised_gradient_of_a_sheet": lambda: strain_of((2, 1, 5), "symmetrised_gradient_of_a_sheet"),
        "odl_projection": lambda: _odl_projection(channels=False),
        "odl_projection_of_channels": lambda: _odl_projection(channels=True),
        "odl_gradient": lambda: _odl_differences("odl_gradient", 0, np.sqrt(12.0), _GRADIENT),
        "odl_hessian": lambda: _odl_differences("odl_hessian", 0, 12.0, _HESSIAN),
        "odl_symmetrised_gradient": lambda: _odl_differences(
            "odl_symmetrised_gradient", 3, np.sqrt(12.0), frozenset()
        ),
        "odl_weighted_gradient": _odl_weighted_gradient,
    },
)
