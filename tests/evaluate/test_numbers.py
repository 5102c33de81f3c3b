"""Numbers of an evaluation, against values worked out by hand and pycocotools itself."""

from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path
from typing import Any

import pytest
from by_hand import AP50, AP50_CAT, AP50_DOG, CAT, DOG, annotations, results, written

import dataforge
from dataforge.errors import InputError, ParseError, UsageError
from dataforge.verbs.evaluate import EvaluateOptions, Evaluation, evaluate_results, read_predictions


def evaluated(folder: Path, options: EvaluateOptions | None = None, **given: Any) -> Evaluation:
    return evaluate_results(*written(folder, **given), options or EvaluateOptions())


@pytest.fixture
def found(tmp_path: Path) -> Evaluation:
    return evaluated(tmp_path)


def test_ap50_is_as_worked_out_by_hand(found: Evaluation) -> None:
    assert [one.name for one in found.classes] == ["cat", "dog"]
    cat, dog = (one.scores for one in found.classes)
    assert cat.ap50 == pytest.approx(AP50_CAT, abs=1e-4)
    assert dog.ap50 == pytest.approx(AP50_DOG, abs=1e-4)
    assert found.scores.ap50 == pytest.approx(AP50, abs=1e-4)
    # The boxes that are found are exact: the same at any IoU.
    assert found.scores.ap == pytest.approx(AP50, abs=1e-4)
    # All are 20 x 20: small.
    assert found.scores.ap_small == pytest.approx(AP50, abs=1e-4)
    assert (found.scores.ap_medium, found.scores.ap_large) == (None, None)
    assert (found.images, found.objects, found.detections) == (3, 5, 8)
    assert [(one.objects, one.crowds, one.detections) for one in found.classes] == [
        (3, 0, 5), (2, 1, 3),
    ]  # fmt: skip


def test_the_curve_falls_where_recall_ends(found: Evaluation) -> None:
    cat, dog = found.classes
    assert cat.curve50 == [1.0] * 34 + [0.0] * 67
    assert dog.curve50 == [0.5] * 51 + [0.0] * 50
    assert found.curve50[:34] == [0.75] * 34
    # F1 of cat is best with its first detection alone, one of three.
    assert (cat.precision, cat.recall, cat.best_score) == (1.0, 1 / 3, 0.9)
    assert (dog.precision, dog.recall, dog.best_score) == (0.5, 0.5, 0.4)


def test_mistakes_are_of_the_kinds_of_tide(found: Evaluation) -> None:
    assert {kind: one.count for kind, one in found.kinds.items()} == {
        "class": 1, "location": 1, "both": 1, "duplicate": 1, "background": 1, "missed": 1,
    }  # fmt: skip
    by_kind = {one.kind: one for one in found.mistakes}
    wrong = by_kind["class"]
    assert (wrong.found, wrong.there, wrong.score, wrong.name) == ("cat", "dog", 0.7, "0.jpg")
    assert wrong.iou == 1
    assert by_kind["location"].iou == pytest.approx(1 / 3, abs=1e-4)
    assert by_kind["duplicate"].iou == pytest.approx(2 / 3, abs=1e-4)
    assert (by_kind["both"].found, by_kind["both"].there) == ("cat", "dog")
    assert by_kind["background"].box == (80, 0, 100, 20)
    missed = by_kind["missed"]
    assert (missed.there, missed.there_box, missed.name) == ("cat", (50, 50, 70, 70), "1.jpg")
    assert (missed.found, missed.score, missed.box) == ("", None, None)


