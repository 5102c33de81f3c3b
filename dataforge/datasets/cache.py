"""What an earlier run has kept, in a folder that only this user can write to.

    DIR/parts-1/<settings>/<pack>     a pack: what was made of each item of a shard (`Part`)

A pack begins with a checksum of the rest; one that is damaged, or belongs to somebody else, counts
as absent. It is written beside its place and moved there, so that any number of runs can use a
folder at once: the last one wins, and each pack is right by itself, as it says what it was made
from.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

import msgspec

from dataforge.errors import OutputError, UsageError
from dataforge.formats import Evidence
from dataforge.io import Stamp, installed_versions, open_file

T = TypeVar("T")

MAX_CACHE_BYTES = 4 * 2**30
"""Size of a folder from which on the packs that were not used for longest are removed."""

MAX_PACK_BYTES = 512 * 2**20
"""A larger pack is neither written nor read."""

_PARTS = "parts-1"  # the number changes with the form of packs
_DIGEST = 16
_SUM = 4
_ABANDONED = 3600  # seconds, after which a temporary file belongs to no run
_LIBRARIES = ("lxml", "msgspec", "numpy", "pillow", "pycocotools", "pyyaml")


class Part(msgspec.Struct, array_like=True, gc=False):
    """What was made of an item, and from what.

    Attributes:
        name, key: what it was made from, apart from what follows.
        files: (path, stamp) of the files that were looked at.
        names: (name, all names like it) that were looked up.
        entries, images, evidence: the result, see `dataforge.datasets.shards`.
        digest: hash of the entries, if they are processed further.
    """

    name: str
    key: bytes
    files: list[tuple[str, Stamp | None]]
    names: list[tuple[str, list[str]]]
    entries: bytes
    images: bytes = b""
    evidence: list[Evidence] = []
    digest: bytes = b""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Part]).decode


def default_cache_folder() -> str:
    """The folder of this user for what programs may keep, and remove.

    Raises:
        UsageError: the user has none.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):
        return os.path.join(given, "dataforge")
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        raise UsageError("--cache: there is no home folder; name a folder with --cache-dir")
    where = ("Library", "Caches") if sys.platform == "darwin" else (".cache",)
    return os.path.join(home, *where, "dataforge")


def usable_cache_folder() -> str | None:
    """The same folder, for who has not asked for it; None if there cannot be one."""
    try:
        folder = default_cache_folder()
        Cache(folder, ())
    except (OutputError, UsageError):
        return None
    return folder


