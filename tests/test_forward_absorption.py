"""Absorption along exit rays: closed forms, a slow exact reference, and laws."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
from glasstomo.benchmarks.conformance.strategies import eds_detectors, seeds
from glasstomo.forward import EDSDetector, Segment
from glasstomo.forward.absorption import Absorption, exit_transmission, mean_transmission
from glasstomo.forward.attenuation import material_attenuation_per_nm
from glasstomo.forward.exit_rays import exit_directions, ray_weights
from glasstomo.forward.film_absorption import film_transmission
from glasstomo.phantoms import MATERIALS
from hypothesis import assume, given
from hypothesis import strategies as st

from .small_problems import in_one_and_two_threads, one_thread  # noqa: F401

# Sums of a few dozen float32 terms, and the series of the kernel's exponential.
FLOAT32 = 2e-6


def unit(*vector):
    return np.array(vector, float) / np.linalg.norm(vector)


@st.composite
def directions(draw):
    """Any direction, the axes and the diagonals between them included."""
    simple = st.sampled_from([-1.0, 0.0, 1.0])
    vector = np.array([draw(simple | st.floats(-1, 1)) for _ in range(3)])
    assume(np.linalg.norm(vector) > 0.1)
    return unit(*vector)


shapes = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))


def random_matter(shape, seed, scale=0.02):
    rng = np.random.default_rng(seed)
    return (scale * rng.random(shape) * (rng.random(shape) < 0.7)).astype(np.float32)


def box_paths(shape, direction, spacing):
    """Exact path from each voxel centre to the faces of the box, nm."""
    paths = np.full(shape, np.inf)
    for axis, (count, cosine) in enumerate(zip(shape, direction, strict=True)):
        if cosine == 0:
            continue
        index = np.arange(count) + 0.5
        room = (count - index if cosine > 0 else index) / abs(cosine)
        paths = np.minimum(paths, np.expand_dims(room, [a for a in range(3) if a != axis]))
    return paths * spacing


@given(shapes, directions(), st.floats(0.5, 30), seeds())
def test_transmission_lies_between_zero_and_one(shape, direction, spacing, seed):
    found = exit_transmission(random_matter(shape, seed, 1.0), direction=direction, spacing_nm=spacing)
    assert found.dtype == np.float32
    assert (found > 0).all()
    assert (found <= 1).all()
    empty = exit_transmission(np.zeros(shape), direction=direction, spacing_nm=spacing)
    assert (empty == 1).all()


@given(shapes, directions(), seeds())
def test_more_matter_lets_less_through(shape, direction, seed):
    mu, more = random_matter(shape, seed), random_matter(shape, seed + 1)
    less = exit_transmission(mu + more, direction=direction, spacing_nm=10)
    assert (less <= exit_transmission(mu, direction=direction, spacing_nm=10) * (1 + FLOAT32)).all()


@given(shapes, directions(), seeds())
def test_optical_depth_is_linear(shape, direction, seed):
    def depth(mu):
        return -np.log(exit_transmission(mu, direction=direction, spacing_nm=10).astype(np.float64))

    a, b = random_matter(shape, seed), random_matter(shape, seed + 1)
    together = depth(a + 2 * b)
    np.testing.assert_allclose(together, depth(a) + 2 * depth(b), atol=2e-6 * (1 + together.max()))


@given(shapes, directions(), seeds(), st.sampled_from([(0,), (1,), (2,), (0, 1), (0, 1, 2)]))
def test_mirrored_matter_and_mirrored_ray(shape, direction, seed, axes):
    mu = random_matter(shape, seed)
    straight = exit_transmission(mu, direction=direction, spacing_nm=10)
    flipped = direction * [-1 if axis in axes else 1 for axis in range(3)]
    mirrored = exit_transmission(np.flip(mu, axes), direction=flipped, spacing_nm=10)
    np.testing.assert_allclose(np.flip(mirrored, axes), straight, rtol=1e-5)


@given(shapes, directions(), seeds(), st.permutations([0, 1, 2]))
def test_no_axis_is_special(shape, direction, seed, order):
    # Ties between axes are broken in one order, which leads to another discretisation.
    assume(np.diff(np.sort(np.abs(direction))).min() > 1e-3)
    mu = random_matter(shape, seed)
    straight = exit_transmission(mu, direction=direction, spacing_nm=10)
    turned = exit_transmission(mu.transpose(order), direction=direction[order], spacing_nm=10)
    np.testing.assert_allclose(turned, straight.transpose(order), rtol=1e-5)


@given(st.sampled_from([(1, 0, 0), (0, -1, 0), (0, 0, 1), (-1, 0, 0), (0, 1, 0), (0, 0, -1)]), seeds())
def test_along_an_axis_it_is_a_running_sum(direction, seed):
    mu = random_matter((5, 6, 7), seed)
    axis = int(np.flatnonzero(direction)[0])
    ahead = np.flip(mu, axis) if direction[axis] > 0 else mu
    depth = 10 * (np.cumsum(ahead.astype(np.float64), axis) - 0.5 * ahead)
    depth = np.flip(depth, axis) if direction[axis] > 0 else depth
    found = exit_transmission(mu, direction=direction, spacing_nm=10)
    np.testing.assert_allclose(found, np.exp(-depth), rtol=FLOAT32)


@given(st.integers(1, 12), st.integers(1, 12), st.floats(1e-4, 0.05), st.floats(1, 20))
def test_behind_a_uniform_block_it_is_exp_minus_mu_length(thick, gap, mu, spacing):
    matter = np.zeros((gap + thick + 2, 3, 3))
    matter[gap : gap + thick] = mu
    found = exit_transmission(matter, direction=(1, 0, 0), spacing_nm=spacing)
    np.testing.assert_allclose(found[:gap], np.exp(-np.float32(mu) * spacing * thick), rtol=1e-5)
    assert (found[gap + thick :] == 1).all()


@given(directions(), seeds())
def test_linear_matter_gives_the_sum_over_layers(direction, seed):
    """Bilinear interpolation is exact for a linear mu, so every layer crossing can be written down."""
    count, spacing = 6, 10.0
    axis = int(np.argmax(np.abs(direction) + np.array([2e-9, 1e-9, 0])))  # ties go to z, then y
    slopes = np.random.default_rng(seed).uniform(0, 2e-4, 4)
    shape = np.where(np.arange(3) == axis, count, 19)  # wide enough for rays to leave at the end
    mu = slopes[0] + sum(
        slope * index for slope, index in zip(slopes[1:], np.ogrid[tuple(map(slice, shape))], strict=True)
    )
    found = exit_transmission(mu, direction=direction, spacing_nm=spacing)
    step, drift = spacing / abs(direction[axis]), direction / abs(direction[axis])
    start = np.where(np.arange(3) == axis, 0, 9)
    for start[axis] in range(count):
        ahead = count - 1 - start[axis] if direction[axis] > 0 else start[axis]
        crossings = start + np.arange(ahead + 1)[:, None] * drift
        values = slopes[0] + crossings @ slopes[1:]
        depth = step * (values.sum() - 0.5 * values[0])
        assert found[tuple(start)] == pytest.approx(np.exp(-depth), rel=1e-5)


@given(seeds())
def test_threads_do_not_change_the_bits(seed):
    mu = random_matter((20, 40, 12), seed)
    for direction in (unit(0.9, 0.3, -0.2), unit(0.2, -0.9, 0.5), unit(-0.3, 0.4, 0.9)):
        one, two = in_one_and_two_threads(
            lambda direction=direction: exit_transmission(mu, direction=direction, spacing_nm=5)
        )
        assert (one == two).all()


# --- closed forms -----------------------------------------------------------------------------------------


def slab_mean(x):
    """Mean transmission out of a slab of optical thickness x along the ray."""
    return -np.expm1(-x) / x


@pytest.mark.parametrize("tilt", range(-90, 91, 10))
@pytest.mark.parametrize("x", [0.01, 1.0, 3.0])
def test_slab_equals_the_closed_form_at_any_tilt(tilt, x):
    """At the middle of a slab of 24 layers. Rays too flat to reach its face meet the exact box instead."""
    layers, width, spacing = 24, 121, 5.0
    for direction in exit_directions(EDSDetector(), tilt_deg=tilt)[:, 0]:
        sine = max(abs(direction[0]), 1e-12)
        mu = x / (layers * spacing) * max(sine, 0.05)
        slab = np.full((layers, width, width), mu)
        found = exit_transmission(slab, direction=direction, spacing_nm=spacing)
        column = found[:, width // 2, width // 2].mean(dtype=np.float64)
        sideways = width / 2 / np.abs(direction[1:]).max()
        if layers / sine < sideways - 3:
            expected = slab_mean(mu * layers * spacing / sine)
        else:
            depths = np.minimum((np.arange(layers * 50) + 0.5) / 50 / sine, sideways)
            expected = np.exp(-mu * spacing * depths).mean()
        assert column == pytest.approx(expected, rel=0.005)


def test_box_seen_along_oblique_rays_has_the_exact_paths():
    """Edges are smoothed over about a voxel, which rays nearly parallel to a face feel the longest."""
    rng = np.random.default_rng(5)
    vectors = [unit(*v) for v in rng.normal(size=(40, 3))]
    oblique = [v for v in vectors if np.abs(v).min() > 0.08]
    assert len(oblique) > 20
    shape, mu = (30, 34, 38), 0.01
    for direction in oblique:
        found = exit_transmission(np.full(shape, mu), direction=direction, spacing_nm=2.0)
        paths = -np.log(found.astype(np.float64)) / mu / 2.0  # in voxels
        error = paths - box_paths(shape, direction, 1.0)
        assert np.sqrt(np.mean(error**2)) < 0.3
        assert abs(error.mean()) < 0.05


def ball(n, radius, fine=3):
    c = (np.arange(n * fine) + 0.5) / fine - n / 2
    inside = c[:, None, None] ** 2 + c[None, :, None] ** 2 + c[None, None, :] ** 2 < radius**2
    return inside.reshape(n, fine, n, fine, n, fine).mean(axis=(1, 3, 5))


def ball_escape(a):
    """Mean escape probability along one direction from a uniform ball with a = mu R."""
    return 3 / (4 * a) * (1 - 1 / (2 * a**2) + (1 / a + 1 / (2 * a**2)) * np.exp(-2 * a))


def test_ball_equals_the_closed_form_and_converges():
    """Case, de Hoffmann, Placzek 1953; the error falls with the square of the voxel size."""
    directions_ = [unit(1, 0, 0), unit(0, 0, 1), unit(1, 1, 0), unit(1, 1, 1), unit(0.3, -0.8, 0.52)]
    worst = []
    for n in (20, 40):
        radius = 0.45 * n
        share = ball(n, radius)
        deviations = []
        for a in (0.05, 0.5, 3.0):
            for direction in directions_:
                seen = exit_transmission(share * a / radius, direction=direction, spacing_nm=1.0)
                mean = (seen * share).sum(dtype=np.float64) / share.sum()
                deviations.append(abs(mean / ball_escape(a) - 1))
        worst.append(max(deviations))
    assert worst[1] < 0.01
    assert worst[0] / worst[1] > 2.2


def test_ball_has_the_exact_path_at_every_voxel():
    """Depth errors stay well below a voxel however far the ray runs: nothing blurs from layer to layer."""
    n, radius = 64, 29.0
    share = ball(n, radius)
    c = np.arange(n) - (n - 1) / 2
    points = np.stack(np.meshgrid(c, c, c, indexing="ij"), axis=-1)
    square = (points**2).sum(axis=-1)
    inside = square < (radius - 1.5) ** 2
    for direction in (unit(1, 0, 0), unit(1, 1, 1), unit(-0.5, 0.2, 0.8), unit(0.1, 0.9, -0.4)):
        along = points @ direction
        paths = np.sqrt(along**2 - square + radius**2, where=inside, out=np.zeros(square.shape)) - along
        seen = exit_transmission(share * 0.02, direction=direction, spacing_nm=1.0)
        error = -np.log(seen[inside].astype(np.float64)) / 0.02 - paths[inside]
        assert np.sqrt(np.mean(error**2)) < 0.2
        assert np.abs(error).max() < 0.6
        far = paths[inside] > 1.5 * radius
        assert np.sqrt(np.mean(error[far] ** 2)) < 0.25


def material_slab(name, energy):
    return np.full((20, 81, 81), material_attenuation_per_nm(MATERIALS[name], energy))


@pytest.mark.parametrize(
    ("name", "energy", "low", "high"),
    [
        ("ZIF-4-Co", 6.93032, 0.995, 1.0),
        ("ZIF-62", 8.63886, 0.995, 1.0),
        ("ZIF-62 glass not pressed (skeletal)", 1.0117, 0.785, 0.795),
    ],
)
def test_500_nm_of_zif(name, energy, low, high):
    """Co Kα and Zn Kα lose less than 0.5 %, Zn Lα leaves 0.79 of its photons: take-off 18°, 500 nm."""
    seen = mean_transmission(
        material_slab(name, energy), tilt_deg=0, detector=EDSDetector(), shares=[0.25] * 4, spacing_nm=25.0
    )
    assert low < seen[:, 40, 40].mean() < high


def test_page_shows_what_its_code_prints():
    page = (Path(__file__).parents[1] / "docs" / "absorption.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```python\n(.*?)^```\n```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(shown) == 1
    for code, text in shown:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, {})
        assert printed.getvalue() == text


# --- detectors --------------------------------------------------------------------------------------------


@given(eds_detectors(), st.floats(-90, 90), st.sampled_from([1, 7]))
def test_directions_are_unit_vectors_on_the_disc(detector, tilt, rays):
    vectors = exit_directions(detector, tilt_deg=tilt, rays=rays)
    assert vectors.shape == (len(detector.segments), rays, 3)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1, rtol=1e-12)
    away = np.arccos(np.clip(np.sum(vectors * vectors[:, :1], axis=-1), -1, 1))
    assert (away <= np.deg2rad(detector.half_angles_deg)[:, None] + 1e-7).all()
    theta, phi, alpha = np.deg2rad([detector.elevations_deg, detector.azimuths_deg, detector.azimuths_deg])
    alpha = np.deg2rad(tilt)
    sine = np.sin(alpha) * np.cos(phi) * np.cos(theta) + np.cos(alpha) * np.sin(theta)
    np.testing.assert_allclose(vectors[:, 0, 0], sine, atol=1e-12)


@given(eds_detectors(), st.floats(-90, 90))
def test_directions_turn_with_the_specimen(detector, tilt):
    """A point at (y, z) of the specimen seen along the beam lands at y cos + z sin: the same turn."""
    flat, turned = (exit_directions(detector, tilt_deg=a, rays=7) for a in (0.0, tilt))
    c, s = np.cos(np.deg2rad(tilt)), np.sin(np.deg2rad(tilt))
    z, y = turned[..., 0], turned[..., 1]
    np.testing.assert_allclose(y * c + z * s, flat[..., 1], atol=1e-12)
    np.testing.assert_allclose(z * c - y * s, flat[..., 0], atol=1e-12)
    assert (turned[..., 2] == flat[..., 2]).all()


def test_seven_rays_have_degree_five():
    """Moments of the cap: exact up to the second power of 1 − cos, which is degree 4 in the radius."""
    detector = EDSDetector(segments=(Segment(azimuth_deg=30, elevation_deg=40, radius_mm=8),))
    vectors = exit_directions(detector, tilt_deg=20, rays=7)[0]
    weights = ray_weights(7)
    assert weights.sum() == 1
    cosine = vectors @ vectors[0]
    depth = 1 - np.cos(np.deg2rad(detector.half_angles_deg[0]))
    for power in (0, 1, 2):
        moment = depth**power / (power + 1)
        assert np.sum(weights * (1 - cosine) ** power) == pytest.approx(moment, rel=1e-12)
    assert np.sum(weights * (1 - cosine) ** 3) != pytest.approx(depth**3 / 4, rel=1e-3)
    mean = weights @ vectors
    np.testing.assert_allclose(mean, (1 - depth / 2) * vectors[0], atol=1e-12)


def test_seven_rays_average_the_disc_of_a_slab():
    """Against a fine average over the cap of the closed form of a slab."""
    detector = EDSDetector(segments=(Segment(azimuth_deg=90, elevation_deg=25, radius_mm=2.9),))
    psi = np.deg2rad(detector.half_angles_deg[0])
    # Points of equal solid angle: 1 − cos uniform, azimuth uniform.
    chi = np.arccos(1 - (np.arange(200) + 0.5) / 200 * (1 - np.cos(psi)))[:, None]
    turn = (np.arange(200) + 0.5) / 200 * 2 * np.pi
    theta = np.deg2rad(25)
    sine = np.cos(chi) * np.sin(theta) + np.sin(chi) * np.cos(turn) * np.cos(theta)
    x = 0.3
    exact = slab_mean(x / sine).mean()
    slab = np.full((24, 81, 241), x / 24)
    seven = mean_transmission(slab, tilt_deg=0, detector=detector, shares=[1], spacing_nm=1, rays=7)
    assert seven[:, 40, 120].mean() == pytest.approx(exact, rel=0.005)


@given(eds_detectors(), st.floats(-90, 90), seeds(), st.sampled_from([1, 7]))
def test_mean_is_the_weighted_sum_over_rays(detector, tilt, seed, rays):
    mu = random_matter((4, 5, 6), seed)
    shares = np.random.default_rng(seed).uniform(0, 1, len(detector.segments))
    found = mean_transmission(mu, tilt_deg=tilt, detector=detector, shares=shares, spacing_nm=10, rays=rays)
    vectors = exit_directions(detector, tilt_deg=tilt, rays=rays)
    expected = sum(
        share * weight * exit_transmission(mu, direction=vector, spacing_nm=10).astype(np.float64)
        for share, fan in zip(shares, vectors, strict=True)
        for weight, vector in zip(ray_weights(rays), fan, strict=True)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)


FILM = {"film_per_nm": 1e-3, "film_nm": 40.0}


def disc_points(detector, segment, tilt):
    """Many directions of equal solid angle over one disc, in the frame of the specimen."""
    one = EDSDetector(segments=(detector.segments[segment],))
    psi = np.deg2rad(one.half_angles_deg[0])
    theta, phi = np.deg2rad([one.elevations_deg[0], one.azimuths_deg[0]])
    chi = np.arccos(1 - (np.arange(400) + 0.5) / 400 * (1 - np.cos(psi)))[:, None]
    turn = (np.arange(400) + 0.5) / 400 * 2 * np.pi
    z = np.cos(chi) * np.sin(theta) + np.sin(chi) * np.cos(turn) * np.cos(theta)
    inward = np.cos(chi) * np.cos(theta) - np.sin(chi) * np.cos(turn) * np.sin(theta)
    y = inward * np.cos(phi) - np.sin(chi) * np.sin(turn) * np.sin(phi)
    a = np.deg2rad(tilt)
    return z * np.cos(a) + y * np.sin(a)


@pytest.mark.parametrize("tilt", [-70, -30, -20, -5, 0, 15, 25, 35, 60])
def test_film_takes_its_part_of_the_disc(tilt):
    detector = EDSDetector()
    found = film_transmission(detector, tilt_deg=tilt, **FILM)
    for segment in range(4):
        sines = disc_points(detector, segment, tilt)
        expected = np.where(sines < 0, np.exp(-0.04 / np.maximum(-sines, 1e-12)), 1.0).mean()
        assert found[segment] == pytest.approx(expected, abs=1e-3)  # the 160 000 points
        if sines.min() > 0:
            assert found[segment] == 1.0


@given(eds_detectors(), st.floats(-90, 90), st.floats(0, 10), st.sampled_from([1, 7]))
def test_vacuum_over_a_film_shows_the_film(detector, tilt, depth, rays):
    shares = np.linspace(0.5, 1, len(detector.segments))
    film = {"film_per_nm": depth / 20, "film_nm": 20.0}
    through = film_transmission(detector, tilt_deg=tilt, **film)
    assert ((through >= 0) & (through <= 1)).all()
    found = mean_transmission(
        np.zeros((2, 3, 4)), tilt_deg=tilt, detector=detector, shares=shares, spacing_nm=5, rays=rays, **film
    )
    np.testing.assert_allclose(found, shares @ through, rtol=1e-5, atol=1e-30)


def test_rays_that_go_down_lose_most():
    """Seven rays of a segment that straddles the plane of the specimen: the film dims the lower ones."""
    segment = EDSDetector(segments=(Segment(azimuth_deg=180),))  # its centre stands 3° high
    mu = np.zeros((40, 41, 3))
    mu[30:] = 1.0  # a lid that lets nothing through: only rays that go down are seen below it
    thin, thick = (
        mean_transmission(
            mu, tilt_deg=15, detector=segment, shares=[1], spacing_nm=1, rays=7, film_per_nm=film, film_nm=1
        )[29, 20, 1]
        for film in (1e-6, 3.0)
    )
    assert thin > 0.2
    assert thick < 0.01


def test_mirrored_tilt_swaps_the_quadrants():
    mu = random_matter((8, 9, 10), 3)
    detector = EDSDetector()
    for rays in (1, 7):
        straight = mean_transmission(
            mu, tilt_deg=25, detector=detector, shares=[0.1, 0.2, 0.3, 0.4], spacing_nm=9, rays=rays
        )
        # y -> -y swaps azimuths 45 and 135, 315 and 225.
        swapped = mean_transmission(
            mu[:, ::-1], tilt_deg=-25, detector=detector, shares=[0.2, 0.1, 0.4, 0.3], spacing_nm=9, rays=rays
        )
        np.testing.assert_allclose(swapped[:, ::-1], straight, rtol=1e-5)


def test_output_arrays_are_overwritten():
    mu = random_matter((3, 4, 5), 1)
    out = np.full(mu.shape, 7, np.float32)
    assert exit_transmission(mu, direction=(0, 0, 1), spacing_nm=4, out=out) is out
    assert (out == exit_transmission(mu, direction=(0, 0, 1), spacing_nm=4)).all()
    given_out = mean_transmission(
        mu, tilt_deg=5, detector=EDSDetector(), shares=[1, 0, 0, 0], spacing_nm=4, out=out
    )
    assert given_out is out
    assert (out <= 1).all()


V = np.zeros((2, 2, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exit_transmission(V, direction=(1, 1, 0), spacing_nm=1), "unit vector"),
        (lambda: exit_transmission(V, direction=(1, 0), spacing_nm=1), "unit vector"),
        (lambda: exit_transmission(V[0], direction=(1, 0, 0), spacing_nm=1), "must have axes"),
        (lambda: exit_transmission(V - 1, direction=(1, 0, 0), spacing_nm=1), "not negative, got -1"),
        (lambda: exit_transmission(V * np.nan, direction=(1, 0, 0), spacing_nm=1), "must be finite"),
        (lambda: exit_transmission(V, direction=(1, 0, 0), spacing_nm=0), "`spacing_nm`"),
        (lambda: exit_transmission(V, direction=(1, 0, 0), spacing_nm=1, out=V), "`out` must be"),
        (lambda: exit_directions(EDSDetector(), tilt_deg=np.inf), "`tilt_deg` must be"),
        (lambda: exit_directions(EDSDetector(), tilt_deg=0, rays=3), "`rays` must be 1"),
        (lambda: Absorption(rays=2), "rays"),
        (
            lambda: mean_transmission(V, tilt_deg=0, detector=EDSDetector(), shares=[1], spacing_nm=1),
            "`shares` must hold 4",
        ),
        (
            lambda: mean_transmission(
                V, tilt_deg=0, detector=EDSDetector(), shares=[1] * 4, spacing_nm=1, film_nm=-1
            ),
            "`film_nm`",
        ),
    ],
)
def test_bad_input_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
