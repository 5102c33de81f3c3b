"""labelme folders as people have them: copied files, other folders, values of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cases.folders import image, voc_boxes, write

from dataforge.verbs.check import CheckOptions, check

SQUARE = [[10, 10], [30, 10], [30, 30], [10, 30]]
BOX = (10.0, 10.0, 30.0, 30.0)


def shape(label: str = "cat", points: Any = SQUARE, kind: str = "polygon", **more: Any) -> Any:
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, **more}


def labelme(path: Path, image_path: str | None, *shapes: Any, **more: Any) -> None:
    content = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": image_path,
               "imageData": None, "imageHeight": 48, "imageWidth": 64}  # fmt: skip
    write(path, content | more)


def codes(folder: Path) -> list[str]:
    return [one.code for one in check(str(folder), CheckOptions()).findings]


def boxes(folder: Path) -> dict[str, list[Any]]:
    return voc_boxes(folder, "labelme", folder.parent / "out")


# Files that name another image --------------------------------------------------------------------


def test_a_copied_file_belongs_to_the_image_of_its_name(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in "abc":
        image(data / f"{name}.png")
    labelme(data / "b.json", "a.png", shape("dog"))
    labelme(data / "c.json", "c.png", shape("cat"))
    assert boxes(data) == {"b.png": [("dog", BOX)], "c.png": [("cat", BOX)]}
    assert codes(data) == ["stale-image-path", "image-without-labels"]


def test_a_copied_file_and_the_one_it_was_copied_from(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in "ab":
        image(data / f"{name}.png")
    labelme(data / "a.json", "a.png", shape("cat"))
    labelme(data / "b.json", "a.png", shape("dog"))
    assert boxes(data) == {"a.png": [("cat", BOX)], "b.png": [("dog", BOX)]}
    (finding,) = check(str(data)).findings
    assert (finding.code, finding.severity) == ("stale-image-path", "warning")
    assert "delete" not in finding.remedy


def test_two_files_that_name_the_image_of_each_other_are_believed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in "ab":
        image(data / f"{name}.png")
    labelme(data / "a.json", "b.png", shape("dog"))
    labelme(data / "b.json", "a.png", shape("cat"))
    assert boxes(data) == {"b.png": [("dog", BOX)], "a.png": [("cat", BOX)]}
    assert codes(data) == []


def test_an_image_in_another_folder_that_the_file_names_is_believed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    image(data / "thumbnails/1.png", (8, 6))
    image(data / "full/IMG_1.png")
    labelme(data / "thumbnails/1.json", "../full/IMG_1.png", shape())
    assert boxes(data) == {"full/IMG_1.png": [("cat", BOX)]}


@pytest.mark.parametrize("verify", [True, False])
def test_the_size_of_the_right_image_is_compared(tmp_path: Path, verify: bool) -> None:
    data = tmp_path / "data"
    image(data / "a.png", (32, 24))
    image(data / "b.png", (64, 48))
    labelme(data / "b.json", "a.png", shape())
    found = voc_boxes(data, "labelme", tmp_path / "out", read_options={"verify_images": verify})
    assert found == {"b.png": [("cat", BOX)]}


def test_a_path_that_is_no_image_is_none(tmp_path: Path) -> None:
    data = tmp_path / "data"
    image(data / "obj3.jpg")
    labelme(data / "obj3.json", "obj3.json", shape())
    assert boxes(data) == {"obj3.jpg": [("cat", BOX)]}
    assert codes(data) == ["no-image-path"]


# Images in other folders --------------------------------------------------------------------------


@pytest.mark.parametrize("image_path", ["{}.jpg", "C:\\data\\{}.jpg", "/old/{}.jpg", None, "x.jpg"])
def test_images_in_another_folder_are_found_by_name(tmp_path: Path, image_path: Any) -> None:
    data = tmp_path / "data"
    for number in range(3):
        image(data / f"images/{number}.jpg")
        labelme(data / f"json/{number}.json", image_path and image_path.format(number), shape())
    assert boxes(data) == {f"images/{number}.jpg": [("cat", BOX)] for number in range(3)}
    assert codes(data) == ["image-name-differs"]


def test_each_camera_has_its_own_images(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for camera in ("cam1", "cam2"):
        image(data / camera / "images/0.jpg")
        labelme(data / camera / "json/0.json", "0.jpg", shape(camera))
    assert boxes(data) == {
        "cam1/images/0.jpg": [("cam1", BOX)],
        "cam2/images/0.jpg": [("cam2", BOX)],
    }


def test_the_image_of_another_camera_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    image(data / "cam2/images/0.jpg")
    for camera in ("cam1", "cam2"):
        labelme(data / camera / "json/0.json", "0.jpg", shape(camera))
    found = boxes(data)
    assert found["cam2/images/0.jpg"] == [("cam2", BOX)]
    assert found["cam1/json/0.jpg"] == [("cam1", BOX)]  # kept, with an error
    assert "image-missing" in codes(data)


# Values of other tools ----------------------------------------------------------------------------


def test_numbers_written_as_text_or_with_a_fraction(tmp_path: Path) -> None:
    data = tmp_path / "data"
    image(data / "a.png")
    triangle = [["40", "10"], [50, "10"], [50, 20]]
    shapes = [shape(group_id=1.0), shape(points=triangle, group_id=1.0)]
    labelme(data / "a.json", "a.png", *shapes, imageHeight="48", imageWidth="64")
    assert boxes(data) == {"a.png": [("cat", (10.0, 10.0, 50.0, 30.0))]}  # one of two parts
    assert codes(data) == ["odd-number"] * 3


@pytest.mark.parametrize(
    "more", [{"imageHeight": "tall"}, {"imageData": [1]}, {"imagePath": ["a.png"]}]
)
def test_a_bad_value_beside_the_shapes_costs_only_itself(tmp_path: Path, more: Any) -> None:
    data = tmp_path / "data"
    image(data / "a.png")
    labelme(data / "a.json", "a.png", shape(), **more)
    assert boxes(data) == {"a.png": [("cat", BOX)]}
    assert codes(data)


@pytest.mark.parametrize("more", [{"group_id": True}, {"shape_type": 5}, {"group_id": [1]}])
def test_a_bad_value_of_a_shape_costs_only_itself(tmp_path: Path, more: Any) -> None:
    data = tmp_path / "data"
    image(data / "a.png")
    labelme(data / "a.json", "a.png", shape() | more, shape("dog"))
    assert boxes(data) == {"a.png": [("cat", BOX), ("dog", BOX)]}
    assert codes(data)[0] == "bad-value"


@pytest.mark.parametrize("token", ["NaN", "-Infinity", '"\\ud83d"'])
def test_what_json_does_not_allow_costs_only_itself(tmp_path: Path, token: str) -> None:
    data = tmp_path / "data"
    image(data / "a.png")
    labelme(data / "a.json", "a.png", shape(description="TOKEN"), shape("dog"))
    text = (data / "a.json").read_text()
    (data / "a.json").write_text(text.replace('"TOKEN"', token))
    assert boxes(data) == {"a.png": [("cat", BOX), ("dog", BOX)]}
    assert "nan" in codes(data)


def test_the_shapes_of_x_anylabeling(tmp_path: Path) -> None:
    data = tmp_path / "data"
    image(data / "a.jpg")
    front = [[10, 20], [30, 20], [30, 40], [10, 40]]
    back = [[x + 10, y - 10] for x, y in front]
    labelme(
        data / "a.json",
        "a.jpg",
        shape("plate", SQUARE, "quadrilateral"),
        shape("car", front + back, "cuboid"),
    )
    assert codes(data) == ["cuboid-as-hull"]
    import json

    voc_boxes(data, "labelme", tmp_path / "out")
    (path,) = (tmp_path / "out").rglob("*.json")
    plate, car = json.loads(path.read_text())["annotations"]
    assert plate["segmentation"] == [[10, 10, 30, 10, 30, 30, 10, 30]]
    corners = {(10, 20), (20, 10), (40, 10), (40, 30), (30, 40), (10, 40)}
    (ring,) = car["segmentation"]
    assert {*zip(ring[::2], ring[1::2], strict=True)} == corners
    assert car["area"] == 800  # 20 * 20 in front, 20 * 10 above and at the side
