"""What a component may claim, so that a misspelt promise is told and not passed over."""

import difflib
from collections.abc import Iterable

_OF_DIFFERENCES = ("gradient", "hessian", "symmetrised_gradient")
_OF_OPERATORS = (
    *("positive", "symmetric", "norm", "any_layout", "zero_on_constants", "zero_on_affine"),
    *("grid_symmetric", "shift_invariant", *_OF_DIFFERENCES),
)
_OF_PROJECTORS = ("mass", "line_integrals", *_OF_OPERATORS)
CLAIMS = {
    # An operator that a family of projectors has made carries the claims of the family.
    "operator": _OF_PROJECTORS,
    "projector": _OF_PROJECTORS,
    "functional": ("homogeneous", "even", "indicator"),
    "solver": (
        *("nonnegative", "deterministic", "linear", "monotone", "objectives", "tilt_order", "equivariant"),
        *("any_geometry", "weights", "gains", "background", "channels", "bounds"),
    ),
}
"""Names of claims by kind of component; the docstring of each noun says what they mean."""


def checked_claims(claims: Iterable[str], kind: str) -> frozenset[str]:
    """Return claims as a set.

    Parameters
    ----------
    claims : iterable of str
        What a component claims.
    kind : str
        Its kind.

    Raises
    ------
    ValueError
        When one is unknown.
    TypeError
        When they are one string.

    Examples
    --------
    >>> checked_claims(["nonegative"], "solver")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: `claims` of a solver has no 'nonegative'; did you mean 'nonnegative'? known: ...
    """
    if isinstance(claims, str):
        raise TypeError(f"`claims` must be a set of names, got the string {claims!r}; write {{{claims!r}}}")
    found = frozenset(claims)
    for claim in sorted(found - set(CLAIMS[kind]), key=str):
        near = difflib.get_close_matches(str(claim), CLAIMS[kind], n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"`claims` of a {kind} has no {claim!r}; {hint}known: {', '.join(CLAIMS[kind])}")
    return found
