"""What a run of the published experiment must reach, held against its summary."""

import math
from typing import Any

from .labels import known, line_label, number, particle_name, signed

Check = dict[str, Any]

# Wanted of `reproduce` at the default dose.
CROSS_SECTION_RELATIVE = 0.03
# Of eight honest cross-sections, one is off by three standard errors in every fiftieth run.
CROSS_SECTION_STANDARD_ERRORS = 4.0
ZN_FRACTION_2SIGMA = 0.05
DENSITY_2SIGMA_NM3 = 1.5
MISCIBILITY_LIMIT = 0.05


def checks(summary: dict[str, Any]) -> list[Check]:
    """Hold a summary against what is wanted.

    Parameters
    ----------
    summary : dict
        With the keys ``calibration`` and ``particles`` of ``summary.json``.

    Returns
    -------
    list of dict
        ``name``, ``wanted`` and ``measured`` as text, ``holds`` as a truth value. What was not measured
        (None or NaN) does not hold.

    Examples
    --------
    >>> line = {"true_barn": 3.38, "fit_barn": 3.40, "standard_error_barn": 0.02}
    >>> checks({"calibration": {"osiris": {"Co_Ka": line}}})
    [{'name': 'Cross-section Co Kα, Osiris', 'wanted': 'within 3 % and 4 s.e.', \
'measured': '+0.6 % (+1.0 s.e.)', 'holds': True}]
    """
    found = [
        cross_section_check(microscope, line, values)
        for microscope, lines in summary.get("calibration", {}).items()
        for line, values in lines.items()
    ]
    for name, particle in summary.get("particles", {}).items():
        found += particle_checks(particle_name(name), particle)
    return found


def cross_section_check(microscope: str, line: str, values: dict[str, float]) -> Check:
    """Fitted against true cross-section."""
    miss = values["fit_barn"] - values["true_barn"]
    relative = miss / values["true_barn"]
    if values["standard_error_barn"]:
        errors = miss / values["standard_error_barn"]
    else:
        errors = math.copysign(math.inf, miss) if miss else 0.0
    percent = 100 * CROSS_SECTION_RELATIVE
    return {
        "name": f"Cross-section {line_label(line)}, {microscope.capitalize()}",
        "wanted": f"within {percent:g} % and {CROSS_SECTION_STANDARD_ERRORS:g} s.e.",
        "measured": f"{signed(100 * relative, 1)} % ({signed(errors, 1)} s.e.)",
        "holds": abs(relative) <= CROSS_SECTION_RELATIVE and abs(errors) <= CROSS_SECTION_STANDARD_ERRORS,
    }


def particle_checks(name: str, particle: dict[str, Any]) -> list[Check]:
    """Mixing state, precision and, where there is one, the miscibility limit."""
    found = [
        {
            "name": f"{name}: mixing state",
            "wanted": str(particle["mixing_state_true"]),
            "measured": str(particle["mixing_state"]),
            "holds": particle["mixing_state"] == particle["mixing_state_true"],
        },
        at_most(f"{name}: ±2σ of zinc fraction", particle["zn_fraction_2sigma"], ZN_FRACTION_2SIGMA, ""),
        at_most(f"{name}: ±2σ of metal density", particle["density_2sigma"], DENSITY_2SIGMA_NM3, " nm⁻³"),
    ]
    true = particle.get("miscibility_limit_true")
    if known(true):
        limit = particle.get("miscibility_limit")
        found.append(
            {
                "name": f"{name}: miscibility limit",
                "wanted": f"{true:.2f} ± {MISCIBILITY_LIMIT:g}",
                "measured": f"{limit:.3f}" if known(limit) else "none found",
                "holds": known(limit) and abs(limit - true) <= MISCIBILITY_LIMIT,
            }
        )
    return found


def at_most(name: str, value: float | None, most: float, unit: str) -> Check:
    """Hold a number against its upper bound."""
    return {
        "name": name,
        "wanted": f"at most {most:g}{unit}",
        "measured": f"{number(value, 2)}{unit}" if known(value) else "not measured",
        "holds": known(value) and value <= most,
    }
