"""The texts of label files, some of which are needed before they are read."""

from __future__ import annotations

from typing import Any

from dataforge.errors import ParseError
from dataforge.io import MAX_VALUES, Root, to_utf8

_SPACES = (b" ", b"\t", b"\n", b"\r")
_HELD = 64 * 2**20  # bytes


class LabelTexts:
    """Opens each label file once: what was looked at before is kept for the reader.

    What is kept is not sent to other processes.

    Args:
        root: the folder.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self._forget()

    def _forget(self) -> None:
        self._held: dict[str, tuple[bytes, str] | None] = {}
        self._room = _HELD

    def __getstate__(self) -> dict[str, Any]:
        return {"_root": self._root}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def peek(self, label: str) -> str:
        """The text of a label file that will be read later; empty if it is not text."""
        if label in self._held:
            found = self._held[label]
        else:
            found = self._read(label)
            size = len(found[0]) if found else 0
            if size <= self._room:
                self._room -= size
                self._held[label] = found
        return found[1] if found else ""

    def read(self, label: str) -> tuple[bytes, str] | None:
        """The content of a label file, as bytes and as text; None if it is not text, or has more
        values than any image has."""
        if label not in self._held:
            return self._read(label)
        held = self._held.pop(label)
        return self._read(label) if self._root.trace.on else held

    def _read(self, label: str) -> tuple[bytes, str] | None:
        try:
            data = self._root.read_bytes(label)
            if sum(map(data.count, _SPACES)) > MAX_VALUES:
                return None
            return data, to_utf8(data, label)[0].decode()
        except ParseError:
            return None
