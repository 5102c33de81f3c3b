"""The code for torchvision: golden trees, old Pythons, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from generated import HUMANPARTS, LABELMEPARTS, check_code, check_golden, render, spec
from helpers import REPO

from dataforge.errors import UsageError
from dataforge.frameworks import get_framework
from dataforge.frameworks.spec import TrainSpec

torchvision = get_framework("torchvision")

GOLDEN = REPO / "tests" / "golden" / "torchvision"
CASES = {
    # golden folder -> what it is generated from
    "humanparts": (HUMANPARTS, TrainSpec()),
    "labelmeparts_coco": (
        LABELMEPARTS,
        TrainSpec(
            base="maskrcnn_resnet50_fpn", gpus=4, repeat=3, init="random", workflow="train,val"
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str) -> None:
    files = torchvision.render_files(*CASES[case])
    check_golden(GOLDEN / case, {file.path: file.text for file in files})


@pytest.mark.parametrize("init", ["imagenet", "random"])
@pytest.mark.parametrize(("format_", "masks"), [("voc", False), ("coco", False), ("coco", True)])
def test_generated_code_is_plain_old_python(format_: str, masks: bool, init: str) -> None:
    allowed = {"json", "os", "PIL", "torch", "torchvision", *(("numpy",) if masks else ())}
    allowed |= {"math", "re", "unicodedata", "xml"}  # annotations.py
    script = {"any_dataset", "argparse", "contextlib", "io", "math", "pycocotools", "time"}
    dataset = spec("Any", format=format_, has_masks=masks)
    base = "mask_rcnn_r50_fpn" if masks else "retinanet_r50_fpn"
    for path, text in render(dataset, "torchvision", base=base, init=init, repeat=3).items():
        more = script if path.endswith("/train.py") or masks else set()
        check_code(path, text, allowed | more, floor=(3, 8))  # the oldest of torchvision 0.16
        assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize(
    ("base", "default"),
    [
        ("faster_rcnn_r50_fpn", "fasterrcnn_resnet50_fpn"),
        ("fasterrcnn_resnet50_fpn_v2", "fasterrcnn_resnet50_fpn_v2"),
        ("retinanet_r50_fpn", "retinanet_resnet50_fpn"),
    ],
)
def test_a_base_in_any_spelling(base: str, default: str) -> None:
    text = render(spec("Any"), "torchvision", base=base)["configs/torchvision/any/train.py"]
    assert f"add('--model', choices=LEARNING_RATES, default='{default}')" in text
    assert "mask" not in text


@pytest.mark.parametrize(
    ("changes", "base", "said"),
    [
        ({}, "yolo", "--base yolo: must be one of fasterrcnn_resnet50_fpn, "),
        ({"has_masks": True}, "cascade_rcnn_r50_fpn", "must be one of"),
        ({}, "mask_rcnn_r50_fpn", "requires masks, and Any has only boxes"),
    ],
)
def test_options_torchvision_cannot_train(changes: Any, base: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        torchvision.check(spec("Any", **changes), TrainSpec(base=base))
