"""COCO files as people have them: the records that they become, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import HEIGHT, WIDTH, Read, picture, write
from pycocotools import mask as coco_mask

from dataforge import geometry
from dataforge.errors import InputError
from dataforge.findings import Place
from dataforge.formats.coco import FORMAT, Options
from dataforge.records import Category, Header, Image, Instance, Mask, Polygons
from dataforge.testing import driver

BOX = [10, 12, 20.5, 28]
RING = [10, 10, 30, 10, 30, 30]
FILE = "instances.json"


def entry(**changes: Any) -> dict[str, Any]:
    """An annotation of image 1 and category 1."""
    return {"id": 1, "image_id": 1, "category_id": 1, "bbox": BOX, "area": 574,
            "iscrowd": 0, "segmentation": []} | changes  # fmt: skip


def image(number: Any = 1, name: Any = "a.jpg", **changes: Any) -> dict[str, Any]:
    return {"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT} | changes


def document(*annotations: Any, **changes: Any) -> dict[str, Any]:
    """A COCO file with the image a.jpg and the categories cat and dog."""
    return {
        "images": [image()],
        "annotations": list(annotations),
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    } | changes


def read(folder: Path, content: Any = None, **options: Any) -> Read:
    """All that is yielded for a folder, or for a file in it."""
    if content is not None:
        write(folder / FILE, content)
        if not (folder / "a.jpg").exists():
            picture(folder / "a.jpg")
    records = driver.read(FORMAT, folder, Options(**options))
    assert len([record for record in records if isinstance(record, Header)]) == 1
    return Read([record for record in records if not isinstance(record, Header)])


def header(folder: Path) -> Header:
    (found,) = [one for one in driver.read(FORMAT, folder) if isinstance(one, Header)]
    return found


def test_every_field(tmp_path: Path) -> None:
    file = {
        "info": {"year": 2017},
        "licenses": [{"id": 4, "name": "CC"}],
        "images": [image("7", "d\\a.jpg", license=4, attributes={"night": True})],
        "annotations": [
            entry(image_id=7.0, category_id="3", segmentation=[RING, RING], iscrowd=True,
                  attributes={"difficult": True, "pose": "Left"}, keypoints=[1, 2, 2]),
        ],
        "categories": [{"id": 3, "name": "cat", "supercategory": "pet", "skeleton": [[1, 2]]}],
        "videos": [1],
    }  # fmt: skip
    write(tmp_path / "val.json", file)
    picture(tmp_path / "d" / "a.jpg")
    ring = (10.0, 10.0, 30.0, 10.0, 30.0, 30.0)
    said, marked = sorted(driver.read(FORMAT, tmp_path), key=lambda one: type(one).__name__)
    assert [said, marked] == [
        Header(
            categories=(
                Category(
                    name="cat", extra={"coco": {"supercategory": "pet", "skeleton": [[1, 2]]}}
                ),
            ),
            extra={
                "coco": {
                    "info": {"year": 2017},
                    "licenses": [{"id": 4, "name": "CC"}],
                    "videos": [1],
                }
            },
        ),
        Image(
            file_name="d/a.jpg",
            width=WIDTH,
            height=HEIGHT,
            place=Place("val.json", "$.images[0]"),
            split="val",
            attributes={"night": True},
            extra={"coco": {"license": 4}},
            instances=(
                Instance(
                    label="cat",
                    box=(10, 12, 30.5, 40),
                    area=574,
                    shape=Polygons((ring, ring)),
                    iscrowd=True,
                    difficult=True,
                    place=Place("val.json", "$.annotations[0]"),
                    attributes={"pose": "Left"},
                    keypoints=(1, 2, 2),
                ),
            ),
        ),
    ]


def test_annotations_go_to_their_images_in_order(tmp_path: Path) -> None:
    picture(tmp_path / "b.jpg")
    file = document(
        entry(id=1, image_id=2), entry(id=2), entry(id=3, image_id=2, category_id=2),
        images=[image(2, "b.jpg"), image(1), image(3, "b2.jpg")],
    )  # fmt: skip
    found = read(tmp_path, file)
    assert [
        (one.file_name, [(i.place.pointer, i.label) for i in one.instances]) for one in found.images
    ] == [
        ("b.jpg", [("$.annotations[0]", "cat"), ("$.annotations[2]", "dog")]),
        ("a.jpg", [("$.annotations[1]", "cat")]),
        ("b2.jpg", []),
    ]
    assert found.codes == ["image-missing"]  # b2.jpg


# Geometry --------------------------------------------------------------------------------------


def pixels() -> np.ndarray[Any, Any]:
    array = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    array[2:7, 3:9] = 1
    array[4, 5] = 0
    return array


def runs(array: np.ndarray[Any, Any]) -> list[int]:
    """Uncompressed RLE by hand: lengths of the runs down the columns, zeros first."""
    found, current = [0], 0
    for value in array.T.ravel():
        if value != current:
            found.append(0)
            current = value
        found[-1] += 1
    return found


@pytest.mark.parametrize("compressed", [True, False])
def test_masks(tmp_path: Path, compressed: bool) -> None:
    text = coco_mask.encode(pixels())["counts"].decode()
    rle = {"size": [HEIGHT, WIDTH], "counts": text if compressed else runs(pixels())}
    found = read(tmp_path, document(entry(segmentation=rle, bbox=None, area=None)))
    assert found.instance.shape == Mask(size_hw=(HEIGHT, WIDTH), counts=text)
    assert found.instance.box == (3, 2, 9, 7)
    assert found.instance.area == 29
    assert not found.instance.iscrowd
    assert found.codes == ["no-bbox", "no-area"]


@pytest.mark.parametrize(
    "rle",
    [
        {"size": [HEIGHT, WIDTH], "counts": "~~~~"},
        {"size": [HEIGHT, WIDTH], "counts": "00"},
        {"size": [HEIGHT, WIDTH], "counts": "ü"},
        {"size": [HEIGHT, WIDTH], "counts": [1, 2]},
        {"size": [HEIGHT, WIDTH], "counts": [-1, HEIGHT * WIDTH + 1]},
        {"size": [HEIGHT, WIDTH], "counts": ""},
        {"size": [HEIGHT, WIDTH], "counts": []},
        {"size": [10**9, 10**9], "counts": [10**18]},
        {"size": [0, 0], "counts": []},
    ],
)
def test_invalid_mask_keeps_its_box(tmp_path: Path, rle: Any) -> None:
    found = read(tmp_path, document(entry(segmentation=rle)))
    assert found.instance.shape is None
    assert found.instance.box == (10, 12, 30.5, 40)
    finding = found.finding("bad-rle")
    assert (finding.where, finding.lost) == ("$.annotations[0].segmentation", 0)


def test_a_mask_whose_counts_are_padded_is_what_its_runs_say(tmp_path: Path) -> None:
    """pycocotools would read other runs of the same text: 1,992 pixels."""
    rle = {"size": [HEIGHT, WIDTH], "counts": ":Xo0:PhooooObX1"}
    found = read(tmp_path, document(entry(segmentation=rle)))
    runs = [10, 1000, 10, 744, 1308]
    assert found.instance.shape == geometry.mask_from_runs(runs, (HEIGHT, WIDTH))
    assert geometry.mask_area(found.instance.shape) == 1744
    assert "may read other pixels" in found.finding("bad-rle").message


def test_runs_without_pixels_do_not_extend_a_mask(tmp_path: Path) -> None:
    rle = {"size": [HEIGHT, WIDTH], "counts": [48, 0, 48, 5, HEIGHT * WIDTH - 101]}
    found = read(tmp_path, document(entry(segmentation=rle, bbox=None)))
    assert found.instance.box == (2, 0, 3, 5)


def test_a_mask_that_pycocotools_cannot_pack(tmp_path: Path) -> None:
    rle = {"size": [32768, 32768], "counts": [0, 2**30]}
    found = read(tmp_path, document(entry(segmentation=rle)))
    assert found.finding("bad-rle").message == "a mask of 32768 x 32768 pixels: skipped"


def test_a_mask_of_another_size(tmp_path: Path) -> None:
    rle = {"size": [4, 4], "counts": [5, 2, 9]}
    found = read(tmp_path, document(entry(segmentation=rle)))
    assert found.instance.shape == Mask(size_hw=(4, 4), counts="529")
    assert "4x4 pixels for an image of 64x48" in found.finding("mask-size-differs").message


@pytest.mark.parametrize(
    ("segmentation", "rings", "code"),
    [
        ([RING, [1, 2, 3, 4]], [RING], "bad-ring"),
        ([[1, 2, 3, 4, 5, 6, 7], RING], [RING], "bad-ring"),
        ([[1, 2, 3, 4]], [], "bad-ring"),
        ([[]], [], None),
        (RING, [RING], "flat-ring"),
        ([RING, ["x"] * 6], [RING], "bad-segmentation"),
        ("none", [], "bad-segmentation"),
        (None, [], None),
    ],
)
def test_rings(tmp_path: Path, segmentation: Any, rings: Any, code: str | None) -> None:
    found = read(tmp_path, document(entry(segmentation=segmentation)))
    assert found.codes == ([code] if code else [])
    shape = Polygons(tuple(tuple(map(float, ring)) for ring in rings)) if rings else None
    assert found.instance.shape == shape
    assert found.instance.box == (10, 12, 30.5, 40)


@pytest.mark.parametrize(
    ("changes", "box", "code"),
    [
        ({"bbox": [30, 40, -20, -28]}, (10, 12, 30, 40), "reversed-box"),
        ({"bbox": ["10", "12", "20", "28"]}, (10, 12, 30, 40), "odd-number"),
        ({"bbox": [10, 12, 20]}, None, "no-geometry"),
        ({"bbox": [10, 12, 20, None]}, None, "no-geometry"),
        ({"bbox": []}, None, "no-geometry"),
        ({"bbox": None}, None, "no-geometry"),
        ({"bbox": "10,12,20,28"}, None, "no-geometry"),
        ({"bbox": [10, 12], "segmentation": [RING]}, (10, 10, 30, 30), "no-bbox"),
        ({"bbox": [], "segmentation": [RING]}, (10, 10, 30, 30), "no-bbox"),
    ],
)
def test_boxes(tmp_path: Path, changes: Any, box: Any, code: str) -> None:
    found = read(tmp_path, document(entry(**changes)))
    finding = found.finding(code)
    if box is None:
        assert found.image.instances == ()
        assert (finding.severity, finding.lost, finding.where) == ("error", 1, "$.annotations[0]")
    else:
        assert found.instance.box == box
        assert sum(finding.lost for finding in found.findings) == 0
    assert [f.code for f in found.findings if f is not finding] in ([], ["bad-value"])


@pytest.mark.parametrize("digits", [400, 5000])
def test_numbers_beyond_float_range(tmp_path: Path, digits: int) -> None:
    text = json.dumps(document(entry(bbox=[1, 2, 77, 4]), entry(id=2, area=88, x=99)))
    for number in ("77", "88", "99"):
        text = text.replace(number, "1" + "0" * digits)
    found = read(tmp_path, text)
    assert found.codes == ["bad-value", "no-geometry", "bad-value", "no-area"]
    assert found.instance.area == 574
    assert found.instance.extra["coco"]["x"] == float("inf")


def test_a_missing_area_is_that_of_the_outline_or_the_box(tmp_path: Path) -> None:
    entries = [entry(id=1, segmentation=[RING]), entry(id=2), entry(id=3, area="574")]
    del entries[0]["area"], entries[1]["area"]
    found = read(tmp_path, document(*entries))
    assert [instance.area for instance in found.image.instances] == [200, 574, 574]
    assert found.finding("no-area").message.endswith("(2 in this file, this is the first)")
    assert found.finding("odd-number").where == "$.annotations[2].area"


# Ids -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, "1", "x", 1.0, "007", -3, 10**12])
def test_ids_of_any_kind(tmp_path: Path, number: Any) -> None:
    file = document(
        entry(image_id=number, category_id=number),
        images=[image(number)],
        categories=[{"id": number, "name": "cat"}],
    )
    found = read(tmp_path, file)
    assert (found.instance.label, found.codes) == ("cat", [])


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"image_id": 9}, "dangling-image-id", "$.annotations[1].image_id"),
        ({"image_id": None}, "dangling-image-id", "$.annotations[1].image_id"),
        ({"image_id": [1]}, "dangling-image-id", "$.annotations[1].image_id"),
        ({"category_id": 9}, "dangling-category-id", "$.annotations[1].category_id"),
        ({"category_id": {}}, "dangling-category-id", "$.annotations[1].category_id"),
    ],
)
def test_dangling_ids(tmp_path: Path, changes: Any, code: str, where: str) -> None:
    found = read(tmp_path, document(entry(), entry(id=2, **changes)))
    finding = found.finding(code)
    assert (finding.file, finding.where, finding.lost) == (FILE, where, 1)
    assert found.instance.place.pointer == "$.annotations[0]"


def test_annotations_with_missing_or_duplicate_ids(tmp_path: Path) -> None:
    found = read(tmp_path, document(entry(), entry(), entry(id=None), 5))
    assert len(found.image.instances) == 3
    assert found.finding("annotation-ids").where == "$.annotations[1].id"
    assert "(2 in this file" in found.finding("annotation-ids").message
    assert found.finding("bad-annotation").where == "$.annotations[3]"


def test_image_id_used_twice_loses_both_images(tmp_path: Path) -> None:
    file = document(entry(), entry(id=2), images=[image(), image(1, "b.jpg")])
    found = read(tmp_path, file)
    assert found.images == []
    assert found.finding("ambiguous-image-id").where == "$.images[1].id"
    assert found.finding("image-not-usable").lost == 2


def test_an_image_listed_twice(tmp_path: Path) -> None:
    found = read(tmp_path, document(entry(), images=[image(), image()]))
    assert found.instance.label == "cat"
    assert found.codes == ["image-listed-twice"]


def test_categories_of_all_kinds(tmp_path: Path) -> None:
    categories = [
        {"id": 0, "name": "cat"}, {"id": 90, "name": "dog"}, {"id": 4, "name": "cat"},
        {"id": 90, "name": "cow"}, {"id": 7}, {"id": 8, "name": 12}, "x",
    ]  # fmt: skip
    entries = [entry(id=n, category_id=n) for n in (0, 90, 4, 8)]
    found = read(tmp_path, document(*entries, categories=categories))
    assert [i.label for i in found.image.instances] == ["cat", "cat", "12"]
    assert [(f.code, f.where, f.lost) for f in found.findings] == [
        ("duplicate-category", "$.categories[2]", 0),
        ("ambiguous-category-id", "$.categories[3]", 0),
        ("bad-category", "$.categories[4]", 0),
        ("bad-category", "$.categories[6]", 0),
        ("ambiguous-category-id", "$.annotations[1].category_id", 1),
    ]
    assert [c.name for c in header(tmp_path).categories] == ["cat", "dog", "cow", "12"]


# Images ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "where"),
    [("/data/x.jpg", "$.images[0].file_name"), ("../x.jpg", "$.images[0].file_name"),
     ("C:\\x.jpg", "$.images[0].file_name"), (None, "$.images[0].file_name"),
     ("", "$.images[0].file_name")],
)  # fmt: skip
def test_unusable_names(tmp_path: Path, name: Any, where: str) -> None:
    found = read(tmp_path, document(entry(), entry(id=2), images=[image(1, name)]))
    assert found.images == []
    (finding,) = [finding for finding in found.findings if finding.lost]
    assert (finding.where, finding.lost, finding.severity) == (where, 2, "error")


def test_an_absolute_path_to_the_only_image_of_that_name(tmp_path: Path) -> None:
    found = read(tmp_path, document(entry(), images=[image(1, "/home/me/set/a.jpg")]))
    assert (found.image.file_name, found.codes) == ("a.jpg", ["path-leaves-root"])


def test_a_missing_size_is_read_from_the_image(tmp_path: Path) -> None:
    picture(tmp_path / "b.jpg", (20, 30))
    images = [
        image(width=None),
        image(2, "b.jpg", width=0, height=-4),
        image(3, "c.jpg", height="x"),
        image(4, "b.jpg", width="20", height=30.0),
    ]
    found = read(tmp_path, document(entry(image_id=3), images=images))
    assert [(one.width, one.height) for one in found.images] == [(64, 48), (20, 30), (20, 30)]
    assert found.finding("no-image-size").lost == 1


def test_sizes_are_compared_if_asked(tmp_path: Path) -> None:
    file = document(images=[image(width=HEIGHT, height=WIDTH)])
    assert read(tmp_path, file).codes == []
    finding = read(tmp_path, file, verify_images=True).finding("swapped-size")
    assert finding.where == "$.images[0].width"


def test_missing_images(tmp_path: Path) -> None:
    images = [image(), image(2, "b.jpg"), image(3, "c.jpg")]
    file = document(entry(), entry(id=2, image_id=2), images=images)
    found = read(tmp_path, file)
    assert len(found.images) == 3
    assert (found.findings[0].severity, found.findings[0].where) == (
        "warning", "$.images[1].file_name",
    )  # fmt: skip
    found = read(tmp_path, file, missing_images="skip")
    assert [one.file_name for one in found.images] == ["a.jpg"]
    assert [(f.code, f.lost) for f in found.findings] == [
        ("image-missing", 1), ("image-missing", 0),
    ]  # fmt: skip
    assert read(tmp_path, file, find_images=False).codes == []


def test_images_are_found_below_the_folder(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write(tmp_path / "annotations" / f"instances_{split}2017.json", document(entry()))
        picture(tmp_path / f"{split}2017" / "a.jpg")
    found = read(tmp_path)
    assert [(one.split, one.file_name) for one in found.images] == [
        ("train", "train2017/a.jpg"),
        ("val", "val2017/a.jpg"),
    ]
    assert found.codes == ["image-folder"] * 2
    found = read(tmp_path / "annotations", image_dir=str(tmp_path / "val2017"))
    assert [one.file_name for one in found.images] == ["a.jpg", "a.jpg"]
    with pytest.raises(InputError):
        read(tmp_path, image_dir=str(tmp_path / "no"))


# Files -----------------------------------------------------------------------------------------


def test_splits_and_their_categories(tmp_path: Path) -> None:
    train = document(entry(), info={"year": 1})
    val = document(entry(), categories=[{"id": 1, "name": "cow"}, {"id": 2, "name": "cat"}],
                   info={"year": 2})  # fmt: skip
    write(tmp_path / "a" / "train.json", train)
    write(tmp_path / "b" / "val.json", val)
    found = read(tmp_path)
    assert [(one.split, one.instances[0].label) for one in found.images] == [
        ("train", "cat"),
        ("val", "cow"),
    ]
    said = header(tmp_path)
    assert [category.name for category in said.categories] == ["cat", "dog", "cow"]
    assert said.extra == {"coco": {"info": {"year": 1}}}
    differ = [(f.file, f.code, f.severity) for f in found.findings if "differ" in f.code]
    assert differ == [
        ("a/train.json", "categories-differ", "note"),
        ("b/val.json", "categories-differ", "note"),
        ("b/val.json", "header-differs", "note"),
    ]


def test_two_files_of_one_split_stay_separate(tmp_path: Path) -> None:
    for name in ("instances_val.json", "person keypoints_val.json"):
        write(tmp_path / name, document(entry()))
    found = read(tmp_path)
    assert [one.split for one in found.images] == ["instances_val", "person_keypoints_val"]
    assert found.finding("split-of-several-files").severity == "note"


@pytest.mark.parametrize(
    ("content", "reason"),
    [([1], "not an object"), ({"shapes": []}, "no list of images"),
     ({"images": [], "annotations": [{"caption": "a cat"}]}, "no list of categories"),
     ({"images": {}, "categories": []}, "no list of images")],
)  # fmt: skip
def test_other_json_is_skipped(tmp_path: Path, content: Any, reason: str) -> None:
    write(tmp_path / "x.json", content)
    write(tmp_path / "y.json", content)
    found = read(tmp_path, document(entry()))
    assert found.instance.label == "cat"
    finding = found.finding("not-coco")
    assert (finding.file, finding.severity) == ("x.json", "note")
    assert reason in finding.message
    assert "1 more" in finding.message


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        (b'{"images": [{"id"', "line 1, column 18", "truncated"),
        (b"", "", "empty"),
        (b"\xff\xfe\xff\xff\xff", "", "UTF-8"),
        ({"images": [], "annotations": [{"category_id": 1}]}, "$.categories", "(1 annotation)"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: Any, where: str, message: str) -> None:
    write(tmp_path / "bad.json", content)
    found = read(tmp_path, document(entry()))
    finding = found.finding("unreadable-json")
    assert (finding.file, finding.where, finding.severity) == ("bad.json", where, "error")
    assert message in finding.message
    assert found.instance.label == "cat"


def test_nan_is_accepted_with_a_finding(tmp_path: Path) -> None:
    found = read(tmp_path, json.dumps(document(entry(area=float("nan")))))
    assert found.instance.area == 574
    assert found.codes == ["nan", "no-area"]


def test_entries_that_are_not_objects(tmp_path: Path) -> None:
    found = read(tmp_path, document(entry(), 3, None, images=[image(), "b.jpg"]))
    assert len(found.image.instances) == 1
    assert found.codes == ["bad-image", "bad-annotation", "bad-annotation"]
    assert [f.lost for f in found.findings] == [0, 1, 1]


@pytest.mark.parametrize(
    ("value", "crowd", "codes"),
    [(1, True, []), (True, True, []), (0, False, []), (None, False, []),
     ("1", True, ["odd-number"]), (2, True, ["odd-iscrowd"]), ([], False, ["bad-value"])],
)  # fmt: skip
def test_iscrowd(tmp_path: Path, value: Any, crowd: bool, codes: list[str]) -> None:
    found = read(tmp_path, document(entry(iscrowd=value)))
    assert (found.instance.iscrowd, found.codes) == (crowd, codes)


def test_attributes_of_any_kind_are_kept(tmp_path: Path) -> None:
    entries = [entry(id=1, attributes=["a"]), entry(id=2, attributes={}), entry(id=3, ignore=1)]
    found = read(tmp_path, document(*entries))
    assert [i.extra["coco"] for i in found.image.instances] == [
        {"attributes": ["a"]}, {"attributes": {}}, {"ignore": 1},
    ]  # fmt: skip
