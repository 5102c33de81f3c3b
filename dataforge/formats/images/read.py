"""Reads images without annotations."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError
from dataforge.findings import Finding, Place
from dataforge.formats.base import Context, Inputs, Item, Reader, Reading, Record
from dataforge.io import Root, is_image
from dataforge.records import Image


class ImagesOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How images are read: there are no options."""


class ImagesReader(Reader[ImagesOptions]):
    """Reads every image below a folder."""

    Options = ImagesOptions

    def open(self, root: Root, options: ImagesOptions, context: Context) -> ImagesReading:
        return ImagesReading(root)


class ImagesReading(Reading):
    """The images of one folder."""

    def __init__(self, root: Root) -> None:
        self.root = root

    def items(self) -> Iterator[Item]:
        self.total = sum(map(is_image, self.root.files()))
        yield from map(Item._make, enumerate(filter(is_image, self.root.files())))

    def inputs(self, item: Item) -> Inputs:
        return Inputs(item.value, item.value)

    def read(self, item: Item) -> Iterator[Record]:
        name: str = item.value
        try:
            width, height = self.root.image_size(name)
        except (ParseError, OSError) as error:
            yield unreadable_image(name, error)
        else:
            yield Image(file_name=name, width=width, height=height, place=Place(name))


def unreadable_image(name: str, error: Exception, lost: int = 0) -> Finding:
    """The finding on an image whose header cannot be read."""
    message = error.message if isinstance(error, ParseError) else str(error)
    return code("unreadable-image").at(
        Place(name), message, "restore the image, or delete it", lost=lost
    )
