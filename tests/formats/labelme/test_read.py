"""labelme's JSON, rule by rule of FORMATS.md."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import (
    HEIGHT,
    SQUARE,
    WIDTH,
    document,
    mask_shape,
    picture,
    read_labelme,
    shape,
    write,
)
from pycocotools import mask as coco_mask

from dataforge.errors import InputError, ParseError, UsageError
from dataforge.findings import Place
from dataforge.formats.labelme import FORMAT
from dataforge.io import Root
from dataforge.records import Image, Instance, Mask, Polygons
from dataforge.testing import driver

BOW_TIE = [[10, 10], [30, 30], [30, 10], [10, 30]]
RING = ["####", "#..#", "#..#", "####"]  # 16 - 4 = 12 pixels, a hole in the middle


def one(folder: Path, *shapes: Any, **more: Any) -> Path:
    """A folder with a.json and its a.jpg."""
    write(folder / "a.json", document(*shapes, **more))
    picture(folder / "a.jpg")
    return folder


def pixels(instance: Instance) -> np.ndarray:
    """The instance's mask as pycocotools unpacks it."""
    assert isinstance(instance.shape, Mask)
    rle = {"size": list(instance.shape.size_hw), "counts": instance.shape.counts.encode()}
    array: np.ndarray = coco_mask.decode(rle)
    return array


# Shapes ----------------------------------------------------------------------------------------


def test_polygon(tmp_path: Path) -> None:
    read = read_labelme(one(tmp_path, shape(" cat ", [[10.5, 10], [30, 10], [30, 30.25]])))
    instance = read.instance
    assert instance.shape == Polygons(((10.5, 10, 30, 10, 30, 30.25),))
    assert instance.box == (10.5, 10, 30, 30.25)
    assert instance.area == 19.5 * 20.25 / 2
    assert (instance.label, instance.iscrowd) == ("cat", False)
    assert instance.place == Place("a.json", "$.shapes[0]")
    assert (read.image.file_name, read.image.place) == ("a.jpg", Place("a.json"))
    assert (read.image.width, read.image.height) == (64, 48)
    assert read.findings == []


def test_the_area_of_a_square_is_400(tmp_path: Path) -> None:
    assert read_labelme(one(tmp_path, shape("cat", SQUARE))).instance.area == 400


def test_a_bow_tie_is_kept_with_its_pixels_for_area(tmp_path: Path) -> None:
    read = read_labelme(one(tmp_path, shape("cat", BOW_TIE)))
    flat = [float(value) for point in BOW_TIE for value in point]
    counted = coco_mask.area(coco_mask.frPyObjects([flat], HEIGHT, WIDTH))[0]
    assert read.instance.shape == Polygons((tuple(flat),))
    assert read.instance.area == counted > 0
    finding = read.finding("self-intersecting")
    assert (finding.severity, finding.where, finding.lost) == ("warning", "$.shapes[0]", 0)


@pytest.mark.parametrize(
    "points",
    [
        [[10, 12], [30, 40]],
        [[30, 40], [10, 12]],
        [[30, 12], [10, 40]],
        [[10, 12], [30, 12], [30, 40], [10, 40]],  # X-AnyLabeling
        [[30, 12], [10, 20], [15, 40]],
    ],
)
def test_rectangle_of_any_corners(tmp_path: Path, points: list[list[int]]) -> None:
    instance = read_labelme(one(tmp_path, shape("cat", points, "rectangle"))).instance
    assert instance.box == (10, 12, 30, 40)
    assert instance.area == 560  # 20 * 28
    assert instance.shape == Polygons(((10, 12, 30, 12, 30, 40, 10, 40),))


def test_circle(tmp_path: Path) -> None:
    # centre (30, 24), a point of the rim at (33, 28): radius 5
    instance = read_labelme(one(tmp_path, shape("cat", [[30, 24], [33, 28]], "circle"))).instance
    assert instance.box == (25, 19, 35, 29)
    assert instance.area == pytest.approx(math.pi * 25)
    assert isinstance(instance.shape, Polygons)
    (ring,) = instance.shape.rings
    distances = [math.hypot(x - 30, y - 24) for x, y in zip(ring[0::2], ring[1::2], strict=True)]
    assert distances == pytest.approx([5] * len(distances))


@pytest.mark.parametrize("kind", ["oriented_rectangle", "rotation"])
def test_oriented_rectangles(tmp_path: Path, kind: str) -> None:
    # a square of side 10 * sqrt(2), standing on its corner
    points = [[30, 10], [40, 20], [30, 30], [20, 20]]
    instance = read_labelme(one(tmp_path, shape("cat", points, kind, direction=0.8))).instance
    assert instance.box == (20, 10, 40, 30)
    assert instance.area == 200
    assert instance.shape == Polygons(((30, 10, 40, 20, 30, 30, 20, 20),))


