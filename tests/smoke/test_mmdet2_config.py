"""What can be wrong with an mmdet 2 config beside its data: each with its own right reason."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("mmcv.runner")  # mmcv 1 alone has it
pytestmark = [pytest.mark.mmdet, pytest.mark.filterwarnings("ignore")]

from smoke_broken import reverse_categories
from smoke_data import Registered, edit_json, preflight, refused

from dataforge.frameworks.mmdet2.smoke import Mmdet2Adapter


@pytest.mark.parametrize("number", [2, 4])
def test_num_classes_off_by_one(coco_parts: Registered, tmp_path: Path, number: int) -> None:
    config = coco_parts.config_for(
        coco_parts.broken(tmp_path), model={"roi_head": {"bbox_head": {"num_classes": number}}}
    )
    refused(
        config,
        "num-classes",
        f"model.roi_head.bbox_head.num_classes: num_classes is {number}, but the dataset has 3",
    )


def test_stock_coco_dataset_with_categories_in_another_order(
    coco_parts: Registered, tmp_path: Path
) -> None:
    root = coco_parts.broken(tmp_path)
    edit_json(root, reverse_categories)
    stock = {"type": "CocoDataset", "classes": ("face", "person", "hand")}
    config = coco_parts.config_for(root, data=dict.fromkeys(("train", "val", "test"), stock))
    refused(config, "class-order", "label 0 is 'face'", "'hand'", "swapped")


def test_a_config_that_does_not_load(tmp_path: Path) -> None:
    config = tmp_path / "config.py"
    config.write_text("custom_imports = dict(imports=['no_such_dataset'])\n")
    report = preflight(config)
    assert report.verdict == "refused"
    assert "No module named 'no_such_dataset'" in report.reasons[0]
    assert "dataforge register" in report.reasons[0]

    config.write_text("model = dict(type='FasterRCNN')\n")
    assert "it has no data" in preflight(config).reasons[0]


def test_unknown_dataset_class(coco_parts: Registered, tmp_path: Path) -> None:
    root = coco_parts.broken(tmp_path)
    other = {"type": "NoSuchDataset"}
    config = coco_parts.config_for(root, data=dict.fromkeys(("train", "val", "test"), other))
    refused(config, "dataset-does-not-build", "NoSuchDataset is not in the dataset registry")


def test_repeat_and_concat_are_unwrapped(coco_parts: Registered, tmp_path: Path) -> None:
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


def test_a_model_that_does_not_build(coco_parts: Registered, tmp_path: Path) -> None:
    config = coco_parts.config_for(
        coco_parts.broken(tmp_path), model={"backbone": {"type": "ResNot"}}
    )
    refused(config, "model-does-not-build", "ResNot is not in the models registry")


def test_head_without_num_classes_has_80(coco_parts: Registered, tmp_path: Path) -> None:
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
    train = Mmdet2Adapter().load(base).cfg.data.train.to_dict()
    other = {**train, "classes": ("hand", "person", "face")}
    both = {"_delete_": True, "type": "ConcatDataset", "datasets": [train, other]}
    config = tmp_path / "config.py"
    config.write_text(f"_base_ = {str(base)!r}\ndata = dict(train={both!r})\n")
    refused(config, "classes-differ", "ConcatDataset uses those of its first part")


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


def test_a_list_of_datasets_is_concatenated(coco_parts: Registered, tmp_path: Path) -> None:
    config = tmp_path / "config.py"
    config.write_text(
        f"_base_ = {str(coco_parts.config_for(coco_parts.broken(tmp_path)))!r}\n"
        "train = {{_base_.data.train}}\n"
        "data = dict(train=[dict(type='RepeatDataset', times=3, dataset=train), train])\n"
    )
    report = preflight(config)
    assert (report.verdict, report.counts["train"].images) == ("ready", 22)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (
            "data = dict(samples_per_gpu=2, train_dataloader=dict(samples_per_gpu=2))\n",
            "setting-twice",
            "samples_per_gpu is also set in data",
        ),
        ("evaluation = dict(metric='mAP')\n", "metric-unknown", "does not compute 'mAP'"),
        ("evaluation = dict(iou_thr=0.5)\n", "argument-unknown", "does not accept iou_thr"),
    ],
)
def test_what_stops_after_the_datasets_are_built(
    coco_parts: Registered, tmp_path: Path, text: str, code: str, words: str
) -> None:
    stock = {"type": "CocoDataset", "classes": ("face", "person", "hand")}
    root = coco_parts.broken(tmp_path)
    base = coco_parts.config_for(root, data=dict.fromkeys(("train", "val", "test"), stock))
    config = tmp_path / "config.py"
    config.write_text(f"_base_ = {str(base)!r}\n{text}")
    refused(config, code, words)
