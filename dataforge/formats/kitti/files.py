"""Which label file belongs to which image, and to which split.

training/label_2/000000.txt   training/image_2/000000.png   KITTI's own; its ids may be listed
ImageSets/train.txt                                         in such files, as OpenPCDet and
                                                            mmdetection3d have them
train/labels/a.txt            train/images/a.jpg            as other tools write it
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Part
from dataforge.formats.borrowed import image_borrowed
from dataforge.io import Root, is_image, last_part, stem

_LABELS = re.compile(r"labels?(_\d+)?", re.IGNORECASE)
_IMAGES = re.compile(r"images?(_\d+)?", re.IGNORECASE)
_NO_LABELS = {"calib", "calibs", "planes", "velodyne", "imagesets"}
"""Folders of text files that have the names of images, and other content."""

_LIST = re.compile(r"(?:.*/)?ImageSets/(?:Main/)?(\w+)\.txt", re.IGNORECASE)
_SPLITS = {"training": "train", "testing": "test", "valid": "val", "validation": "val"}
_NAMES = {*_SPLITS, "train", "val", "test"}


class Listed(NamedTuple):
    """A label file.

    Attributes:
        label: its path.
        image: that it belongs to; empty if there is none.
        split: of the image; None if nothing names it.
    """

    label: str
    image: str
    split: str | None


def find_files(root: Root) -> Part[list[Listed]]:
    """Returns the label files in path order."""
    names = root.files()
    images = [name for name in names if is_image(name)]
    stems = {last_part(stem(name)) for name in images}
    labels = [
        name
        for name in names
        if name.lower().endswith(".txt") and _may_be_label(name) and not _LIST.fullmatch(name)
    ]
    if any(map(_in_labels, labels)):
        labels = [*filter(_in_labels, labels)]
    else:
        labels = [name for name in labels if last_part(stem(name)) in stems]
    pairs, borrowed = _pairs(labels, images)
    yield from image_borrowed([(Place(label), image) for label, image in borrowed])
    lists = yield from _lists(root)
    found = [Listed(name, pairs.get(name, ""), _split_of(name)) for name in labels]
    if lists:
        found = yield from _listed(found, lists, images)
    yield from _unmarked(images, found)
    return found


def _may_be_label(name: str) -> bool:
    return last_part(name.rpartition("/")[0]).lower() not in _NO_LABELS


def _in_labels(name: str) -> bool:
    return any(map(_LABELS.fullmatch, name.split("/")[:-1]))


def _pairs(
    labels: Sequence[str], images: Iterable[str]
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Label file -> its image; and the (label file, image) of different folders among them.

    An image in another folder is that of a label file only if no other has a claim on it.
    """
    by_key: dict[str, str] = {}
    found: dict[str, str] = {}
    by_name: dict[str, list[str]] = defaultdict(list)
    for image in images:
        by_key.setdefault(_key(image, _IMAGES), image)
        by_key.setdefault(stem(image), image)
        by_name[last_part(stem(image))].append(image)
    for label in labels:
        if near := by_key.get(_key(label, _LABELS)) or by_key.get(stem(label)):
            found[label] = near
    first = {image: label for label, image in sorted(found.items(), reverse=True)}
    wanted: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        own = by_name[last_part(stem(label))]
        is_free = label not in found and len(own) == 1 and own[0] not in first
        if is_free and not _differ(_split_of(label), _split_of(own[0])):
            wanted[own[0]].append(label)
    borrowed = [(own[0], image) for image, own in wanted.items() if len(own) == 1]
    paired = {label: image for label, image in found.items() if first[image] == label}
    return paired | dict(borrowed), borrowed


def _differ(split: str | None, other: str | None) -> bool:
    return split is not None and other is not None and split != other


def _key(name: str, folder: re.Pattern[str]) -> str:
    """A path without its extension, in which the folder of images or labels has a common name."""
    *folders, last = stem(name).split("/")
    for at, one in enumerate(folders):
        if match := folder.fullmatch(one):
            folders[at] = f"*{match[1] or ''}"
            break
    return "/".join((*folders, last))


def _split_of(name: str) -> str | None:
    """The split that the folders of a file name."""
    for folder in reversed(name.lower().split("/")[:-1]):
        if folder in _NAMES:
            return _SPLITS.get(folder, folder)
    return None


# ImageSets --------------------------------------------------------------------------------------


def _lists(root: Root) -> Part[dict[str, frozenset[str]]]:
    """Returns split -> the ids that are listed; trainval, the union of two, is left out."""
    found: dict[str, frozenset[str]] = {}
    for name in root.files():
        if (match := _LIST.fullmatch(name)) and match[1].lower() != "trainval":
            try:
                text = root.read_bytes(name).decode("utf-8-sig")
            except (ParseError, UnicodeError):
                yield code("unreadable-labels").at(
                    Place(name), "is not text: its ids are in no split", "restore the file"
                )
                continue
            ids = frozenset(line.strip() for line in text.splitlines() if line.strip())
            split = match[1].lower()
            found[_SPLITS.get(split, match[1])] = ids
    return found


def _listed(
    files: Sequence[Listed], lists: Mapping[str, frozenset[str]], images: Sequence[str]
) -> Part[list[Listed]]:
    """Returns the files whose ids are listed; those of one folder have the same ids as another's.

    KITTI counts from 000000 in training and in testing: a list of test images does not name those
    of training.
    """
    kinds = {file.split == "test" for file in files}
    ids = lists.get("test", frozenset())
    unread = [
        image
        for image in images
        if True not in kinds and last_part(stem(image)) in ids and _split_of(image) == "test"
    ]
    tested = False in kinds and (True in kinds or bool(unread))
    found, rest = [], []
    for file in files:
        own = last_part(stem(file.label))
        splits = [
            split
            for split, names in lists.items()
            if own in names and not (tested and (split == "test") != (file.split == "test"))
        ]
        if splits:
            found += [file._replace(split=split) for split in splits]
        else:
            rest.append(file.label)
    if rest:
        yield code("annotation-not-listed").at(
            Place(rest[0]),
            f"{plural(len(rest), 'label file')} in no list of ImageSets (this is the first): not "
            "read",
            "add their ids to a list",
        )
    if unread:
        yield code("image-without-annotation").at(
            Place(unread[0]),
            f"{plural(len(unread), 'image')} in the list of test images, without a label file "
            "(this is the first): not read",
            "annotate them; an empty file means that an image has no objects",
        )
    return found


def _unmarked(images: Sequence[str], files: Sequence[Listed]) -> Iterator[Finding]:
    """The finding on images without a label file in folders where others have one."""
    known = {file.image for file in files}
    folders = {image.rpartition("/")[0] for image in known if image}
    rest = [image for image in images if image not in known and image.rpartition("/")[0] in folders]
    if rest:
        yield code("image-without-annotation").at(
            Place(rest[0]),
            f"{plural(len(rest), 'image')} without a label file (this is the first): not read",
            "annotate them; an empty file means that an image has no objects",
        )
