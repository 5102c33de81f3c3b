"""YOLO text files as they are read, rule by rule of FORMATS.md and of Ultralytics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers import Read, picture, write

from dataforge.errors import InputError
from dataforge.findings import Place
from dataforge.formats.yolo import FORMAT
from dataforge.records import Box, Header, Instance, Polygons
from dataforge.testing import driver

BOX = "0 0.5 0.5 0.25 0.5\n"  # of 64 x 48: x 32 -+ 8, y 24 -+ 12
EDGES = (24, 12, 40, 36)


class YoloRead(Read):
    """What the reader yielded, with the classes of its header."""

    def __init__(self, folder: Path, context: dict[str, Any] | None = None, **options: Any) -> None:
        reader_options = driver.reader_of(FORMAT).Options(**options)
        records = driver.read(FORMAT, folder, reader_options, **(context or {}))
        super().__init__(records)
        (header,) = [record for record in records if isinstance(record, Header)]
        self.classes = [category.name for category in header.categories]


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
    assert read.images[0].place == Place("labels/train/a.txt")
    assert [cat.place, dog.place] == [Place("labels/train/a.txt", line=line) for line in (1, 4)]
    assert read.codes == ["mixed-rows"]  # Ultralytics would take the box for an outline


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("0 0.5 0.5 0.25", "expected 5 columns (class, box) or 7, 9, ... (class, points), got 4"),
        ("0", "got 1"),
        ("0 .1 .1 .2 .1 .2 .2 .3", "got 8; for keypoints, set kpt_shape in data.yaml"),
        ("0 0.5 0.5 0.25 x", "column 5: expected a number, got 'x'"),
        ("0 0.5 nan 0.25 0.5", "column 3: expected a number, got 'nan'"),
        ("0 0.5 0.5 inf 0.5", "column 4: expected a number, got 'inf'"),
        ("0,0.5,0.5,0.25,0.5", "column 1: expected a number"),
        ("cat 0.5 0.5 0.25 0.5", "column 1: expected a number, got 'cat'"),
        ("0.5 0.5 0.5 0.25 0.5", "expected a class number, got '0.5'"),
        ("-1 0.5 0.5 0.25 0.5", "expected a class number, got '-1'"),
        ("2 0.5 0.5 0.25 0.5", "class 2 has no name in data.yaml"),
        ("0 0.5 0.5 -0.25 0.5", "expected a non-negative width and height, got -0.25 and 0.5"),
        ("0 320 240 64 48", "expected numbers from 0 to 1, got 320.0: probably pixels"),
    ],
)
def test_a_bad_row_is_located_and_the_others_are_read(tmp_path: Path, row: str, said: str) -> None:
    read = YoloRead(dataset(tmp_path, f"{BOX}\n{row}\n{BOX}"))
    assert [instance.place.line for instance in of_train(read)] == [1, 4]
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
def test_box_slightly_outside_is_kept_unchanged(
    tmp_path: Path, row: str, box: Box | None, warned: bool
) -> None:
    read = YoloRead(dataset(tmp_path, row))
    (instance,) = of_train(read)
    assert box is None or instance.box == pytest.approx(box)
    assert read.codes == (["outside-unit"] if warned else [])
    assert not warned or read.findings[0].where == "line 1"


def test_class_number_may_be_a_decimal(tmp_path: Path) -> None:
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
    assert of_train(read)[0].keypoints == (576, 432, 2, 576, 432, 1)
    assert read.codes == []


def test_self_intersecting_outline_is_reported(tmp_path: Path) -> None:
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


def test_unreadable_image_loses_its_rows(tmp_path: Path) -> None:
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


def test_images_outside_all_splits_are_reported(tmp_path: Path) -> None:
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
        ("nc: 3\nnames: [no, 007, 1.50]  # text, not False, 7 and 1.5", ["no", "007", "1.50"]),
        ('names: ["a: b", "it\'s", "人"]', ["a: b", "it's", "人"]),
    ],
)
def test_names_in_every_form(tmp_path: Path, names: str, classes: list[str]) -> None:
    read = YoloRead(dataset(tmp_path, data=names + "\n"))
    assert read.classes == classes
    assert of_train(read)[0].label == classes[0]
    assert read.codes == []


def test_names_with_a_gap(tmp_path: Path) -> None:
    read = YoloRead(dataset(tmp_path, data="names: {0: cat, 7: dog}\n"))
    assert read.classes == ["cat", "dog"]
    assert of_train(read)[0].label == "cat"
    assert read.codes == ["class-number-gap"]


def test_odd_names_are_reported(tmp_path: Path) -> None:
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
def test_splits_are_located(tmp_path: Path, data: str, found: str | None) -> None:
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


def test_missing_split(tmp_path: Path) -> None:
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


def test_images_of_another_split_are_not_substituted(tmp_path: Path) -> None:
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
    assert "not read: other.yaml" in read.finding("several-yaml").message
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


def test_differing_name_lists_are_reported(tmp_path: Path) -> None:
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


def test_the_size_of_a_usual_image_is_seen_without_pillow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the header was read")

    picture(tmp_path / "images/train/a.jpg")
    write(tmp_path / "labels/train/a.txt", BOX)
    write(tmp_path / "data.yaml", "train: images/train\nval: images/train\nnames: [cat]\n")
    monkeypatch.setattr("dataforge.io.roots.read_header", refuse)
    assert [image.instances[0].box for image in YoloRead(tmp_path).images][:1] == [EDGES]
