"""Reads labelme JSON, version 3.0 to 7.x, and X-AnyLabeling's dialect."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Annotated, Any, TypeAlias

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import (
    Context,
    Evidence,
    Found,
    Item,
    Part,
    Reader,
    Reading,
    Record,
    SourceText,
)
from dataforge.formats.labelme.file import File, Shape, extracted_image, parse, read_shape, says
from dataforge.formats.labelme.groups import GroupId, grouped
from dataforge.formats.labelme.images import Images
from dataforge.formats.labelme.shapes import Canvas, ShapeError, Widths, geometry_of, policy, weight
from dataforge.formats.labelme.strict import Strict
from dataforge.formats.outlines import crossing
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.sizes import (
    VERIFY_IMAGES,
    MissingImages,
    find_size,
    is_sampled,
    size_differs,
    stated_size,
)
from dataforge.io import Root, in_64_bits, plain, split_pointer, to_utf8
from dataforge.records import Image, Instance

_IMAGE = "image of file"
_SIZE = "size differs"
_ROOM, _ROOM_PER_BYTE = 64 * 2**20, 32
"""Memory that the outlines of a file may take, and for each byte of the file: a circle is described
by four numbers, and a mask is compressed."""
_KEPT_KEYS = ("flags", "description", "score", "difficult", "attributes")

_Steps: TypeAlias = Generator[Record, None, "str | None"]


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How labelme files are read.

    If `verify_images` is None, a sample is compared, and all images if one of them differs.
    """

    image_dir: Annotated[
        str | None,
        msgspec.Meta(description="Folder that image paths are relative to, if not the dataset's."),
    ] = None
    group: Annotated[
        bool,
        msgspec.Meta(description="Shapes with the same label and group_id are one instance."),
    ] = True
    lines: Annotated[
        str,
        msgspec.Meta(description="Lines: skip, error, or stroke=W to make them W pixels wide."),
    ] = "skip"
    points: Annotated[
        str,
        msgspec.Meta(
            description="Points: skip, error, or radius=R to make them discs of R pixels."
        ),
    ] = "skip"
    verify_images: Annotated[bool | None, VERIFY_IMAGES] = None
    missing_images: MissingImages = "keep"
    extract_images: Annotated[
        bool,
        msgspec.Meta(
            description="Extract missing images from imageData; requires --image-mode copy."
        ),
    ] = False


def recognise(texts: Texts) -> Recognised:
    """JSON files with shapes."""
    number = len(texts.labelme)
    return Recognised(number, f"{plural(number, 'JSON file')} with shapes")


class LabelmeReader(Reader[ReadOptions]):
    """Reads every labelme file below a folder."""

    Options = ReadOptions

    def open(self, root: Root, options: ReadOptions, context: Context) -> LabelmeReading:
        return LabelmeReading(root, options, context)

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def extracts_images(self, options: ReadOptions) -> bool:
        return options.extract_images

    def extracted_image(self, root: Root, source: str) -> bytes:
        return extracted_image(root, source)


