"""A design: an acquisition to be judged before it is booked."""

import difflib
import hashlib
import json
from typing import Any

from pydantic import BaseModel, model_validator

from ...forward import HOLDERS, MICROSCOPES, Acquisition
from ...forward.rutherford import ELEMENTARY_CHARGE_C
from ...phantoms.parameters import ParameterError, Parameters
from .sections import (
    FINER,
    Beam,
    CalibrationPlan,
    Confidence,
    Imperfections,
    Instrument,
    Inversion,
    Specimen,
    Tilts,
    Wanted,
)

LINES = ("Co_Ka", "Zn_Ka")
"""X-ray lines that are mapped."""

DEFAULT_DWELL_S = 0.2
"""Dwell per scan pixel and EDS tilt when neither it nor a budget is given, s (an assumption: the published
experiment states none)."""

# What a design says about itself or asks for moves no result.
_WORDS = {"title", "description", "wanted", "confidence"}

WANTED = Wanted(zn_fraction_2sigma=0.03, density_2sigma=1.0, mixing_state=0.95, interface_width_bias_nm=None)
"""Wanted when a design does not say: what the published experiment reached in zinc fraction, half of its
±2 nm⁻³ in density, and the mixing state told right for 19 particles of 20."""


class Design(Parameters):
    """An acquisition with its specimen, its solver, and the precision wanted of it.

    Parameters
    ----------
    title, description : str
        For readers.
    specimen : Specimen
    tilts : Tilts
    beam : Beam
    instrument : Instrument
    imperfections : Imperfections
    reconstruction : Inversion
    calibration : CalibrationPlan
    wanted : Wanted
    confidence : Confidence

    Raises
    ------
    ValueError
        When a field breaks its rule; one line with the dotted field, rule, value and cure.

    Examples
    --------
    >>> design = Design(tilts={"count": 31}, beam={"total_fluence_e_nm2": 7.5e8})
    >>> f"{design.fluence_e_nm2:.3g} e/nm2 in each of {design.acquisition.scheme.count} tilts"
    '2.42e+07 e/nm2 in each of 31 tilts'
    >>> design.with_field("beam.total_fluence_e_nm2", 7.5e9).key == design.key
    False
    >>> Design(tilts={"cuont": 31})
    Traceback (most recent call last):
        ...
    glasstomo.phantoms.parameters.ParameterError: Design: tilts.cuont is not a field of Tilts; \
did you mean 'count'?
    """

    title: str = ""
    description: str = ""
    specimen: Specimen = Specimen()
    tilts: Tilts = Tilts()
    beam: Beam = Beam()
    instrument: Instrument = Instrument()
    imperfections: Imperfections = Imperfections()
    reconstruction: Inversion = Inversion()
    calibration: CalibrationPlan = CalibrationPlan()
    wanted: Wanted = WANTED
    confidence: Confidence = Confidence()

    @model_validator(mode="after")
    def _check_together(self) -> "Design":
        if self.calibrates and self.specimen.size < 32:
            raise ValueError(
                "`specimen.size` must be at least 32 where cross-sections are measured, "
                f"got {self.specimen.size}"
            )
        # Anything that the acquisition itself refuses is refused here, before a run.
        _ = self.acquisition
        return self

    @property
    def calibrates(self) -> bool:
        """Whether every replicate measures the cross-sections on standards."""
        return self.calibration.cross_sections == "measured" or self.wanted.cross_section_bias is not None

    @property
    def dwell_s(self) -> float:
        """Dwell per scan pixel and EDS tilt, s."""
        beam = self.beam
        if beam.total_fluence_e_nm2 is None:
            return DEFAULT_DWELL_S if beam.dwell_s is None else beam.dwell_s
        electrons = beam.total_fluence_e_nm2 / self.tilts.tilt_scheme.count * beam.pixel_nm**2
        return electrons * ELEMENTARY_CHARGE_C / (beam.current_na * 1e-9)

    @property
    def fluence_e_nm2(self) -> float:
        """Electrons per nm² in each EDS tilt."""
        beam = self.beam
        if beam.total_fluence_e_nm2 is not None:
            return beam.total_fluence_e_nm2 / self.tilts.tilt_scheme.count
        return beam.current_na * 1e-9 * self.dwell_s / ELEMENTARY_CHARGE_C / beam.pixel_nm**2

    @property
    def total_fluence_e_nm2(self) -> float:
        """Electrons per nm² over the whole EDS series."""
        return self.fluence_e_nm2 * self.tilts.tilt_scheme.count

    @property
    def minutes(self) -> float:
        """Time of the EDS series at the microscope, min: scans of the field of view and overheads."""
        pixels = (self.specimen.field_of_view_nm / self.beam.pixel_nm) ** 2
        return self.tilts.tilt_scheme.count * (pixels * self.dwell_s + self.beam.overhead_s) / 60.0

    @property
    def acquisition(self) -> Acquisition:
        """The EDS series, on the simulated pixels."""
        instrument, imperfections = self.instrument, self.imperfections
        return Acquisition(
            scheme=self.tilts.tilt_scheme,
            microscope=MICROSCOPES[instrument.microscope],
            signal="eds",
            lines=LINES,
            holder=HOLDERS[instrument.holder],
            support_grid=instrument.support_grid,
            beam_current_na=self.beam.current_na,
            # The fluence of the scan's pixels, on pixels of another size.
            dwell_s=self.dwell_s * (self.specimen.spacing_nm / self.beam.pixel_nm) ** 2,
            binning=FINER,
            absorption=imperfections.absorption,
            probe=imperfections.probe,
            errors=imperfections.errors,
            damage=imperfections.damage,
            contamination=imperfections.contamination,
        )

    @property
    def key(self) -> str:
        """Stable name, 16 hexadecimal digits, of everything in the design that moves a result."""
        content = self.model_dump(mode="json", exclude=_WORDS)
        return stable_key({**content, "calibrates": self.calibrates})

    def with_field(self, path: str, value: Any) -> "Design":
        """Return a copy with one field changed, validated anew.

        Parameters
        ----------
        path : str
            Dotted: ``"tilts.count"``, ``"specimen.options.width_nm"``,
            ``"imperfections.errors.tilt_sigma_deg"``.
        value : object
            The new value; None gives the field back its default.

        Raises
        ------
        ValueError
            When there is no such field, or the value breaks its rule.
        """
        return self.with_fields({path: value})

    def with_fields(self, changes: dict[str, Any]) -> "Design":
        """Return a copy with several fields changed together, as `with_field`."""
        content = _given(self)
        for path, value in changes.items():
            _put(self, content, path, value)
        return type(self)(**content)


