"""Published fluences at which frameworks and their kin change under the beam, and how a design compares."""

from dataclasses import dataclass

PER_SQUARE_ANGSTROM = 100.0
"""Electrons nm⁻² in one electron Å⁻²."""

PER_C_CM2 = 1.0 / 1.602176634e-19 / 1e14
"""Electrons nm⁻² in one C cm⁻²."""


@dataclass(frozen=True, kw_only=True)
class DamageLimit:
    """A fluence at which something was seen to happen.

    Attributes
    ----------
    material : str
        What was irradiated.
    fluence_e_nm2 : float
        The fluence, e nm⁻².
    effect : str
        What happens there.
    source : str
        Authors, journal and year.
    doi : str
        Of the source.
    """

    material: str
    fluence_e_nm2: float
    effect: str
    source: str
    doi: str


DAMAGE_LIMITS: tuple[DamageLimit, ...] = (
    DamageLimit(
        material="ag ZIF-62 in a composite",
        fluence_e_nm2=10 * PER_SQUARE_ANGSTROM,
        effect="used, for want of a limit, to map the short-range order of the intact glass",
        source="Laulainen et al., Nanoscale 2022",
        doi="10.1039/D2NR03791B",
    ),
    DamageLimit(
        material="ZIF-8",
        fluence_e_nm2=80 * PER_SQUARE_ANGSTROM,
        effect="crystallinity lost",
        source="Gnanasekaran et al., Nano Lett. 24 (2024) 10161",
        doi="10.1021/acs.nanolett.4c02242",
    ),
    DamageLimit(
        material="MFM-300(In)",
        fluence_e_nm2=147 * PER_SQUARE_ANGSTROM,
        effect="crystallinity lost",
        source="Tien et al., J. Mater. Chem. A 2024",
        doi="10.1039/D4TA03302G",
    ),
    DamageLimit(
        material="anthracene, coronene",
        fluence_e_nm2=600 * PER_SQUARE_ANGSTROM,
        effect="crystallinity lost, at 500 kV",
        source="J. Microsc. 105 (1975) 269",
        doi="10.1111/j.1365-2818.1975.tb04059.x",
    ),
    DamageLimit(
        material="MFM-300(Cr)",
        fluence_e_nm2=1111 * PER_SQUARE_ANGSTROM,
        effect="crystallinity lost, after shrinking by up to 10 %",
        source="Tien et al., J. Mater. Chem. A 2024",
        doi="10.1039/D4TA03302G",
    ),
    DamageLimit(
        material="conducting inorganic solids",
        fluence_e_nm2=1000 * PER_C_CM2,
        effect="knock-on displacement usually needs more than this (1000 C cm⁻²)",
        source="Egerton, Microsc. Res. Tech. 75 (2012) 1550",
        doi="10.1002/jemt.22099",
    ),
)
"""By rising fluence, as the abstracts of the sources state them; most do not state the voltage there.

No critical fluence of contraction or loss of mass of a ZIF glass was found. Crystals are the nearest
measured kin: their spots fade while most of the mass is still there, so these are fluences at which
radiolysis begins to matter and not those at which a map of metals becomes wrong.
"""


def compared(total_e_nm2: float, per_tilt_e_nm2: float) -> list[dict[str, object]]:
    """Set the fluence of a series beside each limit.

    Parameters
    ----------
    total_e_nm2, per_tilt_e_nm2 : float
        Fluence of the whole series and of its first tilt, e nm⁻².

    Returns
    -------
    list of dict
        One row for each limit: the limit, ``times`` (total over limit) and ``reached_in_tilt`` (which
        tilt of equal fluence passes it, None when the series ends before).

    Examples
    --------
    >>> row = compared(15 * 5e3, 5e3)[1]
    >>> row["material"], row["times"], row["reached_in_tilt"]
    ('ZIF-8', 9.375, 2)
    """
    rows: list[dict[str, object]] = []
    for limit in DAMAGE_LIMITS:
        times = total_e_nm2 / limit.fluence_e_nm2
        rows.append(
            {
                "material": limit.material,
                "fluence_e_nm2": limit.fluence_e_nm2,
                "times": times,
                "reached_in_tilt": int(limit.fluence_e_nm2 / per_tilt_e_nm2) + 1 if times > 1 else None,
                "effect": limit.effect,
                "source": limit.source,
                "doi": limit.doi,
            }
        )
    return rows
