"""What the tests of the engines have done in other processes, which import it from here."""

from __future__ import annotations

import os
import signal
import time
from typing import Any


def slow_at_times(item: int) -> int:
    """Ten times the item; later items are done before earlier ones."""
    time.sleep(0.02 if item % 7 == 0 else 0)
    return 10 * item


def where(_: int) -> int:
    """The process that it runs in."""
    return os.getpid()


def inverse(item: int) -> float:
    """Has a bug."""
    return 1 / (item - 50)


class OddError(Exception):
    """Cannot be made again from its `args`."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__(f"{file}: {line}")


def odd(item: int) -> int:
    """Fails with an exception that cannot be sent."""
    raise OddError("a.xml", item)


def dies(item: int) -> int:
    """What the kernel does where memory is short."""
    if item == 50:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def sleeps(item: int) -> int:
    """Takes long, but for the first few."""
    time.sleep(0 if item < 4 else 600)
    return os.getpid()


class Heavy:
    """Counts how often a process has got it."""

    loads = 0

    def __setstate__(self, state: Any) -> None:
        type(self).loads += 1

    def __getstate__(self) -> Any:
        return "not empty"

    def times(self, _: int) -> tuple[int, int]:
        """(the process, how often it has got this)."""
        return os.getpid(), self.loads


def large(_: int) -> bytes:
    """More than fits into a pipe that nobody reads."""
    return b"x" * 20_000_000


def stubborn(item: int) -> int:
    """Does not end when it is told to, but for the first few."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return sleeps(item)


def no_result(_: int) -> Any:
    """Gives what cannot be sent."""
    return lambda: None


def exits(item: int) -> int:
    """As a library does that takes itself for a program."""
    raise SystemExit(f"no {item}")


def quits(item: int) -> int:
    """Ends its process as no Python code should."""
    os._exit(7)


class Unloadable:
    """Cannot be unpickled."""

    def __reduce__(self) -> Any:
        return int, ("no number",)

    def __call__(self, item: int) -> int:
        return item


def dies_once(item: tuple[int, str]) -> int:
    """Dies on the first item whose turn it is, and then no more."""
    number, mark = item
    if number >= 20:
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return number
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def node(_: int) -> str:
    """The node of a Ray cluster that it runs on."""
    import ray

    time.sleep(0.2)
    found: str = ray.get_runtime_context().get_node_id()
    return found
