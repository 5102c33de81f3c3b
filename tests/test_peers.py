"""Rows of the comparison with other tools: what each case becomes here, from file to COCO file.

Expected values are worked out by hand.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from helpers import (
    HEIGHT,
    SQUARE,
    WIDTH,
    document,
    load_coco,
    mask_shape,
    picture,
    python,
    run_convert,
    shape,
    snapshot,
    voc_object,
    voc_xml,
    write,
)

from dataforge.jobs import Report

CORNERS = [[10, 12], [30, 40]]
BOX = (10, 12, 30, 40)
XYWH = [10, 12, 20, 28]


class Converted:
    """A conversion to COCO and what it wrote."""

    def __init__(self, report: Report, out: Path) -> None:
        self.report = report
        files = {split: load_coco(out, split) for split in report.images}
        self.file = files.get("all") or next(iter(files.values()))
        self.files = files

    @property
    def annotations(self) -> list[dict[str, Any]]:
        """Of the only split."""
        found: list[dict[str, Any]] = self.file["annotations"]
        return found

    @property
    def annotation(self) -> dict[str, Any]:
        """The only one."""
        (found,) = self.annotations
        return found

    @property
    def codes(self) -> set[str]:
        """Of findings that are not mere notes."""
        return {f.code for f in self.report.findings if f.severity != "note"}

    def place(self, code: str) -> tuple[str, str]:
        """(file, where) of the only finding of a code."""
        (finding,) = [f for f in self.report.findings if f.code == code]
        return finding.file, finding.where


def labelme(folder: Path, *shapes: Any, **more: Any) -> Converted:
    """One labelme file through labelme2coco; there is a good file beside it."""
    options = more.pop("options", {})
    write(folder / "in" / "a.json", {**document(*shapes), **more})
    if not (folder / "in" / "a.jpg").exists():
        picture(folder / "in" / "a.jpg")
    return Converted(run_convert(folder / "in", folder / "out", **options), folder / "out")


def voc(folder: Path, xml: str | bytes, image: str = "a.jpg", **options: Any) -> Converted:
    """One XML file through voc2coco."""
    write(folder / "in" / "Annotations" / "a.xml", xml)
    picture(folder / "in" / "JPEGImages" / image)
    return again(folder, **options)


def again(folder: Path, **options: Any) -> Converted:
    out = folder / "out"
    return Converted(run_convert(folder / "in", out, "voc", force=True, **options), out)


# labelme ---------------------------------------------------------------------------------------


def test_polygon_keeps_fractions(tmp_path: Path) -> None:
    found = labelme(tmp_path, shape("cat", [[1.25, 1.5], [9.75, 1.5], [9.75, 8.5]])).annotation
    assert found["segmentation"] == [[1.25, 1.5, 9.75, 1.5, 9.75, 8.5]]
    assert found["bbox"] == [1.25, 1.5, 8.5, 7.0]
    assert found["area"] == 8.5 * 7 / 2


def test_a_square_of_20_has_400_pixels(tmp_path: Path) -> None:
    assert labelme(tmp_path, shape("cat", SQUARE)).annotation["area"] == 400


@pytest.mark.parametrize("flip", [(0, 1, 2, 3), (2, 1, 0, 3), (2, 3, 0, 1)])
def test_rectangle_with_corners_in_any_order(tmp_path: Path, flip: tuple[int, ...]) -> None:
    x = [BOX[i] for i in flip]
    found = labelme(tmp_path, shape("cat", [x[:2], x[2:]], "rectangle")).annotation
    assert (found["bbox"], found["area"]) == (XYWH, 560)


def test_rectangle_with_four_points(tmp_path: Path) -> None:
    four = [[10, 12], [30, 12], [30, 40], [10, 40]]
    found = labelme(tmp_path, shape("cat", four, "rectangle"))
    assert (found.annotation["bbox"], found.codes) == (XYWH, set())


def test_circle_has_the_area_of_a_circle(tmp_path: Path) -> None:
    found = labelme(tmp_path, shape("cat", [[30, 24], [40, 24]], "circle")).annotation
    assert found["area"] == pytest.approx(314.159, abs=1e-3)
    assert found["bbox"] == [20, 14, 20, 20]
    assert len(found["segmentation"][0]) < 80  # corners, two numbers each


@pytest.mark.parametrize(
    ("kind", "points", "code"),
    [
        ("line", CORNERS, "skipped-line"),
        ("linestrip", SQUARE, "skipped-line"),
        ("points", CORNERS, "skipped-point"),
    ],
)
def test_lines_and_points_are_counted_and_other_shapes_kept(
    tmp_path: Path, kind: str, points: Any, code: str
) -> None:
    found = labelme(tmp_path, shape("cat", points, kind), shape("dog", SQUARE))
    assert [entry["bbox"] for entry in found.annotations] == [[10, 10, 20, 20]]
    assert found.report.lost == {code: 1}


def test_mask_oriented_rectangle_and_null_are_read(tmp_path: Path) -> None:
    turned = [[10, 10], [20, 20], [15, 25], [5, 15]]
    found = labelme(
        tmp_path,
        mask_shape("cat", ["##", "#.", "##"], 4, 6),
        shape("cat", turned, "oriented_rectangle"),
        shape("cat", SQUARE, shape_type=None) | {"shape_type": None},
    )
    assert [entry["area"] for entry in found.annotations] == [5, 100, 400]
    assert found.report.lost == {}


def test_no_shape_type(tmp_path: Path) -> None:
    found = labelme(tmp_path, shape("cat", SQUARE, None), shape("cat", CORNERS, None))
    assert [entry["bbox"] for entry in found.annotations] == [[10, 10, 20, 20], XYWH]
    assert found.codes == {"no-shape-type"}


def test_polygon_with_two_points(tmp_path: Path) -> None:
    found = labelme(tmp_path, shape("cat", CORNERS), shape("dog", SQUARE))
    assert len(found.annotations) == 1
    file, where = found.place(next(iter(found.codes)))
    assert (file, where.startswith("$.shapes[0]")) == ("a.json", True)
    assert sum(found.report.lost.values()) == 1


def test_self_intersecting_polygon_has_an_area(tmp_path: Path) -> None:
    """The bow-tie's shoelace area is 0, and mmdetection drops what has none."""
    found = labelme(tmp_path, shape("cat", [[10, 10], [30, 30], [30, 10], [10, 30]]))
    assert found.annotation["area"] > 150
    assert len(found.codes) == 1


