"""All laws of projectors by name."""

from ....phantoms.table import Table
from ..law import Law
from . import projector_body, projector_field, projector_symmetry, projector_tilts
from .projector_operator import OPERATOR_LAWS_OF_PROJECTORS

PROJECTOR_LAWS: Table[Law] = Table(
    "law of projectors",
    {
        **OPERATOR_LAWS_OF_PROJECTORS,
        "mass": projector_field.mass,
        "voxel_mass": projector_field.voxel_mass,
        "field_of_view": projector_field.field_of_view,
        "empty_frame": projector_field.empty_frame,
        "slices_apart": projector_tilts.slices_apart,
        "axis_shift": projector_tilts.axis_shift,
        "tilt_order": projector_tilts.tilt_order,
        "tilt_alone": projector_tilts.tilt_alone,
        "units": projector_tilts.units,
        "mirror_in_y": projector_symmetry.mirror_in_y,
        "mirror_in_z": projector_symmetry.mirror_in_z,
        "half_turn": projector_symmetry.half_turn,
        "quarter_turn": projector_symmetry.quarter_turn,
        "pixel_shift": projector_symmetry.pixel_shift,
        "shadow": projector_symmetry.shadow,
        "landing": projector_body.landing,
        "ball_mass": projector_body.ball_mass,
        "chords": projector_body.chords,
        "refinement": projector_body.refinement,
    },
)
