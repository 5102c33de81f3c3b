"""Files of a store as streams; those that will be wanted next are fetched at the same time.

    open a.json   ─►  a.json is fetched
    open b.json   ─►  b.json, and c.json, d.json, ... of the same extension: up to `_MOST_AHEAD`
    open c.json   ─►  is here already; one more is fetched

All requests of a process share `THREADS` threads, and what is held is bounded by `_HELD` bytes.
"""

from __future__ import annotations

import io
import os
import threading
from bisect import bisect_left
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from dataforge.io.names import last_part, stem

if TYPE_CHECKING:  # else imported where a URL is read: a hundredth of a second
    from concurrent.futures import Future
    from queue import SimpleQueue

S = TypeVar("S")
T = TypeVar("T")

THREADS = 16
"""Requests at the same time."""

_HEAD = 2**18
"""Bytes at the start of a file that are fetched as one; more than the header of any photograph."""
_WHOLE = 2**23
"""Bytes up to which a file is fetched as a whole, if more than its start is read."""
_BLOCK = 2**23
_HELD = 2**26
_FIRST_AHEAD, _MOST_AHEAD = 4, 32
_SKIPPED = 8
"""Files of the same extension that may be passed over by what still counts as reading in order."""


# Threads --------------------------------------------------------------------------------------


class _Pool:
    """Threads that the end of the process does not wait for, as those of `concurrent` would."""

    def __init__(self) -> None:
        from queue import SimpleQueue

        self.process = os.getpid()
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._started = 0

    def submit(self, work: Callable[[], T]) -> Future[T]:
        from concurrent.futures import Future

        future: Future[T] = Future()
        self._waiting.put((future, work))
        if self._started < THREADS:
            self._started += 1
            threading.Thread(target=self._run, name="dataforge-io", daemon=True).start()
        return future

    def _run(self) -> None:
        while True:
            future, work = self._waiting.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - raised where the result is wanted
                future.set_exception(error)
            else:
                future.set_result(result)
            del future, work


_pools: list[_Pool] = []


def submit(work: Callable[[], T]) -> Future[T]:
    """Do something in one of the threads; it must not wait for another one."""
    if not _pools or _pools[0].process != os.getpid():
        _pools[:] = [_Pool()]
    return _pools[0].submit(work)


def in_parallel(function: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
    """The results for some items, in their order; few of them wait at a time."""
    waiting: deque[Future[T]] = deque()
    try:
        for item in items:
            waiting.append(submit(lambda item=item: function(item)))  # type: ignore[misc]
            if len(waiting) >= 2 * THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


# Reading --------------------------------------------------------------------------------------


class Ahead:
    """Reads files of a store, and ahead.

    Args:
        read: (name, start, end) -> the bytes of a file between two offsets.
        sizes: name -> number of bytes of a file.
    """

    def __init__(self, read: Callable[[str, int, int], bytes], sizes: Callable[[str], int]) -> None:
        self.read = read
        self.size_of = sizes
        self._futures: OrderedDict[tuple[str, bool], Future[bytes]] = OrderedDict()
        self._held = 0
        self._groups: dict[str, list[str]] = {}
        self._last: dict[tuple[str, bool], tuple[int, int]] = {}

    def follow(self, names: Sequence[str]) -> None:
        """Read ahead in this order."""
        groups: dict[str, list[str]] = {}
        for name in names:
            groups.setdefault(_extension(name), []).append(name)
        self._groups = groups

    def start_of(self, name: str) -> bytes:
        """The first bytes of a file."""
        return self._get(name, whole=False)

    def whole(self, name: str) -> bytes:
        """All bytes of a file, which should not have many."""
        return self._get(name, whole=self.size_of(name) > _HEAD)

    def _get(self, name: str, *, whole: bool) -> bytes:
        key = name, whole
        future = self._futures.pop(key, None) or self._fetch(key)
        self._futures[key] = future  # the last to be dropped
        self._foresee(key)
        try:
            return future.result()
        except BaseException:
            self._drop(key)
            raise

    def _fetch(self, key: tuple[str, bool]) -> Future[bytes]:
        number = self._bytes(key)
        self._held += number
        while self._held > _HELD and self._futures:
            self._drop(next(iter(self._futures)))
        return submit(lambda: self.read(key[0], 0, number))

    def _drop(self, key: tuple[str, bool]) -> None:
        future = self._futures.pop(key, None)
        if future is not None:
            future.cancel()
            self._held -= self._bytes(key)

    def _bytes(self, key: tuple[str, bool]) -> int:
        size = self.size_of(key[0])
        return size if key[1] else min(size, _HEAD)

    def _foresee(self, key: tuple[str, bool]) -> None:
        """Fetch what follows a file, if it was read in order."""
        name, whole = key
        kind = _extension(name)
        names = self._groups.get(kind, [])
        at = bisect_left(names, name)
        if at == len(names) or names[at] != name:
            return
        last, ahead = self._last.get((kind, whole), (-1, 0))
        if at != last:
            in_order = 0 < at - last <= _SKIPPED
            ahead = min(max(2 * ahead, _FIRST_AHEAD), _MOST_AHEAD) if in_order else 0
            self._last[kind, whole] = at, ahead
        for following in names[at + 1 : at + 1 + ahead]:
            size = self.size_of(following)
            wanted = following, whole and size > _HEAD
            if wanted in self._futures:
                continue
            if size > _WHOLE or self._held + self._bytes(wanted) > _HELD:
                return
            self._futures[wanted] = self._fetch(wanted)


def _extension(name: str) -> str:
    last = last_part(name)
    return last[len(stem(last)) :].lower()


class StoredFile(io.RawIOBase):
    """A file of a store, open for reading bytes.

    Args:
        ahead: reads it.
        name: of the file.

    Attributes:
        size: number of its bytes.
    """

    def __init__(self, ahead: Ahead, name: str) -> None:
        super().__init__()
        self.name = name
        self._ahead = ahead
        self.size = ahead.size_of(name)
        self._at = 0
        self._block = -1, b""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Change the position."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise ValueError(f"negative seek position {start + offset}")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes, fewer only at the end."""
        end = self.size if size is None or size < 0 else min(self._at + size, self.size)
        if end <= self._at:
            return b""
        data = self._between(self._at, end)
        self._at += len(data)
        return data

    def readall(self) -> bytes:
        """All that is left."""
        return self.read()

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer; returns the number of bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _between(self, start: int, end: int) -> bytes:
        if end <= _HEAD:
            return self._ahead.start_of(self.name)[start:end]
        if self.size <= _WHOLE:
            return self._ahead.whole(self.name)[start:end]
        if start // _BLOCK == (end - 1) // _BLOCK:
            first = start // _BLOCK * _BLOCK
            if self._block[0] != first:
                last = min(first + _BLOCK, self.size)
                self._block = first, self._ahead.read(self.name, first, last)
            return self._block[1][start - first : end - first]
        pieces = ((at, min(at + _BLOCK, end)) for at in range(start, end, _BLOCK))
        return b"".join(in_parallel(lambda piece: self._ahead.read(self.name, *piece), pieces))
