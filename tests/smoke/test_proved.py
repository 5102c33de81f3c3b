"""Proofs of both samples, for real, in the frameworks that the demo does not run; minutes each."""

from __future__ import annotations

from pathlib import Path

import pytest
from smoke_data import EVERY, Sample

from dataforge.verbs.smoke import smoke
from dataforge.verbs.smoke.report import SmokeOptions

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("framework", EVERY[1:])
@pytest.mark.parametrize("kind", ["coco", "voc"])
def test_the_proof(sample: Sample, tmp_path: Path, kind: str, framework: str) -> None:
    options = SmokeOptions(work_dir=tmp_path, device="cpu")
    report = smoke(sample(kind, framework).config, options, lambda text: None)
    assert report.verdict == "proved", report.reasons
    assert report.framework == framework
    assert report.proof is not None
    assert report.ap50 is not None
    assert report.ap50 >= 0.9
    assert report.ap50 == report.proof.ap50_reloaded
    assert report.proof.ap50_per_class.keys() == {"face", "person", "hand"}
    assert sum(report.proof.losses[-5:]) < sum(report.proof.losses[:5])
    assert (tmp_path / "loss_curve.png").read_bytes().startswith(b"\x89PNG")
