"""Local engine: a single worker runs in this process, several run in child processes.

Each worker has a connection to the parent:

    worker                    parent
    ready           ─►
                    ◄─        the function, once
                    ◄─        an item
    its answer      ─►
                    ◄─        the next item, and so on

The parent sends only to a worker that is waiting, so the two sides cannot deadlock. A closed
connection shows each side that the other has ended: the parent never waits for a worker that was
killed, and a worker never outlives its parent.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import count, islice
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from time import monotonic
from typing import Any, TypeVar

from dataforge.engines.answers import answer, opened, pickled
from dataforge.engines.base import Engine, NoOptions
from dataforge.errors import DataforgeError
from dataforge.interrupts import SIGNALS, held

S = TypeVar("S")
T = TypeVar("T")

AHEAD = 3
"""Items per worker that are fetched before the preceding results have been consumed."""

# A process with threads must not be forked, and ours may have some (numpy, a progress bar);
# "forkserver" starts workers three times as fast as "spawn".
if sys.platform == "win32":
    _CONTEXT = multiprocessing.get_context("spawn")
else:
    _CONTEXT = multiprocessing.get_context("forkserver")

_READY = b"ready"
_NO_MORE = b""  # a pickle is never empty

_TO_END, _TO_BE_KILLED = 1, 10
"""Seconds to wait for a worker to end when it is asked to, and again after it is killed."""


class LocalEngine(Engine):
    """Runs work on this machine.

    Args:
        workers: number of processes, at most one per core that this process may use; 0 for as many.
    """

    remote = False

    def __init__(self, workers: int, options: NoOptions | None = None) -> None:
        self.workers = min(workers, _cores()) or _cores()

    def map(self, function: Callable[[S], T], items: Iterable[S], /) -> Iterator[T]:
        """See `dataforge.engines.Engine`."""
        if self.workers == 1:
            return map(function, items)
        return _results(_Crew(self.workers, pickled(function)), enumerate(items))


def _cores() -> int:
    """Cores that this process may use; Windows waits on at most 63 handles, two per worker."""
    if sys.platform == "win32":
        return min(os.cpu_count() or 1, 31)
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# Parent process -------------------------------------------------------------------------------


def _results(crew: _Crew, items: Iterator[tuple[int, Any]]) -> Iterator[Any]:
    answers: dict[int, bytes] = {}
    done = False
    try:
        for turn in count():
            crew.take(islice(items, turn + AHEAD * crew.size - crew.taken))
            if turn == crew.taken:
                done = True
                return
            answers.update(crew.collect(block=False))  # so that no worker is idle
            while turn not in answers:
                answers.update(crew.collect(block=True))
            yield opened(answers.pop(turn))
    finally:
        crew.stop(done)


class _Crew:
    """Workers and the queue of items; workers are started on demand.

    Attributes:
        size: maximum number of workers.
        taken: number of items received so far.
    """

    def __init__(self, size: int, function: bytes) -> None:
        self.size = size
        self.taken = 0
        self._function = function
        self._waiting: deque[tuple[int, Any]] = deque()
        self._workers: list[_Worker] = []
        # If a signal comes where `stop` should have been called, they end with the crew, or at exit
        # before multiprocessing waits for them.
        self._kill = weakref.finalize(self, _kill, self._workers)

    def take(self, items: Iterable[tuple[int, Any]]) -> None:
        """Queue items, each with its index: 0, 1, 2, ..."""
        for numbered in items:
            self._waiting.append(numbered)
            self.taken += 1
        in_hand = sum(worker.turn is not None for worker in self._workers)
        while len(self._workers) < min(self.size, in_hand + len(self._waiting)):
            with held():
                self._workers.append(_Worker())
        self._hand_out()

    def collect(self, block: bool) -> dict[int, bytes]:
        """Index -> answer, for the answers received so far; waits for a message if `block` is set.

        Raises:
            DataforgeError: a worker died.
        """
        senders: dict[Any, _Worker] = {}
        for worker in self._workers:
            if not worker.idle:
                senders[worker.connection] = senders[worker.process.sentinel] = worker
        heard = wait(list(senders), None if block else 0)
        answers: dict[int, bytes] = {}
        for worker in dict.fromkeys(senders[one] for one in heard):
            message = worker.receive()
            if worker.turn is None:  # it reported that it is ready
                worker.ready = True
                worker.send(self._function)
            else:
                answers[worker.turn] = message
                worker.turn = None
        self._hand_out()
        return answers

    def stop(self, done: bool) -> None:
        """Stop all workers within a bounded time.

        Args:
            done: let idle workers exit normally; all others are killed at once.
        """
        with held():
            if done:
                for worker in self._workers:
                    if worker.idle:
                        with suppress(OSError):  # already ended
                            worker.connection.send_bytes(_NO_MORE)
                _join(self._workers, _TO_END)
            self._kill()

    def _hand_out(self) -> None:
        for worker in self._workers:
            if worker.idle and self._waiting:
                turn, item = self._waiting.popleft()
                worker.send(pickle.dumps(item, pickle.HIGHEST_PROTOCOL))
                worker.turn = turn


def _kill(workers: Sequence[_Worker]) -> None:
    """End all that have not ended; SIGTERM, which multiprocessing would send, they ignore."""
    with held():
        for worker in workers:
            worker.connection.close()
            if worker.process.is_alive():
                worker.process.kill()
        _join(workers, _TO_BE_KILLED)


def _join(workers: Iterable[_Worker], seconds: float) -> None:
    end = monotonic() + seconds
    for worker in workers:
        worker.process.join(max(0, end - monotonic()))


class _Worker:
    """The parent's view of a worker process.

    Attributes:
        connection: connection to the process.
        ready: whether the process has the function.
        turn: index of the item that is being processed.
    """

    def __init__(self) -> None:
        self.connection, theirs = _CONTEXT.Pipe()
        self.ready = False
        self.turn: int | None = None
        # "daemon": Python also ends them if it exits without closing our iterator.
        self.process = _CONTEXT.Process(target=_work, args=(theirs,), daemon=True)
        try:
            with _blocked_in_children(SIGNALS):
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
        return self.ready and self.turn is None

    def send(self, message: bytes) -> None:
        """Send a message; raises DataforgeError if the process has ended."""
        try:
            self.connection.send_bytes(message)
        except OSError as error:
            raise self._death() from error

    def receive(self) -> bytes:
        """Receive a message; raises DataforgeError if the process ends, even within a message."""
        try:
            if self.connection.poll():
                return self.connection.recv_bytes()
        except (OSError, EOFError) as error:
            raise self._death() from error
        raise self._death()

    def _death(self) -> DataforgeError:
        self.process.join(_TO_END)
        code = self.process.exitcode
        if code is not None and code < 0:
            how = signal.strsignal(-code) or f"signal {-code}"
            remedy = "it probably ran out of memory: use fewer --workers"
        else:
            how = f"exit code {code}"
            remedy = "its output is above" if self.ready else _GUARD
        return DataforgeError(f"a worker process died ({how}); {remedy}")


_GUARD = "a script that uses workers must run its code under `if __name__ == '__main__':`"


@contextmanager
def _blocked_in_children(numbers: Iterable[int]) -> Iterator[None]:
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
        name, before = "PYTHONSAFEPATH", os.environ.get("PYTHONSAFEPATH")
        os.environ[name] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ[name]
            else:
                os.environ[name] = before
    else:
        here = os.getcwd()
        os.chdir(os.path.dirname(os.__file__))
        try:
            yield
        finally:
            os.chdir(here)


# Worker processes ------------------------------------------------------------------------------


def _work(connection: Connection) -> None:
    # They reach all processes of a terminal, or of a container: only the parent reports them, and
    # stops the workers.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
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
