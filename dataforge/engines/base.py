"""The base class of all engines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

import msgspec

from dataforge.errors import DataforgeError, plural

S = TypeVar("S")
T = TypeVar("T")


class NoOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No options."""


class LostItemError(DataforgeError):
    """An item that was given up: its workers died, each time that it was tried.

    Attributes:
        item: it.
    """

    def __init__(self, item: Any, tries: int, why: str, remedy: str) -> None:
        super().__init__(item, tries, why, remedy)
        self.item = item

    def __str__(self) -> str:
        return self.naming("the same shard")

    def naming(self, item: str) -> str:
        """The message, with the item in these words."""
        _, tries, why, remedy = self.args
        return f"{why}, {tries} times on {item}; {remedy}"


class DoneAgain(Counter[str]):
    """Why items were done again -> how often."""

    def notes(self) -> list[str]:
        """See `Engine.notes`."""
        found = [f"{plural(number, 'shard')} done again: {why}" for why, number in self.items()]
        self.clear()
        return found


class Engine(ABC):
    """Processes items, several at a time.

    Attributes:
        Options: struct of the engine's options, as for a `dataforge.formats.Reader`.
        remote: whether items may be processed on other machines.
        adapts: whether `workers` may be None: as many as pay.
        processes: how many work now; 1 if it is this one.

    Args:
        workers: number of items processed at once; 0 for one per available core.
        options: an instance of the class's `Options`.

    Raises:
        UsageError: an option is invalid.
    """

    Options: ClassVar[type[msgspec.Struct]] = NoOptions
    remote: ClassVar[bool] = True
    adapts: ClassVar[bool] = False
    processes: int = 1

    @abstractmethod
    def __init__(self, workers: Any, options: Any) -> None: ...

    @abstractmethod
    def map(self, function: Callable[[S], T], items: Iterable[S], /) -> Iterator[T]:
        """``function(item)`` for each item, in the order of the items.

        Like the built-in `map` it is lazy, and it fetches items only slightly ahead of the results
        that have been consumed, so that memory does not grow with their number. An exception in the
        function is raised in place of its result, with its traceback. Closing or dropping the
        iterator stops all work.

        Args:
            function: must be picklable; it is copied to each worker once, so it may be large (a
                bound method of a reader with its index of images); changes that it makes to its
                own state are lost.
            items: must be picklable, like the results. A message costs more than reading a file,
                so an item should be a shard: a list of a few hundred files.

        Raises:
            UsageError: the function cannot be sent to a worker.
            LostItemError: workers died of an item, again and again.
            DataforgeError: a worker cannot be started.
        """

    def notes(self) -> list[str]:
        """What users should know of the work since the last call, such as what was done again."""
        return []

    @contextmanager
    def mapped(self, function: Callable[[S], T], items: Iterable[S], /) -> Iterator[Iterator[T]]:
        """The results of `map` for a block; all work has stopped at its end, whatever happens."""
        results = self.map(function, items)
        try:
            yield results
        finally:
            if isinstance(results, Generator):
                results.close()
