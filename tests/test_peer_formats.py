"""KITTI and CVAT XML between dataforge and other packages: the same images, classes and boxes.

The other packages are downloaded once by uv; DATAFORGE_PEERS may name a Python that has them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from helpers import SAMPLE, write

from dataforge.datasets import Source
from dataforge.formats import get_format
from dataforge.jobs import Job
from dataforge.testing import driver
from dataforge.verbs.convert import convert

pytestmark = pytest.mark.peers

VERSIONS = ("datumaro==1.13.12", "globox==2.9.0", "labelformat==0.1.17")
SPLITS = ("train", "val")

SCRIPT = """
import json, shutil
from pathlib import Path
from argparse import Namespace
from datumaro import Dataset
from datumaro.components.annotation import AnnotationType
from globox import AnnotationSet
from labelformat.formats.cvat import CVATObjectDetectionInput, CVATObjectDetectionOutput
from labelformat.formats.kitti import KittiObjectDetectionInput, KittiObjectDetectionOutput

def by_labelformat(data):
    return {
        one.image.filename.rpartition("/")[2]: [
            [o.category.name, [o.box.xmin, o.box.ymin, o.box.xmax, o.box.ymax]]
            for o in one.objects
        ]
        for one in data.get_labels()
    }

def by_datumaro(data, split):
    labels = data.categories()[AnnotationType.label]
    return {
        item.id.rpartition("/")[2]: [
            [labels[a.label].name, [a.points[0], a.points[1], a.points[2], a.points[3]]]
            for a in item.annotations
            if a.type == AnnotationType.bbox
        ]
        for item in data
        if item.subset == split
    }

def by_globox(data):
    return {
        one.image_id.rpartition("/")[2]: [[b.label, list(b.ltrb)] for b in one.boxes]
        for one in data
    }

files = Path("kitti").rglob("label_2/*.txt")
names = {line.split()[0] for file in files for line in file.read_text().splitlines()}
found = {}
for split in ("train", "val"):
    kitti = KittiObjectDetectionInput(
        Path(f"kitti/{split}/label_2"), ",".join(sorted(names)), "../image_2")
    cvat = CVATObjectDetectionInput(Path(f"cvat/{split}.xml"))
    boxes = AnnotationSet.from_cvat(f"cvat/{split}.xml")
    found[f"labelformat kitti {split}"] = by_labelformat(kitti)
    found[f"labelformat cvat {split}"] = by_labelformat(cvat)
    found[f"globox cvat {split}"] = by_globox(boxes)
    found[f"datumaro kitti {split}"] = by_datumaro(Dataset.import_from("kitti", "kitti"), split)
    found[f"datumaro cvat {split}"] = by_datumaro(Dataset.import_from("cvat", "cvat"), split)
    KittiObjectDetectionOutput(Path(f"from labelformat/kitti/{split}/labels")).save(kitti)
    shutil.copytree(f"kitti/{split}/image_2", f"from labelformat/kitti/{split}/images")
    CVATObjectDetectionOutput(Path(f"from labelformat/cvat/{split}")).save(cvat)
    Path(f"from globox/cvat/{split}").mkdir(parents=True)
    boxes.save_cvat(f"from globox/cvat/{split}/annotations.xml")
    for peer in ("globox", "labelformat"):
        shutil.copytree(f"cvat/images", f"from {peer}/cvat/{split}/images")
Dataset.import_from("cvat", "cvat").export("from datumaro/cvat", "cvat", save_media=True)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What dataforge writes of the sample: 22 images with 120 boxes."""
    made: Path = tmp_path_factory.mktemp("peers")
    for writes in ("kitti", "cvat"):
        source = str(SAMPLE / "humanparts")
        convert(
            Job(source=source, out=str(made / writes), reads="voc", writes=writes, skip=("none",),
                image_mode="copy")
        )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    """``<peer> <format> <split>`` -> last part of an image's name -> what is marked in it."""
    script = write(folder / "run.py", SCRIPT)
    command = [os.environ.get("DATAFORGE_PEERS", "")]
    if not command[0]:
        if shutil.which("uv") is None:
            pytest.skip("uv is not there to install the packages")
        wanted = [word for version in VERSIONS for word in ("--with", version)]
        command = ["uv", "run", "--no-project", "--isolated", "--python", "3.11", *wanted, "python"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [*command, str(script)],
        cwd=folder, capture_output=True, encoding="utf-8", check=False, env=environment,
    )  # fmt: skip
    offline = ("error sending request", "dns error", "Network connectivity", "Failed to fetch")
    if result.returncode and any(words in result.stderr for words in offline):
        pytest.skip("the packages cannot be downloaded")
    assert result.returncode == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return told


def marked(folder: Path, format_: str) -> dict[str, dict[str, Any]]:
    """Split -> last part of an image's name -> what dataforge reads there."""
    source = Source(str(folder), format_, {})
    read = driver.Read(driver.read(get_format(format_), source.root, source.options))
    told: dict[str, dict[str, Any]] = {}
    for image in read.images:
        own = [(one.label, [*one.box]) for one in image.instances]
        told.setdefault(image.split or "", {})[image.file_name.rpartition("/")[2]] = own
    return told


def agree(one: dict[str, Any], other: dict[str, Any], within: float = 1e-4) -> None:
    """The same images, and the same boxes in the same order."""
    assert {*map(stem, one)} == {*map(stem, other)}
    again = {stem(name): boxes for name, boxes in other.items()}
    for name, boxes in one.items():
        assert [label for label, _ in boxes] == [label for label, _ in again[stem(name)]]
        for (_, box), (_, same) in zip(boxes, again[stem(name)], strict=True):
            assert box == pytest.approx(same, abs=within)


def stem(name: str) -> str:
    return name.rpartition(".")[0] or name


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(
    ("peer", "format_"),
    [("labelformat", "kitti"), ("datumaro", "kitti"), ("labelformat", "cvat"), ("globox", "cvat"),
     ("datumaro", "cvat")],
)  # fmt: skip
def test_what_is_written_is_read_by_others(
    folder: Path, found: dict[str, Any], peer: str, format_: str, split: str
) -> None:
    agree(found[f"{peer} {format_} {split}"], marked(folder / format_, format_)[split])


@pytest.mark.parametrize(
    ("peer", "format_", "within"),
    # datumaro writes two digits behind the point
    [("labelformat", "kitti", 1e-4), ("labelformat", "cvat", 1e-4), ("globox", "cvat", 1e-4),
     ("datumaro", "cvat", 0.0051)],
)  # fmt: skip
def test_what_others_write_is_read(
    folder: Path, found: dict[str, Any], peer: str, format_: str, within: float
) -> None:
    there = marked(folder / f"from {peer}" / format_, format_)
    ours = marked(folder / format_, format_)
    assert sum(len(boxes) for own in there.values() for boxes in own.values()) == 120
    for split in SPLITS:
        agree(there[split], ours[split], within)


def test_the_set_is_as_drawn(folder: Path) -> None:
    for format_ in ("kitti", "cvat"):
        own = marked(folder / format_, format_)
        assert sum(map(len, own.values())) == 22
        assert sum(len(boxes) for images in own.values() for boxes in images.values()) == 120
