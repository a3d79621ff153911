"""The search for counterexamples, what it reports, and the files that it leaves."""

import json
import re
import time
import warnings
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.beam_geometry import BeamGeometry
from glasstomo.benchmarks.conformance.case_file import decode, encode
from glasstomo.benchmarks.conformance.case_text import case_text, value_text
from glasstomo.benchmarks.conformance.conformance_page import conformance_html
from glasstomo.benchmarks.conformance.conformance_report import ConformanceReport
from glasstomo.benchmarks.conformance.conformity import conform
from glasstomo.benchmarks.conformance.counterexample import (
    Counterexample,
    counterexamples,
    read_counterexample,
    replay,
    save_counterexample,
)
from glasstomo.benchmarks.conformance.counterexample_search import examine
from glasstomo.benchmarks.conformance.drawn_array import DrawnArray, arrays
from glasstomo.benchmarks.conformance.finding import Finding
from glasstomo.benchmarks.conformance.functional import Functional
from glasstomo.benchmarks.conformance.junit import junit_tree, write_junit
from glasstomo.benchmarks.conformance.known_claims import CLAIMS
from glasstomo.benchmarks.conformance.law import law
from glasstomo.benchmarks.conformance.law_checks import LawsBrokenError, check_laws, law_names
from glasstomo.benchmarks.conformance.law_pages import laws_page
from glasstomo.benchmarks.conformance.laws.tables import LAWS, laws_of
from glasstomo.benchmarks.conformance.linear_map import LinearMap
from glasstomo.benchmarks.conformance.profiles import PROFILES
from glasstomo.benchmarks.conformance.projector_family import ProjectorFamily
from glasstomo.benchmarks.conformance.solver import Solver
from hypothesis import assume, given
from hypothesis import strategies as st


def numbers(subject: LinearMap) -> st.SearchStrategy[dict[str, object]]:
    del subject
    return st.fixed_dictionaries({"n": st.integers(0, 1000)})


@law(kind="operator", formula="f(n) = n", tolerance="0: whole numbers", cases=numbers)
def same(op: LinearMap, n: int) -> Finding:
    """A number comes back as it was."""
    return Finding(abs(float(op.forward(n)) - n), 0.5)  # pyright: ignore[reportArgumentType]


def mapping(forward, name: str = "mine") -> LinearMap:
    return LinearMap(name=name, domain=(2,), range=(2,), forward=forward)


IDENTITY = mapping(lambda n: n, "identity")
CAPPED = mapping(lambda n: min(n, 37), "capped")


def report_of(*subjects: LinearMap) -> list[ConformanceReport]:
    return [conform(one, laws=[same], examples=200, component=f"mine:{one.name}") for one in subjects]


