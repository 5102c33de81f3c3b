"""The generated dataset class for COCO files, in the real mmdet 2: labels go by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from generated import made, truth
from helpers import HEIGHT, SAMPLE, WIDTH, picture, run_convert, write

pytest.importorskip("mmcv.runner")  # mmcv 1 alone has it
from mmdet.core.evaluation import get_classes
from mmdet.datasets import CocoDataset

pytestmark = [pytest.mark.mmdet, pytest.mark.lite]

Mark = tuple[int, int, Sequence[float]]  # image id, category id, (x, y, w, h)


def coco(categories: dict[int, str], *marks: Mark, images: int = 2) -> dict[str, Any]:
    """A COCO file of images 1.jpg, 2.jpg, ..."""
    return {
        "images": [
            {"id": n, "file_name": f"{n}.jpg", "width": WIDTH, "height": HEIGHT}
            for n in range(1, images + 1)
        ],
        "annotations": [
            {
                "id": n,
                "image_id": image,
                "category_id": category,
                "bbox": list(box),
                "area": box[2] * box[3],
                "iscrowd": 0,
                "segmentation": [],
            }
            for n, (image, category, box) in enumerate(marks, 1)
        ],
        "categories": [{"id": n, "name": name} for n, name in categories.items()],
    }


def folder(root: Path, train: dict[str, Any], val: dict[str, Any] | None = None) -> Path:
    """annotations/instances_{train,val}.json and images/."""
    for use, document in (("train", train), ("val", val or train)):
        write(root / "annotations" / f"instances_{use}.json", document)
        for image in document["images"]:
            picture(root / "images" / image["file_name"])
    return root


DISORDER = {7: "hand", 3: "face", 12: "person"}
FACE, PERSON, HAND = (1, 3, (1, 2, 10, 12)), (1, 12, (5, 6, 30, 40)), (2, 7, (20, 20, 8, 8.5))
PARTS = ("face", "person", "hand")


def found(dataset: Any) -> list[list[tuple[int, list[float]]]]:
    """(label, box) of every object of every image."""
    annotations = [dataset.get_ann_info(i) for i in range(len(dataset))]
    return [list(zip(a["labels"].tolist(), a["bboxes"].tolist(), strict=True)) for a in annotations]


def test_labels_go_by_name_not_by_the_files_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", coco(DISORDER, HAND, PERSON, FACE))
    registered = made(root, monkeypatch, classes=PARTS)
    dataset = registered.dataset("val")
    assert dataset.CLASSES == PARTS
    expected = [[(1, [5, 6, 35, 46]), (0, [1, 2, 11, 14])], [(2, [20, 20, 28, 28.5])]]
    assert found(dataset) == found(registered.dataset("train")) == expected
    assert get_classes(registered.plan.dataset.name) == list(PARTS)
    # What mmdet's own class makes of it: 'hand', first in the file, is called 'face'.
    stock = CocoDataset(
        str(root / "annotations" / "instances_val.json"), [], classes=PARTS, test_mode=True
    )
    assert [[label for label, _ in image] for image in found(stock)] == [[2, 1], [0]]


@pytest.mark.parametrize("classes", [None, ("person",), ("hand", "face")])
def test_default_class_order_is_that_of_the_file(
    classes: tuple[str, ...] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", coco(DISORDER, HAND, PERSON, FACE))
    flags: dict[str, Any] = {"classes": classes} if classes else {}
    registered = made(root, monkeypatch, **flags)
    names = classes or ("hand", "face", "person")
    assert names == registered.module.CLASSES
    marked = [
        sorted(names[label] for label, _ in image) for image in found(registered.dataset("val"))
    ]
    assert marked == [
        sorted({"face", "person"} & {*names}),
        ["hand"] if "hand" in names else [],
    ]


def test_a_choice_of_classes_in_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "d", coco(DISORDER, HAND, PERSON, FACE))
    dataset = made(root, monkeypatch, classes=PARTS).dataset(classes=("hand", "face"))
    assert found(dataset) == [[(1, [1, 2, 11, 14])], [(0, [20, 20, 28, 28.5])]]


def test_sample_is_read_as_by_mmdet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_convert(
        SAMPLE / "labelme", tmp_path / "d", labels="face,person,hand", split="train=0.8,val=0.2",
        image_mode="copy",
    )  # fmt: skip
    registered = made(tmp_path / "d", monkeypatch)
    assert registered.plan.dataset.has_masks
    assert registered.dataset("train")[0]["gt_bboxes"].data.shape[1] == 4  # the picture is there
    for use, total in (("train", 11), ("val", 3)):  # of 14, rounded
        ours = registered.dataset(use, test_mode=True)
        path = registered.plan.dataset.splits[use].ann_file
        stock = CocoDataset(str(tmp_path / "d" / path), [], classes=PARTS, test_mode=True)
        assert len(ours) == len(stock) == total
        assert found(ours) == found(stock)
        assert [ours.get_ann_info(i)["masks"] for i in range(total)] == [
            stock.get_ann_info(i)["masks"] for i in range(total)
        ]


@pytest.mark.parametrize(
    ("categories", "said"),
    [
        ({1: "face", 2: "person"}, r"has no category \['hand'\].* other categories are \[\]"),
        ({1: "face", 2: "person", 3: "hnad"}, r"\['hand'\].* other categories are \['hnad'\]"),
        ({1: "Face", 2: "person", 3: "hand"}, r"\['face'\].* other categories are \['Face'\]"),
        ({}, r"\['face', 'person', 'hand'\]"),
    ],
)
def test_class_missing_from_the_training_file(
    categories: dict[int, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", coco(categories), coco(DISORDER, FACE))
    registered = made(root, monkeypatch, classes=PARTS)
    with pytest.raises(ValueError, match=said) as caught:
        registered.dataset("train")
    assert "instances_train.json" in str(caught.value)
    assert len(registered.dataset("val")) == 2


def test_a_misspelt_class_in_the_validation_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", coco(DISORDER, FACE), coco({3: "face", 1: "persn", 2: "hand"}))
    registered = made(root, monkeypatch, classes=PARTS)
    assert len(registered.dataset("train")) == 2
    with pytest.raises(ValueError, match=r"instances_val.json has no category \['person'\]"):
        registered.dataset("val")


@pytest.mark.parametrize("categories", [{3: "face", 12: "person"}, {12: "person", 3: "face"}])
def test_a_validation_file_may_lack_a_class(
    categories: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(
        tmp_path / "d", coco(DISORDER, FACE, PERSON, HAND), coco(categories, FACE, PERSON)
    )
    val = made(root, monkeypatch, classes=("hand", "person", "face")).dataset("val")
    assert found(val) == [[(2, [1, 2, 11, 14]), (1, [5, 6, 35, 46])], []]
    scores = val.evaluate(truth(val), metric="bbox", classwise=True)
    assert scores["bbox_mAP"] == scores["bbox_mAP_50"] == 1.0
    strays = truth(val)
    strays[1][0] = strays[0][1]  # a hand where nothing is: no class of this split
    assert val.evaluate(strays, metric="bbox")["bbox_mAP_50"] == 1.0


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1)])
def test_two_spellings_of_one_class(
    order: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {1: "person", 2: "dog", 3: "Pedestrian "}
    marks: list[Mark] = [
        (1, 3, (1, 2, 10, 10)),
        (1, 2, (3, 2, 10, 10)),
        (2, 1, (5, 2, 10, 10)),
        (2, 3, (20, 20, 9, 9)),
    ]
    root = folder(tmp_path / "d", coco({n: names[n] for n in order}, *marks))
    registered = made(
        root,
        monkeypatch,
        classes=("dog", "person"),
        aliases={"person": ["pedestrian"]},
        ignore_case=True,
    )
    assert registered.plan.instances["train"] == {"person": 3, "dog": 1}
    val = registered.dataset("val")
    assert found(val) == [
        [(1, [1, 2, 11, 12]), (0, [3, 2, 13, 12])],
        [(1, [5, 2, 15, 12]), (1, [20, 20, 29, 29])],
    ]
    scores = val.evaluate(truth(val), metric="bbox", classwise=True)
    assert scores["bbox_mAP_50"] == 1.0
    wrong = truth(val)
    wrong[1][1] = wrong[1][1][:1]  # one of three persons is not found
    # Dogs are all found, persons at two thirds of the levels of recall.
    assert val.evaluate(wrong, metric="bbox")["bbox_mAP_50"] == pytest.approx((1 + 2 / 3) / 2, 0.01)
    train = registered.dataset("train", filter_empty_gt=True, classes=("person",))
    assert len(train) == 2  # the first image has a pedestrian and no "person"


def test_perfect_detections_are_perfect_and_swapped_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", coco(DISORDER, HAND, PERSON, FACE))
    val = made(root, monkeypatch, classes=PARTS).dataset("val")
    scores = val.evaluate(truth(val), metric="bbox")
    assert (scores["bbox_mAP"], scores["bbox_mAP_50"]) == (1.0, 1.0)
    swapped = [[image[1], image[0], image[2]] for image in truth(val)]
    # Faces and persons are never found: of three classes, one is.
    assert val.evaluate(swapped, metric="bbox")["bbox_mAP_50"] == pytest.approx(1 / 3, abs=0.001)


def test_negatives_are_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "d", coco(DISORDER, FACE, images=3))
    registered = made(root, monkeypatch, classes=PARTS)
    assert len(registered.dataset("train")) == 3
    assert len(registered.dataset("train", filter_empty_gt=True)) == 1


def test_awkward_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {5: "it's", 2: 'a "b"', 9: "人物", 1: "back\\slash"}
    marks: list[Mark] = [(1, n, (n, 1, 9, 9)) for n in names]
    root = folder(tmp_path / "d", coco(names, *marks, images=1))
    dataset = made(root, monkeypatch).dataset("val")
    assert list(dataset.CLASSES) == [*names.values()]
    assert [(dataset.CLASSES[label], box[0]) for label, box in found(dataset)[0]] == [
        (name, n) for n, name in names.items()
    ]
