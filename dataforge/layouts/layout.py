"""Where a dataset's images, annotations, splits and names live, and how its boxes are counted.

A `Layout` is given (a TOML file, or one that ships in templates/layouts/), or inferred from the
folder by `dataforge.datasets.infer`, which also says why.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from dataforge.errors import InputError, ParseError, plural
from dataforge.geometry import Coords
from dataforge.io import (
    IMAGE_EXTENSIONS,
    Root,
    asset,
    is_image,
    load_toml,
    resolve,
    stem,
    to_utf8,
    toml_value,
)

CoordsChoice: TypeAlias = Literal["auto", "voc", "mmdet", "zero"]
Difficult: TypeAlias = Literal["keep", "ignore", "drop"]

SPLIT_NAMES = {
    "train": "train", "training": "train", "trn": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test", "tst": "test",
    "trainval": "trainval",
}  # fmt: skip
"""What split files and folders are called -> the name that is used here."""


OWN_LAYOUT = "layout.toml"
"""A layout file of this name in a dataset's folder says where things are in it."""

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
            folder where each split has one, ``*`` for any folders. Where both folders have a
            ``*``, it is the same in both (``*/images`` and ``*/xml``: one pair for each camera);
            where one has, images and XML files go together by their names alone.
        annotations: folder of the XML files, likewise.
        splits: split name -> the file that lists its ids (voc) or its JSON (coco); with
            ``{split}`` folders, the folder's name. A ``*`` stands for any folders.
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

    @property
    def by_name(self) -> bool:
        """Whether an image and its XML file have the name in common, but no folders."""
        return ("*" in self.images) != ("*" in self.annotations)

    def annotation_id(self, split: str, path: str) -> str | None:
        """The id of an XML file by its path, None where it is not in the split's folder.

        The path without extension, below the folder; where that has a ``*``, below the root.
        """
        folder = self.folders(split)[1]
        parts = below(folder, path)
        if parts is None or not path.lower().endswith(".xml"):
            return None
        return stem(path) if "*" in folder else stem(parts[1])

    def image_key(self, split: str, path: str) -> str | None:
        """What an image's path has in common with its id (see `key_of_id`), None if not there."""
        images, annotations = self.folders(split)
        parts = below(images, path)
        if parts is None:
            return None
        if self.by_name:
            return _last(stem(parts[1]))
        if "*" in images:
            return join(annotations.replace("*", parts[0] or "."), stem(parts[1]))
        return stem(parts[1])

    def image_place(self, split: str, path: str) -> tuple[str, str]:
        """(folder, id in it) where the image of an XML file is looked for."""
        images, annotations = self.folders(split)
        star, inner = below(annotations, path) or ("", path)
        if self.by_name:
            return join(images.split("*")[0]), _last(stem(path))
        return join(images.replace("*", star or ".")), stem(inner)

    def image_id(self) -> tuple[str, str] | None:
        """(regular expression, replacement) from an id to its image's, where the two differ."""
        if self.by_name or "*" not in self.images:
            return None
        images, annotations = (
            folder.split("*", 1)[1].strip("/") for folder in (self.images, self.annotations)
        )
        if annotations:
            return f"(^|/){re.escape(annotations)}/", rf"\g<1>{images}/" if images else r"\g<1>"
        return "([^/]+)$", rf"{images}/\g<1>"

    def key_of_id(self, id_: str) -> str:
        """What an id has in common with its image's path."""
        return _last(id_) if self.by_name else id_


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def join(*parts: str) -> str:
    """Parts of a path, "." and empty ones left out; "." where nothing is left.

    >>> join(".", "a/./b", "c")
    'a/b/c'
    """
    words = (word for part in parts for word in part.split("/"))
    return "/".join(word for word in words if word not in ("", ".")) or "."


def below(folder: str, path: str) -> tuple[str, str] | None:
    """(what ``*`` stands for, the path in the folder), None for a path that is not in it.

    >>> below("*/images", "day1/cam1/images/x/a.jpg")
    ('day1/cam1', 'x/a.jpg')
    >>> below("*", "cam1/a.jpg")
    ('cam1', 'a.jpg')
    >>> below("images", "images/a.jpg"), below("images", "a.jpg")
    (('', 'a.jpg'), None)
    """
    if "*" not in folder:
        prefix = "" if folder in ("", ".") else folder.rstrip("/") + "/"
        return ("", path[len(prefix) :]) if path.startswith(prefix) else None
    found = _pattern(folder).fullmatch(path)
    return (found[1] or "", found[2]) if found else None


