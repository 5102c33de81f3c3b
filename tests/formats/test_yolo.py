"""YOLO text files, read and written, rule by rule of FORMATS.md and of Ultralytics."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml
from helpers import REAL, Read, picture, snapshot, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataforge import geometry
from dataforge.classes.resolver import ClassMap
from dataforge.convert import Job, convert
from dataforge.errors import InputError
from dataforge.formats import yolo
from dataforge.io.files import Root
from dataforge.records import Box, Category, Finding, Header, Image, Instance, Polygons

BOX = "0 0.5 0.5 0.25 0.5\n"  # of 64 x 48: x 32 -+ 8, y 24 -+ 12
EDGES = (24, 12, 40, 36)


class YoloRead(Read):
    """What the reader yielded, with the classes of its header, which comes first."""

    def __init__(self, folder: Path, **options: Any) -> None:
        records = list(yolo.read(Root(folder), yolo.Options(**options), ClassMap().canonical))
        super().__init__(records)
        assert isinstance(records[0], Header)
        self.classes = [category.name for category in records[0].categories]


def dataset(folder: Path, rows: str | bytes = BOX, data: str = "names: [cat, dog]\n") -> Path:
    """One image of 64 x 48 in images/train/ with its rows."""
    picture(folder / "images" / "train" / "a.jpg")
    write(folder / "labels" / "train" / "a.txt", rows)
    write(folder / "data.yaml", "train: images/train\nval: images/val\n" + data)
    picture(folder / "images" / "val" / "v.jpg")
    return folder


def of_train(read: Read) -> tuple[Instance, ...]:
    (image,) = [image for image in read.images if image.split == "train"]
    return image.instances


# Rows -------------------------------------------------------------------------------------------


def test_a_plain_dataset(tmp_path: Path) -> None:
    rows = BOX + "\n  \n1 0 0 0.5 0 0.5 0.25\r\n"
    read = YoloRead(dataset(tmp_path, rows))
    assert read.classes == ["cat", "dog"]
    assert [(i.file_name, i.width, i.height, i.split) for i in read.images] == [
        ("images/train/a.jpg", 64, 48, "train"),
        ("images/val/v.jpg", 64, 48, "val"),
    ]
    assert read.images[1].instances == ()  # no label file: nothing is in it
    cat, dog = read.images[0].instances
    assert (cat.label, cat.box, cat.area, cat.shape) == ("cat", EDGES, 16 * 24, None)
    assert (dog.label, dog.box, dog.area) == ("dog", (0, 0, 32, 12), 32 * 12 / 2)
    assert dog.shape == Polygons(((0, 0, 32, 0, 32, 12),))
    assert (read.images[0].source, cat.where, dog.where) == (
        "labels/train/a.txt",
        "line 1",
        "line 4",
    )
    assert read.codes == ["mixed-rows"]  # Ultralytics would take the box for an outline


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("0 0.5 0.5 0.25", "want 5 columns (class, box) or 7, 9, ... (class, points), got 4"),
        ("0", "got 1"),
        ("0 .1 .1 .2 .1 .2 .2 .3", "got 8; kpt_shape in data.yaml"),
        ("0 0.5 0.5 0.25 x", "column 5: want a number, got 'x'"),
        ("0 0.5 nan 0.25 0.5", "column 3: want a number, got 'nan'"),
        ("0 0.5 0.5 inf 0.5", "column 4: want a number, got 'inf'"),
        ("0,0.5,0.5,0.25,0.5", "column 1: want a number"),
        ("cat 0.5 0.5 0.25 0.5", "column 1: want a number, got 'cat'"),
        ("0.5 0.5 0.5 0.25 0.5", "want a class number, got '0.5'"),
        ("-1 0.5 0.5 0.25 0.5", "want a class number, got '-1'"),
        ("2 0.5 0.5 0.25 0.5", "class 2 has no name in data.yaml"),
        ("0 0.5 0.5 -0.25 0.5", "want a width and a height, got -0.25 and 0.5"),
        ("0 320 240 64 48", "want numbers from 0 to 1, got 320.0: are these pixels?"),
    ],
)
def test_a_bad_row_is_located_and_the_others_are_read(tmp_path: Path, row: str, said: str) -> None:
    read = YoloRead(dataset(tmp_path, f"{BOX}\n{row}\n{BOX}"))
    assert [instance.where for instance in of_train(read)] == ["line 1", "line 4"]
    finding = read.finding("bad-row")
    assert (finding.file, finding.where, finding.lost) == ("labels/train/a.txt", "line 3", 1)
    assert (finding.severity, said in finding.message) == ("error", True), finding.message


@pytest.mark.parametrize(
    ("row", "box", "warned"),
    [
        ("0 1.0 0.5 0.25 0.5", (56, 12, 72, 36), False),  # Ultralytics looks at the columns alone
        ("0 1.0000005 0.5 0.25 0.5", None, False),
        ("0 1.01 0.5 0.25 0.5", (64 * 1.01 - 8, 12, 64 * 1.01 + 8, 36), True),
        ("0 -0.1 0.5 0.25 0.5", (-6.4 - 8, 12, -6.4 + 8, 36), True),
    ],
)
def test_what_is_a_little_outside_is_kept_as_it_is(
    tmp_path: Path, row: str, box: Box | None, warned: bool
) -> None:
    read = YoloRead(dataset(tmp_path, row))
    (instance,) = of_train(read)
    assert box is None or instance.box == pytest.approx(box)
    assert read.codes == (["outside-unit"] if warned else [])
    assert not warned or read.findings[0].where == "line 1"


def test_a_class_number_may_have_a_point(tmp_path: Path) -> None:
    assert of_train(YoloRead(dataset(tmp_path, "1.0 0.5 0.5 0.25 0.5")))[0].label == "dog"


def test_equal_rows_are_kept(tmp_path: Path) -> None:
    assert len(of_train(YoloRead(dataset(tmp_path, BOX * 3)))) == 3


def test_a_sixth_column_is_a_score(tmp_path: Path) -> None:
    read = YoloRead(dataset(tmp_path, "0 0.5 0.5 0.25 0.5 0.875\n" * 2))
    assert [i.attributes for i in of_train(read)] == [{"score": 0.875}] * 2
    assert of_train(read)[0].box == EDGES
    finding = read.finding("confidence-column")
    assert (finding.severity, finding.where) == ("warning", "line 1")
    assert finding.message.startswith("2 rows")


def test_a_pose_dataset_gives_its_boxes(tmp_path: Path) -> None:
    data = "names: [cat]\nkpt_shape: [2, 3]\n"
    read = YoloRead(dataset(tmp_path, "0 0.5 0.5 0.25 0.5 9 9 2 9 9 1\n", data))
    assert (of_train(read)[0].box, of_train(read)[0].shape) == (EDGES, None)
    assert read.codes == ["keypoints-not-read"]


def test_an_outline_that_crosses_itself_is_said(tmp_path: Path) -> None:
    read = YoloRead(dataset(tmp_path, "0 0 0 0.5 0.5 0.5 0 0 0.5"))
    assert read.codes == ["self-intersecting"]
    assert of_train(read)[0].area > 0


def test_a_bom_and_windows_text_are_understood(tmp_path: Path) -> None:
    read = YoloRead(dataset(tmp_path, b"\xef\xbb\xbf" + BOX.replace("\n", "\r\n").encode()))
    assert [i.box for i in of_train(read)] == [EDGES]
    broken = YoloRead(dataset(tmp_path / "broken", b"\xff\xff\x00\xfe"))
    assert broken.codes == ["unreadable-labels"]
    assert [image.file_name for image in broken.images] == ["images/val/v.jpg"]


# Images and label files -------------------------------------------------------------------------


def test_the_size_is_that_of_the_frame_that_is_shown(tmp_path: Path) -> None:
    dataset(tmp_path)
    picture(tmp_path / "images" / "train" / "a.jpg", (48, 64), orientation=6)
    assert of_train(YoloRead(tmp_path))[0].box == EDGES


def test_an_image_that_cannot_be_opened_costs_its_rows(tmp_path: Path) -> None:
    dataset(tmp_path, BOX * 2)
    write(tmp_path / "images" / "train" / "a.jpg", "no image")
    finding = YoloRead(tmp_path).finding("unreadable-image")
    assert (finding.file, finding.lost) == ("images/train/a.jpg", 2)


def test_label_files_without_an_image_are_counted(tmp_path: Path) -> None:
    dataset(tmp_path)
    write(tmp_path / "labels" / "train" / "gone.txt", BOX * 3)
    write(tmp_path / "labels" / "train" / "nothing.txt")
    write(tmp_path / "labels" / "classes.txt", "cat\ndog\n")
    write(tmp_path / "README.dataset.txt", "exported 1 2 3 4 5 by somebody\n")
    write(tmp_path / "loose.txt", BOX)
    read = YoloRead(tmp_path)
    assert [(f.code, f.file, f.severity, f.lost) for f in read.findings] == [
        ("image-missing", "labels/train/gone.txt", "error", 3),
        ("image-missing", "labels/train/nothing.txt", "warning", 0),
        ("image-missing", "loose.txt", "error", 1),
    ]
    assert "no image images/train/gone " in read.findings[0].message


def test_images_in_no_split_are_not_read_in_silence(tmp_path: Path) -> None:
    dataset(tmp_path)
    picture(tmp_path / "images" / "extra" / "b.jpg")
    write(tmp_path / "labels" / "extra" / "b.txt", BOX)
    read = YoloRead(tmp_path)
    assert len(read.images) == 2
    assert read.finding("annotation-not-listed").file == "labels/extra/b.txt"


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images/a.jpg", "labels/a.txt"),
        ("images/x/images/a.b.PNG", "images/x/labels/a.b.txt"),  # the last one, as Ultralytics
        ("train/images/cam 1/a.jpg", "train/labels/cam 1/a.txt"),
        ("photos/a.jpg", "photos/a.txt"),
        ("a.webp", "a.txt"),
    ],
)
def test_the_label_file_of_an_image(tmp_path: Path, image: str, label: str) -> None:
    picture(tmp_path / image)
    write(tmp_path / label, BOX)
    write(tmp_path / "classes.txt", "cat\n")
    read = YoloRead(tmp_path)
    assert (read.image.file_name, read.image.source) == (image, label)
    assert [i.box for i in read.image.instances] == [EDGES]
    assert read.findings == []


# data.yaml --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        ("names: ['cat', dog]", ["cat", "dog"]),
        ("names:\n- cat\n- dog", ["cat", "dog"]),
        ("names:\n  1: dog\n  0: cat", ["cat", "dog"]),
        ("names: {0: cat, 7: dog}", ["cat", "dog"]),
        ("nc: 3\nnames: [no, 007, 1.50]  # text, not False, 7 and 1.5", ["no", "007", "1.50"]),
        ('names: ["a: b", "it\'s", "人"]', ["a: b", "it's", "人"]),
    ],
)
def test_names_in_every_form(tmp_path: Path, names: str, classes: list[str]) -> None:
    read = YoloRead(dataset(tmp_path, data=names + "\n"))
    assert read.classes == classes
    assert of_train(read)[0].label == classes[0]
    assert read.codes == []


def test_odd_names_are_said(tmp_path: Path) -> None:
    data = "nc: 5\nnames: {0: cat, 1: cat, x: y, 3: [a], 4: ''}\n"
    read = YoloRead(dataset(tmp_path, data=data))
    assert read.classes == ["cat"]
    assert sorted(read.codes) == ["bad-class-name"] * 3 + ["class-count", "class-twice"]


def test_classes_without_names_are_numbered(tmp_path: Path) -> None:
    rows = "0 0.5 0.5 0.25 0.5\n10 0.5 0.5 0.25 0.5\n"
    by_count = YoloRead(dataset(tmp_path / "nc", rows, "nc: 11\n"))
    (tmp_path / "nc" / "data.yaml").rename(tmp_path / "nc" / "data.txt.old")
    by_rows = YoloRead(tmp_path / "nc")
    for read in (by_count, by_rows):
        assert read.classes == [f"class_{number}" for number in range(11)]
        assert [i.label for i in of_train(read)] == ["class_0", "class_10"]
        assert read.codes == ["classes-unnamed"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("train: train/images\nval: valid/images", None),
        ("train: ../train/images\nval: ../valid/images", "split-elsewhere"),  # Roboflow
        ("path: /home/you/set\ntrain: train/images\nval: valid/images", None),
        ("train: /content/set/train/images\nval: C:\\set\\valid\\images", "split-elsewhere"),
        ("path: .\ntrain: ./train\nval: ['valid/images/']", None),
        ("train: [train/images/cam1, train/images/cam2]\nval: valid", None),
    ],
)
def test_where_splits_are(tmp_path: Path, data: str, found: str | None) -> None:
    for image in ("train/images/cam1/a", "train/images/cam2/b", "valid/images/c"):
        picture(tmp_path / f"{image}.jpg")
        write(tmp_path / f"{image.replace('images', 'labels')}.txt", BOX)
    write(tmp_path / "data.yaml", f"{data}\nnames: [cat]\n")
    read = YoloRead(tmp_path)
    assert [(image.file_name, image.split) for image in read.images] == [
        ("train/images/cam1/a.jpg", "train"),
        ("train/images/cam2/b.jpg", "train"),
        ("valid/images/c.jpg", "val"),
    ]
    assert set(read.codes) == ({found} if found else set())


def test_a_split_that_is_not_there(tmp_path: Path) -> None:
    data = "names: [cat]\ntest: ../test/images\nminival: images/mini\n"
    dataset(tmp_path, data=data)
    write(tmp_path / "data.yaml", "train: images/train\nval: ../../far/away\n" + data)
    read = YoloRead(tmp_path)
    assert [image.split for image in read.images] == ["train"]
    assert [(f.code, f.severity, f.where) for f in read.findings] == [
        ("split-missing", "warning", "val"),
        ("split-missing", "warning", "test"),
    ]
    picture(tmp_path / "beside" / "images" / "a.jpg")
    dataset(tmp_path / "set")
    write(tmp_path / "set" / "data.yaml", "train: images/train\nval: ../beside/images\n" + data)
    findings = YoloRead(tmp_path / "set").findings
    assert [(f.code, f.severity, f.where) for f in findings] == [
        ("split-outside", "error", "val"),
        ("split-missing", "warning", "test"),
    ]
    write(tmp_path / "data.yaml", "train: images/train\nval: images/none\nnames: [cat]\n")
    assert YoloRead(tmp_path).finding("split-missing").severity == "warning"


def test_another_split_s_images_do_not_stand_in(tmp_path: Path) -> None:
    """../valid/images is not images/."""
    dataset(tmp_path)
    write(tmp_path / "data.yaml", "train: images/train\nval: ../valid/images\nnames: [cat]\n")
    assert [image.file_name for image in YoloRead(tmp_path).images] == ["images/train/a.jpg"]


def test_splits_in_lists(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / "set" / "images" / f"{name}.jpg")
        write(tmp_path / "set" / "labels" / f"{name}.txt", BOX)
    lines = ["./images/b.jpg", "", "/data/set/images/a.jpg", "images/b.jpg", "./images/gone.jpg"]
    write(tmp_path / "set" / "train.txt", "\r\n".join(lines))
    write(tmp_path / "set" / "val.txt", "set\\images\\c.jpg\n")
    write(tmp_path / "coco.yaml", "path: set\ntrain: train.txt\nval: val.txt\nnames: {0: cat}\n")
    read = YoloRead(tmp_path)
    assert [(image.file_name[-5:], image.split) for image in read.images] == [
        ("b.jpg", "train"),
        ("a.jpg", "train"),
        ("c.jpg", "val"),
    ]
    finding = read.finding("image-missing")
    assert (finding.file, finding.where) == ("set/train.txt", "line 5")
    assert len(read.findings) == 1


def test_splits_of_the_same_images_are_one(tmp_path: Path) -> None:
    dataset(tmp_path)
    write(tmp_path / "data.yaml", "train: images/train\nval: images/train\nnames: [cat]\n")
    read = YoloRead(tmp_path)
    assert [image.split for image in read.images] == [None]
    assert read.finding("same-split").message.startswith("train and val")


def test_several_yaml_files(tmp_path: Path) -> None:
    dataset(tmp_path, data="names: [cat]\n")
    write(tmp_path / "other.yaml", "train: images/val\nnames: [cow]\n")
    write(tmp_path / "hyp.yaml", "lr0: 0.01\n")
    read = YoloRead(tmp_path)
    assert read.classes == ["cat"]
    assert "passed over: other.yaml" in read.finding("several-yaml").message
    assert YoloRead(tmp_path, data="other.yaml").classes == ["cow"]
    write(tmp_path.parent / "above.yaml", "train: .\nnames: [cow]\n")
    for wrong in ("gone.yaml", "hyp.yaml", "../above.yaml"):
        with pytest.raises(InputError, match=wrong):
            YoloRead(tmp_path, data=wrong)


@pytest.mark.parametrize(
    "text", ["names: [cat", "a: b: c", "\tx: 1", "names: &a [*a]\n%", "[" * 5000]
)
def test_a_broken_yaml_is_located(tmp_path: Path, text: str) -> None:
    dataset(tmp_path)
    write(tmp_path / "data.yaml", text)
    read = YoloRead(tmp_path)
    finding = read.finding("unreadable-yaml")
    assert (finding.file, finding.severity) == ("data.yaml", "error")
    assert text.startswith("[") or finding.where.startswith("line ")
    assert read.classes == ["class_0"]


# Without data.yaml ------------------------------------------------------------------------------


@pytest.mark.parametrize("names", ["classes.txt", "obj.names", "train/_darknet.labels"])
def test_a_bare_folder(tmp_path: Path, names: str) -> None:
    picture(tmp_path / "train" / "a.jpg")
    write(tmp_path / "train" / "a.txt", "2 0.5 0.5 0.25 0.5")
    write(tmp_path / names, "cat\n\ndog \n\n")
    read = YoloRead(tmp_path)
    assert read.classes == ["cat", "dog"]
    assert [(i.label, i.box) for i in read.image.instances] == [("dog", EDGES)]
    assert (read.image.split, read.findings) == ("train", [])


def test_two_lists_of_names_that_differ_are_said(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    for folder, names in (("", "cat\ndog\n"), ("x", "cat\ndog\n"), ("y", "dog\ncat\n")):
        write(tmp_path / folder / "classes.txt", names)
    read = YoloRead(tmp_path)
    assert (read.classes, read.finding("class-names-differ").file) == (
        ["cat", "dog"],
        "y/classes.txt",
    )


def test_splits_of_a_bare_folder(tmp_path: Path) -> None:
    for name in ("images/train/a", "images/val/b"):
        picture(tmp_path / f"{name}.jpg")
    write(tmp_path / "classes.txt", "cat\n")
    assert [image.split for image in YoloRead(tmp_path).images] == ["train", "val"]
    write(tmp_path / "test.txt", "data/images/val/b.jpg\n")
    assert [(i.file_name, i.split) for i in YoloRead(tmp_path).images] == [
        ("images/val/b.jpg", "test")
    ]
    (tmp_path / "test.txt").unlink()
    picture(tmp_path / "c.jpg")
    assert {image.split for image in YoloRead(tmp_path).images} == {None}


# Writing ----------------------------------------------------------------------------------------


def thing(box: Box = EDGES, label: str = "cat", **more: Any) -> Instance:
    """With the area of its outline, or of its box, if not told otherwise."""
    more = {"area": geometry.shape_area(more.get("shape"), box, 64, 48)} | more
    return Instance(label=label, box=box, **more)


def photo(*instances: Instance, name: str = "a.jpg", size: tuple[int, int] = (64, 48)) -> Image:
    return Image(
        file_name=name, width=size[0], height=size[1], instances=instances, source="a.json"
    )


def write_yolo(
    out: Path, splits: dict[str, Sequence[Image]], classes: Sequence[str] = ("cat",), **options: Any
) -> list[Finding]:
    """Write, and put images where they belong."""
    header = Header(categories=tuple(Category(name=name) for name in classes))
    findings = list(yolo.write(out, splits, header, yolo.WriteOptions(**options)))
    for split, images in splits.items():
        for image in images:
            picture(out / yolo.image_path(split, image.file_name), (image.width, image.height))
    return findings


def written_rows(out: Path, split: str = "train", name: str = "a") -> list[list[float]]:
    text = (out / "labels" / split / f"{name}.txt").read_text()
    return [[float(word) for word in line.split()] for line in text.splitlines()]


def ultralytics(out: Path) -> dict[str, dict[str, list[list[float]]]]:
    """Split -> image -> rows (class, cx, cy, w, h), by Ultralytics' documented rules.

    check_det_dataset, img2label_paths and verify_image_label of ultralytics/data/utils.py; what
    they refuse is an AssertionError here.
    """
    data = yaml.safe_load((out / "data.yaml").read_text("utf-8"))
    names = data["names"]
    assert sorted(names) == list(range(len(names)))
    assert all(isinstance(name, str) for name in names.values())
    assert "path" not in data  # then it is the folder of data.yaml, wherever one is
    found: dict[str, dict[str, list[list[float]]]] = {}
    for split in ("train", "val", "test"):
        if split not in data:
            assert split == "test"
            continue
        folder = out / data[split]
        assert folder.is_dir()
        found[split] = {}
        for image in sorted(folder.rglob("*.*")):
            if image.suffix.lower() in (".jpg", ".png"):
                label = Path("/labels/".join(str(image).rsplit("/images/", 1))).with_suffix(".txt")
                assert label.is_file()
                found[split][image.name] = _verified(label.read_text("utf-8"), len(names))
    return found


def _verified(text: str, classes: int) -> list[list[float]]:
    rows = [[float(word) for word in line.split()] for line in text.strip().splitlines() if line]
    if any(len(row) > 6 for row in rows):  # then all are outlines
        for i, row in enumerate(rows):
            assert len(row) % 2 == 1
            assert len(row) >= 7
            xs, ys = row[1::2], row[2::2]
            size = max(xs) - min(xs), max(ys) - min(ys)
            rows[i] = [row[0], min(xs) + size[0] / 2, min(ys) + size[1] / 2, *size]
            assert all(0 <= value <= 1 for value in row[1:])
    for row in rows:
        assert len(row) == 5
        assert row[0] in range(classes)
        assert all(0 <= value <= 1 for value in row[1:])
        assert row[3] > 0
        assert row[4] > 0
    return rows


def test_the_files_as_they_are(tmp_path: Path) -> None:
    train = [photo(thing(), thing((0, 0, 64, 48), "dog")), photo(name="x/b.c.png")]
    assert write_yolo(tmp_path, {"train": train, "val": [photo()]}, ["cat", "dog"]) == []
    files = {name: data for name, data in snapshot(tmp_path).items() if "images" not in name}
    assert {name: data.decode() for name, data in files.items()} == {
        "data.yaml": 'train: images/train\nval: images/val\nnames:\n  0: "cat"\n  1: "dog"\n',
        "labels/train/a.txt": "0 0.5 0.5 0.25 0.5\n1 0.5 0.5 1 1\n",
        "labels/train/x/b.c.txt": "",
        "labels/val/a.txt": "",
    }
    assert ultralytics(tmp_path)["train"] == {
        "a.jpg": [[0, 0.5, 0.5, 0.25, 0.5], [1, 0.5, 0.5, 1, 1]],
        "b.c.png": [],
    }


@pytest.mark.parametrize(
    "name",
    ["cat", "no", "1", "a: b", "it's", 'say "x"', "back\\slash", "人 物", "# x", "- y", "{z}",
     "tab\there", "line\nbreak", "\x7f\x85\u2028\ufeff", "😀", "null", "~", "&a", "*b", "%"],
)  # fmt: skip
def test_any_class_name_survives_yaml(tmp_path: Path, name: str) -> None:
    write_yolo(tmp_path, {"train": [photo()], "val": [photo()]}, [name, "other"])
    assert yaml.safe_load((tmp_path / "data.yaml").read_text("utf-8"))["names"] == {
        0: name,
        1: "other",
    }
    if name.strip() == name:
        assert YoloRead(tmp_path).classes == [name, "other"]


@pytest.mark.parametrize(
    ("splits", "folders", "read"),
    [
        (["train", "val", "test"], ["train", "val", "test"], ["train", "val", "test"]),
        (["all"], ["all", "all", None], [None]),
        (["train"], ["train", "train", None], [None]),
        (["train", "test"], ["train", "train", "test"], ["train", "test"]),
        (["val"], ["val", "val", None], [None]),
    ],
)
def test_ultralytics_wants_train_and_val(
    tmp_path: Path, splits: list[str], folders: list[str | None], read: list[str | None]
) -> None:
    images = {split: [photo(thing(), name=f"{split}.jpg")] for split in splits}
    findings = write_yolo(tmp_path, images)
    data = yaml.safe_load((tmp_path / "data.yaml").read_text())
    wanted = [folder and f"images/{folder}" for folder in folders]
    assert [data.get(split) for split in ("train", "val", "test")] == wanted
    made_up = len(splits) < 3
    assert [(f.code, f.severity) for f in findings] == [("split-made-up", "warning")] * made_up
    ultralytics(tmp_path)
    assert [image.split for image in YoloRead(tmp_path).images] == read


def test_splits_of_other_names_come_back(tmp_path: Path) -> None:
    images = {name: [photo(thing(), name=f"{i}.jpg")] for i, name in enumerate(("fold 1", "no"))}
    write_yolo(tmp_path, images)
    assert [image.split for image in YoloRead(tmp_path).images] == ["fold 1", "no"]


def test_boxes_stay_inside_the_image(tmp_path: Path) -> None:
    image = photo(
        thing((-8, 12, 8, 60)),
        thing((64, 0, 70, 10), parts=2),
        thing((5, 5, 5, 9), where="$.x"),
        thing((9, 9, 5, 5)),
        thing((0, 0, 64.0000001, 48)),
    )
    findings = write_yolo(tmp_path, {"train": [image], "val": [photo()]})
    assert [(f.code, f.severity, f.lost) for f in findings] == [
        ("nothing-in-image", "error", 2),
        ("nothing-in-image", "error", 1),
        ("nothing-in-image", "error", 1),
        ("clipped-to-image", "warning", 0),
    ]
    assert (findings[1].file, findings[1].where) == ("a.json", "$.x")
    assert findings[3].message.startswith("1 instance reaching out")  # floats are not exact
    # x 0..8 of 64, y 12..48 of 48
    assert written_rows(tmp_path) == [[0, 4 / 64, 30 / 48, 8 / 64, 36 / 48], [0, 0.5, 0.5, 1, 1]]
    ultralytics(tmp_path)


def test_what_cannot_be_carried_is_counted(tmp_path: Path) -> None:
    triangle = Polygons(((24, 12, 40, 12, 40, 36),))
    image = photo(
        thing(shape=triangle, attributes={"score": 1}),
        thing(iscrowd=True, parts=3),
        thing(difficult=True),
        thing(shape=triangle, area=7),
        thing(area=7, extra={"coco": {"track": 3, "bbox": [8, 12, 16, 24]}}),
    )
    image = msgspec.structs.replace(image, attributes={"flags": 1}, extra={"acme": {"camera": 2}})
    header = Header(
        categories=(Category(name="cat", extra={"coco": {"supercategory": "pet"}}),),
        extra={"coco": {"info": {"year": 1}, "videos": []}},
    )
    findings = list(yolo.write(tmp_path, {"train": [image]}, header, yolo.WriteOptions()))
    said = [(f.code, f.severity, f.lost, f.message.split(": ")[0]) for f in findings]
    keys = "that only another format knows"
    assert said == [
        ("outlines-not-carried", "note", 0, "2 instances with an outline"),
        ("area-not-carried", "note", 0,
         "1 instance with an area that is not that of the box or outline"),
        ("crowds-left-out", "warning", 3, "1 crowd left out"),
        ("attributes-not-carried", "note", 0,
         "2 instances with attributes that YOLO has no place for (score, difficult); the first one "
         "here"),
        ("image-attributes-not-carried", "note", 0,
         "1 image with attributes that YOLO has no place for (flags); the first one here"),
        ("keys-not-carried", "note", 0, f"2 keys of the whole dataset {keys}"),
        ("keys-not-carried", "note", 0, f"1 class with keys {keys}"),
        ("keys-not-carried", "note", 0, f"1 image with keys {keys}"),
        ("keys-not-carried", "note", 0, f"1 instance with keys {keys}"),
        ("split-made-up", "warning", 0, findings[-1].message.split(": ")[0]),
    ]  # fmt: skip
    names = [f.message.partition("(")[2].partition(")")[0] for f in findings[5:9]]
    assert names == ["info, videos", "supercategory", "camera", "track"]
    assert len(written_rows(tmp_path)) == 4


def test_an_image_without_a_size_costs_its_shapes(tmp_path: Path) -> None:
    header = Header(categories=(Category(name="cat"),))
    images = [photo(thing(parts=2), size=(0, 48)), photo(size=(0, 0), name="b.jpg")]
    findings = list(yolo.write(tmp_path, {"train": images}, header, yolo.WriteOptions()))
    assert [(f.code, f.lost) for f in findings][:1] == [("no-image-size", 2)]


def test_two_images_of_one_label_file(tmp_path: Path) -> None:
    assert yolo.key("images/x/a.jpg") == yolo.key("x/a.png") == "x/a"
    assert yolo.image_path("train", "images/train/a.jpg") == "images/train/a.jpg"
    assert yolo.image_path("val", "images/train/a.jpg") == "images/val/train/a.jpg"
    images = [photo(thing(), name="a.jpg"), photo(thing(), name="images/train/a.jpg")]
    findings = write_yolo(tmp_path, {"train": images, "val": []})
    assert [(f.code, f.lost) for f in findings] == [("name-collision", 1)]


def test_a_folder_called_images_inside(tmp_path: Path) -> None:
    """Ultralytics replaces the last one, so that its labels are not below labels/."""
    image = photo(thing(), name="cam1/images/a.jpg")
    write_yolo(tmp_path, {"train": [image], "val": [image]})
    assert (tmp_path / "images/train/cam1/labels/a.txt").exists()
    assert ultralytics(tmp_path)["train"] == {"a.jpg": [[0, 0.5, 0.5, 0.25, 0.5]]}


# Outlines ---------------------------------------------------------------------------------------


def outline(out: Path, *instances: Instance) -> tuple[list[Finding], list[Instance]]:
    """(what was said, what is read back) of instances written as outlines."""
    findings = write_yolo(out, {"train": [photo(*instances)], "val": [photo()]}, segments=True)
    ultralytics(out)
    read = YoloRead(out)
    assert read.findings == []
    return findings, list(of_train(read))


def test_outlines_are_written_when_asked(tmp_path: Path) -> None:
    ring = (8.0, 12.0, 16.0, 12.0, 16.0, 24.0)
    own = thing((8, 12, 16, 24), shape=Polygons((ring,)))
    findings, read = outline(tmp_path, own, thing())
    assert [f.code for f in findings] == ["boxes-as-outlines"]
    assert read[0].shape == Polygons((ring,))
    assert read[1].shape == Polygons((geometry.box_corners(EDGES),))
    assert written_rows(tmp_path)[0] == [0, 0.125, 0.25, 0.25, 0.25, 0.25, 0.5]


def test_rings_are_joined_by_the_shortest_bridge(tmp_path: Path) -> None:
    left = (0.0, 0.0, 8.0, 0.0, 8.0, 8.0, 0.0, 8.0)
    right = (16.0, 16.0, 16.0, 8.0, 24.0, 8.0, 24.0, 16.0)  # the other way round
    findings, read = outline(tmp_path, thing((0, 0, 24, 16), shape=Polygons((left, right))))
    assert [f.code for f in findings] == ["rings-joined"]
    (ring,) = read[0].shape.rings  # type: ignore[union-attr]
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    assert points.count((8.0, 8.0)) == points.count((16.0, 8.0)) == 2  # there and back
    assert len(points) == 10
    assert (read[0].box, geometry.ring_area(ring)) == ((0, 0, 24, 16), 128)


def test_rings_that_overlap_do_not_cancel_out(tmp_path: Path) -> None:
    one = (0.0, 0.0, 16.0, 0.0, 16.0, 16.0, 0.0, 16.0)
    two = (8.0, 8.0, 24.0, 8.0, 24.0, 24.0, 8.0, 24.0)
    findings, read = outline(tmp_path, thing((0, 0, 24, 24), shape=Polygons((one, two))))
    assert read[0].area == 256 + 256 - 64
    assert [f.code for f in findings] == ["rings-joined"]


def test_a_box_beside_its_outline_is_said(tmp_path: Path) -> None:
    """And what of the outline is outside, though the box is not."""
    ring = (8.0, 12.0, 80.0, 12.0, 16.0, 24.0)
    findings, read = outline(tmp_path, thing((8, 12, 16, 24), shape=Polygons((ring,)), area=7))
    assert [(f.code, f.message[:2]) for f in findings] == [
        ("area-not-carried", "1 "), ("box-not-kept", "1 "), ("clipped-to-image", "1 "),
    ]  # fmt: skip
    assert read[0].box == (8, 12, 64, 24)


def test_a_ring_is_cut_to_the_image(tmp_path: Path) -> None:
    ring = (-8.0, 0.0, 8.0, 0.0, 8.0, 8.0, -8.0, 8.0)
    findings, read = outline(
        tmp_path,
        thing((-8, 0, 8, 8), shape=Polygons((ring,))),
        thing((-8, -8, -1, -1), shape=Polygons(((-8.0, -8.0, -1.0, -8.0, -1.0, -1.0),))),
    )
    assert [(f.code, f.lost) for f in findings] == [
        ("nothing-in-image", 1),
        ("clipped-to-image", 0),
    ]
    assert (read[0].box, read[0].area) == ((0, 0, 8, 8), 64)


def test_masks_keep_every_pixel(tmp_path: Path) -> None:
    """Holes, parts and pixels that touch at a corner: pycocotools finds the same pixels again."""
    rng = np.random.default_rng(0)
    masks = [
        geometry.mask_from_crop(rng.random((9, 11)) < share, 5 * i, 3 * i, (48, 64))
        for i, share in enumerate((0.2, 0.5, 0.8, 0.95))
    ]
    ring = np.ones((20, 20), dtype=bool)
    ring[5:15, 5:15] = False
    masks.append(geometry.mask_from_crop(ring, 0, 0, (48, 64)))
    instances = [thing(geometry.mask_box(mask), shape=mask) for mask in masks]
    findings, read = outline(tmp_path, *instances)
    assert [f.code for f in findings] == ["rings-joined"]
    for mask, instance in zip(masks, read, strict=True):
        assert isinstance(instance.shape, Polygons)
        assert geometry.rasterise(instance.shape.rings, 64, 48) == mask
        assert instance.box == geometry.mask_box(mask)
    assert read[-1].area == 300


# Round trips ------------------------------------------------------------------------------------

share = st.floats(0, 1)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    corners=st.lists(st.tuples(share, share, share, share), max_size=5),
)
def test_boxes_come_back_to_a_millionth(
    tmp_path_factory: pytest.TempPathFactory,
    size: tuple[int, int],
    corners: list[tuple[float, float, float, float]],
) -> None:
    out = tmp_path_factory.mktemp("yolo")
    w, h = size
    boxes = [(a * w, b * h, a * w + (1 - a) * c * w, b * h + (1 - b) * d * h)
             for a, b, c, d in corners]  # fmt: skip
    boxes = [box for box in boxes if box[2] - box[0] > 1e-3 and box[3] - box[1] > 1e-3]
    image = photo(*(thing(box) for box in boxes), size=size)
    assert write_yolo(out, {"train": [image], "val": [photo(name="b.jpg")]}) == []
    read = of_train(YoloRead(out))
    for box, instance in zip(boxes, read, strict=True):
        assert instance.box == pytest.approx(box, rel=1e-6, abs=1e-9)
        assert instance.area == pytest.approx(geometry.box_area(box), rel=1e-6)


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    random.seed(3)
    images = [
        photo(*(thing((0, 0, random.uniform(1, 64), random.uniform(1, 48))) for _ in range(5)))
    ]
    for name in ("one", "two"):
        write_yolo(tmp_path / name, {"train": images, "val": images})
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


@pytest.mark.skipif(not REAL.exists(), reason="real data are not here")
def test_bccd_to_yolo_and_back_to_voc(tmp_path: Path) -> None:
    """364 images, 4,888 boxes, held against the XML files by a regular expression."""
    source = REAL / "bccd" / "BCCD"
    report = convert(
        Job(source=str(source), out=str(tmp_path / "yolo"), reads="voc", writes="yolo")
    )
    assert not report.failed
    assert (sum(report.images.values()), report.shapes) == (364, 4888)
    found = ultralytics(tmp_path / "yolo")
    assert {split: len(images) for split, images in found.items()} == report.images
    names = sorted(report.classes)
    for images in found.values():
        for image, rows in images.items():
            xml = (source / "Annotations" / image.replace(".jpg", ".xml")).read_text()
            width, height = (
                int(text)
                for text in re.search(r"<width>(\d+)</width>\s*<height>(\d+)", xml).groups()  # type: ignore[union-attr]
            )
            pattern = r"<name>(\w+)</name>.*?<xmin>(\d+)\D+(\d+)\D+(\d+)\D+(\d+)"
            wanted = [
                (names.index(name), (int(a) - 1) / width, (int(b) - 1) / height,
                 int(c) / width, int(d) / height)
                for name, a, b, c, d in re.findall(pattern, xml, re.DOTALL)
            ]  # fmt: skip
            got = [(n, x - w / 2, y - h / 2, x + w / 2, y + h / 2) for n, x, y, w, h in rows]
            assert len(got) == len(wanted)
            for one, other in zip(got, wanted, strict=True):
                assert one == pytest.approx(other, rel=1e-6, abs=1e-12)
    back = convert(
        Job(source=str(tmp_path / "yolo"), out=str(tmp_path / "voc"), reads="yolo", writes="voc",
            images="symlink")
    )  # fmt: skip
    assert (back.images, back.instances, back.findings) == (report.images, report.instances, [])
