"""Images beside files that may be annotations are not taken for images without annotations."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Cli
from helpers import load_coco, picture, write

import dataforge
from dataforge.datasets import guess_format
from dataforge.errors import InputError
from dataforge.io import Root

TABLE = "patient,x,y,width,height,Target\np1,10.0,20.0,30.0,40.0,1\n"
UNREAD = [
    # file, its content, the converter that the message names
    ("p.json", "{}", "labelstudio2coco"),
    ("n.json", '{"area": NaN}', "labelstudio2coco"),
    ("own.xml", "<boxes><box/></boxes>", "voc2coco"),
    ("labels.csv", TABLE, "csv2coco"),
    ("labels.txt", "cat 10 20 30 40 a b c\n", "yolo2coco"),
]


@pytest.mark.parametrize(("name", "content", "converter"), UNREAD)
def test_files_of_no_known_format_are_named_and_nothing_is_written(
    name: str, content: str, converter: str, cli: Cli, tmp_path: Path
) -> None:
    picture(tmp_path / "d" / "a.jpg")
    write(tmp_path / "d" / name, content)
    out = tmp_path / "out"
    result = cli("convert", tmp_path / "d", out, "--to", "coco")
    assert result.returncode == 3
    for part in (f"not read: {name};", converter, "images2coco"):
        assert part in result.stderr
    with pytest.raises(InputError, match=f"not read: {name};"):
        dataforge.convert(tmp_path / "d", out)
    assert not out.exists()
    said = cli("inspect", tmp_path / "d").stderr
    assert name in said
    assert "annotate them" not in said


def test_the_images_alone_are_converted_if_that_is_said(tmp_path: Path) -> None:
    picture(tmp_path / "d" / "a.jpg")
    write(tmp_path / "d" / "labels.csv", TABLE)
    dataforge.convert(tmp_path / "d", tmp_path / "out", reads="images")
    assert len(load_coco(tmp_path / "out")["images"]) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.txt", "1 2 3 4\n"),
        ("notes.txt", "cat\ndog\n"),
        ("list.txt", "images/1.jpg\nimages/2.jpg 640 480\n"),
        ("empty.csv", "\n"),
    ],
)
def test_other_files_beside_images_are_no_annotations(
    name: str, content: str, tmp_path: Path
) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / name, content)
    assert guess_format(Root(tmp_path)) == "images"


def test_a_packed_export_is_to_be_unpacked(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "d" / "export.zip", b"PK")
    result = cli("convert", tmp_path / "d", tmp_path / "out", "--to", "coco")
    assert result.returncode == 3
    assert "unpack export.zip first" in result.stderr
    assert "unpack export.zip first" in cli("inspect", tmp_path / "d").stderr
