"""Files of tests: written, compared, and counted when they are opened."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 64, 48
"""Of a picture, if nobody says otherwise, pixels."""


def write(path: Path, content: str | bytes | dict[str, Any] | list[Any] = "") -> Path:
    """A file with its folders; a dict becomes JSON, text UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, (dict, list)):
        content = json.dumps(content, ensure_ascii=False)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def picture(path: Path, size: tuple[int, int] = (WIDTH, HEIGHT), orientation: int = 0) -> Path:
    """A grey image of (width, height); with an EXIF orientation, if it is not 0."""
    from PIL import Image as PILImage

    path.parent.mkdir(parents=True, exist_ok=True)
    image = PILImage.new("RGB", size, (90, 90, 90))
    exif = PILImage.Exif()
    if orientation:
        exif[0x0112] = orientation
    image.save(path, exif=exif)
    return path


DAMAGE = ("cut", "changed", "doubled")
"""The kinds of damage that `damaged` does."""


def damaged(data: bytes, damage: str) -> Iterator[tuple[int, bytes]]:
    """(place, data damaged there) at many places, by one of `DAMAGE`."""
    for at in range(0, len(data), max(1, len(data) // 40)):
        bad = {
            "cut": data[:at],
            "changed": data[:at] + b'"' + data[at + 1 :],
            "doubled": data[:at] + data[at : at + 9] + data[at:],
        }
        yield at, bad[damage]


def snapshot(folder: Path) -> dict[str, bytes]:
    """Path -> content of all files below."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def times(folder: Path) -> dict[str, int]:
    """Path -> when it was last written, nanoseconds."""
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


class _Opens:
    """Counts what this process opens; Python has no way to take such a hook back."""

    def __init__(self) -> None:
        self.counts: list[tuple[str, Counter[str]]] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        # `os.open` has no mode, and is what an opener of `open` calls: that is counted already.
        if event != "open" or not self.counts or arguments[1] is None:
            return
        if isinstance(arguments[0], (str, bytes, os.PathLike)):
            path = os.path.abspath(os.fsdecode(arguments[0]))
            for folder, counts in self.counts:
                if path.startswith(folder):
                    counts[path[len(folder) :].replace(os.sep, "/")] += 1


_OPENS = _Opens()


@contextmanager
def opens(folder: Path) -> Iterator[Counter[str]]:
    """Count how often this process opens each file below a folder.

    Yields:
        Path relative to the folder -> number of times, while the block runs.
    """
    if not hasattr(_OPENS, "installed"):
        sys.addaudithook(_OPENS)
        _OPENS.installed = True  # type: ignore[attr-defined]
    entry = (os.path.join(os.path.abspath(folder), ""), Counter[str]())
    _OPENS.counts.append(entry)
    try:
        yield entry[1]
    finally:
        _OPENS.counts.remove(entry)
