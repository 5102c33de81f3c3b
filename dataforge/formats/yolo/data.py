"""Which classes and splits a folder of YOLO text files has: data.yaml, classes.txt, folder names.

Ultralytics' rules for data.yaml are in ``ultralytics/data/utils.py::check_det_dataset``.
"""

from __future__ import annotations

import os
import re
import reprlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PureWindowsPath
from typing import Any

import msgspec

from dataforge.errors import InputError, ParseError, plural
from dataforge.formats.base import Step, finished
from dataforge.io import Root, is_image, is_plain, resolve, stem, to_utf8
from dataforge.layouts import SPLIT_NAMES, folders_of
from dataforge.records import Finding

_YAML = (".yaml", ".yml")
_USUAL = ("data.yaml", "dataset.yaml", "data.yml", "dataset.yml")
_NAME_LISTS = ("classes.txt", "obj.names", "_darknet.labels", "labels.names")
_NO_SPLITS = ("path", "names", "nc", "download", "kpt_shape", "flip_idx", "roboflow", "channels")


class Data(msgspec.Struct, kw_only=True):
    """What is known of a dataset before its label files are read.

    Attributes:
        file: where the names are from, or empty.
        names: class id -> name; None where nothing tells.
        splits: split -> its images, in order; None is the one split of all images.
        keypoints: numbers that a row of a pose dataset has after its box.
        lists: files that are no label files.
    """

    file: str = ""
    names: dict[int, str] | None = None
    splits: dict[str | None, list[str]] = {}
    keypoints: int = 0
    lists: set[str] = msgspec.field(default_factory=set)


def find_data(root: Root, wanted: str | None) -> Step[Data]:
    """Find out what there is; yields what is odd about it.

    Args:
        root: the folder.
        wanted: the YAML file to go by, relative to the folder.

    Raises:
        InputError: `wanted` is not there, or is no dataset's YAML file.
    """
    name, table = yield from _find_yaml(root, wanted)
    data = Data(file=name)
    data.lists.update(file for file in root.files() if _is_name_list(file))
    places = _Places(root, name.rpartition("/")[0], table.get("path"))
    if name:
        data.names = yield from _names(name, table)
        data.keypoints = _keypoints(table)
        yield from _other_names(root, data)
        yield from _read_splits(root, name, table, places, data)
    else:
        yield from _listed_names(root, data)
        _listed_splits(root, places, data)
    if not any(data.splits.values()):
        data.splits = _splits_by_folder([image for image in root.files() if is_image(image)])
    yield from _united(data)
    return data


def find_yaml(root: Root) -> str:
    """The YAML file that is gone by where none is named; empty where there is none."""
    _, (name, _) = finished(_find_yaml(root, None))
    return name


def _find_yaml(root: Root, wanted: str | None) -> Step[tuple[str, Mapping[str, Any]]]:
    """Returns the path and content of the dataset's YAML file, or empty ones."""
    if wanted is not None:
        if wanted not in root.files():
            raise InputError(f"{root.location}: no file {wanted} in it")
        try:
            table = _load(root, wanted)
        except ParseError as error:
            raise InputError(str(error)) from error
        if not _describes(table):
            raise InputError(f"{wanted}: want a YAML file with names and train, as data.yaml has")
        return wanted, table
    files = [name for name in root.files() if name.lower().endswith(_YAML)]
    files.sort(key=lambda name: (name.count("/"), name.rpartition("/")[2] not in _USUAL, name))
    found: list[tuple[str, Mapping[str, Any]]] = []
    for name in files:
        try:
            table = _load(root, name)
        except ParseError as error:
            if name.rpartition("/")[2] in _USUAL:
                yield _finding("unreadable-yaml", "error", name, error.message, where=error.where)
            continue
        if _describes(table):
            found.append((name, table))
    if len(found) > 1:
        others = ", ".join(name for name, _ in found[1:])
        yield _finding(
            "several-yaml", "warning", found[0][0], f"is taken; passed over: {others}",
            remedy="--data names the one that is meant",
        )  # fmt: skip
    return found[0] if found else ("", {})


