"""Laws that every body, domain, mixing rule and particle obeys, over all that can be drawn."""

import numpy as np
import pytest
from glasstomo import phantoms
from glasstomo.benchmarks.conformance.strategies import (
    bodies,
    bounded_domains,
    domains,
    flux_melted_rules,
    graded_rules,
    materials,
    particles,
    seeds,
    sheets,
)
from glasstomo.phantoms import (
    MATERIALS,
    FluxMelted,
    Grid,
    Particle,
    Phase,
    Pure,
    RandomTexture,
    Segregated,
    Sphere,
    Whole,
    rasterise,
)
from glasstomo.phantoms.elements import ATOMIC_WEIGHTS
from glasstomo.phantoms.frame import rotation_matrix
from hypothesis import given
from hypothesis import strategies as st

SHAPES = bodies() | domains()


def cloud(seed: int, count: int = 400, reach_nm: float = 90.0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-reach_nm, reach_nm, (3, count))


@given(materials())
def test_mass_density_is_the_sum_of_its_atoms(material):
    grams = sum(n * ATOMIC_WEIGHTS[element] for element, n in material.number_densities().items())
    # nm^-3 x g/mol / N_A; only rounding separates the two ways.
    assert grams / 602.214076 == pytest.approx(material.density_g_cm3, rel=1e-12)


@given(bodies() | bounded_domains(), seeds())
def test_signed_distances_change_no_faster_than_the_point_moves(shape, seed):
    start, step = cloud(seed), cloud(seed + 1, reach_nm=8.0)
    change = np.abs(shape.signed_distance(*(start + step)) - shape.signed_distance(*start))
    # Roughness waves are rounded to float32: 4e-6 of amplitudes that sum to less than 50 nm.
    assert (change <= np.linalg.norm(step, axis=0) * (1 + 1e-9) + 2e-4).all()


@given(bodies(), seeds(), st.tuples(*[st.floats(-10.0, 10.0)] * 3), st.floats(0.5, 60.0))
def test_nearby_equals_the_signed_distance_within_its_ball(body, seed, center, radius):
    steps = cloud(seed, reach_nm=1.0)
    steps *= radius / np.maximum(np.linalg.norm(steps, axis=0), 1.0)
    points = np.array(center)[:, None] + steps
    np.testing.assert_array_equal(body.nearby(center, radius)(*points), body.signed_distance(*points))


@given(bodies(), seeds())
def test_a_body_lies_within_its_bounding_sphere(body, seed):
    points = cloud(seed, 3000, 1.2 * body.bounding_radius_nm)
    inside = body.signed_distance(*points) < 0
    assert (np.linalg.norm(points[:, inside], axis=0) <= body.bounding_radius_nm * (1 + 1e-12)).all()


@given(SHAPES, seeds())
def test_a_lattice_and_scattered_points_see_the_same_shape(shape, seed):
    z, y, x = np.sort(cloud(seed, 5, 40.0))
    lattice = shape.signed_distance(z[:, None, None], y[None, :, None], x[None, None, :])
    scattered = shape.signed_distance(*(c.ravel() for c in np.meshgrid(z, y, x, indexing="ij")))
    assert lattice.shape == (5, 5, 5)
    np.testing.assert_allclose(lattice.ravel(), scattered, rtol=1e-9, atol=1e-4)


@given(bodies(), st.tuples(*[st.floats(-50.0, 50.0)] * 3), seeds())
def test_moving_a_body_moves_its_distances(body, shift_nm, seed):
    points = cloud(seed)
    centre = np.add(body.center_nm, shift_nm)
    moved = body.replace(center_nm=tuple(centre.tolist()))
    np.testing.assert_allclose(
        moved.signed_distance(*(points + np.array(shift_nm)[:, None])),
        body.signed_distance(*points),
        rtol=1e-9,
        atol=1e-4,
    )


@given(bodies(), seeds())
def test_turning_a_body_turns_its_distances(body, seed):
    still = body.replace(center_nm=(0.0, 0.0, 0.0), rotation_deg=(0.0, 0.0, 0.0))
    turned = still.replace(rotation_deg=body.rotation_deg)
    points = cloud(seed)
    np.testing.assert_allclose(
        turned.signed_distance(*(rotation_matrix(body.rotation_deg) @ points)),
        still.signed_distance(*points),
        rtol=1e-9,
        atol=1e-4,
    )


@given(particles() | SHAPES | graded_rules())
def test_parameters_survive_json_and_repr(noun):
    assert type(noun).model_validate_json(noun.model_dump_json()) == noun
    assert eval(repr(noun), {name: getattr(phantoms, name) for name in phantoms.__all__}) == noun


