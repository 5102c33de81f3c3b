"""An engine whose progress is told, and whose lost shards are named by their files."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from dataforge.datasets.keeping import decode_places
from dataforge.datasets.shards import decode_entries
from dataforge.engines import Engine, LostItemError
from dataforge.errors import DataforgeError, plural
from dataforge.formats import Reading
from dataforge.io import Spooled, whole

S = TypeVar("S")
T = TypeVar("T")

Progress: TypeAlias = Callable[[int, int, str], object]
"""Called from time to time with the numbers of files, or images, done and of all (0 if that is not
known), and of what is done with them: "reading", and what comes next."""


class Watched:
    """An engine, for one pass.

    Args:
        engine: where the work runs.
        progress: is told of it.
        number: of things in an item, given the index of the item; of results that are gone by.
        files: the annotation files of an item.
    """

    def __init__(
        self,
        engine: Engine,
        progress: Progress | None,
        number: Callable[[Any, int], int],
        files: Callable[[Any], Iterable[str]],
    ) -> None:
        self._engine = engine
        self._progress = progress
        self._number = number
        self._files = files

    @contextmanager
    def mapped(
        self, function: Callable[[S], T], items: Iterable[S], what: str, total: Callable[[], int]
    ) -> Iterator[Iterator[T]]:
        """As of `Engine`.

        Args:
            function, items: what is done.
            what: in words.
            total: number of things in all items, asked for when there is a first result.
        """
        numbers: deque[int] = deque()
        counted = self._counted(items, numbers) if self._progress else items
        with self._engine.mapped(function, counted) as results:
            yield self._told(results, numbers, what, total)

    def _counted(self, items: Iterable[S], numbers: deque[int]) -> Iterator[S]:
        for index, item in enumerate(items):
            numbers.append(self._number(item, index))
            yield item

    def _told(
        self, results: Iterator[T], numbers: deque[int], what: str, total: Callable[[], int]
    ) -> Iterator[T]:
        done = 0
        try:
            for result in results:
                yield result
                if self._progress:
                    done += numbers.popleft()
                    here = self._engine.processes == 1
                    how = "" if here else f" with {self._engine.processes} processes"
                    self._progress(done, total(), what + how)
        except LostItemError as error:
            raise DataforgeError(error.naming(_words([*self._files(error.item)]))) from error


def _words(files: Sequence[str]) -> str:
    """What a message says of the files of a shard."""
    files = list(dict.fromkeys(files))
    if len(files) < 2:
        return "".join(files) or "the same shard"
    return f"{files[0]} to {files[-1]} ({plural(len(files), 'file')})"


def reading_with(
    engine: Engine,
    reading: Reading,
    progress: Progress | None,
    unpacked: Callable[[bytes], Iterable[bytes]],
) -> Watched:
    """An engine that reads items, and then settles the same.

    Args:
        engine, progress: see `Watched`.
        reading: of the items.
        unpacked: the entries in what is settled.
    """
    numbers: list[int] = []

    def number(item: Any, index: int) -> int:
        if not isinstance(item, (bytes, Spooled)):
            numbers.append(sum(map(reading.number_of, item)))
        return numbers[index]

    def files(item: Any) -> Iterator[str]:
        if not isinstance(item, (bytes, Spooled)):
            yield from map(reading.file_of, item)
            return
        for entries in unpacked(whole(item)):
            for entry in decode_entries(entries):
                if entry.image is not None:
                    yield entry.image.place.file

    return Watched(engine, progress, number, files)


def writing_with(engine: Engine, progress: Progress | None, *, numbered: bool) -> Watched:
    """An engine that gets the tasks of `dataforge.datasets.WriteShard`.

    Args:
        engine, progress: see `Watched`.
        numbered: they are numbered, as `dataforge.datasets.CachedWrite` takes them.
    """

    def number(item: Any, _: int) -> int:
        _, numbers = item[1] if numbered else item
        return sum(one is not None for one in numbers)

    def files(item: Any) -> Iterator[str]:
        images, _ = item[1] if numbered else item
        return (image.place.file for image in decode_places(whole(images)))

    return Watched(engine, progress, number, files)
