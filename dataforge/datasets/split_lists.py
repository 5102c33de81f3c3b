"""Finds the files of a folder that list its splits."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Set
from contextlib import suppress

import msgspec

from dataforge.errors import InputError, ParseError, plural
from dataforge.io import Root, is_image, last_part, stem
from dataforge.layouts import (
    SPLIT_NAMES,
    SPLIT_ORDER,
    Ids,
    Layout,
    folders_of,
    header_row,
    join,
    known_ids,
    matching_files,
    read_split_file,
    split_ids,
)


def find_splits(root: Root, names: list[str], layout: Layout) -> tuple[dict[str, str], list[str]]:
    """(split -> the file that lists it, reasons); empty if no file does.

    Args:
        root: the folder.
        names: its files.
        layout: the folders of images and XML files.
    """
    ids = known_ids(names, layout, "")
    listings: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    folders = folders_of(names)
    for name in names:
        if split := _split_of(name):
            listings[split][_starred(name, layout, folders)].append(name)
    best: dict[str, _List] = {}
    others: dict[str, list[_List]] = {}
    for split, by_path in listings.items():
        lists = [_inspect(root, files, path, layout, ids) for path, files in by_path.items()]
        usable = [found for found in lists if not found.fault]
        usable += _united(root, usable, names)
        if usable:
            best[split] = max(usable, key=_rank)
        others[split] = [found for found in lists if found.fault]
    whole = _lists_of_everything(best)
    reasons = [
        f"split {split}: ignored {best.pop(split).path}: it lists the others" for split in whole
    ]
    reasons += _passed_over(others, {*best, *whole}, names)
    if "train" in best:  # trainval repeats train and val
        best.pop("trainval", None)
    chosen = {split: best[split] for split in SPLIT_ORDER if split in best}
    if not chosen:
        return {}, [*reasons, "no split files found: everything is one split"]
    for split, found in chosen.items():
        header = f" below its header row ({found.header})" if found.header else ""
        lists_ = "list" if "*" in last_part(found.path) else "lists"
        reasons.append(f"split {split}: {found.path} {lists_} {plural(found.hits, 'id')}{header}")
    return {split: found.path for split, found in chosen.items()}, reasons


def _rank(found: _List) -> tuple[bool, bool, int, int]:
    """The devkit's folder first, then a list of all classes, the longest, the shortest path.

    A list of all classes is train.txt, as opposed to aeroplane_train.txt.
    """
    in_one_word = last_part(stem(found.path)).lower() in SPLIT_NAMES
    of_all = in_one_word or "*" in last_part(found.path)
    return "ImageSets/Main/" in f"/{found.path}", of_all, found.hits, -len(found.path)


def _lists_of_everything(best: Mapping[str, _List]) -> list[str]:
    """Splits whose list holds two others: a table of all images, whatever its name says."""
    ids = {split: found.ids for split, found in best.items() if split != "trainval"}
    return [
        split
        for split in ids
        if split != "train" and sum(ids[other] < ids[split] for other in ids if other != split) >= 2
    ]


def _united(root: Root, lists: list[_List], names: list[str]) -> list[_List]:
    """The lists of single classes (cat_train.txt, dog_train.txt), as one list each."""
    by_path: dict[str, list[_List]] = defaultdict(list)
    for found in lists:
        folder, slash, last = found.path.rpartition("/")
        words = re.fullmatch(r"(.+)([_-][A-Za-z]+\.\w+)", last)
        if words and "*" not in folder and _split_of(words[2]):
            by_path[f"{folder}{slash}*{words[2]}"].append(found)
    united = []
    for path, parts in by_path.items():
        prefix, suffix = path.split("*")
        classes = {part.path[len(prefix) : -len(suffix)].casefold() for part in parts}
        if len(parts) > 1 and (classes <= _classes(root, names) or _marks_absence(root, parts)):
            ids = frozenset[str]().union(*(part.ids for part in parts))
            united.append(_List(path, len(ids), ids=ids))
    return united


_SAMPLED = 200
"""XML files that are read to see which classes there are."""


def _classes(root: Root, names: list[str]) -> set[str]:
    """The class names in a sample of the XML files."""
    xmls = [name for name in names if name.lower().endswith(".xml")]
    found: set[str] = set()
    for name in xmls[:: max(len(xmls) // _SAMPLED, 1)]:
        with suppress(ParseError):
            text = root.look(name).decode("utf-8", "replace")
            found |= {label.casefold() for label in re.findall(r"<name>\s*(.*?)\s*</name>", text)}
    return found


def _marks_absence(root: Root, lists: list[_List]) -> bool:
    """Whether each list says of some images that its class is not in them (-1), as the devkit's."""
    return all(
        re.search(r"(?m)^.*\S\s+-1\s*$", read_split_file(root, found.path)) for found in lists
    )


