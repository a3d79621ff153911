"""Materials, and phases mixed of them."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....phantoms import LINKERS, MATERIALS, Material, Phase


def materials(*, complete: bool = True) -> SearchStrategy[Material]:
    """Draw metal-organic frameworks of any metal, one to three linkers, 0.5 to 3 g cm⁻³.

    Parameters
    ----------
    complete : bool
        Only materials with a metal and a density, so that number densities exist. Otherwise either may
        be missing and further atoms may be there.

    Notes
    -----
    Shrinks to iron with one linker, 1 g cm⁻³.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(materials(), lambda material: len(material.linkers) == 2).formula
    {'Fe': 1.0, 'H': 7.0, 'C': 10.0, 'N': 4.0, 'Cl': 1.0}
    """
    metals = st.sampled_from(["Fe", "Co", "Cu", "Zn"])
    densities = st.floats(0.5, 3.0)
    others: SearchStrategy[dict[str, float]] = st.just({})
    if not complete:
        others = st.dictionaries(st.sampled_from(["H", "O", "Cl", "Zn"]), st.floats(0.1, 2.0), max_size=2)
    return st.builds(
        Material,
        name=st.just("drawn"),
        metal=metals if complete else st.none() | metals,
        linkers=st.dictionaries(
            st.sampled_from(sorted(LINKERS)), st.floats(0.1, 2.0), min_size=1, max_size=3
        ),
        others=others,
        density_g_cm3=densities if complete else st.none() | densities,
    )


def phases(name: str = "drawn") -> SearchStrategy[Phase]:
    """Draw ZIF-62, then phases of two materials of the library, their densities added or one given.

    Parameters
    ----------
    name : str
        Name of the phase; the two phases of a couple need different ones.

    Examples
    --------
    >>> from glasstomo.benchmarks.conformance.strategies import smallest
    >>> smallest(phases("co_rich"), lambda phase: phase.metal_density_nm3 is not None).metal_density_nm3
    1.0
    """
    known = [m.name for m in MATERIALS.values() if m.metal and m.density_g_cm3]
    pairs = st.lists(st.sampled_from(known), min_size=2, max_size=2, unique=True)
    density = st.none() | st.floats(1.0, 8.0)
    plain = st.just(Phase(name=name, formula_units={"ZIF-62": 1.0}))
    return plain | st.builds(_mixed, st.just(name), pairs, st.floats(0.0, 1.0), density)


def _mixed(name: str, pair: list[str], share: float, density_nm3: float | None) -> Phase:
    units = dict(zip(pair, (share, 1.0 - share), strict=True))
    return Phase(name=name, formula_units=units, metal_density_nm3=density_nm3)
