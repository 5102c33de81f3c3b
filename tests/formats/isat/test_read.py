"""What files of ISAT are read as; expected values are worked out by hand.

The rules are those of ISAT's own source: formats/coco.py for groups, formats/voc.py for layers,
widgets/mainwindow.py for inner outlines.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import load_coco

from dataforge.formats import get_format
from dataforge.jobs import Job
from dataforge.records import Mask, Polygons
from dataforge.testing import driver, picture, write
from dataforge.verbs.convert import convert


def square(x: int, y: int, side: int) -> list[list[int]]:
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]


def entry(category: str, points: Any, group: Any = 0, layer: float = 1, **more: Any) -> Any:
    return {"category": category, "group": group, "segmentation": points, "layer": layer, **more}


def document(*objects: Any, **info: Any) -> Any:
    told = {"description": "ISAT", "folder": "", "name": "a.jpg", "width": 64, "height": 48}
    return {"info": {**told, **info}, "objects": [*objects]}


def read(folder: Path, *objects: Any, **options: Any) -> driver.Read:
    if objects:
        picture(folder / "a.jpg")
        write(folder / "a.json", document(*objects))
    format_ = get_format("isat")
    given = driver.reader_of(format_).Options(**options)
    return driver.Read(driver.read(format_, folder, given))


# Groups ------------------------------------------------------------------------------------------


def test_polygons_of_a_group_and_a_category_are_one_object(tmp_path: Path) -> None:
    one, other = entry("cat", square(0, 0, 10), 3), entry("cat", square(20, 10, 4), 3)
    found = read(tmp_path, one, entry("dog", square(30, 0, 5), 3), other).image.instances
    assert [(one.label, one.box, one.area, one.parts) for one in found] == [
        ("cat", (0, 0, 24, 14), 116, 2),
        ("dog", (30, 0, 35, 5), 25, 1),
    ]
    # The group says that they belong together.
    assert [one.attributes["group_id"] for one in found] == [3, 3]


def test_a_crowd_of_a_group_is_an_object_of_its_own(tmp_path: Path) -> None:
    one, other = entry("cat", square(0, 0, 10), 3), entry("cat", square(20, 0, 4), 3, iscrowd=True)
    found = read(tmp_path, one, other).image.instances
    assert [(one.iscrowd, one.area) for one in found] == [(False, 100), (True, 16)]


@pytest.mark.parametrize("group", [0, None, "", "0"])
def test_no_group_joins_nothing(tmp_path: Path, group: Any) -> None:
    found = read(tmp_path, *(entry("cat", square(x, 0, 5), group) for x in (0, 20))).image
    assert [(one.area, one.attributes) for one in found.instances] == [(25, {"layer": 1})] * 2


def test_groups_are_ignored_on_request(tmp_path: Path) -> None:
    parts = (entry("cat", square(x, 0, 5), "7") for x in (0, 20))
    found = read(tmp_path, *parts, group=False).image.instances
    assert [(one.area, one.attributes["group_id"]) for one in found] == [(25, 7), (25, 7)]


# Layers ------------------------------------------------------------------------------------------

RING = entry("ring", square(0, 0, 10), 1)
HOLE = entry("__background__", square(3, 3, 3), 0, 2)


def test_a_region_of_the_background_is_a_hole(tmp_path: Path) -> None:
    found = read(tmp_path, HOLE, RING, entry("far", square(30, 20, 4)))
    ring, far = found.image.instances
    assert isinstance(ring.shape, Mask)
    assert (ring.box, ring.area) == ((0, 0, 10, 10), 100 - 9)
    assert far.shape == Polygons(((30, 20, 34, 20, 34, 24, 30, 24),))
    told = found.finding("background-region")
    assert (told.where, told.count, told.lost) == ("$.objects[0]", 1, 0)


def test_a_region_of_the_background_below_an_object_is_no_hole(tmp_path: Path) -> None:
    (ring,) = read(tmp_path, {**HOLE, "layer": 0}, RING).image.instances
    assert (ring.area, isinstance(ring.shape, Polygons)) == (100, True)


def test_nothing_is_cut_on_request(tmp_path: Path) -> None:
    found = read(tmp_path, RING, HOLE, layers="keep")
    assert [(one.label, one.area) for one in found.image.instances] == [("ring", 100)]
    assert found.codes == ["background-region"]


def test_objects_overlap_as_they_are_drawn(tmp_path: Path) -> None:
    found = read(tmp_path, entry("a", square(0, 0, 10)), entry("b", square(5, 5, 10), 0, 2)).image
    assert [one.area for one in found.instances] == [100, 100]


@pytest.mark.parametrize(
    ("layers", "areas"), [((1, 2), (75, 100)), ((2, 1), (100, 75)), ((1, 1), (75, 100))]
)
def test_what_is_on_a_higher_layer_is_cut_out_on_request(
    tmp_path: Path, layers: tuple[int, int], areas: tuple[int, int]
) -> None:
    one = entry("a", square(0, 0, 10), 0, layers[0])
    other = entry("b", square(5, 5, 10), 0, layers[1])
    found = read(tmp_path, one, other, layers="cut").image.instances
    assert tuple(one.area for one in found) == areas


def test_an_object_does_not_cut_itself(tmp_path: Path) -> None:
    parts = entry("a", square(0, 0, 10), 1), entry("a", square(5, 5, 10), 1, 2)
    (found,) = read(tmp_path, *parts, layers="cut").image.instances
    assert isinstance(found.shape, Polygons)


def test_an_object_that_cannot_be_seen_is_counted(tmp_path: Path) -> None:
    below = entry("a", square(2, 2, 3)), entry("b", square(0, 0, 9), 0, 2)
    found = read(tmp_path, *below, layers="cut")
    assert [one.label for one in found.image.instances] == ["b"]
    assert (found.finding("hidden-object").lost, found.finding("hidden-object").where) == (
        1, "$.objects[0]",
    )  # fmt: skip


def test_an_image_too_large_to_paint_is_read_as_it_is_drawn(tmp_path: Path) -> None:
    write(tmp_path / "a.json", document(RING, HOLE, width=20_000, height=20_000))
    found = read(tmp_path)
    assert [one.area for one in found.image.instances] == [100]
    assert "layers-not-cut" in found.codes


# Classes, images, the whole ----------------------------------------------------------------------


def test_the_classes_have_the_order_of_isat_yaml(tmp_path: Path) -> None:
    labels = [{"name": name, "color": "#112233"} for name in ("__background__", "zebra", "cat")]
    write(tmp_path / "in" / "isat.yaml", json.dumps({"label": labels}))
    picture(tmp_path / "in" / "a.jpg")
    write(tmp_path / "in" / "a.json", document(RING, entry("cat", square(0, 0, 2)), HOLE))
    report = convert(
        Job(source=str(tmp_path / "in"), out=str(tmp_path / "out"), reads="isat", writes="coco")
    )
    file = load_coco(tmp_path / "out", "all")
    assert [one["name"] for one in file["categories"]] == ["zebra", "cat", "ring"]
    assert [one["area"] for one in file["annotations"]] == [91, 4]
    told = [one for one in report.findings if one.code == "keys-not-carried"]
    assert "color" in told[0].message


@pytest.mark.parametrize(
    ("image", "file", "info"),
    [
        ("a.jpg", "a.json", {}),
        ("a.png", "a.json", {}),  # by the name of the file
        ("images/x/a.jpg", "labels/x/a.json", {}),
        ("data/imgs/a.jpg", "data/json/a.json", {"folder": "C:\\x\\imgs"}),
        ("photos/a.jpg", "marks/a.json", {"folder": "/x/photos/"}),
        ("photos/c.jpg", "photos/b.json", {"name": "c.jpg"}),
        ("elsewhere/a.jpg", "here/a.json", {}),
    ],
)
def test_the_image_is_found(tmp_path: Path, image: str, file: str, info: Any) -> None:
    picture(tmp_path / image)
    write(tmp_path / file, document(RING, **info))
    found = read(tmp_path)
    assert found.image.file_name == image
    assert found.codes == (["image-name-differs"] if "elsewhere" in image else [])


def test_images_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        picture(tmp_path / "images" / folder / "a.jpg")
        write(tmp_path / "labels" / folder / "a.json", document(RING))
    found = read(tmp_path)
    assert [(one.source, one.file_name) for one in found.images] == [
        (f"labels/{folder}/a.json", f"images/{folder}/a.jpg") for folder in ("x", "y")
    ]
    assert found.codes == []


def test_an_image_is_not_taken_from_the_file_that_is_nearer(tmp_path: Path) -> None:
    picture(tmp_path / "x" / "deep" / "a.jpg")
    for folder in ("x", "y"):
        write(tmp_path / folder / "a.json", document(RING))
    found = read(tmp_path)
    assert [one.file_name for one in found.images] == ["x/deep/a.jpg", "y/a.jpg"]
    assert found.codes == ["image-missing", "image-name-differs"]


def test_images_without_a_file_are_said(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg", "other/d.jpg"):
        picture(tmp_path / name)
    write(tmp_path / "a.json", document(RING))
    told = read(tmp_path).finding("image-without-labels")
    assert (told.file, told.message.split()[0]) == ("b.jpg", "2")


def test_images_in_a_folder_that_is_named(tmp_path: Path) -> None:
    picture(tmp_path / "far" / "x" / "a.jpg")
    write(tmp_path / "in" / "x" / "a.json", document(RING))
    format_ = get_format("isat")
    options = driver.reader_of(format_).Options(image_dir=str(tmp_path / "far"))
    found = driver.Read(driver.read(format_, tmp_path / "in", options))
    assert (found.image.file_name, found.codes) == ("x/a.jpg", [])


def test_missing_images_are_skipped_on_request(tmp_path: Path) -> None:
    write(tmp_path / "a.json", document(RING))
    found = read(tmp_path, missing_images="skip")
    assert (found.images, found.finding("image-missing").lost) == ([], 1)
    write(tmp_path / "a.json", document(RING, width=None))
    found = read(tmp_path)
    assert (found.images, found.finding("image-missing").lost) == ([], 1)


def test_too_many_objects_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.json", document(*[RING] * 50_001))
    assert read(tmp_path).finding("too-many-objects").lost == 50_001
