"""What runs against dataforge, as code that defines `run(source, out)`.

`run` returns (images, annotations) where it only loads; else its output is counted.
"""

from __future__ import annotations

from typing import NamedTuple

DATAFORGE = "dataforge"


class Contender(NamedTuple):
    """One row of a table.

    Attributes:
        name: shown.
        code: see above.
        kind: `dataforge`, `peer` or `floor`.
        share: it gets a dataset of one in so many images.
        python: `mmdet` for the Python that has mmdetection.
    """

    name: str
    code: str
    kind: str = "peer"
    share: int = 1
    python: str = ""


def converting(reads: str, writes: str, more: str = "") -> Contender:
    """A conversion with dataforge, in one process."""
    code = f"""
import numpy  # a few files alone are converted without
from dataforge.verbs.convert import Job, convert
def run(source, out):
    job = Job(source=source, out=out, reads="{reads}", writes="{writes}", workers=1{more})
    assert not convert(job).lost
"""
    return Contender(DATAFORGE, code, "dataforge")


def floor(name: str, suffix: str, imports: str, parse: str) -> Contender:
    """Reading all files of a kind and parsing them, and nothing else."""
    code = f"""
{imports}
import os
def run(source, out):
    for folder, _, files in os.walk(source):
        for name in files:
            if name.endswith("{suffix}"):
                with open(os.path.join(folder, name), "rb") as stream:
                    {parse}
"""
    return Contender(name, code, "floor")


READ_JSON = floor("bytes read", ".json", "", "stream.read()")
ORJSON = floor("orjson alone", ".json", "import orjson", "orjson.loads(stream.read())")
MSGSPEC = floor(
    "msgspec alone", ".json", "import msgspec", "msgspec.json.decode(stream.read())"
)  # fmt: skip
READ_XML = floor("bytes read", ".xml", "", "stream.read()")
LXML = floor("lxml alone", ".xml", "from lxml import etree", "etree.fromstring(stream.read())")
READ_TXT = floor("bytes read", ".txt", "", "stream.read()")

GLOBOX_LABELME = """
from globox import AnnotationSet
def run(source, out):
    AnnotationSet.from_labelme(source, include_poly=True).save_coco(out, auto_ids=True)
"""

LABELME = (
    converting("labelme", "coco"),
    Contender(
        "labelme2coco",
        """
import labelme2coco
def run(source, out):
    labelme2coco.convert(source, out[:-5])
""",
    ),
    Contender("globox, boxes of polygons", GLOBOX_LABELME),
    Contender(
        "supervision",
        """
import supervision
def run(source, out):
    supervision.DetectionDataset.from_labelme(source, source).as_coco(annotations_path=out)
""",
        share=40,
    ),
    READ_JSON,
    ORJSON,
    MSGSPEC,
)

IMAGE_DATA = tuple(one for one in LABELME if one.name != "supervision")

VOC = (
    converting("voc", "coco"),
    Contender(
        "globox",
        """
from globox import AnnotationSet
def run(source, out):
    AnnotationSet.from_pascal_voc(source + "/Annotations").save_coco(out, auto_ids=True)
""",
    ),
    Contender(
        "labelformat",
        """
from pathlib import Path
from labelformat.formats.coco import COCOObjectDetectionOutput
from labelformat.formats.pascalvoc import PascalVOCObjectDetectionInput
def run(source, out):
    read = PascalVOCObjectDetectionInput(Path(source, "Annotations"), "person,face,hand")
    COCOObjectDetectionOutput(Path(out)).save(read)
""",
    ),
    Contender(
        "supervision",
        """
import supervision
def run(source, out):
    found = supervision.DetectionDataset.from_pascal_voc(
        source + "/JPEGImages", source + "/Annotations"
    )
    found.as_coco(annotations_path=out)
""",
        share=4,
    ),
    Contender(
        "datumaro",
        """
from datumaro.components.dataset import Dataset
def run(source, out):
    Dataset.import_from(source, "voc_detection").export(out[:-5], "coco_instances")
""",
        share=4,
    ),
    READ_XML,
    LXML,
)

