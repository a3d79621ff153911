"""Laws of every metric: what the truth scores, what chance scores, and what a metric must not see.

Each entry of `METRICS` has a `Laws` here; a new metric without one fails the first test. An entry turns a
scene into numbers (`measure`) and says for every change of the scene what those numbers must become: the
same, a function of the old ones, or nothing, with the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from glasstomo.metrics import (
    METRICS,
    diagram_voxels,
    dice,
    esf_threshold,
    find_phases,
    fit_cross_section,
    interface_width,
    miscibility_limit,
    mixing_state,
    nrmse,
    phase_diagram,
    phase_diagram_distance,
    precision,
    resolution_voxels,
    ssim,
    thickness_map,
)
from glasstomo.metrics.exact_distance import exact_diagram_distance
from glasstomo.metrics.jensen_shannon import jensen_shannon_divergence
from glasstomo.metrics.share_errors import phase_share_errors
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.special import erf

SIZE = 32
PHASES = ((0.0, 5.0), (1.0, 6.0))


@dataclass(frozen=True)
class Scene:
    """A reconstruction and its truth: densities (z, y, x), a mask, the axis of the beam, voxels of 1 nm."""

    zn: np.ndarray
    co: np.ndarray
    true_zn: np.ndarray
    true_co: np.ndarray
    mask: np.ndarray
    beam: int = 0

    def each(self, change: Callable[[np.ndarray], np.ndarray], **others) -> "Scene":
        """The scene with every array changed."""
        arrays = {n: change(getattr(self, n)) for n in ("zn", "co", "true_zn", "true_co", "mask")}
        return replace(self, **arrays, **others)

    @property
    def phantom(self) -> SimpleNamespace:
        """Stand-in for a phantom of the truth; pure phases carry labels."""
        total = self.true_zn + self.true_co
        fraction = np.divide(self.true_zn, total, out=np.full(total.shape, np.nan), where=total > 0)
        labels = np.select([self.mask & (fraction < 0.5), self.mask & (fraction > 0.5)], [1, 2], 0)
        by_name = {"Zn": self.true_zn, "Co": self.true_co}
        return SimpleNamespace(
            labels=labels, phase_names=("cobalt", "zinc"), density=by_name.__getitem__,
            fraction=lambda of, elements: fraction if of == "Zn" else 1 - fraction,
        )  # fmt: skip


def scene(kind: str = "segregated", *, seed: int = 0, noise: float = 0.1, blur: float = 0.9) -> Scene:
    """Draw a lopsided particle: two phases across a curved interface, or a diffusion couple."""
    rng = np.random.default_rng(seed)
    axis = np.arange(SIZE) - (SIZE - 1) / 2
    z, y, x = axis[:, None, None], axis[:, None], axis
    mask = (z / 10.5) ** 2 + (y / 9.5) ** 2 + (x / 11) ** 2 + 0.1 * np.sin(0.4 * z + 0.3 * y) < 1
    d = 0.5 * z + 0.2 * y + 0.84 * x + 0.01 * (y**2 + z**2) - 0.8
    if kind == "segregated":
        fraction, density = np.where(d > 0, 1.0, 0.0), np.where(d > 0, 6.0, 5.0)
    else:
        rich, poor = 0.55 + 0.45 * erf(np.abs(d) / 4.5), 0.5 - 0.2 * erf(np.abs(d) / 4.0)
        fraction, density = np.where(d > 0, rich, poor), np.where(d > 0, 4.0, 6.0)
    true_zn, true_co = mask * density * fraction, mask * density * (1 - fraction)
    near = gaussian_filter(mask.astype(float), 1.0) > 0.2

    def seen(metal):
        grain = gaussian_filter(rng.standard_normal(metal.shape), 0.8)
        grained = gaussian_filter(metal, blur) + noise * grain / grain.std()
        return np.where(near, np.maximum(grained, 0), 0.0)

    return Scene(zn=seen(true_zn), co=seen(true_co), true_zn=true_zn, true_co=true_co, mask=mask)


def same(numbers, _):
    return numbers


def scaled(*powers: int):
    """Each number scales as the unit of density to this power."""
    return lambda numbers, factor: numbers * float(factor) ** np.array(powers)


def mirrored(*positions: int):
    """Fractions at these positions become one minus themselves."""

    def change(numbers, _):
        out = np.array(numbers, dtype=float)
        out[list(positions)] = 1 - out[list(positions)]
        return out

    return change


def negated(*positions: int):
    def change(numbers, _):
        out = np.array(numbers, dtype=float)
        out[list(positions)] *= -1
        return out

    return change


@dataclass(frozen=True)
class Laws:
    """What a metric measures in a scene and how that changes with it.

    `unit` (densities in another unit) and `swap` (zinc and cobalt change names) are a function of the old
    numbers, or a reason why there is no law. Moving, mirroring and turning the scene changes no number of
    any metric; `order` tells whether voxels may come in any order as well.
    """

    measure: Callable[[Scene], np.ndarray]
    unit: Callable | str = same
    swap: Callable | str = same
    order: Callable | str = "it looks at where voxels lie"
    kind: str = "segregated"
    tolerance: float = 1e-9
    absolute: float = 1e-9


def cloud(s: Scene) -> tuple[np.ndarray, np.ndarray]:
    return diagram_voxels(s.zn, s.co, interior=s.mask)[:2]


def true_cloud(s: Scene) -> tuple[np.ndarray, np.ndarray]:
    return diagram_voxels(s.true_zn, s.true_co, interior=s.mask, erode=0)[:2]


def moments(fraction, density) -> np.ndarray:
    return np.array([fraction.mean(), fraction.std(), density.mean(), density.std(), fraction.size])


def phases_of(fraction, density) -> np.ndarray:
    """Shares, centres and number of phases, in an order that does not depend on the elements' names."""
    found = sorted(find_phases(fraction, density)[0], key=lambda p: p.density)
    return np.array([len(found), *(v for p in found for v in (p.fraction, p.density, p.share))])


