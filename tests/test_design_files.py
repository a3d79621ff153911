"""Design files: what is written reads back, and whatever is wrong with one is said in one line."""

import json
import os
import random
import re
import signal
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from glasstomo.benchmarks import cli
from glasstomo.benchmarks.design.design import Design
from glasstomo.benchmarks.design.design_file import parse_design, read_design
from glasstomo.benchmarks.design.design_schema import json_schema
from glasstomo.benchmarks.design.design_text import design_text, example_design, parsed_value, write_template
from glasstomo.benchmarks.design.template import SECTIONS
from glasstomo.benchmarks.design.toml_lines import line_of
from glasstomo.benchmarks.design.toml_page import MOST_BYTES
from glasstomo.benchmarks.design.toml_values import toml_value
from glasstomo.phantoms.parameters import Parameters
from glasstomo.phantoms.samples import flux_melted, segregated
from hypothesis import given
from hypothesis import strategies as st

TEMPLATE = design_text()

# --- malformed files ----------------------------------------------------------------------------


def fields() -> Iterator[tuple[str, str, Any]]:
    """Yield every field of the file: its table, its key, and a good value."""
    for section in SECTIONS:
        if not section.path:
            continue
        noun: Any = example_design()
        for step in section.path.split("."):
            noun = getattr(noun, step, None)
        for entry in section.entries:
            value = entry.example if entry.example is not None else getattr(noun, entry.key)
            yield section.path, entry.key, value


def in_table(path: str, key: str, value: str, others: str = "") -> str:
    return f"[{path}]\n{others}{key} = {value}\n"


def misspelt() -> Iterator[tuple[str, str]]:
    """Yield every key with one letter gone, doubled or exchanged; and tables of such names."""
    chance = random.Random(1)
    for path, key, value in fields():
        place = chance.randrange(1, len(key))
        for name, wrong in (
            ("gone", key[:place] + key[place + 1 :]),
            ("doubled", key[:place] + key[place - 1] + key[place:]),
        ):
            if wrong != key:
                yield f"{path}.{key}-{name}", in_table(path, wrong, toml_value(value))
    for section in SECTIONS:
        if section.path:
            yield f"table-{section.path}", f"[{section.path}x]\n"


def wrong_types() -> Iterator[tuple[str, str]]:
    """Yield every field with a value of a type that it does not take."""
    for path, key, value in fields():
        if key == "absorption":
            wrong = {"text": '"yes"', "number": "1", "list": "[true]"}
        elif isinstance(value, bool):
            wrong = {"text": '"true"', "number": "1", "list": "[true]"}
        elif isinstance(value, int | float):
            wrong = {"text": f'"{value}"', "bool": "true", "list": f"[{value}]", "date": "2026-01-31"}
        elif isinstance(value, str):
            wrong = {"number": "3", "bool": "false", "table": "{ a = 1 }", "time": "10:00:00"}
            # A number is a weight as well.
            wrong |= {"number": "[3]"} if key == "lam" else {}
        elif isinstance(value, dict):
            wrong = {"text": '"film"', "number": "3", "list": "[]"}
        else:
            wrong = {"text": '"-60, 60"', "number": "3", "nested": "[[1.0, 2.0]]", "texts": '["a"]'}
        for name, text in wrong.items():
            yield f"{path}.{key}-{name}", in_table(path, key, text)


def out_of_range() -> Iterator[tuple[str, str]]:
    """Yield every number where it can be no such number."""
    anything = {"inf": "inf", "nan": "nan", "endless": "9" * 5000, "64-bit": "9" * 30, "vast": "1e300"}
    for path, key, value in fields():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        wrong = dict(anything)
        signed = key in ("start_deg", "stop_deg", "current_drift") or key.startswith(("tilt_offset", "axis_"))
        wrong |= {"below": "-1e9" if signed else "-1"}
        if key.startswith(("axis_offset", "tilt_offset")):
            del wrong["below"]
        for name, text in wrong.items():
            yield f"{path}.{key}-{name}", in_table(path, key, text)


