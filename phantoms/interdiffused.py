"""Mixing rule: two phases that diffused into each other."""

from typing import ClassVar, Literal

from pydantic import PositiveFloat

from .couple import Couple


class Interdiffused(Couple):
    """Two phases after interdiffusion across their interface.

    Parameters
    ----------
    first, second : Phase
        The phases before they met.
    diffusion_length_nm : float
        ℓ = 2√(D t), nm, with the diffusivity D and the time t.

    Notes
    -----
    The share of the first phase is erfc(d/ℓ)/2 with d the signed distance to the interface: the
    exact solution of ∂c/∂t = D∇²c for a plane interface in an unbounded medium with one constant D
    (Crank, The Mathematics of Diffusion, 1975, eq. 2.14). For a curved interface it neglects terms
    of order ℓ × curvature, and the surface of the body does not hold the flux back.

    Examples
    --------
    >>> from glasstomo.phantoms import Phase
    >>> rule = Interdiffused(
    ...     first=Phase(name="co", formula_units={"ZIF-4-Co": 1.0}, metal_density_nm3=5.0),
    ...     second=Phase(name="zn", formula_units={"ZIF-62": 1.0}, metal_density_nm3=6.0),
    ...     diffusion_length_nm=40.0,
    ... )
    >>> rule.formula_units(0.0)
    array([2.5, 3. ])
    """

    mixing_state: ClassVar[str] = "interdiffused"

    kind: Literal["interdiffused"] = "interdiffused"
    diffusion_length_nm: PositiveFloat

    @property
    def erf_length_nm(self) -> float:
        """Length ℓ of the error function, nm."""
        return self.diffusion_length_nm
