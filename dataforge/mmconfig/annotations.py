"""The content of the annotation files of a config's datasets, as far as the checks need it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from dataforge.formats.voc import BOUNDS
from dataforge.io import MAX_COCO_BYTES, decode_json, parse_xml, read_file, to_utf8


class Marked(NamedTuple):
    """One annotated image.

    Attributes:
        name: file name in COCO, else the id in the list.
        size: (width, height) in pixels; None if the annotations do not state it.
        boxes: (class name, width, height) of each object; the name is None if missing.
        outlines: number of objects with an outline.
        faults: (class name, or None for the image as a whole; what the XML reader of mmdetection
            raises an error on).
    """

    name: str
    size: tuple[float, float] | None
    boxes: list[tuple[str | None, float, float]]
    outlines: int = 0
    faults: tuple[tuple[str | None, str], ...] = ()


class Annotations(NamedTuple):
    """The content of the annotation files of a dataset.

    Attributes:
        images: the listed images.
        categories: category names in the order of the COCO file; None for other files.
        missing: lines of the list for which there is no XML file, as mmdetection reads them.
    """

    images: list[Marked]
    categories: list[str] | None
    missing: tuple[str, ...] = ()


class _CocoImage(msgspec.Struct):
    id: Any = None
    file_name: Any = ""
    width: float | None = None
    height: float | None = None


class _CocoAnnotation(msgspec.Struct):
    image_id: Any = None
    category_id: Any = None
    bbox: list[float] | None = None
    segmentation: Any = None


class _CocoCategory(msgspec.Struct):
    id: Any = None
    name: str = ""


class _Coco(msgspec.Struct):
    images: list[_CocoImage] = []
    annotations: list[_CocoAnnotation] = []
    categories: list[_CocoCategory] = []


def of_coco(path: Path) -> Annotations:
    """Read a COCO file.

    Raises:
        ParseError: it cannot be read.
    """
    data = to_utf8(read_file(path, MAX_COCO_BYTES), str(path))[0]
    content = decode_json(data, _Coco, str(path))
    names = {_hashable(category.id): category.name for category in content.categories}
    boxes: dict[Any, list[tuple[str | None, float, float]]] = {}
    outlines: Counter[Any] = Counter()
    for item in content.annotations:
        outlines[_hashable(item.image_id)] += bool(item.segmentation)
        size = item.bbox[2:4] if item.bbox and len(item.bbox) == 4 else [0.0, 0.0]
        box = (names.get(_hashable(item.category_id)), size[0], size[1])
        boxes.setdefault(_hashable(item.image_id), []).append(box)
    return Annotations(
        [
            Marked(
                str(image.file_name),
                (image.width, image.height) if image.width and image.height else None,
                boxes.get(_hashable(image.id), []),
                outlines[_hashable(image.id)],
            )
            for image in content.images
        ],
        [category.name for category in content.categories],
    )


def _hashable(id_: Any) -> Any:
    return id_ if isinstance(id_, (int, str)) else str(id_)


def of_xmls(listing: str, folder: str) -> Annotations:
    """Read the XML files in a folder, for the ids listed in a file.

    Raises:
        ParseError: a file cannot be read.
    """
    lines = lines_of(listing, blank=True)
    there = {line: os.path.isfile(f"{folder}/{line}.xml") for line in dict.fromkeys(lines)}
    images = [_of_xml(line, Path(f"{folder}/{line}.xml")) for line in lines if there[line]]
    return Annotations(images, None, tuple(line for line in lines if not there[line]))


def _of_xml(id_: str, path: Path) -> Marked:
    root = parse_xml(read_file(path), str(path))
    boxes = []
    faults: list[tuple[str | None, str]] = []
    for item in root.iter("object"):
        x0, y0, x1, y1 = (_number(item.findtext(f"bndbox/{tag}")) for tag in BOUNDS)
        boxes.append((item.findtext("name"), x1 - x0, y1 - y0))
    width, height = (_number(root.findtext(f"size/{tag}")) for tag in ("width", "height"))
    if root.find("size") is not None:
        tags = ("size/width", "size/height")
        faults += [(None, fault) for tag in tags if (fault := _fault(root, tag, int))]
    for item in root.findall("object"):
        faults += [(item.findtext("name"), fault) for fault in _faults(item)]
    size = (width, height) if width and height else None
    return Marked(id_, size, boxes, faults=tuple(faults))


def _faults(item: Any) -> Iterator[str]:
    """What mmdetection cannot read in an object of XML."""
    if item.find("name") is None:
        yield "an object without name"
    if item.find("difficult") is not None and (fault := _fault(item, "difficult", int)):
        yield fault
    for tag in BOUNDS:
        if fault := _fault(item, f"bndbox/{tag}", lambda text: int(float(text))):
            yield fault


def _fault(item: Any, tag: str, read: Callable[[str], int]) -> str:
    """Why the text of a tag cannot be read; empty if it can."""
    found = item.find(tag)
    if found is None:
        return f"no {tag}"
    try:
        read(found.text)
    except (OverflowError, TypeError, ValueError):
        return f"{tag} is {found.text!r}" if found.text else f"{tag} is empty"
    return ""


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def lines_of(path: str, *, blank: bool = False) -> list[str]:
    """The lines of a text file, without their ends.

    Args:
        path: of the file.
        blank: include blank lines, as mmdetection does.

    Raises:
        ParseError: it cannot be read.
    """
    text = to_utf8(read_file(Path(path)), path)[0].decode("utf-8")
    return [line.rstrip("\r\n") for line in text.splitlines() if blank or line.strip()]
