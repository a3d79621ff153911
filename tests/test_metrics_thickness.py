"""Thickness maps against closed forms."""

import numpy as np
import pytest
from glasstomo.metrics import thickness_map
from hypothesis import given
from hypothesis import strategies as st


def test_chords_of_a_ball():
    axis = np.arange(41) - 20.0
    r = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    chord = 2 * 5.0 * np.sqrt(np.maximum(15.3**2 - axis[:, None] ** 2 - axis**2, 0))
    middle = chord > 40
    binary = thickness_map(r < 15.3, spacing_nm=5.0)
    smooth = thickness_map(15.3 - r, 0.0, spacing_nm=5.0, subvoxel=True)
    # Rounding at two surfaces: at most one voxel; the field 15.3 - r is nearly linear along the beam.
    assert np.abs(binary - chord)[middle].max() <= 5.0
    assert np.abs(smooth - chord)[middle].max() < 0.4
    assert np.std((smooth - chord)[middle]) < 0.1 * np.std((binary - chord)[middle])


@given(thickness=st.floats(2, 14), where=st.floats(1.5, 4), width=st.floats(1.5, 6))
def test_slab_with_linear_edges_is_measured_exactly(thickness, where, width):
    z = np.arange(64.0)
    edge = np.minimum(z - where - width / 2, where + width / 2 + width + thickness - z) / width
    slab = np.clip(0.5 + edge, -5, 5)[:, None, None]
    # Linear where it crosses the threshold, so linear interpolation is exact wherever the surfaces lie.
    first, last = where, where + 2 * width + thickness
    assert thickness_map(slab, 0.0, spacing_nm=2.0, subvoxel=True).item() == pytest.approx(
        2 * (last - first), rel=1e-9
    )


@given(axis=st.integers(0, 2), seed=st.integers(0, 99))
def test_total_of_the_map_is_the_volume_along_every_axis(axis, seed):
    mask = np.random.default_rng(seed).random((4, 5, 6)) > 0.5
    assert thickness_map(mask, spacing_nm=2.0, axis=axis).sum() == pytest.approx(2.0 * mask.sum())
    flipped = thickness_map(np.flip(mask, axis), spacing_nm=2.0, axis=axis)
    np.testing.assert_array_equal(flipped, thickness_map(mask, spacing_nm=2.0, axis=axis))


def test_full_and_empty_volumes():
    for subvoxel in (False, True):
        full = thickness_map(np.ones((4, 2, 2)), 0.5, spacing_nm=3.0, subvoxel=subvoxel)
        np.testing.assert_array_equal(full, 12.0)
        empty = thickness_map(np.zeros((4, 2, 2)), 0.5, spacing_nm=3.0, subvoxel=subvoxel)
        np.testing.assert_array_equal(empty, 0.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"threshold": np.nan, "spacing_nm": 1.0}, "must be finite"),
     ({"threshold": 0.5, "spacing_nm": 0}, "positive"),
     ({"spacing_nm": 1.0}, "missing")],
)  # fmt: skip
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        thickness_map(np.ones((2, 2, 2)), **arguments)
    with pytest.raises(ValueError, match="left out"):
        thickness_map(np.ones((2, 2, 2), dtype=bool), 0.5, spacing_nm=1.0)