class TestSearch:
    def test_the_smallest_case_is_found(self):
        result = examine(same, CAPPED, examples=200)
        assert result.verdict == "broken"
        assert result.counterexample == {"n": 38}
        assert result.worst == Finding(1.0, 0.5)

    def test_the_first_case_will_do_where_time_is_short(self):
        seen: list[int] = []
        counting = mapping(lambda n: seen.append(n) or min(n, 37))
        result = examine(same, counting, examples=200, shrink=False)
        assert result.verdict == "broken"
        assert result.examples == next(i for i, n in enumerate(seen, 1) if n > 37)
        assert len(seen) <= result.examples + 1

    def test_a_law_that_is_kept_sees_all_examples(self):
        counted: list[int] = []
        result = examine(same, IDENTITY, examples=60, progress=counted.append)
        assert (result.verdict, result.examples, result.asked) == ("kept", 60, 60)
        assert counted == list(range(1, 61))
        assert not result.time_up

    def test_a_law_of_one_case_is_checked_once(self):
        @law(kind="operator", formula="", tolerance="", cases=lambda op: st.just({}))
        def once(op):
            """There is one case."""
            return Finding(0.0, 0.0)

        assert examine(once, IDENTITY, examples=50).examples == 1

    def test_the_same_seed_draws_the_same_cases(self):
        def drawn(seed: int) -> list[int]:
            seen: list[int] = []
            examine(same, mapping(lambda n: seen.append(n) or n), examples=40, seed=seed)
            return seen

        assert drawn(3) == drawn(3)
        assert drawn(3) != drawn(4)

    @pytest.mark.parametrize("error", [KeyError("x\ny"), SystemExit(3), AssertionError("no")])
    def test_raising_breaks_the_law_and_is_said(self, error: BaseException):
        def raises(n):
            if n > 20:
                raise error
            return n

        result = examine(same, mapping(raises), examples=200)
        assert result.counterexample == {"n": 21}
        assert result.reason.startswith(f"it raised {type(error).__name__}: ")
        # Where to look: file and line of the component, on one line.
        assert re.search(r"\(test_conformance_core\.py, line \d+\)$", result.reason)
        assert "\n" not in result.reason

    def test_shrinking_stays_with_the_mistake_that_was_found(self):
        # Small numbers raise something else: a case of the wrong result must not slip into theirs.
        seen: list[int] = []

        def two_mistakes(n):
            seen.append(n)
            if n < 10:
                return n
            if n < 50:
                raise RuntimeError("another mistake")
            return -1

        result = examine(same, mapping(two_mistakes), examples=50, seed=1)
        assert next(n for n in seen if n >= 10) >= 50
        assert result.counterexample == {"n": 50}
        assert result.reason == "off by 51 where 0.5 is allowed"

    def test_time_ends_the_search_and_is_told(self):
        def slow(n):
            time.sleep(0.02)
            return n

        result = examine(same, mapping(slow), examples=1000, max_seconds=0.1)
        assert result.verdict == "kept"
        assert result.time_up
        assert 1 <= result.examples < 50
        # Nothing of the interrupted search is left behind.
        assert examine(same, CAPPED, examples=200).counterexample == {"n": 38}

    def test_one_case_is_looked_at_whatever_the_time(self):
        assert examine(same, mapping(lambda n: -1), max_seconds=1e-9).verdict == "broken"

    def test_a_component_that_is_broken_now_and_then_is_told(self):
        calls = []

        def moody(n):
            calls.append(n)
            return -1 if len(calls) == 5 else n

        result = examine(same, mapping(moody), examples=100)
        assert result.verdict == "broken"
        assert "not every time" in result.reason

    def test_warnings_do_not_decide_the_verdict(self):
        def warns(n):
            warnings.warn("deprecated", RuntimeWarning, stacklevel=1)
            return n

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert examine(same, mapping(warns), examples=20).verdict == "kept"

    def test_a_law_may_refuse_cases(self):
        @law(kind="operator", formula="", tolerance="", cases=numbers)
        def of_even_numbers(op, n):
            """Even numbers come back."""
            assume(n % 2 == 0)
            return Finding(abs(op.forward(n) - n), 0.0)

        odd_is_wrong = mapping(lambda n: n if n % 2 == 0 else -1)
        assert examine(of_even_numbers, odd_is_wrong, examples=30).verdict == "kept"

    def test_a_law_without_any_case_is_an_error(self):
        @law(
            kind="operator", formula="", tolerance="", cases=lambda op: st.integers().filter(lambda n: False)
        )
        def none(op, n):
            """There is no case."""
            return Finding(0.0, 0.0)

        with pytest.raises(ValueError, match="`none` found no case that suits identity"):
            examine(none, IDENTITY)

    def test_excuses_are_kept(self):
        @law(kind="operator", formula="", tolerance="", cases=numbers, excuse=lambda op: "no reason to")
        def excused(op, n):
            """Nobody asks."""
            raise RuntimeError

        result = examine(excused, IDENTITY)
        assert (result.verdict, result.reason, result.examples) == ("does not apply", "no reason to", 0)