@cache
def _pattern(folder: str) -> re.Pattern[str]:
    before, after = (part.strip("/") for part in folder.split("*", 1))
    front = re.escape(before) + "/" if before else ""
    if not after:  # the file's own folder, wherever that is
        return re.compile(f"{front}(?:(.+)/)?([^/]+)")
    return re.compile(f"{front}(?:(.+?)/)?{re.escape(after)}/(.+)")


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
            str(path), "", f"{error}; see dataforge.layouts.layout.Layout for the keys"
        ) from error
    return table


def well_known(name: str) -> dict[str, Any] | None:
    """What the layout that ships for a dataset of this name declares, if one does."""
    wanted = _plain(name)
    for table in shipped_layouts():
        if wanted in {
            _plain(known) for known in (table.get("name"), *table.get("also_known_as", ())) if known
        }:
            return table
    return None


def shipped_layouts() -> Iterator[dict[str, Any]]:
    """What each of the layout files of templates/layouts/ declares."""
    for entry in sorted(asset("templates", "layouts").glob("*.toml")):
        yield load(entry)


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
            if not any(below(folder, name) for name in names):
                problems.append(f"no folder {folder}/")
    if not layout.per_split:
        problems += [
            f"no file {path}"
            for path in layout.splits.values()
            if not any(True for _ in matching(path, names))
        ]
    return sorted(set(problems))


# Saving ----------------------------------------------------------------------------------------

_COMMENTS = {
    "format": "voc: an XML file for each image; coco: a JSON file for each split",
    "name": "how people call the dataset",
    "also_known_as": "other names of it",
    "images": "folder of the images; {split} and * as in annotations",
    "annotations": "folder of the XML files; {split} is the split's folder, * any folders",
    "extensions": "image extensions, the first that is there is taken",
    "lookup": "an image is found by its XML file's name (id), or by its <filename> (filename)",
    "coords": "boxes count from 1 (voc), from 0 (zero), less 1 on all four (mmdet), or auto",
    "coords_default": "what auto falls back to",
    "difficult": "difficult objects: keep, ignore (mmdet's ignore boxes) or drop",
    "classes": "names in the order of their labels",
    "skip": "names that mean no object",
    "ignore_case": "compare names without regard to case",
    "splits": "split -> list of its ids, or COCO file, or folder",
    "split_images": "split -> folder of its images, where it is not `images`",
    "aliases": "class -> other spellings",
}


def to_toml(layout: Layout) -> str:
    """The layout as a TOML file with comments; `load` gives an equal one."""
    lines = ["# Where things are in a dataset's folder: `dataforge register --layout` takes this."]
    tables: list[str] = []
    for key, comment in _COMMENTS.items():
        value = getattr(layout, key)
        if isinstance(value, dict):
            # An empty table is said, too: it means that there are none, not that nobody looked.
            rows = [f"{toml_value(name)} = {toml_value(item)}" for name, item in value.items()]
            if value or key == "splits":
                tables += ["", f"# {comment}", f"[{key}]", *rows]
        elif value not in (None, "", ()) or (key == "classes" and value is not None):
            lines.append(f"{key} = {toml_value(value)}  # {comment}")
    return "\n".join([*lines, *tables]) + "\n"


# Split files -----------------------------------------------------------------------------------


def matching(path: str, names: list[str]) -> Iterator[tuple[str, str]]:
    """(what ``*`` stands for, name) of the files that a path with or without ``*`` means."""
    folder, _, last = path.rpartition("/")
    if "*" not in path:
        yield from (("", path),) if path in names else ()
        return
    for name in names:
        parts = below(folder, name)
        if parts is not None and parts[1] == last:
            yield parts[0], name


