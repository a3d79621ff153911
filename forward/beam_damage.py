"""Damage by the beam: contraction and loss of mass, each with a critical fluence."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, field_validator, model_validator

from ..phantoms.parameters import Parameters
from .elements import atomic_number

Share = Annotated[float, Field(ge=0, le=1)]


class BeamDamage(Parameters):
    """First-order damage of the specimen; nothing happens until a field is given.

    Parameters
    ----------
    contraction : float, optional
        Linear shrinkage at saturation, as a share of the length: 0.05 ends at 95 % of every length.
    contraction_fluence_e_nm2 : float, optional
        Critical fluence of the contraction, e nm⁻²: 63 % of it are done then. There is no default,
        because it depends on material, voltage and temperature.
    mass_loss : dict of str to float, optional
        Share of each element that is lost at saturation; elements that it does not name stay.
    mass_loss_fluence_e_nm2 : float, optional
        Critical fluence of the loss, e nm⁻².
    prior_fluence_e_nm2 : float, optional
        Fluence that the specimen saw before this series, e nm⁻²: search, focus, another series.

    Raises
    ------
    ValueError
        When a share is outside [0, 1], an element is unknown, or a damage lacks its critical fluence.

    Notes
    -----
    After the fluence F a property that was 1 and ends at 1 − d has become

        1 − d (1 − exp(−F / F_c)),

    the law of processes of first order: every electron has the same chance to damage what is still
    whole [1]_ [2]_. Lengths contract alike in all directions about the centre of the volume. Atoms
    are kept: a specimen of linear scale s has its number densities multiplied by s⁻³, on top of what
    the loss of mass takes away. Left out: dependence on the rate, recovery, changes of shape, and
    differences between the phases of a particle.

    References
    ----------
    .. [1] R. F. Egerton, P. Li, M. Malac, Micron 35 (2004) 399, doi:10.1016/j.micron.2004.02.003
    .. [2] R. F. Egerton, Micron 119 (2019) 72, doi:10.1016/j.micron.2019.01.005

    Examples
    --------
    >>> damage = BeamDamage(contraction=0.1, contraction_fluence_e_nm2=1e6)
    >>> damage.scale([0.0, 1e6, 1e9]).round(3)
    array([1.   , 0.937, 0.9  ])
    >>> BeamDamage(mass_loss={"N": 0.3})
    Traceback (most recent call last):
        ...
    glasstomo.phantoms.parameters.ParameterError: BeamDamage: the whole: mass_loss \
needs its critical fluence, mass_loss_fluence_e_nm2
    """

    contraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    contraction_fluence_e_nm2: PositiveFloat | None = None
    mass_loss: dict[str, Share] = Field(default_factory=dict)
    mass_loss_fluence_e_nm2: PositiveFloat | None = None
    prior_fluence_e_nm2: NonNegativeFloat = 0.0

    @field_validator("mass_loss")
    @classmethod
    def _known_elements(cls, shares: dict[str, float]) -> dict[str, float]:
        for element in shares:
            atomic_number(element)
        return shares

    @model_validator(mode="after")
    def _has_fluences(self) -> "BeamDamage":
        if self.contraction and self.contraction_fluence_e_nm2 is None:
            raise ValueError("contraction needs its critical fluence, contraction_fluence_e_nm2")
        if any(self.mass_loss.values()) and self.mass_loss_fluence_e_nm2 is None:
            raise ValueError("mass_loss needs its critical fluence, mass_loss_fluence_e_nm2")
        return self

    def scale(
        self,
        fluence_e_nm2: np.ndarray | Sequence[float] | float,
        during_e_nm2: np.ndarray | Sequence[float] | float = 0.0,
    ) -> np.ndarray:
        """Linear scale of the specimen after some fluence of this series, 1 at first.

        Parameters
        ----------
        fluence_e_nm2 : float or array_like
            Fluence so far, e nm⁻²; `prior_fluence_e_nm2` is added.
        during_e_nm2 : float or array_like, optional
            Fluence of an exposure that follows, e nm⁻²: the mean over it is returned.

        Returns
        -------
        ndarray of float64
        """
        return 1 - self.contraction * self._done(fluence_e_nm2, during_e_nm2, self.contraction_fluence_e_nm2)

    def mass_left(
        self,
        element: str,
        fluence_e_nm2: np.ndarray | Sequence[float] | float,
        during_e_nm2: np.ndarray | Sequence[float] | float = 0.0,
    ) -> np.ndarray:
        """Share of an element that is left; parameters as for `scale`."""
        lost = self.mass_loss.get(element, 0.0)
        return 1 - lost * self._done(fluence_e_nm2, during_e_nm2, self.mass_loss_fluence_e_nm2)

    def _done(self, fluence_e_nm2, during_e_nm2, critical_e_nm2: float | None) -> np.ndarray:
        """Share of the damage that is done, 0 to 1, on average over the exposure."""
        before, during = np.broadcast_arrays(
            np.asarray(fluence_e_nm2, np.float64) + self.prior_fluence_e_nm2,
            np.asarray(during_e_nm2, np.float64),
        )
        if critical_e_nm2 is None:
            return np.zeros_like(before)
        return mean_done(before / critical_e_nm2, during / critical_e_nm2)


def mean_done(before: np.ndarray, during: np.ndarray) -> np.ndarray:
    """Mean of 1 − exp(−u) for u from `before` to `before` + `during`, both in critical fluences.

    Examples
    --------
    >>> mean_done(np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])).round(4)
    array([0.    , 0.3679, 0.6321])
    """
    # Mean of 1 - exp(-u) from 0 to d: by its series where the difference of two ones would lose digits.
    small = during < 1e-3
    length = np.where(small, 1.0, during)
    fresh = np.where(small, during * (1 / 2 - during / 6 + during**2 / 24), 1 + np.expm1(-length) / length)
    return -np.expm1(-before) + np.exp(-before) * fresh
