"""The generated train.py under a smoke run: what can be wrong with it, and the proof."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torchvision")
pytestmark = [pytest.mark.torchvision, pytest.mark.filterwarnings("ignore")]

import torch
from smoke_data import Registered, Sample, preflight, refused
from torchvision.transforms import v2

from dataforge.frameworks.adapter import TrialSettings
from dataforge.frameworks.torchvision.smoke import TorchvisionAdapter, plain
from dataforge.verbs.smoke.proof import load_weights


@pytest.fixture
def parts(sample: Sample) -> Registered:
    """The VOC sample, whose script trains a Faster R-CNN."""
    return sample("voc", "torchvision")


def edited(parts: Registered, folder: Path, **edits: str) -> Path:
    """The script over a copy of the data, with other text in it."""
    return parts.config_for(parts.broken(folder), **edits)


@pytest.mark.parametrize(("change", "number"), [("", 3), (" + 2", 5)])
def test_num_classes_off_by_one(
    parts: Registered, tmp_path: Path, change: str, number: int
) -> None:
    config = edited(parts, tmp_path, **{"len(CLASSES) + 1": f"len(CLASSES){change}"})
    refused(
        config,
        "num-classes",
        f"cls_score.out_features: num_classes is {number}, but the dataset has 3",
        "set it to 4; torchvision counts the background",
    )


def test_every_head_is_checked(parts: Registered) -> None:
    config = TorchvisionAdapter().load(parts.config)
    heads = {}
    for base in ("fasterrcnn_resnet50_fpn_v2", "retinanet_resnet50_fpn", "maskrcnn_resnet50_fpn"):
        config.args.model = base
        heads[base] = config.heads()
    assert heads == {
        "fasterrcnn_resnet50_fpn_v2": [("model.roi_heads.box_predictor.cls_score.out_features", 4)],
        "retinanet_resnet50_fpn": [("model.head.classification_head.num_classes", 4)],
        "maskrcnn_resnet50_fpn": [
            ("model.roi_heads.box_predictor.cls_score.out_features", 4),
            ("model.roi_heads.mask_predictor.mask_fcn_logits.out_channels", 4),
        ],
    }


def test_a_missing_comma(parts: Registered, tmp_path: Path) -> None:
    config = edited(parts, tmp_path, **{"('face', 'person', 'hand')": "('face')"})
    refused(config, "classes-is-text", "'face'", "a comma is missing", "('face',)")


def test_a_model_that_does_not_build(parts: Registered, tmp_path: Path) -> None:
    config = edited(
        parts, tmp_path, **{"getattr(detection, name)": "getattr(detection, name + '_')"}
    )
    refused(config, "model-does-not-build", "torchvision cannot build it: AttributeError")


def test_a_script_that_does_not_load(tmp_path: Path) -> None:
    config = tmp_path / "train.py"
    config.write_text("import torchvision\nimport no_such_dataset\n")
    report = preflight(config)
    assert report.verdict == "refused"
    assert "No module named 'no_such_dataset'" in report.reasons[0]
    assert "dataforge register" in report.reasons[0]
    config.write_text("import torchvision\nraise SystemExit('an option is required')\n")
    assert "SystemExit: an option is required" in preflight(config).reasons[0]
    config.write_text("import torchvision\ndef evaluate(): pass\n")
    assert "it has no parse_args, build_model, build_dataset" in preflight(config).reasons[0]


def test_random_transforms_are_removed() -> None:
    steps = [v2.ClampBoundingBoxes(), v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32)]
    kept, left_out = plain(v2.Compose(steps))
    assert kept.transforms == [steps[0], steps[2]]
    assert left_out == ["RandomHorizontalFlip"]


def test_model_for_loading_weights_is_that_of_the_script(parts: Registered, tmp_path: Path) -> None:
    config = TorchvisionAdapter().load(parts.config)
    assert config.args.weights_backbone == "imagenet"  # nothing of it is downloaded
    image = config.parts("train")[0].build(training=True).images[0].name
    settings = TrialSettings(batch=1, seed=0, device="cpu", random=False)
    trial = config.trial([image], 64, settings)
    model = trial.new_model()
    names = {type(module).__name__ for module in model.modules()}
    assert "FrozenBatchNorm2d" in names
    assert "GroupNorm" not in names
    # Weights of a backbone alone, and the checkpoint that a proof writes.
    lines: list[str] = []
    state = {"conv1.weight": torch.full((64, 3, 7, 7), 0.5)}
    torch.save(state, tmp_path / "backbone.pth")
    load_weights(model, tmp_path / "backbone.pth", lines.append)
    assert float(model.state_dict()["backbone.body.conv1.weight"].mean()) == 0.5
    trial.save(model, tmp_path / "proof.pth", ["face", "person", "hand"])
    load_weights(trial.new_model(), tmp_path / "proof.pth", lines.append)
    total = len(model.state_dict())
    assert [line.split(" tensors")[0] for line in lines] == [f"1 of {total}", f"{total} of {total}"]
    assert config.script.load(str(tmp_path / "proof.pth"), config.args)["base"] == config.args.model


def test_proposals_are_capped(parts: Registered) -> None:
    config = TorchvisionAdapter().load(parts.config)
    image = config.parts("train")[0].build(training=True).images[0].name
    settings = TrialSettings(batch=1, seed=0, device="cpu", random=True)
    model = config.trial([image], 64, settings).new_model()
    assert model.rpn._pre_nms_top_n == {"training": 500, "testing": 500}
    assert model.rpn._post_nms_top_n == {"training": 200, "testing": 200}
    assert model.roi_heads.fg_bg_sampler.batch_size_per_image == 64
    assert model.transform.max_size == 64
