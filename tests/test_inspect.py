"""What a folder is taken for: folders of many shapes, drawn here, none of them explained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from helpers import (
    SAMPLE,
    SQUARE,
    document,
    picture,
    run_convert,
    shape,
    snapshot,
    voc_object,
    voc_xml,
    write,
)

from dataforge.datasets import find_layout, guess_format
from dataforge.errors import InputError
from dataforge.io import Root, limits
from dataforge.layouts import Layout, load_layout, to_toml
from dataforge.verbs.inspect import Inspection, Part, inspect
from dataforge.verbs.register import Request, plan

BOX = (0, 5, 30, 40)  # begins at 0, so that coords are told


def pair(folder: Path, image: str, xml: str, *labels: str) -> None:
    """An image, and an XML file with a box for each label."""
    size = 64, 48 + crc32(image.encode()) % 1000  # no two images are the same
    picture(folder / image, size)
    write(folder / xml, voc_xml(*(voc_object(label, BOX) for label in labels), size=size))


def lists(folder: Path, **ids: str) -> None:
    """Split files; a double underscore stands for a slash."""
    for name, text in ids.items():
        write(folder / (name.replace("__", "/") + ".txt"), text)


# Eight folders ---------------------------------------------------------------------------------


def humanparts(folder: Path) -> None:
    """HumanParts' own shape with other names: splits directly in ImageSets."""
    for id_, label in (("000001", "hand"), ("000002", "face"), ("000003", "hand")):
        pair(folder, f"Images/{id_}.jpg", f"Annotations/{id_}.xml", label)
    lists(folder, ImageSets__mine_train="000001\n000002\n", ImageSets__mine_val="000003\n")


def devkit_from_above(folder: Path) -> None:
    """VOCdevkit/VOC2007, masks with the images' names, a list for each class."""
    devkit = folder / "VOCdevkit" / "VOC2007"
    for id_ in ("000001", "000002", "000003"):
        pair(devkit, f"JPEGImages/{id_}.jpg", f"Annotations/{id_}.xml", "dog")
        picture(devkit / "SegmentationClass" / f"{id_}.png")
    main = devkit / "ImageSets" / "Main"
    lists(main, train="000001\n000002\n", val="000003\n", trainval="000001\n000002\n000003\n")
    lists(main, dog_train="000001  1\n000002 -1\n")


def no_splits(folder: Path) -> None:
    """images/ and annotations/, extensions mixed, one pair in different case."""
    pair(folder, "images/a.png", "annotations/a.xml", "cat")
    pair(folder, "images/b.JPG", "annotations/b.XML", "cat")
    pair(folder, "images/IMG_1.webp", "annotations/img_1.xml", "dog")


def beside(folder: Path) -> None:
    """XML beside the images, in folders by day."""
    pair(folder, "2024-01-01/a.jpg", "2024-01-01/a.xml", "cat")
    pair(folder, "2024-01-02/a.jpg", "2024-01-02/a.xml", "cat", "cat")


def roboflow(folder: Path) -> None:
    """Roboflow's VOC export."""
    for split, id_ in (("train", "a_jpg.rf.1"), ("train", "b_jpg.rf.2"), ("valid", "c_jpg.rf.3")):
        pair(folder, f"{split}/{id_}.jpg", f"{split}/{id_}.xml", "cat")
    write(folder / "README.roboflow.txt", "exported\n")


def folders_in_splits(folder: Path) -> None:
    """train/images + train/annotations, and the same for test."""
    for split, id_ in (("train", "a"), ("train", "b"), ("test", "c")):
        pair(folder, f"{split}/images/{id_}.png", f"{split}/annotations/{id_}.xml", "cat")


def splits_in_folders(folder: Path) -> None:
    """images/train + annotations/train."""
    for split, id_ in (("train", "a"), ("val", "b")):
        pair(folder, f"images/{split}/{id_}.jpg", f"annotations/{split}/{id_}.xml", "cat")


def cameras(folder: Path) -> None:
    """A pair of folders for each camera; lists from Windows, with paths and columns."""
    for camera, id_ in (("cam1", "shot 0"), ("cam1", "shot 1"), ("cam2", "shot 0")):
        pair(folder, f"{camera}/images/{id_}.jpg", f"{camera}/xml/{id_}.xml", "cat")
    lists(
        folder,
        train="cam1\\images\\shot 0.jpg,1\r\ncam1\\images\\shot 1.jpg,1\r\n\r\n",
        val="cam2/shot 0\r\n",
    )


