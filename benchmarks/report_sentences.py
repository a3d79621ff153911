"""The verdict on each particle in a sentence or two."""

from collections.abc import Mapping
from typing import Any

from .labels import known, number, particle_name, signed


def sentences(summary: Mapping[str, Any]) -> list[str]:
    """Say the verdict on each particle in a sentence or two."""
    said = []
    for name, particle in summary.get("particles", {}).items():
        found, true = particle["mixing_state"], particle["mixing_state_true"]
        who = f"The {particle_name(name).lower()} particle"
        if found == true:
            words = f"{who} was recognised as {found}."
        elif found == "undecided":
            words = f"{who} is {true}; these data do not decide it."
        else:
            words = f"{who} was taken for {found}, and is {true}."
        said.append(f"{words} {precision_sentence(particle)}".rstrip())
    return said


def precision_sentence(particle: Mapping[str, Any]) -> str:
    """Say how far the voxels of single phases scatter and are off."""
    fraction, density = (particle.get(key) for key in ("zn_fraction_2sigma", "density_2sigma"))
    if known(fraction) and known(density):
        biases = signed(particle["zn_fraction_bias"], 3), signed(particle["density_bias"], 2)
        return (
            f"Inside its single phases the zinc fraction of a voxel scatters by ±{number(fraction, 2)} (2σ) "
            f"with a bias of {biases[0]}, its metal density by ±{number(density, 2)} nm⁻³ with a bias of "
            f"{biases[1]} nm⁻³."
        )
    return (
        "Its single phases are too thin for voxels of this size: none lies three voxels inside one, so that "
        "the precision there could not be measured."
    )
