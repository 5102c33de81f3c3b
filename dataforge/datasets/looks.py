"""What a few files of a folder show: the formats of images, and what is in XML files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from dataforge.errors import ParseError
from dataforge.io import Root

_SAMPLED = 3

_GREY = frozenset({"1", "L", "LA", "P", "I", "I;16", "F"})
"""Pillow's modes of images without colours of their own."""


class Looks:
    """Looks into a few files of each folder, once.

    Args:
        root: the folder that all paths are relative to.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self.is_grey = cache(self._is_grey)
        self.has_boxes = cache(self._has_boxes)
        self.named_extension = cache(self._named_extension)

    is_grey: Callable[[Sequence[str]], bool]

    def _is_grey(self, images: tuple[str, ...]) -> bool:
        """Whether the first images of a folder that can be read have no colours."""
        modes = set()
        for name in images[:_SAMPLED]:
            try:
                modes.add(self._root.image_header(name).mode)
            except (ParseError, OSError):
                continue
        return bool(modes) and modes <= _GREY

    def _has_boxes(self, xmls: tuple[str, ...]) -> bool:
        """Whether any of the first XML files of a folder has a box."""
        return any(b"<bndbox" in self._text(name).lower() for name in xmls[:_SAMPLED])

    def _named_extension(self, xmls: tuple[str, ...]) -> str:
        """The extension of the <filename> in all of the first XML files of a folder, or empty."""
        found = {
            match[1].decode("ascii").lower() if match else ""
            for name in xmls[:_SAMPLED]
            for match in [
                re.search(rb"<filename>[^<]*(\.[A-Za-z]+)\s*</filename>", self._text(name))
            ]
        }
        return found.pop() if len(found) == 1 else ""

    def _text(self, name: str) -> bytes:
        try:
            return self._root.look(name)
        except ParseError:
            return b""
