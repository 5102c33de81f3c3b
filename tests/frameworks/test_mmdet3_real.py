"""The generated classes and configs in the real mmdet 3: loaded, built, evaluated."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated import render, spec, unique, write_files
from helpers import picture, write

from dataforge.frameworks import get_framework
from dataforge.frameworks.spec import DatasetSpec, PlannedFile, SplitSpec

pytest.importorskip("mmengine")
from mmdet.evaluation.functional import class_names
from mmdet.registry import DATASETS, METRICS, MODELS
from mmdet.utils import register_all_modules
from mmengine.config import Config

register_all_modules()
pytestmark = [pytest.mark.mmdet3, pytest.mark.lite]

BASES = [*get_framework("mmdet3").bases]
CLASSES = tuple("abcdefg")


def load(dataset: DatasetSpec, out: Path, patch: pytest.MonkeyPatch, **train: Any) -> Any:
    """The training config, as `tools/train.py` would load it."""
    files = render(dataset, "mmdet3", **train)
    write_files(out, (PlannedFile(*item) for item in files.items()), patch)
    (config,) = [path for path in files if f"/{dataset.key}/" in path]
    return Config.fromfile(str(out / config))


def plain(node: Any) -> Any:
    """A config with names for classes."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [plain(value) for value in node]
    return node.__name__ if isinstance(node, type) else node


def letters(**changes: Any) -> DatasetSpec:
    """A COCO dataset of seven classes."""
    spellings = {letter: letter for letter in CLASSES}
    fields = {"format": "coco", "has_masks": True, "classes": CLASSES, "spellings": spellings}
    return spec(unique(), **{**fields, **changes})


@pytest.mark.parametrize("init", ["imagenet", "random"])
@pytest.mark.parametrize("base", BASES)
def test_mmdet_builds_every_base(
    base: str, init: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(letters(), tmp_path, monkeypatch, base=base, init=init)
    if init == "imagenet":
        assert config.model.backbone.init_cfg.checkpoint == "torchvision://resnet50"
        config.model.backbone.init_cfg = None  # not to be downloaded
    model = MODELS.build(config.model)
    heads = {"cascade": 3, "mask-rcnn_r50_fpn": 2}.get(base if "mask" in base else base[:7], 1)
    numbers = [
        module.num_classes
        for name, module in model.named_modules()
        if hasattr(module, "num_classes") and not name.endswith("rpn_head")
    ]
    assert numbers == [7] * heads
    frozen = [name for name, value in model.backbone.named_parameters() if not value.requires_grad]
    assert bool(frozen) == (init == "imagenet")
    assert {hook["type"] for hook in config.custom_hooks} == {"NumClassCheckHook"}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("init", ["imagenet", "random"])
def test_both_config_styles_are_equivalent(
    base: str, init: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The classic config inherits mmdet's own bases; the lazy one has to say them again."""
    dataset = letters()
    classic = load(dataset, tmp_path, monkeypatch, base=base, init=init)
    lazy = load(dataset, tmp_path, monkeypatch, base=base, init=init, style="lazy")
    only_classic = {"custom_imports", "dataset_type", "vis_backends"}
    for key in classic.keys() - only_classic:
        assert plain(lazy[key]) == plain(classic[key]), key


def test_get_classes_and_metainfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = letters()
    config = load(dataset, tmp_path, monkeypatch)
    assert class_names.get_classes(dataset.name) == list(CLASSES)
    class_ = DATASETS.get(config.train_dataloader.dataset.type)
    assert class_.METAINFO["classes"] == CLASSES
    assert class_ is getattr(importlib.import_module(f"{dataset.package}.mmdet3"), class_.__name__)


# COCO by name -----------------------------------------------------------------------------------

BOXES = {"cat": [10, 10, 30, 20], "dog": [50, 40, 20, 30]}  # x y w h


def coco(root: Path, names: list[str]) -> DatasetSpec:
    """One image with a cat and a dog, its categories in the order of `names`."""
    picture(root / "images/a.jpg", (100, 80))
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 80}],
        "categories": [{"id": i + 5, "name": name} for i, name in enumerate(names)],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": names.index(name) + 5, "bbox": box,
             "area": box[2] * box[3], "iscrowd": 0}
            for i, (name, box) in enumerate(BOXES.items(), 1)
        ],
    }  # fmt: skip
    write(root / "all.json", content)
    split = SplitSpec(ann_file="all.json", images="images")
    splits = dict.fromkeys(("train", "val", "test"), split)
    return spec(unique(), format="coco", root=str(root), splits=splits)


