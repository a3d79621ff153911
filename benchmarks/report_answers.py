"""What was asked of a run, what it found, how sure it is, and whether the truth agrees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .labels import known, line_label, number, particle_name

Particle = Mapping[str, Any]
_DASH = "–"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One row of the report's first table; all but `right` is text.

    Parameters
    ----------
    asked, of : str
        The question, and of which microscope or particle it is asked.
    found, sure : str
        The answer, and its interval or confidence as the run knows it without the truth.
    true : str
        What is so.
    right : bool or None
        Whether the answer, with its interval, agrees with the truth; None where nothing can be compared.
    verdict : str
        How the last column says so.
    """

    asked: str
    of: str
    found: str
    sure: str = _DASH
    true: str = _DASH
    right: bool | None = None
    verdict: str = ""

    def as_text(self) -> dict[str, str]:
        """Return the row as the template shows it."""
        words = self.verdict or {True: "yes", False: "no", None: _DASH}[self.right]
        mark, css = {True: ("✓ ", "held"), False: ("✗ ", "missed"), None: ("", "soft")}[self.right]
        return {
            "asked": self.asked,
            "of": self.of,
            "found": self.found,
            "sure": self.sure,
            "true": self.true,
            "mark": mark + words,
            "css": css,
        }


def answers(summary: Mapping[str, Any]) -> list[Answer]:
    """Return the answers that a summary holds; what it does not hold is left out.

    Parameters
    ----------
    summary : mapping
        The content of ``summary.json``.

    Examples
    --------
    >>> line = {"true_barn": 3.38, "fit_barn": 3.40, "standard_error_barn": 0.02}
    >>> [answer] = answers({"calibration": {"osiris": {"Co_Ka": line}}})
    >>> answer.found, answer.sure, answer.right
    ('Co Kα 3.40 barn', '±1.2 %', True)
    """
    found = []
    for microscope, lines in summary.get("calibration", {}).items():
        found.append(cross_sections(microscope, lines))
        if all("linearity" in one for one in lines.values()):
            found.append(linearity(microscope, lines))
    for name, particle in summary.get("particles", {}).items():
        of = particle_name(name)
        for make in (state, phases, limit, counts_limit, width, counts_width, voxel, distance):
            answer = make(of, particle)
            if answer is not None:
                found.append(answer)
    return found


def cross_sections(microscope: str, lines: Mapping[str, Mapping[str, Any]]) -> Answer:
    """Answer how many X-rays an atom yields."""
    values = {line: (one["fit_barn"], *interval_barn(one), one["true_barn"]) for line, one in lines.items()}
    reach = [50 * (high - low) / fit for fit, low, high, _ in values.values()]
    held = sum(low <= true <= high for _, low, high, true in values.values())
    # At the true 95 %, one interval of four misses in two calibrations of ten.
    return Answer(
        asked="How many X-rays does one atom yield?",
        of=microscope.capitalize(),
        found=f"{', '.join(f'{line_label(line)} {fit:.2f}' for line, (fit, *_) in values.items())} barn",
        sure=f"±{span(reach, 2)} %",
        true=", ".join(f"{true:.2f}" for *_, true in values.values()),
        right=held >= len(values) - 1,
        verdict=f"{held} of {len(values)} in the interval",
    )


def linearity(microscope: str, lines: Mapping[str, Mapping[str, Any]]) -> Answer:
    """Answer whether thick places count in full."""
    tests = [one["linearity"] for one in lines.values()]
    straight = sum(test["linear"] for test in tests)
    seen = [100 * test["detectable_beyond"] for test in tests if known(test["detectable_beyond"])]
    # Nothing is absorbed in the simulation. At the level of 5 %, one line of four may seem curved.
    return Answer(
        asked="Do thick places count in full?",
        of=microscope.capitalize(),
        found="yes" if straight == len(tests) else f"{straight} of {len(tests)} lines",
        sure=f"a loss of {span(seen, 1)} % would be seen" if seen else _DASH,
        true="yes",
        right=straight >= len(tests) - 1,
    )


def interval_barn(one: Mapping[str, Any]) -> tuple[float, float]:
    """Return the 95 % interval of a cross-section; from its standard error where it stands alone."""
    if "interval_barn" in one:
        low, high = one["interval_barn"]
        return low, high
    reach = 1.96 * one["standard_error_barn"]
    return one["fit_barn"] - reach, one["fit_barn"] + reach


def state(of: str, particle: Particle) -> Answer:
    """Answer whether the metals mixed."""
    found, true = particle["mixing_state"], particle["mixing_state_true"]
    confidence = particle.get("mixing_state_confidence")
    likeliest = particle.get("mixing_state_likeliest", found)
    return Answer(
        asked="Did the metals mix?",
        of=of,
        found=str(found),
        sure=f"{'' if likeliest == found else f'{likeliest}: '}{percent(confidence)}"
        if known(confidence)
        else _DASH,
        true=str(true),
        right=None if found == "undecided" else found == true,
        verdict="not decided" if found == "undecided" else "",
    )


def percent(share: float) -> str:
    """Write a probability; one that is all but sure is not written as certain.

    Examples
    --------
    >>> percent(0.934), percent(0.9997)
    ('93 %', 'over 99 %')
    """
    return "over 99 %" if share > 0.99 else f"{100 * share:.0f} %"


