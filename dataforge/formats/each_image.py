"""Reads annotation files of which each is about one image; an item is a file.

A format says how a file is taken apart and what its objects are; the image is found and its size
read here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterator
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import (
    Context,
    Evidence,
    Found,
    Item,
    Part,
    Reading,
    Record,
    SourceText,
    too_many_objects,
)
from dataforge.formats.borrowed import image_borrowed
from dataforge.formats.listed import Contents, ListedOptions
from dataforge.formats.other_files import other_files
from dataforge.formats.paired import Paired, PairedImages
from dataforge.formats.sizes import find_size
from dataforge.formats.split_names import split_of_folders
from dataforge.io import MAX_OBJECTS, Root, to_utf8
from dataforge.records import Header, Image

_IMAGE, _OTHER, _BORROWED = "image of file", "other file", "image of another folder"
"""Kinds of evidence: (file, its image) where that is not the one of its name; a file that is not of
the format; (file, its image) in another folder."""

O = TypeVar("O", bound=ListedOptions)  # noqa: E741 - options


class Stated(NamedTuple):
    """What a file says of its image.

    Attributes:
        names: of the image as written, the best first.
        objects: number of them, which are lost if the image cannot be used.
        content: what the format makes the objects of.
        size: (width, height) in pixels as stated; None if it is not.
        size_at: the pointer to it.
    """

    names: tuple[str, ...]
    objects: int
    content: Any
    size: tuple[int, int] | None = None
    size_at: str = ""


class EachReading(Reading, Generic[O]):
    """The files of one folder.

    Attributes:
        ending: of the files' names, lower case.
        kind: what a file is called in messages, as in "is not an ISAT file".
        fault: code of the finding on a file that cannot be read.
    """

    ending: ClassVar[str]
    kind: ClassVar[str]
    fault: ClassVar[str]

    def __init__(self, root: Root, options: O, context: Context) -> None:
        self.root = root
        self.options = options
        self.context = context
        self.images = PairedImages(root, options.image_dir, (self.ending,))

    # What a format says.

    @abstractmethod
    def parse(self, name: str, data: bytes) -> Part[Stated | None]:
        """Returns what is in a file; None if it is not of this format.

        Raises:
            ParseError: it cannot be read.
        """

    @abstractmethod
    def contents(
        self, file: str, stated: Stated, size: tuple[int, int]
    ) -> Generator[Finding | Evidence, None, Contents]:
        """Returns what a file says of its image, whose (width, height) is given in pixels."""

    def decoded(self, name: str, data: bytes) -> Part[bytes]:
        """Returns the bytes in UTF-8.

        Raises:
            ParseError: they are no text.
        """
        text, encoding = to_utf8(data, name)
        if encoding not in ("utf-8", "utf-8-sig"):
            yield code("encoding").at(
                Place(name),
                f"is not UTF-8; read as {encoding}",
                "check that the names are readable, then save it as UTF-8",
            )
        return text

    # Reading.

    def items(self) -> Iterator[Item | Record]:
        self.total = sum(1 for _ in self._names())
        yield from map(Item._make, enumerate(self._names()))

    def _names(self) -> Iterator[str]:
        return (name for name in self.root.files() if name.lower().endswith(self.ending))

    def read(self, item: Item) -> Iterator[Record]:
        file: str = item.value
        try:
            data = self.root.read_bytes(file)
            stated = yield from self.parse(file, data)
        except ParseError as error:
            yield code(self.fault).at(
                Place.of(error, file),
                error.message,
                "none of its objects are converted; restore the file, or annotate the image again",
            )
            return
        if stated is None:
            yield Evidence(_OTHER, file)
            return
        if self.context.keep_text:
            yield SourceText(file, data)
        if stated.objects > MAX_OBJECTS:
            yield too_many_objects(Place(file), stated.objects)
            return
        image = self.images.find(file, stated.names)
        path = image.path if image.exists else ""
        if path != self.images.guess(file):
            yield Evidence(_IMAGE, (file, path))
        if image.is_borrowed:
            yield Evidence(_BORROWED, (file, path))
        size = yield from self._size(file, stated, image)
        if size is not None:
            yield from self._image(file, stated, image.path, size)

    def _size(
        self, file: str, stated: Stated, image: Paired
    ) -> Generator[Finding, None, tuple[int, int] | None]:
        """Returns (width, height) of the image; None if it is not read."""
        if not image.exists or image.leaves:
            yield self._missing(stated, image, Place(file))
            if not image.path or not (image.exists or self._keeps(stated)):
                return None
        verify = self.options.verify_images and image.exists
        place = Place(file, stated.size_at)
        size = yield from find_size(
            self.images.root, image.path, stated.size, verify=verify, place=place
        )
        if size is None:
            yield code("no-image-size").at(
                Place(file),
                f"neither the file nor {image.path} gives the image size: "
                f"{plural(stated.objects, 'object')} not converted",
                "restore the image",
                lost=stated.objects,
            )
        return size

    def _keeps(self, stated: Stated) -> bool:
        return self.options.missing_images == "keep" and stated.size is not None

    def _missing(self, stated: Stated, image: Paired, place: Place) -> Finding:
        """The finding on an image that is not there, or whose name leaves the root."""
        remedy = "restore it, or name its folder with --image-dir"
        number = plural(stated.objects, "object")
        if image.leaves:
            message = f"{stated.names[0]!r} leaves the image folder"
            used = f"{image.path} is used" if image.exists else f"{number} not converted"
            return code("path-leaves-root").at(
                place,
                f"{message}: {used}",
                "make it relative to the image folder, or name that folder with --image-dir",
                lost=0 if image.exists else stated.objects,
                severity="warning" if image.exists else "error",
            )
        if self._keeps(stated):
            message = f"{image.path} does not exist: its objects are kept"
            return code("image-missing").at(place, message, remedy)
        why = "skipped as requested" if stated.size else "so its size is unknown"
        message = f"{image.path} does not exist, {why}: {number} not converted"
        return code("image-missing").at(place, message, remedy, lost=stated.objects)

    def _image(
        self, file: str, stated: Stated, path: str, size: tuple[int, int]
    ) -> Iterator[Record]:
        found = yield from self.contents(file, stated, size)
        yield Image(
            file_name=path,
            width=size[0],
            height=size[1],
            instances=tuple(found.instances),
            place=Place(file),
            split=split_of_folders(file, path),
            attributes=found.attributes,
            extra=found.extra,
        )

    # The dataset.

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        borrowed = found.get(_BORROWED, ())
        yield from image_borrowed([(Place(file), image) for file, image in borrowed])
        yield from other_files(found.get(_OTHER, ()), f"is not {self.kind}")
        if self.root.only is not None:
            return  # the other files of the folder may be about its images
        images = dict(found.get(_IMAGE, ()))
        others = {*found.get(_OTHER, ())}
        used = {
            images[name] if name in images else self.images.guess(name)
            for name in self._names()
            if name not in others
        }
        if rest := self.images.without_file(used):
            yield code("image-without-labels").at(
                Place(rest[0]) if self.images.root is self.root else Place("."),
                f"{plural(len(rest), 'image')} without {self.kind} (this is the first): not "
                "written",
                "annotate them; save images without objects, too",
            )
