"""Layouts as they ship, split lists, and what tells one convention of boxes from another."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from helpers import SAMPLE, write

from dataforge.errors import ParseError
from dataforge.geometry import Coords
from dataforge.io.files import Root
from dataforge.layouts import layout
from dataforge.layouts.layout import CoordsEvidence, Layout

# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["HumanParts", "human-parts", "human_parts", "PrivPersonPart"])
def test_humanparts_is_well_known(name: str) -> None:
    table = layout.well_known(name)
    assert table is not None
    found = msgspec.convert(table, Layout)
    assert found.folders("train") == ("Images", "Annotations")
    assert found.splits["val"] == "ImageSets/privpersonpart_val.txt"
    assert (found.coords, found.skip, found.ignore_case) == ("zero", ("none",), True)
    assert layout.missing(found, Root(SAMPLE / "humanparts")) == []


@pytest.mark.parametrize("name", ["", "voc", "coco", "no such set"])
def test_other_names_are_not_well_known(name: str) -> None:
    assert layout.well_known(name) is None


def test_the_devkits_layout_ships() -> None:
    found = msgspec.convert(layout.shipped("voc"), Layout)
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
        layout.load(write(tmp_path / "mine.toml", content))
    assert "mine.toml" in str(caught.value)


def test_missing_says_what_the_folder_lacks(tmp_path: Path) -> None:
    write(tmp_path / "Annotations" / "a.xml")
    assert layout.missing(Layout(splits={"train": "train.txt"}), Root(tmp_path)) == [
        "no file train.txt",
        "no folder JPEGImages/",
    ]


def test_folders_of_each_split() -> None:
    found = Layout(images="{split}/images", annotations="xml/{split}", splits={"val": "valid"})
    assert found.per_split
    assert found.folders("val") == ("valid/images", "xml/valid")
    assert not Layout().per_split


# Split files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a\n\n b \r\nc\t\r\n", ["a", "b", "c"]),
        ("\ufeffa\nb\na\n", ["a", "b"]),
        ("a.jpg\nb.PNG\nc.xml\nd.v2\n", ["a", "b", "c", "d.v2"]),
        ("sub/a.jpg\nsub\\b.jpg\n", ["sub/a", "sub/b"]),
        ("a  1\nb -1\nc  0\n", ["a", "c"]),  # VOC's class files
        ("a,1\nb, 0\nc ,-1\n", ["a", "b"]),
        ("a.jpg,1\n", ["a"]),
        ("'a'\n\"b c\"\n", ["a", "b c"]),
        ("my photo\nmy photo 12\n", ["my photo", "my photo 12"]),
        ("", []),
    ],
)
def test_split_ids(text: str, ids: list[str]) -> None:
    assert layout.split_ids(text) == ids


@pytest.mark.parametrize(
    ("line", "id_"),
    [
        ("a", "a"),
        ("./a", "a"),
        ("JPEGImages/a", "a"),
        ("/home/me/VOC/JPEGImages/sub/a", "sub/a"),  # the longest id that there is
        ("b", None),
        ("a/b", None),
    ],
)
def test_match_id(line: str, id_: str | None) -> None:
    assert layout.Ids({"a": "a", "sub/a": "sub/a"}).match(line) == id_


# Coordinates -----------------------------------------------------------------------------------

INSIDE = (10, 10, 30, 30)


@pytest.mark.parametrize(
    ("boxes", "decided", "said"),
    [
        ([INSIDE, (0, 5, 9, 9)], "zero", "1 of 2 boxes begins at 0"),
        ([(0.5, 5, 9, 9)], "zero", "1 of 1"),  # half a pixel from the edge
        ([(0, 5, 64, 9)], "zero", "begins at 0"),  # 0 outweighs an end at the width
        ([INSIDE, (1, 1, 64, 30)], "voc", "1 ends exactly"),
        ([INSIDE, (1, 1, 30, 48)], "voc", "1 ends exactly"),
        ([INSIDE], "mmdet", "nothing in 1 box tells; mmdet"),
        ([(-3, 5, 65, 9)], "mmdet", "nothing"),  # outside the image tells nothing
        ([], "mmdet", "nothing in 0 boxes"),
    ],
)
def test_evidence(
    boxes: list[tuple[float, float, float, float]], decided: Coords, said: str
) -> None:
    evidence = CoordsEvidence()
    for box in boxes:
        evidence.add(box, 64, 48)
    coords, reason = evidence.decide("mmdet")
    assert coords == decided
    assert said in reason
