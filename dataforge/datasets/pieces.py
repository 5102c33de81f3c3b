"""The pieces that shards have written, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO, Any, cast

from dataforge.datasets.watched import Progress
from dataforge.findings import Finding
from dataforge.formats import LossCount, Writing, Written, merge_left_out, merge_losses
from dataforge.io import discard, temporary_data, temporary_file

_QUICK = 16 * 2**20
"""Bytes that are joined in a moment."""


class Pieces:
    """The pieces of the shared files, losses and what is left out of all shards, joined in order.

    Args:
        stack: closes the temporary files with the pieces.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._streams: dict[str, IO[bytes]] = {}
        self.losses: dict[str, LossCount] = {}
        self.left_out: dict[str, dict[str, int]] = {}

    def joined(
        self, writing: Writing, shards: Iterable[Written], progress: Progress | None = None
    ) -> Iterator[Finding]:
        """Join the pieces of all shards as they are written; yields findings on what is lost."""
        for written in shards:
            yield from self.take(written)
        yield from writing.finish(self.streams(progress), self.losses)
        merge_left_out(self.left_out, writing.left_out)

    def take(self, written: Written) -> list[Finding]:
        """Append the pieces of a shard; returns its findings."""
        for name, data in written.streams.items():
            if name not in self._streams:
                self._streams[name] = temporary_file()
                self._stack.callback(discard, self._streams[name])
            with temporary_data():
                self._streams[name].write(data)
        merge_losses(self.losses, written.losses)
        merge_left_out(self.left_out, written.left_out)
        return written.findings

    def streams(self, progress: Progress | None = None) -> dict[str, IO[bytes]]:
        """Name -> all of its pieces, positioned at the start.

        Args:
            progress: is told how many MB of them have been read.
        """
        with temporary_data():
            sizes = [stream.tell() for stream in self._streams.values()]
            for stream in self._streams.values():
                stream.seek(0)
        if progress is None or sum(sizes) < _QUICK:
            return self._streams
        told = _Joined(progress, sum(sizes))
        return {name: cast(IO[bytes], _Told(one, told)) for name, one in self._streams.items()}


class _Joined:
    """How many bytes are joined."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def add(self, number: int) -> None:
        self._done += number
        self._progress(self._done // 10**6, self._total // 10**6, "joining, MB")


class _Told:
    """A stream that tells what is read of it."""

    def __init__(self, stream: IO[bytes], joined: _Joined) -> None:
        self._stream, self._joined = stream, joined

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._joined.add(len(data))
        return data

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
