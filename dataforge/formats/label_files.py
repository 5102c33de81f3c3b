"""Which label file belongs to which image, for formats that have one for each image."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Part
from dataforge.formats.borrowed import image_borrowed
from dataforge.formats.other_files import other_files
from dataforge.io import Root, last_part, stem

_LOOKED_AT, _MOST = 5, 50
"""Files with rows, of the first files of a folder, that say whether they are YOLO's."""

_HEAD = 1024
_WHOLE, _SHARE = re.compile(r"\d{1,9}"), re.compile(r"\d?\.?\d+(?:e-\d+)?", re.IGNORECASE)


class Listed(NamedTuple):
    """A label file.

    Attributes:
        label: its path.
        image: that it belongs to; empty if there is none.
        split: of the image; None if nothing names it.
        frames: the images of a video, whose label file it is.
    """

    label: str
    image: str
    split: str | None
    frames: tuple[str, ...] = ()


class Folders(NamedTuple):
    """How a format's folders are called.

    Attributes:
        labels, images: whole names of the folders; what a group matches is the same for both.
        split_of: the split that the folders of a path name; None if they name none.
    """

    labels: re.Pattern[str]
    images: re.Pattern[str]
    split_of: Callable[[str], str | None]

    def has_labels(self, name: str) -> bool:
        """Whether a file is below a folder of labels."""
        return any(map(self.labels.fullmatch, name.split("/")[:-1]))


def paired(labels: Sequence[str], images: Iterable[str], folders: Folders) -> Part[dict[str, str]]:
    """Returns label file -> its image, of those that have one.

    An image in another folder is that of a label file only if no other has a claim on it.
    """
    by_key: dict[str, str] = {}
    found: dict[str, str] = {}
    by_name: dict[str, list[str]] = defaultdict(list)
    for image in images:
        by_key.setdefault(common_path(image, folders.images), image)
        by_key.setdefault(stem(image), image)
        by_name[last_part(stem(image))].append(image)
    for label in labels:
        if near := by_key.get(common_path(label, folders.labels)) or by_key.get(stem(label)):
            found[label] = near
    first = {image: label for label, image in sorted(found.items(), reverse=True)}
    wanted: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        own = by_name[last_part(stem(label))]
        is_free = label not in found and len(own) == 1 and own[0] not in first
        if is_free and not _differ(folders.split_of(label), folders.split_of(own[0])):
            wanted[own[0]].append(label)
    borrowed = [(own[0], image) for image, own in wanted.items() if len(own) == 1]
    yield from image_borrowed([(Place(label), image) for label, image in borrowed])
    return {label: image for label, image in found.items() if first[image] == label} | dict(
        borrowed
    )


def own_labels(
    root: Root, labels: Sequence[str], fits: Callable[[str], bool], kind: str
) -> Part[list[str]]:
    """Returns the label files without those of folders that have YOLO's, if others have not.

    Args:
        root: the folder.
        labels: the files.
        fits: whether a line is a row of the format.
        kind: what a file is called in messages, as in "is not a KITTI file".
    """
    foreign = yolo_folders(root, labels, fits)
    rest = [label for label in labels if label.rpartition("/")[0] in foreign]
    if not rest or len(rest) == len(labels):
        return [*labels]
    yield from other_files(rest, f"is not a {kind}, but YOLO")
    return [label for label in labels if label.rpartition("/")[0] not in foreign]


def yolo_folders(root: Root, labels: Iterable[str], fits: Callable[[str], bool]) -> set[str]:
    """The folders of label files whose first rows are YOLO's, and do not fit the format."""
    files: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        files[label.rpartition("/")[0]].append(label)
    found = set()
    for folder, own in files.items():
        first = [
            *islice(filter(None, (_first_row(root, label) for label in own[:_MOST])), _LOOKED_AT)
        ]
        if first and all(_is_yolo(row.split()) and not fits(row) for row in first):
            found.add(folder)
    return found


def _first_row(root: Root, label: str) -> str:
    """The first line of a file; empty if it cannot be read."""
    try:
        return root.head(label, _HEAD).decode(errors="replace").split("\n", 1)[0].strip()
    except (OSError, ParseError):
        return ""


def _is_yolo(words: Sequence[str]) -> bool:
    """Whether a row is the number of a class and four or more shares of the image's size."""
    if len(words) < 5 or not _WHOLE.fullmatch(words[0]):
        return False
    return all(_SHARE.fullmatch(word) and float(word) <= 1 for word in words[1:5])


def _differ(split: str | None, other: str | None) -> bool:
    return split is not None and other is not None and split != other


def common_path(name: str, folder: re.Pattern[str]) -> str:
    """A path without its extension, in which the folder of images or labels has a common name."""
    *folders, last = stem(name).split("/")
    for at, one in enumerate(folders):
        if match := folder.fullmatch(one):
            folders[at] = "*" + "".join(group or "" for group in match.groups())
            break
    return "/".join((*folders, last))


def unmarked(images: Sequence[str], used: Iterable[str]) -> Iterator[Finding]:
    """The finding on images without a label file in folders where others have one.

    Args:
        images: all.
        used: those that have one.
    """
    known = {*used}
    folders = {image.rpartition("/")[0] for image in known}
    rest = [image for image in images if image not in known and image.rpartition("/")[0] in folders]
    if rest:
        yield code("image-without-annotation").at(
            Place(rest[0]),
            f"{plural(len(rest), 'image')} without a label file (this is the first): not read",
            "annotate them; an empty file means that an image has no objects",
        )