def test_group_id_is_one_instance_and_no_crowd(tmp_path: Path) -> None:
    other = [[40, 10], [50, 10], [50, 20]]
    found = labelme(
        tmp_path, shape("cat", SQUARE, group_id=1), shape("cat", other, group_id=1)
    ).annotation
    assert (len(found["segmentation"]), found["iscrowd"], found["area"]) == (2, 0, 450)
    assert found["bbox"] == [10, 10, 40, 20]


def test_holes_are_kept_without_crowd(tmp_path: Path) -> None:
    rows = ["####", "#..#", "#..#", "####"]
    found = labelme(tmp_path, mask_shape("cat", rows, 3, 5)).annotation
    assert (found["area"], found["iscrowd"]) == (12, 0)
    assert isinstance(found["segmentation"]["counts"], str)


def test_labels_with_spaces_and_capitals(tmp_path: Path) -> None:
    shapes = [shape(label, SQUARE) for label in ("cat ", "Cat", "cat")]
    names = [entry["name"] for entry in labelme(tmp_path / "1", *shapes).file["categories"]]
    assert names == ["Cat", "cat"]
    found = labelme(tmp_path / "2", *shapes, options={"labels": "cat", "ignore_case": True})
    assert [entry["category_id"] for entry in found.annotations] == [1, 1, 1]


