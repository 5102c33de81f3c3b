"""Layouts as they ship and as people write them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from helpers import SAMPLE, write

from dataforge.errors import ParseError
from dataforge.io import Root
from dataforge.layouts import (
    CocoImages,
    Layout,
    coco,
    load_layout,
    missing_paths,
    shipped_layout,
    well_known_layout,
)


@pytest.mark.parametrize("name", ["HumanParts", "human-parts", "human_parts", "PrivPersonPart"])
def test_humanparts_is_well_known(name: str) -> None:
    table = well_known_layout(name)
    assert table is not None
    found = msgspec.convert(table, Layout)
    assert found.folders("train") == ("Images", "Annotations")
    assert found.splits["val"] == "ImageSets/privpersonpart_val.txt"
    assert (found.coords, found.skip, found.ignore_case) == ("zero", ("none",), True)
    assert missing_paths(found, Root(SAMPLE / "humanparts")) == []


@pytest.mark.parametrize("name", ["", "voc", "coco", "no such set"])
def test_other_names_are_not_well_known(name: str) -> None:
    assert well_known_layout(name) is None


def test_the_devkits_layout_ships() -> None:
    found = msgspec.convert(shipped_layout("voc"), Layout)
    assert found.folders("train") == ("JPEGImages", "Annotations")
    assert (found.coords, found.coords_default) == ("auto", "voc")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("imgaes = 'x'", "imgaes"),
        ("coords = 'one'", "coords"),
        ("splits = 'train.txt'", "splits"),
        ("images = ", "is not TOML"),
    ],
)
def test_a_faulty_layout_file_is_named(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ParseError, match=said) as caught:
        load_layout(write(tmp_path / "mine.toml", content))
    assert "mine.toml" in str(caught.value)


def test_missing_paths_lists_absent_files_and_folders(tmp_path: Path) -> None:
    write(tmp_path / "Annotations" / "a.xml")
    assert missing_paths(Layout(splits={"train": "train.txt"}), Root(tmp_path)) == [
        "no file train.txt",
        "no folder JPEGImages/",
    ]


def test_folders_of_each_split() -> None:
    found = Layout(images="{split}/images", annotations="xml/{split}", splits={"val": "valid"})
    assert found.per_split
    assert found.folders("val") == ("valid/images", "xml/valid")
    assert not Layout().per_split


def test_images_are_indexed_once_for_a_file_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports of a cloud have a file for each image, which names it by its URL."""
    asked: list[str] = []
    last_part = coco.last_part
    monkeypatch.setattr(coco, "last_part", lambda name: asked.append(name) or last_part(name))
    number = 50
    images = CocoImages([f"images/{index}.jpg" for index in range(number)], lambda _: False)
    for index in range(number):
        found = images.of(f"{index}.json", [f"s3://bucket/{index}.jpg"])
        assert found.others == {f"s3://bucket/{index}.jpg": f"images/{index}.jpg"}
    assert len(asked) < 10 * number  # once for each image in each form, and a few for each file
