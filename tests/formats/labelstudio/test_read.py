"""What Label Studio's files are read as; expected values are worked out by hand.

Of an image of 64 x 48, 25 % are 16 x 12.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from dataforge.findings import Place
from dataforge.formats import get_format
from dataforge.formats.drawn import DrawnError
from dataforge.formats.labelstudio import brush
from dataforge.records import Mask, Polygons
from dataforge.testing import driver, picture, write


def read(folder: Path, **options: Any) -> driver.Read:
    format_ = get_format("labelstudio")
    given = driver.reader_of(format_).Options(**options)
    return driver.Read(driver.read(format_, folder, given))


def result(label: Any, kind: str = "rectangle", /, **value: Any) -> dict[str, Any]:
    labels = {} if label is None else {f"{kind}labels": [label]}
    return {"type": f"{kind}labels", "from_name": "tag", "to_name": "image", "original_width": 64,
            "original_height": 48, "image_rotation": 0, "value": value | labels}  # fmt: skip


BOX = result("cat", x=25, y=25, width=25, height=25, rotation=0)


def annotation(*results: Any, **keys: Any) -> dict[str, Any]:
    return {"id": 7, "was_cancelled": False, "result": [*results], **keys}


def task(folder: Path, *annotations: Any, image: str = "a.jpg", **keys: Any) -> Path:
    picture(folder / "a.jpg")
    one = {"id": 1, "data": {"image": image}, "annotations": [*annotations], **keys}
    write(folder / "x.json", [one])
    return folder


def one(folder: Path, *results: Any) -> Path:
    return task(folder, annotation(*results))


# Shapes ------------------------------------------------------------------------------------------


def test_a_rectangle_is_percent_of_the_image(tmp_path: Path) -> None:
    found = read(one(tmp_path, BOX)).instance
    assert (found.label, found.box, found.area, found.shape) == ("cat", (16, 12, 32, 24), 192, None)


def test_a_turned_rectangle_turns_around_its_first_corner(tmp_path: Path) -> None:
    """A quarter turn clockwise of 16 x 12 at (32, 12): it then extends 12 to the left, 16 down."""
    turned = result("cat", x=50, y=25, width=25, height=25, rotation=90)
    found = read(one(tmp_path, turned)).instance
    assert (found.box, found.area) == ((20, 12, 32, 28), 192)
    assert found.shape == Polygons(((32, 12, 32, 28, 20, 28, 20, 12),))


def test_an_ellipse_has_its_centre_and_half_axes(tmp_path: Path) -> None:
    ellipse = result("cat", "ellipse", x=50, y=50, radiusX=25, radiusY=25, rotation=0)
    found = read(one(tmp_path, ellipse)).instance
    assert found.box == (16, 12, 48, 36)
    assert found.area == pytest.approx(math.pi * 16 * 12)


def test_a_polygon(tmp_path: Path) -> None:
    polygon = result("cat", "polygon", points=[[0, 0], [50, 0], [0, 50]], closed=True)
    found = read(one(tmp_path, polygon)).instance
    assert found.shape == Polygons(((0, 0, 32, 0, 0, 24),))
    assert (found.box, found.area) == ((0, 0, 32, 24), 384)


def test_points_are_skipped_and_counted(tmp_path: Path) -> None:
    found = read(one(tmp_path, result("cat", "keypoint", x=1, y=2, width=0.5), BOX))
    assert len(found.image.instances) == 1
    assert found.finding("skipped-shape").lost == 1


def bits(text: str) -> list[int]:
    text = text.replace(" ", "")
    text += "0" * (-len(text) % 8)
    return [int(text[at : at + 8], 2) for at in range(0, len(text), 8)]


HEAD = f"{4 * 3 * 2:032b} 00111 0010 0011 0111 1111"
"""24 values (3 x 2 pixels) of 8 bits; run lengths of 3, 4, 8 and 16 bits."""


def test_brush_runs_by_hand() -> None:
    """One run of 12 values of 0 (the first row), then two pixels with alpha 255 and one without."""
    one_pixel = "0 00 011 00000000 00000000 00000000 11111111"  # four single values
    rle = bits(f"{HEAD} 1 01 1011 00000000 {one_pixel} 1 00 011 11111111 1 00 011 00000000")
    found = brush.decoded(rle, (3, 2))
    # Columns of 2 pixels: lower one of the first two: 1 blank, 1 set, 1 blank, 1 set, 2 blank.
    from pycocotools import mask as coco_mask

    expected = coco_mask.frPyObjects({"size": [2, 3], "counts": [1, 1, 1, 1, 2]}, 2, 3)
    assert found == Mask(size_hw=(2, 3), counts=expected["counts"].decode())
    assert brush.decoded(brush.encoded(found), (3, 2)) == found


@pytest.mark.parametrize(
    ("rle", "why"),
    [
        ([], "truncated"),
        ([300], "list of bytes"),
        (["a"], "list of bytes"),
        (bits(f"{HEAD} 1 01 1011 00000000"), "truncated"),
        (bits(f"{HEAD} 1 11 1111111111111111 11111111"), "more values"),
        (bits(f"{HEAD} 1 10 00010111 00000000"), "no pixels"),
        (bits(f"{2**32 - 1:032b} 00111 0010 0011 0111 1111"), "values"),
    ],
)
def test_a_bad_mask_is_refused(rle: list[Any], why: str) -> None:
    with pytest.raises(DrawnError, match=why):
        brush.decoded(rle, (3, 2))


def test_masks_of_huge_images_are_not_decoded() -> None:
    with pytest.raises(DrawnError, match="pixels"):
        brush.decoded([0], (40_000, 40_000))


@pytest.mark.parametrize(
    "bad",
    [
        result(None, x=1, y=2, width=3, height=4),
        result("", x=1, y=2, width=3, height=4),
        result("cat", x=1, y=2, width=None, height=4),
        result("cat", x=1, y=2, width=3, height=4, rotation="much"),
        result("cat", x=1, y=1e12, width=3, height=4),
        result("cat", "polygon", points=[[1, 2], [3, 4]]),
        result("cat", "polygon", points=[[1, 2], [3, 4], 7]),
        result("cat", "polygon", points="x"),
        result("cat", "ellipse", x=1, y=2, radiusX=0, radiusY=3),
        result("cat", "brush", format="rle", rle=[1, 2, 3]),
        BOX | {"image_rotation": 90},
        7,
    ],
)
def test_a_bad_result_costs_itself_alone(tmp_path: Path, bad: Any) -> None:
    found = read(one(tmp_path, bad, BOX))
    assert [instance.box for instance in found.image.instances] == [(16, 12, 32, 24)]
    finding = found.finding("bad-entry")
    assert finding.place == Place("x.json", "$[0].annotations[0].result[0]")
    assert finding.lost == 1


# Results -----------------------------------------------------------------------------------------


def test_labels_and_answers_of_the_same_region(tmp_path: Path) -> None:
    """A tag for the shape, one for the class, one for a question, and one for the image."""
    shape = {"x": 25, "y": 25, "width": 25, "height": 25, "rotation": 0}
    results = [
        {"id": "r", "type": "rectangle", "from_name": "box", "value": shape},
        {"id": "r", "type": "labels", "from_name": "tag", "value": shape | {"labels": ["cat"]}},
        {"id": "r", "type": "choices", "from_name": "pose", "value": {"choices": ["left"]}},
        {"id": "i", "type": "choices", "from_name": "light", "value": {"choices": ["dim"]}},
        {"type": "relation", "from_id": "r", "to_id": "r", "direction": "right"},
    ]
    found = read(one(tmp_path, *results))
    assert (found.instance.label, found.instance.box) == ("cat", (16, 12, 32, 24))
    assert found.instance.attributes == {"pose": "left"}
    assert found.image.attributes == {"light": "dim"}


SHAPE = {"x": 25, "y": 25, "width": 25, "height": 25, "rotation": 0}


def answer(kind: str, name: str, value: dict[str, Any], number: str = "r") -> dict[str, Any]:
    return {"id": number, "type": kind, "from_name": name, "to_name": "image", "value": value}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("textarea", {"text": ["AB"]}, "AB"),
        ("textarea", {"text": ["AB", "C"]}, ["AB", "C"]),
        ("choices", {"choices": ["hidden"]}, "hidden"),
        ("number", {"number": 7}, 7),
        ("rating", {"rating": 4}, 4),
        ("datetime", {"datetime": "2026-01-02"}, "2026-01-02"),
        ("taxonomy", {"taxonomy": [["a", "b"]]}, ["a", "b"]),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_an_answer_may_repeat_the_numbers_of_its_region(
    tmp_path: Path, kind: str, value: dict[str, Any], expected: Any, is_first: bool
) -> None:
    """As exports write it: the type of a result decides what it is, in any order."""
    points = {"points": [[0, 0], [50, 0], [0, 50]]}
    results = [
        BOX | {"id": "r"},
        result("dog", "polygon", **points) | {"id": "p"},
        answer(kind, "plate", SHAPE | value),
        answer(kind, "plate", points | value, "p"),
    ]
    found = read(one(tmp_path, *results[::-1] if is_first else results))
    assert {made.label: made.attributes for made in found.image.instances} == {
        "cat": {"plate": expected},
        "dog": {"plate": expected},
    }
    assert (found.image.attributes, found.codes) == ({}, [])


def test_regions_of_one_id_in_different_places_are_different_objects(tmp_path: Path) -> None:
    def rectangle(x: int, label: str) -> Any:
        value = {"x": x, "y": 10, "width": 20, "height": 30, "rectanglelabels": [label]}
        return {"id": "r", "type": "rectanglelabels", "value": value}

    found = read(one(tmp_path, rectangle(0, "cat"), rectangle(50, "dog"), rectangle(0, "cat")))
    assert [(i.label, i.box[0]) for i in found.images[0].instances] == [("cat", 0), ("dog", 32)]


def test_an_answer_on_a_region_that_is_not_there_is_lost_and_said(tmp_path: Path) -> None:
    found = read(one(tmp_path, BOX, answer("textarea", "plate", SHAPE | {"text": ["AB"]})))
    assert (found.instance.attributes, found.image.attributes) == ({}, {})
    said = found.finding("bad-entry")
    assert (said.lost, "has no class" in said.message) == (1, True)


@pytest.mark.parametrize("kind", ["labels", "hypertextlabels"])
def test_marked_words_are_no_answers(tmp_path: Path, kind: str) -> None:
    span = {"start": 0, "end": 3, "text": "hel", kind: ["PER"]}
    found = read(one(tmp_path, BOX, answer(kind, "ner", span)))
    assert (found.instance.label, found.image.attributes) == ("cat", {})
    assert found.finding("skipped-shape").lost == 1


def other(**keys: Any) -> dict[str, Any]:
    return annotation(result("dog", x=0, y=0, width=50, height=50), **keys)


def test_of_several_annotations_that_changed_last_is_read(tmp_path: Path) -> None:
    task(tmp_path, annotation(BOX, updated_at="2026-02-01"), other(updated_at="2026-01-01"))
    found = read(tmp_path)
    assert found.instance.label == "cat"
    assert found.finding("several-annotations").place == Place("x.json", "$[0]")
    assert read(tmp_path, annotations="first").instance.label == "cat"
    assert [one.label for one in read(tmp_path, annotations="all").image.instances] == [
        "cat",
        "dog",
    ]


def test_ground_truth_is_read_before_what_changed_last(tmp_path: Path) -> None:
    task(tmp_path, annotation(BOX, updated_at="2026-02-01"), other(ground_truth=True))
    assert read(tmp_path).instance.label == "dog"


def test_skipped_annotations_do_not_count(tmp_path: Path) -> None:
    found = read(task(tmp_path, other(was_cancelled=True), annotation(BOX)))
    assert (found.instance.label, found.codes) == ("cat", [])
    found = read(task(tmp_path, other(was_cancelled=True)))
    assert (found.images, found.codes[0]) == ([], "task-not-annotated")


def test_predictions_are_read_when_asked_for(tmp_path: Path) -> None:
    predicted = [{"model_version": "1", "score": 0.5, "result": [BOX]}]
    task(tmp_path, other(), predictions=predicted)
    assert read(tmp_path).instance.label == "dog"
    found = read(tmp_path, annotations="predictions").instance
    assert (found.label, found.attributes) == ("cat", {"score": 0.5})


def test_an_annotation_without_regions_is_an_image_without_objects(tmp_path: Path) -> None:
    assert read(one(tmp_path)).image.instances == ()


def test_older_exports_have_completions(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "x.json", [{"data": {"image": "a.jpg"}, "completions": [annotation(BOX)]}])
    assert read(tmp_path).instance.box == (16, 12, 32, 24)


def test_json_min_has_values_in_the_task(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    value = BOX["value"] | {"original_width": 64, "original_height": 48}
    entry = {"image": "/data/upload/1/1f2e3d4c-a.jpg", "id": 1, "annotator": 1, "label": [value]}
    write(tmp_path / "x.json", [entry])
    found = read(tmp_path).instance
    assert (found.box, found.place) == ((16, 12, 32, 24), Place("x.json", "$[0].label[0]"))


def stored(**keys: Any) -> dict[str, Any]:
    return annotation(BOX, task={"id": 1, "data": {"image": "s3://bucket/a.jpg"}}, **keys)


def test_cloud_storage_has_a_file_for_each_annotation(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "11.json", stored(completed_by={"id": 1}))
    write(tmp_path / "12.json", stored(was_cancelled=True))
    found = read(tmp_path)
    assert (found.image.file_name, found.instance.box) == ("a.jpg", (16, 12, 32, 24))
    assert found.instance.place == Place("11.json", "$.result[0]")
    assert [(one.code, one.place.file) for one in found.findings] == [
        ("task-not-annotated", "12.json")
    ]


def test_a_file_may_be_one_task(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "1.json", {"data": {"image": "a.jpg"}, "annotations": [annotation(BOX)]})
    found = read(tmp_path).instance
    assert (found.box, found.place.pointer) == ((16, 12, 32, 24), "$.annotations[0].result[0]")


@pytest.mark.parametrize(
    "text",
    [
        {"data": {"text": "hello"}},
        {"data": {"text": "and/or so"}, "file_upload": "1f2e3d4c-texts.csv"},
        {"data": {"audio": "s3://bucket/hello"}},
    ],
)
def test_a_task_about_a_text_has_no_image(tmp_path: Path, text: Any) -> None:
    span = {"start": 0, "end": 3, "text": "hel", "labels": ["PER"]}
    marked = annotation(answer("labels", "ner", span, "1"), answer("labels", "ner", span, "2"))
    picture(tmp_path / "a.jpg")
    image = {"data": {"image": "a.jpg"}, "annotations": [annotation(BOX)]}
    write(tmp_path / "x.json", [text | {"annotations": [marked]}, image])
    found = read(tmp_path)
    assert found.instance.label == "cat"
    said = found.finding("no-file-name")
    assert (said.place, said.lost) == (Place("x.json", "$[0]"), 2)
    assert said.message == "the task has no image: 2 results not converted"
    assert found.codes == ["no-file-name"]


def test_texts_of_json_min_have_no_image(tmp_path: Path) -> None:
    span = {"start": 0, "end": 3, "text": "hel", "labels": ["PER"]}
    write(tmp_path / "x.json", [{"text": "hello", "id": 1, "annotator": 1, "ner": [span]}])
    found = read(tmp_path)
    assert (found.images, found.codes) == ([], ["no-file-name"])
    assert found.finding("no-file-name").lost == 1


def test_an_image_without_an_ending_is_known_by_what_is_drawn(tmp_path: Path) -> None:
    write(tmp_path / "x.json", [{"data": {"scan": "17"}, "annotations": [annotation(BOX)]}])
    found = read(tmp_path)
    assert (found.image.file_name, found.instance.box) == ("17", (16, 12, 32, 24))
    assert found.codes == ["image-missing"]


# Images ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "image",
    [
        "a.jpg",
        "/data/upload/1f2e3d4c-a.jpg",
        "/data/upload/12/1f2e3d4c-a.jpg",
        "http://localhost:8080/data/upload/12/1f2e3d4c-a.jpg?token=x",
        "/data/local-files/?d=set%2Fa.jpg",
        "s3://bucket/set/a.jpg",
        "https://example.org/set/a.jpg",
    ],
)
def test_images_are_found_by_what_their_names_mean(tmp_path: Path, image: str) -> None:
    found = read(task(tmp_path, annotation(BOX), image=image))
    assert (found.image.file_name, found.codes) == ("a.jpg", []), found.findings


def test_the_uploaded_name_is_found_if_it_is_there(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "1f2e3d4c-a.jpg")
    picture(tmp_path / "images" / "a.jpg")
    write(tmp_path / "x.json", [{"data": {"image": "/data/upload/1/1f2e3d4c-a.jpg"},
                                 "annotations": [annotation(BOX)]}])  # fmt: skip
    assert read(tmp_path).image.file_name == "images/1f2e3d4c-a.jpg"


def test_names_in_folders_of_local_storage(tmp_path: Path) -> None:
    """Two names of a task that can mean the same image do not stand in each other's way."""
    for name in ("d e/a.jpg", "f/b.jpg"):
        picture(tmp_path / "train" / name)
    tasks = [{"data": {"image": f"/data/local-files/?d=set/train/{name}"},
              "annotations": [annotation()]} for name in ("d%20e/a.jpg", "f/b.jpg")]  # fmt: skip
    write(tmp_path / "train" / "x.json", tasks)
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["train/d e/a.jpg", "train/f/b.jpg"]


