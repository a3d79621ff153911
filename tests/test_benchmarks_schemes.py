"""The figure of tilt schemes is drawn, with what it says it shows."""

import numpy as np
from glasstomo.benchmarks.figures_schemes import ORDERS, SCHEMES, figure_schemes
from glasstomo.benchmarks.figures_style import png_bytes


def test_fans_hold_every_tilt_and_the_plot_every_order():
    figure = figure_schemes()
    left, right = figure.subfigs
    fans = left.axes[: len(SCHEMES)]
    for ax, (name, scheme) in zip(fans, SCHEMES.items(), strict=True):
        assert ax.get_title() == name
        (lines,) = ax.collections
        directions = np.array([segment[1] for segment in lines.get_segments()])
        # The beam comes from (sin, cos) of the tilt, in the order of acquisition.
        np.testing.assert_allclose(np.rad2deg(np.arctan2(*directions.T)), scheme.acquired_deg, atol=1e-9)
    drawn = {line.get_label(): line.get_ydata() for line in right.axes[0].lines}
    assert set(drawn) == set(ORDERS)
    assert sorted(drawn["golden ratio"]) == list(range(15))
    assert png_bytes(figure).startswith(b"\x89PNG")
