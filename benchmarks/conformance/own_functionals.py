"""Our own functionals, as the laws see them."""

from collections.abc import Callable
from functools import partial

from ...phantoms.table import Table
from .functional import Functional
from .own_data_functionals import engine_term, odl_term
from .own_dual_balls import dual_balls, joint_ball
from .own_odl_norms import odl_box, odl_group_norm
from .own_variations import fista_prox, tgv2_of_both, variation

OWN_FUNCTIONALS: Table[Callable[[], Functional]] = Table(
    "own functional",
    {
        "least_squares": partial(engine_term, "least_squares"),
        "least_squares_masked": partial(engine_term, "least_squares", masked=True),
        "kullback_leibler": partial(engine_term, "kullback_leibler"),
        "kullback_leibler_masked": partial(engine_term, "kullback_leibler", masked=True),
        "odl_least_squares": partial(odl_term, "least_squares"),
        "odl_least_squares_masked": partial(odl_term, "least_squares", masked=True),
        "odl_least_squares_dilated": partial(odl_term, "least_squares", dilation=2.5),
        "odl_kullback_leibler": partial(odl_term, "kullback_leibler"),
        "odl_kullback_leibler_masked": partial(odl_term, "kullback_leibler", masked=True),
        "odl_kullback_leibler_dilated": partial(odl_term, "kullback_leibler", dilation=0.4),
        "odl_group_norm": odl_group_norm,
        "odl_joint_group_norm": partial(odl_group_norm, "odl_joint_group_norm", parts=6, lam=0.3),
        "odl_box": partial(odl_box, "odl_box", -0.5, 1.0),
        "odl_half_line": partial(odl_box, "odl_half_line", 0.0),
        "odl_channels_in_a_box": partial(odl_box, "odl_channels_in_a_box", 0.25, 1.5, channels=2),
        "tv": partial(variation, "tv"),
        "tv_of_channels": partial(variation, "tv", channels=2),
        "tv2": partial(variation, "tv2"),
        "tv2_of_channels": partial(variation, "tv2", channels=2),
        "tv_tv2": partial(variation, "tv_tv2"),
        "tgv2_of_both": tgv2_of_both,
        "tv_balls": partial(dual_balls, "tv"),
        "tv2_balls": partial(dual_balls, "tv2"),
        "tv_tv2_balls": partial(dual_balls, "tv_tv2"),
        "tgv2_balls": partial(dual_balls, "tgv2"),
        "joint_tv_balls": joint_ball,
        "fista_tv_prox": partial(fista_prox, "tv", iterations=120),
        "fista_tv2_prox": partial(fista_prox, "tv2"),
        "fista_tv_prox_in_a_box": partial(fista_prox, "tv", iterations=120, lower=0.0, upper=1.5),
    },
)
