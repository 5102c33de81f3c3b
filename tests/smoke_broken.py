"""Ways to break a copy of the sample data, and what each must be refused for in any framework."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from PIL import Image
from smoke_data import edit_json


class Way(NamedTuple):
    """One way.

    Attributes:
        kind: of sample, COCO made from labelme or custom VOC.
        damage: done to a copy of its folder.
        codes: of the error findings: all of one of these sets, of no other.
        words: in the reasons.
    """

    kind: Literal["coco", "voc"]
    damage: Callable[[Path], None]
    codes: tuple[set[str], ...]
    words: tuple[str, ...]


def without_hands(content: dict[str, Any]) -> None:
    (hand,) = [c for c in content["categories"] if c["name"] == "hand"]
    content["categories"].remove(hand)
    content["annotations"] = [a for a in content["annotations"] if a["category_id"] != hand["id"]]


def reverse_categories(content: dict[str, Any]) -> None:
    content["categories"].reverse()


def _misspell(content: dict[str, Any]) -> None:
    for category in content["categories"]:
        category["name"] = category["name"].replace("hand", "hnad")


def _misspell_xml(root: Path) -> None:
    for path in (root / "Annotations").glob("*.xml"):
        text = path.read_text("utf-8")
        for spelling in ("hand", "Hand", "HAND"):
            text = text.replace(f"{spelling}<", "hnad<").replace(f"{spelling} <", "hnad<")
        path.write_text(text, "utf-8")


def _remove_coco_images(root: Path) -> None:
    content = json.loads((root / "annotations" / "instances_train.json").read_text())
    for image in content["images"][:2]:
        (root / "images" / image["file_name"]).unlink()


def _truncate(root: Path) -> None:
    for path in root.rglob("*.jpg"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _double(content: dict[str, Any]) -> None:
    for image in content["images"]:
        image["width"], image["height"] = 2 * image["width"], 2 * image["height"]
    _double_boxes(content)


def _double_boxes(content: dict[str, Any]) -> None:
    for annotation in content["annotations"]:
        annotation["bbox"] = [2 * value for value in annotation["bbox"]]
        annotation["area"] *= 4


def _halve_images(root: Path) -> None:
    for path in (root / "Images").glob("*.jpg"):
        with Image.open(path) as image:
            half = image.resize((160, 120))
        half.save(path)


def _flag(key: str) -> Callable[[Path], None]:
    def flag(content: dict[str, Any]) -> None:
        for annotation in content["annotations"]:
            annotation[key] = 1

    return _json(flag)


def _spoil_a_box(content: dict[str, Any]) -> None:
    content["annotations"][0]["bbox"] = None


def _json(edit: Callable[[dict[str, Any]], None], *splits: str) -> Callable[[Path], None]:
    return lambda root: edit_json(root, edit, splits=splits or ("train", "val"))


_UNBUILT = {"dataset-does-not-build"}

WAYS = {
    # A class that reads by name refuses it when it is built, or the preflight sees it.
    "a class missing from the JSON": Way(
        "coco", _json(without_hands), ({"category-missing"}, _UNBUILT), ("'hand'",)
    ),
    "a class misspelt in the JSON": Way(
        "coco", _json(_misspell), (_UNBUILT,), ("'hand'", "'hnad'")
    ),
    "a class misspelt in val alone": Way(
        "coco", _json(_misspell, "val"), (_UNBUILT,), ("instances_val", "'hnad'")
    ),
    "a class misspelt in XML": Way(
        "voc", _misspell_xml, ({"class-without-ground-truth"},), ("'hand'", "'hnad'")
    ),
    "images missing from COCO": Way(
        "coco", _remove_coco_images, ({"image-missing"},), ("2 of 11 images", ".jpg")
    ),
    "an image missing from VOC": Way(
        "voc",
        lambda root: (root / "Images" / "000001.jpg").unlink(),
        (_UNBUILT,),
        ("FileNotFoundError", "1 of the 16 images", "000001"),
    ),
    "truncated images in COCO": Way("coco", _truncate, ({"unreadable-image"},), ("truncated",)),
    "truncated images in VOC": Way("voc", _truncate, ({"unreadable-image"},), ("truncated",)),
    "annotations for images of twice the size": Way(
        "coco",
        _json(_double),
        ({"image-size-differs"},),
        ("is 320x240, its annotations are for 640x480 (2 and 2 times as large)",),
    ),
    "XML for images of twice the size": Way(
        "voc",
        _halve_images,
        # Two XML files have no <size>, so their boxes also extend beyond the halved images.
        ({"image-size-differs"}, {"image-size-differs", "boxes-outside-images"}),
        ("is 160x120, its annotations are for 320x240",),
    ),
    "boxes alone of twice the size": Way(
        "coco", _json(_double_boxes), ({"boxes-outside-images"},), ("extend beyond their images",)
    ),
    "every instance a crowd": Way(
        "coco", _flag("iscrowd"), ({"no-ground-truth"},), ("crowd or ignored",)
    ),
    "every instance ignored": Way(
        "coco", _flag("ignore"), ({"no-ground-truth"},), ("crowd or ignored",)
    ),
    "an empty val split in COCO": Way(
        "coco",
        _json(lambda content: content.update(images=[], annotations=[]), "val"),
        ({"split-empty"},),
        ("val", "no image"),
    ),
    "an empty val split in VOC": Way(
        "voc",
        lambda root: (root / "ImageSets" / "privpersonpart_val.txt").write_text("\n") and None,
        ({"split-empty"},),
        ("val", "no image"),
    ),
    # Annotations are read when the dataset is built, or when training comes to them.
    "an annotation that stops the training": Way(
        "coco", _json(_spoil_a_box, "train"), ({"annotation-unreadable"}, _UNBUILT), ("TypeError",)
    ),
}
