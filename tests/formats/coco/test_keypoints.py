"""Keypoints of COCO files: what is read, what pycocotools reads of what is written."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from helpers import HEIGHT, WIDTH, Read, picture, write
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from dataforge.datasets.steps import clip_instance
from dataforge.formats.coco import FORMAT, Options
from dataforge.jobs import Job, Report
from dataforge.records import Category, Instance
from dataforge.testing import driver
from dataforge.verbs.convert import convert

NAMES = ["nose", "tail"]
CAT = {"id": 3, "name": "cat", "supercategory": "pet", "keypoints": NAMES, "skeleton": [[1, 2]]}
POINTS = [10.5, 12, 2, 0, 0, 0]


def document(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A file of one image, with an annotation for each argument."""
    annotations = [
        {"id": i, "image_id": 1, "category_id": 3, "bbox": [10, 12, 20, 28], "area": 560,
         "iscrowd": 0, "segmentation": []} | change
        for i, change in enumerate(changes, 1)
    ]  # fmt: skip
    image = {"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}
    return {"images": [image], "annotations": annotations, "categories": [CAT]} | more


def read(folder: Path, content: Any) -> Read:
    write(folder / "x.json", content)
    picture(folder / "a.jpg")
    return Read(driver.read(FORMAT, folder, Options()))


def run(source: Path, out: Path, writes: str = "coco", **options: Any) -> Report:
    return convert(Job(source=str(source), out=str(out), reads="coco", writes=writes, **options))


def test_keypoints_are_read_with_the_names_and_the_skeleton_of_their_class(tmp_path: Path) -> None:
    found = read(tmp_path, document({"keypoints": POINTS, "num_keypoints": 1}, {}))
    (header,) = found.headers
    first, second = found.image.instances
    assert header.categories == (
        Category(name="cat", keypoints=("nose", "tail"), skeleton=((1, 2),),
                 extra={"coco": {"supercategory": "pet"}}),
    )  # fmt: skip
    assert (first.keypoints, first.extra) == ((10.5, 12.0, 2.0, 0.0, 0.0, 0.0), {})
    assert (second.keypoints, second.extra) == ((), {})
    assert found.findings == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"keypoints": [1, 2]}, ["bad-keypoints"]),
        ({"keypoints": [1, 2, "x"]}, ["bad-value"]),
        ({"keypoints": "nose", "num_keypoints": 1}, ["bad-value"]),
        ({"keypoints": {"nose": [1, 2]}}, ["bad-value"]),
        ({"keypoints": []}, []),
        ({"num_keypoints": 0}, []),
        ({"keypoints": [], "num_keypoints": 0}, []),
    ],
)
def test_what_are_no_keypoints_stays_as_it_is_written(
    tmp_path: Path, written: dict[str, Any], said: list[str]
) -> None:
    found = read(tmp_path, document(written))
    (instance,) = found.image.instances
    assert [finding.code for finding in found.findings] == said
    assert (instance.keypoints, instance.extra) == ((), {"coco": written})
    run(tmp_path, tmp_path / "out.json")
    (back,) = json.loads((tmp_path / "out.json").read_bytes())["annotations"]
    assert {key: back[key] for key in written} == written


@pytest.mark.parametrize(
    "keys",
    [
        {"keypoints": "nose"},
        {"keypoints": ["nose", 2], "skeleton": [[1, 2]]},
        {"skeleton": [[1, 2]]},
        {"keypoints": ["nose", "tail"], "skeleton": [[1, 2, 3]]},
        {"keypoints": ["nose", "tail"], "skeleton": [["nose", "tail"]]},
    ],
)
def test_odd_names_and_skeletons_survive(tmp_path: Path, keys: dict[str, Any]) -> None:
    category = {"id": 1, "name": "cat", "supercategory": "pet"} | keys
    content = document({"category_id": 1}, categories=[category])
    read(tmp_path, content)
    run(tmp_path, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_bytes())["categories"] == [category]


def test_numbers_that_are_text_are_read_as_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, document({"keypoints": ["10.5", 12, 2, 0, 0, 0]}))
    (instance,) = found.image.instances
    assert instance.keypoints == (10.5, 12.0, 2.0, 0.0, 0.0, 0.0)
    assert [finding.code for finding in found.findings] == ["odd-number"]


def test_pycocotools_reads_what_is_written(tmp_path: Path) -> None:
    """Also where num_keypoints was wrong, or the class of the source says no skeleton."""
    category = {"id": 3, "name": "cat", "keypoints": NAMES}
    wrong = {"keypoints": [1, 2, 2, 3, 4, 1], "num_keypoints": 9}
    content = document(wrong, {}, {"keypoints": POINTS}, categories=[category])
    read(tmp_path, content)
    run(tmp_path, tmp_path / "out.json")
    with contextlib.redirect_stdout(io.StringIO()):
        file = COCO(str(tmp_path / "out.json"))
    first, second, third = file.loadAnns(file.getAnnIds())
    (cat,) = file.loadCats(file.getCatIds())
    assert (first["keypoints"], first["num_keypoints"]) == ([1, 2, 2, 3, 4, 1], 2)
    assert "keypoints" not in second
    assert (third["keypoints"], third["num_keypoints"]) == (POINTS, 1)
    assert (cat["keypoints"], cat["skeleton"]) == (NAMES, [])