CASES = st.dictionaries(
    st.sampled_from(["x", "n", "geometry"]),
    arrays((2, 3), floor=0.0)
    | st.floats()
    | st.integers()
    | st.text(max_size=5)
    | st.none()
    | st.booleans()
    | st.builds(
        BeamGeometry,
        st.tuples(*[st.integers(1, 5)] * 3),
        st.lists(st.floats(-90, 90), min_size=1, max_size=4).map(tuple),
        bins=st.none() | st.integers(1, 7),
    )
    | st.tuples(st.integers(), st.tuples(st.floats(0, 1))),
)


class TestFiles:
    @given(case=CASES)
    def test_cases_survive_a_file(self, case: dict[str, object], tmp_path_factory):
        path = tmp_path_factory.mktemp("cases") / "case.json"
        example = Counterexample(law="same", kind="operator", subject="mine", case=case)
        assert repr(read_counterexample(save_counterexample(example, path)).case) == repr(case)
        assert case_text(case)

    def test_encoding_is_json(self):
        case = {"x": DrawnArray((2,), ((0, float("inf")),)), "n": float("nan")}
        assert "Infinity" not in json.dumps(encode(case), allow_nan=False)
        assert np.isnan(decode(encode(case))["n"])

    def test_what_no_file_can_hold_is_refused(self):
        with pytest.raises(TypeError, match="ndarray"):
            encode({"x": np.zeros(2)})

    def test_a_counterexample_is_replayed_and_mended(self, tmp_path: Path):
        [report] = report_of(CAPPED)
        [example] = counterexamples(report)
        file = save_counterexample(example, tmp_path)
        assert file.name == "capped-same.json"
        again = replay(file, CAPPED, law=same)
        assert (again.verdict, again.reason) == ("broken", "off by 1 where 0.5 is allowed")
        assert replay(file, IDENTITY, law=same).verdict == "kept"
        assert read_counterexample(file).versions["numpy"] == np.__version__

    def test_names_of_files_are_plain(self, tmp_path: Path):
        for name in ("../../x", "|x|: a/b", "", "…", "a" * 300):
            example = Counterexample(law="same", kind="operator", subject=name, case={})
            assert save_counterexample(example, tmp_path).parent == tmp_path
        assert all(len(file.name) < 100 for file in tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("nothing", "must be JSON"),
            ("[1]", "is no counterexample"),
            ('{"a": 1}', "is no counterexample"),
            ('{"glasstomo_counterexample": 99}', "format 99"),
            ('{"glasstomo_counterexample": 1, "law": "same"}', "lacks kind, case"),
            (
                '{"glasstomo_counterexample": 1, "law": "", "kind": "", "case": {"x": {"is": "os"}}}',
                "unknown noun 'os'",
            ),
        ],
    )
    def test_other_files_are_refused_in_a_sentence(self, text: str, said: str, tmp_path: Path):
        (tmp_path / "case.json").write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=said):
            read_counterexample(tmp_path / "case.json")

    def test_a_component_that_is_not_named_has_to_be_handed_over(self):
        example = Counterexample(law="linearity", kind="operator", subject="mine", case={})
        with pytest.raises(ValueError, match="hand it over"):
            replay(example)

    def test_cases_read_at_a_glance(self):
        noise = DrawnArray((3, 3), seed=4, floor=0.0)
        assert value_text(noise) == "(3, 3) normal noise of seed 4, reflected at 0"
        geometry = BeamGeometry((1, 2, 3), (0.0, 30.0))
        assert value_text(geometry) == "BeamGeometry(shape=(1, 2, 3), angles_deg=(0, 30))"
        assert value_text(DrawnArray((5, 5))) == "(5, 5) zeros"


