"""The pieces that shards have written, put together."""

from __future__ import annotations

from contextlib import ExitStack
from typing import IO

from dataforge.findings import Finding
from dataforge.formats import LossCount, Written, merge_losses
from dataforge.io import discard, temporary_data, temporary_file


class Pieces:
    """The pieces of the shared files and the losses of all shards, joined in order.

    Args:
        stack: closes the temporary files with the pieces.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._streams: dict[str, IO[bytes]] = {}
        self.losses: dict[str, LossCount] = {}

    def take(self, written: Written) -> list[Finding]:
        """Append the pieces of a shard; returns its findings."""
        for name, data in written.streams.items():
            if name not in self._streams:
                self._streams[name] = temporary_file()
                self._stack.callback(discard, self._streams[name])
            with temporary_data():
                self._streams[name].write(data)
        merge_losses(self.losses, written.losses)
        return written.findings

    def streams(self) -> dict[str, IO[bytes]]:
        """Name -> all of its pieces, positioned at the start."""
        with temporary_data():
            for stream in self._streams.values():
                stream.seek(0)
        return self._streams
