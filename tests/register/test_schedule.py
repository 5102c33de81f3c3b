"""The schedule and the learning rate are those for the images that are trained on."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import picture, write
from register.datasets import Cli, coco, planned, voc

from dataforge.frameworks import TrainSpec
from dataforge.verbs.register import Plan


def config(plan: Plan) -> str:
    """The text of the training config."""
    (text,) = [file.text for file in plan.files if file.path == plan.targets[0].config]
    return text


@pytest.mark.parametrize(
    ("lists", "number"),
    [
        ({"train": "a\nb\nc\n", "val": "d"}, 3),
        ({"trainval": "a\nb\n", "test": "c\nd"}, 2),  # used in the place of train
        ({"train": "a\na\nnone\n", "val": "d"}, 1),
        ({}, 4),
    ],
)
def test_images_of_the_split_that_is_trained_on(
    lists: dict[str, str], number: int, tmp_path: Path
) -> None:
    plan = planned(voc(tmp_path / "d", *"abcd", **lists), "Cats")
    assert plan.dataset.train_images == number


def test_images_of_a_new_split_and_of_a_coco_file(tmp_path: Path) -> None:
    root = voc(tmp_path / "d", *(f"p{i}" for i in range(10)))
    assert planned(root, "Cats", split="train=0.7,val=0.3").dataset.train_images == 7
    for name, images in (("train", "abc"), ("val", "d")):
        names = [f"{letter}.jpg" for letter in images]
        write(tmp_path / "c" / f"{name}.json", coco(*names))
        for one in names:
            picture(tmp_path / "c" / "images" / one)
    assert planned(tmp_path / "c", "Dogs").dataset.train_images == 3


@pytest.mark.parametrize(
    ("train", "lines"),
    [
        # 10 images of 2 are 5 steps; 120 epochs of them 600, and 100 of these the warm-up.
        (
            TrainSpec(),
            ["optimizer = dict(lr=0.0025)", "runner = dict(max_epochs=120)",
             "evaluation = dict(interval=10)", "checkpoint_config = dict(interval=10)",
             "lr_config = dict(warmup_iters=100, step=[80, 110])", "log_config = dict(interval=2)"],
        ),
        # 200 times 10 images of 4 are 500 steps, and 12 epochs 6,000: the schedule as it is.
        (TrainSpec(repeat=200, gpus=2), ["optimizer = dict(lr=0.005)"]),
        # 20 times: 50 steps, and 600 in 12 epochs.
        (
            TrainSpec(repeat=20, gpus=2),
            ["optimizer = dict(lr=0.005)", "runner = dict(max_epochs=24)",
             "evaluation = dict(interval=2)", "checkpoint_config = dict(interval=2)",
             "lr_config = dict(warmup_iters=120, step=[16, 22])"],
        ),
    ],
)  # fmt: skip
def test_what_is_written(train: TrainSpec, lines: list[str], tmp_path: Path) -> None:
    ids = [f"t{i}" for i in range(10)]
    root = voc(tmp_path / "d", *ids, "v", train="\n".join(ids), val="v")
    text = config(planned(root, "Cats", train=train, frameworks=("mmdet2",)))
    names = ("optimizer", "runner", "evaluation", "checkpoint_config", "lr_config", "log_config",
             "workflow")  # fmt: skip
    assert [line for line in text.splitlines() if line.split(" = ")[0] in names] == lines
    assert ("schedule_1x does not fit" in text) == (len(lines) > 1)


def test_workflow_is_an_option(cli: Cli, parts: Path) -> None:
    for framework, name, said in (
        ("mmdet2", "faster_rcnn_r50_fpn_humanparts.py", "workflow = [('train', 1), ('val', 1)]"),
        ("mmdet3", "faster-rcnn_r50_fpn_humanparts.py", "type='HumanPartsValidationLoss'"),
        ("torchvision", "train.py", "BooleanOptionalAction, default=True"),
    ):
        options = ["--framework", framework, "--workflow", "train,val", "-o", framework, "--force"]
        code, _, errors = cli("register", "HumanParts", "--root", parts, *options)
        assert (code, errors) == (0, "")
        assert said in next(Path(framework).rglob(name)).read_text()
    assert cli("register", "HumanParts", "--root", parts, "--workflow", "val")[0] == 2
