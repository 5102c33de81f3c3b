"""The files that checks look at, each opened when something is asked of it, and once."""

from __future__ import annotations

import ast
import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from dataforge.errors import ParseError
from dataforge.fileio import ImageHeader, Root, decode_json, parse_xml, to_utf8
from dataforge.formats._coco_file import MAX_COCO_BYTES
from dataforge.formats._coco_file import Document as CocoDocument

if TYPE_CHECKING:
    from lxml.etree import _Element

_BLOCK = 2**20


class KeepingRoot(Root):
    """A folder that keeps the last text and the last image header that were read.

    A reader reads a file, yields its image, and then the checks ask for the same file.
    """

    _text: tuple[str, bytes] | None = None
    _header: tuple[str, ImageHeader] | None = None

    def read_bytes(self, name: str, limit: int | None = None) -> bytes:
        if self._text is None or self._text[0] != name:
            self._text = None  # the old one need not be held while the new one is read
            self._text = name, super().read_bytes(name, limit)
        return self._text[1]

    def image_header(self, name: str) -> ImageHeader:
        if self._header is None or self._header[0] != name:
            self._header = name, super().image_header(name)
        return self._header[1]


class ImageFile:
    """The file of an image.

    Attributes:
        name: path relative to the image root.
    """

    def __init__(self, root: Root, name: str) -> None:
        self._root = root
        self.name = name

    @property
    def exists(self) -> bool:
        """Whether it is there."""
        return self._root.exists(self.name)

    @property
    def header(self) -> ImageHeader | None:
        """Its sizes, orientation, format and bytes; None where it cannot be read as an image."""
        try:
            return self._root.image_header(self.name)
        except ParseError:
            return None

    def digest(self) -> bytes:
        """A hash of all its bytes; reads the whole file.

        Raises:
            OSError: it cannot be read.
        """
        found = hashlib.blake2b(digest_size=16)
        with self._root.open(self.name) as stream:
            while block := stream.read(_BLOCK):
                found.update(block)
        return found.digest()


class Document:
    """An annotation file as it stands, or a training config; parsed when asked, in one form each.

    Every property raises ParseError where the file is not of that form.

    Attributes:
        name: path relative to the folder that is checked.
    """

    def __init__(self, root: Root, name: str) -> None:
        self._root = root
        self.name = name

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self._root.read_bytes(self.name, MAX_COCO_BYTES)

    @property
    def text(self) -> str:
        """Its text, whatever encoding it is in."""
        return to_utf8(self.data, self.name)[0].decode("utf-8")

    @cached_property
    def json(self) -> dict[str, Any]:
        """A JSON object as plain Python; not for COCO, which may be large: see `coco`."""
        return decode_json(to_utf8(self.data, self.name)[0], dict[str, Any], self.name)

    @cached_property
    def coco(self) -> CocoDocument:
        """A COCO file taken apart into entries, each of them still text (`msgspec.Raw`)."""
        return CocoDocument(self._root, self.name)

    @cached_property
    def xml(self) -> _Element:
        """The root element, without comments; each element knows its `sourceline`."""
        return parse_xml(self.data, self.name)

    @cached_property
    def python(self) -> ast.Module:
        """The syntax tree; nothing of it is run."""
        try:
            return ast.parse(self.data, self.name)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None)
            where = f"line {line}" if line else ""
            raise ParseError(self.name, where, f"is not Python: {error}") from error


def entry_of(raw: msgspec.Raw) -> Any:
    """One entry of a COCO file as plain Python."""
    return msgspec.json.decode(raw)
