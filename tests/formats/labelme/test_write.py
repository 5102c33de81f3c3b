"""labelme files as they are written: by hand and by our reader."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from formats.labelme.instances import OTHER, RING, SIZE, box, mask, outline, write_labelme
from helpers import HEIGHT, WIDTH, picture, read_labelme, snapshot
from PIL import Image as PILImage
from pycocotools import mask as coco_mask

from dataforge.errors import UsageError
from dataforge.findings import Finding, Place
from dataforge.formats.labelme import FORMAT
from dataforge.records import Category, Header, Image, Instance, Mask, Polygons
from dataforge.testing import driver


def written(out: Path, *instances: Instance, **more: Any) -> tuple[dict[str, Any], list[Finding]]:
    """(the JSON of one image, the findings)."""
    findings = write_labelme(
        out, {"all": [Image(file_name="a.jpg", instances=instances, **SIZE, **more)]}
    )
    return json.loads((out / "a.json").read_text("utf-8")), findings


def test_the_whole_file(tmp_path: Path) -> None:
    said = {"flags": {"f": True}, "description": "d", "score": 0.5, "group_id": 7,
            "attributes": {"colour": "red"}, "pose": "Left"}  # fmt: skip
    one = Image(
        file_name="d/ü b.c.jpg",
        instances=(box("ü", attributes=said, difficult=True), outline(RING)),
        attributes={"flags": {"night": True}, "camera": 2},
        **SIZE,
    )
    findings = write_labelme(tmp_path, {"all": [one]})
    assert [f.code for f in findings] == ["boxes-as-outlines", "attributes-moved"]
    assert "(pose)" in findings[1].message
    file = tmp_path / "d" / "ü b.c.json"
    assert json.loads(file.read_text("utf-8")) == {
        "version": "5.4.1",
        "flags": {"night": True},
        "shapes": [
            {"label": "ü", "points": [[10, 12], [30.5, 40]], "group_id": 7, "description": "d",
             "shape_type": "rectangle", "flags": {"f": True}, "mask": None, "score": 0.5,
             "difficult": True, "attributes": {"colour": "red", "pose": "Left"}},
            {"label": "cat", "points": [[10, 10], [30.5, 10], [30, 30]], "group_id": None,
             "description": "", "shape_type": "polygon", "flags": {}, "mask": None},
        ],
        "imagePath": "ü b.c.jpg",
        "imageData": None,
        "imageHeight": HEIGHT,
        "imageWidth": WIDTH,
        "attributes": {"camera": 2},
    }  # fmt: skip
    picture(tmp_path / "d" / "ü b.c.jpg")
    found = read_labelme(tmp_path)
    assert found.codes == []
    assert found.image.attributes == one.attributes
    assert found.image.instances[0].attributes["score"] == 0.5
    assert found.image.instances[0].difficult
    assert found.image.instances[1].shape == Polygons((RING,))


def test_the_four_corners_of_a_box_are_a_rectangle(tmp_path: Path) -> None:
    corners = (10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0)
    turned = corners[2:] + corners[:2]  # as exact, but it begins elsewhere
    file, findings = written(tmp_path, outline(corners), outline(turned))
    assert findings == []
    assert [(s["shape_type"], len(s["points"])) for s in file["shapes"]] == [
        ("rectangle", 2),
        ("polygon", 4),
    ]


def test_a_mask_is_cropped_to_inclusive_corners(tmp_path: Path) -> None:
    pixels = Instance(label="cat", box=(20, 10, 26, 14), area=23, shape=mask(20, 10, 6, 4))
    file, findings = written(tmp_path, pixels)
    (shape,) = file["shapes"]
    assert (shape["shape_type"], shape["points"]) == ("mask", [[20, 10], [25, 13]])
    crop = np.asarray(PILImage.open(io.BytesIO(base64.b64decode(shape["mask"]))))
    wanted = np.ones((4, 6), dtype=bool)
    wanted[1, 1] = False
    assert np.array_equal(crop.astype(bool), wanted)
    assert findings == []


def test_a_mask_without_pixels_leaves_its_box(tmp_path: Path) -> None:
    array = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    empty = Mask(size_hw=(HEIGHT, WIDTH), counts=coco_mask.encode(array)["counts"].decode())
    file, findings = written(tmp_path, Instance(label="cat", box=(1, 2, 3, 4), area=0, shape=empty))
    assert file["shapes"][0]["points"] == [[1, 2], [3, 4]]
    assert [(f.code, f.severity) for f in findings] == [("empty-mask", "warning")]


def group_ids(file: dict[str, Any]) -> list[Any]:
    return [shape["group_id"] for shape in file["shapes"]]


def test_group_ids(tmp_path: Path) -> None:
    file, findings = written(
        tmp_path,
        outline(RING, OTHER),
        box(attributes={"group_id": 4}),
        box("dog", attributes={"group_id": 4}),  # another label: another instance
        outline(RING, OTHER, attributes={"group_id": 9}),
        outline(RING, OTHER, attributes={"group_id": 4}),  # cat 4 is there
        box(attributes={"group_id": 4}),
        outline(RING, OTHER, attributes={"group_id": "x"}),  # labelme wants whole numbers
    )
    assert group_ids(file) == [10, 10, 4, 4, 9, 9, 11, 11, None, 12, 12]
    assert file["shapes"][-1]["attributes"] == {"group_id": "x"}
    assert [(f.code, f.lost, f.message[:2]) for f in findings] == [
        ("group-id-shared", 0, "2 "),
        ("boxes-as-outlines", 0, "3 "),
        ("attributes-moved", 0, "1 "),
    ]
    picture(tmp_path / "a.jpg")
    assert len(read_labelme(tmp_path).image.instances) == 7


@pytest.mark.parametrize(
    "said", [{"flags": {"x": 1}}, {"flags": ["x"]}, {"description": 3}, {"group_id": True}]
)
def test_values_labelme_rejects_go_to_the_attributes(tmp_path: Path, said: Any) -> None:
    file, _ = written(tmp_path, box(attributes=said))
    (shape,) = file["shapes"]
    assert (shape["flags"], shape["description"], shape["group_id"]) == ({}, "", None)
    assert shape["attributes"] == said


def test_losses_are_counted(tmp_path: Path) -> None:
    off = Instance(label="cat", box=(0, 0, 1, 1), area=1, shape=Polygons((RING,)))
    keys = {"coco": {"keypoints": [1], "bbox": [10, 12, 20.5, 28]}, "acme": {"id": 2}}
    _, findings = written(
        tmp_path,
        box(iscrowd=True, extra=keys, place=Place("x.json", "$.x")),
        box(iscrowd=True),
        off,
        extra={"coco": {"license": 1}},
        place=Place("x.json"),
    )
    assert [(f.code, f.severity, f.lost, f.message[:2]) for f in findings] == [
        ("crowd-not-kept", "note", 0, "2 "),
        ("box-not-kept", "note", 0, "1 "),
        ("boxes-as-outlines", "note", 0, "2 "),
        ("area-not-carried", "note", 0, "1 "),
        ("keys-not-carried", "note", 0, "1 "),
        ("keys-not-carried", "note", 0, "1 "),
    ]
    assert (findings[0].file, findings[0].where) == ("x.json", "$.x")
    assert "1 image with keys" in findings[4].message
    assert "(license)" in findings[4].message
    assert "(keypoints, id)" in findings[5].message


def test_an_outline_of_four_corners_beside_its_box_is_written(tmp_path: Path) -> None:
    corners = (10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0)
    off = Instance(label="cat", box=(0, 0, 1, 1), area=400, shape=Polygons((corners,)))
    file, findings = written(tmp_path, off)
    assert file["shapes"][0]["points"] == [[10, 10], [30, 30]]
    assert [f.code for f in findings] == ["box-not-kept"]


def test_classes_that_are_numbers_are_read_back_in_their_order(tmp_path: Path) -> None:
    one = Image(
        file_name="a.jpg",
        instances=(outline(RING, label="10"), outline(OTHER, label="2")),
        **SIZE,
    )
    for number, (names, codes) in enumerate(
        ((("2", "10"), []), (("10", "2"), ["class-order-not-carried"]))
    ):
        header = Header(categories=tuple(Category(name=name) for name in names))
        findings = write_labelme(tmp_path / str(number), {"all": [one]}, header)
        assert [f.code for f in findings] == codes


def test_class_losses_are_reported(tmp_path: Path) -> None:
    """labelme has no class list; alphabetical order is not lost."""
    names = ("zebra", "cat", "dog", "bird")
    extra = {"coco": {"supercategory": "pet"}}
    header = Header(
        categories=tuple(Category(name=name, extra=extra) for name in names),
        extra={"coco": {"info": {"year": 1}}},
    )
    one = Image(file_name="a.jpg", instances=(outline(RING), outline(OTHER, label="zebra")), **SIZE)
    findings = write_labelme(tmp_path / "o", {"all": [one]}, header)
    assert [f.code for f in findings] == [
        "keys-not-carried", "keys-not-carried", "classes-not-carried", "class-order-not-carried",
    ]  # fmt: skip
    assert "1 key of the dataset" in findings[0].message
    assert "4 classes with keys" in findings[1].message
    assert "2 classes without instances" in findings[2].message
    assert "(dog, bird)" in findings[2].message
    assert findings[3].message.startswith("2 classes whose order is not stored")
    assert findings[3].message.endswith("cat, zebra")
    in_order = Header(categories=(Category(name="cat"), Category(name="zebra")))
    assert write_labelme(tmp_path / "p", {"all": [one]}, in_order) == []


@pytest.mark.parametrize("shard", [1, 2, 3, 9])
def test_splits_are_one_tree(tmp_path: Path, shard: int) -> None:
    def of(name: str, *instances: Instance) -> Image:
        return Image(file_name=name, instances=instances, **SIZE)

    splits = {
        "train": [of("a.jpg", box()), of("b.jpg", box())],
        "val": [of("a.jpg", box()), of("b.png", box(), box()), of("c.jpg")],
    }
    findings = driver.write(FORMAT, tmp_path, splits, shard=shard)
    assert sorted(snapshot(tmp_path)) == ["a.json", "b.json", "c.json"]
    assert [(f.code, f.severity, f.lost) for f in findings] == [
        ("image-in-several-splits", "note", 1),
        ("name-collision", "error", 2),
        ("boxes-as-outlines", "note", 0),
        ("splits-not-kept", "note", 0),
    ]
    assert json.loads((tmp_path / "b.json").read_text())["imagePath"] == "b.jpg"


def test_output_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name a folder"):
        driver.writer_of(FORMAT).targets(tmp_path / "x.json", ["all"])


def test_labelme_specific_keys_are_written_back(tmp_path: Path) -> None:
    own = {"labelme": {"reviewer": "Ann", "label": "not this"}}
    document, findings = written(tmp_path, box(extra=own), extra={"labelme": {"project": "p"}})
    assert document["project"] == "p"
    assert document["shapes"][0]["reviewer"] == "Ann"
    assert document["shapes"][0]["label"] == "cat"
    assert [f.code for f in findings] == ["boxes-as-outlines"]