def test_exif_orientation(tmp_path: Path) -> None:
    """Marked in the frame that labelme shows, which is not the frame of the file's header."""
    picture(tmp_path / "in" / "a.jpg", (HEIGHT, WIDTH), orientation=6)
    found = labelme(
        tmp_path, shape("cat", SQUARE), options={"read_options": {"verify_images": True}}
    )
    assert (found.file["images"][0]["width"], found.codes) == (WIDTH, set())
    swapped = tmp_path / "swapped"
    picture(swapped / "in" / "a.jpg", (HEIGHT, WIDTH))
    found = labelme(
        swapped, shape("cat", SQUARE), options={"read_options": {"verify_images": True}}
    )
    assert found.codes == {"swapped-size"}


def test_no_image_size_in_the_json(tmp_path: Path) -> None:
    found = labelme(tmp_path, shape("cat", SQUARE), imageWidth=None, imageHeight=None)
    image = found.file["images"][0]
    assert (image["width"], image["height"]) == (WIDTH, HEIGHT)


def test_a_wrong_image_size_in_the_json(tmp_path: Path) -> None:
    options = {"read_options": {"verify_images": True}}
    found = labelme(tmp_path, shape("cat", SQUARE), imageWidth=999, options=options)
    assert found.place("image-size-differs") == ("a.json", "$.imageWidth")


def test_an_image_that_is_only_embedded(tmp_path: Path) -> None:
    import base64

    data = base64.b64encode(picture(tmp_path / "x.jpg").read_bytes()).decode()
    write(tmp_path / "in" / "a.json", document(shape("cat", SQUARE), imageData=data))
    out = tmp_path / "out"
    options = {"read_options": {"extract_images": True}, "image_mode": "copy"}
    report = run_convert(tmp_path / "in", out, **options)
    name = load_coco(out)["images"][0]["file_name"]
    assert not report.failed
    assert (out / "images" / name).read_bytes() == (tmp_path / "x.jpg").read_bytes()


def test_missing_image_does_not_stop_the_run(tmp_path: Path) -> None:
    write(tmp_path / "in" / "b.json", document(shape("cat", SQUARE), image="gone.jpg"))
    found = labelme(tmp_path, shape("cat", SQUARE))
    assert found.place("image-missing") == ("b.json", "$.imagePath")
    assert len(found.annotations) == 2


def test_backslashes_in_image_path(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "imgs" / "b.jpg")
    found = labelme(tmp_path, shape("cat", SQUARE), imagePath="sub\\..\\imgs\\b.jpg")
    assert found.file["images"][0]["file_name"] == "imgs/b.jpg"


def test_file_names_do_not_depend_on_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = labelme(tmp_path / "1", shape("cat", SQUARE)).file
    (tmp_path / "2").mkdir()
    monkeypatch.chdir(tmp_path / "2")
    assert labelme(Path(), shape("cat", SQUARE)).file == first
    assert first["images"][0]["file_name"] == "a.jpg"


def test_dotted_stems(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.b.json", document(shape("cat", SQUARE), image="a.b.png"))
    picture(tmp_path / "in" / "a.b.png")
    names = {entry["file_name"] for entry in labelme(tmp_path).file["images"]}
    assert names == {"a.b.png", "a.jpg"}


def test_nested_folders_with_names_that_repeat(tmp_path: Path) -> None:
    for day in ("1", "2/3"):
        write(tmp_path / "in" / day / "a.json", document(shape("cat", SQUARE)))
        picture(tmp_path / "in" / day / "a.jpg")
    out = tmp_path / "out"
    run_convert(tmp_path / "in", out, image_mode="copy")
    assert [e["file_name"] for e in load_coco(out)["images"]] == ["1/a.jpg", "2/3/a.jpg"]
    assert (out / "images" / "2" / "3" / "a.jpg").exists()


@pytest.mark.parametrize(
    ("encoding", "codes"), [("gb18030", {"encoding"}), ("utf-8-sig", set()), ("utf-8", set())]
)
def test_gbk_and_byte_order_marks(tmp_path: Path, encoding: str, codes: set[str]) -> None:
    text = json.dumps(document(shape("人物", SQUARE)), ensure_ascii=False)
    write(tmp_path / "in" / "a.json", text.encode(encoding))
    picture(tmp_path / "in" / "a.jpg")
    found = Converted(run_convert(tmp_path / "in", tmp_path / "out"), tmp_path / "out")
    assert (found.file["categories"][0]["name"], found.codes) == ("人物", codes)


def test_other_json_in_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "in" / "coco.json", {"images": [], "annotations": [], "categories": []})
    write(tmp_path / "in" / "list.json", [1, 2])
    found = labelme(tmp_path, shape("cat", SQUARE))
    assert (len(found.annotations), found.codes) == (1, set())