class LabelmeReading(Reading):
    """The labelme files of one folder; an item is a file."""

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        self._root = root
        self._options = options
        self._context = context
        self._widths = Widths(
            policy("lines", options.lines, "stroke"), policy("points", options.points, "radius")
        )
        self._images = Images(
            root, options.image_dir, options.missing_images, options.extract_images
        )
        self._strict = Strict(self._images.root, context) if context.strict else None
        self.decides = options.verify_images is None

    def items(self) -> Iterator[Item]:
        yield from map(Item._make, enumerate(self._names()))

    def _names(self) -> Iterator[str]:
        return (name for name in self._root.files() if name.lower().endswith(".json"))

    def read(self, item: Item) -> Iterator[Record]:
        name: str = item.value
        image_name = yield from self._read(name, sampled=self.decides and is_sampled(item.number))
        if image_name != self._images.beside(name):
            yield Evidence(_IMAGE, (name, image_name))

    def _read(self, name: str, *, sampled: bool) -> _Steps:
        """Returns the image of a file."""
        try:
            source = self._root.read_bytes(name)
            data, encoding = to_utf8(source, name)
            file = parse(data, name)
        except ParseError as error:
            yield code("unreadable-json").at(
                Place(name, error.where),
                error.message,
                "none of its shapes are converted; restore the file, or save it in labelme again",
            )
            return self._images.beside(name)
        if file is None:
            yield code("not-labelme").at(
                Place(name), "is not a labelme file (no list of shapes): ignored"
            )
            return None
        if self._context.keep_text:
            yield SourceText(name, source)
        if encoding not in ("utf-8", "utf-8-sig"):
            yield code("encoding").at(
                Place(name),
                f"is not UTF-8; read as {encoding}",
                "check that the labels are readable, then save it as UTF-8",
            )
        image_name = yield from self._images.find(name, file)
        if image_name is not None:
            yield from self._read_image(name, data, file, image_name, sampled=sampled)
        return image_name

    def _read_image(
        self, name: str, data: bytes, file: File, image_name: str, *, sampled: bool
    ) -> Iterator[Record]:
        """The image with its shapes, if its size is known."""
        head, images = file.head, self._images.root
        stated = stated_size(head.image_width, head.image_height)
        verify = self._options.verify_images is True
        where = Place(name, "$.imageWidth")
        size = yield from find_size(images, image_name, stated, verify=verify, place=where)
        if size is None:
            yield code("no-image-size").at(
                Place(name),
                f"neither the JSON nor an image file gives the image size: "
                f"{plural(len(file.shapes), 'shape')} not converted",
                "restore the image, or add imageWidth and imageHeight",
                lost=len(file.shapes),
            )
            return
        if sampled and size_differs(images, image_name, stated):
            yield Evidence(_SIZE)
        room = _ROOM + _ROOM_PER_BYTE * len(data)
        found = yield from self._shapes(name, file, Canvas(size, self._widths, room))
        if self._options.group:
            instances = yield from grouped(found, size, self._context.resolver)
        else:
            instances = tuple(instance for instance, _ in found)
        if self._strict:
            yield from self._strict.of_file(name, data, file, image_name, size)
        attributes = head.attributes if isinstance(head.attributes, dict) else {}
        yield Image(
            file_name=image_name,
            width=size[0],
            height=size[1],
            instances=instances,
            place=Place(name),
            attributes=in_64_bits(attributes | ({"flags": head.flags} if head.flags else {})),
            extra=file.own,
        )

    def _shapes(
        self, name: str, file: File, canvas: Canvas
    ) -> Part[list[tuple[Instance, GroupId]]]:
        """Returns (instance, group_id) for every valid shape."""
        found: list[tuple[Instance, GroupId]] = []
        untyped = 0
        for index, raw in enumerate(file.shapes):
            place = Place(name, f"$.shapes[{index}]")
            try:
                shape, own = read_shape(raw)
                untyped += not shape.shape_type
                box, area, outline, crosses = geometry_of(shape, canvas)
                canvas = canvas._replace(room=canvas.room - weight(outline))
            except msgspec.ValidationError as error:
                content = plain(raw) if isinstance(raw, msgspec.Raw) else None
                message, inner = split_pointer(error, content)
                place = place.at(inner.removeprefix("$"))
                yield code("bad-shape").at(place, message, "redraw or delete the shape", lost=1)
                continue
            except ShapeError as error:
                yield code(error.code).at(
                    place, error.message, error.remedy, lost=1, severity=error.severity
                )
                continue
            instance = Instance(
                label=str(shape.label).strip(),
                box=box,
                area=area,
                shape=outline,
                difficult=shape.difficult is True,
                place=place,
                attributes=_attributes(shape),
                extra=own,
            )
            found.append((instance, shape.group_id))
            if crosses:
                yield crossing(instance.label, instance.area, place)
        if untyped:
            yield code("no-shape-type").at(
                Place(name, "$.shapes"),
                f"{plural(untyped, 'shape')} without a type (labelme before 3.4): read as "
                "polygon with 3 points or more, rectangle with 2, point with 1",
            )
        return found

    def decide(self, found: Found) -> bool:
        """Whether to compare the stated sizes with those of all images."""
        return _SIZE in found

    def settle(self, image: Image, decision: bool) -> Iterator[Image | Finding]:
        if decision:
            place, stated = image.place.at("$.imageWidth"), (image.width, image.height)
            yield from find_size(
                self._images.root, image.file_name, stated, verify=True, place=place
            )
        yield image

    def finish(self, found: Found, decision: bool | None) -> Iterator[Finding]:
        if self._root.only is not None:
            return  # the other files of the folder may be about its images
        image_of = {name: self._images.beside(name) for name in self._names()}
        image_of.update(found.get(_IMAGE, ()))
        if rest := self._images.not_among({*image_of.values()}):
            yield code("image-without-labels").at(
                Place(min(rest)),
                f"{plural(len(rest), 'image')} without a labelme file (this is the first): "
                "not written",
                "annotate them; save images without objects in labelme, too",
            )
        if self._strict:
            yield from self._strict.finish(found)


def _attributes(shape: Shape) -> dict[str, Any]:
    """The attributes of an object."""
    found = {key: value for key in _KEPT_KEYS if says(value := getattr(shape, key))}
    if shape.group_id is not None:
        found["group_id"] = shape.group_id
    kept: dict[str, Any] = in_64_bits(found) if found else found
    return kept
