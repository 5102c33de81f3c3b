"""Which layout a folder has: folders of empty XML files and images are enough to tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import REAL, SAMPLE, write

from dataforge.errors import LayoutError, UsageError
from dataforge.fileio import Root
from dataforge.infer import choose, infer


def tree(folder: Path, *names: str, **lists: str) -> Root:
    """A folder with empty files, and with the lists that are given by name.

    A double underscore in a list's name stands for a slash, and .txt is added.
    """
    for name in names:
        write(folder / name)
    for name, text in lists.items():
        write(folder / (name.replace("__", "/") + ".txt"), text)
    return Root(folder)


def test_humanparts_without_being_told() -> None:
    found = infer(Root(SAMPLE / "humanparts"))
    assert (found.layout.images, found.layout.annotations) == ("Images", "Annotations")
    assert found.layout.splits == {
        "train": "ImageSets/privpersonpart_train.txt",
        "val": "ImageSets/privpersonpart_val.txt",
    }
    # counted in the folder: 22 XML files, 16 lines and 6 lines
    assert "22 of 22 XML files" in found.reasons[0]
    assert "lists 16 ids" in found.reasons[1]
    assert "lists 6 ids" in found.reasons[2]


@pytest.mark.parametrize(
    ("names", "images", "annotations", "splits"),
    [
        (["JPEGImages/a.jpg", "Annotations/a.xml"], "JPEGImages", "Annotations", {}),
        (["images/a.png", "annotations/a.XML"], "images", "annotations", {}),
        (["a.jpg", "a.xml", "b.JPG", "b.xml"], ".", ".", {}),
        (["data/a.jpg", "data/a.xml"], ".", ".", {}),  # nested ids: data/a
        (["d/img/a.jpg", "d/xml/a.xml"], "d/img", "d/xml", {}),
        # Roboflow's export: XML beside the images, a folder for each split
        (
            ["train/a.jpg", "train/a.xml", "valid/b.jpg", "valid/b.xml"],
            "{split}",
            "{split}",
            {"train": "train", "val": "valid"},
        ),
        (
            ["test/images/c.jpg", "test/annotations/c.xml", "train/images/a.jpg",
             "train/annotations/a.xml", "Val/images/b.jpg", "Val/annotations/b.xml"],
            "{split}/images",
            "{split}/annotations",
            {"train": "train", "val": "Val", "test": "test"},
        ),
        (
            ["images/train/a.jpg", "images/val/b.jpg", "labels/train/a.xml", "labels/val/b.xml"],
            "images/{split}",
            "labels/{split}",
            {"train": "train", "val": "val"},
        ),
        # one folder per camera is no split; the ids are nested
        (
            ["images/cam1/a.jpg", "images/cam2/a.jpg", "xml/cam1/a.xml", "xml/cam2/a.xml"],
            "images",
            "xml",
            {},
        ),
        # dotted stems
        (["images/a.b.png", "xml/a.b.xml"], "images", "xml", {}),
        # one stray pair does not decide
        (
            ["images/a.jpg", "images/b.jpg", "xml/a.xml", "xml/b.xml", "bin/c.jpg", "bin/c.xml"],
            "images",
            "xml",
            {},
        ),
    ],
)  # fmt: skip
def test_folders(
    tmp_path: Path, names: list[str], images: str, annotations: str, splits: dict[str, str]
) -> None:
    found = infer(tree(tmp_path, *names)).layout
    assert (found.images, found.annotations) == (images, annotations)
    assert found.splits == splits


def test_thumbnails_do_not_mislead(tmp_path: Path) -> None:
    root = tree(tmp_path, "Images/a.jpg", "Images/thumbs/a.jpg", "Annotations/a.xml")
    assert infer(root).layout.images == "Images"


FOUR = [f"{folder}/{id_}.{end}" for id_ in "abcd" for folder, end in (("I", "jpg"), ("A", "xml"))]


@pytest.mark.parametrize(
    ("lists", "splits"),
    [
        ({"train": "a\nb\n", "val": "c\n"}, {"train": "train.txt", "val": "val.txt"}),
        ({"my_train_list": "a.jpg\r\nb.jpg\r\n"}, {"train": "my_train_list.txt"}),
        ({"sets__validation": "I/a.jpg\n./I/b.jpg\n"}, {"val": "sets/validation.txt"}),
        ({"train": "a 1\nb -1\n"}, {"train": "train.txt"}),
        ({"train": "a,1\nb,0\n"}, {"train": "train.txt"}),
        # the general list, not one class's
        (
            {"Main__cat_train": "a 1\nb 1\nc 1\n", "Main__train": "a\nb\n"},
            {"train": "Main/train.txt"},
        ),
        # the longer of two
        ({"x_train": "a\n", "y_train": "a\nb\n"}, {"train": "y_train.txt"}),
        # trainval repeats train and val, but may be alone
        (
            {"train": "a\n", "val": "b\n", "trainval": "a\nb\n", "test": "c\n"},
            {"train": "train.txt", "val": "val.txt", "test": "test.txt"},
        ),
        ({"trainval": "a\nb\n", "test": "c\n"}, {"test": "test.txt", "trainval": "trainval.txt"}),
        # lists of something else: text, other ids, nothing
        ({"train": "how to train\nsee below\n"}, {}),
        ({"train": "x\ny\na\n"}, {}),
        ({"train": "\n"}, {}),
        ({"README": "a\nb\n"}, {}),
    ],
)
def test_split_files(tmp_path: Path, lists: dict[str, str], splits: dict[str, str]) -> None:
    found = infer(tree(tmp_path, *FOUR, **lists))
    assert found.layout.splits == splits
    if not splits:
        assert found.reasons[-1] == "no split file found: everything is one split"


def test_split_files_name_nested_ids(tmp_path: Path) -> None:
    names = [
        f"{folder}/cam{n}/a.{end}" for n in (1, 2) for folder, end in (("I", "jpg"), ("A", "xml"))
    ]
    root = tree(tmp_path, *names, train="cam1/a\n", val="I/cam2/a.jpg\n")
    assert infer(root).layout.splits == {"train": "train.txt", "val": "val.txt"}


def test_what_is_declared_is_kept_and_the_difference_said(tmp_path: Path) -> None:
    root = tree(tmp_path, *FOUR, "B/a.jpg", train="a\n")
    found = infer(root, {"images": "B", "classes": ["cat"], "splits": {}})
    assert (found.layout.images, found.layout.annotations) == ("B", "A")
    assert found.layout.classes == ("cat",)
    assert found.layout.splits == {}
    assert "images: B as declared, not I as found" in found.reasons


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "no .xml file"),
        (["a.jpg"], "no .xml file"),
        (["a.xml"], "no image"),
        (["a.xml", "b.jpg"], "1 XML files and 1 images, but no two of one name"),
    ],
)
def test_a_folder_that_does_not_tell(tmp_path: Path, names: list[str], said: str) -> None:
    with pytest.raises(LayoutError, match=said):
        infer(tree(tmp_path, *names))


# Choosing --------------------------------------------------------------------------------------


def test_a_well_known_name_brings_its_classes() -> None:
    found = choose("custom-voc", "HumanParts", Root(SAMPLE / "humanparts")).layout
    assert found.classes == ("face", "person", "hand")
    assert found.coords == "zero"
    assert choose("humanparts", "mine", Root(SAMPLE / "humanparts")).layout == found


def test_a_well_known_name_over_other_folders_keeps_all_but_the_folders(tmp_path: Path) -> None:
    found = choose("custom-voc", "HumanParts", tree(tmp_path, *FOUR))
    assert (found.layout.images, found.layout.annotations) == ("I", "A")
    assert found.layout.classes == ("face", "person", "hand")
    assert any("this folder differs" in reason for reason in found.reasons)


def test_the_devkits_layout_is_held_against_the_folder(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no folder Annotations/, no folder JPEGImages/"):
        choose("voc", "x", tree(tmp_path, *FOUR))
    root = tree(tmp_path / "v", "JPEGImages/a.jpg", "Annotations/a.xml", ImageSets__Main__val="a\n")
    found = choose("voc", "x", root).layout
    assert found.splits == {"val": "ImageSets/Main/val.txt"}
    assert found.coords_default == "voc"


def test_a_layout_file_and_flags(tmp_path: Path) -> None:
    file = write(tmp_path / "mine.toml", "images = 'I'\nannotations = 'A'\ncoords = 'mmdet'\n")
    found = choose(str(file), "x", tree(tmp_path / "d", *FOUR), {"coords": "zero"}).layout
    assert (found.images, found.coords) == ("I", "zero")


def test_an_unknown_layout(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--layout nonsense"):
        choose("nonsense", "x", tree(tmp_path, *FOUR))


def coco(*file_names: str) -> str:
    images = [{"id": n, "file_name": name} for n, name in enumerate(file_names, 1)]
    return json.dumps({"images": images, "annotations": [], "categories": []})


def test_coco_folders_are_found(tmp_path: Path) -> None:
    write(tmp_path / "annotations" / "instances_val2017.json", coco("b.jpg"))
    write(tmp_path / "annotations" / "instances_train2017.json", coco("a.jpg"))
    write(tmp_path / "other.json", "{}")
    root = tree(tmp_path, "train2017/a.jpg", "val2017/b.jpg")
    found = choose(None, "x", root).layout
    assert found.format == "coco"
    assert list(found.splits.items()) == [
        ("train", "annotations/instances_train2017.json"),
        ("val", "annotations/instances_val2017.json"),
    ]
    assert found.folders("train")[0] == "train2017"
    assert found.folders("val")[0] == "val2017"


def test_coco_images_that_are_not_there(tmp_path: Path) -> None:
    write(tmp_path / "train.json", coco("a.jpg"))
    with pytest.raises(LayoutError, match="none of the images"):
        choose("coco", "x", tree(tmp_path, "b.jpg"))


@pytest.mark.skipif(not (REAL / "bccd").is_dir(), reason="the real data are not here")
def test_bccd() -> None:
    found = choose("custom-voc", "bccd", Root(REAL / "bccd" / "BCCD")).layout
    assert (found.images, found.annotations) == ("JPEGImages", "Annotations")
    assert found.splits == {
        split: f"ImageSets/Main/{split}.txt" for split in ("train", "val", "test")
    }
