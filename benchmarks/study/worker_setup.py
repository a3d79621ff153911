"""What every local worker process does first; dask imports this module there and calls `dask_setup`."""

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the client.

    A terminal sends it to the whole group of processes; workers would die of it, in the middle of a line,
    before the client could say what has landed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