CONTRADICTIONS = {
    "dwell-and-budget": "[beam]\ndwell_s = 0.1\ntotal_fluence_e_nm2 = 1e8\n",
    "angles-and-count": "[tilts]\ncount = 3\nangles_deg = [-10.0, 0.0, 10.0]\n",
    "golden-and-order": '[tilts]\nscheme = "golden_ratio"\norder = "dose_symmetric"\n',
    "empty-range": "[tilts]\nstart_deg = 20.0\nstop_deg = -20.0\n",
    "one-tilt-of-a-range": "[tilts]\ncount = 1\n",
    "falling-angles": "[tilts]\nangles_deg = [10.0, 0.0]\n",
    "angles-twice": "[tilts]\nangles_deg = [0.0, 0.0]\n",
    "no-angles": "[tilts]\nangles_deg = []\n",
    "beyond-the-stage": "[tilts]\nangles_deg = [-95.0, 0.0]\n",
    "odd-size": "[specimen]\nsize = 33\n",
    "large-size": "[specimen]\nsize = 194\n",
    "unknown-particle": '[specimen]\nparticle = "segregatd"\n',
    "unknown-microscope": '[instrument]\nmicroscope = "osirs"\n',
    "unknown-holder": '[instrument]\nholder = "blad"\n',
    "unknown-method": '[reconstruction]\nmethod = "tvv"\n',
    "unknown-rule": '[reconstruction]\nlam = "discrepency"\n',
    "weight-of-two": "[reconstruction]\nlam = 2.0\n",
    "unknown-option": "[specimen.options]\nwidht_nm = 3.0\n",
    "option-of-another": '[specimen]\nparticle = "flux_melted"\noptions = { width_nm = 3.0 }\n',
    "nothing-wanted": "[wanted]\n",
    "certainty": "[wanted]\nmixing_state = 1.0\n",
    "sure-of-everything": "[confidence]\nlevel = 1.0\n",
    "most-below-least": "[confidence]\nmin_replicates = 9\nmax_replicates = 5\n",
    "small-standards": '[specimen]\nsize = 16\n[calibration]\ncross_sections = "measured"\n',
    "damage-without-fluence": "[imperfections.damage]\ncontraction = 0.1\n",
    "unknown-element": "[imperfections.damage]\nmass_loss = { Xx = 0.1 }\nmass_loss_fluence_e_nm2 = 1e8\n",
    "grid-without-bars": "[instrument.support_grid]\nhole_um = 90.0\n",
    "half-a-particle": '[specimen.analytic.body]\nkind = "ellipsoid"\nsemi_axes_nm = [90.0, 90.0, 90.0]\n',
    "unknown-body": '[specimen.analytic.body]\nkind = "sphere"\n',
    "two-particles": '[specimen]\nparticle = "segregated"\nanalytic = { body = { kind = "ellipsoid" } }\n',
    "array-of-tables": "[[beam]]\ncurrent_na = 1.0\n",
    "table-as-value": "tilts = 15\n",
    "top-level-field": "count = 15\n",
    "key-twice": "[tilts]\ncount = 15\ncount = 31\n",
    "table-twice": "[tilts]\ncount = 15\n[beam]\n[tilts]\ncount = 15\n",
    "control-characters": '[tilts]\n"\\u001b[2J\\u0007" = 3\n',
    "endless-key": f"[tilts]\n{'a' * 50_000} = 3\n",
    "endless-text": f'[specimen]\nparticle = "{"a" * 50_000}"\n',
    "right-to-left": '[tilts]\n"\\u202ecount" = 3\n',
    "deep-lists": f"title = {'[' * 3000}\n",
    "deep-tables": f"{'.'.join('a' * 1 for _ in range(3000))} = 1\n",
    "deep-options": f"[specimen.options.{'.'.join(['a'] * 2000)}]\n",
    "yaml": "tilts:\n  count: 15\n",
    "json": '{"tilts": {"count": 15}}\n',
    "long-list": "[tilts]\nangles_deg = [\n" + 4000 * "  0.5,\n" + "]\ncuont = 3\n",
    "many-keys": "[tilts]\n" + "".join(f"a{i} = 3\n" for i in range(3000)),
    "unclosed-text": '[specimen]\nparticle = "segregated\n',
    "unclosed-list": "[tilts]\nangles_deg = [0.0,\n",
    "comma-as-point": "[beam]\ncurrent_na = 1,5\n",
    "unit-behind": "[beam]\ncurrent_na = 1.5 nA\n",
    "no-value": "[beam]\ncurrent_na =\n",
}