def test_mask_with_a_hole(tmp_path: Path) -> None:
    instance = read_labelme(one(tmp_path, mask_shape("cat", RING, left=20, top=10))).instance
    wanted = np.zeros((HEIGHT, WIDTH), dtype=int)
    wanted[10:14, 20:24] = 1
    wanted[11:13, 21:23] = 0
    assert np.array_equal(pixels(instance), wanted)
    assert (instance.area, instance.iscrowd) == (12, False)
    assert instance.box == (20, 10, 24, 14)  # one past the last pixel


def test_mask_with_fractional_corners_has_the_size_of_its_png(tmp_path: Path) -> None:
    entry = mask_shape("cat", RING, left=20.75, top=10.4)
    entry["points"][1] = [26.0, 17.0]  # the second corner does not matter
    instance = read_labelme(one(tmp_path, entry)).instance
    assert instance.box == (20, 10, 24, 14)
    assert instance.area == 12


@pytest.mark.parametrize(
    ("left", "top", "box", "area"),
    [
        (-2, -2, (0, 0, 2, 2), 3),  # the lower right quarter: ".#" and "##"
        (WIDTH - 1, 10, (63, 10, 64, 14), 4),  # the left column
        (20, HEIGHT - 1, (20, 47, 24, 48), 4),  # the upper row
    ],
)
def test_mask_is_cropped_at_the_image_edge(
    tmp_path: Path, left: int, top: int, box: tuple[int, ...], area: int
) -> None:
    instance = read_labelme(one(tmp_path, mask_shape("cat", RING, left=left, top=top))).instance
    assert (instance.box, instance.area) == (box, area)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mask": None}, "not a base64-encoded PNG"),
        ({"mask": "no base64!"}, "not a base64-encoded PNG"),
        ({"mask": base64.b64encode(b"no png").decode()}, "not a base64-encoded PNG"),
        ({"points": [[200, 200], [203, 203]]}, "no pixels in the image"),
        ({"points": [[20, 20]]}, "mask needs 2 points, has 1"),
    ],
)
def test_bad_masks(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    entry = mask_shape("cat", RING, left=20, top=10) | changes
    read = read_labelme(one(tmp_path, entry))
    assert read.image.instances == ()
    (finding,) = read.findings
    assert said in finding.message
    assert (finding.severity, finding.lost) == ("error", 1)


LINES = {"line": [[10, 10], [30, 10]], "linestrip": [[10, 10], [30, 10], [30, 20]]}
POINTS = {"point": [[20, 20]], "points": [[20, 20], [40, 20]]}


@pytest.mark.parametrize(("kind", "points"), (LINES | POINTS).items())
@pytest.mark.parametrize(("policy", "severity"), [("skip", "note"), ("error", "error")])
def test_shapes_without_area_are_skipped_and_counted(
    tmp_path: Path, kind: str, points: list[Any], policy: str, severity: str
) -> None:
    folder = one(tmp_path, shape("cat", SQUARE), shape("tail", points, kind))
    read = read_labelme(folder, lines=policy, points=policy)
    assert read.instance.label == "cat"
    finding = read.finding("skipped-line" if kind in LINES else "skipped-point")
    assert (finding.severity, finding.where, finding.lost) == (severity, "$.shapes[1]", 1)
    assert finding.remedy.endswith("--lines stroke=W" if kind in LINES else "--points radius=R")


def test_a_line_with_a_stroke(tmp_path: Path) -> None:
    folder = one(tmp_path, shape("tail", LINES["line"], "line"))
    instance = read_labelme(folder, lines="stroke=4").instance
    assert instance.box == (10, 8, 30, 12)
    assert instance.area == 80  # 20 * 4


def test_a_linestrip_with_a_stroke_counts_the_joint_once(tmp_path: Path) -> None:
    folder = one(tmp_path, shape("tail", LINES["linestrip"], "linestrip"))
    instance = read_labelme(folder, lines="stroke=4").instance
    assert instance.box == (10, 8, 32, 20)
    # 20 * 4 and 4 * 10 overlap in the 2 * 2 pixels at (28..30, 10..12)
    assert instance.area == 80 + 40 - 4


def test_points_with_a_radius(tmp_path: Path) -> None:
    folder = one(tmp_path, *(shape("eye", points, kind) for kind, points in POINTS.items()))
    single, several = read_labelme(folder, points="radius=3").image.instances
    assert (single.box, single.area) == ((17, 17, 23, 23), pytest.approx(math.pi * 9))
    assert several.box == (17, 17, 43, 23)
    # pixels of two polygons inside discs of radius 3; each lacks at most its rim
    assert 2 * (math.pi * 9 - 2 * math.pi * 3 * 0.5) <= several.area <= 2 * math.pi * 16


@pytest.mark.parametrize(
    "options",
    [{"lines": "stroke"}, {"lines": "stroke=0"}, {"lines": "stroke=nan"}, {"lines": "radius=3"},
     {"points": "radius=-1"}, {"points": "keep"}],
)  # fmt: skip
def test_invalid_policies_are_refused(tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="expected skip, error or"):
        read_labelme(one(tmp_path), **options)


@pytest.mark.parametrize(
    ("points", "box", "codes"),
    [
        (SQUARE, (10, 10, 30, 30), ["no-shape-type"]),
        ([[30, 40], [10, 12]], (10, 12, 30, 40), ["no-shape-type"]),
        ([[5, 5]], None, ["skipped-point", "no-shape-type"]),
        ([], None, ["bad-shape", "no-shape-type"]),
    ],
)
@pytest.mark.parametrize("absent", [True, False])
def test_no_shape_type_is_guessed_from_the_points(
    tmp_path: Path, points: Any, box: Any, codes: list[str], absent: bool
) -> None:
    entry = shape("cat", points, None) if absent else {**shape("cat", points), "shape_type": None}
    read = read_labelme(one(tmp_path, entry))
    assert [instance.box for instance in read.image.instances] == ([box] if box else [])
    assert sorted(read.codes) == sorted(codes)


@pytest.mark.parametrize(
    ("entry", "where", "said"),
    [
        (shape("cat", [[1, 1], [2, 2]]), "", "polygon needs at least 3 points, has 2"),
        (shape("cat", [[1, 1]], "rectangle"), "", "rectangle needs at least 2 points, has 1"),
        (shape("cat", [[1, 1]], "circle"), "", "circle needs 2 points, has 1"),
        (shape("cat", [[1, 1], [1, 1]], "circle"), "", "zero radius"),
        (shape("cat", SQUARE[:3], "rotation"), "", "rotation needs 4 points, has 3"),
        (shape("cat", SQUARE, "blob"), "", "unknown shape type 'blob'"),
        (shape("cat", [[1, 2], [3]]), ".points[1]", "length 2"),
        (shape("cat", [[1, "x"]]), ".points[0][1]", 'expected a number, got text "x"'),
        (shape("cat", [[1, True]]), ".points[0][1]", "expected a number, got true"),
        (shape(None, SQUARE), ".label", "got null"),
        ({"label": "cat"}, "", 'key "points" is missing'),
        ([1, 2], "", "expected an object, got a list"),
    ],
)
def test_a_bad_shape_is_located_and_the_others_are_read(
    tmp_path: Path, entry: Any, where: str, said: str
) -> None:
    folder = one(tmp_path, shape("dog", SQUARE), entry, shape("cow", SQUARE))
    read = read_labelme(folder)
    assert [instance.label for instance in read.image.instances] == ["dog", "cow"]
    (finding,) = read.findings
    assert (finding.file, finding.where) == ("a.json", f"$.shapes[1]{where}")
    assert said.lower() in finding.message.lower()
    assert (finding.severity, finding.lost) == ("error", 1)
    assert finding.remedy


def test_strokes_of_zero_length(tmp_path: Path) -> None:
    folder = one(tmp_path, shape("tail", [[5, 5], [5, 5]], "line"))
    assert read_labelme(folder, lines="stroke=3").findings[0].message == "line has zero length"


def test_shapes_outside_the_image_are_kept_unchanged(tmp_path: Path) -> None:
    folder = one(tmp_path, shape("cat", [[-10, -10], [100, 100]], "rectangle"))
    instance = read_labelme(folder).instance
    assert (instance.box, instance.area) == ((-10, -10, 100, 100), 110 * 110)


def test_labels_may_be_numbers(tmp_path: Path) -> None:
    assert read_labelme(one(tmp_path, shape(7, SQUARE))).instance.label == "7"


def test_additional_keys_are_kept(tmp_path: Path) -> None:
    entry = shape(
        "cat", SQUARE, flags={"shy": True}, description="left", score=0.5, difficult=True,
        attributes={"fur": "red"}, group_id=None, line_color=None, kie_linking=[],
    )  # fmt: skip
    image = read_labelme(one(tmp_path, entry, flags={"blurred": True})).image
    (instance,) = image.instances
    assert instance.attributes == {
        "flags": {"shy": True},
        "description": "left",
        "score": 0.5,
        "difficult": True,
        "attributes": {"fur": "red"},
    }
    assert instance.difficult
    assert image.attributes == {"flags": {"blurred": True}}


@pytest.mark.parametrize("flags", [None, [], {}])
def test_flags_of_old_versions(tmp_path: Path, flags: Any) -> None:
    read = read_labelme(one(tmp_path, shape("cat", SQUARE, flags=flags), flags=flags))
    assert read.instance.attributes == {}
    assert read.image.attributes == {}


# Groups ----------------------------------------------------------------------------------------

FAR = [[40, 10], [50, 10], [50, 20], [40, 20]]  # 100 px²


def test_a_group_is_one_instance(tmp_path: Path) -> None:
    folder = one(
        tmp_path,
        shape("cat", SQUARE, group_id=1, flags={"a": 1}),
        shape("dog", SQUARE, group_id=1),
        shape("cat ", FAR, group_id=1, flags={"a": 2}, description="tail"),
        shape("cat", FAR, group_id=2),
        shape("cat", FAR),
        shape("cat", FAR),
    )
    read = read_labelme(folder)
    image = read.image
    assert [(item.label, item.parts, item.area) for item in image.instances] == [
        ("cat", 2, 500),  # 400 + 100
        ("dog", 1, 400),
        ("cat", 1, 100),
        ("cat", 1, 100),
        ("cat", 1, 100),
    ]
    cat = image.instances[0]
    assert isinstance(cat.shape, Polygons)
    assert len(cat.shape.rings) == 2
    assert cat.box == (10, 10, 50, 30)
    assert cat.iscrowd is False
    # what the first shape says outweighs the others, and that is said
    assert cat.attributes == {"flags": {"a": 1}, "description": "tail", "group_id": 1}
    (finding,) = read.findings
    assert (finding.code, finding.where, finding.lost) == ("group-differs", "$.shapes[0]", 0)
    assert "group 1 of 'cat' differ in flags:" in finding.message


def test_groups_do_not_span_images(tmp_path: Path) -> None:
    for name in "ab":
        write(
            tmp_path / f"{name}.json", document(shape("c", SQUARE, group_id=1), image=f"{name}.jpg")
        )
        picture(tmp_path / f"{name}.jpg")
    assert [len(image.instances) for image in read_labelme(tmp_path).images] == [1, 1]


def test_shapes_without_group_stay_separate(tmp_path: Path) -> None:
    folder = one(tmp_path, shape("cat", SQUARE, group_id=1), shape("cat", FAR, group_id=1))
    image = read_labelme(folder, group=False).image
    assert [instance.area for instance in image.instances] == [400, 100]
    assert image.instances[0].attributes == {"group_id": 1}


def test_a_mask_makes_the_whole_group_a_mask(tmp_path: Path) -> None:
    # The mask's 12 pixels at (20..24, 10..14) are partly inside the rectangle (22..30, 10..14) of
    # 8 * 4 = 32 pixels: columns 22 and 23 of the ring hold # # / . # / . # / # # = 6 of the 12.
    folder = one(
        tmp_path,
        mask_shape("cat", RING, left=20, top=10, group_id="x"),
        shape("cat", [[22, 10], [30, 14]], "rectangle", group_id="x"),
    )
    instance = read_labelme(folder).instance
    assert instance.area == pixels(instance).sum() == 12 + 32 - 6
    assert instance.box == (20, 10, 30, 14)
    assert (instance.parts, instance.iscrowd) == (2, False)


class Kitty(driver.AnyLabel):
    """A kitty is a cat."""

    def same(self, label: str) -> str | None:
        return "cat" if label == "Kitty" else super().same(label)


def test_aliases_are_one_label_in_a_group(tmp_path: Path) -> None:
    folder = one(tmp_path, shape("cat", SQUARE, group_id=1), shape("Kitty", FAR, group_id=1))
    (image,) = driver.read(FORMAT, folder, resolver=Kitty())
    assert isinstance(image, Image)
    assert [instance.parts for instance in image.instances] == [2]


# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "codes"),
    [("utf-8", []), ("utf-8-sig", []), ("gb18030", ["encoding"]), ("utf-16", ["encoding"])],
)
def test_encodings(tmp_path: Path, encoding: str, codes: list[str]) -> None:
    import json

    text = json.dumps(document(shape("人物", SQUARE), image="图.jpg"), ensure_ascii=False)
    write(tmp_path / "a.json", text.encode(encoding))
    picture(tmp_path / "图.jpg")
    read = read_labelme(tmp_path)
    assert read.instance.label == "人物"
    assert read.image.file_name == "图.jpg"
    assert read.codes == codes
    if codes:
        assert encoding in read.findings[0].message
        assert read.findings[0].severity == "warning"


