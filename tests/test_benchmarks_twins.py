"""Twins of a particle: their errors, their diagrams, and the centres of phases."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from glasstomo.benchmarks.experiment import Experiment
from glasstomo.benchmarks.glass_particle import rms, width_interval
from glasstomo.benchmarks.particle_twins import ParticleTwins, particle_twins, zinc_fraction
from glasstomo.benchmarks.phase_centres import phase_centres
from glasstomo.forward import TiltSeries
from glasstomo.metrics import phase_diagram
from glasstomo.recon import reconstruct

SHAPE = (12, 12, 12)
BIAS = 0.25
NOISE = 0.05


def halves() -> tuple[np.ndarray, np.ndarray]:
    """Zinc at x > 0 at 4 nm⁻³, cobalt at x < 0 at 5, one mixed with a tenth of the other."""
    right = np.broadcast_to(np.arange(12) >= 6, SHAPE)
    return np.where(right, 3.6, 0.5), np.where(right, 0.4, 4.5)


def made(count: int = 40) -> ParticleTwins:
    """Twins whose zinc is too high by a known bias and noisy by a known deviation."""
    zn, co = halves()
    rng = np.random.default_rng(5)
    return ParticleTwins(
        zn=zn + BIAS + rng.normal(0, NOISE, (count, *SHAPE)),
        co=np.broadcast_to(co, (count, *SHAPE)),
        model_zn=zn,
        model_co=co,
    )


def test_bias_and_noise_are_told_apart():
    bias, noise = made().density_maps()
    # 1728 voxels of 40 twins: the mean bias is known to 0.05/√69120, the noise to a part in 400.
    assert bias.mean() == pytest.approx(BIAS, abs=1e-3)
    assert rms(noise) == pytest.approx(NOISE, rel=0.02)
    _, density = made().errors(np.ones(SHAPE, bool))
    assert rms(density) == pytest.approx(np.hypot(BIAS, NOISE), rel=0.01)


def test_errors_are_those_of_the_chosen_voxels():
    inside = np.zeros(SHAPE, bool)
    inside[3:5, 4, 6:9] = True
    fraction, density = made(3).errors(inside)
    assert fraction.shape == density.shape == (3, 6)


def test_twins_like_their_model_are_at_no_distance():
    zn, co = halves()
    same = ParticleTwins(zn=np.stack([zn, zn]), co=np.stack([co, co]), model_zn=zn, model_co=co)
    inside = np.ones(SHAPE, bool)
    np.testing.assert_allclose(same.distances(inside), 0.0, atol=1e-12)
    assert (made(3).distances(inside) > 0.05).all()


def test_fraction_of_nothing_is_not_known():
    assert np.isnan(zinc_fraction(np.zeros(2), np.zeros(2))).all()
    assert zinc_fraction(np.array([1.0]), np.array([3.0])) == pytest.approx(0.25)


def test_centres_carry_the_shift_of_the_twins_and_the_truth():
    zn, co = halves()
    diagram = phase_diagram(zn, co, interior=np.ones(SHAPE, bool), erode=0)
    truth = SimpleNamespace(density=lambda element: {"Zn": zn - 0.1, "Co": co}[element])
    particle = cast(Any, SimpleNamespace(diagram=diagram, twins=made(), truth=truth))
    centres = phase_centres(particle)
    assert len(centres) == 2
    for centre in centres:
        assert centre.density_shift == pytest.approx(BIAS, abs=2e-3)
    for centre, phase in zip(centres, diagram.phases, strict=True):
        assert centre.true_density == pytest.approx(phase.density - 0.1, abs=1e-6)
    particle.twins = None
    assert all(np.isnan(centre.density_shift) for centre in phase_centres(particle))


def small_series() -> tuple[TiltSeries, dict[str, float]]:
    from glasstomo.recon import expected_series

    ball = 5.0 * (sum(a**2 for a in np.mgrid[-8:8, -8:8, -8:8] + 0.5) < 30)
    known = {"Co_Ka": 3.38, "Zn_Ka": 2.48}
    empty = TiltSeries(
        data=np.zeros((2, 7, 16, 16), np.int32),
        angles_deg=np.linspace(-60, 60, 7),
        spacing_nm=10.0,
        channels=("Co_Ka", "Zn_Ka"),
        signal="EDS_TEM",
        electrons_per_pixel=1e10,
    )
    expected = expected_series(empty, np.stack([ball, ball]), cross_section_barn=known)
    counts = np.random.default_rng(1).poisson(expected.data)
    return TiltSeries(
        data=counts,
        angles_deg=empty.angles_deg,
        spacing_nm=10.0,
        channels=empty.channels,
        signal="EDS_TEM",
        electrons_per_pixel=1e10,
    ), known


def test_twins_of_a_reconstruction_repeat_with_their_seed():
    series, known = small_series()
    metals = reconstruct(series, "tv2", cross_section_barn=known)
    first, second = (
        particle_twins(series, metals, count=2, rng=np.random.default_rng(4), cross_section_barn=known)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.zn, second.zn)
    assert first.count == 2
    assert not np.array_equal(first.zn[0], first.zn[1])
    assert first.replicates[0][0].shape == (16, 16, 16)
    np.testing.assert_array_equal(first.model_co, metals.channel("Co_Ka"))
    with pytest.raises(ValueError, match="no scatter"):
        particle_twins(series, metals, count=1, rng=np.random.default_rng(4), cross_section_barn=known)


def test_one_twin_is_refused_before_anything_runs():
    with pytest.raises(ValueError, match="no scatter"):
        Experiment(twins=1)
    assert Experiment(twins=0).twins == 0


@pytest.mark.parametrize(
    ("squared", "error", "interval"),
    [(100.0, 0.0, (10.0, 10.0)), (0.0, 50.0, (0.0, np.sqrt(98.0))), (-10.0, 1.0, (0.0, 0.0))],
)
def test_width_intervals_are_roots_of_even_ones(squared: float, error: float, interval: tuple[float, float]):
    width = cast(Any, SimpleNamespace(squared_nm2=squared, squared_error_nm2=error))
    assert width_interval(width) == pytest.approx(interval)