BINARY = {
    "nul": b"[tilts]\ncount = 15\x00\n",
    "latin-1": '# \u00e9tude\ntitle = "\u00e9"\n'.encode("latin-1"),
    "utf-16": "[tilts]\ncount = 15\n".encode("utf-16"),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(64),
    "too-large": b"#" * (MOST_BYTES + 1),
    "surrogate": b'title = "\xed\xa0\x80"\n',
}


def damaged() -> Iterator[tuple[str, str]]:
    """Yield the template with some of its bytes exchanged, as far as that breaks it."""
    chance = random.Random(7)
    letters = "[]{}=\"'.,#\n\\ 0a-+_"
    made = 0
    while made < 80:
        text = list(TEMPLATE)
        for _ in range(chance.randrange(1, 6)):
            text[chance.randrange(len(text))] = chance.choice(letters)
        changed = "".join(text)
        try:
            tomllib.loads(changed)
        except tomllib.TOMLDecodeError:
            made += 1
            yield f"{made}", changed


def cut_short() -> Iterator[tuple[str, str]]:
    """Yield the template as far as some byte, where that leaves an open end."""
    chance = random.Random(3)
    made = 0
    while made < 30:
        changed = TEMPLATE[: chance.randrange(1, len(TEMPLATE))]
        try:
            tomllib.loads(changed)
        except tomllib.TOMLDecodeError:
            made += 1
            yield f"{made}", changed


MALFORMED: dict[str, bytes] = {
    f"{kind}-{name}": text.encode() if isinstance(text, str) else text
    for kind, files in (
        ("misspelt", misspelt()),
        ("type", wrong_types()),
        ("range", out_of_range()),
        ("rule", CONTRADICTIONS.items()),
        ("bytes", BINARY.items()),
        ("damaged", damaged()),
        ("cut", cut_short()),
    )
    for name, text in files
}


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """End a test that hangs, instead of waiting for it."""

    def ended(*_: object) -> None:
        raise AssertionError("hangs")

    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that has to end in one line on standard error and exit status 2; return the line."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert said.err.endswith("\n")
    line = said.err[:-1]
    assert line.startswith("glasstomo: error: ")
    assert line.isprintable(), "control characters or several lines"
    assert len(line) < 800
    return line


def test_there_are_more_than_300_malformed_files():
    assert len(MALFORMED) >= 300
    assert len(set(MALFORMED.values())) >= 300


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_ends_in_one_line_and_nothing_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
):
    file = tmp_path / "bad.toml"
    file.write_bytes(MALFORMED[name])
    for arguments in (
        ("design", "explain", file, "--plot", tmp_path / "bad.png"),
        ("design", "check", file, "--rows", tmp_path / "bad.csv", "--workers", 0),
        ("simulate", file, "--out", tmp_path / "bad.h5", "--truth", tmp_path / "truth.h5"),
    ):
        assert "bad.toml" in refused(capsys, *arguments)
        assert [path.name for path in tmp_path.iterdir()] == ["bad.toml"]


def test_lines_name_the_field_its_line_and_the_nearest_known_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    file = tmp_path / "bad.toml"
    file.write_text(TEMPLATE.replace("\ncount = 15", "\ncuont = 15"))
    wrong = file.read_text().splitlines().index("cuont = 15") + 1
    line = refused(capsys, "design", "explain", file)
    assert line == (
        f"glasstomo: error: {file}, line {wrong}: tilts.cuont is not a field of Tilts; did you mean 'count'?"
    )
    file.write_text(TEMPLATE.replace("current_na = 1.0", "current_na = -1.0"))
    line = refused(capsys, "design", "explain", file)
    wrong = file.read_text().splitlines().index("current_na = -1.0") + 1
    for part in (f"line {wrong}: ", "beam.current_na", "greater than 0", "got -1.0"):
        assert part in line


