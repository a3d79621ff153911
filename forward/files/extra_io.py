"""Import a library of the extra ``io``, or say how to get it."""

import importlib
from types import ModuleType


def import_io(module: str) -> ModuleType:
    """Import a module that reads or writes other programs' files.

    Raises
    ------
    ImportError
        When it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if error.name is not None and not module.startswith(error.name.partition(".")[0]):
            raise
        raise ImportError(
            f"{module.partition('.')[0]} is not installed; pip install 'glasstomo[io]'", name=error.name
        ) from None