def test_costs_are_as_worked_out_by_hand(found: Evaluation) -> None:
    # The mean of two classes: half of what AP50 of one rises by.
    costs = {kind: one.cost for kind, one in found.kinds.items()}
    assert costs["missed"] == pytest.approx(17 / 202, abs=1e-11)
    # R - - R(.6) -: precision 1 to 1/3 (34 points), then 1/2 to 2/3 (33 points: 0.34 ... 0.66).
    assert costs["location"] == pytest.approx(33 / 2 / 101 / 2, abs=1e-4)
    # cat loses the false positive, which is behind all that is right; dog has .7 R, .5 -, .4 R:
    # precision 1 to 1/2 (51 points), then 2/3 to 1 (50 points).
    assert costs["class"] == pytest.approx((51 + 50 * 2 / 3 - 51 / 2) / 101 / 2, abs=1e-4)
    # Without it, what is right is the first of dog.
    assert costs["background"] == pytest.approx((51 - 51 / 2) / 101 / 2, abs=1e-4)
    assert (costs["duplicate"], costs["both"]) == (0, 0)
    # Of two cats, the one that was found is recall 1/2: 51 points.
    assert costs["missed"] == pytest.approx((51 - 34) / 101 / 2, abs=1e-4)
    # There is one of each kind: alone they cost the same.
    assert {one.kind: one.cost for one in found.mistakes} == pytest.approx(costs, abs=1e-4)
    assert [one.cost for one in found.mistakes] == sorted(
        (one.cost for one in found.mistakes), reverse=True
    )


def test_confusion_is_as_worked_out_by_hand(tmp_path: Path) -> None:
    found = evaluated(tmp_path, EvaluateOptions(score=0.3))
    assert found.confusion.score == 0.3
    assert found.confusion.counts == [
        [1, 0, 2],  # cats: one found, two not: IoU 1/3 is not enough
        [1, 1, 0],  # dogs: one taken for a cat
        [3, 1, 0],  # nothing there: the duplicate, and those at IoU 1/3; and a dog
    ]
    # Without what is below 0.45, the last dog is not found.
    found = evaluated(tmp_path, EvaluateOptions(score=0.45))
    assert found.confusion.counts == [[1, 0, 2], [1, 0, 1], [2, 1, 0]]


def test_cells_are_those_of_the_confusion_that_are_not_0(tmp_path: Path) -> None:
    found = evaluated(tmp_path, EvaluateOptions(score=0.3))
    assert found.confusion.cells == [
        (0, 0, 1), (0, 2, 2), (1, 0, 1), (1, 1, 1), (2, 0, 3), (2, 1, 1),
    ]  # fmt: skip


def test_of_many_classes_only_those_that_occur_are_compared(tmp_path: Path) -> None:
    truth = annotations()
    truth["categories"] = [{"id": at, "name": f"class {at}"} for at in range(10_000)]
    numbers = {CAT: 20, DOG: 9_000}
    truth["annotations"] = [
        {**one, "category_id": numbers[one["category_id"]]} for one in truth["annotations"]
    ]
    boxes = [{**one, "category_id": numbers[one["category_id"]]} for one in results()]
    found = evaluated(tmp_path, EvaluateOptions(score=0.3), annotations=truth, results=boxes)
    # As of cat and dog alone.
    assert found.confusion.cells == [
        (20, 20, 1), (20, 10_000, 2), (9_000, 20, 1), (9_000, 9_000, 1),
        (10_000, 20, 3), (10_000, 9_000, 1),
    ]  # fmt: skip
    assert found.confusion.counts == []  # they would be 100 million
    assert len(found.classes) == 10_000
    assert found.classes[20].scores.ap50 == pytest.approx(AP50_CAT, abs=1e-4)
    assert found.classes[9_000].scores.ap50 == pytest.approx(AP50_DOG, abs=1e-4)
    assert found.scores.ap50 == pytest.approx(AP50, abs=1e-4)
    nothing = found.classes[0]
    assert (nothing.objects, nothing.detections, nothing.scores.ap) == (0, 0, None)
    assert (nothing.curve50, nothing.best_score) == ([], None)


def test_the_score_by_default_is_that_of_the_best_f1(found: Evaluation) -> None:
    # F1 = 2 right / (detections + 5 objects): 2/6 at 0.9, 2/7, 2/8, 2/9, 2/10, 4/11 at 0.4, 4/12.
    assert found.confusion.score == 0.4


