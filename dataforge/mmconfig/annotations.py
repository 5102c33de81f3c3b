"""The content of the annotation files of a config's datasets, as far as the checks need it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from dataforge.formats.voc import BOUNDS
from dataforge.io import MAX_COCO_BYTES, decode_json, parse_xml, read_file, to_utf8


class Marked(NamedTuple):
    """One annotated image.

    Attributes:
        size: (width, height) in pixels; None if the annotations do not state it.
        boxes: (class name, width, height) of each object; the name is None if missing.
    """

    size: tuple[float, float] | None
    boxes: list[tuple[str | None, float, float]]


class Annotations(NamedTuple):
    """The content of the annotation files of a dataset.

    Attributes:
        images: the listed images.
        categories: category names in the order of the COCO file; None for other files.
    """

    images: list[Marked]
    categories: list[str] | None


class _CocoImage(msgspec.Struct):
    id: Any = None
    width: float | None = None
    height: float | None = None


class _CocoAnnotation(msgspec.Struct):
    image_id: Any = None
    category_id: Any = None
    bbox: list[float] | None = None


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
    for item in content.annotations:
        size = item.bbox[2:4] if item.bbox and len(item.bbox) == 4 else [0.0, 0.0]
        box = (names.get(_hashable(item.category_id)), size[0], size[1])
        boxes.setdefault(_hashable(item.image_id), []).append(box)
    return Annotations(
        [
            Marked(
                (image.width, image.height) if image.width and image.height else None,
                boxes.get(_hashable(image.id), []),
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
    ids = [line for line in lines_of(listing) if os.path.isfile(f"{folder}/{line}.xml")]
    return Annotations([_of_xml(Path(f"{folder}/{id_}.xml")) for id_ in ids], None)


def _of_xml(path: Path) -> Marked:
    root = parse_xml(read_file(path), str(path))
    boxes = []
    for item in root.iter("object"):
        x0, y0, x1, y1 = (_number(item.findtext(f"bndbox/{tag}")) for tag in BOUNDS)
        boxes.append((item.findtext("name"), x1 - x0, y1 - y0))
    width, height = (_number(root.findtext(f"size/{tag}")) for tag in ("width", "height"))
    return Marked((width, height) if width and height else None, boxes)


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def lines_of(path: str) -> list[str]:
    """The non-blank lines of a text file.

    Raises:
        ParseError: it cannot be read.
    """
    text = to_utf8(read_file(Path(path)), path)[0].decode("utf-8")
    return [line.rstrip("\r\n") for line in text.splitlines() if line.strip()]
