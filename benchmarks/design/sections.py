"""The tables of a design: specimen, tilts, beam, instrument, imperfections, solver, and what is wanted."""

import inspect
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    Field,
    NonNegativeFloat,
    PositiveFloat,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from ...forward import (
    HOLDERS,
    MICROSCOPES,
    Absorption,
    AcquisitionErrors,
    BeamDamage,
    Contamination,
    Probe,
    SupportGrid,
    TiltScheme,
)
from ...phantoms import PHANTOMS, Grid, Particle, Phantom, make_phantom, rasterise
from ...phantoms.parameters import Parameters
from ...recon import METHODS

LAMBDA_RULES = ("discrepancy", "noise", "cross_validation", "oracle")

FINER = 2
"""Voxels of the truth along each voxel of the reconstruction: data are never made on the solver's grid."""

Share = Annotated[float, Field(gt=0, lt=1)]


class Specimen(Parameters):
    """What lies in the beam: a particle of the library, drawn anew for every replicate, or one given exactly.

    Parameters
    ----------
    particle : str or None
        A name in `PHANTOMS`; None when `analytic` is given.
    options : dict
        Of that particle: ``film = false``, ``body = "crystal"``, ``width_nm = 10.0``...
    analytic : Particle, optional
        A particle as closed formulas, the same in every replicate.
    field_of_view_nm : float
        Edge of the volume, nm; particles of the library scale with it.
    size : int
        Voxels along every edge of the reconstruction, even; the truth has twice as many.
    """

    particle: str | None = "segregated"
    options: dict[str, Any] = Field(default_factory=dict)
    analytic: Particle | None = None
    field_of_view_nm: PositiveFloat = 480.0
    size: Annotated[int, Field(ge=16, le=192, multiple_of=2)] = 64

    @field_validator("particle")
    @classmethod
    def _known_particle(cls, name: str | None) -> str | None:
        if name is not None:
            PHANTOMS[name]
        return name

    @model_validator(mode="before")
    @classmethod
    def _analytic_needs_no_name(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("analytic") is not None and "particle" not in values:
            return {**values, "particle": None}
        return values

    @model_validator(mode="after")
    def _check_together(self) -> "Specimen":
        if (self.particle is None) == (self.analytic is None):
            raise ValueError(
                "give either `particle`, a name in the library, or `analytic`, one exact particle"
            )
        if self.particle is None:
            if self.options:
                raise ValueError(f"`options` belong to a library particle: drop {', '.join(self.options)}")
            return self
        known = inspect.signature(PHANTOMS[self.particle]).parameters
        for name, value in self.options.items():
            taken = [key for key in known if key not in ("rng", "field_of_view_nm")]
            if name not in taken:
                raise ValueError(
                    f"`options.{name}` is no option of {self.particle}: it has {', '.join(taken)}"
                )
            try:
                TypeAdapter(known[name].annotation).validate_python(value, strict=True)
            except ValidationError as error:
                raise ValueError(f"`options.{name}`: {error.errors()[0]['msg']}, got {value!r}") from None
        return self

    @property
    def spacing_nm(self) -> float:
        """Edge of a voxel of the reconstruction, and of a simulated pixel, nm."""
        return self.field_of_view_nm / self.size

    def draw(self, rng: np.random.Generator) -> Phantom:
        """Draw the particle on the grid of the truth, `FINER` times as fine as the reconstruction's."""
        grid = Grid.cube(FINER * self.size, spacing_nm=self.spacing_nm / FINER)
        if self.analytic is not None:
            return rasterise(self.analytic, grid)
        return make_phantom(str(self.particle), grid, rng=rng, **self.options)


class Tilts(Parameters):
    """Which tilts the EDS series takes.

    Parameters
    ----------
    scheme : {"uniform", "saxton", "golden_ratio"}
        As the constructors of `TiltScheme`.
    start_deg, stop_deg : float
        First and last angle, degrees.
    count : int
        Number of tilts.
    order : {"increasing", "decreasing", "from_zero", "dose_symmetric"}
        Order of acquisition; the golden ratio has its own.
    angles_deg : tuple of float, optional
        Explicit angles, instead of scheme, range and count.
    """

    scheme: Literal["uniform", "saxton", "golden_ratio"] = "uniform"
    start_deg: Annotated[float, Field(ge=-90, le=90)] = -70.0
    stop_deg: Annotated[float, Field(ge=-90, le=90)] = 70.0
    count: Annotated[int, Field(ge=1, le=361)] = 15
    order: Literal["increasing", "decreasing", "from_zero", "dose_symmetric"] = "increasing"
    angles_deg: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _check_together(self) -> "Tilts":
        if self.angles_deg is not None:
            given = sorted(self.model_fields_set & {"scheme", "start_deg", "stop_deg", "count"})
            if given:
                raise ValueError(f"`angles_deg` says it all: drop {', '.join(given)}")
        if self.scheme == "golden_ratio" and self.order != "increasing":
            raise ValueError(f"`order` is part of the golden ratio, drop it, got {self.order!r}")
        _ = self.tilt_scheme
        return self

    @cached_property
    def tilt_scheme(self) -> TiltScheme:
        """The scheme itself."""
        if self.angles_deg is not None:
            return TiltScheme(angles_deg=self.angles_deg, order=self.order)
        if self.scheme == "golden_ratio":
            return TiltScheme.golden_ratio(self.start_deg, self.stop_deg, self.count)
        make = TiltScheme.saxton if self.scheme == "saxton" else TiltScheme.uniform
        return make(self.start_deg, self.stop_deg, self.count, order=self.order)


class Beam(Parameters):
    """Beam current and dwell, or a budget of electrons.

    Simulated pixels are those of the reconstruction; they get the fluence of the scan's pixels, so that the
    size of a simulation is no dose.

    Parameters
    ----------
    current_na : float
        Beam current, nA.
    pixel_nm : float
        Pixel of the scan at the microscope, nm.
    dwell_s : float, optional
        Dwell per scan pixel and EDS tilt, s; 0.2 when neither it nor a budget is given.
    total_fluence_e_nm2 : float, optional
        Electrons per nm² over the whole EDS series, in equal shares to every tilt, instead of a dwell.
    adf_dwell_s : float
        Dwell per scan pixel and ADF tilt, s (used where standards are measured).
    overhead_s : float
        Time per tilt for moving, settling and focusing, s; for the time at the microscope only.
    """

    current_na: PositiveFloat = 1.0
    pixel_nm: PositiveFloat = 5.0
    dwell_s: PositiveFloat | None = None
    total_fluence_e_nm2: PositiveFloat | None = None
    adf_dwell_s: PositiveFloat = 20e-6
    overhead_s: NonNegativeFloat = 30.0

    @model_validator(mode="after")
    def _check_together(self) -> "Beam":
        if self.dwell_s is not None and self.total_fluence_e_nm2 is not None:
            raise ValueError("give `dwell_s` or `total_fluence_e_nm2`, not both: each follows from the other")
        return self


class Instrument(Parameters):
    """Microscope, holder and support grid, by name.

    Parameters
    ----------
    microscope : str
        A name in `MICROSCOPES`.
    holder : str
        A name in `HOLDERS`.
    support_grid : SupportGrid, optional
        The grid whose bars may shadow the detectors.
    """

    microscope: str = "osiris"
    holder: str = "blade"
    support_grid: SupportGrid | None = None

    @field_validator("microscope")
    @classmethod
    def _known_microscope(cls, name: str) -> str:
        MICROSCOPES[name]
        return name

    @field_validator("holder")
    @classmethod
    def _known_holder(cls, name: str) -> str:
        HOLDERS[name]
        return name


class Imperfections(Parameters):
    """What a real acquisition has and the plain model leaves out; every one is off until it is given.

    Parameters
    ----------
    absorption : Absorption or bool, optional
        X-rays absorbed in the specimen; True takes the defaults.
    probe, errors, damage, contamination : optional
        As for `Acquisition`.
    """

    absorption: Absorption | None = None
    probe: Probe | None = None
    errors: AcquisitionErrors | None = None
    damage: BeamDamage | None = None
    contamination: Contamination | None = None

    @field_validator("absorption", mode="before")
    @classmethod
    def _absorption_is_on(cls, value: Any) -> Any:
        return (Absorption() if value else None) if isinstance(value, bool) else value


class Inversion(Parameters):
    """How the series is reconstructed; fields as for `reconstruct`.

    Parameters
    ----------
    method : str
        A name in `METHODS`, or an outside solver ``"package.module:object"``.
    lam : float or {"discrepancy", "noise", "cross_validation", "oracle"}
        λ as a fraction of λ_max, or the rule that chooses it; the oracle looks at the truth, which no
        experiment can.
    gains : {"model", "constant_total", "ignore"}
        What is done about shadowing.
    data_term, joint, upper, second_order_share, tgv_ratio, gap, max_iterations
        As for `reconstruct`; None takes its default.
    """

    method: str = "tv2"
    lam: float | str = "discrepancy"
    gains: Literal["model", "constant_total", "ignore"] = "model"
    data_term: Literal["least_squares", "kullback_leibler"] = "least_squares"
    joint: bool = False
    upper: PositiveFloat | None = None
    second_order_share: Share = 0.5
    tgv_ratio: PositiveFloat = 2.0
    gap: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    max_iterations: Annotated[int, Field(ge=1)] = 2000

    @field_validator("lam", mode="before")
    @classmethod
    def _known_rule(cls, value: Any) -> Any:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value in LAMBDA_RULES or (number and 0 < value <= 1):
            return float(value) if number else value
        raise ValueError(f"must be {', '.join(LAMBDA_RULES)}, or a fraction of lambda_max in (0, 1]")

    @field_validator("method")
    @classmethod
    def _known_method(cls, name: str) -> str:
        if ":" not in name:
            METHODS[name]
        return name


class CalibrationPlan(Parameters):
    """Where the cross-sections come from.

    Parameters
    ----------
    cross_sections : {"known", "measured"}
        Take the microscope's own, or calibrate them in every replicate on four standards (ADF tomography
        by TV, EDS at 0°), so that their errors reach the densities.
    adf_tilts : int
        Tilts of the ADF series of a standard.
    adf_range_deg : float
        They run from minus to plus this angle, degrees.
    """

    cross_sections: Literal["known", "measured"] = "known"
    adf_tilts: Annotated[int, Field(ge=3, le=361)] = 29
    adf_range_deg: Annotated[float, Field(gt=0, le=90)] = 70.0


class Wanted(Parameters):
    """The precisions that make a design good enough; the others are not asked for.

    Parameters
    ----------
    zn_fraction_2sigma : float, optional
        Largest ±2σ of the zinc fraction inside single phases, as a mean over particles.
    density_2sigma : float, optional
        Largest ±2σ of the metal density there, nm⁻³.
    zn_fraction_bias, density_bias : float, optional
        Largest modulus of the mean error there.
    mixing_state : float, optional
        Least probability that the mixing state is told right.
    miscibility_limit_error : float, optional
        Largest modulus of the mean error of the miscibility limit.
    cross_section_bias : float, optional
        Largest modulus of the mean relative error of every cross-section.
    interface_width_bias_nm : float, optional
        Largest modulus of the mean error of the interface width, nm.
    """

    zn_fraction_2sigma: PositiveFloat | None = None
    density_2sigma: PositiveFloat | None = None
    zn_fraction_bias: PositiveFloat | None = None
    density_bias: PositiveFloat | None = None
    mixing_state: Share | None = None
    miscibility_limit_error: PositiveFloat | None = None
    cross_section_bias: PositiveFloat | None = None
    interface_width_bias_nm: PositiveFloat | None = None

    @model_validator(mode="after")
    def _something(self) -> "Wanted":
        if not self.given:
            raise ValueError(f"want at least one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def given(self) -> dict[str, float]:
        """What is wanted, by name."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


class Confidence(Parameters):
    """How sure a verdict has to be, and how long to try.

    Parameters
    ----------
    level : float
        Probability with which a verdict (pass or fail of everything wanted together) is right.
    min_replicates, max_replicates : int
        Particles that are simulated at least and at most.
    """

    level: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    min_replicates: Annotated[int, Field(ge=2)] = 4
    max_replicates: Annotated[int, Field(ge=2)] = 100

    @model_validator(mode="after")
    def _check_together(self) -> "Confidence":
        if self.max_replicates < self.min_replicates:
            raise ValueError(
                f"`max_replicates` must be at least the {self.min_replicates} of `min_replicates`, "
                f"got {self.max_replicates}"
            )
        return self
