"""A line that says how far a run is, on standard error if that is a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from dataforge.cli.output import can_draw
from dataforge.errors import one_line
from dataforge.interrupts import before_announcing

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from dataforge.datasets import Progress

_MOMENT = 0.5
"""Seconds that a run may take without a word."""

_OFTEN = 0.1
"""Seconds between two drawings."""


@contextmanager
def progress_bar(label: str) -> Iterator[Progress | None]:
    """What draws the progress of a run, unless ``--quiet`` is given or there is no terminal."""
    if not can_draw():
        yield None
        return
    line = _Line(one_line(label))
    try:
        with before_announcing(line.clear):
            yield line
    finally:
        line.clear()


class _Line:
    """Number, rate and time left of what is being done; drawn when something is told.

    There is no thread that would draw it: a process with threads cannot be forked.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._begun = self._drawn = monotonic()
        self._bar: Bar | None = None
        self._what = ""

    def __call__(self, done: int, total: int, what: str) -> None:
        now = monotonic()
        if now - self._begun < _MOMENT:
            return
        if self._bar is None:
            self._bar = _bar()
            self._bar.add_task(f"{self._label}: {what}", total=None, numbers="")
            self._bar.start()
        task = self._bar.tasks[0]
        if what != self._what:
            self._what = what
            said = f"{self._label}: {what}"
            self._bar.reset(task.id, total=None, description=said, numbers="")  # and draws it
        self._bar.update(task.id, completed=done, total=total or None)
        if now - self._drawn >= _OFTEN:
            self._drawn = now
            self._bar.update(task.id, numbers=_numbers(done, total, task.speed))
            self._bar.refresh()

    def clear(self) -> None:
        """Remove it."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
            self._begun = float("inf")  # and it stays away


def _numbers(done: int, total: int, speed: float | None) -> str:
    """What stands behind the bar.

    >>> _numbers(1200, 20_000, 100.0), _numbers(1200, 0, None)
    ('1,200 of 20,000, 100/s, 3:08 left', '1,200')
    """
    said = f"{done:,} of {total:,}" if total else f"{done:,}"
    if speed:
        said += f", {speed:,.0f}/s"
        if total:
            minutes, seconds = divmod(round((total - done) / speed), 60)
            said += f", {minutes}:{seconds:02} left"
    return said


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[numbers]}", markup=False),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
