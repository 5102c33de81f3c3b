"""Images and label files in folders of other names, and class numbers counted otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import picture, run_convert, write

from dataforge.datasets import guess_format
from dataforge.io import Root
from dataforge.verbs.check import check
from dataforge.verbs.inspect import inspect
from dataforge.verbs.split import SplitJob, make

BOX = "0 0.5 0.5 0.2 0.2\n"


def pairs(folder: Path, *names: tuple[str, str], text: str = BOX) -> Path:
    for image, label in names:
        picture(folder / image)
        write(folder / label, text)
    return folder


FOLDERS = [
    [("train_images/a.jpg", "train_labels/a.txt")],
    [("Images/a.jpg", "Labels/a.txt"), ("Images/b.jpg", "Labels/b.txt")],
    [("0.jpg", "labels_my-project_2024/0.txt"), ("1.jpg", "labels_my-project_2024/1.txt")],
    [("JPEGImages/day/a.jpg", "yolo/a.txt")],
    [("img/a.jpg", "txt/a.txt"), ("img/b.jpg", "txt/b.txt")],
    # the same names, in folders that have words in common
    [("train_images/0.jpg", "train_labels/0.txt"), ("val_images/0.jpg", "val_labels/0.txt")],
    [("cam1/frames/0.jpg", "gt/cam1/0.txt"), ("cam2/frames/0.jpg", "gt/cam2/0.txt")],
]


@pytest.mark.parametrize("names", FOLDERS)
def test_labels_belong_to_the_only_image_of_their_name(
    tmp_path: Path, names: list[tuple[str, str]]
) -> None:
    folder = pairs(tmp_path / "d", *names)
    assert guess_format(Root(folder)) == "yolo"
    report = run_convert(folder, tmp_path / "out", "yolo")
    assert (report.shapes, report.failed) == (len(names), False)
    (note,) = [finding for finding in report.findings if finding.code == "labels-elsewhere"]
    assert note.message.startswith(f"{len(names)} label file")
    checked = check(str(folder))
    assert (checked.shapes, checked.failed) == (len(names), False)
    (part,) = inspect(str(folder)).parts
    assert sum(part.classes["class_0"].values()) == len(names)
    if len(names) > 1:
        job = SplitJob(source=str(folder), ratios="50,50", out=str(tmp_path / "splits.json"))
        assert make(job).manifest.counts == {side: {"class_0": 1} for side in ("train", "val")}


@pytest.mark.parametrize(
    "others",
    [
        # one label file and two images with its name; two label files and one image
        ["images_a/0.jpg", "images_b/0.jpg", "marks/0.txt"],
        ["pics/0.jpg", "marks_a/0.txt", "marks_b/0.txt"],
    ],
)
def test_ambiguous_names_are_not_paired(tmp_path: Path, others: list[str]) -> None:
    for name in others:
        if name.endswith(".jpg"):
            picture(tmp_path / name)
        else:
            write(tmp_path / name, BOX)
    report = check(str(tmp_path))
    assert report.shapes == 0
    missing = [finding for finding in report.findings if finding.code == "image-missing"]
    assert missing
    assert all("of that name in other folders" in finding.message for finding in missing)


def test_text_beside_images_is_no_label_file(tmp_path: Path) -> None:
    pairs(tmp_path, ("images/a.jpg", "labels/a.txt"))
    picture(tmp_path / "images/b.jpg")
    write(tmp_path / "captions/b.txt", "A cat on a mat.\n")
    report = check(str(tmp_path))
    assert report.shapes == 1
    assert {"labels-elsewhere", "bad-row", "image-missing"}.isdisjoint(report.counts)


def test_labels_of_images_in_no_split_are_not_without_image(tmp_path: Path) -> None:
    pairs(
        tmp_path,
        ("train_images/a.jpg", "train_labels/a.txt"),
        ("spare_images/b.jpg", "spare_labels/b.txt"),
    )
    write(tmp_path / "data.yaml", "train: train_images\nval: train_images\nnames: [x]\n")
    report = check(str(tmp_path))
    assert report.shapes == 1
    assert "annotation-not-listed" in report.counts
    assert "image-missing" not in report.counts


@pytest.mark.parametrize(
    "row",
    [
        "1.000000000000000000e+00 5.000000000000000000e-01 5.0e-01 2.0e-01 4.00000000000000e-01",
        "1 .5 .5 .2 .4",
        "1.0\t5E-1\t+0.5\t2e-01\t4e-01",
    ],
)
def test_numbers_in_any_notation_are_recognised(tmp_path: Path, row: str) -> None:
    pairs(tmp_path / "d", ("images/a.jpg", "labels/a.txt"), text=f"{row}\n")
    assert guess_format(Root(tmp_path / "d")) == "yolo"
    assert run_convert(tmp_path / "d", tmp_path / "out", "yolo").shapes == 1


# Class numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("named_by", ["data.yaml", "classes.txt"])
@pytest.mark.parametrize(
    ("classes", "said"),
    [((1, 2, 3), True), ((3, 1), True), ((0, 1, 3), False), ((1, 2, 4), False), ((1, 2), False)],
)
def test_classes_counted_from_one_are_said(
    tmp_path: Path, named_by: str, classes: tuple[int, ...], said: bool
) -> None:
    names = {"data.yaml": "train: images\nval: images\nnames: [cat, dog, bird]\n",
             "classes.txt": "cat\ndog\nbird\n"}  # fmt: skip
    write(tmp_path / named_by, names[named_by])
    for number in classes:
        picture(tmp_path / f"images/{number}.jpg")
        write(tmp_path / f"labels/{number}.txt", f"{number} 0.5 0.5 0.2 0.2\n")
    found = [f for f in check(str(tmp_path)).findings if f.code == "classes-from-one"]
    assert len(found) == said
    if said:
        assert "class 0 is never used, and class 3 is beyond the 3 names" in found[0].message


@pytest.mark.parametrize(
    ("names", "missing"),
    [("{0: a, 2: c}", 1), ("{1: a, 2: b}", 0), ("{0: a, 1: b, 5: c}", 2), ("{1: b, 0: a}", None)],
)
def test_a_gap_in_the_names_is_said(tmp_path: Path, names: str, missing: int | None) -> None:
    pairs(tmp_path, ("images/a.jpg", "labels/a.txt"), text="1 0.5 0.5 0.2 0.2\n")
    write(tmp_path / "data.yaml", f"train: images\nval: images\nnames: {names}\n")
    found = [f for f in check(str(tmp_path)).findings if f.code == "class-number-gap"]
    assert len(found) == (missing is not None)
    assert not found or f"names has no {missing}," in found[0].message