def test_of_detections_with_one_score_all_count_or_none(tmp_path: Path) -> None:
    truth = {**annotations(), "annotations": annotations()["annotations"][:1]}
    right = results()[0]
    wrong = [{**right, "bbox": [at, 50, 20, 20]} for at in range(0, 80, 20)]
    (cat, dog) = evaluated(tmp_path, annotations=truth, results=[right, *wrong]).classes
    # One right of five at 0.9, wherever it stands among them.
    assert (cat.precision, cat.recall, cat.best_score) == (0.2, 1, 0.9)
    assert (dog.precision, dog.recall, dog.best_score) == (None, None, None)


@pytest.mark.parametrize("seed", range(6))
def test_ap_and_the_base_of_costs_are_those_of_pycocotools(seed: int, tmp_path: Path) -> None:
    import numpy as np
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    from dataforge.verbs.evaluate.mistakes import Analysis
    from dataforge.verbs.evaluate.reading import read_coco
    from dataforge.verbs.evaluate.scoring import Scored

    draw = random.Random(seed)

    def box() -> list[float]:
        return [draw.randrange(60), draw.randrange(60), draw.randint(5, 40), draw.randint(5, 40)]

    truth = annotations()
    truth["images"] = [{**truth["images"][0], "id": at} for at in range(1, 21)]
    truth["annotations"] = [
        {"id": at, "image_id": draw.randint(1, 20), "category_id": draw.choice((7, 3)),
         "bbox": (b := box()), "area": b[2] * b[3], "iscrowd": int(draw.random() < 0.1)}
        for at in range(1, 90)
    ]  # fmt: skip
    found = [
        {"image_id": one["image_id"], "category_id": draw.choice((one["category_id"], 7, 3)),
         "bbox": [value + draw.uniform(-4, 4) for value in one["bbox"][:2]] + one["bbox"][2:],
         "score": round(draw.random(), 1)}
        for one in truth["annotations"] * 2
    ]  # fmt: skip
    paths = written(tmp_path, annotations=truth, results=found)
    ours = evaluate_results(*paths, EvaluateOptions())
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(paths[0]))
        theirs = COCOeval(coco, coco.loadRes(str(paths[1])), "bbox")
        theirs.evaluate()
        theirs.accumulate()
        theirs.summarize()
    mine = ours.scores
    # All their digits: what shows them rounds once.
    given = [mine.ap, mine.ap50, mine.ap75, mine.ap_small, mine.ap_medium, mine.ar]
    assert given == [*theirs.stats[:5].tolist(), theirs.stats[8]]
    analysis = Analysis(Scored(read_coco(*paths)))
    assert analysis.ap50() == pytest.approx(theirs.stats[1], abs=1e-9)
    # What is right or wrong, and what is missed or explained, is everything.
    right = sum(len(one.of) for one in analysis.matches)
    counted = sum(len(one.counted) for one in analysis.matches)
    false = sum(one.detection >= 0 for one in analysis.wrong)
    assert right + false == counted
    counts = np.array(ours.confusion.counts)
    objects = [one.objects for one in ours.classes]
    assert counts[:-1].sum(axis=1).tolist() == objects


def test_objects_that_nothing_is_near_count_as_missed_in_their_size(tmp_path: Path) -> None:
    """A detection of one object; of 3 small and 2 large ones in all, and a crowd apart."""
    sides = (20, 20, 20, 100, 100)
    truth = annotations()
    truth["annotations"] = [
        {"id": at, "image_id": 10, "category_id": CAT, "bbox": [200 * at, 0, side, side],
         "area": side * side, "iscrowd": int(at == len(sides))}
        for at, side in enumerate((*sides, 50))
    ]  # fmt: skip
    right = {"image_id": 10, "category_id": CAT, "bbox": [0, 0, 20, 20], "score": 0.5}
    cat = evaluated(tmp_path, annotations=truth, results=[right]).classes[0]
    # Recall 1/5 is 21 of 101 points, 1/3 of the small ones 34; the large ones are not found.
    given = (cat.scores.ap50, cat.scores.ap_small, cat.scores.ap_large, cat.scores.ar)
    assert given == pytest.approx((21 / 101, 34 / 101, 0, 1 / 5), abs=1e-9)
    assert (cat.objects, cat.crowds, cat.recall) == (5, 1, 1 / 5)


