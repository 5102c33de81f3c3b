"""Ray engine: items are tasks on the nodes of a Ray cluster.

The function is put into Ray's object store once, and each worker process fetches it once. Items and
results travel through the store, too; at most `AHEAD` of each worker are there at a time.

An item whose worker or node dies is done again, and only that. Ray itself retries nothing,
so that what was done again can be counted and said.

Processes on other nodes read and write files by their paths here: the dataset, and an output that
workers write to, must be on storage that all nodes see.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from queue import SimpleQueue
from typing import Annotated, Any, TypeVar

import msgspec

from dataforge.engines.answers import answer, opened, pickled
from dataforge.engines.base import DoneAgain, Engine, LostItemError
from dataforge.errors import DataforgeError, MissingDependencyError
from dataforge.interrupts import SIGNALS, held
from dataforge.shell import keeping_variables

S = TypeVar("S")
T = TypeVar("T")

AHEAD = 3
"""Items per worker that are fetched before the preceding results have been consumed."""

MOST_TRIES = 4
"""How often an item is tried whose workers die: it may be the item that kills them."""

_TO_CONNECT = 10
"""Seconds until an address counts as silent."""


class RayOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the work runs."""

    address: Annotated[
        str | None,
        msgspec.Meta(
            description="Ray cluster: HOST:PORT, or auto for the one that this machine is part of. "
            "[default: RAY_ADDRESS, else one on this machine for this run]"
        ),
    ] = None


class RayEngine(Engine):
    """Runs work on a Ray cluster.

    Args:
        workers: number of items processed at once, 0 for one per core of the cluster.

    Raises:
        MissingDependencyError: Ray is not installed.
    """

    Options = RayOptions

    def __init__(self, workers: int, options: RayOptions) -> None:
        if find_spec("ray") is None:
            raise MissingDependencyError("--engine ray needs Ray: pip install 'ray>=2.49'")
        self.workers = workers
        self.address = options.address
        self._again = DoneAgain()

    def map(self, function: Callable[[S], T], items: Iterable[S], /) -> Iterator[T]:
        """See `dataforge.engines.Engine`."""
        data = pickled(function)
        _connect(self.address)
        return _results(data, iter(items), self.workers, self._again)

    def notes(self) -> list[str]:
        """See `dataforge.engines.Engine`."""
        return self._again.notes()


# Connecting -----------------------------------------------------------------------------------