EIGHT: list[tuple[Callable[[Path], None], str, str, dict[str, int], dict[str, int]]] = [
    # shape, images, annotations, split -> images, split -> instances
    (humanparts, "Images", "Annotations", {"train": 2, "val": 1}, {"train": 2, "val": 1}),
    (
        devkit_from_above,
        "VOCdevkit/VOC2007/JPEGImages",
        "VOCdevkit/VOC2007/Annotations",
        {"train": 2, "val": 1},
        {"train": 2, "val": 1},
    ),
    (no_splits, "images", "annotations", {"all": 3}, {"all": 3}),
    (beside, ".", ".", {"all": 2}, {"all": 3}),
    (roboflow, "{split}", "{split}", {"train": 2, "val": 1}, {"train": 2, "val": 1}),
    (
        folders_in_splits,
        "{split}/images",
        "{split}/annotations",
        {"train": 2, "test": 1},
        {"train": 2, "test": 1},
    ),
    (
        splits_in_folders,
        "images/{split}",
        "annotations/{split}",
        {"train": 1, "val": 1},
        {"train": 1, "val": 1},
    ),
    (cameras, "*/images", "*/xml", {"train": 2, "val": 1}, {"train": 2, "val": 1}),
]


@pytest.mark.parametrize(("draw", "images", "annotations", "splits", "instances"), EIGHT)
def test_eight_folders_need_no_flag(
    draw: Callable[[Path], None],
    images: str,
    annotations: str,
    splits: dict[str, int],
    instances: dict[str, int],
    tmp_path: Path,
) -> None:
    """inspect, convert and register agree on each, and the saved layout is the inferred one."""
    folder = tmp_path / "set"
    draw(folder)
    before = snapshot(folder)
    found = inspect(str(folder))
    (part,) = found.parts
    assert (part.format, part.needs, found.usable, found.failed) == ("voc", "", True, False)
    assert part.layout is not None
    assert (part.layout.images, part.layout.annotations) == (images, annotations)
    assert part.splits == splits
    assert _by_split(part) == instances
    assert part.coords.startswith("zero: ")

    report = run_convert(folder, tmp_path / "out", reads="voc")
    assert report.images == splits
    assert {split: sum(counts.values()) for split, counts in report.instances.items()} == instances
    assert (report.failed, report.lost) == (False, {})
    assert [f.code for f in report.findings if f.severity == "warning"] == (
        ["case-differs"] if draw is no_splits else []
    )

    planned = plan(Request(name="mine", root=str(folder), layout="custom-voc"))
    assert planned.images == splits
    assert not planned.failed

    file = write(tmp_path / "layout.toml", to_toml(part.layout))
    assert find_layout(str(file), "mine", Root(folder)).layout == part.layout
    assert snapshot(folder) == before


def _by_split(part: Part) -> dict[str, int]:
    totals: dict[str, int] = {}
    for counts in part.classes.values():
        for split, number in counts.items():
            totals[split] = totals.get(split, 0) + number
    return totals


# What is said ----------------------------------------------------------------------------------


def only(found: Inspection) -> Part:
    (part,) = found.parts
    return part


def codes(found: Inspection) -> list[str]:
    return [finding.code for finding in found.findings]


def test_the_sample_is_humanparts_under_any_name() -> None:
    found = inspect(str(SAMPLE / "humanparts"))
    part = only(found)
    assert part.layout is not None
    assert part.layout.name == "HumanParts"
    # counted in the XML with grep: Person and person are one, none is no object
    assert part.classes == {
        "face": {"train": 22, "val": 8},
        "person": {"train": 22, "val": 8},
        "hand": {"train": 44, "val": 16},
    }
    folder = SAMPLE / "humanparts"
    assert part.commands == [
        f"dataforge register HumanParts --layout custom-voc --root {folder}",
        f"dataforge convert voc2coco {folder} HumanParts_coco --layout humanparts "
        "--image-mode copy",
    ]
    assert found.findings == []


def test_folders_and_extensions_are_counted(tmp_path: Path) -> None:
    no_splits(tmp_path)
    found = inspect(str(tmp_path))
    assert found.files == 6
    assert found.folders == {
        "annotations": {".xml": 3},
        "images": {".jpg": 1, ".png": 1, ".webp": 1},
    }
    assert found.images == {".JPG": 1, ".png": 1, ".webp": 1}
    assert codes(found) == ["case-differs"]
    assert found.findings[0].file == "annotations/img_1.xml"