class Cache:
    """The packs of one dataset that is read in one way.

    Args:
        folder: as the user named it, or `default_cache_folder`.
        settings: all that the results depend on, other than the files; builtin types and structs
            whose `repr` is the same in each run.

    Raises:
        OutputError: the folder cannot be made, or is not this user's own.
    """

    def __init__(self, folder: str, settings: Sequence[Any]) -> None:
        self._named = Path(os.path.abspath(folder))
        self._home = self._named / _PARTS
        text = repr([*settings, _environment()]).encode("utf-8", "backslashreplace")
        self._folder = self._home / blake2b(text, digest_size=_DIGEST).hexdigest()
        self._make()

    def _make(self) -> None:
        """Make the folder that was named and that in it, which others could replace there.

        Raises:
            OutputError: see `_make_own`.
        """
        for folder in (self._named, self._home):
            _make_own(folder)

    def load(self, pack: str) -> list[Part]:
        """The parts of a pack; none if there is no such pack, or it is damaged."""
        return self.get(pack, _decode) or []

    def save(self, pack: str, parts: Sequence[Part]) -> None:
        """Keep parts, if there is room for them, and no name in them is not UTF-8."""
        try:
            body = _encode(parts)
        except UnicodeEncodeError:
            body = _encode([part for part in parts if _is_encodable(part)])
        self.put(pack, body)

    def get(self, pack: str, decode: Callable[[memoryview], T]) -> T | None:
        """The content of a pack; None if there is no such pack, or it is damaged."""
        path = self._folder / pack
        try:
            with open_file(path) as stream:
                status = os.fstat(stream.fileno())
                if not _is_own(status) or status.st_size > MAX_PACK_BYTES:
                    return None
                data = stream.read()
            body = memoryview(data)[_SUM:]
            if checksum(body) != data[:_SUM]:
                return None
            found = decode(body)
            os.utime(path)  # it is used
        except (OSError, msgspec.MsgspecError, ValueError):
            return None
        return found

    def put(self, pack: str, body: bytes) -> None:
        """Keep something, if there is room for it."""
        if len(body) > MAX_PACK_BYTES:
            return
        name = ""
        try:
            self._make()
            self._folder.mkdir(mode=0o700, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".", dir=self._folder)
            with open(handle, "wb") as stream:
                stream.write(checksum(body))
                stream.write(body)
            os.replace(name, self._folder / pack)
        except (OSError, OutputError):
            _remove(name)
        except BaseException:
            _remove(name)
            raise

    def tidy(self) -> None:
        """Remove what was not used for longest, if there is too much, and what runs have left."""
        packs = []
        with suppress(OSError):
            for folder in _scan(self._home):
                packs += [pack for entry in _scan(folder.path) if (pack := _pack(entry))]
        total = sum(pack.size for pack in packs)
        for pack in sorted(packs, key=lambda pack: pack.used):
            if pack.path.rpartition(os.sep)[2].startswith("."):
                if pack.used > time.time() - _ABANDONED:
                    continue
            elif total <= MAX_CACHE_BYTES:
                continue
            total -= pack.size
            _remove(pack.path)
            with suppress(OSError):
                os.rmdir(os.path.dirname(pack.path))  # if it was the last one


def _is_encodable(part: Part) -> bool:
    try:
        _encode(part)
    except UnicodeEncodeError:
        return False
    return True


class _Pack(NamedTuple):
    path: str
    size: int
    used: float


def _pack(entry: os.DirEntry[str]) -> _Pack | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:  # another run has removed it
        return None
    return _Pack(entry.path, status.st_size, status.st_mtime)


def _scan(folder: str | Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)


def _is_own(status: os.stat_result) -> bool:
    """Whether nobody else can have written a file or folder, other than root."""
    return not hasattr(os, "geteuid") or (
        status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def _make_own(folder: Path) -> None:
    """Make a folder that only this user can look into.

    Raises:
        OutputError: it cannot be made, or there is one of somebody else.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = os.lstat(folder)
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be made: {error.strerror or error}; name another folder with "
            "--cache-dir"
        ) from error
    if not stat.S_ISDIR(status.st_mode) or not _is_own(status):
        raise OutputError(
            f"{folder} is not a folder that only you can write to; remove it, or name another "
            "folder with --cache-dir"
        )


@cache
def _environment() -> list[Any]:
    """What does the work: this package as it is now, and the libraries under it."""
    home = Path(__file__).parents[1]
    code = sorted((str(path.relative_to(home)), *_written(path)) for path in home.rglob("*.py"))
    return [sys.version, sorted(installed_versions(_LIBRARIES).items()), code]


def _written(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def checksum(data: bytes | memoryview) -> bytes:
    """Tells damaged data from what was written."""
    return crc32(data).to_bytes(_SUM, "big")


def pack_name(*of: str | bytes) -> str:
    """The name of a pack that is kept for these things."""
    parts = (one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one for one in of)
    return blake2b(b"\0".join(parts), digest_size=_DIGEST).hexdigest()


def joined_arrays(arrays: Iterable[bytes]) -> bytes:
    """The encoded array of the elements of encoded arrays, one after the other."""
    number, bodies = 0, [b""]
    for array in arrays:
        if not array:
            continue
        kind = array[0]
        if kind & 0xF0 == 0x90:  # fewer than 16 elements
            number += kind & 0x0F
            bodies.append(array[1:])
        else:
            size = 2 if kind == 0xDC else 4
            number += int.from_bytes(array[1 : 1 + size], "big")
            bodies.append(array[1 + size :])
    bodies[0] = b"\xdd" + number.to_bytes(4, "big")
    return b"".join(bodies)
