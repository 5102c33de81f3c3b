"""Label Studio's own converter reads what is written, and its brush masks are read.

It is downloaded; without `uv` or network these tests are skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from dataforge.formats.labelstudio import brush
from dataforge.jobs import Job
from dataforge.records import Mask
from dataforge.testing import picture, write
from dataforge.verbs.convert import convert

PIXELS = np.zeros((48, 64), dtype=np.uint8)
PIXELS[3:20, 5:40] = 1
PIXELS[7:9, 10:30] = 0
PIXELS[40, 63] = 1
RLE = coco_mask.encode(np.asfortranarray(PIXELS))
COCO: dict[str, Any] = {
    "images": [
        {"id": 1, "file_name": "a.jpg", "width": 64, "height": 48},
        {"id": 2, "file_name": "b c.jpg", "width": 64, "height": 48},
    ],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 12, 20, 28], "area": 560},
        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [0.5, 1, 9, 4], "area": 18,
         "segmentation": [[0.5, 1, 9.5, 1, 0.5, 5]]},
        {"id": 3, "image_id": 2, "category_id": 1, "bbox": [5, 3, 59, 38],
         "area": int(PIXELS.sum()),
         "segmentation": {"size": [48, 64], "counts": RLE["counts"].decode()}},
    ],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
}  # fmt: skip

CONVERTER = """
import json, os, sys
import numpy as np
from label_studio_converter import Converter, brush

folder = os.path.join(sys.argv[1], "all")
os.chdir(folder)
config = '''<View><Image name="image" value="$image"/>
<RectangleLabels name="rectangle" toName="image"><Label value="cat"/><Label value="dog"/>
</RectangleLabels><PolygonLabels name="polygon" toName="image"><Label value="cat"/>
<Label value="dog"/></PolygonLabels></View>'''
tasks = json.load(open("label_studio.json"))
masks = [one["value"]["rle"] for task in tasks for part in task["annotations"]
         for one in part["result"] if one["type"] == "brushlabels"]
pixels = [np.reshape(brush.decode_rle(rle), (48, 64, 4))[:, :, 3] for rle in masks]
Converter(config, folder, download_resources=False).convert_to_coco(
    "label_studio.json", folder, is_dir=False)
print(json.dumps({
    "coco": json.load(open("result.json")),
    "masks": [(one > 0).astype(int).tolist() for one in pixels],
    "encoded": [list(map(int, brush.mask2rle((one > 0).astype(np.uint8) * 255)))
                for one in pixels],
}))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the converter makes of it."""
    if shutil.which("uv") is None:
        pytest.skip("uv is not there to install it")
    folder = tmp_path_factory.mktemp("converter")
    written(folder)
    script = write(folder / "run.py", CONVERTER)
    result = subprocess.run(
        ["uv", "run", "--no-project", "--isolated", "--python", "3.11", "--with",
         "label-studio-converter==0.0.59", "python", str(script), str(folder / "out")],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    offline = ("error sending request", "dns error", "Network connectivity", "Failed to fetch")
    if result.returncode and any(words in result.stderr for words in offline):
        pytest.skip("it cannot be downloaded")
    assert result.returncode == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return told


def written(folder: Path) -> None:
    write(folder / "in" / "x.json", COCO)
    for image in COCO["images"]:
        picture(folder / "in" / image["file_name"])
    convert(Job(source=str(folder / "in"), out=str(folder / "out"), reads="coco",
                writes="labelstudio", image_mode="copy"))  # fmt: skip


@pytest.mark.peers
def test_boxes_and_polygons_are_read_as_the_same(found: dict[str, Any]) -> None:
    names = {one["id"]: one["name"] for one in found["coco"]["categories"]}
    box, polygon = found["coco"]["annotations"]
    assert [names[one["category_id"]] for one in (box, polygon)] == ["cat", "dog"]
    assert box["bbox"] == pytest.approx([10, 12, 20, 28])
    assert polygon["bbox"] == pytest.approx([0.5, 1, 9, 4])
    assert polygon["segmentation"][0] == pytest.approx([0.5, 1, 9.5, 1, 0.5, 5])


@pytest.mark.peers
def test_masks_are_read_as_the_same_and_its_own_are_read(found: dict[str, Any]) -> None:
    (pixels,), (encoded,) = found["masks"], found["encoded"]
    assert pixels == PIXELS.tolist()
    expected = Mask(size_hw=(48, 64), counts=RLE["counts"].decode())
    assert brush.decoded(encoded, (64, 48)) == expected