@pytest.mark.parametrize(
    ("content", "where", "said"),
    [
        (b"", "", "is empty"),
        (b'{"shapes": [{"label": "cat",\n "points": [[1', "line 2", "truncated"),
        (b'{"shapes": [],}', "line 1, column 15", "malformed"),
        (b'{"shapes": {}}', "$.shapes", "expected a list, got an object"),
        (b"../../somewhere/a.json", "line 1, column 1", "git symlink"),
        (b'{"shapes": "\xff\xff"}', "", "neither UTF-8 nor GB18030"),
    ],
)
def test_an_unreadable_file_is_located_and_the_others_are_read(
    tmp_path: Path, content: bytes, where: str, said: str
) -> None:
    write(tmp_path / "bad.json", content)
    read = read_labelme(one(tmp_path, shape("cat", SQUARE)))
    assert read.instance.label == "cat"
    finding = read.finding("unreadable-json")
    assert (finding.file, finding.severity) == ("bad.json", "error")
    assert finding.where.startswith(where)
    assert bool(finding.where) == bool(where)
    assert said.lower() in finding.message.lower()


@pytest.mark.parametrize(
    "content", [{"images": [], "annotations": [], "categories": []}, {}, [1, 2], b"5", b'"text"']
)
def test_other_json_is_skipped_with_a_note(tmp_path: Path, content: Any) -> None:
    write(tmp_path / "coco.json", content)
    read = read_labelme(one(tmp_path, shape("cat", SQUARE)))
    assert len(read.images) == 1
    finding = read.finding("not-labelme")
    assert (finding.file, finding.severity, finding.lost) == ("coco.json", "note", 0)


