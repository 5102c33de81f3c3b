"""`dataforge describe` of real models, against hooks on them and published figures."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")

from command_line import Cli
from smoke_data import EVERY, Registered, every

from dataforge.features import capture
from dataforge.frameworks import open_model
from dataforge.verbs.describe import Description, describe

Get = Callable[[str], Registered]
Describes = Callable[[str], Description]
MMDET = [param for param in EVERY if param.values[0] != "torchvision"]
SIZE = (160, 96)


def edited(registered: Registered, folder: Path, **model: Any) -> Path:
    """The config of mmdetection with other settings of the model."""
    path = folder / "config.py"
    path.write_text(f"_base_ = {str(registered.config)!r}\nmodel = {model!r}\n")
    return path


@pytest.fixture(scope="session")
def describes(live: Get) -> Describes:
    """Framework -> description of its Faster R-CNN at 160 x 96."""
    return functools.cache(lambda framework: describe(live(framework).config, SIZE))


def shapes(found: Description) -> list[list[int]]:
    return [part.outputs[0] for part in found.stages]


@every
def test_faster_rcnn(describes: Describes, framework: str) -> None:
    found = describes(framework)
    assert (found.framework, found.image_size) == (framework, [160, 96])
    assert sorted(found.scale or []) == [800, 1333]
    assert [part.name for part in found.stages] == ["stem", "layer1", "layer2", "layer3", "layer4"]
    assert [part.stride for part in found.stages] == [4, 4, 8, 16, 32]
    assert shapes(found) == [
        [64, 24, 40], [256, 24, 40], [512, 12, 20], [1024, 6, 10], [2048, 3, 5],
    ]  # fmt: skip
    trained = [part.trained for part in found.stages]
    assert trained == ["frozen", "frozen", "trained", "trained", "trained"]
    assert {part.statistics for part in found.stages} == {"fixed"}
    assert [(level.name, level.shape, level.stride) for level in found.levels] == [
        ("P2", [256, 24, 40], 4), ("P3", [256, 12, 20], 8), ("P4", [256, 6, 10], 16),
        ("P5", [256, 3, 5], 32), ("P6", [256, 2, 3], 64),
    ]  # fmt: skip
    assert found.neck is not None
    assert found.neck.parameters == 256 * (256 + 512 + 1024 + 2048) + 4 * 256 * 256 * 9 + 8 * 256
    parts = [*found.stages, found.neck, *found.heads]
    assert sum(part.parameters for part in parts) == found.parameters
    assert sum(part.trainable for part in parts) == found.trainable
    assert sum(part.multiply_adds or 0 for part in parts) == found.multiply_adds
    assert all(part.multiply_adds for part in parts)
    assert found.notes == []
    on_boxes = {part.name.split(".")[0] for part in found.heads if part.boxes}
    assert on_boxes <= {"roi_head", "roi_heads"}
    assert on_boxes


@every
def test_it_agrees_with_hooks_on_the_live_model(
    live: Get, describes: Describes, framework: str
) -> None:
    config = live(framework).config
    found = describes(framework)
    opened = open_model(config).live
    neck = str(opened.neck)
    names = [part.modules[-1] for part in found.stages]
    with capture(opened.model, *names, neck) as features:
        opened.run_blank(*SIZE)
    assert [list(features[name].shape[1:]) for name in names] == shapes(found)
    levels = features[neck]
    levels = levels.values() if isinstance(levels, dict) else levels
    assert [list(level.shape[1:]) for level in levels] == [level.shape for level in found.levels]
    weights = {name: value.requires_grad for name, value in opened.model.named_parameters()}
    for part in found.stages:
        of_part = {
            weights[name]
            for name in weights
            if any(name.startswith(f"{one}.") for one in part.modules)
        }
        assert of_part == {part.trained == "trained"}
    assert sum(value.numel() for value in opened.model.parameters()) == found.parameters


@every
def test_anchors_and_the_boxes_of_the_training_set(
    live: Get, describes: Describes, framework: str
) -> None:
    found = describes(framework)
    assert [level.level for level in found.anchors] == ["P2", "P3", "P4", "P5", "P6"]
    assert [level.stride for level in found.anchors] == [4, 8, 16, 32, 64]
    sizes = [level.sizes for level in found.anchors]
    assert sizes == [pytest.approx([32 * 2**power], rel=0.02) for power in range(5)]
    for level in found.anchors:
        assert level.ratios == pytest.approx([0.5, 1, 2], rel=0.06)
        assert level.number % 3 == 0
    assert [level.number for level in found.anchors] == [2880, 720, 180, 45, 18]
    coverage = found.coverage
    assert coverage is not None
    parts = open_model(live(framework).config).config.parts("train")
    built = parts[0].build(training=True)
    boxes = sum(len(built.truth(index).boxes) for index in range(len(built.images)))
    assert (coverage.images, coverage.boxes) == (len(built.images), boxes)
    assert sum(level.boxes or 0 for level in found.anchors) == boxes
    assert 0.5 < coverage.mean_iou < 1
    assert 0 < coverage.recall <= 1


@every
def test_multiply_adds_of_resnet_50(live: Get, framework: str) -> None:
    """4.09 G for an image of 224 x 224, 2 M of them in the classifier, which is not there."""
    found = describe(live(framework).config, (224, 224))
    macs = sum(part.multiply_adds or 0 for part in found.stages)
    assert macs == pytest.approx(4.087e9, rel=1e-3)


@pytest.mark.parametrize("framework", MMDET)
def test_levels_p3_to_p7(live: Get, framework: str, tmp_path: Path) -> None:
    neck = {"start_level": 1, "add_extra_convs": "on_input", "num_outs": 5}
    strides = [8, 16, 32, 64, 128]
    config = edited(
        live(framework), tmp_path, neck=neck,
        rpn_head={"anchor_generator": {"strides": strides}},
        roi_head={"bbox_roi_extractor": {"featmap_strides": strides[:4]}},
    )  # fmt: skip
    found = describe(config, (256, 256))
    assert [(level.name, level.stride) for level in found.levels] == [
        ("P3", 8), ("P4", 16), ("P5", 32), ("P6", 64), ("P7", 128),
    ]  # fmt: skip
    assert [level.level for level in found.anchors] == ["P3", "P4", "P5", "P6", "P7"]


@pytest.mark.parametrize("framework", MMDET)
def test_frozen_stages_and_norms(live: Get, framework: str, tmp_path: Path) -> None:
    config = edited(live(framework), tmp_path, backbone={"frozen_stages": -1, "norm_eval": False})
    found = describe(config, (64, 64))
    assert {(part.trained, part.statistics) for part in found.stages} == {("trained", "updated")}
    config = edited(live(framework), tmp_path, backbone={"frozen_stages": 3, "norm_eval": False})
    found = describe(config, (64, 64))
    assert [part.trained for part in found.stages] == ["frozen"] * 4 + ["trained"]
    assert [part.statistics for part in found.stages] == ["fixed"] * 4 + ["updated"]


@pytest.mark.parametrize("framework", MMDET)
def test_heads_that_do_not_run_are_a_note(live: Get, framework: str, tmp_path: Path) -> None:
    config = edited(live(framework), tmp_path, roi_head={"bbox_head": {"in_channels": 255}})
    found = describe(config, (64, 64))
    assert found.notes
    assert found.notes[0].startswith("the heads did not run: RuntimeError: ")
    assert len(found.levels) == 5
    heads = {part.name: part.multiply_adds for part in found.heads}
    assert heads == {"rpn_head": None, "roi_head": None}


@every
def test_without_the_data_there_is_a_model_all_the_same(
    live: Get, framework: str, tmp_path: Path
) -> None:
    registered = live(framework)
    config = registered.config_for(registered.broken(tmp_path))
    shutil.rmtree(tmp_path / "broken")
    found = describe(config, (64, 64))
    assert (len(found.stages), len(found.anchors), found.coverage) == (5, 5, None)
    assert found.anchors[0].boxes is None
    assert found.notes[0].startswith("the training set did not load: FileNotFoundError: ")


@pytest.mark.parametrize("framework", MMDET)
def test_a_model_that_does_not_build(live: Get, framework: str, tmp_path: Path, cli: Cli) -> None:
    config = edited(live(framework), tmp_path, backbone={"type": "ResNot"})
    done = cli("describe", config)
    assert done.returncode == 3
    assert "mmdet cannot build the model: KeyError: " in done.stderr
    config = edited(live(framework), tmp_path, neck={"in_channels": [1, 2, 3, 4]})
    done = cli("describe", config, "--image-size", "50x60")
    assert done.returncode == 2
    assert "the model does not run on an image of 64x64: RuntimeError: " in done.stderr


@every
def test_the_command(live: Get, framework: str, cli: Cli, tmp_path: Path) -> None:
    config = live(framework).config
    report = tmp_path / "report.json"
    done = cli("describe", config, "--image-size", "160x96", "--report", report)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{config}: {framework}, on an image of 160x96"
    assert any(line.split() == ["P4", "256x6x10", "16"] for line in lines)
    assert "best anchor of a box: IoU 0." in done.stdout
    content = json.loads(report.read_text())
    again = cli("describe", config, "--image-size", "160x96", "--json")
    assert json.loads(again.stdout) == content
    assert content["stages"][4]["outputs"] == [[2048, 3, 5]]