def _connect(address: str | None) -> None:
    """Connect to a cluster; a program that is connected already stays so.

    Raises:
        DataforgeError: it does not answer, or has another version of Ray or Python.
    """
    import ray

    if ray.is_initialized():
        return
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    _knock(address)
    try:
        with _as_before(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on what Ray is going to change
            ray.init(
                address,
                log_to_driver=False,
                logging_level="critical",
                **({"include_dashboard": False} if address == "local" else {}),
            )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise DataforgeError(_silence(address, error)) from error


def _knock(address: str) -> None:
    """Raise DataforgeError at once if nothing listens, for which Ray would wait a minute."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit() and "/" not in host:
        try:
            socket.create_connection((host.strip("[]"), int(port)), _TO_CONNECT).close()
        except (OSError, OverflowError) as error:
            raise DataforgeError(_silence(address, error)) from error


def _silence(address: str, error: Exception) -> str:
    said = str(error).strip().split("\n")[0].split(". ")[0].rstrip(".")
    if address == "local":
        return f"no Ray cluster can be started here: {said}"
    return (
        f"--address {address}: no Ray cluster can be reached: {said}; start one with "
        "`ray start --head`, or leave out --address"
    )


_CHANGED = ("RAY_USAGE_STATS_ENABLED", "PYTHONBREAKPOINT")
"""Variables of the environment that are other ones while a connection is made."""


@contextmanager
def _as_before() -> Iterator[None]:
    """Keep what Ray changes in this process, and what it would take over to its workers."""
    from ray._private import worker  # noqa: PLC2701 - it has no other switch

    before = {number: signal.getsignal(number) for number in SIGNALS}
    folder, listen = os.getcwd(), worker.listen_error_messages
    # Its workers import modules of the working directory, which may be a dataset.
    os.chdir(os.path.dirname(os.__file__))
    # Prints to stdout, whatever `log_to_driver` is, what `RayEngine.notes` says.
    worker.listen_error_messages = lambda *_: None
    try:
        with keeping_variables(*_CHANGED):
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            yield
    finally:
        worker.listen_error_messages = listen
        os.chdir(folder)
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


# Parent process -------------------------------------------------------------------------------


class _Task:
    """An item on its way.

    Attributes:
        item: pickled.
        tries: how often it was begun.
        running: the promise of its answer, while it is with Ray.
        answer: once it is there.
    """

    def __init__(self, item: bytes) -> None:
        self.item = item
        self.tries = 0
        self.running: Any = None
        self.answer: bytes | None = None


def _results(
    function: bytes, items: Iterator[Any], workers: int, again: DoneAgain
) -> Generator[Any, None, None]:
    tasks = _Tasks(function, workers, again)
    try:
        while True:
            for item in items:
                tasks.add(pickle.dumps(item, pickle.HIGHEST_PROTOCOL))
                if tasks.are_enough:
                    break
            if not tasks.window:
                return
            yield opened(tasks.first())
    finally:
        tasks.cancel()


class _Tasks:
    """The tasks in the order of the items, from the first whose result has not been consumed.

    Args:
        function: pickled.
        workers: see `RayEngine`.
        again: counts why tasks were done again.
    """

    def __init__(self, function: bytes, workers: int, again: DoneAgain) -> None:
        import ray

        cores = int(ray.cluster_resources().get("CPU", 0)) or 1
        self.window: deque[_Task] = deque()
        self._most = AHEAD * (workers or cores)
        self._most_running = workers or self._most  # Ray queues what has no core yet
        self._running = 0
        self._again = again
        self._ended: SimpleQueue[tuple[_Task, Any]] = SimpleQueue()
        self._ray = ray
        with held():
            self._function = ray.put(function)
        self._work = ray.remote(max_retries=0, scheduling_strategy="SPREAD")(_work)
        self._folder = os.getcwd()

    @property
    def are_enough(self) -> bool:
        """Whether no more items should be fetched now."""
        return len(self.window) >= self._most

    def add(self, item: bytes) -> None:
        """Queue a pickled item."""
        self.window.append(_Task(item))
        self._start()

    def first(self) -> bytes:
        """The answer of the first task; waits for it.

        Raises:
            LostItemError: its workers died too often.
            DataforgeError: they cannot do any work.
        """
        while (found := self.window[0].answer) is None:
            # Not by `ray.get`, in which an exception of a signal handler would be lost.
            task, promise = self._ended.get()
            self._running -= 1
            task.running = None
            try:
                task.answer = promise.result()
            except self._ray.exceptions.RayError as error:
                self._lost(task, error)
            self._start()
        self.window.popleft()
        return found

    def cancel(self) -> None:
        """Stop all that is running."""
        with held():
            for task in self.window:
                if task.running is not None:
                    with suppress(Exception):  # the cluster may be gone
                        self._ray.cancel(task.running, force=True)
            self.window.clear()
            del self._function

    def _start(self) -> None:
        for task in self.window:
            if self._running >= self._most_running:
                return
            if task.running is None and task.answer is None:
                with held():
                    task.running = self._work.remote([self._function], task.item, self._folder)
                    task.tries += 1
                    self._running += 1
                    task.running.future().add_done_callback(partial(self._end, task))

    def _end(self, task: _Task, promise: Any) -> None:
        self._ended.put((task, promise))

    def _lost(self, task: _Task, error: Exception) -> None:
        """Let a task be done again if its worker or node died; else raise."""
        why = _cause(error, self._ray.exceptions)
        if why is None:
            said = str(error).strip().split("\n")[-1]
            raise DataforgeError(
                f"a Ray worker cannot work: {said}; all nodes need this version of dataforge, and "
                "of Python"
            ) from error
        if task.tries >= MOST_TRIES:
            remedy = "if memory is short, use fewer --workers"
            raise LostItemError(pickle.loads(task.item), MOST_TRIES, why, remedy) from error
        self._again[why] += 1


def _cause(error: Exception, exceptions: Any) -> str | None:
    """Why a task was lost; None if the cluster is not to blame, or will not do better."""
    causes = {
        exceptions.OutOfMemoryError: "a worker process was ended because memory was short",
        exceptions.WorkerCrashedError: "a worker process died",
        exceptions.LocalRayletDiedError: "a node was lost",
        exceptions.NodeDiedError: "a node was lost",
        exceptions.ObjectLostError: "a node was lost with results",
    }
    return next((why for kind, why in causes.items() if isinstance(error, kind)), None)


# Worker processes ------------------------------------------------------------------------------

_functions: dict[str, Callable[[Any], Any]] = {}
"""The function that this process works with, by the name of its object."""


def _work(function: list[Any], item: bytes, folder: str) -> bytes:
    # In a list, so that Ray does not fetch it for each item.
    return answer(partial(_loaded, function[0], folder), item)


def _loaded(function: Any, folder: str) -> Callable[[Any], Any]:
    name = function.hex()
    if name not in _functions:
        import ray

        _functions.clear()
        with suppress(OSError):  # needed by relative paths alone
            os.chdir(folder)
        _functions[name] = pickle.loads(ray.get(function))
    return _functions[name]
