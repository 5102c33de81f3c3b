"""Images that are kept until they are written: with outlines as the writer wants them."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from dataforge.datasets.keeping import decode_places, decoder, encode_images
from dataforge.findings import Place
from dataforge.formats import Numbered, WritePlan, get_format
from dataforge.formats.base import Outlines, WrittenOutline
from dataforge.records import Category, Header, Image, Instance, Mask, Polygons

RING = (1.0, 2.0, 30.5, 2.0, 30.5, 40.0)
MASK = Mask(size_hw=(48, 64), counts="0P9")
BOX = (1.0, 2.0, 30.5, 40.0)


def instance(shape: Polygons | Mask | None) -> Instance:
    return Instance(label="cat", box=BOX, area=9.5, shape=shape, place=Place("a.json", "$.x"))


IMAGE = Image(
    file_name="a.jpg",
    width=64,
    height=48,
    instances=(instance(Polygons((RING, RING[::-1]))), instance(MASK), instance(None)),
    place=Place("a.json"),
)


def kept(outlines: Outlines) -> Image:
    (image,) = decoder(outlines)(encode_images([IMAGE], outlines))
    return image


def test_rings_are_as_they_were() -> None:
    assert kept("rings") == IMAGE


@pytest.mark.parametrize(
    ("outlines", "expected"), [("json", [[*RING], [*RING[::-1]]]), ("none", None)]
)
def test_an_outline_is_text_or_a_sign(outlines: Outlines, expected: object) -> None:
    polygons, mask, box = kept(outlines).instances
    assert isinstance(polygons.shape, WrittenOutline)
    assert (json.loads(polygons.shape.text) if polygons.shape.text else None) == expected
    others = [msgspec.structs.asdict(one) for one in (mask, box)]
    assert others == [msgspec.structs.asdict(one) for one in IMAGE.instances[1:]]
    assert (polygons.box, polygons.area, polygons.place) == (BOX, 9.5, Place("a.json", "$.x"))


@pytest.mark.parametrize("outlines", ["rings", "json", "none"])
def test_places_are_known_however_images_are_kept(outlines: Outlines) -> None:
    assert [one.place for one in decode_places(encode_images([IMAGE], outlines))] == [IMAGE.place]


@pytest.mark.parametrize("name", ["coco", "voc", "yolo"])
def test_a_writer_writes_the_same_of_what_it_asks_for(name: str, tmp_path: Path) -> None:
    writer = get_format(name).writer
    assert writer is not None
    options = writer.Options()
    written = []
    for number, outlines in enumerate(("rings", writer.outlines(options))):
        plan = WritePlan(
            stage=tmp_path / str(number),
            out="out",
            header=Header(categories=(Category(name="cat"),)),
            splits=("all",),
        )
        found = writer.open(plan, options).write([Numbered("all", 1, 1, kept(outlines))])
        files = sorted((tmp_path / str(number)).rglob("*.*"))
        written.append((found, [path.read_bytes() for path in files if path.is_file()]))
    assert written[0] == written[1]