_MAX_YAML_BYTES = 4 * 2**20
"""Names of 100,000 classes; more of it would be read for minutes."""


def _load(root: Root, name: str) -> Any:
    """A YAML file, with every scalar as the text that stands there.

    Raises:
        ParseError: it is no YAML, with the line.
    """
    import yaml

    data, _ = to_utf8(root.read_bytes(name, _MAX_YAML_BYTES), name)
    try:
        # So that a class may be called no, on or 007: typed, these are False, True and 7.
        return yaml.load(data, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        raise ParseError(name, where, f"is not YAML: {getattr(error, 'problem', error)}") from error


def _describes(table: Any) -> bool:
    """Whether a YAML file's content is that of a dataset."""
    if not isinstance(table, dict) or not ({"names", "nc"} & table.keys()):
        return False
    return isinstance(table.get("names"), (list, dict)) or "train" in table


def _names(file: str, table: Mapping[str, Any]) -> Step[dict[int, str] | None]:
    names: dict[int, str] = {}
    given = table.get("names")
    entries = given.items() if isinstance(given, dict) else enumerate(given or ())
    for key, value in entries if isinstance(given, (list, dict)) else ():
        number = _number(key)
        if number < 0 or not isinstance(value, str) or not _is_name(value):
            yield _finding(
                "bad-class-name", "warning", file,
                f"want number and name, got {key}: {_shown(value)}",
                where="names", remedy="its rows are read as of an unknown class",
            )  # fmt: skip
            continue
        names[number] = value.strip()
    times = Counter(names.values())
    for name in sorted(name for name in times if times[name] > 1):
        ids = ", ".join(str(number) for number in names if names[number] == name)
        yield _finding(
            "class-twice", "warning", file, f"{name!r} is the name of {ids}: read as one class",
            where="names",
        )  # fmt: skip
    count = table.get("nc")
    if names and isinstance(count, str) and count != str(len(names)):
        yield _finding(
            "class-count", "warning", file,
            f"nc is {count}, but names has {plural(len(names), 'class')}",
            where="nc", remedy="Ultralytics refuses the file; the names are taken here",
        )  # fmt: skip
    if not names and 0 <= _number(count) < MOST_UNNAMED:
        names = unnamed(_number(count))
        yield classes_unnamed(file, len(names))
    return dict(sorted(names.items())) or None


MOST_UNNAMED = 10_000
"""What is no class number but some other number is mostly larger."""


def unnamed(count: int) -> dict[int, str]:
    """Names for classes that have none, as Ultralytics gives them."""
    return {number: f"class_{number}" for number in range(count)}


def classes_unnamed(file: str, count: int) -> Finding:
    """What is said of classes without names."""
    return _finding(
        "classes-unnamed", "warning", file or ".",
        f"nothing names the classes: they are called class_0 to class_{count - 1}",
        remedy="names in data.yaml, or a classes.txt with a name a line, names them",
    )  # fmt: skip


def _keypoints(table: Mapping[str, Any]) -> int:
    shape = table.get("kpt_shape")
    if isinstance(shape, list) and len(shape) == 2:
        return max(_number(shape[0]), 0) * max(_number(shape[1]), 0)
    return 0


def _shown(value: Any) -> str:
    """A value in short: with YAML's aliases a few lines make a list of billions."""
    short = reprlib.Repr()
    short.maxlevel = 2
    return repr(value) if isinstance(value, str) else short.repr(value)


def _is_name(value: str) -> bool:
    """False for blanks, and for half a pair of surrogates, which no file can hold."""
    return bool(value.strip()) and not re.search("[\ud800-\udfff]", value)


def _number(value: Any) -> int:
    """A whole number that YAML has as text, -1 for anything else."""
    is_number = isinstance(value, (str, int)) and len(str(value)) < 10 and str(value).isdecimal()
    return int(value) if is_number else -1


# Splits -----------------------------------------------------------------------------------------


class _Places:
    """What the paths in a dataset's YAML file mean inside the folder that was read.

    They may begin at ``path``, which is often a folder of somebody else's machine, at the YAML
    file's own folder, or be written as Roboflow does, one level too high (``../train/images``).
    """

    def __init__(self, root: Root, folder: str, path: Any) -> None:
        self.files = set(root.files())
        self.folders = folders_of(root.files())
        self.known = self.files | self.folders
        self.folder = folder or "."
        self.base = self.folder
        if isinstance(path, str) and path:
            self.base = self.find(path, self.folders) or self.folder

    def exact(self, reference: str, base: str | None = None) -> str | None:
        """The path as it is written."""
        found = _resolved(self.base if base is None else base, reference)
        return found if found in self.known else None

    def find(self, reference: str, known: set[str] | None = None) -> str | None:
        """The path as it is written, or its longest end that is inside the folder."""
        known = self.known if known is None else known
        exact = self.exact(reference)
        if exact in known:
            return exact
        path = PureWindowsPath(reference)
        words = [word for word in path.parts if word not in (path.anchor, "..", ".")]
        for start in range(len(words)):
            tail = words[start:]
            if start and tail in (["images"], ["labels"]):
                break  # the end of ../valid/images, but most likely another split's
            for base in (self.base, self.folder, "."):
                if (found := "/".join(tail if base == "." else [base, *tail])) in known:
                    return found
        return None


def _resolved(base: str, reference: str) -> str | None:
    """`resolve`, but "." is the folder that was read, not None."""
    found = resolve("" if base == "." else base, f"{reference}/x")
    return found and (found[: -len("/x")] or ".")


def _read_splits(
    root: Root, file: str, table: Mapping[str, Any], places: _Places, data: Data
) -> Iterator[Finding]:
    for key, value in table.items():
        split = SPLIT_NAMES.get(str(key).lower())
        if key in _NO_SPLITS or not value:
            continue
        if split is None:
            # A split of another name has to be there just as it is written.
            found = places.exact(value) if isinstance(value, str) else None
            if found is None or found not in places.folders:
                continue
            split = str(key)
            if not is_plain(split):
                yield _finding(
                    "split-outside", "error", file,
                    f"{split!r} cannot be a split's name: no image of it is read",
                    remedy="call it by letters, digits, - and _",
                )  # fmt: skip
                continue
        images = data.splits.setdefault(split, [])
        for reference in value if isinstance(value, list) else [value]:
            found = places.find(reference) if isinstance(reference, str) else None
            if found is None:
                yield _unfound(root, file, key, reference)
            else:
                if found != places.exact(reference):
                    yield _finding(
                        "split-elsewhere", "note", file,
                        f"{reference!r} is not there: {found} is taken", where=str(key),
                    )  # fmt: skip
                more = yield from _images_of(root, found, places, data)
                images += more
        data.splits[split] = list(dict.fromkeys(images))


def _unfound(root: Root, file: str, key: Any, reference: Any) -> Finding:
    """What is said of a split that is not in the folder; Roboflow names one that nobody made."""
    folder = file.rpartition("/")[0]
    outside = not isinstance(reference, str) or (
        not _resolved(folder, reference)
        and (root.remote or os.path.exists(os.path.join(root.location, folder, reference)))
    )
    return _finding(
        "split-outside" if outside else "split-missing",
        "error" if outside else "warning",
        file,
        f"{_shown(reference)} "
        + ("leads out of the folder and is not inside it" if outside else "is not there")
        + ": no image of it is read",
        where=str(key),
        remedy="read the folder that holds it, or mend the path" if outside else "",
    )


def _images_of(root: Root, found: str, places: _Places, data: Data) -> Step[list[str]]:
    """Returns the images of a folder, of a list, or the one image itself."""
    if found in places.folders:
        prefix = "" if found == "." else f"{found}/"
        return [name for name in root.files() if name.startswith(prefix) and is_image(name)]
    if is_image(found):
        return [found]
    images: list[str] = []
    data.lists.add(found)
    for number, line in _lines(root, found):
        image = _listed(line, found, places)
        if image is None:
            yield _finding(
                "image-missing", "error", found, f"lists {line!r}, which is not in the folder",
                where=f"line {number}", remedy="restore the image or take the line out",
            )  # fmt: skip
        else:
            images.append(image)
    return images


def _lines(root: Root, name: str) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank, with their numbers; none of a broken file."""
    try:
        text = to_utf8(root.read_bytes(name), name)[0].decode()
    except ParseError:
        return []
    numbered = ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1))
    return [(number, line) for number, line in numbered if line]


def _listed(line: str, file: str, places: _Places) -> str | None:
    folder = file.rpartition("/")[0]
    beside = resolve(folder, line)
    return beside if beside in places.files else places.find(line, places.files)


def _listed_names(root: Root, data: Data) -> Iterator[Finding]:
    """Names from classes.txt or a darknet file of names."""
    files = sorted(data.lists, key=lambda name: (name.count("/"), name))
    for name in files:
        if names := _name_list(root, name):
            data.file, data.names = name, names
            break
    yield from _other_names(root, data)


def _other_names(root: Root, data: Data) -> Iterator[Finding]:
    """Lists of names that say something else than the file that is taken."""
    for name in sorted(data.lists, key=lambda name: (name.count("/"), name)):
        if data.names and name != data.file and _name_list(root, name) not in ({}, data.names):
            yield _finding(
                "class-names-differ", "warning", name,
                f"has other names, or another order, than {data.file}, which is taken",
                remedy="remove the one that is wrong",
            )  # fmt: skip


def _is_name_list(name: str) -> bool:
    return name.rpartition("/")[2] in _NAME_LISTS or name.endswith(".names")


def _name_list(root: Root, name: str) -> dict[int, str]:
    # The number of a class is that of its line: a blank line counts, unless it is the last.
    return {number - 1: line for number, line in _lines(root, name)}


def _listed_splits(root: Root, places: _Places, data: Data) -> None:
    """Splits from darknet's train.txt and its like, where most of its lines are images."""
    for name in root.files():
        split = SPLIT_NAMES.get(stem(name).rpartition("/")[2].lower())
        if split is None or not name.lower().endswith(".txt") or split in data.splits:
            continue
        found = [_listed(line, name, places) for _, line in _lines(root, name)]
        images = [image for image in found if image is not None and is_image(image)]
        if 2 * len(images) > len(found):
            data.lists.add(name)
            data.splits[split] = list(dict.fromkeys(images))


def _splits_by_folder(images: list[str]) -> dict[str | None, list[str]]:
    """Splits from folders called train, valid, ...; one split where an image is in none."""
    splits: dict[str | None, list[str]] = {}
    for image in images:
        folders = image.split("/")[:-1]
        near = folders[:1]
        if "images" in folders:
            at = folders.index("images")
            near = [*folders[max(at - 1, 0) : at], *folders[at + 1 : at + 2], *near]
        split = next((SPLIT_NAMES[f.lower()] for f in near if f.lower() in SPLIT_NAMES), None)
        if split is None:
            return {None: images}
        splits.setdefault(split, []).append(image)
    order = [*dict.fromkeys(SPLIT_NAMES.values())]
    return dict(sorted(splits.items(), key=lambda item: order.index(str(item[0]))))


def _united(data: Data) -> Iterator[Finding]:
    """Splits that are the same images are one, as where Ultralytics wants a val and has none."""
    groups: dict[tuple[str, ...], list[str | None]] = {}
    for split, images in data.splits.items():
        groups.setdefault(tuple(images), []).append(split)
    if len(groups) == len(data.splits):
        return
    united: dict[str | None, list[str]] = {}
    for group, splits in groups.items():
        if not group or len(splits) == 1:
            united.update((split, [*group]) for split in splits)
            continue
        own = [split for split in splits if split not in ("train", "val", "test")]
        name = own[0] if own else (None if len(groups) == 1 else splits[0])
        united[name] = [*group]
        yield _finding(
            "same-split", "note", data.file,
            f"{' and '.join(map(str, splits))} are the same images: read as one split",
            remedy="--split makes splits of them",
        )  # fmt: skip
    data.splits = united


def _finding(
    code: str, severity: Any, file: str, message: str, *, where: str = "", remedy: str = ""
) -> Finding:
    return Finding(
        code=code, severity=severity, file=file, where=where, message=message, remedy=remedy
    )
