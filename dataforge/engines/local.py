"""Local engine: a single worker runs in this process, several run in child processes.

If the number of workers is left open, work begins in this process, and several take over once it is
clear that this pays. What a worker had in hand when it died is done again by another.
"""

from __future__ import annotations

import os
import pickle
import sys
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count, islice
from multiprocessing.connection import wait
from time import monotonic
from typing import Any, TypeVar

from dataforge.engines.answers import opened, pickled
from dataforge.engines.base import DoneAgain, Engine, LostItemError, NoOptions
from dataforge.engines.processes import Death, Worker, join, kill
from dataforge.errors import DataforgeError
from dataforge.interrupts import held

S = TypeVar("S")
T = TypeVar("T")

AHEAD = 3
"""Items per worker that are fetched before the preceding results have been consumed."""

IN_HAND = 2
"""Items that a worker has: while the parent is busy, it goes on with the next."""

MOST_TRIES = 3
"""How often an item is tried whose workers die: it may be the item that kills them."""

PAYS = 0.5
"""Seconds of work, in one process, from which on several are worth their start."""

_PEEK = 32
"""Items that are fetched to see how much work is left."""


class LocalEngine(Engine):
    """Runs work on this machine.

    Args:
        workers: number of processes, at most one per core that this process may use; 0 for as many,
            None for one, or as many if there is enough to do.
    """

    remote = False
    adapts = True

    def __init__(self, workers: int | None, options: NoOptions | None = None) -> None:
        self.workers = min(workers or 0, _cores()) or _cores()
        self.processes = 1 if workers is None else self.workers
        self._again = DoneAgain()

    def map(self, function: Callable[[S], T], items: Iterable[S], /) -> Iterator[T]:
        """See `dataforge.engines.Engine`."""
        if self.workers == 1:
            return map(function, items)
        if self.processes == 1:
            return self._begun_here(function, iter(items))
        return self._shared_out(function, items)

    def notes(self) -> list[str]:
        """See `dataforge.engines.Engine`."""
        return self._again.notes()

    def _begun_here(self, function: Callable[[S], T], items: Iterator[S]) -> Iterator[T]:
        ahead: deque[S] = deque(islice(items, _PEEK))
        spent = 0.0
        for done in count(1):
            if not ahead:
                return
            item = ahead.popleft()
            begun = monotonic()
            result = function(item)
            spent += monotonic() - begun
            del item
            yield result
            del result
            ahead.extend(islice(items, _PEEK - len(ahead)))
            if len(ahead) > 1 and max(spent, len(ahead) * spent / done) > PAYS:
                self.processes = self.workers
                yield from self._shared_out(function, chain(_taken(ahead), items))
                return

    def _shared_out(self, function: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
        return _results(_Crew(self.workers, pickled(function), self._again), enumerate(items))


def _taken(items: deque[S]) -> Iterator[S]:
    while items:
        yield items.popleft()


def _cores() -> int:
    """Cores that this process may use; Windows waits on at most 63 handles, two per worker."""
    if sys.platform == "win32":
        return min(os.cpu_count() or 1, 31)
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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

    Args:
        size: maximum number of workers.
        function: pickled.
        again: counts why items were done again.

    Attributes:
        taken: number of items received so far.
    """

    def __init__(self, size: int, function: bytes, again: DoneAgain) -> None:
        self.size = size
        self.taken = 0
        self._function = function
        self._again = again
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._tries: Counter[int] = Counter()  # by index; -1 for their start
        self._workers: list[Worker] = []
        # If a signal comes where `stop` should have been called, they end with the crew, or at exit
        # before multiprocessing waits for them.
        self._kill = weakref.finalize(self, kill, self._workers)

    def take(self, items: Iterable[tuple[int, Any]]) -> None:
        """Queue items, each with its index: 0, 1, 2, ..."""
        for turn, item in items:
            self._waiting.append((turn, pickle.dumps(item, pickle.HIGHEST_PROTOCOL)))
            self.taken += 1
        self._hand_out()

    def collect(self, block: bool) -> dict[int, bytes]:
        """Index -> answer, for the answers received so far; waits for a message if `block` is set.

        Raises:
            LostItemError: workers died of an item.
            DataforgeError: they cannot be started.
        """
        self._start()  # in place of those that died
        senders: dict[Any, Worker] = {}
        for worker in self._workers:
            if not worker.idle:
                senders[worker.connection] = senders[worker.process.sentinel] = worker
        heard = wait(list(senders), None if block else 0)
        answers: dict[int, bytes] = {}
        for worker in dict.fromkeys(senders[one] for one in heard):
            try:
                message = worker.receive()
                if worker.ready:
                    answers[worker.tasks.popleft()[0]] = message
                else:
                    worker.send(self._function)
                    worker.ready = True
                    self._tries[-1] = 0
            except Death as death:
                self._lost(worker, death)
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
                        worker.dismiss()
                join(self._workers)
            self._kill()

    def _start(self) -> None:
        """Start workers, no more than there are items."""
        items = len(self._waiting) + sum(len(worker.tasks) for worker in self._workers)
        while len(self._workers) < min(self.size, items):
            with held():
                self._workers.append(Worker())

    def _hand_out(self) -> None:
        """Give each worker an item, and then each a second one."""
        self._start()
        for number in range(1, IN_HAND + 1):
            for worker in [*self._workers]:
                if self._waiting and worker.ready and len(worker.tasks) < number:
                    self._give(worker)

    def _give(self, worker: Worker) -> None:
        task = self._waiting.popleft()
        worker.tasks.append(task)
        try:
            worker.send(task[1])
        except Death as death:
            self._lost(worker, death)

    def _lost(self, worker: Worker, death: Death) -> None:
        """Let what a worker had be done again.

        Raises:
            LostItemError: it was not the first that died of its item.
            DataforgeError: it did not die by a signal.
        """
        self._workers.remove(worker)
        kill([worker])
        if not death.signalled:
            raise DataforgeError(str(death)) from death
        self._waiting.extendleft(reversed(worker.tasks))
        turn = worker.tasks[0][0] if worker.tasks else -1
        self._tries[turn] += 1
        if self._tries[turn] == MOST_TRIES:
            if not worker.tasks:
                raise DataforgeError(str(death)) from death
            raise LostItemError(
                pickle.loads(worker.tasks[0][1]), MOST_TRIES, *death.args
            ) from death
        if worker.tasks:
            self._again[death.args[0]] += 1
