"""Each way to break the sample is refused, with its own right reason."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("mmdet")
pytestmark = [pytest.mark.mmdet, pytest.mark.filterwarnings("ignore")]

from smoke_data import Registered, edit_json  # noqa: E402

from dataforge.smoke import smoke  # noqa: E402
from dataforge.smoke._report import SmokeOptions, SmokeReport  # noqa: E402
from dataforge.smoke.mmdet2 import load_config  # noqa: E402


def preflight(config: Path) -> SmokeReport:
    options = SmokeOptions(work_dir=config.parent / "smoke", device="cpu", preflight_only=True)
    report = smoke(config, options, lambda text: None)
    written = json.loads((config.parent / "smoke" / "smoke_report.json").read_text())
    assert written["verdict"] == report.verdict
    assert "ap50" in written
    return report


def refused(config: Path, code: str, *words: str) -> None:
    """Refused for this one reason, in these words."""
    report = preflight(config)
    assert report.verdict == "refused"
    errors = [finding for finding in report.findings if finding.severity == "error"]
    assert {finding.code for finding in errors} == {code}, [str(e) for e in errors]
    for word in words:
        assert word in " ".join(report.reasons)


def test_the_clean_samples_are_ready(coco_parts: Registered, voc_parts: Registered) -> None:
    report = preflight(coco_parts.config)
    assert report.verdict == "ready"
    assert report.classes == ["face", "person", "hand"]
    # sample_data/labelme holds 17 persons, 17 faces and 34 hands in 14 images.
    total: Counter[str] = Counter()
    for count in report.counts.values():
        total.update(count.kept)
        assert count.marked == count.kept
    assert total == {"face": 17, "person": 17, "hand": 34}
    assert sum(count.images for count in report.counts.values()) == 14

    report = preflight(voc_parts.config)
    assert report.verdict == "ready"
    assert report.counts["train"].kept == {"face": 22, "person": 22, "hand": 44}
    assert report.counts["val"].kept == {"face": 8, "person": 8, "hand": 16}
    # The three objects named none are said, and stop nothing.
    assert report.counts["train"].dropped == {"of no class": 2}
    assert [f.code for f in report.findings] == ["unknown-label", "unknown-label"]


def _without_hands(content: dict[str, Any]) -> None:
    (hand,) = [c for c in content["categories"] if c["name"] == "hand"]
    content["categories"].remove(hand)
    content["annotations"] = [a for a in content["annotations"] if a["category_id"] != hand["id"]]


def _misspelt(content: dict[str, Any]) -> None:
    for category in content["categories"]:
        category["name"] = category["name"].replace("hand", "hnad")


def test_a_class_missing_from_the_json(coco_parts: Registered, tmp_path: Path) -> None:
    root = coco_parts.broken(tmp_path)
    edit_json(root, _without_hands)
    refused(coco_parts.config_for(root), "category-missing", "'hand'", "['face', 'person']")


def test_a_class_misspelt_in_the_json(coco_parts: Registered, tmp_path: Path) -> None:
    root = coco_parts.broken(tmp_path)
    edit_json(root, _misspelt)
    refused(coco_parts.config_for(root), "dataset-does-not-build", "'hand'", "'hnad'")


def test_a_class_misspelt_in_val_alone(coco_parts: Registered, tmp_path: Path) -> None:
    root = coco_parts.broken(tmp_path)
    edit_json(root, _misspelt, splits=("val",))
    refused(coco_parts.config_for(root), "dataset-does-not-build", "instances_val", "'hnad'")


def test_a_class_misspelt_in_xml(voc_parts: Registered, tmp_path: Path) -> None:
    root = voc_parts.broken(tmp_path)
    for path in (root / "Annotations").glob("*.xml"):
        text = path.read_text("utf-8")
        for spelling in ("hand", "Hand", "HAND"):
            text = text.replace(f"{spelling}<", "hnad<").replace(f"{spelling} <", "hnad<")
        path.write_text(text, "utf-8")
    refused(voc_parts.config_for(root), "class-without-ground-truth", "'hand'", "'hnad'")


@pytest.mark.parametrize("number", [2, 4])
def test_num_classes_one_off(coco_parts: Registered, tmp_path: Path, number: int) -> None:
    config = coco_parts.config_for(
        coco_parts.broken(tmp_path), model={"roi_head": {"bbox_head": {"num_classes": number}}}
    )
    refused(
        config,
        "num-classes",
        f"model.roi_head.bbox_head.num_classes: num_classes is {number}, but the dataset has 3",
    )


def test_images_missing_from_coco(coco_parts: Registered, tmp_path: Path) -> None:
    root = coco_parts.broken(tmp_path)
    content = json.loads((root / "annotations" / "instances_train.json").read_text())
    names = [image["file_name"] for image in content["images"]][:2]
    for name in names:
        (root / "images" / name).unlink()
    refused(coco_parts.config_for(root), "image-missing", "2 of 11 images", names[0])


def test_images_missing_from_voc(voc_parts: Registered, tmp_path: Path) -> None:
    root = voc_parts.broken(tmp_path)
    (root / "Images" / "000001.jpg").unlink()
    refused(
        voc_parts.config_for(root),
        "dataset-does-not-build",
        "FileNotFoundError",
        "1 of the 16 images",
        "000001",
    )


@pytest.mark.parametrize("kind", ["coco", "voc"])
def test_images_truncated(
    coco_parts: Registered, voc_parts: Registered, tmp_path: Path, kind: str
) -> None:
    parts = {"coco": coco_parts, "voc": voc_parts}[kind]
    root = parts.broken(tmp_path)
    for path in root.rglob("*.jpg"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(parts.config_for(root), "unreadable-image", "truncated")


def _twice(content: dict[str, Any]) -> None:
    for image in content["images"]:
        image["width"], image["height"] = 2 * image["width"], 2 * image["height"]
    _twice_boxes(content)


def _twice_boxes(content: dict[str, Any]) -> None:
    for annotation in content["annotations"]:
        annotation["bbox"] = [2 * value for value in annotation["bbox"]]
        annotation["area"] *= 4


def test_annotations_for_images_of_twice_the_size(coco_parts: Registered, tmp_path: Path) -> None:
    root = coco_parts.broken(tmp_path)
    edit_json(root, _twice)
    refused(
        coco_parts.config_for(root),
        "image-size-differs",
        "is 320x240, its annotations are for 640x480 (2 and 2 times as large)",
    )


def test_xml_for_images_of_twice_the_size(voc_parts: Registered, tmp_path: Path) -> None:
    root = voc_parts.broken(tmp_path)
    for path in (root / "Images").glob("*.jpg"):
        with Image.open(path) as image:
            half = image.resize((160, 120))
        half.save(path)
    # Two XML files have no <size>, so their boxes stick out of the halved images as well.
    report = preflight(voc_parts.config_for(root))
    assert report.verdict == "refused"
    assert "image-size-differs" in {f.code for f in report.findings if f.severity == "error"}


def test_boxes_alone_of_twice_the_size(coco_parts: Registered, tmp_path: Path) -> None:
    root = coco_parts.broken(tmp_path)
    edit_json(root, _twice_boxes)
    refused(coco_parts.config_for(root), "boxes-outside-images", "stick out of their images")


@pytest.mark.parametrize("key", ["iscrowd", "ignore"])
def test_every_instance_crowd_or_ignored(coco_parts: Registered, tmp_path: Path, key: str) -> None:
    def flag(content: dict[str, Any]) -> None:
        for annotation in content["annotations"]:
            annotation[key] = 1

    root = coco_parts.broken(tmp_path)
    edit_json(root, flag)
    refused(coco_parts.config_for(root), "no-ground-truth", "crowd or ignored")


@pytest.mark.parametrize("kind", ["coco", "voc"])
def test_an_empty_val_split(
    coco_parts: Registered, voc_parts: Registered, tmp_path: Path, kind: str
) -> None:
    parts = {"coco": coco_parts, "voc": voc_parts}[kind]
    root = parts.broken(tmp_path)
    if kind == "coco":
        edit_json(root, lambda c: c.update(images=[], annotations=[]), splits=("val",))
    else:
        (root / "ImageSets" / "privpersonpart_val.txt").write_text("\n")
    refused(parts.config_for(root), "split-empty", "data.val", "no image")


def _other_order(content: dict[str, Any]) -> None:
    content["categories"].reverse()


def test_categories_in_another_order_are_read_by_name(
    coco_parts: Registered, tmp_path: Path
) -> None:
    root = coco_parts.broken(tmp_path)
    edit_json(root, _other_order)
    report = preflight(coco_parts.config_for(root))
    assert report.verdict == "ready"
    clean = preflight(coco_parts.config)
    assert report.counts == clean.counts


def test_stock_coco_dataset_with_categories_in_another_order(
    coco_parts: Registered, tmp_path: Path
) -> None:
    root = coco_parts.broken(tmp_path)
    edit_json(root, _other_order)
    stock = {"type": "CocoDataset", "classes": ("face", "person", "hand")}
    config = coco_parts.config_for(root, data=dict.fromkeys(("train", "val", "test"), stock))
    refused(config, "class-order", "label 0 is 'face'", "'hand'", "swapped")


@pytest.mark.parametrize("category_too", [False, True])
def test_a_val_split_that_lacks_a_class_is_a_warning(
    coco_parts: Registered, tmp_path: Path, category_too: bool
) -> None:
    def no_hands(content: dict[str, Any]) -> None:
        categories = list(content["categories"])
        _without_hands(content)
        if not category_too:
            content["categories"] = categories

    root = coco_parts.broken(tmp_path)
    edit_json(root, no_hands, splits=("val",))
    report = preflight(coco_parts.config_for(root))
    assert report.verdict == "ready"
    warnings = [f for f in report.findings if f.severity == "warning"]
    assert any("'hand'" in f.message and "data.val" in f.file for f in warnings)


def test_what_mmdet_drops_is_named(coco_parts: Registered, tmp_path: Path) -> None:
    def oddities(content: dict[str, Any]) -> None:
        image = content["images"][0]["id"]
        base = {"image_id": image, "iscrowd": 0, "area": 100.0, "segmentation": []}
        added = [
            {"bbox": [5, 5, 0.5, 20]},  # under one pixel
            {"bbox": [400, 5, 10, 10]},  # outside a 320 px wide image
            {"bbox": [5, 5, 10, 10], "area": 0},
            {"bbox": [5, 5, 10, 10], "iscrowd": 1},
        ]
        content["annotations"] += [
            {"id": 9000 + i, "category_id": 1, **base, **entry} for i, entry in enumerate(added)
        ]

    root = coco_parts.broken(tmp_path)
    edit_json(root, oddities, splits=("train",))
    report = preflight(coco_parts.config_for(root))
    assert report.verdict == "ready"
    train, clean = report.counts["train"], preflight(coco_parts.config).counts["train"]
    assert train.dropped == {
        "under one pixel": 1,
        "outside the image": 1,
        "without an area": 1,
        "crowd or ignored": 1,
    }
    assert train.kept == clean.kept
    assert train.marked["face"] == clean.kept["face"] + 4


def test_images_under_32_px_are_named(voc_parts: Registered, tmp_path: Path) -> None:
    root = voc_parts.broken(tmp_path)
    with Image.open(root / "Images" / "000001.jpg") as image:
        image.resize((40, 30)).save(root / "Images" / "000001.jpg")
    xml = root / "Annotations" / "000001.xml"
    text = xml.read_text("utf-8")
    xml.write_text(text.replace("<width>320<", "<width>40<").replace("<height>240<", "<height>30<"))
    objects = text.count("<object>")
    train = preflight(voc_parts.config_for(root)).counts["train"]
    assert (train.images, train.images_kept) == (16, 15)
    assert train.dropped["in an image under 32 px"] == objects


def test_a_config_that_does_not_load(tmp_path: Path) -> None:
    config = tmp_path / "config.py"
    config.write_text("custom_imports = dict(imports=['no_such_dataset'])\n")
    report = preflight(config)
    assert report.verdict == "refused"
    assert "No module named 'no_such_dataset'" in report.reasons[0]
    assert "dataforge register" in report.reasons[0]

    config.write_text("model = dict(type='FasterRCNN')\n")
    assert "it has no data" in preflight(config).reasons[0]


def test_a_dataset_class_that_cannot_be_found(coco_parts: Registered, tmp_path: Path) -> None:
    root = coco_parts.broken(tmp_path)
    other = {"type": "NoSuchDataset"}
    config = coco_parts.config_for(root, data=dict.fromkeys(("train", "val", "test"), other))
    refused(config, "dataset-does-not-build", "NoSuchDataset is not in the dataset registry")


def test_repeat_and_concat_are_looked_into(coco_parts: Registered, tmp_path: Path) -> None:
    root = coco_parts.broken(tmp_path)
    config = tmp_path / "config.py"
    config.write_text(
        f"_base_ = {str(coco_parts.config_for(root))!r}\n"
        "train = {{_base_.data.train}}\n"
        "data = dict(train=dict(_delete_=True, type='RepeatDataset', times=3, dataset=dict(\n"
        "    type='ConcatDataset', datasets=[train, train])))\n"
    )
    count = preflight(config).counts["train"]
    assert count.images == 22  # 11 images, twice in the concatenation, each once per repeat


# What the model, wrappers and other people's classes can do -------------------------------------


def test_a_model_that_does_not_build(coco_parts: Registered, tmp_path: Path) -> None:
    config = coco_parts.config_for(
        coco_parts.broken(tmp_path), model={"backbone": {"type": "ResNot"}}
    )
    refused(config, "model-does-not-build", "ResNot is not in the models registry")


def test_a_head_that_says_nothing_has_80_classes(coco_parts: Registered, tmp_path: Path) -> None:
    head = {
        "_delete_": True,
        "type": "Shared2FCBBoxHead",
        "in_channels": 256,
        "fc_out_channels": 1024,
        "roi_feat_size": 7,
    }
    config = coco_parts.config_for(
        coco_parts.broken(tmp_path), model={"roi_head": {"bbox_head": head}}
    )
    refused(config, "num-classes", "model.roi_head.bbox_head.num_classes", "is 80")


def test_parts_of_a_concatenation_with_other_classes(
    coco_parts: Registered, tmp_path: Path
) -> None:
    root = coco_parts.broken(tmp_path)
    base = coco_parts.config_for(root)
    train = load_config(base).data.train.to_dict()
    other = {**train, "classes": ("hand", "person", "face")}
    both = {"_delete_": True, "type": "ConcatDataset", "datasets": [train, other]}
    config = tmp_path / "config.py"
    config.write_text(f"_base_ = {str(base)!r}\ndata = dict(train={both!r})\n")
    refused(config, "classes-differ", "ConcatDataset takes the names of its first part")


def test_a_wrapper_that_does_not_build(coco_parts: Registered, tmp_path: Path) -> None:
    root = coco_parts.broken(tmp_path)
    config = tmp_path / "config.py"
    config.write_text(
        f"_base_ = {str(coco_parts.config_for(root))!r}\n"
        "train = {{_base_.data.train}}\n"
        "data = dict(train=dict(_delete_=True, type='ClassBalancedDataset', dataset=train))\n"
    )
    refused(config, "dataset-does-not-build", "oversample_thr")


def test_a_missing_comma(coco_parts: Registered, tmp_path: Path) -> None:
    stock = {"type": "CocoDataset", "classes": "face"}
    config = coco_parts.config_for(
        coco_parts.broken(tmp_path), data=dict.fromkeys(("train", "val", "test"), stock)
    )
    refused(config, "classes-is-text", "'face'", "a comma is missing", "('face',)")


def test_an_annotation_that_stops_mmdet(coco_parts: Registered, tmp_path: Path) -> None:
    def spoil(content: dict[str, Any]) -> None:
        content["annotations"][0]["bbox"] = None

    root = coco_parts.broken(tmp_path)
    edit_json(root, spoil, splits=("train",))
    refused(
        coco_parts.config_for(root), "annotation-unreadable", "1 images stop mmdet", "TypeError"
    )


def test_what_others_leave_out_of_coco_is_filled_in(coco_parts: Registered, tmp_path: Path) -> None:
    def bare(content: dict[str, Any]) -> None:
        for annotation in content["annotations"]:
            for key in ("area", "iscrowd", "segmentation"):
                annotation.pop(key)

    root = coco_parts.broken(tmp_path)
    edit_json(root, bare)
    report = preflight(coco_parts.config_for(root))
    assert report.verdict == "ready"
    assert report.counts == preflight(coco_parts.config).counts


def test_odd_xml_objects_are_named(voc_parts: Registered, tmp_path: Path) -> None:
    root = voc_parts.broken(tmp_path)
    xml = root / "Annotations" / "000001.xml"
    text = xml.read_text("utf-8")
    start = text.index("<xmin>")
    end = text.index("</xmin>")
    xml.write_text(
        "<!DOCTYPE annotation>\n" + text[:start] + "<xmin>nan" + text[end:], encoding="utf-8"
    )
    report = preflight(voc_parts.config_for(root))
    assert report.verdict == "ready"
    assert report.counts["train"].dropped == {"of no class": 2, "without a box": 1}


def test_results_of_an_earlier_run_do_not_stay(coco_parts: Registered, tmp_path: Path) -> None:
    config = coco_parts.config_for(coco_parts.broken(tmp_path))
    assert preflight(config).verdict == "ready"
    picture = tmp_path / "smoke" / "ground_truth.png"
    assert picture.is_file()
    config.write_text("model = 3\n")
    assert preflight(config).verdict == "refused"
    assert not picture.exists()
