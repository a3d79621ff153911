"""Cells of a grid climb to its peaks in order of falling height, and peaks that noise explains merge."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def climb(
    heights: np.ndarray,
    masses: np.ndarray,
    order: np.ndarray,
    places: np.ndarray,
    offsets: np.ndarray,
    owner: np.ndarray,
    variance_factor: float,
    significance: float,
    smallest: float,
) -> tuple[np.ndarray, np.ndarray]:  # pragma: no cover
    """Give every cell of a grid of any dimension to a peak (ToMATo, doi:10.1145/2535927).

    Two peaks merge at their saddle s unless the lower one, p, stands out:
    ``p − s >= significance sqrt((p + s) variance_factor)``, and holds a mass of `smallest`.

    `places` are the cells' flat places in a grid padded by one cell, `offsets` the steps there to all
    neighbours, and `owner` (−1 everywhere) is that padded grid, which is filled. Returned are, for each
    peak met, its root and its cell.
    """
    count = heights.size
    parent = np.empty(count, np.int64)
    top = np.empty(count, np.int64)
    mass = np.empty(count, np.float64)
    near = np.empty(offsets.size, np.int64)
    peaks = 0
    for cell in order:
        place = places[cell]
        found = 0
        for offset in offsets:
            node = owner[place + offset]
            if node < 0:
                continue
            while parent[node] != node:
                parent[node] = parent[parent[node]]
                node = parent[node]
            known = False
            for k in range(found):
                known = known or near[k] == node
            if not known:
                near[found] = node
                found += 1
        if found == 0:
            parent[peaks], top[peaks], mass[peaks] = peaks, cell, masses[cell]
            owner[place] = peaks
            peaks += 1
            continue
        highest = near[0]
        for k in range(1, found):
            if heights[top[near[k]]] > heights[top[highest]]:
                highest = near[k]
        for k in range(found):
            other = near[k]
            if other == highest:
                continue
            peak, saddle = heights[top[other]], heights[cell]
            noise = np.sqrt(max((peak + saddle) * variance_factor, 1e-300))
            if peak - saddle < significance * noise or mass[other] < smallest:
                parent[other] = highest
                mass[highest] += mass[other]
        owner[place] = highest
        mass[highest] += masses[cell]
    for node in range(peaks):
        root = node
        while parent[root] != root:
            root = parent[root]
        parent[node] = root
    return parent[:peaks], top[:peaks]
