"""Ctrl-C, SIGTERM and SIGHUP: they raise `Interrupted` in the main thread, at any moment.

What must not be left half done stands in a block of `held`, which defers them to its end::

    try:
        with held():
            file = acquire()  # it exists and `file` is set, or neither
        yield file
    finally:
        with held():
            release(file)

This module imports next to nothing, so that the command line can handle signals from the start.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType
    from typing import Any

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""The signals that ask a program to end."""

_GRACE = 2.0
"""Seconds after a signal in which further ones are ignored: it is cleaning up."""

_SOON = 0.01
"""Seconds until a signal is raised again that came where exceptions are swallowed."""

_tell: list[Callable[[], None]] = []
"""What says that the run is interrupted, until that has been said."""

written: list[Path | str] = []
"""The files and folders, or URLs, that this process has put in place, for messages."""


class Interrupted(BaseException):
    """A signal asked the program to end.

    Not a KeyboardInterrupt, which libraries turn into exceptions and messages of their own.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def announce() -> None:
    """Say that the run is interrupted, if that has not been said.

    For use before what takes long, when nothing more will be put in place.
    """
    while _tell:
        _tell.pop()()


class before_announcing:  # noqa: N801 - it is used like a function
    """In a block, do something before it is said that the run is interrupted."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action

    def __enter__(self) -> None:
        _tell.append(self._action)

    def __exit__(self, *_: object) -> None:
        if self._action in _tell:
            _tell.remove(self._action)


class Signals:
    """The handlers of a program's signals; those that are ignored, as under nohup, stay so.

    Args:
        tell: says that the run is interrupted; see `announce`.
    """

    def __init__(self, tell: Callable[[], None] | None = None) -> None:
        _tell[:] = [tell] if tell else []
        self._process = os.getpid()
        self._before: dict[int, Any] = {}
        self._last = (0, -_GRACE)  # signal, and when it was raised
        self._unraisable = sys.unraisablehook

    def install(self) -> None:
        """Let signals raise `Interrupted` from now on; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            return
        sys.unraisablehook = self._swallowed
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._raise)

    def ignore(self) -> None:
        """Let signals have no effect from now on."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def restore(self) -> None:
        """Undo `install`."""
        sys.unraisablehook = self._unraisable
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _raise(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._process:  # forked by a library, which wants to end it
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
            return
        if monotonic() - self._last[1] < _GRACE:
            return
        self._last = number, monotonic()
        raise Interrupted(number)

    def _swallowed(self, unraisable: Any) -> None:
        """Raise it again if it came in a destructor, which swallows exceptions."""
        if not isinstance(unraisable.exc_value, Interrupted):
            self._unraisable(unraisable)
        elif hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self._again)
            signal.setitimer(signal.ITIMER_REAL, _SOON)

    def _again(self, _: int, frame: FrameType | None) -> None:
        number, _at = self._last
        self._last = number, -_GRACE
        self._raise(number, frame)


class held:  # noqa: N801 - it is used like a function
    """Defer signals to the end of a block; the block should be short, and may be within another.

    Only the main thread is ever interrupted; elsewhere it does nothing.
    """

    def __enter__(self) -> None:
        self._arrived: list[int] = []
        self._before: dict[int, Any] = {}
        if threading.current_thread() is not threading.main_thread():
            return
        try:
            for number in _HELD:
                if callable(handler := signal.getsignal(number)):
                    self._before[number] = handler
                    signal.signal(number, self._remember)
        except BaseException:  # a signal whose turn had not come
            self._restore()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            self._restore()
        finally:  # the first one restored may arrive at once
            self._restore()
        if self._arrived:
            signal.raise_signal(self._arrived[0])

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remember(self, number: int, _: FrameType | None) -> None:
        self._arrived.append(number)


_HELD = [*SIGNALS, signal.SIGALRM] if hasattr(signal, "SIGALRM") else SIGNALS
