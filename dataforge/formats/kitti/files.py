"""Which label file belongs to which image, and to which split.

training/label_2/000000.txt   training/image_2/000000.png   KITTI's own; its ids may be listed
ImageSets/train.txt                                         in such files, as OpenPCDet and
                                                            mmdetection3d have them
train/labels/a.txt            train/images/a.jpg            as other tools write it
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Place
from dataforge.formats.base import Part
from dataforge.formats.kitti.rows import parse_row
from dataforge.formats.label_files import Folders, Listed, own_labels, paired, unmarked
from dataforge.formats.split_names import split_of_folders
from dataforge.io import Root, is_image, last_part, stem

_LABELS = re.compile(r"labels?(_\d+)?", re.IGNORECASE)
_IMAGES = re.compile(r"images?(_\d+)?", re.IGNORECASE)
_NO_LABELS = {"calib", "calibs", "planes", "velodyne", "imagesets"}
"""Folders of text files that have the names of images, and other content."""

_LIST = re.compile(r"(?:.*/)?ImageSets/(?:Main/)?(\w+)\.txt", re.IGNORECASE)
_SPLITS = {"training": "train", "testing": "test", "valid": "val", "validation": "val"}


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
    if any(map(_FOLDERS.has_labels, labels)):
        labels = [*filter(_FOLDERS.has_labels, labels)]
    else:
        labels = [name for name in labels if last_part(stem(name)) in stems]
    labels = yield from own_labels(root, labels, _fits, "KITTI file")
    pairs = yield from paired(labels, images, _FOLDERS)
    lists = yield from _lists(root)
    found = [Listed(name, pairs.get(name, ""), split_of_folders(name)) for name in labels]
    if lists:
        found = yield from _listed(found, lists, images)
    yield from unmarked(images, (file.image for file in found if file.image))
    return found


def _fits(line: str) -> bool:
    return not isinstance(parse_row(line), str)


def _may_be_label(name: str) -> bool:
    return last_part(name.rpartition("/")[0]).lower() not in _NO_LABELS


_FOLDERS = Folders(_LABELS, _IMAGES, split_of_folders)


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
        if True not in kinds and last_part(stem(image)) in ids and split_of_folders(image) == "test"
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