def test_a_truncated_file_is_located_and_the_others_convert(tmp_path: Path) -> None:
    write(tmp_path / "in" / "b.json", json.dumps(document(shape("cat", SQUARE)))[:60])
    found = labelme(tmp_path, shape("cat", SQUARE))
    assert len(found.annotations) == 1
    file, where = found.place("unreadable-json")
    assert (file, where.startswith("line 1")) == ("b.json", True)


def test_category_ids_start_at_1_by_default(tmp_path: Path) -> None:
    shapes = shape("cat", SQUARE), shape("dog", SQUARE)
    for start in (1, 0):
        options = {"write_options": {"category_start": start}}
        found = labelme(tmp_path / str(start), *shapes, options=options).file
        assert [entry["id"] for entry in found["categories"]] == [start, start + 1]
        assert [entry["category_id"] for entry in found["annotations"]] == [start, start + 1]


def test_label_order_is_the_same_in_every_split(tmp_path: Path) -> None:
    for name, label in (("b", "zebra"), ("c", "ant")):
        write(tmp_path / "in" / f"{name}.json", document(shape(label, SQUARE), image=f"{name}.jpg"))
        picture(tmp_path / "in" / f"{name}.jpg")
    options = {"split": "train=0.5,val=0.5", "labels": "zebra,cat,ant,never"}
    found = labelme(tmp_path, shape("cat", SQUARE), options=options)
    (categories,) = {json.dumps(file["categories"]) for file in found.files.values()}
    assert [entry["name"] for entry in json.loads(categories)] == ["zebra", "cat", "ant", "never"]


def test_missing_input_folder_is_an_error_without_output(tmp_path: Path) -> None:
    for source, message in (
        (tmp_path / "gone", "no such file or folder"),
        (tmp_path, "nothing can be converted"),
    ):
        out = tmp_path / "out"
        result = python("-m", "dataforge", "convert", "labelme2coco", str(source), str(out))
        assert (result.returncode, out.exists()) == (3, False)
        assert message in result.stderr
        assert "Traceback" not in result.stderr


# Pascal VOC ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coords", "bbox"),
    [("voc", [9, 11, 21, 29]), ("mmdet", [9, 11, 20, 28]), ("zero", [10, 12, 20, 28])],
)
def test_box_convention_is_reported_once(tmp_path: Path, coords: str, bbox: list[int]) -> None:
    xml = voc_xml(voc_object("cat", BOX))
    found = voc(tmp_path, xml, read_options={"coords": coords})
    assert found.annotation["bbox"] == bbox


def test_fractions_in_boxes(tmp_path: Path) -> None:
    found = voc(tmp_path, voc_xml(voc_object("cat", (0, "12.75", "30.5", 40)))).annotation
    assert found["bbox"] == [0, 12.75, 30.5, 27.25]


def test_a_box_that_begins_at_0_stays_in_the_image(tmp_path: Path) -> None:
    found = voc(tmp_path, voc_xml(voc_object("cat", (0, 0, 30, 40))))
    assert found.annotation["bbox"] == [0, 0, 30, 40]
    (reason,) = [f.message for f in found.report.findings if f.code == "coords"]
    assert reason.startswith("boxes are read as 'zero': 1 of 1 box begins at 0")


def test_reversed_corners(tmp_path: Path) -> None:
    found = voc(tmp_path, voc_xml(voc_object("cat", (30, 40, 0, 12))))
    assert found.annotation["bbox"] == [0, 12, 30, 28]
    assert found.place("reversed-box") == ("Annotations/a.xml", "line 3")


