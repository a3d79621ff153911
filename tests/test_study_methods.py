"""The figure that sets methods side by side shows the means and the intervals of the rows."""

import numpy as np
import pandas as pd
import pytest
from glasstomo.benchmarks.study.factor_column import FactorColumn
from glasstomo.benchmarks.study.figures_methods import figure_methods

DOSE = FactorColumn(
    name="fluence", label="Total fluence (e nm⁻²)", levels=(1e7, 1e8), numeric=True, log=True, given=False
)


def results(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        {"method": method, "fluence": dose, "nrmse_zn": rng.uniform(0.1, 0.3), "density_bias": rng.normal()}
        for method in ("TV", "TV²", "SIRT")
        for dose in DOSE.levels
        for _ in range(4)
    ]
    return pd.DataFrame(rows)


def test_marks_stand_at_the_means_with_their_intervals():
    rows = results()
    figure = figure_methods(rows, ("nrmse_zn", "density_bias"), factor=DOSE, modulus=("density_bias",))
    ax = figure.axes[1]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["TV", "TV²", "SIRT"]
    assert ax.get_xlabel() == "|Bias of metal density (nm⁻³)|"
    line, _, (bars,) = ax.containers[1].lines
    at = rows[(rows["fluence"] == 1e8)].assign(size=lambda r: r["density_bias"].abs())
    by = at.groupby("method", sort=False)["size"]
    np.testing.assert_allclose(line.get_xdata(), by.mean())
    for segment, mean, error in zip(bars.get_segments(), by.mean(), by.std() / 2, strict=True):
        np.testing.assert_allclose(segment[:, 0], [mean - 1.96 * error, mean + 1.96 * error])


def test_a_method_without_a_value_has_no_mark():
    rows = results()
    rows.loc[rows["method"] == "SIRT", "nrmse_zn"] = np.nan
    figure = figure_methods(rows, ("nrmse_zn",), factor=DOSE, logarithmic=("nrmse_zn",))
    for container in figure.axes[0].containers:
        assert np.isfinite(container.lines[0].get_xdata()).tolist() == [True, True, False]
    assert figure.axes[0].get_xscale() == "log"


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no column 'dice'"):
        figure_methods(results(), ("dice",), factor=DOSE)
