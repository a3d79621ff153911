"""Pages: one style and one set of parts for every report."""

import base64
import re
from importlib import resources

import numpy as np
import pytest
from glasstomo.benchmarks.page import cell, columns, picture_source, picture_width_rem, render_page
from glasstomo.benchmarks.report import report_html
from glasstomo.benchmarks.study.report_page import study_html
from glasstomo.benchmarks.study.study_report import study_report
from glasstomo.benchmarks.study.study_table import study_table
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

SUMMARY = {"settings": {}, "calibration": {}, "particles": {}, "runtime": {}}


def small_study():
    import pandas as pd

    rows = pd.DataFrame(
        {
            "tilts_count": [15, 15, 31, 31],
            "replicate": [0, 1, 0, 1],
            "status": "done",
            "dice": [0.9, 0.91, 0.95, 0.96],
        }
    )
    return study_table(rows, wanted={"dice": 0.9})


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {
        "run": report_html(SUMMARY, figures=[]),
        "study": study_html(study_report(small_study()), []),
    }


def test_all_pages_share_one_style_and_no_other(pages: dict[str, str]):
    style = resources.files("glasstomo.benchmarks").joinpath("page_style.css").read_text(encoding="utf-8")
    for page in pages.values():
        assert re.findall(r"<style>\s*(.*?)\s*</style>", page, flags=re.DOTALL) == [style.strip()]


def test_all_pages_share_one_frame(pages: dict[str, str]):
    for page in pages.values():
        assert page.startswith("<!DOCTYPE html>")
        for part in ('<html lang="en">', "<main>", '<nav aria-label="Sections">', "<title>glasstomo: "):
            assert page.count(part) == 1
        [title] = re.findall(r"<title>glasstomo: (.*?)</title>", page)
        assert f"<h1>{title}</h1>" in page


def test_style_stays_as_written():
    # Quotation marks of the style sheet are no text that would have to be escaped.
    assert '"Segoe UI"' in report_html(SUMMARY, figures=[])


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(UndefinedError):
        render_page("report.html.j2", sections={})


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6))
def test_numbers_of_a_column_have_as_many_decimals(values: list[float]):
    [column] = columns([{"a": value} for value in values])
    texts = [column.text(value) for value in values]
    assert column.numeric
    if column.decimals is not None:
        assert len({len(text.partition(".")[2]) for text in texts}) == 1
    for text, value in zip(texts, values, strict=True):
        read = float(text.replace("−", "-").replace(" × 10", "e").translate(SUPERSCRIPTS))
        # Four significant digits at least, as `cell` writes them.
        assert read == pytest.approx(value, rel=5.1e-4, abs=1e-12)


SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def test_columns_tell_numbers_from_words():
    rows = [{"n": 1, "x": None, "w": "a", "m": 2.5}, {"n": 2, "x": None, "w": "b" * 30, "m": float("nan")}]
    n, x, w, m = columns(rows)
    assert [one.numeric for one in (n, x, w, m)] == [True, False, False, True]
    assert (n.text(2), x.text(None), m.text(float("nan"))) == ("2", "–", "–")
    assert not w.short
    assert columns([{"w": "Co Kα"}])[0].short
    assert columns([]) == []


def test_true_is_no_number():
    [column] = columns([{"held": True}])
    assert not column.numeric
    assert cell(True) == "True"


def test_pictures_are_held_and_measured():
    png = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8 + (770).to_bytes(4) + (100).to_bytes(4)
    kind, _, data = picture_source(png).partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data) == png
    assert picture_width_rem(png) == 27.0
    assert picture_width_rem(b"<svg/>") == 54.0
    with pytest.raises(ValueError, match="PNG or SVG"):
        picture_source(np.zeros(4).tobytes())
