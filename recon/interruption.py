"""Ctrl-C during a solve: the first asks it to end with what it has, the second ends the program."""

import functools
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# Two of them this close mean "out of here", even when a new solve began in between.
_TWICE_S = 2.0


class _Request:
    """The state of Ctrl-C; only the main thread reads or writes it, as only there handlers run."""

    depth = 0
    raising = 0
    asked = False
    latest = -float("inf")


def requested() -> bool:
    """Whether Ctrl-C has asked the running solve to end; always False outside the main thread."""
    return _Request.asked and threading.current_thread() is threading.main_thread()


@contextmanager
def caught() -> Iterator[None]:
    """Turn the first Ctrl-C in the block into a request that `requested` shows; a second one raises.

    Blocks nest: the request lasts until the outermost ends, which puts the old handler back. Where
    nothing is to be caught, the block changes nothing: outside the main thread, where Python runs no
    handlers; where the program has a handler of its own, or ignores Ctrl-C; and within `raised`.

    Examples
    --------
    >>> with caught():
    ...     signal.raise_signal(signal.SIGINT)
    ...     requested()
    True
    >>> requested()
    False
    """
    main = threading.current_thread() is threading.main_thread()
    nested = main and _Request.depth > 0
    free = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if nested or not free or _Request.raising:
        yield
        return
    _Request.depth, _Request.asked = 1, False
    try:
        signal.signal(signal.SIGINT, _ask)
        yield
    finally:
        # First the handler: a Ctrl-C between the two lines is then the program's.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _Request.depth, _Request.asked = 0, False


@contextmanager
def raised() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt in the block, also from within solves.

    For long programs of many reconstructions, where a single one cut short must not count as a
    result.

    Examples
    --------
    >>> with raised(), caught():
    ...     signal.getsignal(signal.SIGINT) is signal.default_int_handler
    True
    """
    here = 1 if threading.current_thread() is threading.main_thread() else 0
    _Request.raising += here
    try:
        yield
    finally:
        _Request.raising -= here


def interruptible(solve: Callable[P, T]) -> Callable[P, T]:
    """Decorate a solver that looks at `Monitor.interrupted`: runs it in `caught`."""

    @functools.wraps(solve)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with caught():
            return solve(*args, **kwargs)

    return run


def _ask(number: int, frame: object) -> None:
    now = time.monotonic()
    if _Request.asked or now - _Request.latest < _TWICE_S:
        raise KeyboardInterrupt
    _Request.asked, _Request.latest = True, now
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("\nstopping at the next iteration; Ctrl-C again to abort\n")
