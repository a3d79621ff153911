"""Random directions for the facets of crystals and shards."""

import numpy as np

CANDIDATES = 16


def spread_normals(count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw unit vectors that keep apart, so that their facets close a body.

    Each is the best of a few random candidates: the one farthest from those already drawn
    (Mitchell, SIGGRAPH 1991, doi:10.1145/122718.122736). The first four are a random tetrahedron.

    Parameters
    ----------
    count : int
        How many, at least four.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray, shape (count, 3)
        Unit vectors (z, y, x).
    """
    frame, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    tetrahedron = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    normals = list(tetrahedron @ frame)
    while len(normals) < count:
        candidates = rng.standard_normal((CANDIDATES, 3))
        candidates /= np.linalg.norm(candidates, axis=1, keepdims=True)
        nearest = (candidates @ np.array(normals).T).max(axis=1)
        normals.append(candidates[nearest.argmin()])
    return np.array(normals[:count])


def support_nm(normals: np.ndarray, semi_axes_nm) -> np.ndarray:
    """Distance of the tangent planes of an ellipsoid from its centre, nm: √Σ (a_i n_i)²."""
    return np.sqrt(((normals * np.asarray(semi_axes_nm)) ** 2).sum(axis=1))


def reachable(levels_nm: np.ndarray, radius_nm: float) -> np.ndarray:
    """Which of several distances may be the largest somewhere in a ball.

    Parameters
    ----------
    levels_nm : numpy.ndarray, shape (facets,)
        Signed distances of the ball's centre to each facet, nm.
    radius_nm : float
        Radius of the ball, nm: no distance changes by more within it.
    """
    # A thousandth more than 2 r, for the rounding of distances.
    return levels_nm >= levels_nm.max() - 2.002 * radius_nm
