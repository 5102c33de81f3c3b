"""Small datasets as people have them, and what a command makes of them."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers import write

from dataforge.jobs import Job
from dataforge.verbs.convert import convert

SIZE = (64, 48)


def image(path: Path, size: tuple[int, int] = SIZE) -> Path:
    """An image that looks like no other, and is not blurred."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    number = zlib.crc32(path.as_posix().encode())
    colours = bytes((number >> (index % 24) ^ 37 * index) & 255 for index in range(4 * 3 * 3))
    smooth = Image.frombytes("RGB", (4, 3), colours).resize(size, Image.Resampling.BILINEAR)
    grain = Image.frombytes("RGB", size, random.Random(number).randbytes(3 * size[0] * size[1]))
    Image.blend(smooth, grain, 0.4).save(path)
    return path


def coco(
    images: Sequence[tuple[Any, ...]],
    annotations: Sequence[tuple[Any, ...]],
    categories: Sequence[str] = ("x",),
    **more: Any,
) -> dict[str, Any]:
    """A COCO file.

    Args:
        images: (id, file name, other keys).
        annotations: (id, id of the image, id of the category, bbox, other keys).
        categories: names; ids are from 1.
        more: other keys of the file.
    """
    width, height = SIZE
    return {
        "images": [
            {"id": number, "file_name": name, "width": width, "height": height, **_rest(rest)}
            for number, name, *rest in images
        ],
        "annotations": [
            {"id": number, "image_id": on, "category_id": category, "bbox": box,
             "area": box[2] * box[3], "iscrowd": 0, "segmentation": [], **_rest(rest)}
            for number, on, category, box, *rest in annotations
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(categories, 1)],
        **more,
    }  # fmt: skip


def _rest(rest: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return rest[0] if rest else {}


def voc_boxes(folder: Path, reads: str, out: Path, **options: Any) -> dict[str, list[Any]]:
    """Image -> its (label, (x0, y0, x1, y1)), after a conversion to COCO or, from COCO, to VOC."""
    if reads != "coco":
        convert(Job(source=str(folder), out=str(out), reads=reads, writes="coco", **options))
        return _of_coco(out)
    convert(Job(source=str(folder), out=str(out), reads=reads, writes="voc", **options))
    from lxml import etree

    found: dict[str, list[Any]] = {}
    for path in sorted(out.rglob("*.xml")):
        root = etree.parse(str(path)).getroot()
        extension = Path(root.findtext("filename") or "").suffix
        name = path.relative_to(out / "Annotations").with_suffix(extension).as_posix()
        found[name] = [
            (
                one.findtext("name"),
                tuple(
                    float(one.findtext(f"bndbox/{tag}") or "nan") - (tag in ("xmin", "ymin"))
                    for tag in ("xmin", "ymin", "xmax", "ymax")
                ),
            )
            for one in root.iterfind("object")
        ]
    return found


def _of_coco(out: Path) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for path in sorted(out.rglob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        names = {one["id"]: one["name"] for one in content["categories"]}
        files = {one["id"]: one["file_name"] for one in content["images"]}
        found |= {name: [] for name in files.values()}
        for one in content["annotations"]:
            x, y, w, h = one["bbox"]
            box = (x, y, x + w, y + h)
            found[files[one["image_id"]]].append((names[one["category_id"]], box))
    return found


__all__ = ["SIZE", "coco", "image", "voc_boxes", "write"]