def test_percent_encoded_names(tmp_path: Path) -> None:
    picture(tmp_path / "ü b.jpg")
    write(tmp_path / "x.json", [{"data": {"image": "/data/upload/1/1f2e3d4c-%C3%BC%20b.jpg"},
                                 "annotations": [annotation(BOX)]}])  # fmt: skip
    assert read(tmp_path).image.file_name == "ü b.jpg"


def test_a_missing_image_is_kept_where_a_result_states_its_size(tmp_path: Path) -> None:
    found = read(task(tmp_path, annotation(BOX), image="gone.jpg"))
    assert (found.image.file_name, found.image.width) == ("gone.jpg", 64)
    assert found.finding("image-missing").lost == 0


@pytest.mark.parametrize("text", ["[" * 100_000, "[[]]" * 9, "", "null", "[7]", '{"a": 1}'])
def test_deep_and_other_json_is_refused_or_left_out(tmp_path: Path, text: str) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "x.json", text)
    found = read(tmp_path)
    assert found.images == []
    assert found.codes


def test_a_negative_size_is_put_in_order(tmp_path: Path) -> None:
    """From 32 to 16 px, written back to front."""
    back = result("cat", x=50, y=25, width=-25, height=25, rotation=0)
    found = read(one(tmp_path, back))
    assert (found.instance.box, found.instance.area) == ((16, 12, 32, 24), 192)
    assert "reversed-box" in found.codes


