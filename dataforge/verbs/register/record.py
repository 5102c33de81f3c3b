"""``dataforge_registration.json``: what a registration wrote, so that it can be undone.

A dataset may bring a record of its own making: what it says is checked, and never trusted to name
anything outside its folder.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PureWindowsPath

import msgspec

from dataforge.errors import ParseError, UsageError
from dataforge.frameworks import identify
from dataforge.io import REGISTRATION, decode_json, is_plain, open_file, read_file

_MAX_BYTES = 1 << 20
_LONGEST_NAME = 255
"""Bytes; no folder can have a file of a longer name."""
_LONGEST_PATH = 1000
"""Bytes, far more than `register` writes; with the folder's own path, systems allow 4,096."""
_SHOWN = 80
"""Characters of a refused name in a message."""


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """The content of ``dataforge_registration.json``.

    Attributes:
        name: of the dataset.
        files: path relative to the folder -> SHA-256 of what was written.
        data: absolute paths of the dataset's folders and annotation files.
    """

    name: str
    files: dict[str, str]
    data: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name as Python knows it."""
        return identify(self.name)[0]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with open_file(path) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_registration(out: Path) -> Registration | None:
    """The registration in a folder, None if there is none.

    Raises:
        ParseError: it is a link, is larger than 1 MiB, or names itself, files outside the folder
            or some whose names are too long.
    """
    path = out / REGISTRATION
    if not os.path.lexists(path):
        return None
    if path.is_symlink():
        raise ParseError(str(path), "", "is a link, not a record of `dataforge register`")
    record = decode_json(read_file(path, _MAX_BYTES), Registration, str(path))
    try:
        _ = record.key
    except UsageError as error:
        raise ParseError(str(path), "$.name", str(error)) from error
    for name in record.files:
        if not _is_below(name):
            shown = f"{name[:_SHOWN]}..." if len(name) > _SHOWN else name
            raise ParseError(str(path), "$.files", f"{shown!r} is not the name of a file below")
    return record


def _is_below(name: str) -> bool:
    """Whether it is the path of a file in the folder other than the record, which goes last."""
    if len(os.fsencode(name)) > _LONGEST_PATH or name.lower() == REGISTRATION.lower():
        return False
    parts = name.split("/")
    return (
        all(is_plain(part) and len(os.fsencode(part)) <= _LONGEST_NAME for part in parts)
        and not PureWindowsPath(name).drive
    )