def test_a_box_beyond_the_image(tmp_path: Path) -> None:
    xml = voc_xml(voc_object("cat", (0, 12, 90, 40)), voc_object("cat", (70, 50, 80, 60)))
    found = voc(tmp_path, xml)
    assert [entry["bbox"] for entry in found.annotations] == [[0, 12, 90, 28], [70, 50, 10, 10]]
    assert found.place("outside-image") == ("Annotations/a.xml", "line 4")
    found = again(tmp_path, clip=True)
    assert found.annotation["bbox"] == [0, 12, 64, 28]
    assert found.report.lost == {"clipped-away": 1}


@pytest.mark.parametrize("size", [None, ("64.0", "48.0"), (0, 0)])
def test_size_missing_fractional_or_0(tmp_path: Path, size: tuple[object, object] | None) -> None:
    found = voc(tmp_path, voc_xml(voc_object("cat", BOX), size=size))
    image = found.file["images"][0]
    assert (image["width"], image["height"], len(found.annotations)) == (WIDTH, HEIGHT, 1)


@pytest.mark.parametrize("text", [None, "", "Unspecified", "0"])
def test_difficult_missing_empty_or_unspecified(tmp_path: Path, text: str | None) -> None:
    tags = {} if text is None else {"difficult": text}
    found = voc(tmp_path, voc_xml(voc_object("cat", BOX, **tags)))
    assert (found.annotation["iscrowd"], found.codes) == (0, set())


def test_difficult_objects_follow_the_policy(tmp_path: Path) -> None:
    xml = voc_xml(voc_object("cat", BOX, difficult="1"), voc_object("cat", BOX))
    found = voc(tmp_path, xml)
    assert [entry["iscrowd"] for entry in found.annotations] == [0, 0]
    assert found.annotations[0]["attributes"]["difficult"] is True
    for policy, crowds in (("ignore", [1, 0]), ("drop", [0])):
        found = again(tmp_path, read_options={"difficult": policy})
        assert [entry["iscrowd"] for entry in found.annotations] == crowds


@pytest.mark.parametrize("image", ["a.png", "a.JPG", "a.webp"])
def test_image_that_is_not_jpg(tmp_path: Path, image: str) -> None:
    found = voc(tmp_path, voc_xml(voc_object("cat", BOX), filename="a.jpg"), image)
    assert found.file["images"][0]["file_name"] == f"JPEGImages/{image}"
    assert found.codes == set()


@pytest.mark.parametrize("filename", ["a", "C:\\me\\a.jpg", None, "b.jpg"])
def test_filename_of_any_kind(tmp_path: Path, filename: str | None) -> None:
    found = voc(tmp_path, voc_xml(voc_object("cat", BOX), filename=filename))
    assert found.file["images"][0]["file_name"] == "JPEGImages/a.jpg"
    assert found.codes == ({"filename-disagrees"} if filename == "b.jpg" else set())


def test_nested_xml(tmp_path: Path) -> None:
    for place in ("s", "t/u"):
        picture(tmp_path / "in" / "JPEGImages" / place / "a.jpg")
        xml = voc_xml(voc_object(place.replace("/", " "), BOX))
        write(tmp_path / "in" / "Annotations" / place / "a.xml", xml)
    found = voc(tmp_path, voc_xml(voc_object("cat", BOX)))
    assert [entry["file_name"] for entry in found.file["images"]] == [
        "JPEGImages/a.jpg",
        "JPEGImages/s/a.jpg",
        "JPEGImages/t/u/a.jpg",
    ]


def test_no_image_sets(tmp_path: Path) -> None:
    found = voc(tmp_path, voc_xml(voc_object("cat", BOX)))
    assert found.report.images == {"all": 1}
    assert any(
        f.message == "no split files found: everything is one split" for f in found.report.findings
    )


@pytest.mark.parametrize("line", ["a.jpg", "JPEGImages/a.jpg", "a 1", "a,1", "a.xml\r", "A"])
def test_split_line_with_extension_path_or_column(tmp_path: Path, line: str) -> None:
    write(tmp_path / "in" / "ImageSets" / "Main" / "train.txt", f"{line}\n")
    found = voc(tmp_path, voc_xml(voc_object("cat", BOX)))
    assert (found.report.images, found.codes) == ({"train": 1}, set())


