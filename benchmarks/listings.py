"""What the tables hold, as rows that a terminal table or a program can show."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..phantoms import Material

Row = dict[str, object]


def materials() -> list[Row]:
    """List the materials with formula, density and metal density."""
    from ..phantoms import MATERIALS

    rows: list[Row] = []
    for name, material in MATERIALS.items():
        rows.append(
            {
                "name": name,
                "formula": formula_text(material.formula),
                "density_g_cm3": material.density_g_cm3,
                "metal": material.metal,
                "metal_nm3": metal_density(material),
                "state": material.state,
                "source": material.source,
            }
        )
    return rows


def microscopes() -> list[Row]:
    """List the microscopes with voltage, EDS cross-sections and solid angle."""
    from ..forward import MICROSCOPES

    return [
        {
            "name": name,
            "voltage_kv": microscope.accelerating_voltage_kv,
            **{f"{line}_barn": barn for line, barn in microscope.cross_section_barn.items()},
            "eds_sr": round(microscope.eds.solid_angle_sr, 3),
            "adf_mrad": f"{microscope.adf.inner_mrad:g}-{microscope.adf.outer_mrad:g}",
        }
        for name, microscope in MICROSCOPES.items()
    ]


def holders() -> list[Row]:
    """List the holders with what they hide and the share of the detectors that is left."""
    from ..forward import HOLDERS, MICROSCOPES

    eds = MICROSCOPES["osiris"].eds
    rows: list[Row] = []
    for name, holder in HOLDERS.items():
        seen = eds.gains([0.0, 20.0, 40.0, 60.0], holder=holder, energy_kev=7.5).mean(axis=0)
        bands = ", ".join(f"{low:g} to {high:g}" for low, high in holder.blocked_deg)
        layers = ", ".join(
            f"{layer.low_deg:g} to {layer.high_deg:g} through {layer.element}" for layer in holder.filters
        )
        rows.append(
            {
                "name": name,
                "blocked_elevation_deg": bands or None,
                "filtered_elevation_deg": layers or None,
                **{
                    f"seen_{tilt}_deg": round(float(share), 3)
                    for tilt, share in zip((0, 20, 40, 60), seen, strict=True)
                },
            }
        )
    return rows


def methods() -> list[Row]:
    """List the reconstruction methods."""
    from ..recon import METHODS

    return described(METHODS)


def metrics() -> list[Row]:
    """List the scores."""
    from ..metrics import METRICS

    return described(METRICS)


def phantoms() -> list[Row]:
    """List the particles that can be made by name."""
    from ..phantoms import PHANTOMS

    return described(PHANTOMS)


# Too wide for a terminal.
ONLY_IN_JSON: dict[str, tuple[str, ...]] = {"materials": ("state", "source")}

LISTINGS: dict[str, Callable[[], list[Row]]] = {
    "materials": materials,
    "microscopes": microscopes,
    "holders": holders,
    "methods": methods,
    "metrics": metrics,
    "phantoms": phantoms,
}


def metal_density(material: "Material") -> float | None:
    """Metal atoms per nm³, where the density is known."""
    if material.metal is None or material.density_g_cm3 is None:
        return None
    return round(material.number_density(material.metal), 3)


def described(table: dict) -> list[Row]:
    """Name of each entry of a table, and its summary or the first line of its docstring."""
    return [
        {
            "name": name,
            "description": getattr(entry, "summary", None) or summary_line(entry).removeprefix("Return "),
        }
        for name, entry in table.items()
    ]


def summary_line(entry: object) -> str:
    """First line of an object's docstring, without its full stop."""
    return (inspect.getdoc(entry) or "").partition("\n")[0].rstrip(".")


def formula_text(formula: dict[str, float]) -> str:
    """Write a formula on one line.

    Examples
    --------
    >>> formula_text({"Co": 1.0, "H": 6.0, "C": 6.0, "N": 4.0})
    'Co H6 C6 N4'
    """
    return " ".join(f"{element}{'' if count == 1 else f'{count:.4g}'}" for element, count in formula.items())
