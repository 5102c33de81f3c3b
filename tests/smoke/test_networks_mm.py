"""Proofs of detectors on other backbones, for real, in mmdetection 2 and 3; minutes each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from helpers import SAMPLE
from smoke_data import EVERY, Registered, Sample, register_here

from dataforge.frameworks import TrainSpec
from dataforge.verbs.smoke import smoke
from dataforge.verbs.smoke.report import SmokeOptions

pytestmark = [pytest.mark.networks, pytest.mark.filterwarnings("ignore")]

PROOFS = {
    "detnet": TrainSpec(backbone="detnet59"),
    "cascade": TrainSpec(base="cascade_rcnn_r50_fpn", backbone="res2net50_26w_6s"),
}


def prove(registered: Registered, folder: Path) -> None:
    """Overfit four images."""
    options = SmokeOptions(work_dir=folder / "proof", device="cpu", images=4, batch=2)
    report = smoke(registered.config, options, lambda text: None)
    assert report.verdict == "proved", report.reasons
    assert report.proof is not None
    assert report.ap50 is not None
    assert report.ap50 >= 0.9
    assert report.ap50 == report.proof.ap50_reloaded


@pytest.mark.parametrize("framework", EVERY[:2])
@pytest.mark.parametrize("name", PROOFS)
def test_boxes(name: str, framework: str, tmp_path: Path) -> None:
    data = Path(shutil.copytree(SAMPLE / "humanparts", tmp_path / "data"))
    dataset = f"Proof{name.title()}{framework.title()}"
    out = tmp_path / "out"
    prove(
        register_here(dataset, data, out, framework, layout="humanparts", train=PROOFS[name]),
        tmp_path,
    )


@pytest.mark.parametrize("framework", EVERY[:1])
def test_masks_on_detnet(framework: str, sample: Sample, tmp_path: Path) -> None:
    train = TrainSpec(base="mask_rcnn_r50_fpn", backbone="detnet59")
    data = sample("coco", framework).root
    prove(
        register_here("ProofMasks", data, tmp_path / "out", framework, layout="coco", train=train),
        tmp_path,
    )