def test_a_miscounted_number_is_found_by_check_alone(tmp_path: Path) -> None:
    wrong = {"keypoints": POINTS, "num_keypoints": 2}
    assert read(tmp_path, document(wrong, wrong)).findings == []
    found = Read(driver.read(FORMAT, tmp_path, Options(), strict=True))
    (finding,) = [one for one in found.findings if one.code == "keypoints-miscounted"]
    assert "(2 in this file, this is the first)" in finding.message


NUMBERS = st.floats(-10, 100) | st.integers(0, 60)
TRIPLES = st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from([0, 1, 2, 0.5])), max_size=4)


@settings(max_examples=30)
@given(st.lists(TRIPLES, min_size=1, max_size=4))
def test_keypoints_go_from_coco_to_coco_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, found: list[list[tuple[float, ...]]]
) -> None:
    folder = tmp_path_factory.mktemp("points")
    marked = [
        {"keypoints": [value for point in points for value in point],
         "num_keypoints": sum(point[2] > 0 for point in points)}
        for points in found
    ]  # fmt: skip
    content = document(*marked)
    read(folder, content)
    run(folder, folder / "out.json")
    back = json.loads((folder / "out.json").read_bytes())
    for one, other in zip(content["annotations"], back["annotations"], strict=True):
        assert other == one | {"category_id": 1, "bbox": other["bbox"]}
    assert back["categories"] == [CAT | {"id": 1}]


def test_clipping_unlabels_what_is_outside() -> None:
    instance = Instance(
        label="cat", box=(0, 0, 70, 40), area=2800,
        keypoints=(10, 12, 2, 65, 5, 1, 64, 48, 1, 3, -1, 0),
    )  # fmt: skip
    clipped = clip_instance(instance, 64, 48)
    assert clipped is not None
    assert clipped.box == (0, 0, 64, 40)
    assert clipped.keypoints == (10, 12, 2, 0, 0, 0, 64, 48, 1, 0, 0, 0)


@pytest.mark.parametrize("name", ["voc", "yolo"])
def test_formats_without_keypoints_say_so(tmp_path: Path, name: str) -> None:
    read(tmp_path, document({"keypoints": POINTS}, {}, {"keypoints": POINTS}))
    report = run(tmp_path, tmp_path / "out", name, image_mode="copy")
    said = {finding.code: finding.message for finding in report.findings}
    assert said["keypoints-not-carried"].startswith("2 instances with keypoints")
    assert said["keypoint-names-not-carried"].startswith("1 class with names of keypoints")
    assert "(nose, tail)" in said["keypoint-names-not-carried"]


# Classes that are renamed or merged ---------------------------------------------------------------

DOG = {**CAT, "id": 4, "name": "dog", "supercategory": "pet"}


def aliased(folder: Path, text: str, *categories: dict[str, Any]) -> tuple[list[Any], Report]:
    """(the categories that are written with some aliases, the report)."""
    objects = [{"keypoints": POINTS, "category_id": one["id"]} for one in categories]
    write(folder / "in" / "x.json", document(*objects, categories=[*categories]))
    picture(folder / "in" / "a.jpg")
    aliases = str(write(folder / "aliases.toml", text))
    report = run(folder / "in", folder / "out", aliases=aliases)
    file = json.loads((folder / "out/annotations/instances_all.json").read_text("utf-8"))
    return file["categories"], report


def test_a_class_that_is_renamed_keeps_its_keypoints(tmp_path: Path) -> None:
    (found,), report = aliased(tmp_path, "feline = ['cat']", CAT)
    assert found == {**CAT, "id": 1, "name": "feline"}
    assert not [one for one in report.findings if one.code == "keypoint-names-not-carried"]


def test_classes_that_are_merged_keep_keypoints_that_are_the_same(tmp_path: Path) -> None:
    (found,), _ = aliased(tmp_path, "pet = ['cat', 'dog']", CAT, DOG)
    assert (found["name"], found["keypoints"], found["skeleton"]) == ("pet", NAMES, [[1, 2]])


def test_keypoints_of_one_of_the_merged_classes_are_those_of_all(tmp_path: Path) -> None:
    bare = {"id": 4, "name": "dog", "supercategory": ""}
    (found,), _ = aliased(tmp_path, "dog = ['cat']", CAT, bare)
    assert (found["name"], found["keypoints"], found["skeleton"]) == ("dog", NAMES, [[1, 2]])


def test_names_that_are_not_right_for_all_are_left_out_and_said(tmp_path: Path) -> None:
    (found,), report = aliased(tmp_path, "cat = ['dog']", CAT, {**DOG, "keypoints": NAMES[::-1]})
    assert "keypoints" not in found
    told = [one for one in report.findings if one.code == "keypoint-names-not-carried"]
    assert [one.message for one in told] == [
        "'cat' is made of classes with different keypoints: their names are left out"
    ]
