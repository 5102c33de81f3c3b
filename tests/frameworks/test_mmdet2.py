"""The code for mmdet 2: golden trees, old Pythons, and the real mmdet reading the configs."""

from __future__ import annotations

import ast
from typing import Any

import msgspec
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

from dataforge.errors import OutputError, UsageError
from dataforge.frameworks import get_framework
from dataforge.frameworks.spec import SplitSpec, TrainSpec

mmdet2 = get_framework("mmdet2")

GOLDEN = REPO / "tests" / "golden" / "mmdet2"
CASES = {
    # golden folder -> what it is generated from
    "humanparts": (HUMANPARTS, TrainSpec()),
    "labelmeparts_coco": (
        LABELMEPARTS,
        TrainSpec(base="mask_rcnn_r50_fpn", gpus=4, repeat=3, init="random", workflow="train,val"),
    ),
}
VARIANTS = {
    f"{format_}-{base}-{init}-{backbone}": (
        spec(
            "Any",
            format=format_,
            has_masks=True,
            lookup="filename" if init == "random" else "id",
            difficult="ignore" if init == "random" else "drop",
            coords="voc" if init == "random" else "mmdet",
            ignore_case=init == "random",
        ),
        {"base": base, "init": init, "repeat": 3 if init == "random" else 1, "backbone": backbone},
    )
    for backbone in ("resnet50", "detnet59", "res2net50_26w_8s")
    for format_ in ("voc", "coco")
    for base in mmdet2.bases
    for init in ("imagenet", "random")
}


# Text -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str) -> None:
    """`DATAFORGE_UPDATE_GOLDEN=1 pytest tests/frameworks` writes the trees anew: read the diff."""
    dataset, train = CASES[case]
    check_golden(GOLDEN / case, render(dataset, **msgspec.structs.asdict(train)))


NETWORKS = {
    "detnet59": (HUMANPARTS, {"backbone": "detnet59"}),
    "res2net50_26w_6s": (
        LABELMEPARTS,
        {
            "base": "cascade_rcnn_r50_fpn",
            "backbone": "res2net50_26w_6s",
            "init": "random",
            "settings": {
                "neck.start_level": 1,
                "neck.add_extra_convs": "on_input",
                "neck.out_channels": 128,
            },
        },
    ),
}


@pytest.mark.parametrize("case", NETWORKS)
def test_golden_networks(case: str) -> None:
    dataset, train = NETWORKS[case]
    files = render(dataset, **train)
    check_golden(GOLDEN / "networks" / case, about_the_network(files, dataset))


@pytest.mark.parametrize("variant", VARIANTS)
def test_generated_code_is_plain_old_python(variant: str) -> None:
    dataset, train = VARIANTS[variant]
    allowed = READING | {"__future__", "mmcv", "mmdet", "numpy", "torch", "typing"}
    for path, text in render(dataset, **train).items():
        check_code(path, text, allowed, floor=(3, 7))  # the oldest that mmdet 2 runs on


@pytest.mark.parametrize(
    ("base", "gpus", "samples", "lr"),
    [
        # mmdet's own: 0.02 for 8 x 2 images (RetinaNet 0.01), in proportion to the images a step
        ("faster_rcnn_r50_fpn", 8, 2, 0.02),
        ("faster_rcnn_r50_fpn", 4, 2, 0.01),
        ("faster_rcnn_r50_fpn", 1, 2, 0.0025),
        ("cascade_rcnn_r50_fpn", 1, 16, 0.02),
        ("retinanet_r50_fpn", 8, 2, 0.01),
        ("retinanet_r50_fpn", 1, 4, 0.0025),
        ("faster_rcnn_r50_fpn", 3, 1, 0.00375),
    ],
)
def test_the_learning_rate_is_scaled(base: str, gpus: int, samples: int, lr: float) -> None:
    files = render(spec("Any"), base=base, gpus=gpus, samples_per_gpu=samples)
    tree = ast.parse(files[f"configs/mmdet2/any/{base}_any.py"])
    found = assigned(tree, "optimizer")
    assert found == {"lr": lr}
    assert assigned(tree, "auto_scale_lr") == {"enable": False, "base_batch_size": gpus * samples}
    assert assigned(tree, "data") == {"samples_per_gpu": samples}


def test_shared_files_depend_only_on_the_dataset() -> None:
    """Otherwise a second training config would change the first one's files."""
    dataset = spec("Any", format="coco", has_masks=True)
    shared: dict[str, str] = {}
    for base in mmdet2.bases:
        for options in (
            {},
            {"samples_per_gpu": 5, "repeat": 3, "init": "random", "gpus": 4},
            {"backbone": "detnet59", "settings": {"neck.out_channels": 64}},
            {"backbone": "res2net50_26w_6s"},
            {"backbone": "res2net50_26w_8s", "init": "random"},
        ):
            files = render(dataset, base=base, **options)
            (config,) = [path for path in files if path.startswith("configs/mmdet2/any/")]
            del files[config]
            for path, text in files.items():
                assert shared.setdefault(path, text) == text, (path, base)
    assert {path for path in shared if "_base_" in path} == {
        "configs/mmdet2/_base_/datasets/any.py",
        "configs/mmdet2/_base_/datasets/any_instance.py",
    }


def assigned(tree: ast.Module, name: str, *only: str) -> dict[str, Any]:
    """The literal keywords of the `name = dict(...)` of a config."""
    (call,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    ]
    assert isinstance(call, ast.Call)
    return {
        str(keyword.arg): ast.literal_eval(keyword.value)
        for keyword in call.keywords
        if not only or keyword.arg in only
    }


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "train", "said"),
    [
        ({"class_name": "CocoDataset"}, {}, "mmdet has its own CocoDataset"),
        ({"class_name": "WIDERFaceDataset"}, {}, "WIDERFaceDataset"),
        ({"key": "coco"}, {}, "'coco'"),
        ({"aliases": ("any", "vid")}, {}, "'vid'"),  # would switch eval_map's rules
        ({"key": "get"}, {}, "'get'"),  # get_classes is mmdet's own function
        ({}, {"base": "yolo"}, "--base yolo: must be one of cascade_rcnn_r50_fpn, faster"),
        ({}, {"base": "mask_rcnn_r50_fpn"}, "requires masks"),
    ],
)
def test_datasets_unsupported_by_mmdet_are_refused(changes: Any, train: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        mmdet2.check(spec("Any", **changes), TrainSpec(**train))


@pytest.mark.parametrize("field", ["root", "ann_file", "images", "annotations"])
@pytest.mark.parametrize("path", ["Bob's", 'the "best"', "back\\slash", "two\nlines", "{{x}}"])
def test_a_path_that_mmcv_cannot_write_is_refused(field: str, path: str) -> None:
    dataset = spec("Any", root=path) if field == "root" else spec("Any", splits=splits(field, path))
    with pytest.raises(OutputError, match="rename or link the folder"):
        mmdet2.check(dataset, TrainSpec())


def splits(field: str, path: str) -> dict[str, SplitSpec]:
    plain = {"ann_file": "a.txt", "images": "I", "annotations": "A"}
    usual, odd = SplitSpec(**plain), SplitSpec(**{**plain, field: path})
    return {"train": usual, "val": odd, "test": usual}
