"""The code for mmdet 3: golden trees, old Pythons, what is refused."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from generated import (
    HUMANPARTS,
    LABELMEPARTS,
    READING,
    about_the_network,
    check_code,
    check_golden,
    render,
    spec,
)
from helpers import REPO

from dataforge.errors import UsageError
from dataforge.frameworks import get_framework
from dataforge.frameworks.spec import DatasetSpec, TrainSpec

mmdet3 = get_framework("mmdet3")

GOLDEN = REPO / "tests" / "golden" / "mmdet3"
CASES: dict[str, tuple[DatasetSpec, dict[str, Any]]] = {
    # golden folder -> what it is generated from
    "humanparts": (HUMANPARTS, {}),
    "humanparts_lazy": (HUMANPARTS, {"style": "lazy", "repeat": 2}),
    "labelmeparts_coco": (
        LABELMEPARTS,
        {
            "base": "mask_rcnn_r50_fpn",
            "gpus": 4,
            "repeat": 3,
            "init": "random",
            "workflow": "train,val",
        },
    ),
    "labelmeparts_coco_lazy": (
        LABELMEPARTS,
        {
            "base": "mask_rcnn_r50_fpn",
            "gpus": 4,
            "init": "random",
            "style": "lazy",
            "workflow": "train,val",
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str) -> None:
    """`DATAFORGE_UPDATE_GOLDEN=1 pytest tests/frameworks` writes the trees anew: read the diff."""
    dataset, given = CASES[case]
    check_golden(GOLDEN / case, render(dataset, "mmdet3", **given))


NETWORKS: dict[str, tuple[DatasetSpec, dict[str, Any]]] = {
    "resnet101": (
        HUMANPARTS,
        {
            "backbone": "resnet101",
            "frozen_stages": 2,
            "settings": {"neck.start_level": 1, "neck.add_extra_convs": "on_input"},
        },
    ),
    "detnet59": (LABELMEPARTS, {"base": "mask_rcnn_r50_fpn", "backbone": "detnet59"}),
    "detnet59_lazy": (
        LABELMEPARTS,
        {"base": "mask_rcnn_r50_fpn", "backbone": "detnet59", "style": "lazy"},
    ),
    "res2net50_26w_6s_lazy": (
        HUMANPARTS,
        {
            "base": "cascade_rcnn_r50_fpn",
            "backbone": "res2net50_26w_6s",
            "weights": "/data/res2net50_26w_6s.pth",
            "style": "lazy",
            "settings": {"neck.start_level": 1},
        },
    ),
}


@pytest.mark.parametrize("case", NETWORKS)
def test_golden_networks(case: str) -> None:
    dataset, given = NETWORKS[case]
    files = render(dataset, "mmdet3", **given)
    kept = about_the_network(files, dataset) if case != "resnet101" else _config(files, dataset)
    check_golden(GOLDEN / "networks" / case, kept)


def _config(files: dict[str, str], dataset: DatasetSpec) -> dict[str, str]:
    return {path: text for path, text in files.items() if f"/{dataset.key}/" in path}


@pytest.mark.parametrize("style", ["classic", "lazy"])
@pytest.mark.parametrize("backbone", ["resnet50", "detnet59", "res2net50_26w_8s"])
@pytest.mark.parametrize("init", ["imagenet", "random"])
@pytest.mark.parametrize("base", mmdet3.bases)
@pytest.mark.parametrize("format_", ["voc", "coco"])
def test_generated_code_is_plain_old_python(
    format_: str, base: str, init: str, backbone: str, style: str
) -> None:
    dataset = spec("Any", format=format_, has_masks=True)
    allowed = READING | {
        "__future__",
        "any_dataset",
        "mmcv",
        "mmdet",
        "mmengine",
        "torch",
        "typing",
    }
    repeat = 2 if init == "random" else 1
    train = {"base": base, "init": init, "backbone": backbone, "repeat": repeat}
    files = render(dataset, "mmdet3", style=style, **train)
    for path, text in files.items():
        check_code(path, text, allowed, floor=(3, 7))


def test_a_classic_config_imports_nothing() -> None:
    """mmengine takes a config that imports another package for the lazy style."""
    files = render(spec("Any"), "mmdet3")
    for path in files:
        if path.startswith("configs/"):
            nodes = [*ast.walk(ast.parse(files[path]))]
            assert not any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in nodes), path


@pytest.mark.parametrize(
    ("base", "gpus", "samples", "lr"),
    [
        # mmdet's own: 0.02 for 8 x 2 images (RetinaNet 0.01), in proportion to the images a step
        ("faster_rcnn_r50_fpn", 8, 2, "0.02"),
        ("faster-rcnn_r50_fpn", 1, 2, "0.0025"),
        ("retinanet_resnet50_fpn", 1, 4, "0.0025"),
    ],
)
@pytest.mark.parametrize("style", ["classic", "lazy"])
def test_the_learning_rate_is_scaled(
    base: str, gpus: int, samples: int, lr: str, style: str
) -> None:
    files = render(
        spec("Any"), "mmdet3", base=base, gpus=gpus, samples_per_gpu=samples, style=style
    )
    (text,) = [text for path, text in files.items() if "/any/" in path]
    assert f"lr={lr}" in text
    assert f"auto_scale_lr = dict(enable=False, base_batch_size={gpus * samples})" in text


@pytest.mark.parametrize(
    ("changes", "train", "said"),
    [
        ({"class_name": "CocoDataset"}, {}, "mmdet has its own CocoDataset"),
        ({"class_name": "CrowdHumanDataset"}, {}, "CrowdHumanDataset"),
        ({"class_name": "LVISDataset"}, {}, "LVISDataset"),  # for LVISMetric
        ({"key": "panoptic"}, {}, "'panoptic'"),
        ({"key": "get"}, {}, "'get'"),  # get_classes is mmdet's own function
        ({}, {"base": "yolo"}, "--base yolo: must be one of cascade-rcnn_r50_fpn, faster"),
        ({}, {"base": "mask_rcnn_r50_fpn"}, "requires masks"),
    ],
)
def test_datasets_unsupported_by_mmdet_are_refused(changes: Any, train: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        mmdet3.check(spec("Any", **changes), TrainSpec(**train))