def test_regions_of_other_types_are_left_out_with_their_type(tmp_path: Path) -> None:
    others = [result("cat", "bitmask", imageDataURL="data:"), result("cat", "videorectangle")]
    found = read(one(tmp_path, BOX, *others))
    assert len(found.image.instances) == 1
    left = [one for one in found.findings if one.code == "skipped-shape"]
    assert [(one.place.pointer[-9:], one.lost) for one in left] == [
        ("result[1]", 1),
        ("result[2]", 1),
    ]
    assert "'bitmask'" in left[0].message
    assert "'videorectangle'" in left[1].message


def test_images_of_a_task_have_their_own_regions(tmp_path: Path) -> None:
    """By the name of the image, and by the number of the page; None is the only one it can be."""
    picture(tmp_path / "b.jpg")
    second = result("dog", x=50, y=25, width=25, height=25, rotation=0)
    named = [BOX | {"to_name": "img1"}, second | {"to_name": "img2"}]
    paged = [BOX | {"item_index": 0}, second | {"item_index": 1}]
    for data, results in (
        ({"img1": "a.jpg", "img2": "b.jpg"}, named),
        ({"pages": ["a.jpg", "b.jpg"]}, paged),
        ({"title": "doc 1", "pages": ["a.jpg", "b.jpg"]}, paged),
    ):
        task(tmp_path, annotation(*results), data=data)
        found = read(tmp_path)
        assert [
            (image.file_name, [(one.label, one.box) for one in image.instances])
            for image in found.images
        ] == [("a.jpg", [("cat", (16, 12, 32, 24))]), ("b.jpg", [("dog", (32, 12, 48, 24))])]
        assert [image.instances[0].place.pointer for image in found.images] == [
            "$[0].annotations[0].result[0]",
            "$[0].annotations[0].result[1]",
        ]