class TestReport:
    def test_verdict(self):
        good, bad = report_of(IDENTITY, CAPPED)
        assert good.ok
        assert good.verdict == "keeps 1 of 1 law"
        assert not bad.ok
        assert bad.result("same").counterexample == {"n": 38}
        assert json.loads(json.dumps(bad.as_dict(), allow_nan=False))["laws"][0]["verdict"] == "broken"

    def test_nothing_kept_is_not_ok(self):
        assert not ConformanceReport(subject="mine", kind="operator", results=()).ok

    def test_laws_of_another_kind_are_refused(self):
        other = law(kind="solver", formula="", tolerance="", cases=numbers)(same.check)
        with pytest.raises(ValueError, match="`same` is one of solvers"):
            conform(IDENTITY, laws=[other])

    @pytest.mark.parametrize("laws", [[], ["linearty"]])
    def test_unknown_laws_are_refused(self, laws: list[str]):
        with pytest.raises(ValueError, match="linearity"):
            conform(IDENTITY, laws=laws)

    def test_unknown_profiles_and_examples_are_refused(self):
        with pytest.raises(ValueError, match="quick, default, nightly"):
            conform(IDENTITY, profile="nigthly")
        with pytest.raises(ValueError, match="`examples` must be at least 1"):
            conform(IDENTITY, examples=0)

    def test_check_laws_tells_all_in_its_message(self, tmp_path: Path):
        with pytest.raises(LawsBrokenError) as caught:
            check_laws(CAPPED, laws=[same], examples=200, save=tmp_path)
        message = str(caught.value)
        for part in ("capped keeps 0 of 1 law", "A number comes back as it was.", "f(n) = n", "n = 38"):
            assert part in message
        assert f"replay({str(tmp_path / 'capped-same.json')!r}" in message
        assert caught.value.report.broken[0].law is same

    def test_check_laws_returns_the_report(self):
        assert check_laws(IDENTITY, laws=[same]).ok

    def test_names_to_parametrise_with(self):
        assert law_names("operator") == list(LAWS["operator"])


class TestProfiles:
    def test_costly_laws_get_fewer_but_never_none(self):
        dear = law(kind="solver", formula="", tolerance="", cases=numbers, cost=1e6)(same.check)
        for name, profile in PROFILES.items():
            assert profile.examples_of(dear) == (1000 if name == "nightly" else profile.fewest)
            assert profile.examples_of(dear) <= profile.examples_of(same) or name != "nightly"

    def test_each_profile_looks_at_more(self):
        for kind in LAWS:
            counts = [profile.examples[kind] for profile in PROFILES.values()]
            assert counts == sorted(set(counts))


class TestLaws:
    @pytest.mark.parametrize("kind", LAWS)
    def test_every_law_says_what_it_needs(self, kind: str):
        assert LAWS[kind]
        for name, one in LAWS[kind].items():
            assert (one.name, one.kind) == (name, kind)
            assert re.fullmatch(r"[A-Z].*\.", one.sentence), f"{name}: {one.sentence!r}"
            assert one.formula, name
            # The reason of a tolerance takes more than its number.
            assert len(one.tolerance.split()) > 2, f"{name}: {one.tolerance!r}"
            assert one.cost > 0

    def test_named_laws_come_in_their_order(self):
        assert [one.name for one in laws_of("operator", ["adjoint", "linearity", "adjoint"])] == [
            "adjoint",
            "linearity",
        ]


