"""The report and the checks behind its verdict."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from glasstomo.benchmarks.checks import checks
from glasstomo.benchmarks.report import report_html, write_report
from glasstomo.benchmarks.report_parts import ReportFigure, ReportTable
from glasstomo.benchmarks.report_sections import SECTIONS

# The smallest valid PNG: one transparent pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def line(fit_barn: float = 3.40, standard_error_barn: float = 0.02) -> dict[str, float]:
    return {"true_barn": 3.38, "fit_barn": fit_barn, "standard_error_barn": standard_error_barn}


def particle(**changes: object) -> dict[str, object]:
    return {
        "zn_fraction_2sigma": 0.03,
        "density_2sigma": 0.8,
        "zn_fraction_bias": 0.001,
        "density_bias": -0.05,
        "mixing_state": "interdiffused",
        "mixing_state_true": "interdiffused",
        "phase_diagram_distance": 0.2,
        "miscibility_limit": 0.56,
        "miscibility_limit_true": 0.55,
        **changes,
    }


@pytest.fixture
def summary() -> dict:
    segregated = particle(
        mixing_state="segregated",
        mixing_state_true="segregated",
        miscibility_limit=None,
        miscibility_limit_true=None,
    )
    return {
        "settings": {
            "microscope": "titan",
            "size": 64,
            "seed": 7,
            "eds_tilts_deg": [-60.0, -20.0, 20.0, 60.0],
        },
        "calibration": {"osiris": {"Co_Ka": line()}, "titan": {"Co_Ka": line(3.37)}},
        "particles": {"segregated": segregated, "flux_melted": particle()},
        "runtime": {"seconds": 12.5, "peak_rss_mb": 900, "threads": 2, "versions": {"numpy": "2.4.6"}},
    }


def figures() -> list[ReportFigure]:
    return [
        ReportFigure(image=PNG, caption=f"Picture of {name}", section=name) for name in reversed(SECTIONS)
    ]


class Links(HTMLParser):
    """Collects every address that a page could load, and every identifier."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [found[key] or "" for key in ("src", "href", "srcset", "data") if key in found]
        self.names += [found["id"] or ""] if "id" in found else []


def test_report_holds_everything_and_loads_nothing(summary: dict, tmp_path: Path):
    write_report(summary, figures=figures(), out=tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in links.addresses)
    assert {address[1:] for address in links.addresses if address.startswith("#")} <= set(links.names)
    assert not re.search(r"@import|url\(|<script", page)
    assert page.count("data:image/png") == len(SECTIONS)


def test_report_has_all_its_sections(summary: dict):
    page = report_html(summary, figures=figures())
    for name in ("verdict", "done", *SECTIONS, "again"):
        assert f'id="{name}"' in page
    for said in (
        "1 nA",
        "0.2 s",
        "gives no beam current",
        "All 9 checks held",
        "numpy 2.4.6",
        "4 values from −60",
    ):
        assert said in re.sub(r"\s+", " ", page)
    assert "glasstomo reproduce --microscope titan --size 64 --seed 7" in page


def test_figures_are_numbered_in_the_order_in_which_they_appear(summary: dict):
    page = report_html(summary, figures=figures())
    numbers = [int(number) for number in re.findall(r"<b>Figure (\d+)\.</b>", page)]
    assert numbers == list(range(1, len(SECTIONS) + 1))


def test_text_is_escaped(summary: dict):
    summary["settings"]["holder"] = "<b>wall</b> & blade"
    table = ReportTable(title="a < b", rows=[{"key <i>": "x & <y>"}], section="particles")
    figure = ReportFigure(image=PNG, caption='1 < 2 & "so on"', section="phases")
    page = report_html(summary, figures=[figure], tables=[table])
    for raw in ("<b>wall", "<i>", "x & <y>", "a < b", "1 < 2"):
        assert raw not in page
    assert "&lt;b&gt;wall&lt;/b&gt; &amp; blade" in page


def test_missed_checks_are_said_in_words(summary: dict):
    summary["particles"]["flux_melted"]["mixing_state"] = "segregated"
    page = report_html(summary, figures=[])
    assert "✗ 1 of 9 checks missed" in page
    assert "Flux-melted: mixing state" in page
    assert "was taken for segregated" in re.sub(r"\s+", " ", page)


def test_missing_numbers_are_dashes(summary: dict):
    summary["particles"]["flux_melted"].update(density_bias=None, phase_diagram_distance=float("nan"))
    page = report_html(summary, figures=[])
    assert "nan" not in re.sub(r"data:[^\"]*", "", page).lower().replace("nano", "")
    assert "<td>–</td>" in page


def test_wrong_section_and_wrong_image_are_refused():
    with pytest.raises(ValueError, match="section"):
        ReportFigure(image=PNG, caption="", section="nowhere")
    with pytest.raises(ValueError, match="PNG or SVG"):
        _ = ReportFigure(image=b"GIF89a", caption="", section="phases").source


def test_figure_from_a_file(tmp_path: Path):
    (tmp_path / "figure.png").write_bytes(PNG)
    figure = ReportFigure(image=tmp_path / "figure.png", caption="", section="phases")
    assert base64.b64decode(figure.source.partition(",")[2]) == PNG


def verdicts(summary: dict) -> dict[str, bool]:
    return {check["name"]: check["holds"] for check in checks(summary)}


@pytest.mark.parametrize(
    ("fit_barn", "standard_error_barn", "holds"),
    [
        (3.38 * 1.029, 0.05, True),
        (3.38 * 1.031, 0.05, False),  # within four standard errors, beyond 3 %
        (3.38 * 0.971, 0.05, True),
        (3.38 * 1.011, 0.01, True),  # 3.7 standard errors: one of eight lines may
        (3.38 * 1.013, 0.01, False),  # within 3 %, beyond four standard errors
        (3.38, 0.0, True),
        (3.39, 0.0, False),
    ],
)
def test_cross_sections_must_hold_in_per_cent_and_in_errors(
    fit_barn: float, standard_error_barn: float, holds: bool
):
    found = verdicts({"calibration": {"osiris": {"Co_Ka": line(fit_barn, standard_error_barn)}}})
    assert found == {"Cross-section Co Kα, Osiris": holds}


@pytest.mark.parametrize(
    ("changes", "name", "holds"),
    [
        ({"zn_fraction_2sigma": 0.05}, "±2σ of zinc fraction", True),
        ({"zn_fraction_2sigma": 0.0501}, "±2σ of zinc fraction", False),
        ({"zn_fraction_2sigma": None}, "±2σ of zinc fraction", False),
        ({"density_2sigma": 1.51}, "±2σ of metal density", False),
        ({"density_2sigma": float("nan")}, "±2σ of metal density", False),
        ({"mixing_state": "pure"}, "mixing state", False),
        ({"miscibility_limit": 0.599}, "miscibility limit", True),
        ({"miscibility_limit": 0.601}, "miscibility limit", False),
        ({"miscibility_limit": None}, "miscibility limit", False),
    ],
)
def test_each_wanted_precision_is_checked(changes: dict, name: str, holds: bool):
    found = verdicts({"particles": {"flux_melted": particle(**changes)}})
    assert found[f"Flux-melted: {name}"] is holds


def test_no_limit_is_asked_of_a_particle_that_has_none():
    found = verdicts(
        {"particles": {"segregated": particle(miscibility_limit=None, miscibility_limit_true=None)}}
    )
    assert "Phase-segregated: miscibility limit" not in found
