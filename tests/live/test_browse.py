"""`dataforge browse` of training configs: what is shown is what the framework trains on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")

from command_line import Cli
from PIL import Image
from smoke_data import Registered, every

from dataforge.frameworks import open_config
from dataforge.verbs.browse import BrowseOptions, browse

Get = Callable[[str], Registered]


def read(path: Path) -> list[Any]:
    text = path.read_text("utf-8")
    return list(json.loads(f"[{text[text.index('(') + 1 : text.rindex(')')]}]"))


@every
def test_images_are_as_they_are_trained_on(live: Get, framework: str, tmp_path: Path) -> None:
    registered = live(framework)
    report = browse(registered.config, tmp_path / "page", BrowseOptions(most=5))
    assert (report.images, report.without_picture) == (5, 0)
    data = tmp_path / "page" / "browse" / "data"
    (side,) = read(data / "index.js")[0]["sides"]
    _, config = open_config(registered.config)
    (part,) = config.parts("train")
    built = part.build(training=True)
    assert report.format == side["format"] == "config"
    assert side["title"] == registered.config.name
    assert side["classes"] == [*built.classes]
    assert f"5 of {len(built.images)} images" in side["how"][0]
    ((chunk, _),) = side["chunks"]
    _, shapes = read(data / f"{chunk}.js")
    for at, image in enumerate(built.images[:5]):
        assert Path(side["name"][at]).stem == Path(image.name).stem
        assert image.width
        assert image.height
        scale = side["height"][at] / image.height
        assert (scale > 1) == (framework != "torchvision")  # its model scales, not its pipeline
        width = round(image.width * scale)
        assert 0 <= side["width"][at] - width < 32  # mmdetection pads
        truth = built.truth(at)
        assert [label for label, *_ in shapes[at]["o"]] == truth.labels
        for (_, box, *_), was in zip(shapes[at]["o"], truth.boxes, strict=True):
            wide = (box[2] - box[0], box[3] - box[1])
            assert wide == pytest.approx(
                ((was[2] - was[0]) * scale, (was[3] - was[1]) * scale), abs=2
            )
            mirrored = (width - box[2], width - box[0])
            there = (was[0] * scale, was[2] * scale)
            assert (box[0], box[2]) == pytest.approx(there, abs=2) or mirrored == pytest.approx(
                there, abs=2
            )
        # The pixels are those of the file, in its colours.
        with Image.open(image.path) as opened:
            mean = opened.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        shown = Image.open(tmp_path / "page" / "browse" / "thumbs" / chunk / f"{at}.jpg")
        used = (0, 0, shown.width * width / side["width"][at], shown.height)
        found = shown.resize((1, 1), Image.Resampling.BOX, box=used).getpixel((0, 0))
        assert found == pytest.approx(mean, abs=4)


@every
def test_the_same_augmentation_each_time(live: Get, framework: str, tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        browse(live(framework).config, tmp_path / name / "page", BrowseOptions(most=6))
        data = tmp_path / name / "page" / "browse" / "data"
        pages.append([path.read_bytes() for path in sorted(data.iterdir())])
    assert pages[0] == pages[1]


@every
def test_the_command(live: Get, framework: str, cli: Cli, tmp_path: Path) -> None:
    config = live(framework).config
    result = cli("browse", config, "--most", "3", "--compare", live(framework).root, cwd=tmp_path)
    assert result.returncode in (0, 1), result.stderr
    assert f"wrote {config.stem}-browse/index.html" in result.stdout
    gone = tmp_path / "gone.py"
    gone.write_text(f"_base_ = {str(config) + '.none.py'!r}\nmodel = dict()\n")
    result = cli("browse", gone, cwd=tmp_path)
    assert result.returncode == 3
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "gone-browse").exists()