def state_of(s: Scene) -> np.ndarray:
    found = mixing_state(s.zn, s.co, interior=s.mask)
    known = ("segregated", "interdiffused", "pure", "undecided")
    seen = found.evidence
    return np.array(
        [known.index(found.state), seen.thick_share, seen.sharpness, seen.spread, seen.coarseness]
    )


def section_of(s: Scene) -> np.ndarray:
    """Cross-sections of zinc and cobalt, counts and thickness along the beam."""
    thickness = thickness_map(s.mask, spacing_nm=1.0, axis=s.beam)
    found = []
    for metal in (s.zn, s.co):
        inside = float(metal[s.mask].mean())
        counts = 250.0 * metal.sum(axis=s.beam) / inside
        fit = fit_cross_section(counts, thickness, inside, 1e10, edge_pixels=1.0)
        found += [fit.cross_section_barn]
    return np.array(found)


def threshold_of(s: Scene) -> np.ndarray:
    found = esf_threshold(s.zn + s.co, errors=False)
    return np.array([found.volume_voxels, found.threshold, found.low, found.high])


def width_of(s: Scene) -> np.ndarray:
    found = interface_width(s.zn, s.co, spacing_nm=1.0, interior=s.mask)
    return np.array([found.apparent_nm, found.resolution_nm])


def ssim_of(s: Scene) -> np.ndarray:
    # The outermost three voxels of a volume are not scored, and windows of seven reach into them: room
    # for all of the particle and its moves.
    wide = s.each(lambda a: np.pad(a, 6))
    return np.array([ssim(wide.zn, wide.true_zn), ssim(wide.co, wide.true_co)])


def limit_of(s: Scene) -> np.ndarray:
    found = miscibility_limit(s.zn, s.co, interior=s.mask, replicates=0, rng=np.random.default_rng(0))
    return np.array([found.limit, found.other_limit])


def precision_of(s: Scene) -> np.ndarray:
    return np.array(list(precision(s.zn, s.co, s.phantom).as_dict().values()))


