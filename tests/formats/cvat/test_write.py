"""CVAT XML as it is written; what is read of it is what was read before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from helpers import picture, write
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from dataforge.findings import Place
from dataforge.formats import get_format
from dataforge.records import Category, Header, Image
from dataforge.testing import Read, driver

SHAPES = (
    '<box label="cat" xtl="10" ytl="10" xbr="30" ybr="20" rotation="30.5"/>',
    '<ellipse label="cat" cx="30.25" cy="20" rx="12" ry="6.5" rotation="45"/>',
    '<ellipse label="cat" cx="30" cy="20" rx="12" ry="6"/>',
    '<mask label="cat" rle="0, 4, 1, 1" left="1" top="0" width="3" height="2"/>',
    '<mask label="cat" rle="1, 2, 3" left="60" top="46" width="3" height="2"/>',
    '<polygon label="cat" points="1,2;9.5,2;1,6" occluded="1" z_order="3" source="auto"/>',
    '<box label="cat" xtl="-5" ytl="1.125" xbr="70" ybr="20" group_id="4"/>',
)


def read(folder: Path) -> Read:
    return Read(driver.read(get_format("cvat"), folder))


def without_places(image: Image) -> Image:
    own = tuple(msgspec.structs.replace(one, place=Place("")) for one in image.instances)
    return msgspec.structs.replace(image, instances=own, place=Place(""), split=None)


def again(images: list[Image], folder: Path) -> list[Image]:
    """What is read of images after they were written."""
    header = Header(categories=(Category(name="cat"),))
    driver.write(get_format("cvat"), folder, {"all": images}, header)
    for image in images:
        picture(folder / "images" / image.file_name.removeprefix("images/"))
    return read(folder).images


def test_every_shape_is_written_as_what_it_was(tmp_path: Path) -> None:
    image = f'<image name="a.png" width="64" height="48">{"".join(SHAPES)}</image>'
    write(tmp_path / "in" / "a.xml", f"<annotations><meta/>{image}</annotations>")
    picture(tmp_path / "in" / "images" / "a.png")
    before = read(tmp_path / "in")
    assert before.findings == []
    after = again(before.images, tmp_path / "out")
    assert [*map(without_places, after)] == [*map(without_places, before.images)]
    root = etree.parse(str(tmp_path / "out" / "annotations.xml")).getroot()
    tags = [child.tag for child in root.find("image")]
    assert tags == ["box", "ellipse", "ellipse", "mask", "mask", "polygon", "box"]
    assert root.find("image/box").get("rotation") == "30.5"


VALUES = st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9) | st.text("ab1é<&\"'")


@given(st.dictionaries(st.text("abc d", min_size=1).map(str.strip).filter(bool), VALUES))
def test_attributes_keep_their_types(tmp_path_factory: Any, said: dict[str, Any]) -> None:
    folder: Path = tmp_path_factory.mktemp("attributes")
    box = '<box label="cat" xtl="1" ytl="2" xbr="3" ybr="4"/>'
    write(folder / "in" / "a.xml", "<annotations><meta/><image name='a.png' width='64' "
          f"height='48'>{box}</image></annotations>")  # fmt: skip
    (image,) = read(folder / "in").images
    one = msgspec.structs.replace(image.instances[0], attributes=said)
    (after,) = again([msgspec.structs.replace(image, instances=(one,))], folder / "out")
    assert after.instances[0].attributes == said
