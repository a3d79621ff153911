"""An acquisition: every choice of how one tilt series is taken."""

import difflib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, PositiveFloat, SerializeAsAny, field_validator, model_validator

from ..phantoms.parameters import Parameters
from .absorption import Absorption
from .acquisition_errors import AcquisitionErrors
from .beam_damage import BeamDamage
from .contamination import Contamination
from .detectors.holder import HOLDERS, Holder
from .detectors.support_grid import SupportGrid
from .microscope import MICROSCOPES, Microscope
from .probe import Probe
from .rutherford import ELEMENTARY_CHARGE_C
from .tilt_scheme import TiltScheme
from .xray_lines import LINES

DEFAULT_LINES = ("Co_Ka", "Co_Kb", "Zn_Ka", "Zn_Kb")

DEFAULT_DWELL_S = {"eds": 0.2, "adf": 20e-6}
"""Dwell per pixel when none is given, s. Assumptions: the published experiment states neither the
current nor the dwell of its tilt series. With 1 nA and pixels of 5 nm they mean 1.25e9 electrons
(5e7 e nm⁻²) per EDS pixel and 1.25e5 electrons (5e3 e nm⁻²) per ADF pixel."""


def electrons_per_pixel(*, beam_current_na: float, dwell_s: float) -> float:
    """Beam electrons per pixel, N_e = i τ / e.

    Parameters
    ----------
    beam_current_na : float
        Beam current, nA.
    dwell_s : float
        Dwell, s per pixel.

    Examples
    --------
    >>> f"{electrons_per_pixel(beam_current_na=1.0, dwell_s=0.2):.3g}"
    '1.25e+09'
    """
    for name, value in (("beam_current_na", beam_current_na), ("dwell_s", dwell_s)):
        if not 0 < value < np.inf:
            raise ValueError(f"`{name}` must be positive, got {value}")
    return beam_current_na * 1e-9 * dwell_s / ELEMENTARY_CHARGE_C


def _named(table: Any) -> BeforeValidator:
    """Take the name of an entry of a table for the entry."""
    return BeforeValidator(lambda value: table[value] if isinstance(value, str) else value)