def test_where_everything_overlaps_matches_are_those_of_pycocotools(tmp_path: Path) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    draw = random.Random(3)
    truth = annotations()
    truth["annotations"] = [
        {"id": at, "image_id": 10, "category_id": CAT, "iscrowd": int(at % 20 == 0),
         "bbox": [draw.randrange(9), draw.randrange(9), side := draw.randrange(80, 110), 96],
         "area": side * 96}
        for at in range(1, 301)
    ]  # fmt: skip
    found = [{**one, "score": round(draw.random(), 2)} for one in truth["annotations"][::2]]
    paths = written(tmp_path, annotations=truth, results=found)
    mine = evaluate_results(*paths, EvaluateOptions()).scores
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(paths[0]))
        theirs = COCOeval(coco, coco.loadRes(str(paths[1])), "bbox")
        theirs.evaluate()
        theirs.accumulate()
        theirs.summarize()
    given = [mine.ap, mine.ap50, mine.ap75, mine.ap_medium, mine.ap_large, mine.ar]
    assert given == [*theirs.stats[:3].tolist(), *theirs.stats[4:6].tolist(), theirs.stats[8]]


def test_a_crowded_image_is_refused_before_anything_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataforge.verbs.evaluate import mistakes, run

    monkeypatch.setattr(mistakes, "MOST_PAIRS", 5)  # the first image has 3 x 2
    monkeypatch.setattr(run, "Scored", None)
    with pytest.raises(InputError, match=r"0\.jpg: has 3 detections and 2 objects, which are too"):
        evaluated(tmp_path)


def test_masks_are_compared(tmp_path: Path) -> None:
    ring = [0, 0, 20, 0, 20, 20, 0, 20]
    truth = annotations()
    truth["annotations"] = [
        {"id": 1, "image_id": 10, "category_id": 7, "bbox": [0, 0, 20, 20], "segmentation": [ring]}
    ]
    # The same box, but half of the mask.
    half = {"size": [100, 100], "counts": [0, *[20, 80] * 9, 20, 9_080]}
    found = [{"image_id": 10, "category_id": 7, "score": 1, "bbox": [0, 0, 20, 20],
              "segmentation": half}]  # fmt: skip
    given = {"annotations": truth, "results": found}
    assert evaluated(tmp_path, **given).scores.ap == pytest.approx(1, abs=1e-12)
    masks = evaluated(tmp_path, EvaluateOptions(masks=True), **given)
    assert masks.compared == "masks"
    # IoU is exactly 0.5, which is enough for AP50 alone, of ten.
    assert [masks.scores.ap50, masks.scores.ap75] == pytest.approx([1, 0], abs=1e-12)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"image_id": 99}, "1 result whose image_id the annotations do not have; the first"),
        ({"category_id": 1}, "1 result whose category_id the annotations do not have"),
        ({"bbox": [1, 2, 3]}, "without a valid bbox;"),
        ({"bbox": [1, 2, -3, 4]}, "without a valid bbox;"),
        ({"bbox": [1, 2, 1e300, 4]}, "without a valid bbox;"),
        ({"score": None}, "without a valid score;"),
        ({"bbox": None}, "with neither a bbox nor a segmentation;"),
        ({"bbox": None, "segmentation": [[1, 2, 3]]}, "its rings are not lists of coordinates"),
    ],
)
def test_a_result_that_cannot_be_compared_is_named(
    entry: dict[str, Any], said: str, tmp_path: Path
) -> None:
    more = {**results()[0], **entry}
    found = evaluated(tmp_path / "some", results=[*results(), more])
    (note,) = found.notes
    assert said in note
    assert "$[8]" in note
    assert found.scores.ap50 == pytest.approx(AP50, abs=1e-4)
    with pytest.raises(InputError, match="no result can be compared"):
        evaluated(tmp_path / "all", results=[more])


