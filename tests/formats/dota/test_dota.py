"""DOTA's label files as people have them, and what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import HEIGHT, WIDTH, Read, mask_shape, picture, shape, write
from helpers import document as labelme
from hypothesis import given, settings
from hypothesis import strategies as st

from dataforge.formats.dota import FORMAT
from dataforge.formats.dota.rows import header_line, parse_header, parse_row
from dataforge.jobs import Job, Report
from dataforge.records import Image, Polygons
from dataforge.testing import driver
from dataforge.verbs.convert import convert

TURNED = (20.0, 10.0, 30.0, 20.0, 20.0, 30.0, 10.0, 20.0)


def row(ring: Any = TURNED, end: str = "plane 0") -> str:
    return f"{' '.join(f'{value:g}' for value in ring)} {end}\n"


def dataset(folder: Path, text: str, name: str = "train/labelTxt/a.txt") -> Path:
    write(folder / name, text)
    picture(folder / "train" / "images" / "a.jpg")
    return folder


def read(folder: Path, **options: Any) -> Read:
    return Read(driver.read(FORMAT, folder, driver.reader_of(FORMAT).Options(**options)))


def run(source: Path, out: Path, reads: str, writes: str, **options: Any) -> Report:
    return convert(Job(source=str(source), out=str(out), reads=reads, writes=writes,
                       image_mode="copy", **options))  # fmt: skip


@pytest.mark.parametrize("ring", [TURNED, (*TURNED[:2], *TURNED[6:], *TURNED[4:6], *TURNED[2:4])])
def test_corners_are_kept_in_either_direction(tmp_path: Path, ring: tuple[float, ...]) -> None:
    (one,) = read(dataset(tmp_path, row(ring))).image.instances
    assert (one.box, one.area, one.shape) == ((10, 10, 30, 30), 200, Polygons((ring,)))


@pytest.mark.parametrize(
    ("end", "label", "difficult", "attributes"),
    [
        ("plane 0", "plane", False, {}),
        ("plane 1", "plane", True, {}),
        ("plane", "plane", False, {}),
        ("plane 2", "plane", True, {"difficult": 2}),
        ("storage tank 1", "storage tank", True, {}),
        ("7 0", "7", False, {}),
        ("7", "7", False, {}),
        ("plane 12", "plane 12", False, {}),
    ],
)
def test_the_class_and_the_flag(
    tmp_path: Path, end: str, label: str, difficult: bool, attributes: dict[str, Any]
) -> None:
    (one,) = read(dataset(tmp_path, row(end=end))).image.instances
    assert (one.label, one.difficult, one.attributes) == (label, difficult, attributes)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("imagesource:GoogleEarth", ("imagesource", "GoogleEarth")),
        ("gsd:0.115726939386", ("gsd", 0.115726939386)),
        ("gsd:null", ("gsd", None)),
        ("GSD: 2 ", ("gsd", 2.0)),
        ("gsd:nan", ("gsd", "nan")),
        ("acquisition dates:2014-05-13", ("acquisition dates", "2014-05-13")),
        ("other:1", None),
        ("1 2 3", None),
    ],
)
def test_headers_are_attributes_of_the_image(line: str, said: tuple[str, Any] | None) -> None:
    assert parse_header(line) == said
    if said is not None:
        again = header_line(*said)
        assert again is not None
        assert parse_header(again) == said


@pytest.mark.parametrize(
    ("name", "value"),
    [("imagesource", 7), ("imagesource", "a\nb"), ("gsd", [1]), ("night", "yes"), ("gsd", True)],
)
def test_other_attributes_are_no_headers(name: str, value: Any) -> None:
    assert header_line(name, value) is None


def test_corners_that_are_all_within_one_are_normalised(tmp_path: Path) -> None:
    dataset(tmp_path, row((0.25, 0.25, 0.5, 0.25, 0.5, 1.05, 0.25, 1.05)))
    found = read(tmp_path)
    (one,) = found.image.instances
    assert one.box == pytest.approx((16, 12, 32, 50.4))
    assert one.area == pytest.approx(16 * 38.4)
    assert [finding.code for finding in found.findings] == ["normalised-corners"]
    (one,) = read(tmp_path, corners="pixels").image.instances
    assert one.box == (0.25, 0.25, 0.5, 1.05)


def test_one_object_in_pixels_makes_all_pixels(tmp_path: Path) -> None:
    dataset(tmp_path, row((0, 0, 1, 0, 1, 1, 0, 1)) + row())
    assert [one.box for one in read(tmp_path).image.instances] == [(0, 0, 1, 1), (10, 10, 30, 30)]
    found = read(tmp_path, corners="normalised")
    assert found.image.instances[0].box == (0, 0, WIDTH, HEIGHT)
    assert found.findings == []


@pytest.mark.parametrize(
    ("label", "image", "split"),
    [
        ("train/labelTxt/a.txt", "train/images/a.png", "train"),
        ("valid/labelTxt/a.txt", "valid/images/a.png", "val"),
        ("labelTxt/a.txt", "images/a.png", None),
        ("labelTxt/a.txt", "labelTxt/a.png", None),
        ("train/labelTxt-v1.5/DOTA-v1.5_train/a.txt", "train/images/part1/a.png", "train"),
        ("labels/train_original/a.txt", "images/train/a.png", "train"),
        ("annfiles/a.txt", "images/a.png", None),
        ("a.txt", "a.png", None),
    ],
)
def test_where_label_files_are(tmp_path: Path, label: str, image: str, split: str | None) -> None:
    write(tmp_path / label, row())
    picture(tmp_path / image)
    found = read(tmp_path)
    assert (found.image.file_name, found.image.split) == (image, split)
    assert len(found.image.instances) == 1


def test_of_several_versions_the_turned_boxes_of_the_last_are_read(tmp_path: Path) -> None:
    for number, folder in enumerate(("v1.0", "v1.0_hbb", "v1.10", "v1.5", "v1.10_hbb")):
        dataset(tmp_path, row(end=f"plane{number} 0"), f"train/labelTxt-{folder}/a.txt")
    found = read(tmp_path)
    assert [one.label for one in found.image.instances] == ["plane2"]
    (finding,) = found.findings
    assert finding.code == "labels-of-same-image"
    assert finding.message.startswith("4 label files of images that have another one")


def test_images_without_a_file_are_said(tmp_path: Path) -> None:
    dataset(tmp_path, row())
    picture(tmp_path / "train" / "images" / "b.jpg")
    assert [one.code for one in read(tmp_path).findings] == ["image-without-annotation"]


# Written ----------------------------------------------------------------------------------------


def test_a_dataset_is_written_as_it_was_read(tmp_path: Path) -> None:
    text = f"imagesource:GoogleEarth\ngsd:0.25\n{row(end='small-vehicle 1')}{row(end='ship 2')}"
    dataset(tmp_path / "in", text)
    report = run(tmp_path / "in", tmp_path / "out", "dota", "dota")
    assert (tmp_path / "out/train/labelTxt/a.txt").read_text() == text
    assert (tmp_path / "out/train/images/a.jpg").exists()
    assert report.findings == []


def test_through_coco_and_back(tmp_path: Path) -> None:
    text = f"imagesource:GoogleEarth\ngsd:null\n{row(end='plane 1')}{row(end='ship 0')}"
    dataset(tmp_path / "in", text)
    assert run(tmp_path / "in", tmp_path / "coco", "dota", "coco").findings == []
    run(tmp_path / "coco", tmp_path / "out", "coco", "dota")
    assert (tmp_path / "out/train/labelTxt/a.txt").read_text() == text


def test_what_is_no_turned_box_is_counted(tmp_path: Path) -> None:
    """The smallest box around a triangle, a mask and two polygons in a group."""
    write(
        tmp_path / "in" / "a.json",
        labelme(
            shape("cat", [[0, 0], [20, 0], [0, 10]]),
            mask_shape("cat", ["#.", "##"], 4, 6),
            shape("cat", [[30, 30], [33, 30], [33, 33]], group_id=1),
            shape("cat", [[40, 40], [43, 40], [43, 43]], group_id=1),
            shape("cat", [[1, 2], [5, 9]], "rectangle"),
        ),
    )
    picture(tmp_path / "in" / "a.jpg")
    report = run(tmp_path / "in", tmp_path / "out", "labelme", "dota")
    found = {one.code: one.message for one in report.findings}
    assert found["outlines-as-turned-boxes"].startswith("3 instances with an outline")
    (label,) = (tmp_path / "out").rglob("*.txt")
    rings = [parse_row(line) for line in label.read_text().splitlines()]
    areas = [_area(one.ring) for one in rings if not isinstance(one, str)]
    # A right triangle fills half of its box; the two others are two pixels square, and a strip.
    assert areas[0] == pytest.approx(200)
    assert areas[1] == pytest.approx(4)
    assert areas[3] == pytest.approx(28)


def _area(ring: tuple[float, ...]) -> float:
    xs, ys = ring[0::2], ring[1::2]
    return abs(sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(4))) / 2


def test_class_names_that_end_like_a_flag_are_not_written(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.json", labelme(shape("deck 2", [[0, 0], [20, 0], [20, 9], [0, 9]])))
    picture(tmp_path / "in" / "a.jpg")
    report = run(tmp_path / "in", tmp_path / "out", "labelme", "dota")
    assert report.lost == {"object-not-written": 1}


NUMBERS = st.floats(0, 60) | st.integers(0, 60).map(float)


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.lists(NUMBERS, min_size=8, max_size=8), st.sampled_from(["plane", "ship x"]),
                  st.sampled_from([0, 1, 2])),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_any_four_corners_are_read_as_they_are_written(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[list[float], str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("dota")
    lines = "".join(f"{' '.join(map(repr, ring))} {label} {flag}\n" for ring, label, flag in found)
    dataset(folder / "in", lines)
    images = [one for one in driver.read(FORMAT, folder / "in", driver.reader_of(FORMAT).Options(
        corners="pixels")) if isinstance(one, Image)]  # fmt: skip
    driver.write(FORMAT, folder / "out", {"train": images})
    (label,) = (folder / "out").rglob("*.txt")
    again = [parse_row(line) for line in label.read_text().splitlines()]
    assert again == [(tuple(ring), name, flag) for ring, name, flag in found]


# YOLO -------------------------------------------------------------------------------------------


def test_through_ultralytics_obb_and_back(tmp_path: Path) -> None:
    """Its rows have no flag and no headers; all corners are where they were."""
    square = (40.0, 8.0, 56.0, 8.0, 56.0, 32.0, 40.0, 32.0)
    dataset(tmp_path / "in", row(end="ship 0") + row(square))
    report = run(tmp_path / "in", tmp_path / "yolo", "dota", "yolo", write_options={"obb": True})
    assert {one.code for one in report.findings} == {"split-made-up"}
    (label,) = (tmp_path / "yolo" / "labels").rglob("*.txt")
    assert label.read_text().splitlines()[0].startswith("1 0.3125 0.208333")
    run(tmp_path / "yolo", tmp_path / "out", "yolo", "coco",
        read_options={"oriented": "outline"})  # fmt: skip
    (file,) = (tmp_path / "out" / "annotations").iterdir()
    first, second = json.loads(file.read_bytes())["annotations"]
    assert first["segmentation"][0] == pytest.approx(TURNED)
    assert second["segmentation"][0] == pytest.approx(square)
    assert first["bbox"] == pytest.approx([10, 10, 20, 20])


def test_obb_rows_are_within_the_image(tmp_path: Path) -> None:
    dataset(
        tmp_path / "in", row((-10, 10, 30, 10, 30, 60, -10, 60)) + row((70, 1, 80, 1, 80, 9, 70, 9))
    )
    report = run(tmp_path / "in", tmp_path / "yolo", "dota", "yolo", write_options={"obb": True})
    found = {one.code: one for one in report.findings}
    assert found["clipped-to-image"].message.startswith("1 instance extending")
    assert found["nothing-in-image"].lost == 1
    (label,) = (tmp_path / "yolo" / "labels").rglob("*.txt")
    values = [float(word) for word in label.read_text().split()[1:]]
    assert len(values) == 8
    assert all(0 <= value <= 1 for value in values)


def test_an_image_is_not_borrowed_from_labels_that_have_it(tmp_path: Path) -> None:
    """A has no images: its label file has the name of B's, and of C's in another split."""
    write(tmp_path / "A/labelTxt/1.txt", row(end="car 0"))
    write(tmp_path / "B/labelTxt/1.txt", row(end="plane 0"))
    picture(tmp_path / "B/images/1.png")
    write(tmp_path / "train/labelTxt/2.txt", row(end="ship 0"))
    picture(tmp_path / "val/images/2.png")
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["B/images/1.png"]
    assert [one.label for one in found.image.instances] == ["plane"]
    assert sorted(one.place.file for one in found.findings if one.code == "image-missing") == [
        "A/labelTxt/1.txt",
        "train/labelTxt/2.txt",
    ]


def test_an_image_of_another_folder_is_said(tmp_path: Path) -> None:
    write(tmp_path / "A/labelTxt/1.txt", row())
    picture(tmp_path / "pictures/1.png")
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["pictures/1.png"]
    assert found.finding("image-name-differs").place.file == "A/labelTxt/1.txt"


def test_another_version_of_labels_is_still_one(tmp_path: Path) -> None:
    picture(tmp_path / "images/train/P1.jpg")
    write(tmp_path / "labels/train/P1.txt", row())
    write(tmp_path / "labels/train_original/P1.txt", row())
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["images/train/P1.jpg"]
    assert found.codes == ["labels-of-same-image"]


def test_versions_of_labels_beside_parts_of_the_images(tmp_path: Path) -> None:
    for version in ("1.0", "1.5"):
        write(tmp_path / f"train/labelTxt-v{version}/P1.txt", row(end=f"v{version} 0"))
    picture(tmp_path / "train/part1/images/P1.png")
    found = read(tmp_path)
    assert [one.label for one in found.image.instances] == ["v1.5"]
    assert sorted(found.codes) == ["image-name-differs", "labels-of-same-image"]


def test_yolo_rows_beside_those_of_dota_are_not_read(tmp_path: Path) -> None:
    """As Ultralytics packs DOTA: labels/train has its own rows, of which 0.3 is no class."""
    yolo = "0 0.1 0.1 0.3 0.2 0.25 0.4 0.05 0.3\n"
    write(tmp_path / "labels/train/P1.txt", yolo)
    write(tmp_path / "labels/train_original/P1.txt", "imagesource:GoogleEarth\n" + row())
    picture(tmp_path / "images/train/P1.jpg")
    found = read(tmp_path)
    assert [one.label for one in found.image.instances] == ["plane"]
    assert found.image.split == "train"
    assert found.codes == ["labels-of-same-image"]
    assert isinstance(parse_row(yolo), str)
    assert not isinstance(parse_row("0 0.1 0.1 0.3 0.2 0.25 0.4 0.05 3"), str)


def test_upright_rows_of_yolo_beside_those_of_dota_are_not_read(tmp_path: Path) -> None:
    write(tmp_path / "labels/train/P1.txt", "0 0.5 0.5 0.25 0.25\n")
    write(tmp_path / "labels/train_original/P1.txt", row())
    picture(tmp_path / "images/train/P1.jpg")
    found = read(tmp_path)
    assert [one.label for one in found.image.instances] == ["plane"]
    assert found.codes == ["labels-of-same-image"]


def test_turned_boxes_are_read_rather_than_those_of_the_second_task(tmp_path: Path) -> None:
    folder = "train/labelTxt-v1.0"
    upright = (10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0)
    write(tmp_path / f"{folder}/Train_Task2_gt/trainset_reclabelTxt/a.txt", row(upright))
    found = read(dataset(tmp_path, row(), f"{folder}/labelTxt/a.txt"))
    assert found.image.instances[0].shape == Polygons((TURNED,))
    assert found.finding("labels-of-same-image").place.file.endswith("reclabelTxt/a.txt")
