"""What a file of COCO results in a folder is of, and which commands follow."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from by_hand import written
from command_line import run_cli
from helpers import picture, write

from dataforge.formats import Texts
from dataforge.io import Root
from dataforge.verbs.check import check
from dataforge.verbs.evaluate import InFolder, look_at_results, results_in
from dataforge.verbs.inspect import inspect


def truth(*ids: int) -> dict[str, Any]:
    return {
        "images": [{"id": id_, "file_name": f"{id_}.png", "width": 64, "height": 48}
                   for id_ in ids],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": ids[0], "category_id": 3, "bbox": [4, 4, 16, 16],
                         "area": 256, "iscrowd": 0, "segmentation": []}],
    }  # fmt: skip


def result(image: int | str, *box: float, category: int = 3) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "bbox": [*box], "score": 0.5}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ground truth of two images, and results in both."""
    write(tmp_path / "my data" / "val.json", truth(1, 2))
    for at in (1, 2):
        picture(tmp_path / "my data" / f"{at}.png")
    found = [result(1, 4, 4, 16, 16), result(2, 0, 0, 20, 20)]
    write(tmp_path / "my data" / "results.json", found)
    return tmp_path / "my data"


def said(folder: Path) -> list[InFolder]:
    root = Root(str(folder))
    return results_in(root, Texts(root))


def test_the_commands_that_are_proposed_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder.parent)
    found = inspect("my data")
    (one,) = found.predictions
    assert str(one) == "results.json: 2 predictions in 2 images of val.json"
    assert found.foreign == []
    assert "results.json" not in {finding.place.file for finding in found.findings}
    assert [shlex.split(command)[:2] for command in one.commands] == [
        ["dataforge", "evaluate"], ["dataforge", "browse"],
    ]  # fmt: skip
    for command in one.commands:
        ran = run_cli(capsys, *shlex.split(command)[1:])
        assert ran.returncode in (0, 1), ran
    shown = run_cli(capsys, "inspect", "my data")
    assert "predictions: results.json: 2 predictions in 2 images of val.json" in shown.stdout
    assert all(command in shown.stdout for command in one.commands)


def test_check_says_what_is_not_checked(folder: Path) -> None:
    report = check(str(folder))
    assert "not checked: results.json: 2 predictions in 2 images of val.json" in report.how


def test_ids_that_are_not_there_are_counted(folder: Path) -> None:
    more = [result(1, 1, 1, 2, 2), result(7, 1, 1, 2, 2), result(8, 1, 1, 2, 2),
            result(1, 1, 1, 2, 2, category=9)]  # fmt: skip
    write(folder / "results.json", more)
    (one,) = said(folder)
    assert one.said == (
        "4 predictions in 1 image of val.json; 2 predictions with an image id that it does not "
        "have; 1 prediction with a category id that it does not have"
    )


def test_boxes_that_are_corners_are_named(folder: Path) -> None:
    """x1 and y1 in place of width and height: 30 + 60 is beyond 64."""
    write(folder / "results.json", [result(1, 4, 4, 20, 20), result(1, 30, 10, 60, 40)])
    (one,) = said(folder)
    assert "the boxes seem to be corners" in one.said
    write(folder / "results.json", [result(1, 4, 4, 20, 20), result(1, 30, 10, 30, 30)])
    assert "corners" not in said(folder)[0].said


def test_corners_that_leave_the_image_a_little_are_named(folder: Path) -> None:
    """One of three ends 4 pixels beyond the image of 64 x 48; as a size, 100 pixels of 64."""
    boxes = [(4, 4, 20, 20), (30, 10, 68, 40), (40, -3, 60, 49)]
    write(folder / "results.json", [result(1, *box) for box in boxes])
    assert "the boxes seem to be corners" in said(folder)[0].said


def test_boxes_that_are_fractions_are_named(folder: Path) -> None:
    boxes = [(0.0625, 0.08, 0.25, 0.33), (0.9, 0.5, 0.15, 1.02)]
    write(folder / "results.json", [result(1, *box) for box in boxes])
    assert "the boxes seem to be fractions of the image's width" in said(folder)[0].said
    write(folder / "results.json", [*(result(1, *box) for box in boxes), result(1, 2, 2, 9, 9)])
    assert "fractions" not in said(folder)[0].said


def test_ids_of_two_files_alike(folder: Path) -> None:
    write(folder / "train.json", truth(1, 2, 3))
    (one,) = said(folder)
    assert one.said == "2 predictions, with the image ids of train.json, val.json alike"
    assert one.commands == []
    write(folder / "results.json", [result(1, 4, 4, 16, 16), result(3, 0, 0, 20, 20)])
    (one,) = said(folder)
    assert one.said == "2 predictions in 2 images of train.json"
    assert "--ground-truth" in one.commands[1]


def test_ids_of_another_type_are_named(folder: Path) -> None:
    write(folder / "results.json", [result("1", 4, 4, 16, 16)])
    (one,) = said(folder)
    assert one.said == "1 prediction; their image ids are text, unlike in val.json"
    assert one.commands == []


def test_results_of_what_is_not_here(folder: Path) -> None:
    write(folder / "results.json", [result(70, 4, 4, 16, 16)])
    (one,) = said(folder)
    assert (one.said, one.commands) == ("1 prediction; no COCO file here has their image ids", [])
    (folder / "val.json").unlink()
    (one,) = said(folder)
    assert one.said == "1 prediction; the COCO file that they are of is not here"


@pytest.mark.parametrize(
    "text",
    [
        '[{"image_id": 1, "score": 0.5}]',
        '[{"image_id": {"a": 1}, "category_id": 3, "score": 0.5, "bbox": [1, 2, 3, 4]}]',
        '[{"image_id": 1, "category_id": 3, "score": 0.5, "bbox": [1, 2, 3]}, 7]',
    ],
)
def test_what_cannot_be_read_is_said(folder: Path, text: str) -> None:
    write(folder / "results.json", text)
    (one,) = said(folder)
    assert one.said.startswith("COCO results that cannot be read: ")
    assert one.commands == []


def test_odd_boxes_do_no_harm() -> None:
    odd = [result(1, 1e308, 1e308, 1e308, 1e308), {**result(1), "bbox": [None, 1, 2, 3]},
           {**result(1), "bbox": None}]  # fmt: skip
    data = json.dumps(truth(1)).encode()
    found = look_at_results(json.dumps(odd).encode(), {"val.json": data}, "r.json")
    assert (found.number, found.boxes) == (3, "")
    assert found.of is not None
    assert found.of.annotations == "val.json"


def test_results_are_named_though_the_images_are_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = written(tmp_path)
    shown = run_cli(capsys, "inspect", str(tmp_path))
    assert shown.returncode == 3
    assert "name their folder with --image-dir of check, convert or browse" in shown.stderr
    (line,) = [one for one in shown.stdout.splitlines() if one.startswith("predictions: ")]
    assert line == f"predictions: {paths[1].name}: 8 predictions in 3 images of {paths[0].name}"
    assert f"dataforge evaluate --annotations {paths[0]} {paths[1]}" in shown.stdout
