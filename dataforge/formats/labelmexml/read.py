"""Reads LabelMe's XML files; `file` says what is in one."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats import drawn
from dataforge.formats.base import Context, Evidence, Found, Part, Reader
from dataforge.formats.each_image import EachReading, Stated
from dataforge.formats.labelmexml.attributes import attributes_of
from dataforge.formats.labelmexml.file import (
    TooManyError,
    XmlFile,
    box_of,
    is_deleted,
    parse_file,
    ring_of,
    text_of,
)
from dataforge.formats.labelmexml.masks import MaskMissingError, MaskNotOpenedError, Masks
from dataforge.formats.listed import Contents, ListedOptions, bad_object
from dataforge.formats.outlines import crossing
from dataforge.formats.recognise import Recognised, Texts
from dataforge.io import Root
from dataforge.records import Header, Instance

if TYPE_CHECKING:
    from lxml import etree

_DELETED = "deleted"
"""Evidence of a file with deleted objects: (file, pointer and line of the first, number)."""

_BOX = "bounding_box"


class ReadOptions(ListedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How LabelMe's files are read."""


def recognise(texts: Texts) -> Recognised:
    """XML files with <annotation> that have polygons, and no boxes of VOC."""
    names = texts.of("labelmexml")
    return Recognised(len(names), f"{plural(len(names), 'XML file')} of LabelMe's web tool")


class LabelmeXmlReader(Reader[ReadOptions]):
    """Reads every file of LabelMe's web tool below a folder."""

    Options = ReadOptions

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def open(self, root: Root, options: ReadOptions, context: Context) -> LabelmeXmlReading:
        return LabelmeXmlReading(root, options, context)


class LabelmeXmlReading(EachReading[ReadOptions]):
    """The files of one folder."""

    ending = ".xml"
    kind = "a file of LabelMe's web tool"
    fault = "unreadable-xml"

    def parse(self, name: str, data: bytes) -> Part[Stated | None]:
        yield from ()
        try:
            file = parse_file(data, name)
        except TooManyError as error:
            return Stated((), error.args[0], None)
        if file is None:
            return None
        count = sum(not is_deleted(one) for one in file.objects)
        return Stated(_names(file), count, file, file.size, "imagesize")

    def contents(
        self, file: str, stated: Stated, size: tuple[int, int]
    ) -> Generator[Finding | Evidence, None, Contents]:
        content: XmlFile = stated.content
        masks = Masks(self.root, file, content.folder, size)
        found = []
        deleted: list[Place] = []
        for index, element in enumerate(content.objects):
            place = Place(file, f"object[{index}]", _line_of(element))
            if is_deleted(element):
                deleted.append(place)
                continue
            instance = yield from _instance(element, place, size, masks)
            if instance is not None:
                found.append(instance)
        if deleted:
            first = deleted[0]
            yield Evidence(_DELETED, (file, first.pointer, first.line, len(deleted)))
        scene = {"scenedescription": content.scene} if content.scene else {}
        return Contents(found, attributes=scene)

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        if files := found.get(_DELETED):
            file, pointer, line, _ = files[0]
            number = sum(count for *_, count in files)
            yield code("deleted-object").at(
                Place(file, pointer, line),
                f"{plural(number, 'object')} marked as deleted (this is the first): left out",
                count=number,
            )
        yield from super().finish(found, decision)


def _names(file: XmlFile) -> tuple[str, ...]:
    """Names of the image, with its folder and without, as written and without space around it."""
    stripped = file.name.strip()
    if not stripped or {*"/\\"} & {*stripped}:
        return (stripped,) if stripped else ()
    names = dict.fromkeys((file.name.strip("\r\n\t"), stripped))
    return (*(f"{file.folder}/{name}" for name in names if file.folder), *names)


def _line_of(element: Any) -> int:
    return int(element.sourceline or 0)


def _instance(
    element: etree._Element, place: Place, size: tuple[int, int], masks: Masks
) -> Part[Instance | None]:
    """Returns the instance of an <object>; None if it has no area or cannot be read."""
    label = text_of(element, "name")
    polygon, segm = element.find("polygon"), element.find("segm")
    try:
        if not label:
            raise drawn.DrawnError("has no name")
        if polygon is not None:
            shape = yield from _polygon(element, polygon, label, place, size)
        elif segm is not None:
            shape = yield from _mask(segm, label, place, masks)
        else:
            raise drawn.DrawnError("has neither a polygon nor a mask")
    except drawn.DrawnError as error:
        yield bad_object(place, str(error))
        return None
    except MaskNotOpenedError as error:
        yield bad_object(place, str(error), "restore the file, or make it readable")
        return None
    if shape is None:
        return None
    return Instance(
        label=label,
        box=shape.box,
        area=shape.area,
        shape=shape.outline,
        place=place,
        attributes=attributes_of(element),
    )


def _polygon(
    element: etree._Element,
    polygon: etree._Element,
    label: str,
    place: Place,
    size: tuple[int, int],
) -> Part[drawn.Drawn | None]:
    ring = ring_of(polygon)
    if text_of(element, "type") == _BOX and len(ring) >= 4:
        box = geometry.ring_box(ring)
        return drawn.Drawn(box, geometry.box_area(box))
    if 0 < len(ring) < 6:
        what = "a point" if len(ring) == 2 else "a line"
        yield code("skipped-shape").at(
            place,
            f"{what} has no area: skipped",
            "draw what is to be detected as a box or polygon",
            lost=1,
            severity="note",
        )
        return None
    shape = drawn.polygon(ring, size)
    if shape.crosses:
        yield crossing(label, shape.area, place)
    return shape


def _mask(segm: etree._Element, label: str, place: Place, masks: Masks) -> Part[drawn.Drawn | None]:
    """Returns a mask or, if its file is missing, the box around it."""
    name, box = text_of(segm, "mask"), box_of(segm)
    try:
        if not name:
            raise MaskMissingError("its file")
        return masks.read(name, box)
    except MaskMissingError as error:
        if box is None:
            raise drawn.DrawnError(f"the mask {error.args[0]} does not exist") from error
    box = geometry.ordered(box)
    yield code("mask-missing").at(
        place,
        f"the mask {name or 'file'} of {label!r} does not exist: its box is used",
        "restore the folder Masks beside Annotations",
    )
    return drawn.Drawn(box, geometry.box_area(box))
