"""COCO results: scores from every format that has them, and the ids of the ground truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import document, picture, shape, write

from dataforge.errors import UsageError
from dataforge.jobs import Job, Report
from dataforge.verbs.convert import convert


def run(source: Path, reads: str, out: Path, **options: Any) -> Report:
    read = options.pop("read_options", {})
    return convert(
        Job(source=str(source), out=str(out), reads=reads, writes="cocoresults",
            read_options=read, write_options=options)
    )  # fmt: skip


def results(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return found


@pytest.fixture
def yolo(tmp_path: Path) -> Path:
    """Predictions as Ultralytics saves them, on images of 64 x 48; the last has no score."""
    folder = tmp_path / "predict"
    for name in "abc":
        picture(folder / "images" / f"{name}.png")
    write(folder / "classes.txt", "cat\nzebra\n")
    write(folder / "labels" / "a.txt", "0 0.5 0.5 0.25 0.5 0.875\n1 0.25 0.5 0.125 0.25 0.5\n")
    write(folder / "labels" / "b.txt", "0 0.5 0.5 0.25 0.5 0.75\n")
    write(folder / "labels" / "c.txt", "0 0.5 0.5 0.25 0.5\n")
    return folder


def test_the_sixth_number_of_a_row_is_the_score(yolo: Path, tmp_path: Path) -> None:
    report = run(yolo, "yolo", tmp_path / "r.json")
    assert results(tmp_path / "r.json") == [
        # 0.5 * 64 - 0.25 * 64 / 2 = 24, 0.5 * 48 - 0.5 * 48 / 2 = 12
        {"image_id": 1, "category_id": 1, "bbox": [24, 12, 16, 24], "score": 0.875},
        {"image_id": 1, "category_id": 2, "bbox": [12, 18, 8, 12], "score": 0.5},
        {"image_id": 2, "category_id": 1, "bbox": [24, 12, 16, 24], "score": 0.75},
        {"image_id": 3, "category_id": 1, "bbox": [24, 12, 16, 24], "score": 1.0},
    ]
    (unstated,) = (one for one in report.findings if one.code == "score-not-stated")
    assert (str(unstated.place), unstated.severity) == ("labels/c.txt:1", "warning")
    assert "1 instance without a score" in unstated.message
    assert "ids-by-order" in {one.code for one in report.findings}
    assert not report.failed


def test_a_score_is_stated_for_those_that_have_none(yolo: Path, tmp_path: Path) -> None:
    report = run(yolo, "yolo", tmp_path / "r", default_score=0.25)
    scores = [one["score"] for one in results(tmp_path / "r" / "results_all.json")]
    assert scores == [0.875, 0.5, 0.75, 0.25]
    assert "score-not-stated" not in {one.code for one in report.findings}


TRUTH = {
    "images": [
        {"id": 9, "file_name": "val/b.jpg", "width": 64, "height": 48},
        {"id": "x7", "file_name": "val\\a.jpg", "width": 64, "height": 48},
    ],
    "categories": [{"id": 0, "name": "dog"}, {"id": 5, "name": "cat "}],
    "annotations": [],
}


def test_ids_are_those_of_the_ground_truth(yolo: Path, tmp_path: Path) -> None:
    """By name, in any folder, with any extension; others are left out, and counted."""
    write(tmp_path / "gt.json", TRUTH)
    report = run(yolo, "yolo", tmp_path / "r.json", ground_truth=str(tmp_path / "gt.json"))
    assert [tuple(one.values()) for one in results(tmp_path / "r.json")] == [
        ("x7", 5, [24, 12, 16, 24], 0.875),
        (9, 5, [24, 12, 16, 24], 0.75),
    ]
    said = {str(one.place): one.message for one in report.findings
            if one.code == "object-not-written"}  # fmt: skip
    assert set(said) == {"labels/a.txt:2", "labels/c.txt:1"}
    assert "(zebra)" in said["labels/a.txt:2"]
    assert "(images/c.png)" in said["labels/c.txt:1"]
    assert report.lost == {"object-not-written": 2}
    assert (report.shapes, report.failed) == (2, True)
    assert "ids-by-order" not in {one.code for one in report.findings}


def test_a_name_that_two_images_of_the_ground_truth_have_is_of_none(
    yolo: Path, tmp_path: Path
) -> None:
    images = [{"id": 1, "file_name": "x/b.png"}, {"id": 2, "file_name": "y/b.png"}]
    write(tmp_path / "gt.json", TRUTH | {"images": images})
    report = run(yolo, "yolo", tmp_path / "r.json", ground_truth=str(tmp_path / "gt.json"))
    assert results(tmp_path / "r.json") == []
    assert report.lost == {"object-not-written": 4}


def test_two_images_that_are_one_of_the_ground_truth_are_named(yolo: Path, tmp_path: Path) -> None:
    picture(yolo / "images" / "x" / "a.png")
    write(yolo / "labels" / "x" / "a.txt", "0 0.5 0.5 0.25 0.5 0.5\n")
    write(tmp_path / "gt.json", TRUTH)
    report = run(yolo, "yolo", tmp_path / "r.json", ground_truth=str(tmp_path / "gt.json"))
    (said,) = (one for one in report.findings if one.code == "name-collision")
    assert (said.file, said.severity) == ("images/x/a.png", "error")
    assert "is the image 'x7' of the ground truth by its name, as images/a.png is" in said.message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"default_score": 1.5}, "--default-score 1.5: must be from 0 to 1"),
        ({"ground_truth": "s3://b/c.json"}, "name a file on this machine"),
        ({"ground_truth": "gone.json"}, "gone.json: cannot be read"),
        ({"ground_truth": "other.json"}, "other.json"),
    ],
)
def test_options_that_cannot_be(
    options: dict[str, Any], said: str, yolo: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "other.json", {"images": 7})
    with pytest.raises(UsageError, match=said):
        run(yolo, "yolo", tmp_path / "r.json", **options)
    assert not (tmp_path / "r.json").exists()


def test_predictions_of_label_studio(tmp_path: Path) -> None:
    result = {
        "id": "1", "type": "rectanglelabels", "from_name": "label", "to_name": "image",
        "original_width": 64, "original_height": 48,
        "value": {"x": 25, "y": 25, "width": 50, "height": 50, "rectanglelabels": ["cat"]},
    }  # fmt: skip
    scored = result | {"id": "2", "score": 0.25}
    prediction = {"score": 0.75, "result": [result, scored]}
    write(tmp_path / "in" / "export.json", [
        {"id": 1, "data": {"image": "a.png"}, "annotations": [], "predictions": [prediction]}
    ])  # fmt: skip
    picture(tmp_path / "in" / "a.png")
    run(tmp_path / "in", "labelstudio", tmp_path / "r.json",
        read_options={"annotations": "predictions"})  # fmt: skip
    # 25 % of 64 and 48; a region's own score is nearer than that of all
    assert [(one["bbox"], one["score"]) for one in results(tmp_path / "r.json")] == [
        ([16, 12, 32, 24], 0.75),
        ([16, 12, 32, 24], 0.25),
    ]


def test_outlines_and_text_scores_of_labelme(tmp_path: Path) -> None:
    """What is no number is no score, and stays an attribute that is lost."""
    corners = [[8, 8], [56, 8], [8, 40]]
    write(tmp_path / "in" / "a.json", document(
        shape("cat", corners, score="0.5"), shape("cat", corners, score=True), image="a.png",
    ))  # fmt: skip
    picture(tmp_path / "in" / "a.png")
    report = run(tmp_path / "in", "labelme", tmp_path / "r.json")
    assert results(tmp_path / "r.json") == [
        {"image_id": 1, "category_id": 1, "bbox": [8, 8, 48, 32], "score": score,
         "segmentation": [[8, 8, 56, 8, 8, 40]]}
        for score in (0.5, 1.0)
    ]  # fmt: skip
    (lost,) = (one for one in report.findings if one.code == "attributes-not-carried")
    assert "1 instance with attributes" in lost.message


def test_pycocotools_loads_what_is_written(tmp_path: Path) -> None:
    """A polygon, a mask and a box; AP of what is exactly the truth is 1."""
    pycocotools = pytest.importorskip("pycocotools.coco")
    from pycocotools.cocoeval import COCOeval

    truth = {
        "images": [{"id": 4, "file_name": "a.png", "width": 64, "height": 48}],
        "categories": [{"id": 2, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 4, "category_id": 2, "bbox": [8, 8, 48, 32], "area": 768,
             "iscrowd": 0, "segmentation": [[8, 8, 56, 8, 8, 40]]},
            {"id": 2, "image_id": 4, "category_id": 2, "bbox": [1, 0, 3, 2], "area": 6,
             "iscrowd": 0, "segmentation": {"size": [48, 64], "counts": "`12^1000Pj2"}},
        ],
    }  # fmt: skip
    write(tmp_path / "in" / "gt.json", truth)
    picture(tmp_path / "in" / "a.png")
    file = tmp_path / "in" / "gt.json"
    run(tmp_path / "in", "coco", tmp_path / "r.json", ground_truth=str(file), default_score=0.5)
    loaded = pycocotools.COCO(str(file))
    for kind in ("bbox", "segm"):
        evaluated = COCOeval(loaded, loaded.loadRes(str(tmp_path / "r.json")), kind)
        evaluated.evaluate()
        evaluated.accumulate()
        evaluated.summarize()
        assert evaluated.stats[0] == pytest.approx(1)
