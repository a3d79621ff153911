"""A problem of the league: what is simulated, how often, and what a solver may spend on it."""

import re
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, field_validator, model_validator

from ...phantoms.parameters import Parameters
from ..design.design import Design, stable_key
from ..experiment import STANDARDS

STANDARD_ELEMENTS = {builder: element for element, (builder, _) in STANDARDS.items()}
"""Element of each particle of the library that can calibrate a cross-section."""

SOLVED = {"particle": 1.0, "standard": 0.01}
"""Primary score at or below which a problem counts as solved: a phase diagram displaced by the published
precision (Collins et al., doi:10.1063/1.5120093), and a cross-section within 1 %."""

PRIMARY = {"particle": "phase_diagram_distance", "standard": "cross_section_error"}
"""Score that an entry is ranked by, by the kind of problem; lower is better for both."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class LeagueProblem(Parameters):
    """One frozen problem.

    Parameters
    ----------
    name : str
        Lower case, digits and underscores.
    version : int
        Raised whenever anything is changed that moves a result; results of two versions never mix.
    title, question : str
        For readers.
    difficulty : {"easy", "moderate", "hard", "unsolved"}
        Easy: plain iterations solve it (`solved`); moderate: regularised methods do; hard: few do; unsolved:
        no entry does.
    kind : {"particle", "standard"}
        An EDS series of a particle of two metals, judged by its phase diagram; or an ADF series of a
        calibration standard, judged by the cross-section that follows from its thickness.
    design : Design
        Specimen, tilts, beam, instrument, imperfections. A standard takes the tilts and
        ``beam.adf_dwell_s`` for its ADF series and the dwell or fluence for its EDS maps at 0°.
    seed : int
        Of all particles and of all noise.
    replicates : int
        Particles, each with its own noise.
    seconds : float
        Core seconds that one solve may take.
    memory_gb : float
        Resident memory that it may take, GB.
    digests : tuple of str
        Of the data of each replicate (`data_digest`) as they were frozen; empty where the seed is secret.

    Raises
    ------
    ValueError
        When a field breaks its rule; one line with field, rule, value and cure.

    Examples
    --------
    >>> problem = LeagueProblem(name="small", design={"specimen": {"size": 16}}, replicates=1)
    >>> problem.primary, problem.with_seed(7).seed, problem.with_seed(7).key == problem.key
    ('phase_diagram_distance', 7, False)
    """

    name: str
    version: Annotated[int, Field(ge=1)] = 1
    title: str = ""
    question: str = ""
    difficulty: Literal["easy", "moderate", "hard", "unsolved"] = "moderate"
    kind: Literal["particle", "standard"] = "particle"
    design: Design = Design()
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    replicates: Annotated[int, Field(ge=1, le=100)] = 3
    seconds: PositiveFloat = 30.0
    memory_gb: PositiveFloat = 4.0
    digests: tuple[str, ...] = ()

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("must be lower case letters, digits and underscores, beginning with a letter")
        return name

    @model_validator(mode="after")
    def _check_together(self) -> "LeagueProblem":
        particle = self.design.specimen.particle
        if self.kind == "standard" and particle not in STANDARD_ELEMENTS:
            raise ValueError(
                f"`design.specimen.particle` of a standard must be one of {', '.join(STANDARD_ELEMENTS)}, "
                f"got {particle!r}"
            )
        if self.kind == "particle" and particle in STANDARD_ELEMENTS:
            raise ValueError(
                f"`design.specimen.particle` {particle!r} is a standard, which has no phase diagram; "
                "set kind = 'standard'"
            )
        if self.digests and len(self.digests) != self.replicates:
            raise ValueError(
                f"`digests` must hold one for each of {self.replicates} replicates, got {len(self.digests)}"
            )
        return self

    @property
    def key(self) -> str:
        """Stable name, 16 hexadecimal digits, of everything that moves a result."""
        return stable_key(
            {
                "name": self.name,
                "version": self.version,
                "kind": self.kind,
                "design": self.design.key,
                "seed": self.seed,
                "seconds": self.seconds,
                "memory_gb": self.memory_gb,
            }
        )

    @property
    def primary(self) -> str:
        """Column that entries are ranked by."""
        return PRIMARY[self.kind]

    @property
    def solved(self) -> float:
        """Primary score at or below which an answer solves it; see `SOLVED`."""
        return SOLVED[self.kind]

    def with_seed(self, seed: int) -> "LeagueProblem":
        """Return the problem with other particles and other noise, whose data nobody has frozen."""
        return self.replace(seed=seed, digests=())

    def with_seconds(self, seconds: float) -> "LeagueProblem":
        """Return the problem with another budget, and the same data."""
        return self.replace(seconds=seconds)