class Links(HTMLParser):
    """Collects the ids of a page, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key == "id":
                self.ids.append(value or "")
            if key in ("href", "src"):
                self.targets.append(value or "")


class TestPage:
    def test_links_lead_to_sections_and_nothing_is_loaded(self):
        links = Links()
        links.feed(conformance_html(report_of(IDENTITY, CAPPED)))
        assert len(set(links.ids)) == len(links.ids)
        assert links.targets
        assert all(target.startswith("#") and target[1:] in links.ids for target in links.targets)

    def test_what_components_say_is_escaped(self):
        def raises(n):
            raise ValueError("<script>alert(1)</script>")

        page = conformance_html(report_of(mapping(raises, "<b>bold</b>")))
        assert "<script>" not in page
        assert "<b>bold</b>" not in page
        assert "&lt;script&gt;" in page

    def test_a_command_that_replays_stands_ready_to_be_copied(self):
        [report] = report_of(CAPPED)
        page = conformance_html([report], files={("mine:capped", "same"): Path("my cases/capped-same.json")})
        assert "glasstomo conform --replay &#39;my cases/capped-same.json&#39;" in page

    def test_the_same_exception_in_many_laws_is_told_once(self):
        def raises(n):
            raise ValueError("always this")

        report = conform(mapping(raises), laws=["linearity", "zero_to_zero", "finite_output"], examples=3)
        assert len(report.broken) == 3
        page = conformance_html([report])
        assert page.count("it raised ValueError: always this") == 1
        assert "It raised the same in zero_to_zero, finite_output." in page

    def test_nothing_checked_is_no_success(self):
        page = conformance_html([ConformanceReport(subject="mine", kind="operator", results=())])
        assert "Nothing was checked" in page
        assert 'class="verdict missed"' in page


# Elements with their attributes and children, in order: what the schemas of Apache Ant (JUnit.xsd, where all
# of these are required) and of the Jenkins xUnit plugin (junit-10.xsd) both allow.
TOTALS = ("tests", "failures", "errors", "skipped", "time")
JUNIT = {
    "testsuites": (set(), ["testsuite"]),
    "testsuite": (
        {*("name", "package", "id", "timestamp", "hostname"), *TOTALS},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "system-out": (set(), []),
    "system-err": (set(), []),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"name", "classname", "time"}, ["skipped", "failure"]),
    "skipped": ({"message"}, []),
    "failure": ({"message", "type"}, []),
}


class TestJUnit:
    def test_elements_attributes_and_order(self):
        @law(kind="operator", formula="", tolerance="", cases=numbers, excuse=lambda op: "nobody asks")
        def excused(op, n):
            """Nobody asks."""
            raise RuntimeError

        report = conform(CAPPED, laws=[same, excused], examples=100)
        root = junit_tree([report, *report_of(IDENTITY)]).getroot()
        for element in root.iter():
            attributes, children = JUNIT[element.tag]
            assert set(element.attrib) == attributes
            places = [children.index(child.tag) for child in element]
            assert places == sorted(places)
        assert {element.tag for element in root.iter()} == set(JUNIT)
        counts = [[suite.attrib[name] for name in TOTALS[:4]] for suite in root]
        assert counts == [["2", "1", "0", "1"], ["1", "0", "0", "0"]]

    def test_signs_that_xml_cannot_hold_are_left_out(self, tmp_path: Path):
        def raises(n):
            raise ValueError("\x1b[31mred\x00\ud800 <&>")

        write_junit(report_of(mapping(raises, 'a"b')), tmp_path / "junit.xml")
        failure = ET.parse(tmp_path / "junit.xml").getroot().find(".//failure")
        assert failure is not None
        assert "[31mred <&>" in failure.attrib["message"]


def test_the_page_of_laws_is_current():
    page = Path(__file__).parents[1] / "docs" / "laws.md"
    written = page.read_text(encoding="utf-8")
    assert written == laws_page(), (
        f"write it anew: python -m glasstomo.benchmarks.conformance.law_pages docs/{page.name}"
    )


@pytest.mark.parametrize(
    ("noun", "fields"),
    [
        (LinearMap, {"domain": (1,), "range": (1,), "forward": abs}),
        (Functional, {"domain": (1,)}),
        (Solver, {"run": abs}),
        (ProjectorFamily, {"make": abs}),
    ],
)
def test_unknown_claims_are_refused(noun, fields):
    with pytest.raises(ValueError, match=r"`claims` of a \w+ has no 'posative'.*known: "):
        noun(name="mine", claims={"posative"}, **fields)
    with pytest.raises(TypeError, match="must be a set of names"):
        noun(name="mine", claims="positive", **fields)
    assert noun(name="mine", **fields).claims <= set(CLAIMS[noun.kind])
