"""All laws of functionals."""

from ....phantoms.table import Table
from ..law import Law
from .functional_calls import determinism, input_unchanged
from .functional_closed_forms import (
    closed_form_conjugate,
    closed_form_conjugate_prox,
    closed_form_prox,
    closed_form_value,
)
from .functional_conjugates import (
    conjugate_fenchel_young_equality,
    fenchel_young,
    fenchel_young_equality,
    moreau_identity,
)
from .functional_gradients import gradient_at_prox, gradient_supports
from .functional_indicators import (
    indicator_values,
    projection_ignores_the_step,
    projection_is_idempotent,
    projection_lies_inside,
)
from .functional_minimisers import conjugate_prox_minimises, prox_minimises, short_steps_stay
from .functional_proxes import (
    conjugate_firm_nonexpansiveness,
    conjugate_steps_agree,
    firm_nonexpansiveness,
    longer_steps_go_further,
    prox_is_odd,
    prox_scales,
    steps_agree,
)
from .functional_values import (
    conjugate_convexity,
    convexity,
    evenness,
    homogeneity,
    proper_conjugate,
    proper_value,
)

FUNCTIONAL_LAWS: Table[Law] = Table(
    "law of functionals",
    {
        law.name: law
        for law in (
            proper_value,
            convexity,
            homogeneity,
            evenness,
            proper_conjugate,
            conjugate_convexity,
            gradient_supports,
            prox_minimises,
            short_steps_stay,
            firm_nonexpansiveness,
            steps_agree,
            longer_steps_go_further,
            prox_scales,
            prox_is_odd,
            conjugate_prox_minimises,
            conjugate_firm_nonexpansiveness,
            conjugate_steps_agree,
            moreau_identity,
            fenchel_young,
            fenchel_young_equality,
            conjugate_fenchel_young_equality,
            gradient_at_prox,
            indicator_values,
            projection_lies_inside,
            projection_is_idempotent,
            projection_ignores_the_step,
            closed_form_value,
            closed_form_prox,
            closed_form_conjugate,
            closed_form_conjugate_prox,
            input_unchanged,
            determinism,
        )
    },
)
