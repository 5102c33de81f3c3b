"""A folder whose files are opened only once, even if they are needed several times."""

from __future__ import annotations

from typing import Any

from dataforge.io import Glance, ImageHeader, Root

_HELD = 256 * 2**20  # bytes of texts that are kept for the reader


class KeepingRoot(Root):
    """A folder that keeps what will be needed again.

    Code that examines a file to find out its format leaves its text for the reader (`look`), which
    takes it (`read_bytes`); the last image header is kept for the checks. None of this is sent to
    other processes, and what is traced is read again.
    """

    def __init__(self, location: str, *, follow_links: bool = False) -> None:
        super().__init__(location, follow_links=follow_links)
        self._forget()

    def _forget(self) -> None:
        self._texts: dict[str, bytes] = {}
        self._room = _HELD
        self._header: tuple[str, int, ImageHeader] | None = None
        self._glance: tuple[str, int, Glance] | None = None

    def __getstate__(self) -> dict[str, Any]:
        dropped = ("_texts", "_room", "_header", "_glance")
        return {name: value for name, value in self.__dict__.items() if name not in dropped}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._forget()

    def look(self, name: str, limit: int | None = None) -> bytes:
        """The file's content, which is kept for the reader while there is room."""
        if name in self._texts:
            return self._texts[name]
        data = super().read_bytes(name, limit)
        if len(data) <= self._room:
            self._room -= len(data)
            self._texts[name] = data
        return data

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a file; if that is all of it, it is kept for the reader."""
        if name in self._texts:
            return self._texts[name][:size]
        data = super().head(name, size + 1)
        if len(data) <= min(size, self._room):
            self._room -= len(data)
            self._texts[name] = data
        return data[:size]

    def read_bytes(self, name: str, limit: int | None = None) -> bytes:
        data = self._texts.pop(name, None)
        if data is not None:
            self._room += len(data)
        if data is None or self.trace.on:
            return super().read_bytes(name, limit)
        return data

    def glance(self, name: str) -> Glance:
        turn = self.trace.turn
        if self._glance is None or self._glance[:2] != (name, turn):
            self._glance = name, turn, super().glance(name)
        return self._glance[2]

    def image_header(self, name: str) -> ImageHeader:
        turn = self.trace.turn
        if self._header is None or self._header[:2] != (name, turn):
            self._header = name, turn, super().image_header(name)
        return self._header[2]
