"""The calls of one run that are under way on dask workers: a bounded window over all calls."""

import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .dask_workers import DaskWorkers, OtherVersionsError, perform
from .versions import versions
from .workers import Outcome, WorkersLostError, reason

if TYPE_CHECKING:
    from distributed import Future

KILLED = "its worker died every time it ran, also alone (out of memory, killed or crashed)"
"""The reason of a call that takes its workers down."""

# Calls in flight for each one that runs, and the least of them: a worker must not idle while its next
# call is on its way, nor a cluster that can grow see no reason to.
_AHEAD = 4
_LEAST = 16

# So many calls that killed their workers, and none that came back, are no accident.
_HOPELESS = 8

_TICK_S = 0.5
_NO_CALL = -1


class CallWindow:
    """The calls of one run that are under way.

    A call that was lost with its connection is sent again. A call whose worker died every time is put off
    and runs alone at the end, because dask blames every call that a dead worker held, not only the guilty.

    Parameters
    ----------
    workers : DaskWorkers
    function : callable
    in_flight : int or None
        See `Workers.run`.
    """

    def __init__(self, workers: DaskWorkers, function: Callable[..., Any], in_flight: int | None) -> None:
        self.workers, self.function, self.in_flight = workers, function, in_flight
        self.name = uuid.uuid4().hex[:8]
        self.ended: queue.SimpleQueue[tuple[int, Future | None]] = queue.SimpleQueue()
        self.taken: deque[tuple[int, Future | None]] = deque()
        self.calls: dict[int, dict[str, Any]] = {}
        self.futures: dict[int, Future] = {}
        self.suspects: deque[int] = deque()
        self.alone: int | None = None
        self.sent = self.returned = 0
        self.stopping = False

    def ready(self) -> int:
        """Return how many calls have ended and wait to be taken."""
        return self.ended.qsize() + len(self.taken)

    def stop(self) -> None:
        """Ask to end: what has ended is still yielded."""
        self.stopping = True
        # Wakes whoever waits; putting is safe within a handler of signals.
        self.ended.put((_NO_CALL, None))

    def outcomes(self, calls: Iterable[dict[str, Any]]) -> Iterator[tuple[int, Outcome]]:
        """Yield outcomes as they come."""
        coming = enumerate(calls)
        while not (self.stopping and not self.ready()):
            self.fill(coming)
            if not self.futures:
                if self.stopping or not self.suspects:
                    return
                self.alone = self.suspects.popleft()
                self.send(self.alone)
            self.wait()
            while self.taken:
                index, future = self.taken.popleft()
                if future is None or self.futures.get(index) is not future:
                    continue
                del self.futures[index]
                outcome = self.outcome(index, future)
                if outcome is not None:
                    del self.calls[index]
                    yield index, outcome

    def fill(self, coming: Iterator[tuple[int, dict[str, Any]]]) -> None:
        """Send calls until the window is full or there are none left."""
        width = self.in_flight or max(_LEAST, _AHEAD * self.workers.count)
        while len(self.futures) < width and not self.stopping:
            following = next(coming, None)
            if following is None:
                return
            index, self.calls[following[0]] = following
            self.send(index)

    def send(self, index: int) -> None:
        """Send one call."""
        self.sent += 1
        try:
            future = self.workers.client.submit(
                perform,
                self.function,
                self.calls[index],
                versions(),
                key=f"cell-{self.name}-{self.sent}",
                pure=False,
            )
        except OSError as error:
            raise WorkersLostError(f"{self.workers.label} takes no calls: {reason(error)}") from error
        self.futures[index] = future
        future.add_done_callback(lambda ended: self.ended.put((index, ended)))

    def wait(self) -> None:
        """Wait until calls end, or until somebody asks to; take all that have."""
        while not self.ready() and not self.stopping:
            try:
                self.taken.append(self.ended.get(timeout=_TICK_S))
            except queue.Empty:
                self.workers.check()
        while not self.ended.empty():
            self.taken.append(self.ended.get_nowait())

    def outcome(self, index: int, future: "Future") -> Outcome | None:
        """Return what became of a call, or None when it will be heard of later."""
        from distributed import KilledWorker

        error: Any
        try:
            if future.status == "finished":
                value = future.result()
                self.returned += 1
                return value
            error = future.exception() if future.status == "error" else None
        except Exception as lost:
            # Between its end and this line the connection went, or the worker that held the value.
            error = lost if future.status == "error" else None
        if error is None:
            self.reconnect()
            self.send(index)
            return None
        if isinstance(error, KilledWorker):
            return self.killed(index)
        if isinstance(error, OtherVersionsError):
            raise WorkersLostError(f"a worker of {self.workers.label} has other versions: {error}")
        raise WorkersLostError(
            f"workers of {self.workers.label} cannot run glasstomo ({reason(error)}); "
            "install it there in this version"
        )

    def killed(self, index: int) -> Outcome | None:
        """Give a call whose workers died one more chance, alone."""
        if index == self.alone:
            return Outcome(error=KILLED, killed=True)
        self.suspects.append(index)
        if self.returned == 0 and len(self.suspects) >= _HOPELESS:
            raise WorkersLostError(
                f"every call kills its worker ({self.workers.label}), probably for want of memory; "
                "use fewer workers or smaller volumes"
            )
        return None

    def reconnect(self) -> None:
        """Wait until the scheduler answers again."""
        while self.workers.client.status != "running" and not self.stopping:
            self.workers.check()
            time.sleep(_TICK_S / 5)

    def cancel(self) -> None:
        """Drop what is under way."""
        with suppress(Exception):
            self.workers.client.cancel(list(self.futures.values()), force=True)
        self.futures.clear()
