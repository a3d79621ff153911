"""What a long run tells the person who waits: named stages, how far each is, how long it took.

A pipeline takes a `Progress` and opens a stage for each of its steps; the base class says nothing, so
tests and scripts pass `Progress()`, and the command line passes `RichProgress()`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


class Stage:
    """One step of a run, which says nothing."""

    def advance(self, steps: float = 1) -> None:
        """Move on by `steps` of the stage's total."""

    def update(self, done: float, note: str = "") -> None:
        """Set how many steps are done, and optionally what there is to say about the last one."""


class Progress:
    """A reporter that says nothing.

    Examples
    --------
    >>> with Progress() as progress, progress.stage("project", total=15) as stage:
    ...     stage.advance()
    """

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage; `total` is its number of steps, where that is known."""
        yield Stage()

    def note(self, text: str) -> None:
        """Say one line."""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class RichProgress(Progress):
    """A reporter that draws bars on a terminal and prints one line per finished stage elsewhere.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to draw; standard error by default, so that standard output stays readable by programs.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._bars = Bars(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}", style="dim"),
            TimeElapsedColumn(),
            console=self.console,
        )

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage; `total` is its number of steps, where that is known."""
        task = self._bars.add_task(name, total=total, note="")
        start = time.perf_counter()
        yield RichStage(self._bars, task)
        # A bar without a total, or a solver that stopped early, is done all the same.
        done = total if total is not None else 1
        self._bars.update(task, total=done, completed=done)
        if not self.console.is_terminal:
            self.console.print(f"{name}: {time.perf_counter() - start:.1f} s", highlight=False, markup=False)

    def note(self, text: str) -> None:
        """Say one line above the bars."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def __enter__(self) -> "RichProgress":
        if self.console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Stopping bars that never ran would print an empty line.
        if self.console.is_terminal:
            self._bars.stop()


class RichStage(Stage):
    """One bar."""

    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def advance(self, steps: float = 1) -> None:
        """Move the bar on by `steps`."""
        self._bars.advance(self._task, steps)

    def update(self, done: float, note: str = "") -> None:
        """Set the bar to `done` steps, with a short note beside it."""
        self._bars.update(self._task, completed=done, note=note)