class Ids:
    """The ids that there are, to find the one that a line of a split file means.

    Args:
        known: id, or another way to write it -> id.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        # (name, "" or a folder of it), as a thousand videos have a frame of each number.
        self._by_last: dict[tuple[str, str], set[str]] = defaultdict(set)
        for written, id_ in known.items():
            last = _last(written).casefold()
            for part in {"", *id_.casefold().split("/")}:
                self._by_last[last, part].add(id_)

    def match(self, line: str, folder: str = "") -> str | None:
        """The id that a line means: as it is, as a path, in other case, or by its name alone.

        Args:
            line: may have spaces or quotes around, and an extension.
            folder: where ids are looked for first.
        """
        plain = line.strip("\"' \t").replace("\\", "/")
        # Names that begin with a space or end with a quote are names, too.
        ways = dict.fromkeys((line, line.strip(), plain, _without_extension(plain)))
        return next((id_ for way in ways if (id_ := self._find(way, folder))), None)

    def _find(self, line: str, folder: str) -> str | None:
        parts = line.split("/")
        tails = ["/".join(parts[start:]).removeprefix("./") for start in range(len(parts))]
        for candidate in [join(folder, line), *tails] if folder else tails:
            if candidate in self._known:
                return self._known[candidate]
        # Not ambiguous: one id alone has this name, and the folders that the line says.
        folders = {part.casefold() for part in parts[:-1] if part not in ("", ".")} or {""}
        last = parts[-1].casefold()
        fits = set[str].intersection(*(self._by_last.get((last, part), set()) for part in folders))
        return fits.pop() if len(fits) == 1 else None


def split_ids(text: str, ids: Ids | None = None, folder: str = "") -> list[str]:
    """The ids in a split file, in its order, each once.

    Blank lines, spaces around, paths, an extension, ``id 1`` and ``id,1`` (VOC's class files),
    and ``image.jpg annotation.xml`` are understood; a line with -1 in its second column is not in
    the split. A line that is an id as it stands is that id. Of a table the column is taken that
    its first row calls ``image`` or the like (`header_row`), else the first.

    Args:
        text: of the file.
        ids: those that there are; a line that means none of them is given as it is understood.
        folder: where ids are looked for first.

    >>> split_ids("a\\n\\nsub/b.jpg \\nc 1\\nd -1\\ne,1\\nmy photo\\n")
    ['a', 'sub/b', 'c', 'e', 'my photo']
    >>> split_ids("shot 1\\nshot 2\\n", Ids({"shot 1": "shot 1", "shot 2": "shot 2"}))
    ['shot 1', 'shot 2']
    """
    lines = _lines(text)
    if header_row(text, ids, folder) is not None:
        lines = list(_column(lines))
    found = dict.fromkeys(_listed(line, ids, folder) for line in lines)
    return [id_ for id_ in found if id_]


def _listed(line: str, ids: Ids | None, folder: str) -> str:
    """The id that a line lists; empty where -1 says that it is not meant."""
    if ids is not None and (id_ := ids.match(line, folder)):
        return id_
    first = _first_column(line.strip())
    ways = [first, _cells(line, _delimiter(line))[0]] if ids is not None and first else []
    return next((id_ for way in ways if ids and (id_ := ids.match(way, folder))), None) or first


def header_row(text: str, ids: Ids | None = None, folder: str = "") -> str | None:
    """The first row of a split file where that names columns and lists nothing, else None.

    Args:
        text: of the file.
        ids: those that there are.
        folder: where ids are looked for first.

    >>> header_row("image,label\\na,1\\n"), header_row("a,1\\nb,1\\n")
    ('image,label', None)
    """
    first = next(iter(_lines(text)), "")
    cells = _cells(first, _delimiter(first))
    if not any(map(_names_images, cells)):
        return None
    if ids and any(ids.match(cell, folder) for cell in (first, *cells) if cell.strip()):
        return None
    return first.strip()


_IMAGE_COLUMNS = re.compile(
    "((image|img|file|frame|photo|picture|sample)s?)?(id|ids|name|names|path|paths|file|stem)?"
    "|文件名?|图片名?|图像名?"
)


def _names_images(cell: str) -> bool:
    """Whether a cell is what tables call the column of their images."""
    word = re.sub(r"[\s_-]", "", cell).casefold()
    return bool(word and _IMAGE_COLUMNS.fullmatch(word))


def _column(lines: Sequence[str]) -> Iterator[str]:
    """Of a table with a header row: what stands in the column of its images, row by row."""
    delimiter = _delimiter(lines[0])
    columns = _cells(lines[0], delimiter)
    column = next(number for number, cell in enumerate(columns) if _names_images(cell))
    for line in lines[1:]:
        cells = _cells(line, delimiter) if len(columns) > 1 else [line]
        yield cells[min(column, len(cells) - 1)]


def _lines(text: str) -> list[str]:
    return [line for line in text.replace("\ufeff", "").splitlines() if line.strip()]


def _delimiter(line: str) -> str:
    return next((letter for letter in "\t;," if letter in line), ",")


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), None) or [line]
    except csv.Error:  # a cell of 128 KiB
        return [line]


def _first_column(line: str) -> str:
    """What a line lists, without its extension; empty where -1 says that it is not meant."""
    column = re.fullmatch(r"(.*?)(?:\s+|\s*[,;]\s*)(-?[01])", line)
    if column:
        line = "" if column[2] == "-1" else column[1]
    files = re.fullmatch(r"(.+\.\w+)[\s,;]+(.+\.xml)", line, re.IGNORECASE)
    if files and is_image(files[1]):
        line = files[2]
    return _without_extension(line.strip("\"' ").replace("\\", "/"))


def _without_extension(line: str) -> str:
    return stem(line) if is_image(line) or line.lower().endswith(".xml") else line


def known_ids(names: Iterable[str], layout: Layout, split: str) -> Ids:
    """The ids of a split's XML files, as split files may write them: by image or by XML file."""
    known = {}
    for name in names:
        id_ = layout.annotation_id(split, name)
        if id_ is not None:
            known[id_] = id_
            parts = below(layout.folders(split)[1], name)
            if parts and "*" in layout.images and not layout.by_name:
                image_folder = layout.folders(split)[0].replace("*", parts[0] or ".")
                known.setdefault(join(image_folder, stem(parts[1])), id_)
    return Ids(known)


def listed_ids(root: Root, layout: Layout, split: str) -> list[str]:
    """The ids that a split's files list; a line that means none is given as it is understood.

    Raises:
        InputError: a split file is not there, or is no text.
    """
    path = layout.splits[split]
    ids = known_ids(root.files(), layout, split)
    listed: dict[str, None] = {}
    for star, name in list(matching(path, root.files())) or [("", path)]:
        folder = layout.folders(split)[1].replace("*", star) if star else ""
        listed |= dict.fromkeys(split_ids(read_list(root, name), ids, folder))
    return list(listed)


def read_list(root: Root, name: str) -> str:
    """A split file's text; Windows' UTF-16, with or without its mark, and GBK are understood.

    Raises:
        InputError: it is not there, or is no text.
    """
    try:
        data = root.read_bytes(name)
        if b"\0" in data and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            # No text has a NUL; UTF-16's letters have one each, at least in a line's end.
            mark = b"\xff\xfe" if data[1::2].count(0) > data[::2].count(0) else b"\xfe\xff"
            data = mark + data
        found, encoding = to_utf8(data, name)
    except ParseError as error:
        raise InputError(f"split file {name}: {error.message}") from error
    text = found.decode()
    if encoding == "utf-8" and not text.isascii():
        # Bytes of GBK may be UTF-8 by chance: the names that there are tell.
        with suppress(UnicodeDecodeError):
            return max(text, data.decode("gb18030"), key=partial(_named, root))
    return text


def _named(root: Root, text: str) -> int:
    """Number of files that a split file's text names."""
    return len({_last(id_) for id_ in split_ids(text)} & {_last(stem(n)) for n in root.files()})


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
            begin = "begins" if self.zeros == 1 else "begin"
            boxes = plural(self.boxes, "box")
            return "zero", f"{self.zeros:,} of {boxes} {begin} at 0, so pixels count from 0"
        if self.at_edge:
            return "voc", (
                f"no box of {self.boxes:,} begins at 0 and {self.at_edge:,} "
                f"{'ends' if self.at_edge == 1 else 'end'} exactly at the image's width or height, "
                "so pixels count from 1"
            )
        boxes = plural(self.boxes, "box")
        return default, f"nothing in {boxes} tells; {default} is this layout's default"


def resolved_reference(folder: str, reference: str) -> str | None:
    """A ``<filename>`` relative to the folder of the images, None where it leads outside."""
    return resolve(folder if folder != "." else "", reference)


def split_of_json(name: str) -> str:
    """The split that a COCO file's name speaks of, or its folder's; else `all`.

    >>> split_of_json("annotations/instances_val2017.json")
    'val'
    """
    for part in reversed(stem(name).split("/")):
        words = re.split(r"[^a-z]+", part.lower())
        found = [SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES]
        if found:
            return found[-1]
    return "all"


def folders_of(names: Iterable[str]) -> set[str]:
    """All folders that files are in, or that hold such; "." is the one that names begin at."""
    folders = {"."}
    for name in names:
        while "/" in name and (name := name.rpartition("/")[0]) not in folders:
            folders.add(name)
    return folders


def by_last_part(names: Iterable[str]) -> dict[str, list[str]]:
    """Last part of a path -> the paths that end with it."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.rsplit("/", 1)[-1], []).append(name)
    return found


def folder_of_images(
    by_last: Mapping[str, Sequence[str]], file_names: Sequence[str], split: str
) -> str | None:
    """The folder that a COCO file's names are relative to, by its first 50; None if not there.

    Args:
        by_last: what `by_last_part` says of the files that there are.
        file_names: of the images, as written.
        split: that the COCO file holds.
    """
    votes: Counter[str] = Counter()
    for file_name in file_names[:50]:
        wanted = resolve("", file_name)
        for name in by_last.get((wanted or "").rsplit("/", 1)[-1], ()):
            if name == wanted or name.endswith(f"/{wanted}"):
                votes[name[: -len(wanted or "")].rstrip("/") or "."] += 1
    # A name that is in several folders is most likely in the split's own, or nearest.
    return max(
        votes,
        key=lambda folder: (votes[folder], split in folder.lower(), -len(folder)),
        default=None,
    )
