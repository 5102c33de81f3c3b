"""The pieces of the proof in mmdet 2, and a proof that is cut short."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

pytest.importorskip("mmcv.runner")  # mmcv 1 alone has it
pytestmark = [pytest.mark.mmdet, pytest.mark.filterwarnings("ignore")]

from smoke_data import Registered

from dataforge.errors import InputError
from dataforge.frameworks import mm
from dataforge.frameworks.adapter import TrialSettings
from dataforge.frameworks.mmdet2 import smoke as mmdet2
from dataforge.verbs.smoke import smoke
from dataforge.verbs.smoke.proof import load_weights
from dataforge.verbs.smoke.report import SmokeOptions


def test_random_steps_are_removed_and_listed() -> None:
    pipeline = [
        {"type": "LoadImageFromFile", "to_float32": True},
        {"type": "LoadAnnotations", "with_bbox": True},
        {"type": "PhotoMetricDistortion"},
        {"type": "Resize", "img_scale": [(1333, 640), (1333, 800)], "multiscale_mode": "range"},
        {"type": "RandomFlip", "flip_ratio": 0.5},
        {"type": "Collect", "keys": ["img"]},
    ]
    plain, left_out = mmdet2.train_pipeline(pipeline, 224)
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
    cfg = mmdet2.Mmdet2Adapter().load(coco_parts.config).cfg
    config = mm.small_model(cfg.model, random=True)
    assert cfg.model.backbone.init_cfg.checkpoint == "torchvision://resnet50"
    assert config.backbone.init_cfg is None
    assert config.backbone.norm_cfg["type"] == "GN"
    assert (config.backbone.norm_eval, config.backbone.frozen_stages) == (False, -1)
    assert config.train_cfg.rcnn.sampler.num == 64
    assert config.test_cfg.rpn.max_per_img == 200
    kept = mm.small_model(cfg.model, random=False)
    assert kept.backbone.norm_cfg["type"] == "BN"
    assert kept.backbone.init_cfg is None


def test_truncated_proof_is_not_proved(coco_parts: Registered, tmp_path: Path) -> None:
    options = SmokeOptions(
        work_dir=tmp_path / "smoke", device="cpu", images=2, batch=2, max_iters=3, seed=3
    )
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        if line.startswith("preflight passed"):
            (tmp_path / "smoke" / "proof.pth").symlink_to(tmp_path / "elsewhere")

    report = smoke(coco_parts.config, options, log)
    assert report.verdict == "not proved"
    assert not (tmp_path / "elsewhere").exists()  # it is not written through a link
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
    settings = TrialSettings(batch=2, seed=0, device="cpu", random=True)
    config = mmdet2.Mmdet2Adapter().load(coco_parts.config)
    model = config.trial(report.proof.images, report.proof.size, settings).new_model()
    load_weights(model, tmp_path / "smoke" / "proof.pth", lines.append)
    names = len(model.module.state_dict())
    assert lines[-1].startswith(f"{names} of {names} tensors")
    (tmp_path / "none.pth").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match=r"none\.pth"):
        load_weights(model, tmp_path / "none.pth", lines.append)


def test_mmcv_streams_accept_integers_with_new_torch() -> None:
    import mmcv.parallel._functions as functions

    mmdet2.adapt_mmcv_streams()
    mmdet2.adapt_mmcv_streams()  # twice is once
    # Without the change torch 2.1 says: 'int' object has no attribute 'type'.
    assert functions._get_stream(-1) is None
