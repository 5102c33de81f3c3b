"""What is in a file of LabelMe.

    <annotation>
      <filename>a.jpg</filename> <folder>users/x</folder>
      <source><sourceImage/><sourceAnnotation/></source>
      <imagesize><nrows>48</nrows><ncols>64</ncols></imagesize>
      <object>
        <name>cat</name> <deleted>0</deleted> <verified>0</verified> <occluded>no</occluded>
        <attributes>red, age=3</attributes>
        <parts><hasparts>1,2</hasparts><ispartof></ispartof></parts>
        <date/> <id>0</id> <type>bounding_box</type>
        <polygon><username/> <pt><x>10</x><y>12</y></pt> ... </polygon>
        or <segm><username/> <box><xmin/>...</box> <mask>a_mask_0.png</mask></segm>
      </object>
    </annotation>

There are line ends around texts. Images are in ``Images/FOLDER``, files in ``Annotations/FOLDER``,
masks in ``Masks/FOLDER``. The size is missing in old files. Numbers are taken as they are written,
as CVAT and Datumaro, which exchange this format, take them.

Source: the tool's own files, and datumaro/plugins/data_formats/labelme.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dataforge.formats.drawn import DrawnError, checked
from dataforge.formats.sizes import stated_size
from dataforge.io import MAX_OBJECTS, parse_xml
from dataforge.records import Box, Ring

if TYPE_CHECKING:
    from lxml import etree

_LONGEST = 40
"""Characters of a number."""

_EDGES = ("xmin", "ymin", "xmax", "ymax")


class XmlFile(NamedTuple):
    """A file.

    Attributes:
        name: of the image, as it is written.
        folder: of the image.
        size: (width, height) in pixels; None if it is not stated.
        scene: description of the image.
        objects: in order, with those that were deleted.
    """

    name: str
    folder: str
    size: tuple[int, int] | None
    scene: str
    objects: list[etree._Element]


class TooManyError(Exception):
    """A file has more objects than an image can have; the argument is their number."""


def parse_file(data: bytes, name: str) -> XmlFile | None:
    """What is in a file; None if it is not LabelMe's.

    Raises:
        ParseError: it cannot be parsed.
        TooManyError: it has too many objects.
    """
    count = (data.replace(b"\0", b"") if b"\0" in data else data).count(b"<object")
    if count > MAX_OBJECTS:
        raise TooManyError(count)
    top = parse_xml(data, name)
    if top.tag != "annotation" or top.find("size") is not None:
        return None
    objects = [*top.iterchildren("object")]
    if any(one.find("bndbox") is not None for one in objects):
        return None
    return XmlFile(
        _written(top, "filename"),
        text_of(top, "folder"),
        _size(top.find("imagesize")),
        text_of(top, "scenedescription"),
        objects,
    )


def text_of(element: etree._Element, tag: str) -> str:
    """The text of the first child of a name, without space around it; empty if there is none."""
    return _written(element, tag).strip()


def _written(element: etree._Element, tag: str) -> str:
    child = element.find(tag)
    return "" if child is None else str(child.text or "")


def _size(element: etree._Element | None) -> tuple[int, int] | None:
    if element is None:
        return None
    try:
        return stated_size(_number(element, "ncols"), _number(element, "nrows"))
    except DrawnError:
        return None


def _number(element: etree._Element, tag: str) -> float:
    """A number.

    Raises:
        DrawnError: it is none.
    """
    text = text_of(element, tag)
    try:
        if len(text) > _LONGEST:
            raise ValueError
        return float(text)
    except ValueError as error:
        raise DrawnError(f"{tag}: expected a number, got {text[:_LONGEST]!r}") from error


def is_deleted(element: etree._Element) -> bool:
    """Whether an object was deleted: it stays in the file."""
    return text_of(element, "deleted").lower() in ("1", "true", "yes")


def ring_of(polygon: etree._Element) -> Ring:
    """The corners of a <polygon>; the first is not repeated at the end.

    Raises:
        DrawnError: one of them is none.
    """
    numbers: list[float] = []
    for point in polygon.iterchildren("pt"):
        numbers += (_number(point, "x"), _number(point, "y"))
    checked(numbers)
    if len(numbers) > 6 and numbers[:2] == numbers[-2:]:
        del numbers[-2:]
    return tuple(numbers)


def box_of(segm: etree._Element) -> Box | None:
    """The <box> of a mask; None if it has none.

    Raises:
        DrawnError: one of its numbers is none.
    """
    box = segm.find("box")
    if box is None:
        return None
    x0, y0, x1, y1 = checked([_number(box, edge) for edge in _EDGES])
    return x0, y0, x1, y1
