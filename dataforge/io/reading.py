"""Reading bytes and text: regular files only, of bounded size, in any supported encoding."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from itertools import islice
from pathlib import Path
from typing import IO

from dataforge.errors import ParseError
from dataforge.io import limits

_BLOCK = 2**20


def read_file(path: Path, limit: int | None = None) -> bytes:
    """The content of a file outside a dataset, given by the user or a registration.

    Args:
        path: path of the file.
        limit: maximum size in bytes; None for `limits.MAX_TEXT_BYTES`.

    Raises:
        ParseError: the file cannot be read, or is larger than `limit`.
    """
    try:
        with open_file(path) as stream:
            return read_bounded(stream, str(path), limit)
    except OSError as error:
        raise ParseError(str(path), "", f"cannot be read: {error.strerror or error}") from error


def open_file(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a local file for reading bytes.

    Raises:
        OSError: the file cannot be opened, or is a folder, a pipe, a socket or a device.
    """
    # As `open(path, "rb")` does, which would ask the file whether it is a terminal.
    return io.BufferedReader(open(path, "rb", buffering=0, opener=_open_regular))


def where(stream: IO[bytes]) -> str:
    """The real path of an open file."""
    try:
        return os.readlink(f"/proc/self/fd/{stream.fileno()}")
    except OSError:  # not Linux
        return os.path.realpath(stream.name)


def _open_regular(path: str, flags: int) -> int:
    # Opening a device may have effects; opening a pipe would block until another process writes.
    _refuse_special(os.stat(path), path)
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    try:
        _refuse_special(os.fstat(handle), path)  # it may have been replaced in the meantime
    except OSError:
        os.close(handle)
        raise
    return handle


def _refuse_special(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(mode := status.st_mode):
        kind = "is a folder" if stat.S_ISDIR(mode) else "is a pipe, a socket or a device"
        raise OSError(errno.EINVAL, f"{kind}, not a file", path)


def read_bounded(stream: IO[bytes], name: str, limit: int | None = None) -> bytes:
    """All bytes of a stream.

    Args:
        stream: open for reading bytes.
        name: file name, for the error message.
        limit: maximum size in bytes; None for `limits.MAX_TEXT_BYTES`.

    Raises:
        ParseError: the stream is longer than `limit`.
    """
    limit = limit or limits.MAX_TEXT_BYTES
    # The size of a local file is known; `read(limit)` would allocate `limit` bytes.
    known: int = getattr(stream, "size", limit)  # of a store's file
    size = os.fstat(stream.fileno()).st_size if isinstance(stream, io.BufferedReader) else known
    data = stream.read(size + 1) if size <= limit else b""
    if data is None or (data and not size):
        raise ParseError(name, "", "cannot be read: it states no size, as files of /proc do")
    if size < len(data) <= limit:  # the file has grown in the meantime
        data += stream.read(limit + 1 - len(data)) or b""
    if size > limit or len(data) > limit:
        raise ParseError(name, "", f"larger than {limit >> 20} MiB, not read")
    return data


def copy_rest(source: IO[bytes], target: IO[bytes], name: str) -> None:
    """Copy what is left of a stream to another one.

    Args:
        source, target: open for bytes.
        name: of the source, for the error message.

    Raises:
        ParseError: the source cannot be read.
        OSError: the target cannot be written.
    """
    while True:
        try:
            block = source.read(_BLOCK)
        except OSError as error:
            raise ParseError(name, "", f"cannot be read: {error.strerror or error}") from error
        if not block:
            return
        target.write(block)


def to_utf8(data: bytes, name: str) -> tuple[bytes, str]:
    """The text as UTF-8 without a byte order mark, and its original encoding.

    Raises:
        ParseError: it is not UTF-8, UTF-16, GB18030 (labelme on old Windows), or text in
            Windows-1252, see `is_western`.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        encoding = "utf-8-sig"
    else:
        encoding = "utf-8"
    unmarked = unmarked_utf16(data)
    if not unmarked and data.isascii():
        return data, encoding
    if data[:2] in _UTF16_MARKS:
        candidates = ["utf-16"]
    else:
        candidates = [*filter(None, [unmarked]), encoding, *windows_encodings(data)]
    for candidate in candidates:
        try:
            text = data.decode(candidate)
        except UnicodeDecodeError:
            continue
        return (data if candidate.startswith("utf-8") else text.encode()), candidate
    raise ParseError(name, "", "is neither UTF-8 nor GB18030 text; save it as UTF-8")


_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LOOKED_AT = 2**16
_IN_NO_TEXT = re.compile("[\0-\x08\x0b\x0e-\x1f\ufffe\uffff]")


def unmarked_utf16(data: bytes) -> str | None:
    """The encoding of text in UTF-16 without a byte order mark, which NULs show; else None.

    Text in other encodings has no NUL. In UTF-16, one is the upper half of each ASCII character: of
    most characters if all bytes are ASCII, of one in 32 (separators, line ends) in any other text.

    >>> unmarked_utf16("a.jpg".encode("utf-16-le")), unmarked_utf16("a\\n".encode("utf-16-be"))
    ('utf-16-le', 'utf-16-be')
    >>> unmarked_utf16(b"a.jpg"), unmarked_utf16("a.jpg".encode("utf-16"))
    (None, None)
    >>> unmarked_utf16(b"\\xff\\xff\\x00\\xfe") is None  # no text
    True
    """
    head = data[:_LOOKED_AT]
    if b"\0" not in head or head[:2] in _UTF16_MARKS:
        return None
    first, second = head[::2].count(0), head[1::2].count(0)
    least = len(head) / 2 / (2 if head.isascii() else 32)
    if first == second or max(first, second) < least:
        return None
    found = "utf-16-le" if second > first else "utf-16-be"
    return None if _IN_NO_TEXT.search(head.decode(found, "ignore")) else found


def windows_encodings(data: bytes) -> list[str]:
    """The encodings of Windows that bytes which are no UTF-8 may be in, the likely one first."""
    return ["cp1252"] if is_western(data) else ["gb18030"]


_HIGH = re.compile(rb"[\x80-\xff]+")
_SAMPLED = 10_000
_LETTERS = frozenset({*range(0xC0, 0x100), 0x8A, 0x8C, 0x8E, 0x9A, 0x9C, 0x9E, 0x9F}) - {0xD7, 0xF7}


def is_western(data: bytes) -> bool:
    """Whether bytes are rather Windows-1252 (Western Europe) than GB18030 (China).

    A Western text has a letter with an accent here and there, inside of words of ASCII. A Chinese
    one has pairs of bytes, most of them common characters (16-55 in rows of GB 2312), which are
    seldom beside a Latin letter.

    >>> is_western("Größe;Süßkartoffel".encode("cp1252")), is_western("猫cat;狗".encode("gb18030"))
    (True, False)
    """
    western = chinese = 0
    for found in islice(_HIGH.finditer(data), _SAMPLED):
        run, start, end = found[0], *found.span()
        around = data[max(start - 1, 0) : start] + data[end : end + 1]
        pairs = len(run) % 2 == 0
        if pairs and (any(0xB0 <= lead <= 0xD7 for lead in run[::2]) or len(run) > 2):
            chinese += len(run)
        elif re.search(rb"[A-Za-z]", around) and _LETTERS.issuperset(run):
            western += len(run)
    return western > chinese