def test_a_region_of_an_image_that_is_not_known_is_lost_and_said(tmp_path: Path) -> None:
    picture(tmp_path / "b.jpg")
    results = [BOX | {"to_name": "img1"}, BOX | {"to_name": "left"}]
    results.append({key: value for key, value in BOX.items() if key != "to_name"})
    task(tmp_path, annotation(*results), data={"img1": "a.jpg", "img2": "b.jpg"})
    found = read(tmp_path)
    assert [len(image.instances) for image in found.images] == [1]
    lost = [one for one in found.findings if one.code == "bad-entry"]
    assert [(one.place.pointer, one.lost) for one in lost] == [
        ("$[0].annotations[0].result[1]", 1),
        ("$[0].annotations[0].result[2]", 1),
    ]
    paged = [BOX | {"item_index": 7}, BOX | {"item_index": 0}]
    task(tmp_path, annotation(*paged), data={"pages": ["a.jpg", "b.jpg"]})
    found = read(tmp_path)
    assert [len(image.instances) for image in found.images] == [1, 0]
    assert found.finding("bad-entry").lost == 1


# Images that were resized ----------------------------------------------------------------------


def resized(folder: Path, size: tuple[int, int], *results: Any) -> driver.Read:
    one(folder, *results)
    picture(folder / "a.jpg", size)
    return read(folder)


