"""Interface widths and limits from counts, on a small particle whose volume is blurred and noisy."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from glasstomo.benchmarks.interface_from_counts import (
    interface_width_from_counts,
    miscibility_limit_from_counts,
    step_profile,
)
from glasstomo.forward import MICROSCOPES, Acquisition, TiltScheme, simulate
from glasstomo.metrics.interface_shape import interface_geometry
from glasstomo.phantoms import Grid, make_phantom
from glasstomo.recon import Reconstruction, Status
from scipy.ndimage import gaussian_filter

BARN = MICROSCOPES["osiris"].cross_section_barn


@functools.lru_cache(maxsize=4)
def case(width: float, particle: str = "segregated", view: float = 120.0):
    """Counts of a particle on 48 voxels, and the truth blurred in place of a reconstruction."""
    rng = np.random.default_rng(3)
    options = {"width_nm": width} if particle == "segregated" else {}
    fine = make_phantom(particle, Grid.cube(96, spacing_nm=view / 96), rng=rng, supersample=2, **options)
    spacing = view / 48
    acquisition = Acquisition(
        scheme=TiltScheme.uniform(-70, 70, 15), microscope=MICROSCOPES["osiris"], signal="eds",
        lines=("Co_Ka", "Zn_Ka"), beam_current_na=1.0, dwell_s=3.0 * (spacing / 5.0) ** 2, binning=2,
    )  # fmt: skip
    series = simulate(fine, acquisition, rng=rng)
    truth = fine.downsampled(2)
    volumes = [
        gaussian_filter(truth.density(element).astype(np.float64), 1.0)
        + 0.05 * gaussian_filter(rng.normal(size=truth.grid.shape), 1.0)
        for element in ("Co", "Zn")
    ]
    metals = Reconstruction(
        volume=np.stack(volumes).astype(np.float32), spacing_nm=spacing, status=Status.DIRECT,
        channels=("Co_Ka", "Zn_Ka"),
    )  # fmt: skip
    return series, metals, truth


@pytest.mark.slow
@pytest.mark.parametrize("width", [0.0, 10.0])
def test_the_width_does_not_carry_the_blur_of_the_volume(width):
    series, metals, _ = case(width)
    found = interface_width_from_counts(series, metals, cross_section_barn=BARN)
    assert found.reason == ""
    # A voxel of 2.5 nm blurred by 1 has 10-90 % widths of 6.4 nm; the counts know nothing of it.
    assert found.width_nm == pytest.approx(width, abs=2.0)
    assert found.interval_nm[0] <= width <= found.interval_nm[1]
    # Each of 0 and 10 nm lies outside the interval of the other.
    assert not found.interval_nm[0] <= 10.0 - width <= found.interval_nm[1]
    np.testing.assert_allclose(found.densities, [[5, 0], [0, 6]], atol=0.25)


def test_the_distance_goes_on_straight_through_the_surface():
    _, metals, truth = case(0.0)
    found = interface_geometry(metals.channel("Zn_Ka"), metals.channel("Co_Ka"))
    centres = (np.arange(48) - 23.5) * 2.5
    true = truth.particle.domain.signed_distance(
        centres[:, None, None], centres[None, :, None], centres[None, None, :]
    ) / 2.5 + np.zeros((48, 48, 48))
    near = (np.abs(true) < 1.5) & (truth.fill > 0.5)
    # The volume is blurred by one voxel and cut off by the surface: half a voxel there. Deep inside, the
    # middle of the fraction lies 0.11 of the blur from that of the densities (5 and 6 nm⁻³).
    assert np.median(np.abs(found.distance - true)[near & found.deep]) < 0.3
    assert np.mean(np.abs(found.distance - true)[near]) < 0.5
    assert found.body[found.deep].min() == found.body[found.deep].max() == 1.0


def test_one_phase_gives_a_reason_and_no_number():
    series, metals, _ = case(0.0)
    total = metals.volume.sum(axis=0)
    mixed = replace(metals, volume=np.stack([0.4 * total, 0.6 * total]))
    for find in (interface_width_from_counts, miscibility_limit_from_counts):
        found = find(series, mixed, cross_section_barn=BARN)
        # Its counts are those of two phases that do not mix, whatever the volume says.
        assert "one phase" in found.reason or "do not follow" in found.reason
        assert np.isnan(getattr(found, "width_nm", getattr(found, "limit", 0.0)))
    with pytest.raises(ValueError, match="between"):
        interface_geometry(total, total, between="colours")


def test_a_step_has_its_variance():
    d = np.linspace(-30, 30, 6001)
    for variance in (0.0, 4.0):
        slope = np.gradient(step_profile(np.array([variance, 1, 3, 6, 2]), d), d, axis=1)
        second = (slope * d**2).sum(axis=1) / slope.sum(axis=1)
        np.testing.assert_allclose(second, variance + 1 / 12, rtol=1e-3)
