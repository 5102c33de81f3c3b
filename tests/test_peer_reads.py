"""Formats that are only read: other packages see the same images, classes and boxes.

datumaro reads WIDER FACE, and Scalabel, the toolkit of BDD100K, makes COCO's boxes of its labels.
The packages are downloaded once by uv; without it, or without network, they are skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from helpers import picture, write

from dataforge.formats import get_format
from dataforge.testing import driver

pytestmark = pytest.mark.peers

WIDER = """
import json
from datumaro import Dataset
from datumaro.components.annotation import AnnotationType

data = Dataset.import_from(".", "wider_face")
print(json.dumps({
    item.media.path.rpartition("/")[2]: [
        [[a.x, a.y, a.x + a.w, a.y + a.h], a.attributes["invalid"]]
        for a in item.annotations if a.type == AnnotationType.bbox
    ]
    for item in data
}))
"""
FACES = """\
0--Parade/a.jpg
3
10 12 20 28 2 0 1 0 1 0\x20
1 2 3 4 1 0 0 0 2 1\x20
5.5 6 7 8 1 0 0 0 0 0\x20
1--Handshaking/b.jpg
0
0 0 0 0 0 0 0 0 0 0\x20
1--Handshaking/c.jpg
1
0 0 64 48 0 0 0 0 0 0\x20
"""

SCALABEL = """
import json
from scalabel.label.to_coco import scalabel2coco_detection
from scalabel.label.typing import Category, Config, Frame

frames = json.load(open("det_train.json"))
names = sorted({label["category"] for frame in frames for label in frame["labels"] or ()})
size = {"width": 64, "height": 48}
config = Config(categories=[Category(name=name) for name in names], imageSize=size)
print(json.dumps(scalabel2coco_detection([Frame(**frame) for frame in frames], config)))
"""
FRAMES = [
    {"name": "a.jpg", "labels": [
        {"id": "0", "category": "car", "box2d": {"x1": 10.5, "y1": 12, "x2": 29, "y2": 39}},
        {"id": "1", "category": "rider", "box2d": {"x1": 0, "y1": 0, "x2": 63, "y2": 47},
         "attributes": {"crowd": True}},
    ]},
    {"name": "b.jpg", "labels": [
        {"id": "2", "category": "car", "box2d": {"x1": 1, "y1": 2, "x2": 3, "y2": 4}},
    ]},
    {"name": "c.jpg", "labels": None},
]  # fmt: skip


def run(folder: Path, script: str, *packages: str) -> Any:
    """What a script prints, run in a folder with some packages."""
    if shutil.which("uv") is None:
        pytest.skip("uv is not there to install the packages")
    given = [word for package in packages for word in ("--with", package)]
    path = write(folder.parent / "run.py", script)
    command = ["uv", "run", "--no-project", "--isolated", "--python", "3.11", *given, "python"]
    result = subprocess.run(
        [*command, str(path)], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    offline = ("error sending request", "dns error", "Network connectivity", "Failed to fetch")
    if result.returncode and any(words in result.stderr for words in offline):
        pytest.skip("the packages cannot be downloaded")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_datumaro_reads_the_same_faces(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write(folder / "wider_face_split" / "wider_face_train_bbx_gt.txt", FACES)
    for name in (line for line in FACES.splitlines() if line.endswith(".jpg")):
        picture(folder / "WIDER_train" / "images" / name)
    found = run(folder, WIDER, "datumaro==1.13.12")
    read = driver.Read(driver.read(get_format("widerface"), folder))
    ours = {
        image.file_name.rpartition("/")[2]: [[*one.box] for one in image.instances]
        for image in read.images
    }
    theirs = {name: [box for box, _ in boxes] for name, boxes in found.items()}
    assert theirs.pop("b.jpg") in ([], [[0, 0, 0, 0]])  # it may take the row of zeros for a face
    assert ours.pop("b.jpg") == []
    assert ours == theirs
    assert sum(map(len, ours.values())) == 4


def test_scalabel_makes_the_same_boxes(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write(folder / "det_train.json", FRAMES)
    for frame in FRAMES:
        picture(folder / str(frame["name"]))
    pinned = ("scalabel==0.3.1", "pydantic<2", "numpy<2", "setuptools<80")
    found = run(folder, SCALABEL, *pinned)
    images = {image["id"]: image["file_name"] for image in found["images"]}
    names = {category["id"]: category["name"] for category in found["categories"]}
    theirs: dict[str, list[Any]] = {name: [] for name in images.values()}
    for one in found["annotations"]:
        x, y, width, height = one["bbox"]
        label = names[one["category_id"]]
        theirs[images[one["image_id"]]].append(
            (label, (x, y, x + width, y + height), bool(one["iscrowd"]), one["area"])
        )
    read = driver.Read(driver.read(get_format("bdd100k"), folder))
    ours = {
        image.file_name: [(one.label, one.box, one.iscrowd, one.area) for one in image.instances]
        for image in read.images
    }
    assert ours == theirs
    assert sum(map(len, ours.values())) == 3
