"""mmdetection's own dataset reads CrowdHuman's files as dataforge does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataforge.formats import get_format
from dataforge.testing import driver, picture, write

pytest.importorskip("mmengine")
pytestmark = [pytest.mark.mmdet3, pytest.mark.lite]

COMMON = {"vbox": [1, 2, 3, 4], "hbox": [5, 6, 7, 8], "head_attr": {}}
LINES: list[dict[str, Any]] = [
    {"ID": "a", "gtboxes": [
        {"tag": "person", "fbox": [-4, 2, 30, 60], "extra": {"box_id": 0}, **COMMON},
        {"tag": "person", "fbox": [10, 12, 20, 28], "extra": {"ignore": 1}, **COMMON},
        {"tag": "mask", "fbox": [0, 0, 8, 9], "extra": {"ignore": 1}, **COMMON},
    ]},
    {"ID": "b", "gtboxes": [
        {"tag": "person", "fbox": [0, 0, 64, 48], "extra": {"ignore": 0}, **COMMON},
    ]},
]  # fmt: skip


def test_boxes_and_what_is_ignored_are_the_same(tmp_path: Path) -> None:
    from mmdet.datasets import CrowdHumanDataset

    write(tmp_path / "annotation_train.odgt", "\n".join(map(json.dumps, LINES)))
    for line in LINES:
        picture(tmp_path / "Images" / f"{line['ID']}.jpg")
    theirs = CrowdHumanDataset(
        data_root=str(tmp_path), ann_file="annotation_train.odgt",
        data_prefix={"img": "Images"}, pipeline=[], serialize_data=False, test_mode=True,
    )  # fmt: skip
    (tmp_path / "id_hw_train.json").unlink(missing_ok=True)  # it writes one
    read = driver.Read(driver.read(get_format("crowdhuman"), tmp_path))
    assert [
        [([*one.box], one.iscrowd) for one in image.instances] for image in read.images
    ] == [
        [(one["bbox"], bool(one["ignore_flag"])) for one in image["instances"]]
        for image in theirs.data_list
    ]  # fmt: skip
    assert [image.file_name for image in read.images] == ["Images/a.jpg", "Images/b.jpg"]