class Acquisition(Parameters):
    """How one tilt series is taken: beam, angles, detectors, holder, and what goes wrong on the way.

    Everything from `absorption` on is off by default: lines of sight are then straight, sharp and
    unattenuated, and the specimen stays what it was.

    Parameters
    ----------
    scheme : TiltScheme
        Which angles, in which order.
    microscope : Microscope or str
        A microscope or its name in `MICROSCOPES`.
    signal : {"eds", "adf"}, optional
        What is recorded.
    lines : str or sequence of str, optional
        X-ray lines, one channel each (EDS). A single string gives data without a channel axis.
    segments : {"sum", "separate"}, optional
        Add the segments of the EDS detector up, or keep one channel per line and segment,
        ``"Zn_Ka@1"``, ``"Zn_Ka@2"``… by the names of the segments.
    holder : Holder or str, optional
        A holder or its name in `HOLDERS` (EDS). Counts follow the gain of the summed segments
        relative to 0°, where the cross-sections are calibrated.
    support_grid : SupportGrid, optional
        The grid whose bars may shadow the detectors (EDS), as it lies before the specimen is turned
        in its plane.
    beam_current_na : float, optional
        Beam current, nA.
    dwell_s : float or sequence of float, optional
        Dwell per recorded pixel and tilt, s; one per tilt (in the order of `scheme.angles_deg`)
        when it differs. 0.2 for EDS and 20 µs for ADF when omitted. The published experiment states
        neither current nor dwell: both defaults are assumptions.
    binning : int, optional
        Fine voxels per recorded pixel along y and x.
    inverse_crime : bool, optional
        Allow a binning of 1: data simulated on the very grid they are reconstructed on make any
        reconstruction look better than it is.
    in_plane_deg : {0, 90}, optional
        Turn the specimen in its plane before it is tilted: the second series of a dual-axis pair
        (`rotate_in_plane`).
    absorption : Absorption or bool, optional
        Absorb X-rays on their way out of the specimen (EDS); True takes the defaults of `Absorption`.
    probe : Probe, optional
        Width and depth of field of the probe.
    errors : AcquisitionErrors, optional
        Errors of angle, position and current.
    damage : BeamDamage, optional
        Contraction and loss of mass under the beam.
    contamination : Contamination, optional
        Carbon that the beam builds up.

    Raises
    ------
    ValueError
        When a field breaks its rule; one line with field, rule, value and cure.

    Examples
    --------
    >>> acquisition = Acquisition(
    ...     scheme=TiltScheme.uniform(-70, 70, 15), microscope="osiris", holder="wall")
    >>> f"{acquisition.electrons[0]:.3g} electrons per pixel"
    '1.25e+09 electrons per pixel'
    >>> Acquisition(scheme=TiltScheme.uniform(-70, 70, 15), microscope="osiris", dwel_s=1.0)
    Traceback (most recent call last):
        ...
    glasstomo.phantoms.parameters.ParameterError: Acquisition: dwel_s is not a field of Acquisition; \
did you mean 'dwell_s'?
    """

    scheme: TiltScheme
    microscope: Annotated[Microscope, _named(MICROSCOPES)]
    signal: Literal["eds", "adf"] = "eds"
    lines: str | tuple[str, ...] = DEFAULT_LINES
    segments: Literal["sum", "separate"] = "sum"
    holder: Annotated[SerializeAsAny[Holder], _named(HOLDERS)] = HOLDERS["none"]
    support_grid: SupportGrid | None = None
    beam_current_na: PositiveFloat = 1.0
    dwell_s: PositiveFloat | tuple[PositiveFloat, ...] | None = None
    binning: Annotated[int, Field(ge=1)] = 2
    inverse_crime: bool = False
    in_plane_deg: Literal[0, 90] = 0
    absorption: Absorption | None = None
    probe: Probe | None = None
    errors: AcquisitionErrors | None = None
    damage: BeamDamage | None = None
    contamination: Contamination | None = None

    @field_validator("absorption", mode="before")
    @classmethod
    def _absorption_is_on(cls, value: Any) -> Any:
        return (Absorption() if value else None) if isinstance(value, bool) else value

    @field_validator("lines")
    @classmethod
    def _check_lines(cls, lines: str | tuple[str, ...]) -> str | tuple[str, ...]:
        names = (lines,) if isinstance(lines, str) else lines
        if not names:
            raise ValueError("must name at least one X-ray line")
        for index, name in enumerate(names):
            LINES[name]
            if name in names[:index]:
                raise ValueError(f"must differ: {name!r} stands there twice")
        return lines

    @model_validator(mode="after")
    def _check_together(self) -> "Acquisition":
        if self.binning == 1 and not self.inverse_crime:
            raise ValueError(
                "`binning` of 1 simulates on the grid of the reconstruction, which flatters it; "
                "use a finer phantom and binning=2, or say inverse_crime=True"
            )
        if isinstance(self.dwell_s, tuple) and len(self.dwell_s) != self.scheme.count:
            raise ValueError(
                f"`dwell_s` must hold one dwell, or one per tilt: "
                f"{len(self.dwell_s)} dwells for {self.scheme.count} tilts"
            )
        return self

    @property
    def line_names(self) -> tuple[str, ...]:
        """The X-ray lines, always as a tuple."""
        return (self.lines,) if isinstance(self.lines, str) else self.lines

    @property
    def turned_grid(self) -> SupportGrid | None:
        """The support grid as it lies during this series, turned in its plane with the specimen."""
        # Specimens turn from +x towards +y, grids count the other way.
        return None if self.support_grid is None else self.support_grid.turned(-self.in_plane_deg)

    @property
    def dwells_s(self) -> np.ndarray:
        """Dwell per pixel of every tilt, s, float64 (tilt,)."""
        dwell = DEFAULT_DWELL_S[self.signal] if self.dwell_s is None else self.dwell_s
        return np.broadcast_to(np.asarray(dwell, dtype=np.float64), (self.scheme.count,)).copy()

    @property
    def electrons(self) -> np.ndarray:
        """Beam electrons per recorded pixel of every tilt, N_e = i τ / e, float64 (tilt,)."""
        return np.array(
            [electrons_per_pixel(beam_current_na=self.beam_current_na, dwell_s=d) for d in self.dwells_s]
        )

    def relative_gain(
        self, tilts_deg: np.ndarray | Sequence[float], energy_kev: float, *, separate: bool
    ) -> np.ndarray:
        """Gain relative to 0° behind this holder and grid; as `EDSDetector.relative_gain`."""
        return self.microscope.eds.relative_gain(
            tilts_deg,
            holder=self.holder,
            support_grid=self.turned_grid,
            energy_kev=energy_kev,
            separate=separate,
        )

    def fluence_e_nm2(self, pixel_nm: float) -> np.ndarray:
        """Electrons per nm² of every tilt, for recorded pixels of `pixel_nm`; float64 (tilt,)."""
        return self.electrons / pixel_nm**2


def acquisition_of(
    acquisition: Acquisition | None, fields: dict[str, Any], *, own: Sequence[str] = ()
) -> Acquisition:
    """Return the acquisition given, or the one that its fields describe.

    Parameters
    ----------
    acquisition : Acquisition or None
    fields : dict
        Keywords that a function did not know as its own.
    own : sequence of str, optional
        Keywords that it does know, for those who misspell them.

    Raises
    ------
    TypeError
        When both are given, `acquisition` is something else, or a keyword is one of the function's
        own misspelt.
    """
    for name in fields:
        near = [] if name in Acquisition.model_fields else difflib.get_close_matches(name, own, n=1)
        if near:
            raise TypeError(f"{name!r} is no argument; did you mean {near[0]!r}?")
    if acquisition is None:
        return Acquisition(**{key: _plain(value) for key, value in fields.items()})
    if not isinstance(acquisition, Acquisition):
        raise TypeError(f"`acquisition` must be an Acquisition, got {type(acquisition).__name__}")
    if fields:
        raise TypeError(
            f"give an acquisition or its fields, not both: {', '.join(fields)}; "
            "acquisition.replace(...) makes a changed copy"
        )
    return acquisition


def _plain(value: Any) -> Any:
    """Take arrays and lists for tuples, and numpy's numbers for Python's."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