def test_ids_of_another_type_are_named(tmp_path: Path) -> None:
    texts = [{**one, "image_id": str(one["image_id"])} for one in results()]
    said = (
        r"no result can be compared: left out: 8 results whose image_id is a text, not a number as "
        r"in the annotations; the first is \$\[0\] \(image_id is the text '10', the annotations "
        r"have the number 10\)$"
    )
    with pytest.raises(InputError, match=said):
        evaluated(tmp_path, results=texts)
    truth = annotations()
    truth["categories"] = [{**one, "id": str(one["id"])} for one in truth["categories"]]
    for one in truth["annotations"]:
        one["category_id"] = str(one["category_id"])
    said = r"category_id is the number 7, the annotations have the text '7'\)$"
    with pytest.raises(InputError, match=said):
        evaluated(tmp_path, annotations=truth)


def test_results_of_keypoints_alone_are_named(tmp_path: Path) -> None:
    bare = {**results()[0], "bbox": None, "keypoints": [5, 5, 2]}
    said = "1 result with keypoints alone: keypoint results are not read without a bbox or a segm"
    (note,) = evaluated(tmp_path, results=[*results(), bare]).notes
    assert said in note
    with pytest.raises(InputError, match=f"no result can be shown: left out: {said}"):
        read_predictions(*written(tmp_path, results=[bare]))
    # With a box, keypoints do no harm.
    assert evaluated(tmp_path, results=[{**one, "keypoints": [1]} for one in results()]).notes == []


def test_corners_are_named_by_what_they_find(tmp_path: Path) -> None:
    """Objects near the origin: even as sizes, their corners stay in the image of 100 x 100."""
    truth = annotations()
    boxes = [(5, 5, 20, 30), (10, 2, 30, 20), (8, 9, 25, 25)]
    truth["annotations"] = [
        {"id": at, "image_id": 10 + at, "category_id": CAT, "bbox": box}
        for at, box in enumerate(boxes)
    ]
    right = [{**one, "score": 0.5} for one in truth["annotations"]]
    corners = [{**one, "bbox": [x, y, x + w, y + h]}
               for one, (x, y, w, h) in zip(right, boxes, strict=True)]  # fmt: skip
    # As sizes, IoU is 600/875, 600/880 and 625/1122: wrong, but found as often.
    assert evaluated(tmp_path, annotations=truth, results=corners).notes == []
    # Farther from the origin: 100 / 1156, 100 / 1156, 100 / 1024 at most.
    boxes = [(24, 24, 10, 10), (22, 24, 12, 10), (20, 22, 12, 10)]
    for one, found, box in zip(truth["annotations"], corners, boxes, strict=True):
        one["bbox"] = box
        found["bbox"] = [box[0], box[1], box[0] + box[2], box[1] + box[3]]
    (note,) = evaluated(tmp_path, annotations=truth, results=corners).notes
    assert note.startswith("the boxes seem to be corners [x0, y0, x1, y1]")
    right = [{**one, "bbox": box} for one, box in zip(right, boxes, strict=True)]
    assert evaluated(tmp_path, annotations=truth, results=right).notes == []


def test_fractions_are_named(tmp_path: Path) -> None:
    found = [{**one, "bbox": [value / 100 for value in one["bbox"]]} for one in results()]
    (note,) = evaluated(tmp_path, results=found).notes
    assert note.startswith("the boxes seem to be fractions of the image's width and height")


def test_files_that_are_not_what_they_should_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParseError):
        evaluated(tmp_path / "a", results={"images": []})
    with pytest.raises(ParseError):
        evaluated(tmp_path / "b", annotations=[])
    with pytest.raises(InputError, match="no images"):
        evaluated(tmp_path / "c", annotations={"images": [], "categories": []})