def distance_of(s: Scene) -> np.ndarray:
    # The published scales are in atoms nm⁻³: the unit law holds for scales that go with the unit.
    return np.array([phase_diagram_distance(cloud(s), true_cloud(s), scales=(0.03, 1.0))])


FIXED_SCALES = "densities are compared on a scale in atoms nm⁻³"
LAWS = {
    "esf_threshold": Laws(threshold_of, unit=scaled(0, 1, 1, 1), tolerance=2e-3),
    "thickness_map": Laws(
        lambda s: np.sort(thickness_map(s.mask, spacing_nm=1.0, axis=s.beam).ravel())[-200:]
    ),
    # Its surfaces are made of voxels along the axes: 3 % of a width of two voxels.
    "interface_width": Laws(width_of, tolerance=0.04),
    "resolution_voxels": Laws(lambda s: np.array([resolution_voxels(s.zn + s.co, s.mask)]), tolerance=1e-6),
    "fit_cross_section": Laws(
        section_of,
        # Counts stay what they are: the cross-section goes against the density.
        unit=scaled(-1, -1),
        swap=lambda n, _: n[::-1],
        # Blocks of pixels, from which errors come and so the share of the offset, start at the map's corner;
        # two phases in one particle, which no standard has, make that share large.
        tolerance=0.02,
    ),
    "phase_diagram": Laws(lambda s: moments(*cloud(s)), unit=scaled(0, 0, 1, 1, 0), swap=mirrored(0)),
    "find_phases": Laws(
        lambda s: phases_of(*cloud(s)),
        unit=scaled(0, 0, 1, 0, 0, 1, 0),
        swap=mirrored(1, 4),
        order=lambda pair: phases_of(*pair),
        # Cells of the diagram follow the data; voxels on their edges may fall to either side.
        tolerance=0.01,
        absolute=0.01,
    ),
    "phase_diagram_distance": Laws(
        distance_of,
        unit=FIXED_SCALES,
        order=lambda pair: np.array([phase_diagram_distance(pair, CLOUD, scales=(0.03, 1.0))]),
    ),
    "exact_diagram_distance": Laws(
        lambda s: np.array([exact_diagram_distance(cloud(s), true_cloud(s), parcels=64).distance]),
        unit=FIXED_SCALES,
        order=lambda pair: np.array([exact_diagram_distance(pair, CLOUD, parcels=64).distance]),
        # Voxels of equal place on a cut of the diagram are shared out in another order: rounding.
        tolerance=2e-2,
    ),
    "jensen_shannon_divergence": Laws(
        lambda s: np.array([jensen_shannon_divergence(cloud(s), true_cloud(s))]),
        unit=FIXED_SCALES,
        order=lambda pair: np.array([jensen_shannon_divergence(pair, CLOUD)]),
    ),
    "phase_share_errors": Laws(
        lambda s: np.array(
            [
                phase_share_errors(
                    find_phases(*cloud(s))[0], find_phases(*cloud(replace(s, zn=s.true_zn, co=s.true_co)))[0]
                ).share_distance
            ]
        ),
        unit=FIXED_SCALES,
        absolute=0.01,
    ),
    "mixing_state": Laws(state_of, tolerance=1e-6),
    "miscibility_limit": Laws(
        limit_of,
        swap="the limit belongs to the zinc-rich phase by definition",
        kind="interdiffused",
        absolute=0.02,
    ),
    "precision": Laws(precision_of, unit=scaled(0, 1, 0, 1), swap=negated(2)),
    "nrmse": Laws(
        lambda s: np.array([nrmse(s.zn, s.true_zn), nrmse(s.co, s.true_co)]),
        swap=lambda n, _: n[::-1],
    ),
    "dice": Laws(
        lambda s: np.array([dice(s.zn + s.co > 2.7, s.mask)]),
        unit="the mask is cut before the metric sees it",
    ),
    "ssim": Laws(ssim_of, swap=lambda n, _: n[::-1]),
}
TESTED_ELSEWHERE: dict[str, str] = {
    "connected_domains": "test_metrics_domains.py",
    "linearity_test": "test_metrics_cross_section_lines.py",
    "fourier_shell": "test_metrics_fourier_shell.py",
    "directional_resolution": "test_metrics_fourier_shell.py",
    "elongation": "test_metrics_elongation.py",
    "statistical_efficiency": "test_metrics_replicates.py",
}
"""Metrics whose laws have a file of their own, by name, with that file."""
SCENES = {kind: scene(kind) for kind in ("segregated", "interdiffused")}
CLOUD = true_cloud(SCENES["segregated"])
BEFORE = {name: laws.measure(SCENES[laws.kind]) for name, laws in LAWS.items()}
everywhere = pytest.mark.parametrize("name", LAWS)


