"""The examples in the docstrings of the phantoms, and what importing them costs."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import glasstomo.phantoms
import pytest

MODULES = [
    "glasstomo.phantoms",
    *(f"glasstomo.phantoms.{m.name}" for m in pkgutil.iter_modules(glasstomo.phantoms.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_public_name_is_there():
    for name in glasstomo.phantoms.__all__:
        assert getattr(glasstomo.phantoms, name) is not None
    assert set(glasstomo.phantoms.__all__) <= set(dir(glasstomo.phantoms))
    with pytest.raises(AttributeError, match="no attribute 'Grod'"):
        glasstomo.phantoms.Grod  # noqa: B018


def test_the_package_loads_nothing_until_it_is_asked():
    code = "import sys, glasstomo.phantoms; print(sorted({'numpy', 'scipy', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
