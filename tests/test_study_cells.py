"""Studies: which cells they have, what names a cell, and what they refuse."""

import itertools
import math
from pathlib import Path

import pytest
from glasstomo.benchmarks.design.design import Design
from glasstomo.benchmarks.design.trial import TRIAL_COLUMNS
from glasstomo.benchmarks.study.columns import COLUMNS, LEADING, TIMING_COLUMNS, TRAILING
from glasstomo.benchmarks.study.study import Factor, MethodChoice, Study
from glasstomo.benchmarks.study.study_file import read_study
from hypothesis import given
from hypothesis import strategies as st

COUNT = {"field": "tilts.count", "values": (7, 15)}
DOSE = {"field": "beam.total_fluence_e_nm2", "values": (1e6, 1e7, 1e8), "name": "fluence"}
REACH = {
    "name": "reach",
    "levels": (
        {"label": 60, "tilts.start_deg": -60.0, "tilts.stop_deg": 60.0},
        {"label": 70, "tilts.start_deg": -70.0, "tilts.stop_deg": 70.0},
    ),
}
METHODS = ({"label": "tv", "set": {"method": "tv"}}, {"label": "tv2", "set": {"method": "tv2"}})

factors = st.lists(st.sampled_from([COUNT, DOSE, REACH]), unique_by=str, max_size=3)


@given(chosen=factors, methods=st.sampled_from([(), METHODS]), replicates=st.integers(1, 3))
def test_cells_are_all_combinations_replicate_by_replicate(chosen, methods, replicates):
    study = Study(factors=chosen, methods=methods, replicates=replicates)
    cells = study.cells()
    sizes = [len(factor.settings) for factor in study.factors] + [max(len(methods), 1)]
    settings = math.prod(sizes)
    assert len(cells) == settings * replicates
    assert [cell.index for cell in cells] == list(range(len(cells)))
    assert [cell.replicate for cell in cells] == [k for k in range(replicates) for _ in range(settings)]
    assert len({cell.key for cell in cells}) == len(cells)
    levels = {(*cell.levels.values(), cell.method) for cell in cells}
    names = [list(factor.settings) for factor in study.factors] + [
        [method.label for method in study.methods] or ["tv2"]
    ]
    assert levels == set(itertools.product(*names))


def test_a_cell_has_the_design_of_its_levels():
    study = Study(factors=(REACH, DOSE), methods=METHODS, replicates=1)
    for cell in study.cells():
        assert cell.design.tilts.stop_deg == cell.levels["reach"]
        assert cell.design.tilts.start_deg == -cell.levels["reach"]
        assert cell.design.beam.total_fluence_e_nm2 == cell.levels["fluence"]
        assert cell.design.reconstruction.method == cell.method


@given(more=st.integers(1, 3))
def test_what_is_added_to_a_study_leaves_its_cells_alone(more):
    few = {cell.key for cell in Study(factors=(COUNT, DOSE), replicates=2).cells()}
    wider = Study(
        factors=(
            COUNT,
            {**DOSE, "values": (*DOSE["values"], *(10.0 ** (8 + k) for k in range(1, more + 1)))},
        ),
        methods=METHODS,
        replicates=2 + more,
    )
    assert few < {cell.key for cell in wider.cells()}


def test_words_change_no_key_and_everything_else_does():
    study = Study(factors=(COUNT,), replicates=2)
    assert Study(factors=({**COUNT, "label": "n"},), replicates=2, title="t", question="q").key == study.key
    for other in (
        {"seed": 1},
        {"replicates": 3},
        {"scores": ("volumes",)},
        {"methods": METHODS},
        {"design": Design(specimen={"size": 32})},
    ):
        assert Study(**{"factors": (COUNT,), "replicates": 2, **other}).key != study.key


