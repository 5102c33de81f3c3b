"""A format of another package has options of its own, of which nothing in cli/ knows."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from helpers import REPO, picture, python, write

PLUGIN = """
from typing import Annotated

import msgspec

from dataforge.formats import Format, Reader, Reading, Item
from dataforge.records import Image
from dataforge.findings import Place
from dataforge.io import is_image


class Options(msgspec.Struct, frozen=True, kw_only=True):
    suffix: Annotated[str, msgspec.Meta(description="Ending of the images that are taken.")] = ""
    missing_images: Annotated[str, msgspec.Meta(description="See labelme.")] = "keep"


class ListedReading(Reading):
    def __init__(self, root, options):
        self.root = root
        self.options = options

    def items(self):
        names = [name for name in self.root.files() if is_image(name)]
        kept = (name for name in names if name.endswith(self.options.suffix))
        yield from (Item(number, name) for number, name in enumerate(kept))

    def read(self, item):
        width, height = self.root.image_size(item.value)
        yield Image(
            file_name=item.value, width=width, height=height, instances=(), place=Place(item.value)
        )


class ListedReader(Reader):
    Options = Options

    def open(self, root, options, context):
        return ListedReading(root, options)


FORMAT = Format(name="listed", about="a test", reader=ListedReader(), names_classes=False)
"""


@pytest.fixture
def site(tmp_path: Path) -> str:
    folder = tmp_path / "site"
    write(folder / "listed_plugin.py", PLUGIN)
    info = folder / "listed-1.0.dist-info"
    write(info / "METADATA", "Metadata-Version: 2.1\nName: listed\nVersion: 1.0\n")
    write(info / "entry_points.txt", "[dataforge.formats]\nlisted = listed_plugin:FORMAT\n")
    return os.pathsep.join([str(folder), str(REPO)])


def test_options_of_a_plugin(site: str, tmp_path: Path) -> None:
    def cli(*arguments: str) -> tuple[int, str, str]:
        done = python("-m", "dataforge", *arguments, cwd=tmp_path, PYTHONPATH=site)
        return done.returncode, done.stdout, done.stderr

    picture(tmp_path / "in" / "a.png")
    picture(tmp_path / "in" / "b.jpg")
    for verb in ("convert", "check"):
        _, said, _ = cli(verb, "--help")
        assert " --suffix TEXT " in said
        assert "Ending of the images that are taken (listed)." in " ".join(said.split())
    code, _, said = cli(
        "convert", "listed2coco", "in", "o.json", "--suffix", ".png", "--engine", "local"
    )
    assert (code, said) == (0, "")
    (image,) = json.loads((tmp_path / "o.json").read_text())["images"]
    assert image["file_name"] == "a.png"
    code, _, said = cli("convert", "images2coco", "in", "p.json", "--suffix", ".png")
    assert code == 2
    assert said.startswith("error: --suffix has no effect for images2coco\n")
    code, _, said = cli("check", "in", "--from", "images", "--suffix", ".png")
    assert code == 2
    assert said.startswith("error: --suffix has no effect where images is read\n")
    code, _, said = cli(
        "convert", "in", "q.json", "--to", "coco", "--from", "listed", "--lines", "x"
    )
    assert said.startswith("error: --lines has no effect for listed2coco\n")
