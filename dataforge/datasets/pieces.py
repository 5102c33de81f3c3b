"""The pieces that shards have written, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO

from dataforge.datasets.spool import discard, temporary_data, temporary_file
from dataforge.findings import Finding
from dataforge.formats import LossCount, Writing, Written, merge_left_out, merge_losses


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

    def joined(self, writing: Writing, shards: Iterable[Written]) -> Iterator[Finding]:
        """Join the pieces of all shards as they are written; yields findings on what is lost."""
        for written in shards:
            yield from self.take(written)
        yield from writing.finish(self.streams(), self.losses)
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

    def streams(self) -> dict[str, IO[bytes]]:
        """Name -> all of its pieces, positioned at the start."""
        with temporary_data():
            for stream in self._streams.values():
                stream.seek(0)
        return self._streams