def test_other_json_is_said_once(tmp_path: Path) -> None:
    for name in "xyz":
        write(tmp_path / f"{name}.json", {"info": {}, "objects": []})
    read = read_labelme(one(tmp_path, shape("cat", SQUARE)))
    assert str(read.finding("not-labelme")) == (
        "x.json: is not a labelme file (no list of shapes): ignored, and 2 more files"
    )


def test_folders_are_searched_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b/x.y.z", "a/2", "a/1", "c"):
        label = name.replace("/", "-")
        image = name.rsplit("/", 1)[-1] + ".png"
        write(tmp_path / f"{name}.json", document(shape(label, SQUARE), image=image))
        picture(tmp_path / f"{name}.png")
    read = read_labelme(tmp_path)
    assert [image.file_name for image in read.images] == [
        "a/1.png",
        "a/2.png",
        "b/x.y.z.png",
        "c.png",
    ]
    assert [image.instances[0].label for image in read.images] == ["a-1", "a-2", "b-x.y.z", "c"]
    assert read.findings == []


def test_empty_shapes_give_an_unannotated_image(tmp_path: Path) -> None:
    assert read_labelme(one(tmp_path)).image.instances == ()


def test_images_without_labels_are_counted_in_a_note(tmp_path: Path) -> None:
    one(tmp_path, shape("cat", SQUARE))
    picture(tmp_path / "b.jpg")
    picture(tmp_path / "z" / "c.PNG")
    read = read_labelme(tmp_path)
    finding = read.finding("image-without-labels")
    assert (finding.file, finding.severity) == ("b.jpg", "note")
    assert finding.message.startswith("2 images")


