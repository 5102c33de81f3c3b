"""Points with the group_id of an object, read as its keypoints and written so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import HEIGHT, WIDTH, document, picture, read_labelme, shape, write
from hypothesis import given, settings
from hypothesis import strategies as st

from dataforge.errors import UsageError
from dataforge.jobs import Job, Report
from dataforge.records import Category
from dataforge.verbs.convert import convert

BOX = [[10, 12], [30, 40]]


def cat(**more: Any) -> Any:
    return shape("cat", BOX, "rectangle", **{"group_id": 1} | more)


def dot(name: str, x: float, y: float, **more: Any) -> Any:
    return shape(name, [[x, y]], "point", **{"group_id": 1} | more)


def dataset(folder: Path, *shapes: Any, name: str = "a") -> Path:
    write(folder / f"{name}.json", document(*shapes, image=f"{name}.jpg"))
    picture(folder / f"{name}.jpg")
    return folder


NOSE, TAIL = dot("nose", 12, 14.5), dot("tail", 28, 30, difficult=True)


def test_points_become_keypoints_in_the_order_asked_for(tmp_path: Path) -> None:
    """Those of X-AnyLabeling: a hidden one is difficult, one that is not there not labelled."""
    found = read_labelme(dataset(tmp_path, TAIL, cat(), NOSE), keypoints="nose, ear ,tail")
    (instance,) = found.image.instances
    assert instance.keypoints == (12, 14.5, 2, 0, 0, 0, 28, 30, 1)
    assert (instance.parts, instance.extra, instance.box) == (3, {}, (10, 12, 30, 40))
    (header,) = found.headers
    assert header.categories == (Category(name="cat", keypoints=("nose", "ear", "tail")),)
    assert found.findings == []


def test_without_the_option_points_are_skipped_as_ever(tmp_path: Path) -> None:
    found = read_labelme(dataset(tmp_path, cat(), NOSE, TAIL))
    assert found.image.instances[0].keypoints == ()
    assert [one.code for one in found.findings] == ["skipped-point", "skipped-point"]
    assert found.headers == []


def test_auto_takes_the_names_of_all_files_sorted_by_their_numbers(tmp_path: Path) -> None:
    dataset(tmp_path, cat(), dot("p10", 1, 2), dot("p2", 3, 4))
    dataset(tmp_path, cat(), dot("p1", 5, 6), shape("dog", BOX, "rectangle"), name="b")
    found = read_labelme(tmp_path, keypoints="auto")
    assert [one.keypoints for image in found.images for one in image.instances] == [
        (0, 0, 0, 3, 4, 2, 1, 2, 2),
        (5, 6, 2, 0, 0, 0, 0, 0, 0),
        (),
    ]
    assert found.headers[0].categories == (
        Category(name="cat", keypoints=("p1", "p2", "p10")),
        Category(name="dog"),
    )


def test_each_class_may_have_its_own(tmp_path: Path) -> None:
    dog = shape("dog", BOX, "rectangle", group_id=2)
    dataset(tmp_path, cat(), NOSE, dog, dot("wing", 5, 6, group_id=2))
    found = read_labelme(tmp_path, keypoints="cat=nose;dog=nose,wing")
    assert [one.keypoints for one in found.image.instances] == [
        (12, 14.5, 2), (0, 0, 0, 5, 6, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ((cat(group_id=None), NOSE), "a point of group 1, which has no object: skipped"),
        ((cat(), shape("dog", BOX, "rectangle", group_id=1), NOSE), "which has 2 objects"),
        ((cat(), NOSE, dot("nose", 1, 1)), "'cat' has two keypoints 'nose': skipped"),
        ((cat(), dot("wing", 1, 1)), "'wing' is no keypoint of 'cat': skipped"),
    ],
)
def test_points_that_are_no_keypoints_are_said(
    tmp_path: Path, shapes: tuple[Any, ...], said: str
) -> None:
    found = read_labelme(dataset(tmp_path, *shapes), keypoints="nose,tail")
    (finding,) = found.findings
    assert (finding.code, finding.lost) == ("no-keypoint", 1)
    assert said in finding.message


def test_two_polygons_of_one_object_have_its_points(tmp_path: Path) -> None:
    parts = [shape("cat", [[x, 1], [x + 5, 1], [x + 5, 9]], group_id=1) for x in (1, 20)]
    found = read_labelme(dataset(tmp_path, *parts, NOSE), keypoints="nose")
    (instance,) = found.image.instances
    assert (instance.keypoints, instance.parts) == ((12, 14.5, 2), 3)


def test_points_that_do_not_belong_to_a_group_are_points(tmp_path: Path) -> None:
    found = read_labelme(dataset(tmp_path, cat(), dot("x", 1, 1, group_id=None)), keypoints="nose")
    assert [one.code for one in found.findings] == ["skipped-point"]


def test_what_else_a_keypoint_says_is_counted_once(tmp_path: Path) -> None:
    nose = dot("nose", 1, 1, score=0.5)
    dataset(tmp_path, cat(), nose)
    dataset(tmp_path, cat(), nose, name="b")
    (finding,) = read_labelme(tmp_path, keypoints="auto").findings
    assert finding.code == "keypoint-says-more"
    assert finding.message.startswith("2 keypoints with")


@pytest.mark.parametrize("text", ["", "a,,b", "a,a", "=a", "cat=", "cat=a;;"])
def test_other_values_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="--keypoints"):
        read_labelme(dataset(tmp_path, cat()), keypoints=text)


# Written ----------------------------------------------------------------------------------------

CAT = {"id": 1, "name": "cat", "supercategory": "", "keypoints": ["nose", "tail"], "skeleton": []}


def coco(folder: Path, *changes: dict[str, Any], **category: Any) -> Path:
    annotations = [
        {"id": i, "image_id": 1, "category_id": 1, "bbox": [10, 12, 20, 28], "area": 560,
         "iscrowd": 0, "segmentation": [[10, 12, 30, 12, 30, 40, 10, 40]]} | change
        for i, change in enumerate(changes, 1)
    ]  # fmt: skip
    image = {"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}
    write(folder / "x.json", {"images": [image], "annotations": annotations,
                              "categories": [CAT | category]})  # fmt: skip
    picture(folder / "a.jpg")
    return folder


def run(source: Path, out: Path, reads: str, writes: str, **options: Any) -> Report:
    return convert(Job(source=str(source), out=str(out), reads=reads, writes=writes,
                       image_mode="copy", **options))  # fmt: skip


def shapes_of(folder: Path) -> list[tuple[Any, ...]]:
    shapes = json.loads((folder / "a.json").read_text())["shapes"]
    keys = ("label", "shape_type", "group_id", "points", "difficult")
    return [tuple(one.get(key) for key in keys) for one in shapes]


def test_keypoints_are_written_as_points_of_a_group(tmp_path: Path) -> None:
    coco(tmp_path / "in", {"keypoints": [12, 14.5, 2, 28, 30, 1]},
         {"keypoints": [0, 0, 0, 1, 2, 2], "attributes": {"group_id": 7}})  # fmt: skip
    report = run(tmp_path / "in", tmp_path / "out", "coco", "labelme")
    assert shapes_of(tmp_path / "out") == [
        ("cat", "rectangle", 8, [[10, 12], [30, 40]], None),
        ("nose", "point", 8, [[12, 14.5]], None),
        ("tail", "point", 8, [[28, 30]], True),
        ("cat", "rectangle", 7, [[10, 12], [30, 40]], None),
        ("tail", "point", 7, [[1, 2]], None),
    ]
    assert {one.code for one in report.findings} == {"keypoint-names-not-carried"}


def test_what_points_cannot_say_is_counted(tmp_path: Path) -> None:
    group = {"attributes": {"group_id": 3}}
    coco(
        tmp_path / "in",
        {"keypoints": [0, 0, 0, 0, 0, 0]},
        {"keypoints": [5, 5, 0, 1, 1, 2]},
        {"keypoints": [5, 5, 0.5, 1, 1, 2]},
        {"keypoints": [5, 5, 2, 1, 1, 2]} | group,
        group,
        keypoints=["a", "a"],
    )
    report = run(tmp_path / "in", tmp_path / "out", "coco", "labelme")
    found = {one.code: one.message for one in report.findings}
    assert found["keypoints-not-carried"].startswith("1 instance with keypoints none of which")
    assert found["keypoint-visibility-not-kept"].startswith("2 instances with positions")
    assert found["group-id-shared"].startswith("1 instance with keypoints and the group_id")
    names = [label for label, kind, *_ in shapes_of(tmp_path / "out") if kind == "point"]
    assert {*names} == {"keypoint_1", "keypoint_2"}


POINT = st.tuples(st.integers(0, WIDTH) | st.floats(0, WIDTH), st.floats(0, HEIGHT),
                  st.sampled_from([1, 2]))  # fmt: skip


@settings(max_examples=20)
@given(st.lists(st.lists(POINT | st.just((0, 0, 0)), min_size=2, max_size=2), max_size=4))
def test_keypoints_go_from_coco_through_labelme_to_coco(
    tmp_path_factory: pytest.TempPathFactory, found: list[list[tuple[float, ...]]]
) -> None:
    folder = tmp_path_factory.mktemp("dots")
    marked = [[value for point in points for value in point] for points in found]
    coco(folder / "in", {}, *({"keypoints": points} for points in marked))
    run(folder / "in", folder / "mid", "coco", "labelme")
    report = run(folder / "mid", folder / "out", "labelme", "coco",
                 read_options={"keypoints": "nose,tail"})  # fmt: skip
    assert report.findings == []
    (file,) = (folder / "out" / "annotations").iterdir()
    back = json.loads(file.read_bytes())
    kept = [one.get("keypoints", [0] * 6) for one in back["annotations"]]
    assert kept == [[0] * 6, *marked]
    assert report.shapes == 1 + len(marked) + sum(
        value > 0 for one in marked for value in one[2::3]
    )
    if any(any(one) for one in marked):
        assert back["categories"] == [CAT]