def test_every_metric_has_its_laws():
    missing = sorted(set(METRICS) - set(LAWS) - set(TESTED_ELSEWHERE))
    assert not missing, f"add the laws of {missing} to LAWS, and what they score by chance below"


@pytest.mark.parametrize("name", TESTED_ELSEWHERE)
def test_what_is_tested_elsewhere_is(name):
    text = (Path(__file__).parent / TESTED_ELSEWHERE[name]).read_text(encoding="utf-8")
    assert text.count(f"{name}(") >= 3


def agrees(name: str, change: Callable, factor: float, after: np.ndarray) -> None:
    laws = LAWS[name]
    expected = change(BEFORE[name], factor)
    np.testing.assert_allclose(after, expected, rtol=laws.tolerance, atol=laws.absolute)


@everywhere
def test_measurements_are_numbers(name):
    assert np.isfinite(BEFORE[name]).all()


@everywhere
@settings(max_examples=3)
@given(shift=st.tuples(*[st.integers(-2, 2)] * 3))
def test_moving_the_particle_by_whole_voxels_changes_nothing(name, shift):
    moved = SCENES[LAWS[name].kind].each(lambda a: np.roll(a, shift, axis=(0, 1, 2)))
    agrees(name, same, 1.0, LAWS[name].measure(moved))


@everywhere
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_mirroring_changes_nothing(name, axis):
    agrees(name, same, 1.0, LAWS[name].measure(SCENES[LAWS[name].kind].each(lambda a: np.flip(a, axis))))


@everywhere
@pytest.mark.parametrize("axes", [(1, 2, 0), (0, 2, 1)])
def test_turning_the_axes_changes_nothing(name, axes):
    turned = SCENES[LAWS[name].kind].each(lambda a: a.transpose(axes), beam=axes.index(0))
    agrees(name, same, 1.0, LAWS[name].measure(turned))


@pytest.mark.parametrize("name", [n for n, laws in LAWS.items() if callable(laws.unit)])
@settings(max_examples=3)
@given(factor=st.floats(0.01, 100))
def test_another_unit_of_density_changes_what_carries_it(name, factor):
    laws = LAWS[name]
    other = SCENES[laws.kind].each(lambda a: a if a.dtype == bool else factor * a)
    agrees(name, laws.unit, factor, laws.measure(other))


@pytest.mark.parametrize("name", [n for n, laws in LAWS.items() if callable(laws.swap)])
def test_exchanging_the_elements_mirrors_the_fraction(name):
    s = SCENES[LAWS[name].kind]
    other = replace(s, zn=s.co, co=s.zn, true_zn=s.true_co, true_co=s.true_zn)
    agrees(name, LAWS[name].swap, 1.0, LAWS[name].measure(other))


@pytest.mark.parametrize("name", [n for n, laws in LAWS.items() if callable(laws.order)])
@settings(max_examples=4)
@given(seed=st.integers(0, 1000))
def test_the_order_of_voxels_does_not_matter(name, seed):
    laws, pair = LAWS[name], cloud(SCENES["segregated"])
    order = np.random.default_rng(seed).permutation(pair[0].size)
    np.testing.assert_allclose(
        laws.order((pair[0][order], pair[1][order])), laws.order(pair), rtol=laws.tolerance, atol=1e-9
    )


# --- What the truth scores, what shuffled voxels score, what noise scores. ---

