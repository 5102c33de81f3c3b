"""What a few files of a folder show: the colours of images, and what is in XML files."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from dataforge.errors import ParseError
from dataforge.io import Root

SAMPLED = 3
"""Files of a folder that are looked into."""

_GREY = frozenset({"1", "L", "LA", "P", "I", "I;16", "F"})
"""Pillow's modes of images without colours of their own."""

_Files: TypeAlias = tuple[str, ...]


class Looks:
    """Looks into the first files of folders; into the same ones only once.

    Args:
        root: the folder that all paths are relative to.

    Attributes:
        is_grey: whether none of the images that can be read has colours.
        has_boxes: whether any of the XML files has a box.
        named_extension: the extension of the <filename> in all of the XML files, or empty.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self.is_grey: Callable[[_Files], bool] = cache(self._is_grey)
        self.has_boxes: Callable[[_Files], bool] = cache(self._has_boxes)
        self.named_extension: Callable[[_Files], str] = cache(self._named_extension)

    def _is_grey(self, images: _Files) -> bool:
        modes = set()
        for name in images:
            try:
                modes.add(self._root.image_header(name).mode)
            except (ParseError, OSError):
                continue
        return bool(modes) and modes <= _GREY

    def _has_boxes(self, xmls: _Files) -> bool:
        return any(b"<bndbox" in self._text(name).lower() for name in xmls)

    def _named_extension(self, xmls: _Files) -> str:
        pattern = re.compile(rb"<filename>[^<]*(\.[A-Za-z]+)\s*</filename>")
        matches = [pattern.search(self._text(name)) for name in xmls]
        found = {match[1].decode().lower() if match else "" for match in matches}
        return found.pop() if len(found) == 1 else ""

    def _text(self, name: str) -> bytes:
        try:
            return self._root.look(name)
        except ParseError:
            return b""