def phases(of: str, particle: Particle) -> Answer | None:
    """Answer how many phases there are."""
    found, true = particle.get("phases_found"), particle.get("phases_true")
    if found is None:
        return None
    return Answer(
        asked="How many phases are there?",
        of=of,
        found=str(found),
        true=str(true),
        right=found == true,
    )


def limit(of: str, particle: Particle) -> Answer | None:
    """Answer from which zinc fraction on the phases part."""
    return limit_answer(of, particle, "miscibility_limit", "")


def counts_limit(of: str, particle: Particle) -> Answer | None:
    """Answer the same without a reconstruction in between."""
    if not known(particle.get("miscibility_limit_from_counts")):
        return None
    return limit_answer(of, particle, "miscibility_limit_from_counts", " (from the counts)")


def limit_answer(of: str, particle: Particle, key: str, how: str) -> Answer | None:
    """Return the answer on the limit that stands under a key."""
    true, found = particle.get("miscibility_limit_true"), particle.get(key)
    if not known(true) and not known(found):
        return None
    error = particle.get(f"{key}_standard_error")
    ends = (found - 1.96 * error, found + 1.96 * error) if known(found) and known(error) else None
    asked = f"From which zinc fraction on do the phases part{how}?"
    return interval_answer(asked, of, found, ends, true, decimals=3)


def width(of: str, particle: Particle) -> Answer | None:
    """Answer how wide the interface is."""
    return width_answer(of, particle, "interface_width", "10–90 %")


def counts_width(of: str, particle: Particle) -> Answer | None:
    """Answer the same without a reconstruction in between."""
    if not known(particle.get("interface_width_from_counts_nm")):
        return None
    return width_answer(of, particle, "interface_width_from_counts", "from the counts")


def width_answer(of: str, particle: Particle, key: str, how: str) -> Answer | None:
    """Return the answer on the width that stands under a key."""
    # Where metals have mixed, the boundary is a diffusion zone that no single width describes.
    if f"{key}_nm" not in particle or particle["mixing_state_true"] != "segregated":
        return None
    low, high = particle[f"{key}_interval_nm"]
    return interval_answer(
        f"How wide is the interface ({how})?",
        of,
        particle[f"{key}_nm"],
        (low, high) if known(low) and known(high) else None,
        particle["interface_width_true_nm"],
        decimals=0,
        unit=" nm",
    )


def interval_answer(
    asked: str,
    of: str,
    found: float | None,
    interval: tuple[float, float] | None,
    true: float | None,
    *,
    decimals: int,
    unit: str = "",
) -> Answer:
    """Return the answer to a question for a number; right where its interval holds the truth."""

    def text(value: float | None) -> str:
        return f"{value:.{decimals}f}{unit}" if known(value) else _DASH

    if not known(found):
        return Answer(asked=asked, of=of, found="not found", true=text(true), right=False)
    if not known(true):
        return Answer(asked=asked, of=of, found=text(found), true="there is none", right=False)
    if interval is None:
        return Answer(asked=asked, of=of, found=text(found), true=text(true))
    low, high = interval
    # Rounding must not put a truth outside of an interval that is shown to hold it.
    right = low - 1e-9 <= true <= high + 1e-9
    return Answer(
        asked=asked,
        of=of,
        found=text(found),
        sure=f"{low:.{decimals}f} to {high:.{decimals}f}{unit}",
        true=text(true),
        right=right,
        verdict="in the interval" if right else "outside the interval",
    )


def voxel(of: str, particle: Particle) -> Answer | None:
    """Answer how far a single voxel may be off."""
    pairs = [("voxel_zn_fraction_2rms", ""), ("voxel_density_2rms", " nm⁻³")]
    said = [(particle.get(name), particle.get(f"{name}_true"), unit) for name, unit in pairs]
    if not all(known(found) and known(true) for found, true, _ in said):
        return None
    right = all(near(found, true) for found, true, _ in said)
    return Answer(
        asked="How far may one voxel be off (2 rms)?",
        of=of,
        found=", ".join(f"{number(found, 2)}{unit}" for found, _, unit in said),
        sure=f"from {particle['twins']} twins",
        true=", ".join(f"{number(true, 2)}{unit}" for _, true, unit in said),
        right=right,
        verdict="to a factor of two" if right else "not to a factor of two",
    )


def distance(of: str, particle: Particle) -> Answer | None:
    """Answer how far the phase diagram is from the true one."""
    true, found = (
        particle.get(key) for key in ("phase_diagram_distance_same_voxels", "twin_diagram_distance")
    )
    if not known(true) or not known(found):
        return None
    right = near(found, true)
    return Answer(
        asked="How far is the phase diagram off?",
        of=of,
        found=f"{number(found, 2)} times the published precision",
        sure=f"from {particle['twins']} twins",
        true=number(true, 2),
        right=right,
        verdict="to a factor of two" if right else "not to a factor of two",
    )


def near(found: float | None, true: float | None) -> bool:
    """Whether an error was foretold to a factor of two: a plan made from a worse one would fail."""
    return known(found) and known(true) and 0.5 * true <= found <= 2.0 * true


def span(values: Sequence[float], digits: int) -> str:
    """Write the range of some numbers.

    Examples
    --------
    >>> span([1.21, 0.84], 2), span([1.21, 1.19], 2)
    ('0.84 to 1.2', '1.2')
    """
    low, high = number(min(values), digits), number(max(values), digits)
    return low if low == high else f"{low} to {high}"
