"""The code for torchvision: golden trees, old Pythons, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from generated import (
    HUMANPARTS,
    LABELMEPARTS,
    READING,
    SOURCES,
    check_code,
    check_golden,
    render,
    spec,
)
from helpers import REPO

from dataforge.errors import UsageError
from dataforge.frameworks import get_framework
from dataforge.frameworks.spec import TrainSpec
from dataforge.models import get_network, networks, sources_of

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
    "humanparts_detnet59": (HUMANPARTS, TrainSpec(backbone="detnet59")),
    "labelmeparts_vgg16": (
        LABELMEPARTS,
        TrainSpec(
            base="mask_rcnn_r50_fpn", backbone="vgg16", frozen_stages=2, weights="/data/vgg16.pth"
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str) -> None:
    files = torchvision.render_files(*CASES[case])
    copied = {f"{CASES[case][0].folder}/{name}.py" for name in SOURCES}
    check_golden(GOLDEN / case, {file.path: file.text for file in files if file.path not in copied})


@pytest.mark.parametrize("init", ["imagenet", "random"])
@pytest.mark.parametrize(("format_", "masks"), [("voc", False), ("coco", False), ("coco", True)])
def test_generated_code_is_plain_old_python(format_: str, masks: bool, init: str) -> None:
    allowed = {"json", "os", "PIL", "torch", "torchvision", *(("numpy",) if masks else ())}
    allowed |= READING if format_ == "voc" else {"unicodedata"}
    script = {"any_dataset", "argparse", "contextlib", "io", "math", "pycocotools", "time"}
    dataset = spec("Any", format=format_, has_masks=masks)
    base = "mask_rcnn_r50_fpn" if masks else "retinanet_r50_fpn"
    for path, text in render(dataset, "torchvision", base=base, init=init, repeat=3).items():
        more = script if path.endswith("/train.py") or masks else set()
        check_code(path, text, allowed | more, floor=(3, 8))  # the oldest of torchvision 0.16
        assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("backbone", [n for n in networks() if get_network(n).torchvision])
def test_a_network_comes_with_its_files(backbone: str) -> None:
    allowed = READING | {"any_dataset", "argparse", "collections", "contextlib", "io", "json"}
    allowed |= {"__future__", "pycocotools", "time", "torch", "torchvision", "typing"}
    # torchvision builds a ResNet-50 by itself if nothing is asked for.
    given = {"frozen_stages": 0} if backbone == "resnet50" else {}
    files = render(spec("Any"), "torchvision", backbone=backbone, **given)
    source = get_network(backbone).source
    assert {*files} == {
        "python/any_dataset/__init__.py",
        "python/any_dataset/annotations.py",
        "python/any_dataset/index.py",
        "python/any_dataset/torchvision.py",
        "configs/torchvision/any/train.py",
        *(f"python/any_dataset/{name}.py" for name in sources_of("detection")),
        *(f"python/any_dataset/{name}.py" for name in (sources_of(source) if source else ())),
    }
    for path, text in files.items():
        check_code(path, text, allowed, floor=(3, 8))
        assert max(map(len, text.splitlines())) <= 110
    script = files["configs/torchvision/any/train.py"]
    assert f"default='fasterrcnn_{backbone}_fpn'" in script
    assert "_v2" not in script


@pytest.mark.parametrize(
    ("backbone", "given", "weights", "trainable"),
    [
        ("detnet59", {}, "imagenet", 4),
        ("detnet59", {"frozen_stages": -1}, "imagenet", 6),
        ("vgg16", {"frozen_stages": 2, "weights": "/w/vgg.pth"}, "/w/vgg.pth", 2),
        ("vgg16_bn", {"init": "random"}, "none", 3),
        ("res2net50_26w_6s", {}, "none", 3),
        ("resnet50", {"frozen_stages": 0}, "imagenet", 4),
        ("resnet50", {"weights": "/w/r.pth"}, "/w/r.pth", 3),
    ],
)
def test_weights_and_trainable_layers(
    backbone: str, given: dict[str, Any], weights: str, trainable: int
) -> None:
    files = render(spec("Any"), "torchvision", backbone=backbone, **given)
    script = files["configs/torchvision/any/train.py"]
    assert f"add('--weights-backbone', default='{weights}'" in script
    assert f"choices=range({7 if backbone == 'detnet59' else 6}), default={trainable}" in script


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"backbone": "resnet51"}, "--backbone resnet51: must be one of detnet59, "),
        ({"backbone": "res2net50_v1b_26w_4s"}, "torchvision has detnet59, resnet18, "),
        ({"backbone": "vgg16", "base": "fasterrcnn_resnet50_fpn_v2"}, "use one without _v2"),
        ({"backbone": "vgg16", "frozen_stages": 5}, "5: must be -1 .* to 4"),
        (
            {"backbone": "vgg16", "frozen_stages": 0, "init": "random"},
            "would freeze random weights of vgg16",
        ),
        (
            {"backbone": "detnet59", "frozen_stages": 4},
            "4: would freeze random weights of detnet59",
        ),
        ({"backbone": "vgg16", "init": "random", "weights": "/w"}, "contradicts --weights"),
        ({"settings": {"neck.start_level": 1}}, "--set is for mmdetection"),
    ],
)
def test_networks_torchvision_cannot_train(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        torchvision.check(spec("Any"), TrainSpec(**given))


def test_what_is_said_about_weights() -> None:
    (note,) = torchvision.notes(TrainSpec(backbone="res2net50_26w_6s"))
    assert note.startswith("no weights of res2net50_26w_6s can be fetched")
    (note,) = torchvision.notes(TrainSpec(backbone="detnet59"))
    assert "those of torchvision://resnet50 are loaded where they fit" in note
    for spec_ in (TrainSpec(), TrainSpec(backbone="vgg16"), TrainSpec(backbone="resnet18")):
        assert torchvision.notes(spec_) == ()


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
