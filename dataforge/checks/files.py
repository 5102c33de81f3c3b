"""The files that checks look at, each opened when something is asked of it, and once."""

from __future__ import annotations

import ast
import math
import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from dataforge.errors import ParseError
from dataforge.formats.coco import Document as CocoDocument
from dataforge.io import MAX_COCO_BYTES, ImageHeader, Root, decode_json, parse_xml, to_utf8
from dataforge.mmconfig import Config

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from lxml.etree import _Element

GREY = 32
"""Pixels a side of what is kept of an image."""

MAX_DECODED_PIXELS = 2**26
"""Pixels of an image that is decoded: as RGBA they take 256 MiB."""


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

    @cached_property
    def fault(self) -> str:
        """Why its pixels cannot be decoded; empty where they can, or where there is no header.

        Raises:
            ParseError: it is too large to be decoded.
        """
        return self._decoded[1]

    @cached_property
    def grey(self) -> npt.NDArray[np.float64] | None:
        """Its pixels as they are stored, shrunk to 32 rows of 32 levels of grey from 0 to 255.

        None where `header` is, or where there is a `fault`.

        Raises:
            ParseError: it is too large to be decoded.
        """
        return self._decoded[0]

    @cached_property
    def _decoded(self) -> tuple[npt.NDArray[np.float64] | None, str]:
        import numpy as np
        from PIL import Image

        header = self.header
        if header is None:
            return None, ""
        # A JPEG is decoded at an eighth of its width and height.
        most = MAX_DECODED_PIXELS * (64 if header.format in ("JPEG", "MPO") else 1)
        if math.prod(header.stored_size) > most:
            width, height = header.stored_size
            raise ParseError(self.name, "", f"{width}x{height} pixels, which are not decoded")
        try:
            with self._root.open(self.name) as stream, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of large images, and of oddities in metadata
                with Image.open(stream) as image:
                    image.draft("L", (GREY, GREY))
                    image.load()
                    deep = image.mode.startswith(("I", "F"))
                    small = image.convert("F" if deep else "L")
                    small = small.resize((GREY, GREY), Image.Resampling.BOX)
        except Exception as error:  # noqa: BLE001 what Pillow trips over in a broken file varies
            return None, str(error) or type(error).__name__
        # From its bytes: half the time of np.asarray, which counts on small images.
        levels = np.frombuffer(small.tobytes(), np.float32 if deep else np.uint8)
        grey = levels.reshape(GREY, GREY).astype(np.float64)
        if deep:
            grey = np.nan_to_num(grey - np.nanmin(grey))
            grey *= 255 / max(float(grey.max()), 1.0)
        return grey, ""


class LabelmeHead(msgspec.Struct, rename="camel"):
    """What a labelme file says beside its shapes.

    Attributes:
        version: of the program that wrote it.
        image_width, image_height: pixels.
        image_data, shapes: as they stand there.
    """

    version: Any = None
    image_width: float | None = None
    image_height: float | None = None
    image_data: msgspec.Raw = msgspec.Raw(b"null")
    shapes: msgspec.Raw = msgspec.Raw(b"[]")

    @property
    def has_image_data(self) -> bool:
        """Whether the image is held inside."""
        return bytes(self.image_data) not in (b"null", b'""')

    @property
    def major(self) -> int | None:
        """The version's first number."""
        first = str(self.version).split(".")[0]
        return int(first) if first.isascii() and first.isdecimal() and len(first) < 10 else None

    @property
    def is_x_anylabeling(self) -> bool:
        """Whether it is of X-AnyLabeling, whose versions begin at 0 again."""
        shapes = bytes(self.shapes)
        return b'"kie_linking"' in shapes or (b'"difficult"' in shapes and (self.major or 9) < 4)


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
    def labelme(self) -> LabelmeHead:
        """What a labelme file says beside its shapes."""
        return decode_json(to_utf8(self.data, self.name)[0], LabelmeHead, self.name)

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

    @cached_property
    def config(self) -> Config:
        """A training config with its bases; nothing of them is run."""
        return Config(self.python, self._root.path / self.name)


def entry_of(raw: msgspec.Raw) -> Any:
    """One entry of a COCO file as plain Python."""
    return msgspec.json.decode(raw)


def category_ids(document: Document) -> dict[str, Any]:
    """Name -> id of a COCO file's categories that have both, in the file's order."""
    entries = [entry_of(raw) for raw in document.coco.categories or ()]
    entries = [entry for entry in entries if isinstance(entry, dict)]
    return {
        entry["name"]: entry["id"]
        for entry in entries
        if isinstance(entry.get("name"), str) and isinstance(entry.get("id"), (int, str, float))
    }