COCO2YOLO = (
    converting("coco", "yolo", ', image_mode="reference"'),
    Contender(
        "labelformat",
        """
from pathlib import Path
from labelformat.formats.coco import COCOObjectDetectionInput
from labelformat.formats.yolov8 import YOLOv8ObjectDetectionOutput
def run(source, out):
    read = COCOObjectDetectionInput(source + "/annotations/instances_train.json")
    YOLOv8ObjectDetectionOutput(Path(out, "data.yaml"), "train").save(read)
""",
    ),
    Contender(
        "globox",
        """
from globox import AnnotationSet
def run(source, out):
    found = AnnotationSet.from_coco(source + "/annotations/instances_train.json")
    numbers = {"person": 0, "face": 1, "hand": 2}
    found.save_yolo_v5(out, label_to_id=numbers)
""",
    ),
    READ_JSON,
    ORJSON,
    MSGSPEC,
)

YOLO2COCO = (
    converting("yolo", "coco"),
    Contender(
        "labelformat",
        """
from pathlib import Path
from labelformat.formats.coco import COCOObjectDetectionOutput
from labelformat.formats.yolov8 import YOLOv8ObjectDetectionInput
def run(source, out):
    read = YOLOv8ObjectDetectionInput(Path(source, "data.yaml"), "train")
    COCOObjectDetectionOutput(Path(out)).save(read)
""",
    ),
    Contender(
        "globox",
        """
from globox import AnnotationSet
def run(source, out):
    found = AnnotationSet.from_yolo_darknet(
        source + "/labels/train", image_folder=source + "/images/train"
    )
    found.save_coco(out, auto_ids=True)
""",
    ),
    Contender(
        "supervision",
        """
import supervision
def run(source, out):
    found = supervision.DetectionDataset.from_yolo(
        source + "/images/train", source + "/labels/train", source + "/data.yaml"
    )
    found.as_coco(annotations_path=out)
""",
        share=20,
    ),
    READ_TXT,
)

COCO = (
    Contender(
        DATAFORGE,
        """
from dataforge.verbs.coco_tools import Filter, filter_file
def run(source, out):
    assert not filter_file(source + "/annotations/instances_train.json", out, Filter()).lost
""",
        "dataforge",
    ),
    Contender(
        "pycocotools, loading",
        """
from pycocotools.coco import COCO
def run(source, out):
    found = COCO(source + "/annotations/instances_train.json")
    return len(found.imgs), len(found.anns)
""",
    ),
    Contender(
        "labelformat",
        """
from pathlib import Path
from labelformat.formats.coco import COCOInstanceSegmentationInput
from labelformat.formats.coco import COCOInstanceSegmentationOutput
def run(source, out):
    read = COCOInstanceSegmentationInput(source + "/annotations/instances_train.json")
    COCOInstanceSegmentationOutput(Path(out)).save(read)
""",
    ),
    Contender(
        "datumaro, loading",
        """
import os
from datumaro.components.dataset import Dataset
def run(source, out):
    found = Dataset.import_from(source, "coco_instances")
    return len(found), sum(
        one.type.name == "polygon" for item in found for one in item.annotations
    )
""",
        share=4,
    ),
    Contender(
        "mmdet CocoDataset, loading",
        """
import inspect
from mmdet.datasets import CocoDataset
def run(source, out):
    names = ("person", "face", "hand")
    file = source + "/annotations/instances_train.json"
    if hasattr(CocoDataset, "METAINFO"):
        found = CocoDataset(ann_file=file, metainfo={"classes": names}, pipeline=[])
        return len(found), sum(len(found.get_data_info(i)["instances"]) for i in range(len(found)))
    found = CocoDataset(ann_file=file, classes=names, pipeline=[])
    return len(found), len(found.coco.anns)
""",
        python="mmdet",
    ),
    READ_JSON,
    ORJSON,
    MSGSPEC,
)