@pytest.mark.parametrize(
    ("text", "field", "line"),
    [
        ("[beam]\ncurrent_na = -1.0\n", "beam.current_na", 2),
        ("\n\n# words\nbeam.current_na = -1.0\n", "beam.current_na", 4),
        ("beam = { pixel_nm = 5.0, current_na = -1.0 }\n", "beam.current_na", 1),
        ("['beam']\n\n\n\"current_na\" = -1.0\n", "beam.current_na", 4),
        ('title = """\n[beam]\ncurrent_na = 1.0\n"""\n[beam]\ncurrent_na = -1.0\n', "beam.current_na", 6),
        ('[tilts]\nangles_deg = [\n  0.0,\n  "a",\n]\n', "tilts.angles_deg.1", 2),
        ("[beam]\r\ncurrent_na = -1.0\r\n", "beam.current_na", 2),
        ("\ufeff[beam]\ncurrent_na = -1.0\n", "beam.current_na", 2),
        ("[tilts]\ncount = 31\nstart_deg = 80.0\nstop_deg = 10.0\n", "stop_deg", 4),
        ("[beam]\n" + 40 * "# words\n" + "current_na = -1.0\n", "beam.current_na", 42),
        ("# a\n\n[tilts]\n# b\nangles_deg = [\n" + 300 * "  0.5,\n" + "]\ncuont = 3\n", "cuont", 307),
        ("# a\n\n[tilts]\n# b\nangles_deg = [\n" + 300 * "  0.5,\n" + "]\n", "angles_deg", 5),
    ],
)
def test_lines_are_found_however_a_field_is_written(tmp_path: Path, text: str, field: str, line: int):
    file = tmp_path / "bad.toml"
    file.write_bytes(text.encode())
    with pytest.raises(ValueError, match=rf"bad\.toml, line {line}: .*{field}"):
        read_design(file)


@given(
    before=st.lists(st.sampled_from(["# words", "", "[wanted]", 'title = """\na\n"""', "tilts.count = 3"])),
    many=st.integers(0, 3),
)
def test_the_line_of_a_field_is_that_of_a_plain_search(before: list[str], many: int):
    """A key that stands once in the text is found where a search finds it."""
    lines = [*dict.fromkeys(line for line in before if not line.startswith("["))]
    lines += ["[beam]", *["# more"] * many, "pixel_nm = 5.0", "[confidence]", "level = 0.9"]
    text = "\n".join(lines)
    whole = text.split("\n")
    assert line_of(text, ("beam", "pixel_nm")) == whole.index("pixel_nm = 5.0") + 1
    assert line_of(text, ("beam", "absent")) == whole.index("[beam]") + 1
    assert line_of(text, ("confidence", "level")) == whole.index("level = 0.9") + 1
    assert line_of(text, ("absent",)) is None


def test_files_that_are_no_files(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "folder.toml").mkdir()
    for name, said in (
        ("pipe.toml", "no regular file"),
        ("loop.toml", "loop.toml"),
        ("folder.toml", "folder"),
        ("absent.toml", "No such file"),
        ("absent/deep.toml", "No such file"),
        ("a\nb.toml", "a b.toml"),
    ):
        line = refused(capsys, "design", "explain", tmp_path / name)
        assert said in line