def test_folder_problems_are_reported(tmp_path: Path) -> None:
    pair(tmp_path, "I/a.jpg", "A/a.xml", "person", "person", "Person ", "persn")
    pair(tmp_path, "I/b.jpg", "A/b.xml", "person")
    picture(tmp_path / "I" / "alone.jpg", (20, 20))
    write(tmp_path / "I" / "hollow.png", b"")
    write(tmp_path / "A" / "gone.xml", voc_xml(voc_object("person", BOX)))
    write(tmp_path / "A" / "torn.xml", "<annotation><object>")
    lists(tmp_path, train="a\ngone\ntorn\nnowhere\n", val="b\na\n")
    found = inspect(str(tmp_path))
    said = {finding.code: finding for finding in found.findings}
    assert set(said) == {
        "image-missing",  # XML without image
        "image-without-annotation",
        "annotation-missing",  # a line of a split file
        "unreadable-xml",
        "look-alike-labels",
        "image-in-two-splits",
        "empty-file",
    }
    assert found.failed
    assert said["image-missing"].file == "A/gone.xml"
    assert said["image-without-annotation"].file == "I/alone.jpg"
    assert said["image-without-annotation"].message.startswith("2 images without an XML file")
    assert (said["annotation-missing"].file, said["annotation-missing"].where) == (
        "train.txt",
        "nowhere",
    )
    assert said["unreadable-xml"].file == "A/torn.xml"
    assert said["image-in-two-splits"].file == "I/a.jpg"
    assert said["empty-file"].file == "I/hollow.png"
    # a.xml is in both splits: 2 * 2 persons, and one each of b.xml and gone.xml
    (alike,) = [f for f in found.findings if f.code == "look-alike-labels"]
    assert alike.message == (
        "'person' (6 shapes), 'Person' (2 shapes) and 'persn' (2 shapes) look alike, but count as "
        "3 classes"
    )
    assert (alike.file, alike.where) == ("A/a.xml", "line 6")
    assert len({f.code for f in found.findings}) == len(found.findings)  # nothing said twice


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("cat", "Cat"), ["look-alike-labels"]),
        (("left hand", "left_hand"), ["look-alike-labels"]),
        (("car", "cars"), ["look-alike-labels"]),
        (("Straße", "STRASSE"), ["look-alike-labels"]),
        (("platelets", "platelet"), ["look-alike-labels"]),
        (("bicycle", "bycicle"), []),  # as frequent, and two letters: another word
        (("wheel1", "wheel2"), []),
        (("cat", "car"), []),
        (("male", "female"), []),
        (("train", "brain"), []),
    ],
)
def test_look_alike(tmp_path: Path, names: tuple[str, str], said: list[str]) -> None:
    pair(tmp_path, "a.jpg", "a.xml", *names)
    found = codes(inspect(str(tmp_path)))
    assert [code for code in found if code.endswith("-labels")] == said


def test_the_same_bytes_in_two_splits(tmp_path: Path) -> None:
    roboflow(tmp_path)
    for split, id_, colour in (("train", "x", b"\x01"), ("valid", "y", b"\x02")):
        pair(tmp_path, f"{split}/{id_}.jpg", f"{split}/{id_}.xml", "cat")
        place = picture(tmp_path / split / f"{id_}.jpg", (64, 48))  # as large, but another one
        place.write_bytes(place.read_bytes() + colour)
        write(tmp_path / split / f"{id_}.xml", voc_xml(voc_object("cat", BOX)))
    assert codes(inspect(str(tmp_path))) == []
    for end in ("jpg", "xml"):
        copy = (tmp_path / "train" / f"a_jpg.rf.1.{end}").read_bytes()
        write(tmp_path / "valid" / f"z.{end}", copy)
    (finding,) = inspect(str(tmp_path)).findings
    assert finding.code == "duplicate-across-splits"
    assert finding.file == "valid/z.jpg"
    assert finding.message == (
        "is identical to train/a_jpg.rf.1.jpg: one in val, one in train; 1 image is in two "
        "splits under two names (this is the first)"
    )
    for end in ("jpg", "xml"):  # a third time, and that of trainval which is no other split
        write(tmp_path / "trainval" / f"y.{end}", (tmp_path / "train" / f"x.{end}").read_bytes())
    assert inspect(str(tmp_path)).findings == [finding]


