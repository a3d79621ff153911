"""Fixtures and the Hypothesis profiles that all tests share."""

import os
import signal
from pathlib import Path

# Before numpy loads: threads of tiny matrix products wait for each other longer than they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# As the command line does: threads that spin while they wait slow a shared machine down many times.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# A shell that runs the tests in the background has them ignore Ctrl-C, and all programs that they start too;
# tests of what Ctrl-C does need it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "default",
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.register_profile("nightly", settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference data beside the checkout, or skip."""
    folder = Path(os.environ.get("GLASSTOMO_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "facts").is_dir():
        pytest.skip(f"needs the reference data folder ({folder.name}/facts beside the checkout)")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator with a fixed seed."""
    return np.random.default_rng(20191)
