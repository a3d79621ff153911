"""Bodies and domains against closed forms and independent searches."""

import numpy as np
import pytest
from glasstomo.phantoms import (
    Ellipsoid,
    Embedded,
    FacetedCrystal,
    RandomTexture,
    RoughShard,
    Sheet,
    Sphere,
    Whole,
)
from glasstomo.phantoms.frame import rotation_matrix
from scipy.optimize import minimize_scalar


def _nearest_on_ellipsoid(point, axes) -> float:
    """Distance by a grid over the surface, refined about its best points."""
    best = np.inf
    u, v = np.linspace(0, np.pi, 241), np.linspace(-np.pi, np.pi, 481)
    for _ in range(14):
        su, sv = np.meshgrid(u, v, indexing="ij")
        surface = np.stack([np.cos(su), np.sin(su) * np.cos(sv), np.sin(su) * np.sin(sv)], -1) * axes
        distance = np.linalg.norm(surface - point, axis=-1)
        i, j = np.unravel_index(distance.argmin(), distance.shape)
        best = min(best, distance[i, j])
        du, dv = u[1] - u[0], v[1] - v[0]
        u, v = np.linspace(u[i] - 5 * du, u[i] + 5 * du, 61), np.linspace(v[j] - 5 * dv, v[j] + 5 * dv, 61)
    return best


@pytest.mark.parametrize("axes", [(50.0, 30.0, 20.0), (10.0, 60.0, 60.0), (40.0, 40.0, 8.0)])
def test_ellipsoid_distance_is_exact(axes, rng):
    body = Ellipsoid(semi_axes_nm=axes)
    points = rng.uniform(-70, 70, (30, 3))
    found = body.signed_distance(*points.T)
    inside = ((points / axes) ** 2).sum(axis=1) < 1
    assert inside.any()
    assert ((found < 0) == inside).all()
    nearest = [_nearest_on_ellipsoid(point, np.array(axes)) for point in points]
    # The search ends on a mesh of 1e-11 rad; its error is second order in that.
    np.testing.assert_allclose(np.abs(found), nearest, rtol=1e-9)


def test_ellipsoid_distance_at_the_centre_and_on_the_axes():
    body = Ellipsoid(semi_axes_nm=(50.0, 30.0, 20.0))
    z, y, x = np.array([[0, 0, 0], [60, 0, 0], [0, -40, 0], [0, 0, 25], [49, 0, 0]], float).T
    # (49, 0, 0): the tip's radius of curvature 20²/50 = 8 exceeds 1, so the tip is nearest.
    np.testing.assert_allclose(body.signed_distance(z, y, x), [-20, 10, 10, 5, -1], atol=1e-9)


def test_rotation_turns_the_longest_axis():
    body = Ellipsoid(semi_axes_nm=(10.0, 10.0, 30.0), rotation_deg=(90.0, 0.0, 0.0))
    np.testing.assert_allclose(body.signed_distance(0.0, [30.0, 0.0], [0.0, 10.0]), 0.0, atol=1e-9)
    turn = rotation_matrix((20.0, -50.0, 130.0))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(turn) == pytest.approx(1.0)


def test_each_angle_turns_the_axis_that_its_docstring_names():
    # About z: x towards y; about y: z towards x; about x: y towards z. Vectors are (z, y, x).
    z, y, x = np.eye(3)
    np.testing.assert_allclose(rotation_matrix((90.0, 0.0, 0.0)) @ x, y, atol=1e-15)
    np.testing.assert_allclose(rotation_matrix((0.0, 90.0, 0.0)) @ z, x, atol=1e-15)
    np.testing.assert_allclose(rotation_matrix((0.0, 0.0, 90.0)) @ y, z, atol=1e-15)


@pytest.mark.parametrize(
    ("habit", "volume"),
    [
        ("cube", 8.0),
        ("octahedron", 4 * np.sqrt(3)),
        ("rhombic_dodecahedron", 4 * np.sqrt(2)),
        ("truncated_octahedron", 64 / (6 * np.sqrt(3))),
    ],
)
def test_crystal_volumes_in_units_of_the_inradius(habit, volume):
    aspect = (1.2, 0.9, 1.0)
    crystal = FacetedCrystal(radius_nm=10.0, habit=habit, aspect=aspect, rotation_deg=(10.0, 20.0, 30.0))
    assert crystal.volume_nm3 == pytest.approx(1000 * volume * np.prod(aspect))
    assert FacetedCrystal(radius_nm=10.0, habit=habit).signed_distance(0, 0, 0) == pytest.approx(-10.0)


def test_random_crystal_has_its_facets_and_corners_on_its_surface():
    crystal = FacetedCrystal(radius_nm=100.0, facets=16, irregularity=0.2, seed=5)
    corners = crystal.vertices_nm
    np.testing.assert_allclose(crystal.signed_distance(*corners.T), 0.0, atol=1e-9)
    # Euler: corners - edges + facets = 2 with three edges per corner of a generic polyhedron.
    assert len(corners) <= 2 * 16 - 4


