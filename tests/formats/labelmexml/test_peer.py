"""Datumaro reads the same files of LabelMe, and sees the same; what it writes is read as it is.

The package is downloaded once by uv; DATAFORGE_PEERS may name a Python that has it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contract import test_labelmexml as files
from helpers import SAMPLE
from pycocotools import mask as coco_mask

from dataforge.formats import get_format
from dataforge.jobs import Job
from dataforge.records import Image, Mask, Polygons
from dataforge.testing import driver, picture, write
from dataforge.verbs.convert import convert

pytestmark = pytest.mark.peers

SCRIPT = """
import json, sys
from datumaro import Dataset
from datumaro.components.annotation import AnnotationType

def seen(data):
    labels = data.categories()[AnnotationType.label]
    found = {}
    for item in data:
        own = found[f"{item.subset}/{item.id}"] = []
        for one in item.annotations:
            kind = one.type.name
            if kind == "mask":
                value = [int(one.image.sum()), [int(n) for n in one.image.nonzero()[1][[0, -1]]]]
            else:
                value = [float(n) for n in one.points]
            own.append([labels[one.label].name, kind, value])
    return found

found = seen(Dataset.import_from("made", "label_me"))
Dataset.import_from("cvat", "cvat").export("written", "label_me", save_media=True)
print(json.dumps([found, seen(Dataset.import_from("written", "label_me"))]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set made by hand, and the sample (22 images, 120 boxes) as CVAT XML."""
    made: Path = tmp_path_factory.mktemp("labelmexml")
    files.TestLabelmeXml().dataset(made / "made")
    things = {
        "train/a b.jpg": (files.BOX, files.TRIANGLE),
        "train/none.png": (),
        "train/z.jpg": (files.BOX, None, files.points((1.5, 2), (30, 4), (5, 40))),
        "val/d/ü.png": (files.SEGM,),
    }
    for image, shapes in things.items():
        inner = [
            files.thing("cat", one or files.TRIANGLE, "01"[one is None], f"<id>{number}</id>")
            for number, one in enumerate(shapes)
        ]
        inside, _, name = image.rpartition("/")
        text = files.document(name, *inner, folder=inside).replace("\n", "")
        write(made / "made" / "Annotations" / f"{image[:-4]}.xml", text)
        picture(made / "made" / "Images" / image)
    convert(
        Job(source=str(SAMPLE / "humanparts"), out=str(made / "cvat"), reads="voc", writes="cvat",
            skip=("none",), image_mode="copy")
    )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def theirs(folder: Path) -> list[dict[str, Any]]:
    """What datumaro sees of the set, and of what it has written itself."""
    script = write(folder / "run.py", SCRIPT)
    command = [os.environ.get("DATAFORGE_PEERS", "")]
    if not command[0]:
        if shutil.which("uv") is None:
            pytest.skip("uv is not there to install the package")
        command = ["uv", "run", "--no-project", "--isolated", "--python", "3.11", "--with",
                   "datumaro==1.13.12", "python"]  # fmt: skip
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [*command, str(script)],
        cwd=folder, capture_output=True, encoding="utf-8", check=False, env=environment,
    )  # fmt: skip
    offline = ("error sending request", "dns error", "Network connectivity", "Failed to fetch")
    if result.returncode and any(words in result.stderr for words in offline):
        pytest.skip("the package cannot be downloaded")
    assert result.returncode == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout.splitlines()[-1])
    return found


def ours(folder: Path) -> dict[str, Any]:
    """The same of what dataforge reads: <folder of the image>/<its name> -> its objects."""
    read = driver.Read(driver.read(get_format("labelmexml"), folder))
    return {_name(image): [*map(_seen, image.instances)] for image in read.images}


def _name(image: Image) -> str:
    return image.file_name.removeprefix("Images/").rpartition(".")[0]


def _seen(instance: Any) -> list[Any]:
    shape = instance.shape
    if isinstance(shape, Polygons):
        return [instance.label, "polygon", [*shape.rings[0]]]
    if isinstance(shape, Mask):
        pixels = coco_mask.decode({"size": [*shape.size_hw], "counts": shape.counts.encode()})
        columns = np.nonzero(pixels)[1]
        return [instance.label, "mask", [int(pixels.sum()), [int(columns[0]), int(columns[-1])]]]
    return [instance.label, "bbox", [*instance.box]]


def without_end(found: dict[str, Any]) -> dict[str, Any]:
    """Polygons without their first corner once more at the end, which datumaro keeps."""
    for own in found.values():
        for one in own:
            if one[1] == "polygon" and one[2][:2] == one[2][-2:]:
                del one[2][-2:]
    return found


def test_datumaro_sees_the_same(folder: Path, theirs: list[dict[str, Any]]) -> None:
    found = ours(folder / "made")
    assert [[kind for _, kind, _ in one] for one in found.values()] == [
        ["bbox", "polygon"], [], ["bbox", "polygon"], ["mask"],
    ]  # fmt: skip
    assert found == without_end(theirs[0])


def test_what_datumaro_writes_is_read(folder: Path, theirs: list[dict[str, Any]]) -> None:
    found = ours(folder / "written")
    assert (len(found), sum(map(len, found.values()))) == (22, 120)
    assert found == theirs[1]