def test_shares_are_those_of_the_resized_image(tmp_path: Path) -> None:
    """Twice as large as 64 x 48."""
    triangle = result("cat", "polygon", points=[[0, 0], [50, 0], [0, 50]])
    turned = result("cat", x=50, y=25, width=25, height=25, rotation=90)
    found = resized(tmp_path, (128, 96), BOX, triangle, turned)
    box, polygon, quarter = found.image.instances
    assert (found.image.width, found.image.height) == (128, 96)
    assert (box.box, box.area) == ((32, 24, 64, 48), 768)
    assert polygon.shape == Polygons(((0, 0, 64, 0, 0, 48),))
    assert (polygon.box, polygon.area) == ((0, 0, 64, 48), 1536)
    assert (quarter.box, quarter.area) == ((40, 24, 64, 56), 768)
    said = found.finding("image-size-differs")
    assert said.severity == "warning"
    assert "annotated at 64x48 pixels, but a.jpg is 128x96" in said.message


def test_other_proportions_are_an_error(tmp_path: Path) -> None:
    found = resized(tmp_path, (64, 96), BOX)
    assert found.instance.box == (16, 24, 32, 48)
    said = found.finding("image-size-differs")
    assert (said.severity, "proportions are others" in said.message) == ("error", True)


def test_a_mask_of_a_resized_image_is_not_read(tmp_path: Path) -> None:
    mask = brush.encoded(Mask(size_hw=(48, 64), counts="`12^1000Pj2"))
    found = resized(tmp_path, (128, 96), result("cat", "brush", format="rle", rle=mask), BOX)
    assert [one.box for one in found.image.instances] == [(32, 24, 64, 48)]
    assert found.finding("bad-entry").lost == 1
    assert "mask of 64x48 pixels" in found.finding("bad-entry").message


def test_a_turned_image_keeps_the_stated_size(tmp_path: Path) -> None:
    found = resized(tmp_path, (48, 64), BOX)
    assert found.instance.box == (16, 12, 32, 24)
    assert found.findings == []
