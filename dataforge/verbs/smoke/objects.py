"""The objects of a preflight, as annotated."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from dataforge.formats.voc import BOUNDS, understood_difficult
from dataforge.frameworks import BuiltDataset, ImageInfo
from dataforge.io import parse_xml
from dataforge.records import Box

UNEXPLAINED = "for no known reason"
"""The reason for objects that no rule of the framework excludes."""


class MarkedObject(msgspec.Struct, frozen=True):
    """One object as annotated.

    Attributes:
        name: of its class according to the dataset, None if it has none.
        raw_name: as written.
        box: (x0, y0, x1, y1) pixels, as far as known.
        flag: why the framework's rules would drop or ignore it; empty if they would not.
    """

    name: str | None
    raw_name: str
    box: Box | None
    flag: str


def marked_objects(dataset: BuiltDataset, index: int) -> list[MarkedObject]:
    """The objects of one image, read from its annotation file without applying any rules."""
    image = dataset.images[index]
    if dataset.source is not None:
        names = dataset.source.names
        annotations = dataset.source.annotations.get(image.id, [])
        return [_coco_object(annotation, image, names, dataset) for annotation in annotations]
    if image.xml is not None:
        element = parse_xml(image.xml.read_bytes(), str(image.xml))
        return [_xml_object(item, image, dataset) for item in element.iter("object")]
    # A custom dataset class: there is only its own output.
    return [
        MarkedObject(dataset.classes[label], dataset.classes[label], box, "")
        for label, box in zip(*dataset.truth(index), strict=True)
    ]


def _coco_object(
    annotation: Mapping[str, Any],
    image: ImageInfo,
    names: Mapping[Any, str],
    dataset: BuiltDataset,
) -> MarkedObject:
    raw = names.get(annotation.get("category_id"), f"category {annotation.get('category_id')}")
    name = dataset.class_of(raw)
    box = None
    flag = "" if name in dataset.classes else "of no class"
    values = annotation.get("bbox") or []
    if len(values) == 4:
        x, y, w, h = values
        box = (x, y, x + w, y + h)
        flag = flag or _box_flag(box, image)
    area = annotation.get("area")
    if area is not None and area <= 0:
        flag = flag or "without an area"
    if annotation.get("iscrowd") or annotation.get("ignore"):
        flag = flag or "crowd or ignored"
    return MarkedObject(name if name in dataset.classes else None, raw, box, flag)


def _xml_object(item: Any, image: ImageInfo, dataset: BuiltDataset) -> MarkedObject:
    raw = item.findtext("name") or ""
    name = dataset.class_of(raw)
    flag = "" if name in dataset.classes else "of no class"
    box = None
    try:
        x0, y0, x1, y1 = (float(item.findtext(f"bndbox/{tag}")) for tag in BOUNDS)
    except (TypeError, ValueError):
        x0 = math.nan
    if not math.isfinite(x0) or not all(map(math.isfinite, (y0, x1, y1))):
        flag = flag or "without a box"
    else:
        a, b, c, d = dataset.offsets
        box = (min(x0, x1) + a, min(y0, y1) + b, max(x0, x1) + c, max(y0, y1) + d)
        flag = flag or _box_flag(box, image)
    difficult, _ = understood_difficult(item.findtext("difficult"))
    if difficult:
        flag = flag or "difficult"
    return MarkedObject(name if name in dataset.classes else None, raw, box, flag)


def _box_flag(box: Box, image: ImageInfo) -> str:
    x0, y0, x1, y1 = box
    if x1 - x0 < 1 or y1 - y0 < 1:
        return "under one pixel"
    width, height = image.width or math.inf, image.height or math.inf
    if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
        return "outside the image"
    return ""


def extends_beyond(item: MarkedObject, image: ImageInfo) -> bool:
    """Whether a box extends beyond its image by more than rounding."""
    if item.box is None or image.width is None or image.height is None:
        return False
    x0, y0, x1, y1 = item.box
    # Two pixels are rounding; a tenth of the box is not.
    slack_x, slack_y = max(2, 0.1 * (x1 - x0)), max(2, 0.1 * (y1 - y0))
    inside_x = x0 >= -slack_x and x1 <= image.width + slack_x
    inside_y = y0 >= -slack_y and y1 <= image.height + slack_y
    return not (inside_x and inside_y)


def attribute(objects: Iterable[MarkedObject], here: Counter[str]) -> Counter[str]:
    """Reason -> number of one image's objects that the framework does not return."""
    lost: Counter[str] = Counter()
    rest = Counter(here)
    flagged = []
    for item in objects:
        if item.name is None:
            lost["of no class"] += 1
        elif item.flag:
            flagged.append(item)
        elif rest[item.name]:
            rest[item.name] -= 1
        else:
            lost[UNEXPLAINED] += 1
    for item in flagged:  # a rule may be disabled: then the box exists after all
        if item.name is not None and rest[item.name]:
            rest[item.name] -= 1
        else:
            lost[item.flag] += 1
    return lost
