"""Studies: designs that differ in a few fields."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...design.design import Design
from ...study.study import Factor, MethodChoice, Study
from .plain import seeds

_FIELDS: dict[str, SearchStrategy[Any]] = {
    "tilts.count": st.integers(2, 60),
    "beam.total_fluence_e_nm2": st.floats(1, 1e10),
    "specimen.field_of_view_nm": st.floats(100, 1000),
    "instrument.holder": st.sampled_from(["none", "wall", "blade"]),
    "imperfections.absorption": st.booleans(),
}


def factors(field: str | None = None, *, max_levels: int = 3) -> SearchStrategy[Factor]:
    """Draw factors of a study: numbers, words and truth values, and several fields that move together.

    Parameters
    ----------
    field : str, optional
        Dotted field of the design to vary, one of five of every kind; any of them, or the reach of the
        tilts (two fields at once), when omitted.
    max_levels : int
        Most levels.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(factors("tilts.count"), lambda factor: len(factor.values) == 2).values
    (2, 3)
    """
    if field is not None:
        values = st.lists(_FIELDS[field], min_size=1, max_size=max_levels, unique=True).map(tuple)
        return st.builds(Factor, field=st.just(field), values=values)
    return st.sampled_from(list(_FIELDS)).flatmap(
        lambda name: factors(name, max_levels=max_levels)
    ) | _reaches(max_levels)


def studies(*, max_factors: int = 2, max_replicates: int = 3) -> SearchStrategy[Study]:
    """Draw studies of up to two factors, one to three methods and a few replicates.

    Parameters
    ----------
    max_factors : int
        Most factors.
    max_replicates : int
        Most particles per setting.

    Notes
    -----
    All vary the default design. Nothing is simulated when one is drawn. Shrinks to the default design, once.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> study = smallest(studies(), lambda study: len(study.cells()) > 2)
    >>> len(study.cells()), study.seed
    (3, 0)
    """
    several = st.lists(factors(), max_size=max_factors, unique_by=lambda factor: factor.column).map(tuple)
    methods = st.lists(st.sampled_from(["tv", "tv2", "sirt"]), max_size=3, unique=True)
    return st.builds(
        Study,
        name=st.just("drawn"),
        design=st.just(Design()),
        factors=several,
        methods=methods.map(_choices),
        replicates=st.integers(1, max_replicates),
        seed=seeds(),
    )


def _reaches(max_levels: int) -> SearchStrategy[Factor]:
    reach = st.integers(1, 90)
    return st.lists(reach, min_size=1, max_size=max_levels, unique=True).map(
        lambda degrees: Factor(
            name="reach",
            levels=tuple(
                {"label": n, "tilts.start_deg": -float(n), "tilts.stop_deg": float(n)} for n in degrees
            ),
        )
    )


def _choices(methods: list[str]) -> tuple[MethodChoice, ...]:
    return tuple(MethodChoice(label=name, set={"method": name}) for name in methods)
