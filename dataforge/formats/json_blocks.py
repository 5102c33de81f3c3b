"""A large JSON object in parts: its lists of objects some megabytes at a time.

No parser of our own: a block is cut where an object of the list ends and the next one begins, and
msgspec says whether the cut is right, because only at a right one is what was cut off a list. What
is not that simple has to be read as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, NamedTuple, TypeVar

import msgspec

from dataforge.io import MAX_COCO_BYTES, MAX_VALUES, Root, is_deep

T = TypeVar("T")

BLOCK = 8 * 2**20
"""Bytes of a list that are looked at together; smaller files are read as a whole."""

LEAST_OBJECT = 24
"""Bytes of an entry with an id and a few characters."""

_MOST_WRONG = 64
"""Cuts at a wrong place, each of which costs the time of a block."""
_MOST_TRIED = 2_000
_VALUE = 2**16
_LARGEST_VALUE = 2**22
"""Bytes of a value that is no list of objects: it is parsed to find its end."""

_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"[ \t\r\n]*")
_KEY = re.compile(rb'[ \t\r\n]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\r\n]*:[ \t\r\n]*')
_LIST = re.compile(rb"\[[ \t\r\n]*(?=\{)")
_FIRST_KEY = re.compile(rb'\{[ \t\r\n]*("[^"\\]{0,100}")')
_NEXT = re.compile(rb"[ \t\r\n]*([,}])")
_COMMA = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*(?=\{)")
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")

_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_raw = msgspec.json.Decoder(msgspec.Raw).decode
_scan = json.JSONDecoder().raw_decode


class OddJsonError(Exception):
    """JSON that has to be read as a whole: it may be malformed, or merely unusual."""


class Part(NamedTuple):
    """The value of a key, or some objects of the list that is its value.

    Attributes:
        key: of the top level.
        data: the value, or a list of these objects.
        entries: these objects; None for any other value.
    """

    key: str
    data: bytes
    entries: list[msgspec.Raw] | None


def is_too_many(objects: int, size: int) -> bool:
    """Whether so many objects in so many bytes are too small to be entries, and would not fit into
    memory."""
    return objects > MAX_VALUES // 5 and size < LEAST_OBJECT * objects


class JsonBlocks:
    """The parts of a JSON object, in order; those of one list follow each other.

    Args:
        stream: of the file, at its start.
        size: of the file, in bytes.

    Attributes:
        encoding: of the file; ``utf-8-sig`` with a byte order mark.
    """

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._size = size
        self._left = size + 1  # a byte more: it may have grown
        self._objects = self._wrong = self._at = 0
        self._data = b""
        self._ended = False
        self._more()
        self.encoding = "utf-8"
        if self._data.startswith(_BOM):
            self._at, self.encoding = len(_BOM), "utf-8-sig"

    def __iter__(self) -> Iterator[Part]:
        """Read it.

        Raises:
            OddJsonError: see there; what was read before is worthless then.
            OSError: it cannot be read.
        """
        self._skip(_SPACE)
        if self._data[self._at : self._at + 1] != b"{":
            raise OddJsonError
        self._at += 1
        known = set()
        while True:
            key = self._key()
            if key in known:
                raise OddJsonError
            known.add(key)
            if found := _LIST.match(self._data, self._at):
                self._at = found.end()
                yield from self._objects_of(key)
            else:
                yield Part(key, self._value(), None)
            end = self._matched(_NEXT)[1]
            if end == b"}":
                break
        while not self._ended:
            self._skip(_SPACE)
            self._more()
        self._skip(_SPACE)
        if self._at < len(self._data) or self._left != 1:
            raise OddJsonError

    def _more(self) -> None:
        """Read on; what was taken is dropped."""
        block = self._stream.read(min(BLOCK, self._left))
        self._ended = not block
        self._left -= len(block)
        self._objects += block.count(b"{")
        if is_too_many(self._objects, self._size):
            raise OddJsonError
        self._data = self._data[self._at :] + block
        self._at = 0

    def _matched(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        """What follows, which is taken."""
        found = pattern.match(self._data, self._at)
        while not found or (found.end() == len(self._data) and not self._ended):
            if self._ended or len(self._data) - self._at > _VALUE:
                raise OddJsonError
            self._more()
            found = pattern.match(self._data, self._at)
        self._at = found.end()
        return found

    def _skip(self, pattern: re.Pattern[bytes]) -> None:
        found = pattern.match(self._data, self._at)
        self._at = found.end() if found else self._at

    def _key(self) -> str:
        raw = self._matched(_KEY)[1]
        if len(self._data) - self._at < _VALUE and not self._ended:
            self._more()  # so that a value, or the start of a list, is there
        try:
            return msgspec.json.decode(raw, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise OddJsonError from error

    def _value(self) -> bytes:
        """A value that is no list of objects."""
        width = _VALUE
        while True:
            while len(self._data) - self._at < width and not self._ended:
                self._more()
            window = self._data[self._at : self._at + width]
            text = _text(window)
            try:
                end = _scan(text)[1]
            except RecursionError as error:
                raise OddJsonError from error
            except ValueError:
                end = len(text)
            if end < len(text):
                data = text[:end].encode()
                self._at += len(data)
                _checked(_decode_raw, data)
                return data
            if len(window) < width or width >= _LARGEST_VALUE:  # all of it, or too much
                raise OddJsonError
            width *= 4

    def _objects_of(self, key: str) -> Iterator[Part]:
        """The list that begins here, in blocks."""
        first = _FIRST_KEY.match(self._data, self._at)
        after = re.compile(
            _COMMA.pattern + rb"\{[ \t\r\n]*" + re.escape(first[1] if first else b"")
        )
        while True:
            while len(self._data) - self._at < BLOCK and not self._ended:
                self._more()
            found = self._rest_of_list() if self._ended else self._cut(after)
            if found is None:
                self._more()
                continue
            data, entries, is_last = found
            if is_deep(b"[" + data + b"]"):
                raise OddJsonError
            yield Part(key, data, entries)
            if is_last:
                return
            self._skip(_COMMA)

    def _cut(self, after: re.Pattern[bytes]) -> tuple[bytes, list[msgspec.Raw], bool] | None:
        """(objects up to the last one that is complete, the same, whether the list ends there).

        None if no end of an object was found.
        """
        end = len(self._data)
        for _ in range(_MOST_TRIED):
            end = self._data.rfind(b"}", self._at, end)
            if end < 0:
                break
            if not after.match(self._data, end + 1):
                continue
            data = b"[" + self._data[self._at : end + 1] + b"]"
            try:
                entries = _decode_list(data)
            except msgspec.DecodeError as error:
                if _TRAILING.search(str(error)):
                    return self._ending(data, error)
                self._wrong += 1
                if self._wrong > _MOST_WRONG:
                    raise OddJsonError from error
                continue
            self._at = end + 1
            return _in_utf8(data), entries, False
        return None

    def _rest_of_list(self) -> tuple[bytes, list[msgspec.Raw], bool]:
        data = b"[" + self._data[self._at :]
        try:
            _decode_list(data)
        except msgspec.DecodeError as error:
            return self._ending(data, error)
        raise OddJsonError  # the object does not end

    def _ending(self, data: bytes, error: Exception) -> tuple[bytes, list[msgspec.Raw], bool]:
        """The objects up to the end of the list, of which msgspec says where it is."""
        found = _TRAILING.search(str(error))
        end = data.rfind(b"]", 0, int(found[1])) + 1 if found else 0
        own = data[:end]
        entries = _checked(_decode_list, own)
        self._at += end - 1
        return _in_utf8(own), entries, True


@contextmanager
def _opened(root: Root, name: str, size: int) -> Iterator[JsonBlocks]:
    with root.open(name) as stream:
        yield JsonBlocks(stream, size)


def json_blocks(root: Root, name: str) -> AbstractContextManager[JsonBlocks] | None:
    """The parts of a large file of a local folder, once it is opened; None for any other file."""
    if root.remote:
        return None
    try:
        size = root.size(name)
    except OSError:
        return None
    return _opened(root, name, size) if BLOCK < size <= MAX_COCO_BYTES else None


def _checked(decode: Callable[[bytes], T], data: bytes) -> T:
    try:
        found = decode(data)
    except msgspec.DecodeError as error:
        raise OddJsonError from error
    if is_deep(b"[" + data + b"]"):
        raise OddJsonError
    return found


def _in_utf8(data: bytes) -> bytes:
    """The same.

    Raises:
        OddJsonError: it is in another encoding.
    """
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            raise OddJsonError from error
    return data


def _text(window: bytes) -> str:
    """A part of a file as text; a character that is cut off is left out."""
    try:
        return window.decode()
    except UnicodeDecodeError as error:
        if error.start < len(window) - 3:
            raise OddJsonError from error
        return window[: error.start].decode()
