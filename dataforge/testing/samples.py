"""Names, labels and records that every format is tried with."""

from __future__ import annotations

from typing import Any

from dataforge.findings import Place
from dataforge.records import Image, Instance, Mask, Polygons
from dataforge.testing.files import HEIGHT, WIDTH

SIZE: dict[str, Any] = {"width": WIDTH, "height": HEIGHT}
BOX = (8.0, 12.0, 24.0, 36.0)
"""The one box of the dataset that `FormatContract.one` writes; of 64 x 48 pixels these are halves,
quarters and eighths, so that floats hold them in every form."""

NAMES = (
    "a.jpg", "a b.jpg", " a.jpg", "人物_01.jpg", "it's \"x\".jpg", "a.b.c.jpg", "e\u0301.jpg",
    "-x.jpg", "#1.jpg", "100%41.jpg", "x,y;z.png", "d e/ü/a.jpg", "UPPER.JPG", "a.jpg.png",
    "[1]*.jpg", "&amp;.jpg", "null.jpg", "images of/a.jpg",
)  # fmt: skip
LABELS = ("cat", "人 物", 'it\'s "x" & <y>', "no", "007", "a,b", "a: b", "# 1", "e\u0301")


def marked(name: str, label: str) -> Image:
    """An image with `BOX`."""
    return Image(file_name=name, instances=(Instance(label=label, box=BOX, area=384),), **SIZE)


def _place(file: str, number: int) -> Place:
    return Place(file, str(number))


_RING = (8.0, 12.0, 24.0, 12.0, 24.0, 36.0)
# 2 rows of 3 pixels from (1, 0): columns of 48, so 48 + 2 + 46 + 2 + 46 + 2 + the rest
_MASK = Mask(size_hw=(HEIGHT, WIDTH), counts="`12^12^12RZ2")
RICH: tuple[Image, ...] = (
    Image(
        file_name="a.jpg",
        place=Place("a.src"),
        attributes={"flags": {"night": True}},
        extra={"coco": {"license": 2}},
        instances=(
            Instance(label="cat", box=BOX, area=384, place=_place("a.src", 1),
                     attributes={"pose": "Left"}),
            Instance(label="cat", box=BOX, area=192, place=_place("a.src", 2),
                     shape=Polygons((_RING,))),
            Instance(
                label="dog", box=(5, 12, 24, 36), area=202, place=_place("a.src", 3),
                difficult=True, shape=Polygons((_RING, (5.0, 20.0, 7.0, 20.0, 7.0, 30.0))),
                extra={"coco": {"score": 1}},
            ),
            Instance(label="dog", box=(1, 0, 4, 2), area=6, place=_place("a.src", 4), shape=_MASK),
        ),
        **SIZE,
    ),
    Image(file_name="empty.jpg", **SIZE),
    Image(
        file_name="b c/ü.jpg",
        place=Place("b.src"),
        instances=(
            Instance(label="cat", box=BOX, area=384, place=_place("b.src", 1), iscrowd=True),
            Instance(label="cat", box=(-5, -5, 20, 20), area=625, place=_place("b.src", 2)),
            Instance(label="cat", box=(7, 7, 7, 9), area=0, place=_place("b.src", 3)),
            Instance(label="cat", box=(70, 7, 80, 9), area=20, place=_place("b.src", 4)),
        ),
        **SIZE,
    ),
)  # fmt: skip
"""What a format may meet: outlines, masks, crowds, boxes outside the image and without area."""
