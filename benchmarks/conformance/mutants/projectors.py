"""Our own projector with one mistake each."""

from dataclasses import replace

import numpy as np

from ....phantoms.table import Table
from ..own_projectors import OWN_PROJECTORS
from ..projector_family import ProjectorFamily
from .mutant import Mutant
from .projector_mistakes import (
    Make,
    after,
    axes_exchanged,
    axis_of_z,
    before,
    blurred,
    foreshortened,
    half_a_bin,
    in_order,
    in_voxels,
    nearest,
    one_bin_on,
    one_slice_brighter,
    other_tilts,
    per_tilt,
    ringing,
    slightly_bright,
    smeared_adjoint,
    stretched,
    within_circle,
    within_its_frame,
    wrapped,
)


def _mutant(name: str, summary: str, breaks: tuple[str, ...], make: Make) -> Mutant:
    def family() -> ProjectorFamily:
        return replace(OWN_PROJECTORS["strip"](), name=name, make=make)

    return Mutant(name=name, of="strip", summary=summary, breaks=breaks, make=family)


_ALL = (
    _mutant(
        "strip_one_bin_on",
        "Every projection lies one bin too far on.",
        ("landing", "half_turn", "mirror_in_y", "mass"),
        after(one_bin_on),
    ),
    _mutant(
        "strip_about_pixel_n_over_2",
        "The tilt axis is taken at pixel n // 2, half a bin off for even n.",
        ("landing", "half_turn", "mirror_in_y"),
        half_a_bin,
    ),
    _mutant(
        "strip_of_low_volumes_off_axis",
        "The tilt axis is taken at the middle of the width in z too, wrong unless slices are square.",
        ("landing", "mirror_in_z", "empty_frame"),
        axis_of_z,
    ),
    _mutant(
        "strip_of_the_opposite_tilt",
        "The sign of the tilts is the other one.",
        ("landing", "shadow", "quarter_turn"),
        other_tilts(lambda angle: -angle),
    ),
    _mutant(
        "strip_with_axes_exchanged",
        "Volumes are read as (y, z, x).",
        ("landing", "shadow", "pixel_shift"),
        axes_exchanged,
    ),
    _mutant(
        "strip_in_radians",
        "Tilts in degrees are taken for radians.",
        ("landing", "half_turn", "quarter_turn"),
        other_tilts(lambda angle: float(np.rad2deg(angle))),
    ),
    _mutant(
        "strip_of_whole_degrees",
        "Tilts are rounded to whole degrees from a table that covers half a turn.",
        ("half_turn",),
        other_tilts(lambda angle: round(angle) % 180.0),
    ),
    _mutant(
        "strip_with_interpolated_back_projection",
        "The back projection interpolates between bins: not the transpose.",
        ("adjoint",),
        smeared_adjoint,
    ),
    _mutant(
        "strip_to_the_nearest_bin",
        "A voxel goes into the one bin nearest to where its centre lands.",
        ("chords",),
        nearest,
    ),
    _mutant(
        "strip_wrapped_around",
        "What leaves the bins on one side enters on the other.",
        ("shadow", "field_of_view"),
        wrapped,
    ),
    _mutant(
        "strip_stretched_to_the_volume",
        "The bins are spread over the width of the volume, however many there are.",
        ("mass", "field_of_view", "empty_frame"),
        stretched,
    ),
    _mutant(
        "strip_of_sorted_tilts",
        "Tilts are put into order and the projections stay so.",
        ("tilt_order", "tilt_alone"),
        in_order,
    ),
    _mutant(
        "strip_blurred_along_the_axis",
        "Neighbouring slices are mixed.",
        ("slices_apart",),
        before(blurred),
    ),
    _mutant(
        "strip_with_a_brighter_slice",
        "The first slice is projected with 2 % more.",
        ("axis_shift",),
        after(one_slice_brighter),
    ),
    _mutant(
        "strip_divided_by_the_tilts",
        "Projections are divided by the number of tilts.",
        ("tilt_alone", "mass", "ball_mass"),
        after(per_tilt),
    ),
    _mutant(
        "strip_foreshortened",
        "Projections are multiplied by the cosine of the tilt.",
        ("mass", "ball_mass", "quarter_turn"),
        after(foreshortened),
    ),
    _mutant(
        "strip_in_voxels",
        "Lengths are counted in voxels instead of nm.",
        ("units", "mass", "chords"),
        after(in_voxels),
    ),
    _mutant(
        "strip_a_little_bright",
        "Projections are 1.5 % too bright: within the accuracy, but not less on finer grids.",
        ("mass", "refinement"),
        after(slightly_bright),
    ),
    _mutant(
        "strip_within_a_circle",
        "The corners of the slices are not projected.",
        ("mass", "empty_frame"),
        before(within_circle),
    ),
    _mutant(
        "strip_within_its_frame",
        "Slices are turned within a frame of their own size, which loses what leaves it along the beam.",
        ("voxel_mass", "mass", "quarter_turn"),
        within_its_frame,
    ),
    _mutant(
        "strip_ringing",
        "Bins are sharpened, and some become negative.",
        ("positive",),
        after(ringing),
    ),
)

PROJECTOR_MUTANTS: Table[Mutant] = Table("mutant of a projector", {mutant.name: mutant for mutant in _ALL})