@pytest.mark.parametrize("names", [["dog", "cat"], ["cow", "dog", "pig", "cat"]])
def test_labels_follow_the_classes_regardless_of_file_order(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = coco(tmp_path / "data", names)
    config = load(dataset, tmp_path / "out", monkeypatch)
    built = DATASETS.build(config.val_dataloader.dataset)
    labels = [item["bbox_label"] for item in built.get_data_info(0)["instances"]]
    assert labels == [0, 1]  # cat, dog

    # The evaluation reads the same names: detections that are the ground truth score 1.
    metric = METRICS.build(config.val_evaluator)
    metric.dataset_meta = built.metainfo
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in BOXES.values()], dtype=np.float32)
    assert score(metric, boxes, [0, 1]) == 1.0
    assert score(metric, boxes, [1, 0]) == 0.0


def score(metric: Any, boxes: Any, labels: list[int]) -> float:
    """bbox mAP of detections with a score of 1."""
    import torch

    found = {
        "bboxes": torch.tensor(boxes),
        "labels": torch.tensor(labels),
        "scores": torch.ones(len(labels)),
    }
    sample = {"img_id": 1, "ori_shape": (80, 100), "pred_instances": found}
    metric.process({}, [sample])
    return float(metric.evaluate(1)["coco/bbox_mAP"])


def test_a_misspelt_category_stops_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = coco(tmp_path / "data", ["cat", "dog"])
    text = (tmp_path / "data/all.json").read_text()
    (tmp_path / "data/all.json").write_text(text.replace('"dog"', '"dgo"'))
    config = load(dataset, tmp_path / "out", monkeypatch)
    with pytest.raises(ValueError, match=r"has no category \['dog'\].*'dgo'"):
        DATASETS.build(config.train_dataloader.dataset)


# VOC --------------------------------------------------------------------------------------------


def test_filters_are_those_of_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "data"
    box = "<bndbox><xmin>5</xmin><ymin>5</ymin><xmax>{}</xmax><ymax>25</ymax></bndbox>"
    for name, right in (("wide", 60), ("narrow", 12), ("empty", 0)):
        picture(root / f"Images/{name}.jpg", (100, 80) if name != "narrow" else (30, 80))
        item = f"<object><name>cat</name>{box.format(right)}</object>" if right else ""
        write(root / f"Annotations/{name}.xml", f"<annotation>{item}</annotation>")
    for split in ("train", "val", "test"):
        write(root / f"{split}.txt", "wide\nnarrow\nempty\n")
    config = load(spec(unique(), root=str(root)), tmp_path / "out", monkeypatch)

    def flags(**filter_cfg: Any) -> dict[str, list[int]]:
        built = DATASETS.build({**config.train_dataloader.dataset, **filter_cfg})
        infos = [built.get_data_info(i) for i in range(len(built))]
        return {i["img_id"]: [item["ignore_flag"] for item in i["instances"]] for i in infos}

    # As it was written, nothing is left out: neither an empty image nor one under 32 px.
    assert flags() == {"wide": [0], "narrow": [0], "empty": []}
    wide = {"filter_empty_gt": True, "min_size": 32}
    assert flags(filter_cfg=wide) == {"wide": [0]}
    assert flags(filter_cfg={"bbox_min_size": 15}) == {"wide": [0], "narrow": [1], "empty": []}
