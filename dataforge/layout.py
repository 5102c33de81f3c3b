"""Where a dataset's images, annotations, splits and names live, and how its boxes are counted.

A `Layout` is given (a TOML file, or one that ships in templates/layouts/), or inferred from the
folder by `infer`, which also says why.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from dataforge.assets import asset
from dataforge.errors import LayoutError, ParseError
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


_SPLIT_ORDER = ("train", "val", "test", "trainval")


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
        return self.images.replace("{split}", folder), self.annotations.replace("{split}", folder)

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


# Inference -------------------------------------------------------------------------------------


class Inferred(msgspec.Struct, frozen=True):
    """A layout and the sentences that say how it was found."""

    layout: Layout
    reasons: tuple[str, ...]


def infer(root: Root, declared: Mapping[str, Any] | None = None) -> Inferred:
    """Find out where things are in a folder of XML files and images.

    Args:
        root: the folder.
        declared: fields of `Layout` that the user or a layout file says; they are kept.

    Raises:
        LayoutError: there is no XML file, or no image that goes with one.
    """
    declared = dict(declared or {})
    names = root.files()
    xmls = [name for name in names if name.lower().endswith(".xml")]
    images = [name for name in names if is_image(name)]
    if not xmls:
        raise LayoutError(f"{root.location}: no .xml file in it; name the folder with --root")
    if not images:
        raise LayoutError(f"{root.location}: no image in it ({', '.join(IMAGE_EXTENSIONS)})")
    found: dict[str, Any] = {}
    reasons: list[str] = []
    if not {"images", "annotations"} <= declared.keys():
        found, reasons = _infer_folders(xmls, images, root.location)
    for key, value in found.items():
        if key in declared and declared[key] != value:
            reasons.append(
                f"{key}: {_show(declared[key])} as declared, not {_show(value)} as found"
            )
    found |= declared
    if "splits" not in found:
        found["splits"], why = _infer_splits(root, names, xmls, found["annotations"])
        reasons += why
    return Inferred(msgspec.convert(found, Layout), tuple(reasons))


def _show(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, dict) else str(value)


def _infer_folders(
    xmls: list[str], images: list[str], where: str
) -> tuple[dict[str, Any], list[str]]:
    by_name: dict[str, list[str]] = defaultdict(list)
    for image in images:
        by_name[stem(image).rsplit("/", 1)[-1]].append(stem(image))
    pairs: Counter[tuple[str, str]] = Counter()
    deeper: Counter[tuple[str, str]] = Counter()
    for xml in xmls:
        candidates = by_name.get(stem(xml).rsplit("/", 1)[-1], [])
        if candidates:
            pair = min((_folders(image, stem(xml)) for image in candidates), key=_closeness)
            pairs[pair] += 1
            below = stem(xml)[0 if pair[1] == "." else len(pair[1]) + 1 :].split("/")
            inner = below[0] if len(below) > 1 else "."
            deeper[_join(pair[0], inner), _join(pair[1], inner)] += 1
    if not pairs:
        raise LayoutError(
            f"{where}: {len(xmls)} XML files and {len(images)} images, but no two of one name; "
            "name the folders with --images and --annotations"
        )
    split_folders = _split_folders(pairs) or _split_folders(deeper)
    if split_folders:
        (image_folder, annotation_folder), splits = split_folders
        reason = (
            f"one folder per split ({', '.join(splits.values())}): "
            f"{pairs.total()} of {len(xmls)} XML files have an image of their name there"
        )
        found = {"images": image_folder, "annotations": annotation_folder, "splits": splits}
        return found, [reason]
    (image_folder, annotation_folder), count = pairs.most_common(1)[0]
    reason = (
        f"images in {image_folder}/ and XML in {annotation_folder}/: "
        f"{count} of {len(xmls)} XML files have an image of their name there"
    )
    return {"images": image_folder, "annotations": annotation_folder}, [reason]


def _join(folder: str, inner: str) -> str:
    return "/".join(part for part in (folder, inner) if part != ".") or "."


def _folders(image: str, xml: str) -> tuple[str, str]:
    """The differing fronts of two paths that end alike: ('Images', 'Annotations')."""
    a, b = image.split("/"), xml.split("/")
    while a and b and a[-1] == b[-1]:
        a.pop()
        b.pop()
    return "/".join(a) or ".", "/".join(b) or "."


def _closeness(pair: tuple[str, str]) -> tuple[int, str]:
    return len(pair[0]) + len(pair[1]), pair[0]


def _split_folders(
    pairs: Iterable[tuple[str, str]],
) -> tuple[tuple[str, str], dict[str, str]] | None:
    """((images, annotations) with ``{split}`` in them, split -> folder), where that fits all."""
    patterns: set[tuple[str, str]] = set()
    splits: dict[str, str] = {}
    for image_folder, xml_folder in pairs:
        common = [part for part in image_folder.split("/") if part in xml_folder.split("/")]
        part = next((part for part in common if part.lower() in SPLIT_NAMES), None)
        if part is None:
            return None
        patterns.add((_replace_part(image_folder, part), _replace_part(xml_folder, part)))
        splits[SPLIT_NAMES[part.lower()]] = part
    if len(patterns) != 1:
        return None
    return patterns.pop(), {split: splits[split] for split in _SPLIT_ORDER if split in splits}


def _replace_part(path: str, part: str) -> str:
    parts = path.split("/")
    parts[parts.index(part)] = "{split}"
    return "/".join(parts)


def _infer_splits(
    root: Root, names: list[str], xmls: list[str], annotations: str
) -> tuple[dict[str, str], list[str]]:
    prefix = "" if annotations == "." else annotations + "/"
    known = {stem(xml)[len(prefix) :]: xml for xml in xmls if xml.startswith(prefix)}
    best: dict[str, tuple[tuple[bool, int, int], str]] = {}
    for name in names:
        split = _split_of(name)
        if not split:
            continue
        try:
            lines = split_ids(root.read_bytes(name).decode("utf-8", "replace"))
        except ParseError:
            continue
        hits = sum(match_id(line, known) is not None for line in lines)
        if not lines or hits < 0.5 * len(lines):
            continue
        file = stem(name).rsplit("/", 1)[-1].lower()
        # train.txt before aeroplane_train.txt, then the longer list, then the shorter path
        rank = file in SPLIT_NAMES, hits, -len(name)
        if split not in best or rank > best[split][0]:
            best[split] = rank, name
    if "train" in best:  # trainval repeats what train and val hold
        best.pop("trainval", None)
    splits = {split: best[split][1] for split in _SPLIT_ORDER if split in best}
    if not splits:
        return {}, ["no split file found: everything is one split"]
    return splits, [
        f"split {split}: {path} lists {best[split][0][1]} ids" for split, path in splits.items()
    ]


def _split_of(name: str) -> str | None:
    """The split that a list file's name speaks of: its last word that is a split's name."""
    if not name.lower().endswith((".txt", ".csv", ".lst")):
        return None
    words = re.split(r"[^a-z]+", stem(name).rsplit("/", 1)[-1].lower())
    found = [SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES]
    return found[-1] if found else None


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
