"""The pieces of the proof, and a proof that is cut short."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mmdet")
pytestmark = [pytest.mark.mmdet, pytest.mark.filterwarnings("ignore")]

from smoke_data import Registered  # noqa: E402

from dataforge.errors import InputError  # noqa: E402
from dataforge.smoke import mmdet2, mmdet2_model, mmdet2_proof, smoke  # noqa: E402
from dataforge.smoke._report import Proof, SmokeOptions  # noqa: E402


class FakeDataset:
    """Images of 100 x 50 with given (label, side of a square box)."""

    def __init__(self, *images: list[tuple[int, float]]) -> None:
        self.images = images
        self.data_infos = [
            {"filename": f"{i}.jpg", "width": 100, "height": 50} for i in range(len(images))
        ]

    def get_ann_info(self, index: int) -> dict[str, Any]:
        boxes = [(0.0, 0.0, side, side) for _, side in self.images[index]]
        return {
            "bboxes": np.array(boxes, dtype=np.float32).reshape(-1, 4),
            "labels": np.array([label for label, _ in self.images[index]], dtype=np.int64),
        }


def test_images_are_chosen_for_the_classes_they_show() -> None:
    common = [(0, 20.0)]
    dataset = FakeDataset(common, common, [], [(1, 20.0)], [(0, 20.0), (2, 20.0)])
    # Two classes in one image first, then the class that is missing still; never an empty image.
    assert mmdet2_proof.choose_images(dataset, 2) == [3, 4]
    assert mmdet2_proof.choose_images(dataset, 10) == [0, 1, 3, 4]


def test_among_equals_the_larger_boxes_are_chosen() -> None:
    dataset = FakeDataset([(0, 4.0)], [(0, 30.0)], [(0, 8.0)])
    assert mmdet2_proof.choose_images(dataset, 1) == [1]


@pytest.mark.parametrize(
    ("side", "size"),
    [
        (50.0, 224),  # half of the longer side: 48 px would do, 224 is the least
        (8.0, 320),  # 24 / 0.08 = 300, up to a multiple of 32
        (1.0, 512),  # 2,400 px would be wanted, 512 is the most
    ],
)
def test_images_stay_large_enough_for_their_boxes(side: float, size: int) -> None:
    dataset = FakeDataset([(0, side)], [(0, side)])
    assert mmdet2_proof.clear_size(dataset, [0, 1]) == size


def test_the_training_pipeline_loses_its_chances_and_says_so() -> None:
    pipeline = [
        {"type": "LoadImageFromFile", "to_float32": True},
        {"type": "LoadAnnotations", "with_bbox": True},
        {"type": "PhotoMetricDistortion"},
        {"type": "Resize", "img_scale": [(1333, 640), (1333, 800)], "multiscale_mode": "range"},
        {"type": "RandomFlip", "flip_ratio": 0.5},
        {"type": "Collect", "keys": ["img"]},
    ]
    plain, left_out = mmdet2_proof.train_pipeline(pipeline, 224)
    assert left_out == ["PhotoMetricDistortion"]
    assert plain == [
        {"type": "LoadImageFromFile", "to_float32": True},
        {"type": "LoadAnnotations", "with_bbox": True},
        {"type": "Resize", "img_scale": (224, 224), "keep_ratio": True},
        {"type": "RandomFlip", "flip_ratio": 0.0},
        {"type": "Collect", "keys": ["img"]},
    ]
    assert pipeline[3]["multiscale_mode"] == "range"  # the config's own is left alone


def test_the_small_model_needs_no_download_and_has_no_batch_norm(coco_parts: Registered) -> None:
    cfg = mmdet2.load_config(coco_parts.config)
    config = mmdet2_model.small_model(cfg.model, random=True)
    assert cfg.model.backbone.init_cfg.checkpoint == "torchvision://resnet50"
    assert config.backbone.init_cfg is None
    assert config.backbone.norm_cfg["type"] == "GN"
    assert (config.backbone.norm_eval, config.backbone.frozen_stages) == (False, -1)
    assert config.train_cfg.rcnn.sampler.num == 64
    assert config.test_cfg.rpn.max_per_img == 200
    kept = mmdet2_model.small_model(cfg.model, random=False)
    assert kept.backbone.norm_cfg["type"] == "BN"
    assert kept.backbone.init_cfg is None


def proof(ap50: float, reloaded: float, losses: list[float]) -> Proof:
    return Proof(
        images=["a.jpg"],
        iterations=len(losses),
        ap50={len(losses): ap50},
        ap50_reloaded=reloaded,
        ap50_per_class={"cat": reloaded},
        losses=losses,
    )


FALLING = [2.0 - 0.04 * i for i in range(40)]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (proof(0.95, 0.95, FALLING), ""),
        (proof(0.5, 0.5, FALLING), "AP50 on the 1 images"),
        (proof(0.97, 0.91, FALLING), "the reloaded checkpoint"),
        (proof(0.95, 0.95, FALLING[::-1]), "the loss did not fall"),
    ],
)
def test_the_proof_is_judged(found: Proof, reason: str) -> None:
    reasons = mmdet2_proof._judge(found, SmokeOptions(work_dir=Path(), target=0.9))
    assert len(reasons) == bool(reason)
    assert not reason or reasons[0].startswith(reason)


def test_a_proof_that_is_cut_short_is_none(coco_parts: Registered, tmp_path: Path) -> None:
    options = SmokeOptions(
        work_dir=tmp_path / "smoke", device="cpu", images=2, batch=2, max_iters=3, seed=3
    )
    lines: list[str] = []
    report = smoke(coco_parts.config, options, lines.append)
    assert report.verdict == "not proved"
    assert report.proof is not None
    assert report.proof.iterations == 3
    assert len(report.proof.losses) == 3
    assert all(math.isfinite(loss) for loss in report.proof.losses)
    assert report.ap50 == report.proof.ap50_reloaded == report.proof.ap50[3]
    assert "AP50 on the 2 images" in report.reasons[0]
    assert (tmp_path / "smoke" / "loss_curve.png").read_bytes().startswith(b"\x89PNG")
    written = json.loads((tmp_path / "smoke" / "smoke_report.json").read_text())
    assert (written["verdict"], written["ap50"]) == ("not proved", report.ap50)
    assert written["versions"]["mmdet"] == "2.28.2"
    assert any(line.startswith("preflight passed") for line in lines)

    # Its checkpoint is weights to start from; a file of something else is refused.
    cfg = mmdet2.load_config(coco_parts.config)
    model = mmdet2_model.new_model(mmdet2_model.small_model(cfg.model, random=True), cfg, "cpu")
    mmdet2_proof._load_weights(model, tmp_path / "smoke" / "proof.pth", lines.append)
    names = len(model.module.state_dict())
    assert lines[-1].startswith(f"{names} of {names} tensors")
    (tmp_path / "none.pth").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match=r"none\.pth"):
        mmdet2_proof._load_weights(model, tmp_path / "none.pth", lines.append)


def test_streams_take_numbers_on_a_new_torch() -> None:
    import mmcv.parallel._functions as functions

    mmdet2.adapt_mmcv_streams()
    mmdet2.adapt_mmcv_streams()  # twice is once
    # Without the change torch 2.1 says: 'int' object has no attribute 'type'.
    assert functions._get_stream(-1) is None