TRUTH = replace(SCENES["segregated"], zn=SCENES["segregated"].true_zn, co=SCENES["segregated"].true_co)


def shuffled(s: Scene, seed: int = 1, *, everywhere: bool = False) -> Scene:
    """Voxels of each metal in random order, inside the particle or in the whole volume."""
    rng = np.random.default_rng(seed)

    def mix(metal):
        out = metal.copy()
        where = np.ones(metal.shape, dtype=bool) if everywhere else s.mask
        out[where] = rng.permutation(metal[where])
        return out

    return replace(s, zn=mix(s.zn), co=mix(s.co))


def noise_only(seed: int = 2) -> Scene:
    rng = np.random.default_rng(seed)
    zn, co = np.maximum(rng.normal(0.0, 1.0, (2, SIZE, SIZE, SIZE)), 0)
    return replace(SCENES["segregated"], zn=zn, co=co)


def test_truth_scores_perfectly():
    total = TRUTH.zn + TRUTH.co
    assert esf_threshold(total).volume_voxels == np.count_nonzero(TRUTH.mask)
    assert thickness_map(TRUTH.mask, spacing_nm=1.0).sum() == np.count_nonzero(TRUTH.mask)
    # What central differences make of a perfectly sharp step, as its page says.
    assert resolution_voxels(total, TRUTH.mask) == pytest.approx(1.9, abs=0.05)
    blurred = scene(noise=0.0)
    width = interface_width(blurred.zn, blurred.co, spacing_nm=1.0, interior=blurred.mask)
    # The root of a difference of squares: a tenth of either width is a root of a fifth of it.
    assert width.width_nm < 1.3
    assert precision_of(TRUTH) == pytest.approx(np.zeros(4), abs=1e-12)
    assert [nrmse(TRUTH.zn, TRUTH.true_zn), ssim(TRUTH.zn, TRUTH.true_zn)] == pytest.approx([0, 1])
    assert dice(total > 2.5, TRUTH.mask) == 1
    for element in (TRUTH.zn, TRUTH.co):
        inside = element[TRUTH.mask].mean()
        fit = fit_cross_section(
            3.4e-10 * 1e10 * element.sum(axis=0), TRUTH.mask.sum(axis=0).astype(float), inside, 1e10,
            variance_per_count=0.0, thickness_standard_error_nm=0.0, edge_pixels=0.0,
        )  # fmt: skip
        # All counts over all areal density: exact whatever lies where.
        assert fit.origin_cross_section_barn == pytest.approx(3.4)


def test_truth_is_a_diagram_of_two_phases_at_no_distance_from_itself():
    diagram = phase_diagram(TRUTH.zn, TRUTH.co, interior=TRUTH.mask, erode=0)
    assert sorted((round(p.fraction, 9), round(p.density, 9)) for p in diagram.phases) == list(PHASES)
    assert sum(p.share for p in find_phases(diagram.fraction, diagram.density)[0]) == pytest.approx(1)
    assert phase_diagram_distance(diagram, diagram) == 0
    assert exact_diagram_distance(diagram, diagram, parcels=64).distance == pytest.approx(0, abs=1e-12)
    assert jensen_shannon_divergence(diagram, diagram) == 0
    errors = phase_share_errors(diagram, diagram)
    assert errors.complete
    assert errors.share_distance == 0


def test_truth_has_its_state_and_its_limit():
    assert mixing_state(TRUTH.zn, TRUTH.co, interior=TRUTH.mask).state == "segregated"
    s = SCENES["interdiffused"]
    assert mixing_state(s.true_zn, s.true_co, interior=s.mask).state == "interdiffused"
    found = miscibility_limit(
        s.true_zn, s.true_co, interior=s.mask, rng=np.random.default_rng(0), replicates=0
    )
    # Half of the jump of 0.05 between 0.5 and 0.55: voxels are a fifth of the diffusion lengths here.
    assert found.limit == pytest.approx(0.55, abs=0.025)


