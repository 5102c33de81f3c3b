"""A checkpoint of each framework, run on a split of its config; its weights are random."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from smoke_data import every, register_here

from dataforge.errors import InputError
from dataforge.frameworks import open_config
from dataforge.verbs.convert import Job, convert
from dataforge.verbs.evaluate import EvaluateOptions, evaluate_config

SAMPLE = Path(__file__).parents[2] / "sample_data" / "labelme"


@pytest.mark.filterwarnings("ignore")
@every
def test_a_checkpoint_is_run_on_a_split(framework: str, tmp_path: Path) -> None:
    import torch

    job = Job(
        source=str(SAMPLE), out=str(tmp_path / "data"), reads="labelme", writes="coco",
        labels="face,person,hand", split="train=0.8,val=0.2", image_mode="copy",
    )  # fmt: skip
    convert(job)
    name = f"Evaluated{framework.title()}"
    config = register_here(name, tmp_path / "data", tmp_path / "out", framework).config
    _, opened = open_config(config)
    checkpoint = tmp_path / "random.pth"
    torch.save({"state_dict": opened.live().model.state_dict()}, checkpoint)
    said: list[str] = []
    options = EvaluateOptions(out=tmp_path / "page")
    report = evaluate_config(
        config, checkpoint, options, split="val", device="cpu", log=said.append
    )
    # As in the COCO file: three images with 4 faces, 4 persons and 8 hands.
    assert (report.images, report.objects) == (3, 16)
    assert [(one.name, one.objects) for one in report.classes] == [
        ("face", 4), ("person", 4), ("hand", 8),
    ]  # fmt: skip
    assert report.scores.ap is not None
    assert "3 images on cpu" in said[0]
    assert (tmp_path / "page" / "index.html").is_file()
    assert len([*(tmp_path / "page" / "evaluation" / "images").iterdir()]) == 3
    torch.save({"state_dict": {"x": torch.zeros(1)}}, checkpoint)
    with pytest.raises(InputError, match="of another model than the config's"):
        evaluate_config(config, checkpoint, EvaluateOptions(), device="cpu", log=said.append)