def test_unreadable_file(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = tmp_path / "closed.toml"
    file.write_text("")
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("this user may read everything")
    assert "Permission denied" in refused(capsys, "design", "explain", file)


# --- good files ---------------------------------------------------------------------------------


def test_an_empty_file_is_the_default_design(tmp_path: Path):
    file = tmp_path / "empty.toml"
    file.write_bytes(b"")
    assert read_design(file) == Design()


def test_the_template_is_the_example_and_names_every_field():
    assert parse_design(TEMPLATE) == example_design()
    # The dwell is spelt out; the dose is that of a design that says nothing.
    assert example_design().fluence_e_nm2 == Design().fluence_e_nm2
    tables = {section.path: {entry.key for entry in section.entries} for section in SECTIONS}
    for name, field in Design.model_fields.items():
        if isinstance(field.default, Parameters):
            known = tables[name] | {
                path.rpartition(".")[2] for path in tables if path.rpartition(".")[0] == name
            }
            # Nouns of their own, which docs/designs.md shows.
            left = set(type(field.default).model_fields) - known
            assert left <= {"analytic", "probe", "contamination"}, name
        else:
            assert name in tables[""]
    assert max(len(line) for line in TEMPLATE.splitlines()) <= 110


def test_every_example_behind_a_hash_is_valid():
    """Uncommenting any one field, together with those it needs, gives a design."""
    needs = {
        "angles_deg": {"scheme", "start_deg", "stop_deg", "count"},
        "total_fluence_e_nm2": {"dwell_s"},
    }
    tables: dict[str, str] = {}
    table = ""
    for raw in TEMPLATE.splitlines():
        line = raw.removeprefix("# ")
        if line.startswith("["):
            table = line.strip("[]")
        elif raw.startswith("# ") and "=" in line and not line.startswith(" "):
            tables.setdefault(table, "")
            tables[table] += line + "\n"
    assert sum(text.count("\n") for text in tables.values()) > 20
    for path, text in tables.items():
        whole = path in ("instrument.support_grid", "imperfections.damage")
        for part in [text] if whole else text.splitlines():
            key = part.partition(" ")[0]
            values = tomllib.loads(TEMPLATE)
            for name in needs.get(key, ()):
                del values[path.partition(".")[0]][name]
            kept = (
                ""
                if not path
                else "".join(
                    f"{name} = {toml_value(value)}\n" for name, value in values.get(path, {}).items()
                )
            )
            head = f"[{path}]\n" if path else ""
            made = parse_design(f"{head}{kept}{part}\n")
            assert made != (Design() if whole else parse_design(f"{head}{kept}")), part


CHANGES: tuple[dict[str, Any], ...] = (
    {"tilts.angles_deg": [-30.0, 0.0, 30.0]},
    {"tilts.scheme": "golden_ratio", "tilts.count": 31},
    {"beam.total_fluence_e_nm2": 3.3e7},
    {"imperfections.absorption": True},
    {"imperfections.errors.tilt_sigma_deg": 0.3, "imperfections.errors.scan_noise_nm": 1 / 3},
    {"imperfections.probe.fwhm_nm": 2.0},
    {"imperfections.damage": {"mass_loss": {"N": 0.1}, "mass_loss_fluence_e_nm2": 1e7}},
    {"imperfections.contamination": {"growth_nm": 1.0, "critical_fluence_e_nm2": 1e7}},
    {"specimen.options.width_nm": 5.0, "specimen.options.film": False},
    {"instrument.support_grid": {"hole_um": 90.0, "thickness_um": 20.0, "side": "below"}},
    {"wanted.zn_fraction_2sigma": None, "wanted.cross_section_bias": 0.02},
    {"reconstruction.lam": 1e-7, "reconstruction.upper": 7.25},
    {"title": 'quotes " and \\ and\nlines\t\x7f\u2028', "description": "\u0394\u03b1"},
    {"tilts.start_deg": -61.803398874989484},
)


@pytest.mark.parametrize("changes", CHANGES, ids=[next(iter(change)) for change in CHANGES])
def test_a_design_reads_back_as_it_was_written(changes: dict[str, Any]):
    design = Design().with_fields(changes)
    assert design != Design()
    back = parse_design(design_text(design))
    assert back == design
    assert back.key == design.key


@pytest.mark.parametrize("builder", [segregated, flux_melted])
def test_an_exact_particle_reads_back(builder):
    design = Design(specimen={"analytic": builder(np.random.default_rng(4))})
    back = parse_design(design_text(design))
    assert back == design
    assert back.key == design.key


def test_tables_of_the_tutorial_are_designs():
    page = (Path(__file__).parents[1] / "docs" / "designs.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    for block in blocks:
        parse_design(block)


def test_write_template_keeps_what_is_there(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text("mine")
    with pytest.raises(ValueError, match="is there already"):
        write_template(file)
    assert file.read_text() == "mine"
    write_template(file, force=True)
    assert read_design(file) == example_design()
    assert "glasstomo design check mine.toml" in file.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


# Text that no terminal shows (surrogates) is no text.
PLAIN = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        st.text(st.characters(exclude_categories=["Cs"])),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_values_read_back_as_they_were_written(value: Any):
    assert tomllib.loads(f"value = {toml_value(value)}")["value"] == value


def test_settings_are_read_as_toml_or_as_words():
    assert parsed_value("0.05") == 0.05
    assert parsed_value('"31"') == "31"
    assert parsed_value("{ film = false }") == {"film": False}
    assert parsed_value("package.module:solver") == "package.module:solver"
    assert parsed_value("1\ncount = 2") == "1\ncount = 2"
    assert parsed_value("[" * 3000) == "[" * 3000


# --- the schema ---------------------------------------------------------------------------------


def allows(schema: dict[str, Any], value: Any, whole: dict[str, Any]) -> bool:
    """Judge a value by the part of JSON Schema, draft 7, that ours uses."""
    if "$ref" in schema:
        return allows(whole["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, whole)
    for word, judge in (("anyOf", any), ("oneOf", any), ("allOf", all)):
        if word in schema and not judge(allows(part, value, whole) for part in schema[word]):
            return False
    kinds = {
        "boolean": lambda v: isinstance(v, bool),
        "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
        "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
        "string": lambda v: isinstance(v, str),
        "array": lambda v: isinstance(v, list),
        "object": lambda v: isinstance(v, dict),
    }
    if "type" in schema and not kinds[schema["type"]](value):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if kinds["number"](value):
        bounds = {
            "minimum": lambda v, b: v >= b,
            "maximum": lambda v, b: v <= b,
            "exclusiveMinimum": lambda v, b: v > b,
            "exclusiveMaximum": lambda v, b: v < b,
            "multipleOf": lambda v, b: v % b == 0,
        }
        if not all(holds(value, schema[word]) for word, holds in bounds.items() if word in schema):
            return False
    if isinstance(value, list):
        items = schema.get("items", {})
        parts = items if isinstance(items, list) else [items] * len(value)
        return all(allows(part, item, whole) for part, item in zip(parts, value, strict=False))
    if isinstance(value, dict):
        known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        if not set(schema.get("required", ())) <= set(value):
            return False
        return all(
            allows(known[key], item, whole)
            if key in known
            else (allows(more, item, whole) if isinstance(more, dict) else more)
            for key, item in value.items()
        )
    return True


def test_the_schema_allows_what_reads_and_refuses_what_does_not():
    schema = json_schema()
    assert allows(schema, tomllib.loads(TEMPLATE), schema)
    for changes in CHANGES:
        values = tomllib.loads(design_text(Design().with_fields(changes)))
        assert allows(schema, values, schema), changes
    kinds = ("misspelt-", "type-")
    wrong = [(name, text) for name, text in MALFORMED.items() if name.startswith(kinds)]
    for name, text in wrong:
        values = tomllib.loads(text.decode())
        # Dates have no type in JSON; editors know them from TOML itself.
        assert name.endswith(("-date", "-time")) or not allows(schema, values, schema), name


def test_the_schema_explains_every_field_and_is_plain_draft_7():
    schema = json_schema()
    text = json.dumps(schema, allow_nan=False)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    for word in ("prefixItems", '"null"', "discriminator"):
        assert word not in text
    for name, table in schema["$defs"].items():
        for field, part in table.get("properties", {}).items():
            assert field == "kind" or len(part.get("description", "")) > 2, f"{name}.{field}"
    for section in SECTIONS:
        for entry in section.entries:
            assert json.dumps(entry.words, ensure_ascii=True)[1:-1].replace("`", "") in text
    schema["$defs"].clear()
    assert json_schema()["$defs"], "callers may change what they get"
