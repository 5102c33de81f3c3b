"""What every engine module offers, under the same name.

    Engine(workers).map(function, items)   -> iterator of function(item), in the order of the items

As the built-in `map` it is lazy, and asks for items only a little ahead of what has been taken
from it, so that memory does not grow with their number. The function, the items and the results
must be picklable; the function is copied to each worker once, so that it may carry much (a bound
method of a reader with its index of images), and what it changes in itself is lost. An exception
inside it comes out where its result would have, with its traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class Engine(Protocol):
    """A place where work runs; its `map` is what the readers of `dataforge.formats` take."""

    def map(self, function: Callable[[S], T], items: Iterable[S], /) -> Iterator[T]:
        """The results in order.

        Raises:
            UsageError: the function cannot be sent to a worker.
            DataforgeError: a worker died.
        """
        ...
