"""Worker processes, and what the parent sees of them.

    worker                    parent
    ready           ─►
                    ◄─        the function, once
                    ◄─        an item, and the next
    its answer      ─►
                    ◄─        the one after that, and so on

A thread of the worker takes in whatever the parent sends, so the two sides cannot deadlock. A
closed connection shows each side that the other has ended: the parent never waits for a worker that
was killed, and a worker never outlives its parent.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from queue import SimpleQueue
from time import monotonic
from typing import Any
from weakref import WeakSet

from dataforge.engines.answers import answer
from dataforge.errors import DataforgeError
from dataforge.interrupts import SIGNALS, held
from dataforge.shell import keeping_variables

_READY = b"ready"
_NO_MORE = b""  # a pickle is never empty

_TO_END, _TO_BE_KILLED = 1, 10
"""Seconds to wait for a worker to end when it is asked to, and again after it is killed."""

_GUARD = "a script that uses workers must run its code under `if __name__ == '__main__':`"

_here: WeakSet[Connection] = WeakSet()
"""This process's ends of all connections, which a worker that is forked from it must not keep."""


class Death(Exception):  # noqa: N818 - it is an event
    """A worker process has ended.

    Attributes:
        args: what has happened, and what to do about it.
        signalled: whether by a signal, as when memory is short: another one may do better.
    """

    def __init__(self, how: str, remedy: str, *, signalled: bool) -> None:
        super().__init__(f"a worker process died ({how})", remedy)
        self.signalled = signalled

    def __str__(self) -> str:
        return "; ".join(self.args)


class Worker:
    """The parent's view of a worker process.

    Attributes:
        connection: connection to the process.
        ready: whether the process has the function.
        tasks: (index, pickled item) of those that it has, the first being processed.
    """

    def __init__(self) -> None:
        context = _context()
        self.connection, theirs = context.Pipe()
        _here.add(self.connection)
        self.ready = False
        self.tasks: deque[tuple[int, bytes]] = deque()
        # "daemon": Python also ends them if it exits without closing our iterator.
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        try:
            with _blocked_in_children(SIGNALS, context.get_start_method()):
                self.process.start()
        except (OSError, EOFError) as error:
            # The socket of the process that starts workers is in the folder for temporary files.
            remedy = "use --workers 1"
            if isinstance(error, (EOFError, BrokenPipeError)):
                remedy = _GUARD
            elif "AF_UNIX" in str(error):
                remedy = f"set TMPDIR to a folder with a shorter path, or {remedy}"
            raise DataforgeError(
                f"a worker process cannot be started: {error}; {remedy}"
            ) from error
        finally:
            theirs.close()

    @property
    def idle(self) -> bool:
        """Whether it is waiting for an item."""
        return self.ready and not self.tasks

    def send(self, message: bytes) -> None:
        """Send a message; raises Death if the process has ended."""
        try:
            self.connection.send_bytes(message)
        except OSError as error:
            raise self._death() from error

    def receive(self) -> bytes:
        """Receive a message; raises Death if the process ends, even within a message."""
        try:
            if self.connection.poll():
                message: bytes = self.connection.recv_bytes()
                return message
        except (OSError, EOFError) as error:
            raise self._death() from error
        raise self._death()

    def dismiss(self) -> None:
        """Let it end when it is idle."""
        with suppress(OSError):  # already ended
            self.connection.send_bytes(_NO_MORE)

    def _death(self) -> Death:
        self.process.join(_TO_END)
        code = self.process.exitcode
        if code is not None and code >= 0:
            remedy = "its output is above" if self.ready else _GUARD
            return Death(f"exit code {code}", remedy, signalled=False)
        how = signal.strsignal(-code) or f"signal {-code}" if code else "its connection is closed"
        remedy = "it probably ran out of memory: use fewer --workers"
        return Death(how, remedy, signalled=True)


def join(workers: Sequence[Worker], seconds: float = _TO_END) -> None:
    """Wait for processes to end, this long for all together."""
    end = monotonic() + seconds
    for worker in workers:
        worker.process.join(max(0, end - monotonic()))


def kill(workers: Sequence[Worker]) -> None:
    """End all that have not ended; SIGTERM, which multiprocessing would send, they ignore."""
    with held():
        for worker in workers:
            worker.connection.close()
            if worker.process.is_alive():
                worker.process.kill()
        join(workers, _TO_BE_KILLED)


# Starting -------------------------------------------------------------------------------------


def _context() -> Any:
    """How a process is started.

    A fork takes milliseconds, the interpreter and the modules of a new process half a second of
    processor time. But what other threads do here, and hold, would be cut off in a fork. (Threads
    of libraries alone, such as those of numpy, prepare for it.)
    """
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    if sys.platform == "linux" and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("forkserver")  # starts three times as fast as "spawn"


@contextmanager
def _blocked_in_children(numbers: Iterable[int], method: str) -> Iterator[None]:
    """Start processes that signals do not reach until they unblock them.

    Those of a terminal, or of a service manager, reach them also while they are importing, before
    they can ignore them. The process that starts the workers never unblocks them; it ends when the
    parent has ended.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        if method == "fork":
            with warnings.catch_warnings():  # that libraries have threads
                warnings.simplefilter("ignore", DeprecationWarning)
                yield
            return
        with _nothing_of_the_working_directory():
            resource_tracker.ensure_running()  # it unblocks signals afterwards
            signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
            forkserver.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_changing_the_environment = threading.Lock()


@contextmanager
def _nothing_of_the_working_directory() -> Iterator[None]:
    """Start Pythons that import nothing of the working directory, which may be a dataset.

    multiprocessing starts its helpers with ``python -c``, which looks there first. One thread at a
    time: the other would take what this one has set for what was there before.
    """
    with _changing_the_environment, _safe_path():
        yield


@contextmanager
def _safe_path() -> Iterator[None]:
    if sys.version_info >= (3, 11):
        with keeping_variables("PYTHONSAFEPATH"):
            os.environ["PYTHONSAFEPATH"] = "1"
            yield
    else:
        here = os.getcwd()
        os.chdir(os.path.dirname(os.__file__))
        try:
            yield
        finally:
            os.chdir(here)


# In the worker --------------------------------------------------------------------------------


def _work(connection: Connection) -> None:
    # They reach all processes of a terminal, or of a container: only the parent reports them, and
    # stops the workers.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    for theirs in _here:  # of the process that this one was forked from
        theirs.close()
    gc.freeze()  # what is from there is not looked at, which would copy it
    inbox: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()
    with suppress(OSError):  # the parent has ended
        connection.send_bytes(_READY)
        load = cache(partial(pickle.loads, inbox.get()))
        while item := inbox.get():
            connection.send_bytes(answer(load, item))


def _listen(connection: Connection, inbox: SimpleQueue[bytes]) -> None:
    """Forward messages; exit when the parent ends, or no longer needs the current result."""
    try:
        while True:
            inbox.put(connection.recv_bytes())
    except (OSError, EOFError):
        os._exit(1)