def test_nothing_found_and_nothing_there(tmp_path: Path) -> None:
    found = evaluated(tmp_path / "a", results=[])
    assert (found.scores.ap, found.detections) == (0, 0)
    assert found.kinds["missed"].count == 5
    # Without misses nothing is left, and nothing was found: AP50 would be 1.
    assert found.kinds["missed"].cost == 1
    empty = {**annotations(), "annotations": []}
    found = evaluated(tmp_path / "b", annotations=empty)
    assert found.scores.ap is None
    assert found.kinds["background"].count == 8


def test_a_mask_that_lies_is_left_out(tmp_path: Path) -> None:
    for bad in (
        {"size": [9**9, 9**9], "counts": "0"},
        {"size": [100, 100], "counts": "zz"},
        5,
        None,
    ):
        entry = {**results()[0], "segmentation": bad}
        with pytest.raises(InputError, match="segmentation"):
            evaluated(tmp_path, EvaluateOptions(masks=True), results=[entry])


# 20 pixels from (20, 10), in a column each: 40 x 20 of an image of 100 x 100.
RUNS = [2_010, *[20, 80] * 39, 20, 10_000 - 2_010 - 39 * 100 - 20]


@pytest.mark.parametrize(
    "segmentation",
    [
        [[20, 10, 60, 10, 60, 30, 20, 30]],
        [[20, 10, 30, 10, 30, 30, 20, 30], [50, 10, 60, 10, 60, 30]],
        {"size": [100, 100], "counts": RUNS},
    ],
)
@pytest.mark.parametrize("size", [100, 0])
def test_what_has_no_bbox_has_the_box_of_its_segmentation(
    segmentation: Any, size: int, tmp_path: Path
) -> None:
    truth = annotations()
    for image in truth["images"]:
        image.update(width=size, height=size)
    bare = {"id": 1, "image_id": 10, "category_id": CAT}
    boxed = {**bare, "bbox": [20, 10, 40, 20], "score": 1}
    outlined = {**bare, "segmentation": segmentation, "score": 1}
    for there, found in ((boxed, outlined), (outlined, boxed)):
        given = {"annotations": {**truth, "annotations": [there]}, "results": [found]}
        report = evaluated(tmp_path, **given)
        assert report.scores.ap == pytest.approx(1, abs=1e-12)
        assert report.notes == []


def test_a_result_without_bbox_is_as_large_as_its_mask_as_in_pycocotools(tmp_path: Path) -> None:
    # The first and the last column: 200 pixels, small, in a box of 100 x 100. Of all detections one
    # of two is right; of the medium ones, the other.
    corners = {"size": [100, 100], "counts": [0, 100, 9_800, 100]}
    truth = {
        **annotations(),
        "annotations": [
            {"id": 1, "image_id": 10, "category_id": CAT, "bbox": [0, 0, 40, 40], "area": 1600}
        ],
    }
    found = [
        {"image_id": 10, "category_id": CAT, "score": 0.9, "segmentation": corners},
        {"image_id": 10, "category_id": CAT, "score": 0.5, "bbox": [0, 0, 40, 40]},
    ]
    report = evaluated(tmp_path, annotations=truth, results=found)
    assert [report.scores.ap, report.scores.ap_medium] == pytest.approx([0.5, 1], abs=1e-12)


def test_masks_of_annotations_without_any_are_refused(tmp_path: Path) -> None:
    found = [{**one, "segmentation": {"size": [100, 100], "counts": RUNS}} for one in results()]
    with pytest.raises(InputError, match=r"no annotation can be compared: .* without a segm"):
        evaluated(tmp_path, EvaluateOptions(masks=True), results=found)


NAN = "contains NaN, Infinity or half a character: read as null or U+FFFD"


def test_nan_and_infinity_of_results_are_named_and_the_rest_is_compared(tmp_path: Path) -> None:
    nan, inf = float("nan"), float("inf")
    more = [{**results()[0], "score": nan}, {**results()[0], "bbox": [0, 0, inf, 20]}]
    found = evaluated(tmp_path, results=[*results(), *more])
    assert found.notes == [
        f"{tmp_path / 'results.json'}: {NAN}",
        "left out: 1 result without a valid score; the first is $[8]",
        "left out: 1 result without a valid bbox; the first is $[9]",
    ]
    assert found.scores.ap50 == pytest.approx(AP50, abs=1e-4)


