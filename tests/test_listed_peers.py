"""Other packages read the files that list images, and see the same classes and boxes.

Without `uv` or network they are skipped. docs/formats.md has the table of what these tests show.
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
from dataforge.jobs import Job
from dataforge.testing import driver
from dataforge.verbs.convert import convert

BOXES = {
    "a.jpg": [("cat", (10, 12, 30, 40)), ("dog", (0.5, 1.25, 64, 48))],
    "b c.jpg": [("cat", (1, 2, 3, 5))],
}
"""Image -> (class, edges of the box in pixels)."""

OPENIMAGES = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded\n"
    "a.jpg,x,/m/01,1,0.25,0.5,0.5,0.75,0\nb c.jpg,x,/m/02,1,0,1,0.125,0.5,1\n"
)

PEERS = """
import json, sys
from pathlib import Path
import globox, supervision
from datumaro.plugins.data_formats.kaggle.base import KaggleImageCsvBase
from datumaro.plugins.data_formats.roboflow.base import RoboflowCreateMlBase
from datumaro.components.annotation import AnnotationType

root = Path(sys.argv[1])

def by_globox(data):
    return {one.image_id: [[box.label, [box.xmin, box.ymin, box.xmax, box.ymax]]
                           for box in one.boxes] for one in data}

def by_supervision(data):
    return {Path(path).name: [[data.classes[number], box] for number, box in
                              zip(marked.class_id.tolist(), marked.xyxy.tolist())]
            for path, marked in data.annotations.items()}

def by_datumaro(data):
    names = data.categories()[AnnotationType.label]
    return {Path(item.media.path).name: [[names[box.label].name,
            [box.x, box.y, box.x + box.w, box.y + box.h]] for box in item.annotations]
            for item in data}

def found(folder, file):
    return str(root / folder / "all"), str(root / folder / "all" / file)

images, createml = found("createml", "_annotations.createml.json")
tables, table = found("csv", "_annotations.csv")
vias, via = found("via", "via_project.json")
columns = {"media": "filename", "label": "class",
           "bbox": {"x1": "xmin", "y1": "ymin", "x2": "xmax", "y2": "ymax"}}
print(json.dumps({
    "createml by supervision": by_supervision(
        supervision.DetectionDataset.from_createml(images, createml)),
    "createml by datumaro": by_datumaro(RoboflowCreateMlBase(createml)),
    "csv by datumaro": by_datumaro(KaggleImageCsvBase(tables, table, columns)),
    "via by globox": by_globox(globox.AnnotationSet.from_via_json(
        via, label_key="label", image_folder=vias)),
    "openimages by globox": by_globox(globox.AnnotationSet.from_openimage(
        root / "open" / "x.csv", image_folder=root / "open")),
}))
"""


def written(folder: Path) -> None:
    """The set in all formats, and a table of OpenImages."""
    images = [
        {"image": name, "annotations": [
            {"label": label, "coordinates": {"x": (box[0] + box[2]) / 2, "y": (box[1] + box[3]) / 2,
                                             "width": box[2] - box[0], "height": box[3] - box[1]}}
            for label, box in marked]}
        for name, marked in BOXES.items()
    ]  # fmt: skip
    write(folder / "in" / "x.json", images)
    write(folder / "open" / "x.csv", OPENIMAGES)
    for name in BOXES:
        picture(folder / "in" / name)
        picture(folder / "open" / name)
    for reads, writes in (("createml", "coco"), ("createml", "csv"), ("createml", "via")):
        convert(Job(source=str(folder / "in"), out=str(folder / writes), reads=reads,
                    writes=writes, image_mode="copy"))  # fmt: skip
    convert(Job(source=str(folder / "coco"), out=str(folder / "createml"), reads="coco",
                writes="createml", image_mode="copy"))  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each of them finds."""
    if shutil.which("uv") is None:
        pytest.skip("uv is not there to install them")
    folder = tmp_path_factory.mktemp("peers")
    written(folder)
    packages = ("globox==2.9.0", "supervision==0.31.2", "datumaro==1.13.12")
    given = [word for package in packages for word in ("--with", package)]
    script = write(folder / "run.py", PEERS)
    result = subprocess.run(
        ["uv", "run", "--no-project", "--isolated", "--python", "3.11", *given, "python",
         str(script), str(folder)],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    offline = ("error sending request", "dns error", "Network connectivity", "Failed to fetch")
    if result.returncode and any(words in result.stderr for words in offline):
        pytest.skip("they cannot be downloaded")
    assert result.returncode == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return told | {"folder": str(folder)}


def agree(one: dict[str, Any], other: dict[str, Any], within: float = 1e-6) -> None:
    assert one.keys() == other.keys()
    for name, marked in one.items():
        assert [label for label, _ in marked] == [label for label, _ in other[name]]
        for (_, box), (_, again) in zip(marked, other[name], strict=True):
            assert [*box] == pytest.approx([*again], abs=within)


@pytest.mark.peers
@pytest.mark.parametrize("by", ["createml by supervision", "csv by datumaro", "via by globox"])
def test_what_is_written_is_read_as_the_same(found: dict[str, Any], by: str) -> None:
    agree(
        found[by], BOXES, {"createml by supervision": 1e-4, "csv by datumaro": 0.01}.get(by, 1e-6)
    )


@pytest.mark.peers
def test_datumaro_takes_the_centre_for_the_corner(found: dict[str, Any]) -> None:
    """A fact about datumaro 1.13, so that the documentation may say it; Apple says centre."""
    moved = {
        name: [
            (label, ((a + c) / 2, (b + d) / 2, (a + c) / 2 + c - a, (b + d) / 2 + d - b))
            for label, (a, b, c, d) in marked
        ]
        for name, marked in BOXES.items()
    }
    agree(found["createml by datumaro"], moved, 0.01)


@pytest.mark.peers
def test_a_table_of_openimages_is_read_as_globox_reads_it(found: dict[str, Any]) -> None:
    read = driver.Read(driver.read(get_format("csv"), Path(found["folder"]) / "open"))
    ours = {
        image.file_name: [(one.label, one.box) for one in image.instances] for image in read.images
    }
    agree(found["openimages by globox"], ours)
