"""Where a dataset's images, annotations, splits and names live, and how its boxes are counted.

A `Layout` is given (a TOML file, or one that ships in templates/layouts/), or inferred from the
folder by `dataforge.infer`, which also says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from dataforge.assets import asset
from dataforge.errors import ParseError
from dataforge.fileio import IMAGE_EXTENSIONS, Root, is_image, load_toml, resolve, stem
from dataforge.geometry import Coords

CoordsChoice: TypeAlias = Literal["auto", "voc", "mmdet", "zero"]
Difficult: TypeAlias = Literal["keep", "ignore", "drop"]

SPLIT_NAMES = {
    "train": "train", "training": "train", "trn": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test", "tst": "test",
    "trainval": "trainval",
}  # fmt: skip
"""What split files and folders are called -> the name that is used here."""


SPLIT_ORDER = ("train", "val", "test", "trainval")


class Layout(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Where things are in a folder of images with one XML file each, or of COCO files.

    Attributes:
        format: `voc` (XML) or `coco`.
        name: how people call the dataset.
        also_known_as: other names of it.
        images: folder of the images, relative to the root; ``{split}`` stands for the split's
            folder where each split has one.
        annotations: folder of the XML files, likewise.
        splits: split name -> the file that lists its ids (voc) or its JSON (coco); with
            ``{split}`` folders, the folder's name.
        split_images: split name -> folder of its images, where that is not `images`.
        extensions: image extensions that are looked for, lower case, in this order.
        lookup: find an image by its annotation's `id` or by the XML's `filename`.
        coords: convention of the XML's boxes (`dataforge.geometry.COORDS_OFFSETS`).
        coords_default: what `auto` falls back to where the data do not tell.
        difficult: objects marked difficult are trained on (`keep`), handed to mmdet as boxes to
            `ignore`, or left out (`drop`).
        classes: names in the order of their labels; None takes what is there, sorted.
        aliases: class -> other spellings.
        skip: names that mean no object.
        ignore_case: compare names case-folded.
    """

    format: Literal["voc", "coco"] = "voc"
    name: str = ""
    also_known_as: tuple[str, ...] = ()
    images: str = "JPEGImages"
    annotations: str = "Annotations"
    splits: dict[str, str] = {}
    split_images: dict[str, str] = {}
    extensions: tuple[str, ...] = IMAGE_EXTENSIONS
    lookup: Literal["id", "filename"] = "id"
    coords: CoordsChoice = "auto"
    coords_default: Coords = "zero"
    difficult: Difficult = "keep"
    classes: tuple[str, ...] | None = None
    aliases: dict[str, list[str]] = {}
    skip: tuple[str, ...] = ()
    ignore_case: bool = False

    def folders(self, split: str) -> tuple[str, str]:
        """(images, annotations) of one split, relative to the root."""
        folder = self.splits.get(split, split)
        images = self.split_images.get(split, self.images)
        return images.replace("{split}", folder), self.annotations.replace("{split}", folder)

    @property
    def per_split(self) -> bool:
        """Whether each split has folders of its own, in place of a list of ids."""
        return "{split}" in self.images + self.annotations


def load(path: Path) -> dict[str, Any]:
    """What a layout's TOML file declares, field by field.

    Raises:
        ParseError: the file is no TOML, or a key or value is not a layout's.
    """
    table = load_toml(path)
    try:
        msgspec.convert(table, Layout)
    except msgspec.ValidationError as error:
        raise ParseError(
            str(path), "", f"{error}; see dataforge.layout.Layout for the keys"
        ) from error
    return table


def well_known(name: str) -> dict[str, Any] | None:
    """What the layout that ships for a dataset of this name declares, if one does."""
    wanted = _plain(name)
    for entry in sorted(asset("templates", "layouts").glob("*.toml")):
        table = load(entry)
        if wanted in {
            _plain(known) for known in (table.get("name"), *table.get("also_known_as", ())) if known
        }:
            return table
    return None


def shipped(name: str) -> dict[str, Any]:
    """What a layout file of templates/layouts/ declares, by the file's name, such as `voc`."""
    return load(asset("templates", "layouts") / f"{name}.toml")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def missing(layout: Layout, root: Root) -> list[str]:
    """What the layout names and the folder does not have, in words; empty where it fits."""
    names = root.files()
    problems = []
    for split in layout.splits or {"": ""}:
        for folder in layout.folders(split):
            prefix = "" if folder in (".", "") else folder.rstrip("/") + "/"
            if not any(name.startswith(prefix) for name in names):
                problems.append(f"no folder {folder}/")
    if not layout.per_split:
        listed = set(names)
        problems += [f"no file {path}" for path in layout.splits.values() if path not in listed]
    return sorted(set(problems))


# Split files -----------------------------------------------------------------------------------


def split_ids(text: str) -> list[str]:
    """The ids in a split file, in its order, each once.

    Blank lines, spaces around, an image's extension, ``id 1`` and ``id,1`` (VOC's class files)
    are understood; a line with -1 in its second column is not in the split.

    >>> split_ids("a\\n\\nsub/b.jpg \\nc 1\\nd -1\\ne,1\\nmy photo\\n")
    ['a', 'sub/b', 'c', 'e', 'my photo']
    """
    ids: dict[str, None] = {}
    for line in text.replace("\ufeff", "").splitlines():
        line = line.strip()
        column = re.fullmatch(r"(.*?)(?:\s+|\s*,\s*)(-?[01])", line)
        if column:
            if column[2] == "-1":
                continue
            line = column[1]
        line = line.strip("\"' ").replace("\\", "/")
        if is_image(line) or line.lower().endswith(".xml"):
            line = stem(line)
        if line:
            ids.setdefault(line)
    return list(ids)


def match_id(line: str, known: Mapping[str, str]) -> str | None:
    """The id that a line of a split file means, where it may be written as a path."""
    for start in range(line.count("/") + 1):
        candidate = "/".join(line.split("/")[start:]).removeprefix("./")
        if candidate in known:
            return candidate
    return None


# Coordinates -----------------------------------------------------------------------------------


class CoordsEvidence:
    """Collects what tells one convention of boxes from another, over a whole dataset."""

    def __init__(self) -> None:
        self.boxes = 0
        self.zeros = 0
        self.at_edge = 0

    def add(self, bounds: tuple[float, float, float, float], width: int, height: int) -> None:
        """Take in one object's (xmin, ymin, xmax, ymax) as written."""
        self.boxes += 1
        self.zeros += any(0 <= value < 1 for value in bounds[:2])
        self.at_edge += bounds[2] == width or bounds[3] == height

    def decide(self, default: Coords) -> tuple[Coords, str]:
        """(convention, the sentence that says why)."""
        if self.zeros:
            return "zero", f"{self.zeros} of {self.boxes} boxes begin at 0, so pixels count from 0"
        if self.at_edge:
            return "voc", (
                f"no box of {self.boxes} begins at 0 and {self.at_edge} end exactly at the image's "
                "width or height, so pixels count from 1"
            )
        return default, f"nothing in {self.boxes} boxes tells; {default} is this layout's default"


def resolved_reference(folder: str, reference: str) -> str | None:
    """A ``<filename>`` relative to the folder of the images, None where it leads outside."""
    return resolve(folder if folder != "." else "", reference)