def stable_key(content: Any) -> str:
    """Return 16 hexadecimal digits that depend on the content alone, not on order, process or machine."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _given(noun: BaseModel) -> dict[str, Any]:
    """Return the fields that were given, and what tells the noun from others of its kind."""
    own = noun.model_fields_set | ({"kind"} & type(noun).model_fields.keys())
    return {name: getattr(noun, name) for name in own}


def _put(design: Design, content: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at a dotted path of nested tables, which start from what the design has there."""
    *tables, last = path.split(".")
    noun: type[BaseModel] | None = type(design)
    place, now = content, design
    for name in tables:
        _check_name(noun, name, path)
        inner = place.get(name, getattr(now, name, None))
        noun = type(inner) if isinstance(inner, BaseModel) else _noun_of(noun, name)
        now = inner
        place[name] = _given(inner) if isinstance(inner, BaseModel) else dict(inner or {})
        place = place[name]
    _check_name(noun, last, path)
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value


def _check_name(noun: type[BaseModel] | None, name: str, path: str) -> None:
    """Refuse a name that the noun lacks; tables that are no noun take any."""
    if noun is None or name in noun.model_fields:
        return
    near = difflib.get_close_matches(name, noun.model_fields, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known fields: {', '.join(noun.model_fields)}"
    raise ParameterError("Design", [(path, f" is no field of a design: {name!r} in it; {hint}")])


def _noun_of(noun: type[BaseModel] | None, name: str) -> type[BaseModel] | None:
    """Return the noun of a field, where there is exactly one."""
    if noun is None:
        return None
    annotation = noun.model_fields[name].annotation
    kinds = [annotation, *getattr(annotation, "__args__", ())]
    nouns = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return nouns[0] if len(nouns) == 1 else None