def test_image_with_unreadable_file_is_not_counted_as_unlabelled(tmp_path: Path) -> None:
    write(tmp_path / "d" / "a.json", '{"shapes": [')
    picture(tmp_path / "d" / "a.png")
    assert read_labelme(tmp_path).codes == ["unreadable-json"]
    write(tmp_path / "d" / "b.json", {"about": "another format's"})
    picture(tmp_path / "d" / "b.png")
    finding = read_labelme(tmp_path).finding("image-without-labels")
    assert (finding.file, finding.message.split(" (")[0]) == (
        "d/b.png",
        "1 image without a labelme file",
    )


# imagePath -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("json_name", "image_path", "image"),
    [
        ("a.json", "img/b.jpg", "img/b.jpg"),
        ("a.json", "img\\b.jpg", "img/b.jpg"),
        ("json/a.json", "..\\img\\b.jpg", "img/b.jpg"),
        ("json/a.json", "../img/./b.jpg", "img/b.jpg"),
        ("a.json", "b with space.JPG", "b with space.JPG"),
    ],
)
def test_image_paths_are_relative_to_the_json(
    tmp_path: Path, json_name: str, image_path: str, image: str
) -> None:
    write(tmp_path / json_name, document(shape("cat", SQUARE), image=image_path))
    picture(tmp_path / image)
    read = read_labelme(tmp_path)
    assert read.image.file_name == image
    assert read.findings == []


