"""Keypoints of Ultralytics' pose task: rows, kpt_shape, kpt_names and flip_idx."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import HEIGHT, WIDTH, Read, picture, write
from hypothesis import given, settings
from hypothesis import strategies as st

from dataforge.errors import InputError, UsageError
from dataforge.formats.yolo import FORMAT
from dataforge.jobs import Job, Report
from dataforge.records import Category
from dataforge.testing import driver
from dataforge.verbs.convert import convert

# Of 64 x 48: the box is x 16..32, y 12..36.
BOX = "0 0.375 0.5 0.25 0.5"
ROWS = "labels/train/a.txt"


def dataset(folder: Path, rows: str, data: str) -> Path:
    write(folder / "data.yaml", f"train: images/train\n{data}")
    write(folder / ROWS, rows)
    picture(folder / "images" / "train" / "a.jpg")
    return folder


def read(folder: Path) -> Read:
    return Read(driver.read(FORMAT, folder))


@pytest.mark.parametrize(
    ("shape", "columns", "points"),
    [
        ("[2, 3]", "0.5 0.25 2 0.25 0.75 1", (32, 12, 2, 16, 36, 1)),
        ("[2, 3]", "0.5 0.25 2 0 0 0", (32, 12, 2, 0, 0, 0)),
        ("[2, 3]", "0.5 0.25 0.75 1.25 0.5 1", (32, 12, 0.75, 80, 24, 1)),
        ("[2, 2]", "0.5 0.25 0.25 0.75", (32, 12, 2, 16, 36, 2)),
        ("[3, 2]", "0.5 0.25 0 0 -1 0.5", (32, 12, 2, 0, 0, 0, 0, 0, 0)),
    ],
)
def test_rows_are_boxes_and_keypoints(
    tmp_path: Path, shape: str, columns: str, points: tuple[float, ...]
) -> None:
    found = read(dataset(tmp_path, f"{BOX} {columns}\n", f"names: [cat]\nkpt_shape: {shape}\n"))
    (instance,) = found.image.instances
    assert (instance.box, instance.shape) == ((16, 12, 32, 36), None)
    assert instance.keypoints == points
    assert found.findings == []


def test_a_keypoint_with_a_negative_number_is_not_labelled_and_said(tmp_path: Path) -> None:
    """Of two numbers. -1 marks what is not labelled; of three, the visibility says it."""
    rows = f"{BOX} 0.5 0.25 1.5 -0.4\n{BOX} 0.5 0.25 1.5 0.4\n{BOX} -1 -1 -0.01 0.5\n"
    found = read(dataset(tmp_path, rows, "names: [cat]\nkpt_shape: [2, 2]\n"))
    assert [one.keypoints for one in found.image.instances] == [
        (32, 12, 2, 0, 0, 0),
        (32, 12, 2, 96, pytest.approx(19.2), 2),
        (0, 0, 0, 0, 0, 0),
    ]
    (said,) = found.findings
    assert (said.code, said.severity, said.place.line) == ("negative-keypoints", "warning", 1)
    assert said.message.startswith("2 rows with a negative keypoint: not labelled")
    rows = f"{BOX} 0.5 0.25 2 1.5 -0.4 1\n"
    found = read(dataset(tmp_path, rows, "names: [cat]\nkpt_shape: [2, 3]\n"))
    assert found.image.instances[0].keypoints == (32, 12, 2, 96, pytest.approx(-19.2), 1)
    assert found.findings == []


def test_names_are_those_of_the_file_or_made_up(tmp_path: Path) -> None:
    data = "names: [cat, dog, cow]\nkpt_shape: [2, 3]\nkpt_names:\n  0: [nose, tail]\n  2: []\n"
    dog, cow = (BOX.replace("0 ", f"{n} ", 1) for n in (1, 2))
    rows = f"{BOX} 0.5 0.25 2 0 0 0\n{dog} 0.5 0.25 2 0 0 0\n{cow} 0 0 0 0 0 0\n{cow} 0 0 1 0 0 0\n"
    found = read(dataset(tmp_path, rows, data))
    assert found.headers[0].categories == (
        Category(name="cat", keypoints=("nose", "tail")),
        Category(name="dog", keypoints=("keypoint_1", "keypoint_2")),
        Category(name="cow"),
    )
    # What fills a row of a class with fewer keypoints is none; but what is marked is kept.
    points = [one.keypoints for one in found.image.instances]
    assert points == [(32, 12, 2, 0, 0, 0), (32, 12, 2, 0, 0, 0), (), (0, 0, 1, 0, 0, 0)]


@pytest.mark.parametrize(
    "more",
    ["kpt_names: [nose, tail]", "kpt_names: {0: nose}", "kpt_names: {x: [a, b]}",
     "kpt_names: {0: [a, b, c]}", "kpt_names: {0: [[a], b]}", "kpt_names:", "flip_idx: 7",
     "flip_idx: [0, 0]", "flip_idx: [1]", "flip_idx: [x, y]"],
)  # fmt: skip
def test_odd_names_are_none(tmp_path: Path, more: str) -> None:
    data = f"names: [cat]\nkpt_shape: [2, 3]\n{more}\n"
    (header,) = read(dataset(tmp_path, f"{BOX} 0.5 0.25 2 0 0 0\n", data)).headers
    assert header.categories == (Category(name="cat", keypoints=("keypoint_1", "keypoint_2")),)
    assert header.extra == {}


@pytest.mark.parametrize("shape", ["[2, 4]", "[8, 1]", "[0, 3]", "[999999999, 3]"])
def test_other_shapes_do_no_harm(tmp_path: Path, shape: str) -> None:
    data = f"names: [cat]\nkpt_shape: {shape}\n"
    found = read(dataset(tmp_path, f"{BOX}\n{BOX} 0.5 0.5 2 1 0.1 0.1 2 1\n", data))
    assert found.image.instances[0].box == (16, 12, 32, 36)
    assert found.headers[0].categories == (Category(name="cat"),)


def test_a_keypoint_beyond_any_image_is_a_bad_row(tmp_path: Path) -> None:
    data = "names: [cat]\nkpt_shape: [1, 3]\n"
    found = read(dataset(tmp_path, f"{BOX} 1e300 0.5 2\n{BOX} 0.5 0.5 2\n", data))
    assert [finding.code for finding in found.findings] == ["bad-row"]
    assert len(found.image.instances) == 1


# Written ----------------------------------------------------------------------------------------

CAT = {"id": 1, "name": "cat", "supercategory": "", "skeleton": [],
       "keypoints": ["nose", "left_ear", "right_ear"]}  # fmt: skip
DOG = {"id": 2, "name": "dog", "supercategory": ""}


def coco(folder: Path, *changes: dict[str, Any], categories: Any = (CAT, DOG)) -> Path:
    annotations = [
        {"id": i, "image_id": 1, "category_id": 1, "bbox": [16, 12, 16, 24], "area": 384,
         "iscrowd": 0, "segmentation": []} | change
        for i, change in enumerate(changes, 1)
    ]  # fmt: skip
    image = {"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}
    write(folder / "train.json", {"images": [image], "annotations": annotations,
                                  "categories": [*categories]})  # fmt: skip
    picture(folder / "a.jpg")
    return folder


def run(source: Path, out: Path, reads: str, writes: str, **options: Any) -> Report:
    job = Job(source=str(source), out=str(out), reads=reads, writes=writes,
              write_options=options, image_mode="copy")  # fmt: skip
    return convert(job)


def said(report: Report) -> dict[str, str]:
    return {one.code: one.message for one in report.findings if "split" not in one.code}


def test_rows_and_data_yaml_are_as_ultralytics_wants_them(tmp_path: Path) -> None:
    coco(tmp_path / "in", {"keypoints": [32, 12, 2, 16, 36, 1, 0, 0, 0]}, {"category_id": 2})
    report = run(tmp_path / "in", tmp_path / "out", "coco", "yolo", pose=True)
    (label,) = (tmp_path / "out" / "labels").rglob("*.txt")
    assert label.read_text() == (
        "0 0.375 0.5 0.25 0.5 0.5 0.25 2 0.25 0.75 1 0 0 0\n"
        "1 0.375 0.5 0.25 0.5 0 0 0 0 0 0 0 0 0\n"
    )
    data = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())
    assert data["kpt_shape"] == [3, 3]
    assert data["flip_idx"] == [0, 2, 1]
    assert data["kpt_names"] == {0: ["nose", "left_ear", "right_ear"], 1: []}
    assert said(report) == {}


def test_what_a_row_cannot_hold_is_counted(tmp_path: Path) -> None:
    category = CAT | {"skeleton": [[1, 2]]}
    coco(
        tmp_path / "in",
        {},
        {"keypoints": [32, 12, 2]},
        {"keypoints": [80, 12, 2, 16, -5, 1, 0, 0, 0]},
        {"keypoints": [32, 24, 2] * 4},
        categories=[category],
    )
    report = run(tmp_path / "in", tmp_path / "out", "coco", "yolo", pose=True)
    found = said(report)
    assert found["keypoints-filled"].startswith("2 instances without keypoints, or with fewer")
    assert found["clipped-to-image"].startswith("1 instance with keypoints beyond the image")
    assert found["keypoints-not-carried"].startswith("1 instance with more keypoints than")
    assert found["keypoint-names-not-carried"].startswith("1 class with a skeleton")
    (label,) = (tmp_path / "out" / "labels").rglob("*.txt")
    assert [row.split(" ", 5)[5] for row in label.read_text().splitlines()] == [
        "0 0 0 0 0 0 0 0 0",
        "0.5 0.25 2 0 0 0 0 0 0",
        "1 0.25 2 0.25 0 1 0 0 0",
        "0.5 0.5 2 0.5 0.5 2 0.5 0.5 2",
    ]


def test_the_counterparts_of_a_file_are_kept(tmp_path: Path) -> None:
    """flip_idx cannot be told from names that are made up."""
    data = "names: [cat]\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\n"
    dataset(tmp_path / "in", f"{BOX} 0.5 0.25 2 0.25 0.75 1\n", data)
    run(tmp_path / "in", tmp_path / "out", "yolo", "yolo", pose=True)
    found = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())
    assert (found["kpt_shape"], found["flip_idx"]) == ([2, 3], [1, 0])
    assert "kpt_names" not in found
    report = run(tmp_path / "in", tmp_path / "coco", "yolo", "coco")
    assert said(report)["keys-not-carried"].startswith("1 key of the dataset")


def test_pose_and_segments_exclude_each_other(tmp_path: Path) -> None:
    coco(tmp_path / "in", {"keypoints": [1, 1, 2] * 3})
    with pytest.raises(UsageError, match="choose one"):
        run(tmp_path / "in", tmp_path / "out", "coco", "yolo", pose=True, segments=True)
    assert not (tmp_path / "out").exists()


def test_classes_without_keypoints_cannot_be_posed(tmp_path: Path) -> None:
    coco(tmp_path / "in", {}, categories=[DOG | {"id": 1}])
    with pytest.raises(InputError, match="no class of the dataset says which keypoints"):
        run(tmp_path / "in", tmp_path / "out", "coco", "yolo", pose=True)
    assert not (tmp_path / "out").exists()


COORDINATES = st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT), st.sampled_from([0, 1, 2]))


@settings(max_examples=20)
@given(st.lists(st.lists(COORDINATES, min_size=3, max_size=3), min_size=1, max_size=4))
def test_keypoints_go_from_coco_through_yolo_to_coco(
    tmp_path_factory: pytest.TempPathFactory, found: list[list[tuple[float, ...]]]
) -> None:
    folder = tmp_path_factory.mktemp("pose")
    marked = [{"keypoints": [value for point in points for value in point]} for points in found]
    coco(folder / "in", *marked)
    assert said(run(folder / "in", folder / "yolo", "coco", "yolo", pose=True)) == {}
    assert said(run(folder / "yolo", folder / "out", "yolo", "coco")) == {}
    (file,) = (folder / "out" / "annotations").iterdir()
    back = json.loads(file.read_bytes())
    for one, other in zip(marked, back["annotations"], strict=True):
        assert other["keypoints"] == pytest.approx(one["keypoints"], rel=1e-9, abs=1e-9)
        assert other["bbox"] == [16, 12, 16, 24]
    assert back["categories"] == [CAT, DOG]