def test_labelme_folder_suggests_commands(tmp_path: Path) -> None:
    folder = tmp_path / "my shots"
    for name in "ab":
        write(folder / f"{name}.json", document(shape("cat", SQUARE), image=f"{name}.jpg"))
        picture(folder / f"{name}.jpg")
    write(folder / "notes.json", {"about": "us"})
    part = only(inspect(str(folder)))
    assert (part.format, part.files, part.layout) == ("labelme", 2, None)
    assert part.evidence == "2 JSON files with shapes"
    assert part.classes == {"cat": {"all": 2}}
    assert part.commands == [
        f"dataforge convert labelme2coco '{folder}' my_shots_coco "
        "--split train=80,val=20 --image-mode copy",
        "dataforge register my_shots --layout coco --root my_shots_coco",
    ]


def test_coco_and_its_layout(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    for split in ("train", "val"):
        picture(folder / f"{split}2017" / f"{split}.jpg")
        annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12}
        write(
            folder / "annotations" / f"instances_{split}2017.json",
            {
                "images": [{"id": 1, "file_name": f"{split}.jpg", "width": 64, "height": 48}],
                "annotations": [{**annotation, "iscrowd": 0}],
                "categories": [{"id": 1, "name": "cat"}],
            },
        )
    part = only(inspect(str(folder)))
    assert part.format == "coco"
    assert part.layout is not None
    assert part.layout.split_images == {"train": "train2017", "val": "val2017"}
    assert part.splits == {"train": 1, "val": 1}
    assert part.classes == {"cat": {"train": 1, "val": 1}}
    assert part.commands == [f"dataforge register parts --layout coco --root {folder}"]
    file = write(tmp_path / "layout.toml", to_toml(part.layout))
    assert find_layout(str(file), "parts", Root(folder)).layout == part.layout


def test_yolo(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for split, id_ in (("train", "a"), ("train", "b"), ("val", "c")):
        picture(folder / "images" / split / f"{id_}.jpg", (64, 48 + ord(id_)))
        write(folder / "labels" / split / f"{id_}.txt", "1 0.5 0.5 0.25 0.25\n")
    write(folder / "data.yaml", "train: images/train\nval: images/val\nnames: [cat, dog]\n")
    part = only(inspect(str(folder)))
    assert (part.format, part.files, part.splits) == ("yolo", 3, {"train": 2, "val": 1})
    assert part.evidence.endswith("; class names in data.yaml")
    assert part.classes == {"cat": {}, "dog": {"train": 2, "val": 1}}
    assert part.commands[0] == f"dataforge convert yolo2coco {folder} set_coco --image-mode copy"


def test_an_option_that_has_to_be_chosen_is_in_the_commands(tmp_path: Path) -> None:
    """The class is one of two attributes: the first is shown, and the others are named."""
    picture(tmp_path / "d" / "a.jpg")
    shape = {"name": "rect", "x": 1, "y": 2, "width": 3, "height": 4}
    regions = [
        {"shape_attributes": shape, "region_attributes": {"colour": "red", "breed": breed}}
        for breed in ("pug", "pug", "collie")
    ]
    project = {"a.jpg1": {"filename": "a.jpg", "size": 1, "regions": regions}}
    write(tmp_path / "d" / "v.json", json.dumps(project))
    found = inspect(str(tmp_path / "d"))
    part = only(found)
    assert part.classes == {"pug": {"all": 2}, "collie": {"all": 1}}
    assert part.reasons == [
        "v.json: several attributes could be the class: breed, colour; name one with "
        "--label-attribute; here it is breed"
    ]
    assert "--label-attribute breed" in part.commands[0]
    assert (found.usable, found.needs) == (True, [])


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    pair(tmp_path, "a.jpg", "a.xml", "cat")
    try:
        (tmp_path / "a.jpg").rename(tmp_path / "caf\udce9.jpg")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    write(tmp_path / "b.xml", (tmp_path / "a.xml").read_bytes())
    picture(tmp_path / "b.jpg")
    found = inspect(str(tmp_path))
    assert {f.file for f in found.findings if f.code == "image-without-annotation"} == {
        "caf\udce9.jpg"
    }


def test_two_formats_in_one_folder(tmp_path: Path) -> None:
    pair(tmp_path, "a.jpg", "a.xml", "cat")
    write(tmp_path / "a.json", document(shape("cat", SQUARE), shape("dog", SQUARE)))
    found = inspect(str(tmp_path))
    assert sorted(part.format for part in found.parts) == ["labelme", "voc"]
    assert found.layout is not None


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "the folder is empty"),
        (["a.jpg"], "1 image without annotations"),
        (["notes.md"], "no images"),
        (["a.jpg", "a.svg.xml"], "XML with root <svg>, not <annotation> as in VOC"),
        (["a.jpg", "about.json"], "JSON of no format that dataforge reads"),
    ],
)
def test_unrecognised_folder_explains_what_is_needed(
    tmp_path: Path, files: list[str], said: str
) -> None:
    for name in files:
        write(tmp_path / name, {".xml": "<svg/>", ".json": '{"a": 1}'}.get(Path(name).suffix, "x"))
    found = inspect(str(tmp_path))
    assert not found.usable
    assert found.parts == []
    assert any(said in need for need in found.needs)