def test_unknown_class(tmp_path: Path) -> None:
    found = voc(tmp_path, voc_xml(voc_object("cta", BOX)), labels="cat,dog")
    assert found.annotations == []
    assert len(found.file["images"]) == 1  # the image stays
    (finding,) = [f for f in found.report.findings if f.code == "unknown-label"]
    assert (finding.file, finding.lost, finding.severity) == ("Annotations/a.xml", 1, "error")
    assert "'cat'" in finding.remedy
    added = again(tmp_path, labels="cat,dog", unknown="add").file["categories"]
    assert [entry["name"] for entry in added] == ["cat", "dog", "cta"]


def test_class_with_spaces_around(tmp_path: Path) -> None:
    found = voc(tmp_path, voc_xml(voc_object(" cat \n", BOX)), labels="cat")
    assert (found.annotation["category_id"], found.codes) == (1, set())


def test_object_without_bndbox(tmp_path: Path) -> None:
    found = voc(tmp_path, voc_xml(voc_object("cat", None), voc_object("cat", BOX)))
    assert found.place("bad-object") == ("Annotations/a.xml", "line 3")
    assert (len(found.annotations), found.report.lost) == (1, {"bad-object": 1})


def test_xml_declared_gb2312(tmp_path: Path) -> None:
    xml = '<?xml version="1.0" encoding="gb2312"?>\n' + voc_xml(voc_object("人", BOX))
    found = voc(tmp_path, xml.encode("gb2312"))
    assert found.file["categories"][0]["name"] == "人"


def test_truncated_xml(tmp_path: Path) -> None:
    write(tmp_path / "in" / "Annotations" / "b.xml", voc_xml(voc_object("cat", BOX))[:-20])
    picture(tmp_path / "in" / "JPEGImages" / "b.jpg")
    found = voc(tmp_path, voc_xml(voc_object("cat", BOX)))
    assert (len(found.annotations), found.codes) == (1, {"unreadable-xml"})
    assert found.place("unreadable-xml")[0] == "Annotations/b.xml"


def test_an_image_with_no_objects_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "in" / "Annotations" / "b.xml", voc_xml())
    picture(tmp_path / "in" / "JPEGImages" / "b.jpg")
    found = voc(tmp_path, voc_xml(voc_object("cat", BOX)))
    assert (found.report.images, found.report.empty_images) == ({"all": 2}, 1)


def test_swapped_width_and_height(tmp_path: Path) -> None:
    """Said of each file, also where all boxes are inside both frames."""
    xml = voc_xml(voc_object("cat", BOX), size=(HEIGHT, WIDTH))
    found = voc(tmp_path, xml)
    assert found.codes == {"swapped-size"}
    assert found.place("swapped-size") == ("Annotations/a.xml", "size")


# Both ------------------------------------------------------------------------------------------


def test_ids_are_unique_for_every_source(tmp_path: Path) -> None:
    for number in range(3):
        shapes = [shape("cat", SQUARE)] * 2
        write(tmp_path / "in" / f"b{number}.json", document(*shapes, image=f"b{number}.jpg"))
        picture(tmp_path / "in" / f"b{number}.jpg")
    found = labelme(tmp_path, shape("cat", SQUARE)).file
    assert [entry["id"] for entry in found["images"]] == [1, 2, 3, 4]
    assert [entry["id"] for entry in found["annotations"]] == [1, 2, 3, 4, 5, 6, 7]


def test_unwritable_output_leaves_no_partial_files(tmp_path: Path) -> None:
    labelme(tmp_path, shape("cat", SQUARE))
    before = snapshot(tmp_path)
    result = python(
        "-m", "dataforge", "convert", "labelme2coco", str(tmp_path / "in"), str(tmp_path / "out")
    )
    assert result.returncode == 3
    assert snapshot(tmp_path) == before
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
