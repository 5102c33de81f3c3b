"""File names: POSIX paths relative to a root, and which of them are images."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
"""Image extensions, compared in lower case."""

BACKUP = ".dataforge-backup"
"""Suffix of the backup folders that `check --fix` writes."""

REGISTRATION = "dataforge_registration.json"
"""Marker file in folders written by `dataforge register`, which are not part of a dataset."""

_PLAIN = re.compile(r"[^/\\:\0]+")
"""A name without folders and drives."""

MAX_NAME_BYTES = 255
"""Longest name of a file or folder in all common file systems."""

MAX_PATH_BYTES = 1024
"""Longest path that all common systems open."""


def is_too_long(name: str) -> bool:
    """Whether no file can have this name, a POSIX path, wherever the dataset is copied to."""
    if len(name) <= MAX_NAME_BYTES and name.isascii():
        return False
    data = name.encode("utf-8", "surrogatepass")
    return len(data) > MAX_PATH_BYTES or max(map(len, data.split(b"/"))) > MAX_NAME_BYTES


def is_image(name: str) -> bool:
    """Whether the name has an image's extension."""
    return name.lower().endswith(IMAGE_EXTENSIONS)


def is_plain(name: str) -> bool:
    r"""Whether a name taken from a dataset is safe as part of the name of an output file.

    >>> is_plain("train 2"), is_plain("../train"), is_plain("a\nb"), is_plain("..")
    (True, False, False, False)
    """
    return name.isprintable() and not re.search(r"[/\\]", name) and name.strip(". ") != ""


def stem(name: str) -> str:
    """The POSIX path without its last extension; a leading or trailing dot starts no extension.

    >>> stem("a/b.c.png"), stem("a.b/.c"), stem("a.")
    ('a/b.c', 'a.b/.c', 'a.')
    """
    # Not pathlib, which is ten times slower: this is called many times per file.
    dot = name.rfind(".", name.rfind("/") + 2)
    return name[:dot] if 0 < dot < len(name) - 1 else name


def last_part(path: str) -> str:
    """The part of a POSIX path after the last slash."""
    return path.rsplit("/", 1)[-1]


def resolve(folder: str, reference: str) -> str | None:
    r"""Resolve a path that a file in `folder` refers to, relative to the root; None if outside it.

    Both separators are accepted. Absolute paths and drives are outside the root.

    >>> resolve("a/b", "..\\c\\x.jpg")
    'a/c/x.jpg'
    >>> resolve("a", "../../x.jpg") is None
    True
    """
    # Most references are a name: pathlib is slow.
    if _PLAIN.fullmatch(reference) and reference[0] != "." and "/." not in f"/{folder}":
        return f"{folder}/{reference}" if folder else reference
    windows = PureWindowsPath(reference)
    if windows.drive or windows.root or "\0" in reference:
        return None
    parts: list[str] = []
    for part in (*PurePosixPath(folder).parts, *windows.parts):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or None