@pytest.mark.parametrize(
    ("image_path", "code"),
    [
        ("../../b.jpg", "path-leaves-root"),
        ("/etc/b.jpg", "path-leaves-root"),
        ("C:\\photos\\b.jpg", "path-leaves-root"),
        ("gone.jpg", "image-missing"),
        ("A.JPG", "image-missing"),
        (None, "no-image-path"),
        ("", "no-image-path"),
    ],
)
def test_image_with_the_same_stem_is_the_fallback(
    tmp_path: Path, image_path: str | None, code: str
) -> None:
    picture(tmp_path / "b.jpg")  # what ../../b.jpg would reach
    folder = tmp_path / "root" / "json"
    write(folder / "a.v2.json", document(shape("cat", SQUARE), image=image_path))
    picture(folder / "a.v2.png")
    read = read_labelme(tmp_path / "root")
    assert read.image.file_name == "json/a.v2.png"
    (finding,) = read.findings
    assert (finding.code, finding.severity, finding.lost) == (code, "warning", 0)
    assert finding.where == "$.imagePath"


@pytest.mark.parametrize(
    ("image_path", "code"),
    [
        ("../../b.jpg", "path-leaves-root"),
        ("/etc/b.jpg", "path-leaves-root"),
        ("C:\\b.jpg", "path-leaves-root"),
        (None, "no-image-path"),
    ],
)
def test_escaping_path_without_fallback_loses_the_file(
    tmp_path: Path, image_path: str | None, code: str
) -> None:
    picture(tmp_path / "b.jpg")
    folder = tmp_path / "root" / "json"
    content = document(shape("cat", SQUARE), shape("dog", SQUARE), image=image_path)
    write(folder / "a.v2.json", content)
    read = read_labelme(tmp_path / "root")
    assert read.images == []
    (finding,) = read.findings
    assert (finding.code, finding.severity, finding.lost) == (code, "error", 2)
    assert (finding.file, finding.where) == ("json/a.v2.json", "$.imagePath")
    assert finding.message.endswith(": 2 shapes not converted")
    # what the remedy names works
    beside = "put the image beside the JSON as a.v2.jpg or similar"
    above = "name a folder above both with --image-dir"
    assert finding.remedy == (f"{beside}, or {above}" if image_path else beside)
    assert (read_labelme(tmp_path / "root", image_dir=str(tmp_path)).images == []) is (
        above not in finding.remedy
    )
    picture(folder / "a.v2.jpg")
    assert len(read_labelme(tmp_path / "root").image.instances) == 2


@pytest.mark.parametrize(
    ("image_path", "image"),
    [
        ("../../b.PNG", "json/a.v2.PNG"),
        ("C:\\b", "json/a.v2.jpg"),
        (None, "json/a.v2.jpg"),
        ("b.png", "json/b.png"),
    ],
)
def test_image_data_replaces_a_dangling_path(
    tmp_path: Path, image_path: str | None, image: str
) -> None:
    data = embedded(tmp_path / "x.jpg")
    content = document(shape("cat", SQUARE), image=image_path, imageData=data)
    write(tmp_path / "root" / "json" / "a.v2.json", content)
    (finding,) = read_labelme(tmp_path / "root").findings
    assert finding.remedy.endswith(
        ", or extract it from imageData with --extract-images --image-mode copy"
    )
    read = read_labelme(tmp_path / "root", extract_images=True)
    assert (read.image.file_name, len(read.image.instances)) == (image, 1)
    assert [(f.severity, f.lost) for f in read.findings] == (
        [] if image_path == "b.png" else [("warning", 0)]
    )


def test_a_missing_image_is_kept_or_skipped(tmp_path: Path) -> None:
    write(tmp_path / "a.json", document(shape("cat", SQUARE), shape("dog", SQUARE)))
    kept = read_labelme(tmp_path)
    assert (kept.image.file_name, len(kept.image.instances)) == ("a.jpg", 2)
    assert kept.codes == ["image-missing"]
    assert kept.findings[0].severity == "error"
    assert kept.findings[0].message.endswith(": 2 shapes kept")
    assert "--image-dir" not in kept.findings[0].remedy  # names the same place, however high
    skipped = read_labelme(tmp_path, missing_images="skip")
    assert skipped.images == []
    assert [(f.code, f.lost) for f in skipped.findings] == [("image-missing", 2)]


