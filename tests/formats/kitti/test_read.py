"""Rows and folders of KITTI; expected values by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import picture, write
from hypothesis import given
from hypothesis import strategies as st

from dataforge.datasets import guess_format
from dataforge.formats import get_format
from dataforge.formats.kitti.rows import Row, line_of, parse_row
from dataforge.io import Root
from dataforge.testing import Read, driver
from dataforge.verbs.inspect import inspect

UNKNOWN = "-1 -1 -1 -1000 -1000 -1000 -10"
# The first line of KITTI's own training/label_2/000001.txt, and a region of it.
TRUCK = "Truck 0.00 0 -1.57 599.41 156.40 629.75 189.25 2.85 2.63 12.34 0.47 1.49 69.44 -1.56"
REGION = f"DontCare -1 -1 -10 503.89 169.71 590.61 190.13 {UNKNOWN}"


def read(folder: Path, **options: str) -> Read:
    row = get_format("kitti")
    return Read(driver.read(row, folder, driver.reader_of(row).Options(**options)))


def marked(
    folder: Path, label: str, image: str, text: str = f"cat 0 0 -10 1 2 3 4 {UNKNOWN}\n"
) -> None:
    write(folder / label, text)
    picture(folder / image)


def test_a_row_of_the_dataset_itself() -> None:
    assert parse_row(TRUCK) == Row(
        "Truck",
        (599.41, 156.4, 629.75, 189.25),
        {
            "truncated": 0.0,
            "occluded": 0,
            "alpha": -1.57,
            "dimensions": [2.85, 2.63, 12.34],
            "location": [0.47, 1.49, 69.44],
            "rotation_y": -1.56,
        },
    )
    assert parse_row(REGION) == Row("DontCare", (503.89, 169.71, 590.61, 190.13), {})


def test_zeros_in_all_3d_fields_are_unknown() -> None:
    row = parse_row("cat 0.00 0 0.00 1 2 3 4 0.0 0.0 0.0 0.0 0.0 0.0 0.0")
    assert row == Row("cat", (1, 2, 3, 4), {"truncated": 0.0, "occluded": 0})


@pytest.mark.parametrize(
    ("label", "score"),
    [("cat", True), ("big cat", True), ("big cat", False), ("cat 2", False), ("cat 2", True),
     ("2", False), ("2", True), ("a b 7", False)],
)  # fmt: skip
def test_names_with_spaces_and_numbers_are_told_from_columns(label: str, score: bool) -> None:
    line = f"{label} 0.00 1 -10 1 2 3 4 {UNKNOWN}{' 0.5' * score}"
    more = {"score": 0.5} if score else {}
    assert parse_row(line) == Row(label, (1, 2, 3, 4), {"truncated": 0, "occluded": 1, **more})


def test_the_splits_of_folders_and_of_lists(tmp_path: Path) -> None:
    marked(tmp_path, "training/label_2/000000.txt", "training/image_2/000000.png")
    marked(tmp_path, "training/label_2/000001.txt", "training/image_2/000001.png")
    assert [image.split for image in read(tmp_path).images] == ["train", "train"]
    write(tmp_path / "ImageSets" / "train.txt", "000001\n")
    write(tmp_path / "ImageSets" / "val.txt", "000000\n")
    write(tmp_path / "ImageSets" / "trainval.txt", "000000\n000001\n")
    found = read(tmp_path)
    assert [(image.file_name, image.split) for image in found.images] == [
        ("training/image_2/000000.png", "val"),
        ("training/image_2/000001.png", "train"),
    ]
    assert found.findings == []
    write(tmp_path / "ImageSets" / "train.txt", "")
    found = read(tmp_path)
    assert [image.split for image in found.images] == ["val"]
    assert found.finding("annotation-not-listed").place.file == "training/label_2/000001.txt"


def test_cameras_and_calibration_are_told_apart(tmp_path: Path) -> None:
    marked(tmp_path, "training/label_2/000000.txt", "training/image_2/000000.png")
    marked(tmp_path, "training/label_3/000000.txt", "training/image_3/000000.png")
    write(tmp_path / "training" / "calib" / "000000.txt", "P0: 7.2 0.0\n")
    assert [(image.source, image.file_name) for image in read(tmp_path).images] == [
        ("training/label_2/000000.txt", "training/image_2/000000.png"),
        ("training/label_3/000000.txt", "training/image_3/000000.png"),
    ]


@pytest.mark.parametrize(
    ("label", "image"),
    [("labels/a.txt", "images/a.jpg"), ("train/labels/a.txt", "train/images/a.jpg"),
     ("labels/train/a.txt", "images/train/a.jpg"), ("a.txt", "a.jpg"), ("txt/a.txt", "png/a.png")],
)  # fmt: skip
def test_folders_of_other_tools(tmp_path: Path, label: str, image: str) -> None:
    marked(tmp_path, label, image)
    (found,) = read(tmp_path).images
    assert (found.source, found.file_name) == (label, image)
    assert found.split == ("train" if "train" in label else None)
    assert guess_format(Root(tmp_path)) == "kitti"


def test_an_image_without_a_label_file_is_said(tmp_path: Path) -> None:
    marked(tmp_path, "training/label_2/000000.txt", "training/image_2/000000.png")
    picture(tmp_path / "training" / "image_2" / "000001.png")
    picture(tmp_path / "testing" / "image_2" / "000000.png")  # all of them have none
    found = read(tmp_path)
    assert len(found.images) == 1
    finding = found.finding("image-without-annotation")
    assert finding.file == "training/image_2/000001.png"
    assert finding.message.startswith("1 image without a label file")


def test_regions_are_crowds_or_left_out(tmp_path: Path) -> None:
    marked(tmp_path, "label_2/a.txt", "image_2/a.png", f"{TRUCK}\n{REGION}\n")
    assert [one.iscrowd for one in read(tmp_path).image.instances] == [False, True]
    found = read(tmp_path, dont_care="drop")
    assert found.instance.label == "Truck"
    assert found.finding("dont-care-dropped").lost == 1


def test_inspect_proposes_commands_that_run(tmp_path: Path) -> None:
    for name in ("a", "b"):
        marked(tmp_path, f"training/label_2/{name}.txt", f"training/image_2/{name}.png")
    (part,) = inspect(str(tmp_path)).parts
    assert part.format == "kitti"
    assert part.commands[0].startswith("dataforge convert kitti2coco ")
    assert part.splits == {"train": 2}


NAMES = st.text("abc人", min_size=1, max_size=4)
NUMBERS = st.floats(-(2.0**20), 2.0**20)
KNOWN = st.fixed_dictionaries(
    {},
    optional={
        "truncated": st.sampled_from([0.0, 0.25, 1.0]),
        "occluded": st.sampled_from([0, 1, 2, 3]),
        "alpha": st.floats(-3, 3),
        "dimensions": st.lists(st.floats(0.5, 20), min_size=3, max_size=3),
        "location": st.lists(st.floats(-100, 100), min_size=3, max_size=3),
        "rotation_y": st.floats(-3, 3),
        "score": st.floats(0, 1),
    },
)


@given(
    st.lists(NAMES | st.just("7"), min_size=1, max_size=3).map(" ".join),
    st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    KNOWN,
)
def test_what_is_written_is_read_back(label: str, box: tuple[float, ...], known: dict) -> None:
    a, b, c, d = box
    assert parse_row(line_of(label, (a, b, c, d), known)) == Row(label, (a, b, c, d), known)


def test_an_image_is_not_borrowed_from_labels_that_have_it(tmp_path: Path) -> None:
    """A has no images: its label file has the name of B's; of two that could be C's, none is."""
    marked(tmp_path, "B/label_2/1.txt", "B/image_2/1.png", f"dog 0 0 -10 1 2 3 4 {UNKNOWN}\n")
    write(tmp_path / "A/label_2/1.txt", f"cat 0 0 -10 1 2 3 4 {UNKNOWN}\n")
    for folder in ("A", "B"):
        write(tmp_path / f"{folder}/label_2/2.txt", f"cat 0 0 -10 1 2 3 4 {UNKNOWN}\n")
    picture(tmp_path / "C/image_2/2.png")
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["B/image_2/1.png"]
    assert [one.label for one in found.image.instances] == ["dog"]
    assert found.codes.count("image-missing") == 3
    assert "image-name-differs" not in found.codes


@pytest.mark.parametrize(
    ("folder", "split"),
    [("trn", "train"), ("dev", "val"), ("trainval", "trainval"), ("train_station", None)],
)
def test_folders_name_splits_as_in_other_formats(
    tmp_path: Path, folder: str, split: str | None
) -> None:
    marked(tmp_path, f"{folder}/label_2/1.txt", f"{folder}/image_2/1.png")
    assert read(tmp_path).image.split == split


def test_images_are_not_borrowed_from_another_split(tmp_path: Path) -> None:
    marked(tmp_path, "train/label_2/1.txt", "val/image_2/1.png")
    assert read(tmp_path).images == []


def test_an_image_of_another_folder_is_said(tmp_path: Path) -> None:
    marked(tmp_path, "A/label_2/1.txt", "pictures/1.png")
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["pictures/1.png"]
    assert found.finding("image-name-differs").place.file == "A/label_2/1.txt"


def test_a_list_of_test_images_without_labels_names_none_of_training(tmp_path: Path) -> None:
    """As KITTI is handed out: both folders count from 000000, and testing has no labels."""
    for number in range(3):
        marked(tmp_path, f"training/label_2/{number:06}.txt", f"training/image_2/{number:06}.png")
    for number in range(2):
        picture(tmp_path / f"testing/image_2/{number:06}.png")
    lists = {"train": "000000\n000001\n", "val": "000002\n", "test": "000000\n000001\n"}
    for split, text in lists.items():
        write(tmp_path / f"ImageSets/{split}.txt", text)
    found = read(tmp_path)
    assert [(image.file_name[-10:], image.split) for image in found.images] == [
        ("000000.png", "train"),
        ("000001.png", "train"),
        ("000002.png", "val"),
    ]
    assert found.codes == ["image-without-annotation"]
    assert found.finding("image-without-annotation").place.file == "testing/image_2/000000.png"


def test_labels_of_yolo_beside_those_of_kitti_are_passed_over(tmp_path: Path) -> None:
    for name in ("000000", "000001"):
        marked(tmp_path, f"training/label_2/{name}.txt", f"training/image_2/{name}.png")
        write(tmp_path / f"training/labels/{name}.txt", "0 0.5 0.5 0.25 0.25\n")
    found = read(tmp_path)
    assert [len(image.instances) for image in found.images] == [1, 1]
    assert str(found.finding("not-of-this-format")) == (
        "training/labels/000000.txt: is not a KITTI file, but YOLO: ignored, and 1 more file"
    )
    assert found.codes == ["not-of-this-format"]