def test_nan_of_annotations_is_named_and_the_rest_is_compared(tmp_path: Path) -> None:
    truth = annotations()
    truth["images"][0]["width"] = float("nan")
    truth["annotations"].append({**truth["annotations"][0], "bbox": [float("nan"), 0, 1, 1]})
    found = evaluated(tmp_path, annotations=truth)
    assert found.notes == [
        f"{tmp_path / 'instances.json'}: {NAN}",
        "left out: 1 annotation without a valid bbox; the first is $.annotations[6]",
    ]
    assert found.scores.ap50 == pytest.approx(AP50, abs=1e-4)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_fault(encoding: str, tmp_path: Path) -> None:
    paths = written(tmp_path, annotations=annotations(("Katze", "H\u00fcndin")))
    for path in paths:
        path.write_text(path.read_text(), encoding=encoding)
    found = evaluate_results(*paths)
    assert found.scores.ap50 == pytest.approx(AP50, abs=1e-4)
    assert found.notes == [
        f"{path}: is not UTF-8; read as utf-16" for path in paths if encoding == "utf-16"
    ]


def test_an_image_with_too_many_entries_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataforge.verbs.evaluate.reading.MAX_OBJECTS", 2)
    with pytest.raises(InputError, match=r"results\.json: image 0\.jpg has 3 entries, more than 2"):
        evaluated(tmp_path)


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.1, float("inf")])
def test_scores_that_are_none_are_refused(score: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"score .*: must be from 0 to 1"):
        evaluated(tmp_path, EvaluateOptions(score=score))


def test_options_that_do_not_apply_are_refused_in_python(tmp_path: Path) -> None:
    truth, found = written(tmp_path)
    wrong: list[dict[str, Any]] = [{"split": "val"}, {"device": "cpu"}]
    for option in wrong:
        (name,) = option
        with pytest.raises(UsageError, match=f"{name}: is for a config"):
            dataforge.evaluate(found, annotations=truth, **option)
    with pytest.raises(UsageError, match="a config says where its images are"):
        dataforge.evaluate("a.py", "b.pth", images=tmp_path)


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_may_be_text(kind: type[Any], tmp_path: Path) -> None:
    truth, found = map(str, written(tmp_path))
    page, kept, images = (kind(tmp_path / name) for name in ("page", "kept.json", "."))
    report = dataforge.evaluate(found, annotations=truth, out=page, results_out=kept, images=images)
    assert (report.results, report.page) == (str(kept), str(tmp_path / "page" / "index.html"))
    assert (tmp_path / "kept.json").is_file()
    with pytest.raises(UsageError, match=r"^results_out: expected"):
        dataforge.evaluate(found, annotations=truth, results_out=7)


def test_notes_stand_in_a_notebook(tmp_path: Path) -> None:
    report = evaluated(tmp_path, results=[*results(), {**results()[0], "image_id": "<b>"}])
    assert "<li>left out: 1 result whose image_id" in report._repr_html_()
    assert "&lt;b&gt;" in report._repr_html_()


def test_averages_in_a_notebook_are_rounded_once(found: Evaluation) -> None:
    # 25.5 / 101 is 0.25248
    assert "<td>dog</td><td>2</td><td>0.252</td><td>0.252</td>" in found._repr_html_()


def test_what_is_done_is_told(tmp_path: Path) -> None:
    from dataforge.verbs.evaluate import EvaluateOptions, evaluate_results

    told: list[tuple[int, int, str]] = []
    options = EvaluateOptions(out=tmp_path / "page")
    evaluate_results(*written(tmp_path), options, lambda *one: told.append(one))
    assert told == [
        (0, 0, "reading"), (0, 0, "comparing"),
        (1, 2, "costs of mistakes by class"), (2, 2, "costs of mistakes by class"),
        (1, 3, "pictures"), (2, 3, "pictures"), (3, 3, "pictures"),
    ]  # fmt: skip
