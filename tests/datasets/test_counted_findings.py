"""Of one code in one file, a hundred findings are kept; the rest are counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image as PILImage

from dataforge.cli import main
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import Job, convert
from dataforge.verbs.fix import planned_fixes

BAD = 1_234


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two labelme files, each with one good shape and so many bad ones; a.json in a split."""
    bad = {"label": "cat", "points": [[1, 1]], "shape_type": "polygon"}
    good = {"label": "cat", "points": [[1, 1], [9, 9]], "shape_type": "rectangle"}
    for name in ("a", "b"):
        PILImage.effect_noise((64, 48), 90).save(tmp_path / f"{name}.png")
        content = {"shapes": [good, *[bad] * BAD], "imagePath": f"{name}.png",
                   "imageWidth": 64, "imageHeight": 48}  # fmt: skip
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return tmp_path


def test_check_counts_all_and_keeps_a_hundred_of_each_file(folder: Path) -> None:
    report = check(str(folder), CheckOptions(select=("bad-shape",), max_findings=0))
    assert report.counts == {"bad-shape": {"error": 2 * BAD}}
    assert [finding.file for finding in report.findings] == ["a.json"] * 101 + ["b.json"] * 101
    assert [finding.count for finding in report.findings] == [*[1] * 100, BAD - 100] * 2
    assert report.findings[99].place.pointer == "$.shapes[100]"


def test_check_says_how_many_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", str(folder), "--select", "bad-shape"])
    assert "  ... and 2,458 more\n" in capsys.readouterr().out


@pytest.mark.parametrize("workers", [1, 2])
def test_conversion_counts_what_is_lost(folder: Path, workers: int) -> None:
    job = Job(source=str(folder), out=str(folder.with_name("out")), reads="labelme",
              writes="coco", workers=workers, force=True)  # fmt: skip
    report = convert(job)
    assert report.shapes == 2
    assert report.lost == {"bad-shape": 2 * BAD}
    found = [finding for finding in report.findings if finding.code == "bad-shape"]
    assert [finding.count for finding in found] == [*[1] * 100, BAD - 100] * 2
    assert [finding.lost for finding in found] == [*[1] * 100, BAD - 100] * 2
    assert [finding.place.pointer for finding in found][100] == "$.shapes[101]"


def test_a_file_in_two_splits_is_counted_once(tmp_path: Path) -> None:
    PILImage.effect_noise((64, 48), 90).save(tmp_path / "a.png")
    size = "<size><width>64</width><height>48</height></size>"
    (tmp_path / "a.xml").write_text(f"<annotation>{size}{'<object/>' * BAD}</annotation>")
    for split in ("train", "val"):
        (tmp_path / f"{split}.txt").write_text("a\n")
    report = check(str(tmp_path), CheckOptions(select=("bad-object",)))
    assert report.counts == {"bad-object": {"error": BAD}}


def test_all_are_fixed(tmp_path: Path) -> None:
    PILImage.effect_noise((64, 48), 90).save(tmp_path / "a.png")
    shape = {"label": "cat", "points": [[1, 1], [9, 9]], "shape_type": "rectangle"}
    content = {"shapes": [shape] * BAD, "imagePath": "a.png", "imageWidth": 64, "imageHeight": 48}
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert check(str(tmp_path)).fixable == {"duplicate-box": BAD - 1}
    with planned_fixes(str(tmp_path), unsafe=True) as plan:
        assert plan.fixed == {"duplicate-box": BAD - 1}
        plan.apply()
    assert json.loads((tmp_path / "a.json").read_text())["shapes"] == [shape]
