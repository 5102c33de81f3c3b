"""This machine: one worker is the process itself, more are processes beside it."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import cache
from itertools import islice
from multiprocessing.connection import Connection
from threading import Thread
from traceback import format_exception
from typing import Any, TypeVar

from dataforge.errors import DataforgeError, UsageError

S = TypeVar("S")
T = TypeVar("T")

BATCH = 32
"""Items that travel together: a file takes less time than a message."""

AHEAD = 3
"""Batches for each worker that are asked for before their results are."""

# A process that has threads must not be forked, and ours may have some (numpy's, a progress bar's);
# "forkserver" starts its workers in a third of the time that "spawn" takes.
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


class Engine:
    """Work on this machine.

    Args:
        workers: number of processes; 0 is one for each core that this process may use.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers or _cores()

    def map(self, function: Callable[[S], T], items: Iterable[S], /) -> Iterator[T]:
        """See `dataforge.engines.base`."""
        if self.workers == 1:
            return map(function, items)
        return self._shared_out(_pickled(function), iter(items))

    def _shared_out(self, function: bytes, items: Iterator[Any]) -> Iterator[Any]:
        context = multiprocessing.get_context(_METHOD)
        wanted, want = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(
            self.workers, context, initializer=_begin, initargs=(function, wanted)
        )
        batches = iter(lambda: list(islice(items, BATCH)), [])
        running: deque[Future[list[Any]]] = deque()
        try:
            while True:
                more = islice(batches, AHEAD * self.workers - len(running))
                running.extend(pool.submit(_run, batch) for batch in more)
                if not running:
                    return
                yield from running.popleft().result()
        except BrokenProcessPool as error:
            raise DataforgeError(
                "a worker process died, most likely for want of memory: try fewer --workers; a "
                "script that asks for workers must do its work below `if __name__ == '__main__':`"
            ) from error
        except BaseException:
            want.close()  # whatever still runs
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            want.close()
            wanted.close()


def _cores() -> int:
    """Cores that this process may use, as many as Windows lets one wait for."""
    if sys.platform == "win32":
        return min(os.cpu_count() or 1, 61)
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pickled(function: Callable[..., Any]) -> bytes:
    try:
        return pickle.dumps(function, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(f"{function!r} cannot be sent to another process: {error}") from error


# In the workers. ------------------------------------------------------------------------------

_function_bytes = b""


def _begin(function: bytes, wanted: Connection) -> None:
    global _function_bytes  # noqa: PLW0603 - what a process is for
    _function_bytes = function
    # Ctrl-C reaches the whole group: the workers go quietly, and the parent says so.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_unwanted, args=(wanted,), daemon=True).start()


def _end_unwanted(wanted: Connection) -> None:
    """End with the parent, which may be killed, or have no use for what is being done."""
    with suppress(OSError):  # how Windows says that the other end is closed
        wanted.poll(None)  # nothing is ever sent
    signal.raise_signal(signal.SIGTERM)


@cache
def _function() -> Callable[[Any], Any]:
    function: Callable[[Any], Any] = pickle.loads(_function_bytes)
    return function


def _run(batch: list[Any]) -> list[Any]:
    try:
        return list(map(_function(), batch))
    except Exception as error:
        if not _travels(error):
            raise RuntimeError("".join(format_exception(error))) from None
        raise


def _travels(error: Exception) -> bool:
    """False for an exception whose arguments are not those of its class, such as lxml's."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - any class may refuse in its own way
        return False
    return True
