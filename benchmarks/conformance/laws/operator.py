"""Laws of linear operators."""

import numpy as np
from hypothesis import strategies as st

from ..drawn_array import DrawnArray, arrays
from ..finding import Finding
from ..law import law
from ..linear_map import LinearMap


@law(
    kind="operator",
    formula="A(s x + x') = s A x + A x'",
    tolerance="64 ε (|s| ‖A x‖ + ‖A x'‖): rounding of the sums on either side, in the precision of A",
    cases=lambda op: st.fixed_dictionaries(
        {"x": arrays(op.domain), "other": arrays(op.domain), "scale": st.sampled_from([1.0, -1.0, 2.0, 0.5])}
    ),
)
def linearity(op: LinearMap, x: DrawnArray, other: DrawnArray, scale: float) -> Finding:
    """The image of a sum is the sum of the images, and a factor comes out."""
    first, second = x.array(op.dtype), other.array(op.dtype)
    together = op.apply(scale * first + second)
    parts = scale * op.apply(first).astype(np.float64), op.apply(second).astype(np.float64)
    error = float(np.linalg.norm(together - parts[0] - parts[1]))
    limit = 64 * op.epsilon * float(np.linalg.norm(parts[0]) + np.linalg.norm(parts[1]))
    return Finding(error, limit, f"‖A(s x + x') − s A x − A x'‖ = {error:.3g}")
