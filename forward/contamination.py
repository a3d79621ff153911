"""Hydrocarbon contamination: carbon that the beam builds up on what it scans."""

from collections.abc import Sequence

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from ..phantoms.parameters import Parameters
from .beam_damage import mean_done


class Contamination(Parameters):
    """Carbon fixed by the beam from adsorbed molecules; nothing grows until a field is given.

    Parameters
    ----------
    adsorbed_nm : float, optional
        Thickness of carbon that the molecules on the specimen at the start can become, nm.
    growth_nm : float, optional
        Thickness that molecules arriving during the series add per critical fluence, nm, once a
        steady state is reached.
    critical_fluence_e_nm2 : float, optional
        Fluence 1/σ after which an adsorbed molecule is fixed with a chance of 63 %, e nm⁻². There is
        no default: it depends on the molecules and on the voltage.
    prior_fluence_e_nm2 : float, optional
        Fluence that the field saw before this series, e nm⁻².

    Raises
    ------
    ValueError
        When a thickness is negative, or the critical fluence is missing.

    Notes
    -----
    The coverage n with molecules and the deposited thickness t obey the rate equations of
    electron-beam-induced deposition [1]_ [2]_,

        dn/dT = supply − σ f n,    dt/dT = V σ f n,

    here with a constant supply per electron, no desorption, and surface diffusion as part of that
    supply. With F = ∫ f dT, F_c = 1/σ, t_a = `adsorbed_nm` and t_g = `growth_nm` they give

        t(F) = (t_a − t_g) (1 − exp(−F/F_c)) + t_g F/F_c :

    a layer that runs out (t_g = 0), a constant rate (t_a = t_g), and all between. The layer is flat,
    lies over the whole field, specimen or not, parallel to the support film, and is made of carbon
    (half of it on each face, where X-rays are absorbed in it);
    thicker rims along the edge of the scan, where diffusing molecules arrive first, are left out.

    References
    ----------
    .. [1] I. Utke, P. Hoffmann, J. Melngailis, J. Vac. Sci. Technol. B 26 (2008) 1197,
       doi:10.1116/1.2955728
    .. [2] M. Toth et al., Beilstein J. Nanotechnol. 6 (2015) 1518, doi:10.3762/bjnano.6.157

    Examples
    --------
    >>> layer = Contamination(adsorbed_nm=4.0, critical_fluence_e_nm2=1e7)
    >>> layer.thickness_nm([0.0, 1e7, 1e9]).round(2)
    array([0.  , 2.53, 4.  ])
    """

    adsorbed_nm: NonNegativeFloat = 0.0
    growth_nm: NonNegativeFloat = 0.0
    critical_fluence_e_nm2: PositiveFloat | None = None
    prior_fluence_e_nm2: NonNegativeFloat = 0.0

    @model_validator(mode="after")
    def _has_fluence(self) -> "Contamination":
        if (self.adsorbed_nm or self.growth_nm) and self.critical_fluence_e_nm2 is None:
            raise ValueError("adsorbed_nm and growth_nm need critical_fluence_e_nm2")
        return self

    def thickness_nm(
        self,
        fluence_e_nm2: np.ndarray | Sequence[float] | float,
        during_e_nm2: np.ndarray | Sequence[float] | float = 0.0,
    ) -> np.ndarray:
        """Thickness of carbon after some fluence of this series.

        Parameters
        ----------
        fluence_e_nm2 : float or array_like
            Fluence so far, e nm⁻²; `prior_fluence_e_nm2` is added.
        during_e_nm2 : float or array_like, optional
            Fluence of an exposure that follows, e nm⁻²: the mean over it is returned.

        Returns
        -------
        ndarray of float64
            Thickness, nm.
        """
        before, during = np.broadcast_arrays(
            np.asarray(fluence_e_nm2, np.float64) + self.prior_fluence_e_nm2,
            np.asarray(during_e_nm2, np.float64),
        )
        if self.critical_fluence_e_nm2 is None:
            return np.zeros_like(before)
        before, during = before / self.critical_fluence_e_nm2, during / self.critical_fluence_e_nm2
        fixed = (self.adsorbed_nm - self.growth_nm) * mean_done(before, during)
        return fixed + self.growth_nm * (before + during / 2)
