"""Random numbers by purpose: one stream for each, which no other purpose shares or shifts."""

import hashlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.SeedSequence:
    """Return the seed sequence of one purpose.

    Parameters
    ----------
    seed : int
        Of the whole run, not negative.
    *names : str or int
        The purpose: ``stream(0, "truth", "segregated", 3)``. Adding purposes leaves the others unchanged.

    Examples
    --------
    >>> bool(np.random.default_rng(stream(0, "truth", 3)).random() == np.random.default_rng(
    ...     stream(0, "truth", 4)).random())
    False
    """
    key = tuple(int.from_bytes(hashlib.sha256(repr(name).encode()).digest()[:8]) for name in names)
    return np.random.SeedSequence(seed, spawn_key=key)