def test_image_root_above_the_labels(tmp_path: Path) -> None:
    write(
        tmp_path / "set" / "json" / "a.json", document(shape("cat", SQUARE), image="../img/a.jpg")
    )
    picture(tmp_path / "set" / "img" / "a.jpg")
    assert read_labelme(tmp_path / "set" / "json", missing_images="skip").images == []
    read = read_labelme(tmp_path / "set" / "json", image_dir=str(tmp_path))
    assert read.image.file_name == "set/img/a.jpg"
    assert read.image.source == "a.json"
    with pytest.raises(InputError, match="does not contain"):
        read_labelme(tmp_path / "set" / "json", image_dir=str(tmp_path / "set" / "img"))


# Size ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "size", [{"imageWidth": None}, {"imageHeight": 0}, {"imageWidth": -64, "imageHeight": -48},
             {"imageWidth": 63.5}, {"imageWidth": 1e9, "imageHeight": 1e9}]
)  # fmt: skip
def test_missing_size_is_read_from_the_header(tmp_path: Path, size: dict[str, Any]) -> None:
    one(tmp_path, shape("cat", SQUARE), **size)
    picture(tmp_path / "a.jpg", (60, 40))
    image = read_labelme(tmp_path).image
    assert (image.width, image.height) == (60, 40)


def test_the_header_is_read_in_the_frame_that_labelme_shows(tmp_path: Path) -> None:
    one(tmp_path, shape("cat", SQUARE), imageWidth=None)
    picture(tmp_path / "a.jpg", (64, 48), orientation=6)
    image = read_labelme(tmp_path).image
    assert (image.width, image.height) == (48, 64)


def test_no_size_anywhere(tmp_path: Path) -> None:
    write(tmp_path / "a.json", document(shape("cat", SQUARE), imageHeight=None))
    write(tmp_path / "a.jpg", b"no image")
    read = read_labelme(tmp_path)
    assert read.images == []
    assert read.codes == ["unreadable-image", "no-image-size"]
    assert read.finding("no-image-size").lost == 1


@pytest.mark.parametrize(
    ("stated", "stored", "orientation", "codes"),
    [
        ((64, 48), (64, 48), 0, []),
        ((48, 64), (64, 48), 6, []),  # labelme's frame is the turned one
        ((64, 48), (64, 48), 6, ["exif-frame"]),  # fits only the stored frame
        ((64, 48), (64, 48), 3, []),  # upside down is as wide as before
        ((48, 64), (64, 48), 0, ["swapped-size"]),
        ((999, 48), (64, 48), 0, ["image-size-differs"]),
    ],
)
def test_sizes_are_compared(
    tmp_path: Path,
    stated: tuple[int, int],
    stored: tuple[int, int],
    orientation: int,
    codes: list[str],
) -> None:
    one(tmp_path, shape("cat", SQUARE), imageWidth=stated[0], imageHeight=stated[1])
    picture(tmp_path / "a.jpg", stored, orientation)
    read = read_labelme(tmp_path)
    assert read.codes == codes
    assert read_labelme(tmp_path, verify_images=True).findings == read.findings
    assert read_labelme(tmp_path, verify_images=False).findings == []
    assert (read.image.width, read.image.height) == stated
    if codes:
        assert read.findings[0].severity == "error"
        assert f"{stated[0]}x{stated[1]}" in read.findings[0].message


def test_mismatch_in_the_sample_triggers_full_size_comparison(tmp_path: Path) -> None:
    """The 51st file is in the sample, the 8th is not."""
    for number in range(52):
        swapped = number in (7, 50)
        size = {"imageWidth": HEIGHT, "imageHeight": WIDTH} if swapped else {}
        name = f"{number:02}"
        write(tmp_path / f"{name}.json", document(image=f"{name}.jpg", **size))
        picture(tmp_path / f"{name}.jpg")
    read = read_labelme(tmp_path)
    assert [(f.code, f.file) for f in read.findings] == [
        ("swapped-size", "07.json"), ("swapped-size", "50.json"),
    ]  # fmt: skip
    (tmp_path / "50.json").unlink()
    (tmp_path / "50.jpg").unlink()
    assert read_labelme(tmp_path).codes == []
    assert read_labelme(tmp_path, verify_images=True).codes == ["swapped-size"]


def test_verify_images_finds_a_broken_image(tmp_path: Path) -> None:
    one(tmp_path, shape("cat", SQUARE))
    write(tmp_path / "a.jpg", b"no image")
    read = read_labelme(tmp_path, verify_images=True)
    assert read.finding("unreadable-image").file == "a.jpg"
    assert len(read.image.instances) == 1


# imageData -------------------------------------------------------------------------------------