def test_recognised_format_without_layout_explains_what_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", voc_xml(voc_object("cat", BOX)))
    picture(tmp_path / "b.jpg")
    found = inspect(str(tmp_path))
    assert not found.usable
    assert "none with the same name; name the folders in a layout file" in only(found).needs


def test_a_coco_file_may_be_larger_than_other_annotation_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.json", {"images": [], "annotations": [], "categories": []})
    monkeypatch.setattr(limits, "MAX_TEXT_BYTES", 10)
    assert guess_format(Root(tmp_path)) == "coco"
    assert [part.format for part in inspect(str(tmp_path)).parts] == ["coco"]


def test_no_such_folder() -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        inspect("/no/such/folder")


def test_a_label_file_is_not_a_split_and_a_list_not_yolo(tmp_path: Path) -> None:
    roboflow(tmp_path)
    write(tmp_path / "train" / "a_jpg.rf.1.txt", "words\n")
    assert [part.format for part in inspect(str(tmp_path)).parts] == ["voc"]


# Saving a layout -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layout",
    [
        Layout(),
        Layout(images="{split}/im äges", annotations="*/x\"m'l\\", splits={"train": "a b.txt"}),
        Layout(
            name="X",
            also_known_as=("x", "y"),
            coords="voc",
            coords_default="voc",
            difficult="drop",
            lookup="filename",
            classes=("cat", "tab\there", "del\x7f", "人"),
            aliases={"cat": ["Cat", "CAT "], "the dog": []},
            skip=("none",),
            ignore_case=True,
            extensions=(".png",),
        ),
        Layout(classes=()),
        Layout(format="coco", splits={"train": "t.json"}, split_images={"train": "/abs/é"}),
    ],
)
def test_a_saved_layout_is_the_same(tmp_path: Path, layout: Layout) -> None:
    import msgspec

    text = to_toml(layout)
    assert text == to_toml(layout)
    assert msgspec.convert(load_layout(write(tmp_path / "x.toml", text)), Layout) == layout
    assert all(len(line) <= 160 for line in text.splitlines())


def test_every_field_of_a_layout_is_saved(tmp_path: Path) -> None:
    every: dict[str, Any] = {
        "format": "coco",
        "name": "X",
        "also_known_as": ("x",),
        "images": "I",
        "annotations": "A",
        "splits": {"train": "t.json"},
        "split_images": {"train": "t"},
        "extensions": (".png",),
        "lookup": "filename",
        "coords": "voc",
        "coords_default": "voc",
        "difficult": "drop",
        "classes": ("cat",),
        "aliases": {"cat": ["Cat"]},
        "skip": ("none",),
        "ignore_case": True,
    }
    assert every.keys() == {*Layout.__struct_fields__}
    saved = load_layout(write(tmp_path / "x.toml", to_toml(Layout(**every))))
    assert saved.keys() == every.keys()


@pytest.mark.parametrize(
    ("name", "content", "format_"),
    [
        ("a.json", '{"shapes": [', "labelme"),
        ("instances.json", '{"images": [', "coco"),
        ("a.xml", b"\xff\xd8\xff\x00", "voc"),
        ("a.xml", "", "voc"),
        ("n.json", '{"images": [], "annotations": [{"area": NaN}], "categories": []}', "coco"),
    ],
)
def test_unreadable_annotations_prevent_images_only_guess(
    tmp_path: Path, name: str, content: str | bytes, format_: str
) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / name, content)
    assert guess_format(Root(tmp_path)) == format_
