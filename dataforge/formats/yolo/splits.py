"""The images of a YOLO dataset and their splits: data.yaml, lists of images, folders."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Mapping
from itertools import islice, takewhile
from pathlib import PureWindowsPath
from typing import Any, TypeAlias

from dataforge.codes import code
from dataforge.findings import Finding, Place
from dataforge.formats.base import Part
from dataforge.formats.yolo.class_names import shown, text_lines
from dataforge.formats.yolo.dataset_yaml import DatasetYaml
from dataforge.io import Root, is_image, is_plain, last_part, resolve, stem
from dataforge.layouts import SPLIT_NAMES, folders_of

Splits: TypeAlias = "dict[str | None, list[str]]"
"""Split -> its images, in order; None is the single split of all images."""

_NO_SPLITS = (
    "path",
    "names",
    "nc",
    "download",
    "kpt_shape",
    "kpt_names",
    "flip_idx",
    "roboflow",
    "channels",
)


class Places:
    """Resolves the paths in a dataset's YAML file inside the folder that is read.

    They may be relative to ``path``, which is often a folder on another machine, to the YAML file's
    own folder, or be written as by Roboflow, one level too high (``../train/images``).
    """

    def __init__(self, root: Root, described: DatasetYaml | None) -> None:
        self.root = root
        self.files = set(root.files())
        self.folders = folders_of(root.files())
        self.known = self.files | self.folders
        self._depths = {path.count("/") + 1 for path in self.known}
        folder = described.file.rpartition("/")[0] if described else ""
        path = described.table.get("path") if described else None
        self.folder = folder or "."
        self.base = self.folder
        if isinstance(path, str) and path:
            self.base = self.find(path, self.folders) or self.folder

    def exact(self, reference: str) -> str | None:
        """The path as written."""
        found = _resolved(self.base, reference)
        return found if found in self.known else None

    def find(self, reference: str, known: set[str] | None = None) -> str | None:
        """The path as written, or its longest tail that exists inside the folder."""
        known = self.known if known is None else known
        exact = self.exact(reference)
        if exact in known:
            return exact
        path = PureWindowsPath(reference)
        words = [word for word in path.parts if word not in (path.anchor, "..", ".")]
        bases = [[] if base == "." else base.split("/") for base in (self.base, self.folder, ".")]
        for start in range(len(words)):
            if 0 < start == len(words) - 1 and words[start] in ("images", "labels"):
                break  # the tail of ../valid/images, but probably of another split
            for base in bases:
                if len(base) + len(words) - start not in self._depths:
                    continue
                if (found := "/".join([*base, *words[start:]])) in known:
                    return found
        return None

    def images_below(self, folder: str) -> list[str]:
        """The images of a folder and its subfolders."""
        names = self.root.files()  # sorted
        prefix = "" if folder == "." else f"{folder}/"
        below = takewhile(
            lambda name: name.startswith(prefix), islice(names, bisect_left(names, prefix), None)
        )
        return list(filter(is_image, below))

    def listed(self, line: str, file: str) -> str | None:
        """The file that a line of a list names."""
        beside = resolve(file.rpartition("/")[0], line)
        return beside if beside in self.files else self.find(line, self.files)


def _resolved(base: str, reference: str) -> str | None:
    """`resolve`, but with "." instead of None for the folder that is read."""
    found = resolve("" if base == "." else base, f"{reference}/x")
    return found and (found[: -len("/x")] or ".")


# data.yaml --------------------------------------------------------------------------------------


def splits_in_yaml(described: DatasetYaml, places: Places, lists: set[str]) -> Part[Splits]:
    """Returns the splits in the file; adds the lists of images that it names to `lists`."""
    splits: Splits = {}
    for key, value in described.table.items():
        split = yield from _split_called(key, value, described.file, places)
        if split is None:
            continue
        read: set[str] = set()
        images = dict.fromkeys(splits.get(split, ()))
        for reference in value if isinstance(value, list) else [value]:
            place = Place(described.file, str(key))
            found = places.find(reference) if isinstance(reference, str) else None
            if found is None:
                yield _not_found(reference, place, places.root)
                continue
            if found != places.exact(reference):
                yield code("split-elsewhere").at(
                    place, f"{reference!r} does not exist: {found} is used"
                )
            if found not in read:
                read.add(found)
                images.update(dict.fromkeys((yield from _images_of(found, places, lists))))
        splits[split] = list(images)
    return splits


def _split_called(key: Any, value: Any, file: str, places: Places) -> Part[str | None]:
    """Returns the split that a key names, None if it names none."""
    if key in _NO_SPLITS or not value:
        return None
    if split := SPLIT_NAMES.get(str(key).lower()):
        return split
    # The folder of a split with another name must exist exactly as written.
    found = places.exact(value) if isinstance(value, str) else None
    if found is None or found not in places.folders:
        return None
    if is_plain(str(key)):
        return str(key)
    yield code("split-outside").at(
        Place(file),
        f"{str(key)!r} is not a valid split name: its images are not read",
        "use letters, digits, - and _",
    )
    return None


def _not_found(reference: Any, place: Place, root: Root) -> Finding:
    """The finding on a split that is not in the folder; Roboflow names even missing ones."""
    folder = place.file.rpartition("/")[0]
    outside = not isinstance(reference, str) or (
        not _resolved(folder, reference)
        and (root.remote or os.path.exists(os.path.join(root.location, folder, reference)))
    )
    if not outside:
        message = f"{shown(reference)} does not exist: its images are not read"
        return code("split-missing").at(place, message, "correct the path, or remove the line")
    return code("split-outside").at(
        place,
        f"{shown(reference)} is outside the folder: its images are not read",
        "read the folder that contains both, or correct the path",
    )


def _images_of(found: str, places: Places, lists: set[str]) -> Part[list[str]]:
    """Returns the images of a folder, of a list, or the one image itself."""
    if found in places.folders:
        return places.images_below(found)
    if is_image(found):
        return [found]
    images: list[str] = []
    lists.add(found)
    for number, line in text_lines(places.root, found):
        image = places.listed(line, found)
        if image is None:
            yield code("image-missing").at(
                Place(found, line=number),
                f"lists {line!r}, which is not in the folder",
                "restore the image, or remove the line",
            )
        else:
            images.append(image)
    return images


# Without data.yaml ------------------------------------------------------------------------------


def listed_splits(places: Places, lists: set[str]) -> Splits:
    """Splits from Darknet's train.txt and similar lists, if most of their lines are images."""
    splits: Splits = {}
    for name in places.root.files():
        split = SPLIT_NAMES.get(last_part(stem(name)).lower())
        if split is None or not name.lower().endswith(".txt") or split in splits:
            continue
        found = [places.listed(line, name) for _, line in text_lines(places.root, name)]
        images = [image for image in found if image is not None and is_image(image)]
        if 2 * len(images) > len(found):
            lists.add(name)
            splits[split] = list(dict.fromkeys(images))
    return splits


def splits_by_folder(images: list[str]) -> Splits:
    """Splits from folders named train, valid, ...; a single split if an image is in none."""
    splits: Splits = {}
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


def united(splits: Mapping[str | None, list[str]], file: str) -> Part[Splits]:
    """Merge splits with the same images, as written to satisfy Ultralytics' need for a val.

    Args:
        splits: as stated.
        file: with the class names, or empty.
    """
    groups: dict[tuple[str, ...], list[str | None]] = {}
    for split, images in splits.items():
        groups.setdefault(tuple(images), []).append(split)
    if len(groups) == len(splits):
        return dict(splits)
    one_each: Splits = {}
    for group, names in groups.items():
        if not group or len(names) == 1:
            one_each.update((name, [*group]) for name in names)
            continue
        own = [name for name in names if name not in ("train", "val", "test")]
        kept = own[0] if own else (None if len(groups) == 1 else names[0])
        one_each[kept] = [*group]
        yield code("same-split").at(
            Place(file or "."),
            f"{' and '.join(map(str, names))} have the same images: read as one split",
            "create splits with --split",
        )
    return one_each
