"""``dataforge_registration.json``: what a registration wrote, so that it can be undone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from dataforge.io import REGISTRATION, decode_json, read_file


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """The content of ``dataforge_registration.json``.

    Attributes:
        name: of the dataset.
        files: path relative to the folder -> SHA-256 of what was written.
    """

    name: str
    files: dict[str, str]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_registration(out: Path) -> Registration | None:
    """The registration in a folder, None if there is none."""
    path = out / REGISTRATION
    return decode_json(read_file(path), Registration, str(path)) if path.is_file() else None