def test_levels_that_are_no_numbers_are_words():
    factor = Factor(field="specimen.options.film", values=(True, False))
    assert list(factor.settings) == ["yes", "no"]
    assert factor.settings["yes"] == {"specimen.options.film": True}
    assert factor.column == "specimen_options_film"
    assert not factor.numeric
    assert Factor(**DOSE, unit="e/nm²").as_column.label == "fluence (e/nm²)"
    assert Factor(**COUNT).as_column.kind == "number"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"factors": ({"field": "tilts.cuont", "values": (1,)},)}, "did you mean 'count'"),
        ({"factors": ({"field": "tilts.count", "values": (0,)},)}, "at tilts_count = 0"),
        ({"factors": ({"field": "tilts.count", "values": ()},)}, "at least one value"),
        ({"factors": ({"field": "tilts.count", "values": (7, 7)},)}, "7 stands there twice"),
        (
            {"factors": ({"field": "tilts.count", "values": (7,), "name": "tilts"},)},
            "no column of the results",
        ),
        ({"factors": ({"field": "tilts.count", "values": (7,), "name": "Tilts!"},)}, "lower case"),
        ({"factors": (COUNT, {**COUNT, "name": "again"})}, "two factors"),
        ({"factors": (COUNT, COUNT)}, "stands there twice"),
        ({"factors": ({"field": "wanted.density_2sigma", "values": (1.0,)},)}, "moves no result"),
        ({"factors": ({"name": "x", "levels": ({"label": "a"},)},)}, "sets no field"),
        ({"factors": ({"name": "x", "levels": ({"tilts.count": 7},)},)}, "needs a `label`"),
        ({"factors": ({"levels": ({"label": 1, "tilts.count": 7},)},)}, "`name` is missing"),
        ({"factors": ({"field": "tilts.count"},)}, "at least one value"),
        ({"factors": ({},)}, "give `field`"),
        ({"methods": ({"label": "a", "set": {"metod": "tv"}},)}, "did you mean 'method'"),
        ({"methods": ({"label": "a", "set": {"method": "tvv"}},)}, "unknown method 'tvv'"),
        ({"methods": (METHODS[0], METHODS[0])}, "stands there twice"),
        ({"methods": ({"label": "a"}, {"label": "b"})}, "one and the same design"),
        ({"scores": ("precison",)}, "did you mean 'precision'"),
        ({"replicates": 0}, "replicates"),
        ({"name": "a/b"}, "names folders"),
        ({"replicats": 2}, "did you mean 'replicates'"),
    ],
)
def test_studies_that_cannot_be_run_are_refused_with_the_cure(values, said):
    with pytest.raises(ValueError, match=said) as caught:
        Study(**values)
    assert "\n" not in str(caught.value)


def test_a_study_file_names_its_design_file(tmp_path: Path):
    (tmp_path / "mine.toml").write_text("[tilts]\ncount = 9\n")
    folder = tmp_path / "sweep"
    folder.mkdir()
    (folder / "study.toml").write_text(
        'design = "../mine.toml"\nreplicates = 2\n[[factors]]\nfield = "specimen.size"\nvalues = [16, 24]\n'
    )
    study = read_study(folder / "study.toml")
    assert study.name == "sweep"
    assert study.design.tilts.count == 9
    assert len(study.cells()) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("replicates = ", "study.toml"),
        ("[design.tilts]\ncuont = 3", "did you mean 'count'"),
        ('design = "absent.toml"', "absent.toml"),
        ("replicates = 2.5", "replicates"),
        ("[[factors]]\nfield = 3\nvalues = [1]", "factors"),
        ("factors = 3", "factors"),
        ('design = ["a"]', "design"),
    ],
)
def test_a_bad_study_file_is_named(tmp_path: Path, text: str, said: str):
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises((ValueError, OSError), match=said) as caught:
        read_study(path)
    assert "\n" not in str(caught.value)


def test_every_column_of_a_row_is_described():
    assert set(TRIAL_COLUMNS) <= set(COLUMNS)
    assert len(COLUMNS) == len(LEADING) + len(TRAILING)
    assert set(COLUMNS) >= TIMING_COLUMNS
    assert "design_key" not in TIMING_COLUMNS
    assert all(column.label for column in COLUMNS.values())


def test_a_choice_of_method_takes_fields_of_the_reconstruction_only():
    assert (
        MethodChoice(label="kl", set={"data_term": "kullback_leibler"}).set["data_term"] == "kullback_leibler"
    )
    with pytest.raises(ValueError, match="Inversion"):
        MethodChoice(label="kl", set={"tilts": 3})
