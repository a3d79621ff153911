"""λ by the noise alone: what it scales with, and how near it comes to the best one."""

import numpy as np
import pytest
from glasstomo.forward import TiltScheme, TiltSeries, simulate
from glasstomo.phantoms import Grid, make_phantom
from glasstomo.recon import Problem, reconstruct
from glasstomo.recon.lambda_choice.noise import noise_lambda, noise_pull
from hypothesis import given, settings
from hypothesis import strategies as st

BARN = {"Zn_Ka": 2.48, "Co_Ka": 3.38}
ANGLES = np.linspace(-60, 60, 5)


def problem(*, weight: float = 1.0, scale: float = 1.0, **options) -> Problem:
    data = np.zeros((5, 12, 6))
    data[:, 3:9, 1:5] = scale
    return Problem(
        data=data, angles_deg=ANGLES, spacing_nm=1.0, weights=np.full(data.shape, weight), **options
    )


@given(factor=st.floats(1e-3, 1e3), regulariser=st.sampled_from(["tv", "tv2", "tv_tv2", "tgv2"]))
@settings(max_examples=20)
def test_lambda_falls_as_the_noise_grows(factor, regulariser):
    calm, noisy = problem(regulariser=regulariser), problem(regulariser=regulariser, weight=factor**-2)
    assert noise_lambda(noisy) * factor == pytest.approx(noise_lambda(calm), rel=1e-4)


@given(factor=st.floats(1e-2, 1e2))
@settings(max_examples=10)
def test_lambda_does_not_know_the_signal(factor):
    assert noise_pull(problem(scale=factor)) == pytest.approx(noise_pull(problem()), rel=1e-5)


def test_pull_is_what_noise_does_to_the_slope():
    ones = problem()
    draws = [
        ones.adjoint(np.random.default_rng(seed).standard_normal(ones.data.shape).astype(np.float32))
        for seed in range(200)
    ]
    inside = ones.adjoint(ones.data) >= 0.5 * ones.adjoint(ones.data).max()
    measured = float(np.median(np.std(draws, axis=0)[inside]))
    # A shadow spreads over between one and two bins: the formula takes two, and may so fall short by 1/√2.
    assert 0.65 < noise_pull(ones) / measured < 1.1


def glass(fluence: float, size: int = 24) -> tuple[TiltSeries, np.ndarray]:
    phantom = make_phantom(
        "flux_melted", Grid.cube(2 * size, spacing_nm=240 / size), rng=np.random.default_rng(1), film=False
    )
    series = simulate(
        phantom, scheme=TiltScheme.uniform(-70, 70, 9), microscope="osiris", lines=tuple(BARN),
        dwell_s=fluence * (480 / size) ** 2 * 1.602e-19 / 1e-9, rng=np.random.default_rng(1),
    )  # fmt: skip
    return series, np.stack([phantom.downsampled(2).density(line[:2]) for line in BARN])


@pytest.mark.slow
@pytest.mark.parametrize("method", ["tv", "tv2"])
@pytest.mark.parametrize("fluence", [2e5, 5e7])
def test_the_rule_comes_near_the_oracle_over_decades_of_dose(method, fluence):
    series, truth = glass(fluence)

    def error(**options) -> float:
        found = reconstruct(series, method, cross_section_barn=BARN, gap=1e-2, **options)
        return float(np.sqrt(np.mean((found.volume - truth) ** 2)))

    # The oracle tries factors of two only.
    assert error(lam="noise") < 1.15 * error(lam="oracle", truth=truth)


def test_one_solve_and_no_search():
    series, _ = glass(1e6, size=16)
    found = reconstruct(series, "tv", cross_section_barn=BARN, lam="noise", gap=1e-2)
    doubled = reconstruct(
        series,
        "tv",
        cross_section_barn={line: 2 * barn for line, barn in BARN.items()},
        lam="noise",
        gap=1e-2,
    )
    assert found.history["Zn_Ka"]["noise"] == {"lam": found.lam[0]}
    np.testing.assert_allclose(np.array(doubled.lam) / found.lam, 2.0, rtol=1e-4)
    np.testing.assert_allclose(2 * doubled.volume, found.volume, atol=0.02 * found.volume.max())
    assert found.settings["lam"] == "noise"
