"""Figures of phase diagrams with errors, of three metals, and of domains."""

import numpy as np
import pytest
from glasstomo.benchmarks.figures_domains import figure_domains
from glasstomo.benchmarks.figures_phase_errors import ellipse, figure_phase_errors
from glasstomo.benchmarks.figures_style import png_bytes
from glasstomo.benchmarks.figures_ternary import figure_ternary, plane
from glasstomo.metrics import phase_diagram
from glasstomo.metrics.domains import connected_domains

AXIS = np.arange(28) - 13.5
BALL = AXIS[:, None, None] ** 2 + AXIS[:, None] ** 2 + AXIS**2 < 12.5**2
LEFT = BALL & (AXIS < 0)


@pytest.fixture
def two(rng):
    def draw():
        noise = 0.06 * rng.standard_normal((2, *BALL.shape)) * BALL
        return 4.0 * LEFT + 1.0 * BALL + noise[0], 5.0 * (BALL & ~LEFT) + 1.0 * BALL + noise[1]

    replicates = [draw() for _ in range(4)]
    return phase_diagram(*draw(), interior=BALL, replicates=replicates)


def texts(figure):
    return " ".join(t.get_text() for ax in figure.axes for t in ax.texts)


def test_diagrams_stand_side_by_side_with_their_errors(two):
    figure = figure_phase_errors({"Reconstructed": two, "True": two}, name="ball")
    panels = [ax for ax in figure.axes if ax.get_title() in ("Reconstructed", "True")]
    assert len(panels) == 2
    # Spread, spread without noise and centre of two phases each.
    assert all(len(ax.patches) == 6 for ax in panels)
    assert "±" in texts(figure)
    assert "a voxel's noise" in texts(figure)
    assert png_bytes(figure, dpi=60)[:4] == b"\x89PNG"


def test_diagrams_without_errors_say_none(two):
    bare = phase_diagram(5.0 * LEFT, 5.0 * (BALL & ~LEFT), interior=BALL, names=("Zn", "Cu"))
    figure = figure_phase_errors({"True": bare})
    assert "a voxel's noise" not in texts(figure)
    assert figure.axes[0].get_xlabel().startswith("Zn fraction")
    with pytest.raises(ValueError, match="at least one diagram"):
        figure_phase_errors({})


def test_ellipses_hold_95_per_cent_of_a_gaussian(rng):
    covariance = np.array([[4e-4, 3e-3], [3e-3, 0.09]])
    points = rng.multivariate_normal([0.5, 5.0], covariance, 20_000)
    held = ellipse((0.5, 5.0), covariance).get_path()
    patch = ellipse((0.5, 5.0), covariance)
    inside = patch.get_patch_transform().transform_path(held).contains_points(points)
    # The binomial error of 20,000 points is 0.15 %.
    assert inside.mean() == pytest.approx(0.95, abs=0.006)


def test_three_metals_make_a_triangle(two, rng):
    noise = 0.05 * rng.standard_normal((3, *BALL.shape)) * BALL
    metals = np.stack([4.0 * LEFT + 0.5 * BALL, 4.0 * (BALL & ~LEFT), 1.0 * BALL]) + noise
    diagram = phase_diagram(metals[0], metals[1:], interior=BALL, names=("Zn", "Co", "Cu"))
    figure = figure_ternary(diagram, name="three")
    for metal in ("Zn", "Co", "Cu"):
        assert metal in texts(figure)
    assert len(figure.axes[0].patches) == len(diagram.phases) == 2
    assert png_bytes(figure, dpi=60)[:4] == b"\x89PNG"
    with pytest.raises(ValueError, match="three metals"):
        figure_ternary(two)
    with pytest.raises(ValueError, match="figure_ternary"):
        figure_phase_errors({"three": diagram})
    corners = plane(np.eye(3))
    sides = [np.linalg.norm(corners[:, i] - corners[:, (i + 1) % 3]) for i in range(3)]
    np.testing.assert_allclose(sides, 1.0)


def test_domains_are_drawn_and_named(two):
    found = connected_domains(two, spacing_nm=5.0)
    figure = figure_domains(two, found, spacing_nm=5.0, name="ball")
    titles = [ax.get_title() for ax in figure.axes]
    assert f"{len(found.domains)} domains" in titles
    assert texts(figure).count("spans") == sum(d.spanning for d in found.domains)
    assert png_bytes(figure, dpi=60)[:4] == b"\x89PNG"
