"""Operators that mmcv has not compiled: refused by name where torchvision has none in their place.

In an environment whose mmcv has its own (group mmdet2 or mmdet3) the same configs are ready.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from smoke_data import EVERY, Sample, preflight

from dataforge.frameworks.operators import serve
from dataforge.verbs.smoke import smoke
from dataforge.verbs.smoke.report import SmokeOptions

pytestmark = [pytest.mark.lite, pytest.mark.filterwarnings("ignore")]
mmdetection = pytest.mark.parametrize("framework", EVERY[:2])

DCN = {"dcn": {"type": "DCNv2", "deform_groups": 1}, "stage_with_dcn": (False, False, False, True)}

NEEDS: dict[str, tuple[dict[str, Any], str]] = {
    "deformable convolution": (
        {"backbone": DCN},
        "model.backbone.layer4.0.conv2: the model needs ModulatedDeformConv2dPack and in 2 more "
        "places",
    ),
    "soft nms": (
        {"test_cfg": {"rcnn": {"nms": {"type": "soft_nms", "iou_threshold": 0.5}}}},
        "model.test_cfg.rcnn.nms: the model needs soft_nms,",
    ),
    "maximum": (
        {"roi_head": {"bbox_roi_extractor": {"roi_layer": {"pool_mode": "max"}}}},
        "bbox_roi_extractor.roi_layers.0: the model needs RoIAlign with pool_mode='max' and in 3",
    ),
}


@mmdetection
@pytest.mark.parametrize("name", NEEDS)
def test_an_operator_that_is_not_there_is_named(
    sample: Sample, tmp_path: Path, framework: str, name: str
) -> None:
    model, said = NEEDS[name]
    registered = sample("voc", framework)
    report = preflight(registered.config_for(registered.broken(tmp_path), model=model))
    assert report.operators == serve().of
    if report.operators == "mmcv":
        assert report.verdict == "ready"
        return
    assert report.operators_reason == "mmcv was built without them"
    (reason,) = report.reasons
    assert "operator-missing" in [finding.code for finding in report.findings]
    assert said in reason


@mmdetection
def test_a_proof_without_compiled_operators(sample: Sample, tmp_path: Path, framework: str) -> None:
    if serve().of == "mmcv":
        pytest.skip("mmcv has its own operators here; test_proved and test_demo prove with them")
    lines: list[str] = []
    options = SmokeOptions(work_dir=tmp_path, device="cpu")
    report = smoke(sample("voc", framework).config, options, lines.append)
    assert report.verdict == "proved", report.reasons
    assert report.operators == "torchvision"
    assert "operators: torchvision (mmcv was built without them)" in lines
    assert report.ap50 is not None
    assert report.ap50 >= 0.9