def test_seeds_make_shapes():
    points = np.random.default_rng(0).uniform(-120, 120, (3, 500))
    for make in (RoughShard, FacetedCrystal):
        first, again, other = (make(radius_nm=100.0, seed=seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first.signed_distance(*points), again.signed_distance(*points))
        assert not np.allclose(first.signed_distance(*points), other.signed_distance(*points))


def test_roughness_has_its_rms_height():
    smooth = RoughShard(radius_nm=300.0, roughness_nm=0.0, seed=9)
    rough = smooth.replace(roughness_nm=3.0, wavelength_nm=(20.0, 60.0))
    heights = []
    for direction in np.random.default_rng(1).standard_normal((300, 3)):
        unit = direction / np.linalg.norm(direction)
        t = np.linspace(0.0, smooth.bounding_radius_nm + 1, 4000)
        along = unit[:, None] * t
        ends = [t[np.flatnonzero(body.signed_distance(*along) < 0)[-1]] for body in (smooth, rough)]
        tilt = _slope_along(smooth, unit, ends[0])
        heights.append((ends[1] - ends[0]) * tilt)
    # 300 samples of a height correlated over tens of nm: about 10 %; edges add as much.
    assert np.sqrt(np.mean(np.square(heights))) == pytest.approx(3.0, rel=0.25)


def _slope_along(body, unit, t) -> float:
    ends = [float(body.signed_distance(*(unit * (t + dt)))) for dt in (-0.5, 0.5)]
    return ends[1] - ends[0]


def test_sheet_distance_is_that_of_plane_and_sphere(rng):
    points = rng.uniform(-200, 200, (3, 500))
    plane = Sheet(inclination_deg=40.0, azimuth_deg=110.0, offset_nm=12.0)
    np.testing.assert_allclose(plane.signed_distance(*points), plane.normal @ points - 12.0, atol=1e-12)
    for curvature in (0.004, -0.004, 1e-12):
        sheet = plane.replace(curvature_per_nm=curvature)
        centre = sheet.normal * (12.0 + 1 / curvature)
        away = np.linalg.norm(points - centre[:, None], axis=0)
        expected = np.sign(curvature) * (1 / abs(curvature) - away)
        # The naive form loses 1e12 nm x 1e-16 where the sheet is nearly flat.
        np.testing.assert_allclose(
            sheet.signed_distance(*points), expected, atol=1e-10 + 1e-15 / abs(curvature)
        )


def test_normal_of_a_sheet_follows_its_angles():
    np.testing.assert_allclose(Sheet().normal, [1, 0, 0])
    np.testing.assert_allclose(Sheet(inclination_deg=90.0).normal, [0, 1, 0], atol=1e-15)
    np.testing.assert_allclose(Sheet(inclination_deg=90.0, azimuth_deg=90.0).normal, [0, 0, 1], atol=1e-15)


def test_embedded_domain_is_its_body():
    inner = Sphere(radius_nm=20.0, center_nm=(5.0, 0.0, 0.0))
    assert Embedded(body=inner).signed_distance(5.0, 0.0, 30.0) == pytest.approx(10.0)
    assert np.isneginf(Whole().signed_distance(np.zeros(3), 0.0, 0.0)).all()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_texture_fills_its_share(share, rng):
    points = rng.uniform(-4000, 4000, (3, 40000))
    inside = [
        (
            RandomTexture(volume_fraction=share, correlation_nm=20.0, seed=s).signed_distance(*points) < 0
        ).mean()
        for s in range(4)
    ]
    # 40 000 points scatter by 0.0025; a sum of 48 waves is Gaussian to about 1 / (8 x 48) in its tails.
    assert np.mean(inside) == pytest.approx(share, abs=0.01)


def test_texture_distance_is_right_near_the_interface():
    texture = RandomTexture(correlation_nm=30.0, seed=2)
    points = np.random.default_rng(3).uniform(-300, 300, (20, 3))
    for point in points:
        distance = float(texture.signed_distance(*point))
        if abs(distance) > 3.0:
            continue
        # Walk along the gradient: the interface must lie about that far away.
        step = 1e-3
        gradient = np.array(
            [
                float(
                    texture.signed_distance(*(point + step * e))
                    - texture.signed_distance(*(point - step * e))
                )
                for e in np.eye(3)
            ]
        )
        unit = gradient / np.linalg.norm(gradient)
        found = minimize_scalar(
            lambda t, p=point, n=unit: abs(float(texture.signed_distance(*(p - t * n)))),
            bounds=(distance - 2, distance + 2),
            method="bounded",
        )
        assert found.x == pytest.approx(distance, abs=0.1 * abs(distance) + 0.05)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Ellipsoid(semi_axes_nm=(1.0, 2.0, 0.0)), "semi_axes_nm.2: .*greater than 0, got 0.0"),
        (lambda: FacetedCrystal(radius_nm=10.0, habit="sphere"), "habit: .*'random', 'cube'"),
        (lambda: FacetedCrystal(radius_nm=10.0, facets=3), "facets: .*greater than or equal to 4, got 3"),
        (
            lambda: RoughShard(radius_nm=10.0, wavelength_nm=(9.0, 3.0)),
            r"shortest, longest\), got \(9.0, 3.0\)",
        ),
        (lambda: Sheet(tilt_deg=3.0), "tilt_deg is not a field of Sheet"),
        (lambda: RandomTexture(correlation_nm=5.0, volume_fraction=1.0), "volume_fraction: .*less than 1"),
        (lambda: Sphere(radius_nm=float("nan")), "finite number"),
    ],
)
def test_bad_shapes_are_refused_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as raised:
        make()
    assert "\n" not in str(raised.value)