class _List(msgspec.Struct, frozen=True):
    """The content of the split files that a path, maybe with a ``*``, means.

    Attributes:
        path: relative to the root.
        hits: number of lines that are ids of this folder.
        header: the header row, if there is one.
        fault: why this is not a list of the folder's images; empty if it is.
        unreadable: whether the reason is that it cannot be read.
        ids: that it lists and that are in this folder.
    """

    path: str
    hits: int = 0
    header: str = ""
    fault: str = ""
    unreadable: bool = False
    ids: frozenset[str] = frozenset()


def _inspect(root: Root, files: list[str], path: str, layout: Layout, ids: Ids) -> _List:
    hits = lines = 0
    header = ""
    known: set[str] = set()
    for star, name in matching_files(path, files):
        try:
            text = read_split_file(root, name)
        except InputError as error:
            return _List(path, fault=str(error), unreadable=True)
        folder = layout.annotations.replace("*", star) if star else ""
        header = header or header_row(text, ids, folder) or ""
        listed = split_ids(text, ids, folder)
        lines += len(listed)
        matched = [id_ for line in listed if (id_ := ids.match(line, folder)) is not None]
        hits += len(matched)
        known.update(matched)
    if hits and hits >= 0.5 * lines:
        return _List(path, hits, header, ids=frozenset(known))
    fault = f"{path}: {hits:,} of {plural(lines, 'line')} name an existing XML file"
    return _List(path, hits, header, fault if lines else f"{path}: empty")


def _passed_over(others: Mapping[str, list[_List]], found: Set[str], names: list[str]) -> list[str]:
    """The reasons for not using files that are named after a split.

    If another file lists the split, only unreadable files are mentioned. A file with the name of
    an image, such as a YOLO label file, is never mentioned.
    """
    labels = {last_part(stem(name)) for name in names if is_image(name)}
    reasons = []
    for split in (split for split in SPLIT_ORDER if split in others):
        rest = [
            other
            for other in others[split]
            if (other.unreadable or split not in found)
            and last_part(stem(other.path)) not in labels
        ]
        if rest:
            more = f"; and {len(rest) - 1:,} more" if len(rest) > 1 else ""
            reasons.append(f"split {split}: ignored {rest[0].fault}{more}")
    return reasons


def _starred(path: str, layout: Layout, folders: Set[str]) -> str:
    """A split file's path, with ``*`` if it is in one of several dataset folders."""
    if "*" not in layout.annotations or layout.by_name:
        return path
    parts = path.split("/")
    for length in range(len(parts) - 1, 0, -1):
        front = "/".join(parts[:length])
        if layout.annotations.replace("*", front) in folders:
            return join("*", *parts[length:])
    return path


def _split_of(name: str) -> str | None:
    """The split that a list file is named after: the last word that is a split name."""
    if not name.lower().endswith((".txt", ".csv", ".lst")):
        return None
    words = re.split(r"[^a-z]+", last_part(stem(name)).lower())
    found = [SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES]
    return found[-1] if found else None