def test_shuffled_voxels_score_chance():
    mixed, whole = shuffled(TRUTH), shuffled(TRUTH, everywhere=True)
    # Two independent draws of one distribution: the mean square difference is twice the variance.
    chance = np.sqrt(2 * np.var(TRUTH.true_zn) / np.mean(TRUTH.true_zn**2))
    assert nrmse(whole.zn, TRUTH.true_zn) == pytest.approx(chance, rel=0.03)
    share = np.mean(TRUTH.mask)
    rng = np.random.default_rng(5)
    guess = rng.permutation(TRUTH.mask.ravel()).reshape(TRUTH.mask.shape)
    assert dice(guess, TRUTH.mask) == pytest.approx(share, abs=0.02)
    assert abs(ssim(whole.zn, TRUTH.true_zn)) < 0.1
    flat, true = (thickness_map(mask, spacing_nm=1.0).std() for mask in (guess, TRUTH.mask))
    assert flat < 0.35 * true
    # Inside one phase a shuffled voxel is of either phase with the other's share: 2σ of a coin.
    assert precision_of(mixed)[0] > 0.9
    # The particle's shape is lost: no surface to fit, no step of the fraction.
    assert esf_threshold(whole.zn + whole.co).status.name != "FITTED"
    assert np.isnan(interface_width(mixed.zn, mixed.co, spacing_nm=1.0, interior=mixed.mask).width_nm)


def test_shuffled_elements_are_as_far_from_the_truth_as_unrelated_metals():
    truth = true_cloud(TRUTH)
    parts = [shuffled(TRUTH, seed) for seed in (1, 2)]
    one, other = (diagram_voxels(s.zn + 1e-9, s.co, interior=s.mask, erode=0)[:2] for s in parts)
    for distance in (
        phase_diagram_distance,
        lambda a, b: exact_diagram_distance(a, b, parcels=256).distance,
        jensen_shannon_divergence,
    ):
        chance = distance(one, truth)
        assert distance(one, other) < 0.1 * chance
        assert distance(cloud(SCENES["segregated"]), truth) < chance
    found = phase_share_errors(find_phases(*one)[0], find_phases(*truth)[0])
    # Four combinations of metals instead of two; the two at wrong densities have no partner.
    assert found.invented
    assert found.share_distance > 0.2


def test_shuffled_voxels_are_a_mixture_and_noise_is_nothing():
    # A random mixture of voxels is interdiffused on every scale that smoothing leaves: not a failure.
    assert mixing_state(*(getattr(shuffled(TRUTH), n) for n in ("zn", "co")), interior=TRUTH.mask).likeliest
    noise = noise_only()
    with pytest.raises(ValueError, match="no particle stands out"):
        mixing_state(noise.zn, noise.co)
    given_mask = mixing_state(noise.zn, noise.co, interior=noise.mask)
    assert (given_mask.state, given_mask.confidence) == ("undecided", 0.5)
    assert "no particle stands out" in given_mask.reason


def test_noise_scores_chance():
    noise = noise_only()
    assert esf_threshold(noise.zn + noise.co).status.name == "FAILED"
    for call in (phase_diagram, diagram_voxels):
        with pytest.raises(ValueError, match="no particle stands out"):
            call(noise.zn, noise.co)
    with pytest.raises(ValueError, match="no particle stands out"):
        miscibility_limit(noise.zn, noise.co, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="no particle stands out"):
        interface_width(noise.zn, noise.co, spacing_nm=1.0)
    assert nrmse(noise.zn, TRUTH.true_zn) > 0.9
    assert abs(ssim(noise.zn, TRUTH.true_zn)) < 0.1
    assert precision_of(noise)[0] > 0.5
    assert len(find_phases(*np.random.default_rng(3).uniform(0, 1, (2, 4000)))[0]) <= 1
    counts = np.random.default_rng(4).poisson(9.0, (SIZE, SIZE))
    fit = fit_cross_section(counts, TRUTH.mask.sum(axis=0).astype(float), 5.0, 1e10)
    # Counts that know nothing of the thickness: no slope, and a line that says where it crosses zero only
    # to within far more than the particle is thick.
    assert fit.intercept_standard_error_nm > 5 * SIZE
