"""torchvision's detectors on other networks than ResNet-50: how smoke builds them, and proofs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torchvision")
pytestmark = [pytest.mark.torchvision, pytest.mark.filterwarnings("ignore")]

import torch
from generated import unique
from smoke_data import Registered, Sample, register_here

from dataforge.frameworks import TrainSpec
from dataforge.frameworks.adapter import TrialSettings
from dataforge.frameworks.torchvision.smoke import TorchvisionAdapter
from dataforge.verbs.smoke import smoke
from dataforge.verbs.smoke.report import SmokeOptions

Build = Callable[..., Registered]


@pytest.fixture
def on(sample: Sample, tmp_path: Path) -> Build:
    """(backbone, base) -> the sample data, registered for torchvision with that network."""

    def build(backbone: str, base: str = "faster_rcnn_r50_fpn", **train: object) -> Registered:
        masks = base.startswith("mask")
        root = sample("coco" if masks else "voc", "torchvision").root
        return register_here(
            unique(f"On {backbone}"),  # two tests register one network
            root,
            tmp_path / "out",
            "torchvision",
            layout="coco" if masks else "humanparts",
            train=TrainSpec(backbone=backbone, base=base, **train),  # type: ignore[arg-type]
        )

    return build


@pytest.mark.parametrize("backbone", ["detnet59", "vgg16", "vgg16_bn", "mobilenet_v3_large"])
def test_nothing_is_downloaded(on: Build, backbone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model for loading weights has the norms that the script's own weights lead to."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a download")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    config = TorchvisionAdapter().load(on(backbone).config)
    assert config.args.weights_backbone == "imagenet"
    image = config.parts("train")[0].build(training=True).images[0].name
    counts = []
    for random in (True, False):
        settings = TrialSettings(batch=1, seed=0, device="cpu", random=random)
        model = config.trial([image], 64, settings).new_model()
        norms = Counter(type(module).__name__ for module in model.modules())
        counts.append((norms["FrozenBatchNorm2d"], norms["GroupNorm"], norms["BatchNorm2d"]))
    norms = {"detnet59": 63, "vgg16": 0, "vgg16_bn": 13, "mobilenet_v3_large": 46}[backbone]
    frozen = 43 if backbone == "detnet59" else norms  # stem, and 13 bottlenecks of ResNet-50
    assert counts == [(0, norms, 0), (frozen, norms - frozen, 0)]


@pytest.mark.networks
@pytest.mark.parametrize(
    ("backbone", "base"),
    [
        ("detnet59", "faster_rcnn_r50_fpn"),
        ("detnet59", "mask_rcnn_r50_fpn"),
        ("vgg16", "faster_rcnn_r50_fpn"),
    ],
)
def test_the_proof(on: Build, tmp_path: Path, backbone: str, base: str) -> None:
    options = SmokeOptions(work_dir=tmp_path / "work", device="cpu", images=4, batch=2)
    report = smoke(on(backbone, base).config, options, lambda text: None)
    assert report.verdict == "proved", report.reasons
    assert report.ap50 is not None
    assert report.ap50 >= 0.9
