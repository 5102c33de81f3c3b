"""The COCO file that results are about: what its ids mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import msgspec

from dataforge.io import decode_repaired, last_part, stem, to_utf8
from dataforge.layouts import without_twins

T = TypeVar("T")

ById: TypeAlias = int | str
"""An id; some write texts."""


class ListedImage(msgspec.Struct):
    """An image of a COCO file."""

    id: ById
    file_name: str = ""
    width: int | float | None = 0
    height: int | float | None = 0


class ListedCategory(msgspec.Struct):
    """A category of a COCO file."""

    id: ById
    name: str


class GroundTruth(msgspec.Struct):
    """A COCO file without its annotations."""

    images: list[ListedImage]
    categories: list[ListedCategory]


def decoded(data: bytes, type_: type[T], name: str, notes: list[str]) -> T:
    """The content of a JSON file; what is not JSON, but can be read, is noted.

    Raises:
        ParseError: it cannot be read, or is not of the type.
    """
    data, encoding = to_utf8(data, name)
    made, better = decode_repaired(data, type_, name)
    if encoding not in ("utf-8", "utf-8-sig"):
        notes.append(f"{name}: is not UTF-8; read as {encoding}")
    if better is not None:
        what = "contains NaN, Infinity or half a character: read as null or U+FFFD"
        notes.append(f"{name}: {what}")
    return made


class ImageNames:
    """Finds images by name: by the path, else the name without folder, else without extension.

    Args:
        names: of the images; one that several have is of none of them.

    >>> ImageNames(["a/1.jpg", "b/2.jpg", "b/1.jpg"]).find("images/2.png")
    1
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._by = [
            (key, without_twins((key(name), at) for at, name in enumerate(names))) for key in _KEYS
        ]

    def find(self, name: str) -> int | None:
        """The index of an image; None if none has the name, or several."""
        for key, found in self._by:
            if (at := found.get(key(name))) is not None:
                return at
        return None


def _whole(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")


def _last(name: str) -> str:
    return last_part(_whole(name))


def _bare(name: str) -> str:
    return stem(_last(name))


_KEYS: tuple[Callable[[str], str], ...] = (_whole, _last, _bare)