@given(graded_rules(), st.lists(st.floats(-200.0, 200.0), min_size=1, max_size=20))
def test_densities_lie_between_those_of_the_phases(mixing, distances):
    units = mixing.formula_units(np.array(distances))
    assert units.shape == (len(mixing.materials), len(distances))
    if isinstance(mixing, FluxMelted):
        ends = np.array([[0.0, 0.0], [4.2, 4.0]])
        total = units.sum(axis=0)
        assert set(np.unique(total.round(9))) <= {4.0, 6.0}
    else:
        sides = [phase.formula_unit_densities() for phase in (mixing.first, mixing.second)]
        table = np.array([[side.get(name, 0.0) for name in mixing.materials] for side in sides])
        ends = np.array([table.min(axis=0), table.max(axis=0)])
    assert (units >= ends[0][:, None] - 1e-12).all()
    assert (units <= ends[1][:, None] + 1e-12).all()


@given(flux_melted_rules(), st.lists(st.floats(-300.0, 300.0), min_size=2, max_size=30))
def test_zinc_fractions_keep_out_of_the_miscibility_gap(mixing, distances):
    fraction = mixing.zinc_fraction(np.sort(distances))
    label = mixing.labels(np.sort(distances))
    assert (np.diff(fraction) >= -1e-15).all()
    assert ((fraction[label == 1] >= 0.3) & (fraction[label == 1] <= 0.5)).all()
    assert ((fraction[label == 2] >= 0.55) & (fraction[label == 2] <= 0.99)).all()
    assert (fraction[label == 3] >= 0.99 - 1e-12).all()


@given(particles(), seeds())
def test_every_element_follows_the_formula_units(particle, seed):
    points = cloud(seed, 200)
    units = particle.formula_unit_densities(*points)
    density = particle.densities(*points)
    assert (density >= 0).all()
    for element, values in zip(particle.elements, density, strict=True):
        expected = sum(n * MATERIALS[name].formula.get(element, 0.0) for name, n in units.items())
        np.testing.assert_allclose(values, expected, rtol=1e-12)
    assert (density[:, particle.body.signed_distance(*points) >= 0] == 0).all()


@given(particles(), st.integers(1, 3), seeds())
def test_a_phantom_is_consistent_with_its_particle(particle, supersample, seed):
    grid = Grid(shape=(8, 10, 12), spacing_nm=float(8 + seed % 10))
    phantom = rasterise(particle, grid, supersample=supersample)
    assert phantom.densities.dtype == phantom.fill.dtype == np.float32
    assert ((phantom.fill >= 0) & (phantom.fill <= 1)).all()
    assert ((phantom.labels == 0) == (phantom.fill == 0)).all()
    assert (phantom.densities[:, phantom.fill == 0] == 0).all()
    assert (phantom.fill[(phantom.labels > 0) & (phantom.labels < 255)] == 1).all()
    assert set(np.unique(phantom.labels)) <= {0, 255, *range(1, len(phantom.phase_names) + 1)}


@given(particles().filter(lambda particle: not isinstance(particle.domain, RandomTexture)), seeds())
def test_labelled_voxels_are_of_one_phase_throughout(particle, seed):
    grid = Grid.cube(12, spacing_nm=8.0)
    phantom = rasterise(particle, grid)
    index = np.nonzero((phantom.labels > 0) & (phantom.labels < 255))
    offset = np.random.default_rng(seed).uniform(-0.5, 0.5, (3, len(index[0]))) * grid.spacing_nm
    points = [grid.axis_nm(axis)[index[axis]] + offset[axis] for axis in range(3)]
    assert (particle.body.signed_distance(*points) < 0).all()
    labels = particle.mixing.labels(particle.domain.signed_distance(*points))
    assert (labels == phantom.labels[index]).all()


@given(particles(), st.sampled_from([1, 2, 3]))
def test_downsampling_keeps_atoms_and_volume(particle, factor):
    fine = rasterise(particle, Grid.cube(12, spacing_nm=9.0), supersample=2)
    coarse = fine.downsampled(factor)
    assert coarse.grid.extent_nm == pytest.approx(fine.grid.extent_nm)
    blocks = fine.labels.reshape(*(n for count in coarse.grid.shape for n in (count, factor)))
    uniform = (blocks == coarse.labels[:, None, :, None, :, None]).all(axis=(1, 3, 5))
    assert (uniform | (coarse.labels == 255)).all()
    assert coarse.volume_nm3 == pytest.approx(fine.volume_nm3, rel=1e-6)
    for element in fine.elements:
        # Block means are stored as float32.
        assert coarse.atoms(element) == pytest.approx(fine.atoms(element), rel=1e-6)


@given(sheets())
def test_an_interface_between_equal_phases_leaves_no_trace(sheet):
    body = Sphere(radius_nm=40.0)
    units = {"formula_units": {"ZIF-62": 1.0}, "metal_density_nm3": 2.0}
    same = Segregated(first=Phase(name="one", **units), second=Phase(name="two", **units))
    divided = rasterise(Particle(body=body, domain=sheet, mixing=same), Grid.cube(16, spacing_nm=6.0))
    whole = Particle(body=body, domain=Whole(), mixing=Pure(phase=same.first))
    pure = rasterise(whole, Grid.cube(16, spacing_nm=6.0))
    # Float32 storage.
    np.testing.assert_allclose(divided.densities, pure.densities, rtol=1e-6)