def embedded(path: Path) -> str:
    return base64.b64encode(picture(path).read_bytes()).decode()


def test_extract_images_replaces_a_missing_file(tmp_path: Path) -> None:
    data = embedded(tmp_path / "elsewhere" / "x.jpg")
    write(tmp_path / "d" / "a.json", document(shape("cat", SQUARE), imageData=data))
    read = read_labelme(tmp_path / "d", extract_images=True)
    assert (read.image.file_name, read.findings) == ("a.jpg", [])
    content = driver.reader_of(FORMAT).extracted_image(Root(tmp_path / "d"), "a.json")
    assert content == (tmp_path / "elsewhere" / "x.jpg").read_bytes()
    assert read_labelme(tmp_path / "d").codes == ["image-missing"]  # unless asked


@pytest.mark.parametrize("data", [None, "", "no base64!"])
def test_extract_images_without_an_image(tmp_path: Path, data: str | None) -> None:
    write(tmp_path / "a.json", document(shape("cat", SQUARE), imageData=data))
    assert read_labelme(tmp_path, extract_images=True).codes == ["image-missing"]
    with pytest.raises(ParseError, match=r"a\.json::\$\.imageData"):
        driver.reader_of(FORMAT).extracted_image(Root(tmp_path), "a.json")


# Versions --------------------------------------------------------------------------------------


def test_labelme_3_0(tmp_path: Path) -> None:
    old = {
        "shapes": [{"label": "cat", "line_color": None, "fill_color": None, "points": SQUARE}],
        "lineColor": [0, 255, 0, 128],
        "fillColor": [255, 0, 0, 128],
        "flags": None,
        "imagePath": "a.jpg",
        "imageData": "x" * 100,
    }
    write(tmp_path / "a.json", old)
    picture(tmp_path / "a.jpg")
    read = read_labelme(tmp_path)
    assert (read.instance.area, read.codes) == (400, ["no-shape-type"])


@pytest.mark.parametrize("kind", ["circle", "polygon", "rectangle"])
def test_points_far_beyond_any_image_are_refused(tmp_path: Path, kind: str) -> None:
    """A circle of this size had no number of corners, and an area of 1e400 is null in JSON."""
    points = [[5.0, 5.0], [1e200, 5.0], [5.0, 9.0]][: 2 if kind == "circle" else 3]
    write(tmp_path / "a.json", document(shape("cat", points, kind), shape("cat", SQUARE)))
    picture(tmp_path / "a.jpg")
    read = read_labelme(tmp_path)
    assert [instance.area for instance in read.images[0].instances] == [400]
    finding = read.finding("bad-shape")
    assert (finding.where, finding.lost) == ("$.shapes[0]", 1)
    assert "millions of pixels away" in finding.message


# Keys of its own -------------------------------------------------------------------------------


def test_unknown_keys_are_kept_except_blank_ones(tmp_path: Path) -> None:
    mine = shape("cat", SQUARE, reviewer={"name": "Ann"}, kie_linking=[], seen=False)
    read = read_labelme(one(tmp_path, mine, shape("dog", SQUARE), project="p", checked=None))
    assert read.codes == []
    assert read.image.extra == {"labelme": {"project": "p"}}
    assert [instance.extra for instance in read.image.instances] == [
        {"labelme": {"reviewer": {"name": "Ann"}}},
        {},
    ]


def test_group_merges_extra_keys_and_the_first_shape_wins(tmp_path: Path) -> None:
    first = shape("cat", SQUARE, group_id=1, reviewer="Ann")
    read = read_labelme(one(tmp_path, first, shape("cat", SQUARE, group_id=1, reviewer="Bo", n=2)))
    assert read.instance.extra == {"labelme": {"reviewer": "Ann", "n": 2}}
    (finding,) = read.findings
    assert "differ in reviewer:" in finding.message


@pytest.mark.parametrize(
    ("other", "code"),
    [({"difficult": True}, ["group-differs"]), ({"difficult": False}, []), ({}, [])],
)
def test_a_group_that_is_difficult_in_part(
    tmp_path: Path, other: dict[str, Any], code: list[str]
) -> None:
    read = read_labelme(
        one(tmp_path, shape("cat", SQUARE, group_id=1), shape("cat", FAR, group_id=1, **other))
    )
    assert read.instance.difficult is False
    assert [finding.code for finding in read.findings] == code


def test_bad_shape_with_extra_keys_is_reported_for_its_fault(tmp_path: Path) -> None:
    read = read_labelme(one(tmp_path, shape("cat", "far", reviewer="Ann"), project="p"))
    assert [(f.code, f.where) for f in read.findings] == [("bad-shape", "$.shapes[0].points")]
