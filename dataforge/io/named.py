"""A single annotation file given as a dataset: which files are allowed, where the images are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Protocol

import msgspec

from dataforge.errors import InputError
from dataforge.io.names import IMAGE_EXTENSIONS, is_image, last_part, stem

_DESCRIPTIONS = (".yaml", ".yml")
"""Extensions of YOLO files that describe a whole dataset."""

_OF_ANNOTATIONS = re.compile("(?<![a-z])anno|annotation|label|xml|json|txt")
"""Words in the names of folders that hold annotations separately from the images.

``annos`` and ``VOCAnnotations`` are such, ``cannot_be_read`` is not.
"""


_IMAGE_NAMES = re.compile(
    rb'"(?:[^"\\\x00-\x1f]|\\.)+\.(?:%s)"'
    % b"|".join(one[1:].encode() for one in IMAGE_EXTENSIONS),
    re.IGNORECASE,
)
"""The names of images among the strings of a JSON file."""

HEAD = 65536
"""Bytes of a JSON file that are searched for names of images."""

_TRIED = 20
"""Names that are looked for: some images may be missing."""


def refuse_others(file: str) -> None:
    """Reject a file that cannot be an annotation file; the readers recognise the format.

    Raises:
        InputError: the file is an image, or describes a whole dataset.
    """
    name = file.lower()
    if name.endswith(_DESCRIPTIONS):
        raise InputError(f"{file}: describes a whole dataset; give its folder: {_folder(file)}")
    if is_image(name):
        raise InputError(f"{file}: is an image; give a folder or an annotation file")


def may_hold_annotations(folder: str) -> bool:
    """Whether a folder has a name of those that hold annotations, and images are elsewhere."""
    return bool(_OF_ANNOTATIONS.search(folder.lower()))


def with_images(only: str, names: Iterable[str]) -> Iterator[str]:
    """A file and the images it may annotate: for YOLO the one of the same name, else any."""
    yield only
    own = last_part(stem(only)) if only.lower().endswith(".txt") else None
    for name in names:
        if is_image(name) and own in (None, last_part(stem(name))):
            yield name


class Looking(Protocol):
    """What can be asked about folders, given by their paths."""

    def has_image(self, folder: str, name: str) -> bool:
        """Whether a folder contains an image of this name, given without extension."""

    def any_image(self, folder: str) -> bool:
        """Whether a folder contains an image."""

    def folders(self, above: str) -> list[str]:
        """The paths of the folders in a folder."""

    def head(self, file: str) -> bytes:
        """The first bytes of a file; none if it cannot be read."""


def home_of(file: str, disk: Looking | None = None) -> tuple[str, str]:
    """(the root folder for an annotation file, the file's path relative to it).

    Images are beside it, or, as in ``Annotations/1.xml`` and ``JPEGImages/1.jpg`` or
    ``labels/train/1.txt`` and ``images/train/1.jpg``, in a folder beside the annotation folder.
    Images that a JSON file names at its start have to be there; of one that names none there, the
    images may have any name.

    Args:
        file: path of the annotation file.
        disk: what the path is on; None for this machine.
    """
    disk = disk or _Disk()
    folder, name = _folder(file), os.path.basename(file)
    if disk.has_image(folder, stem(name)):
        return folder, name
    above, inner = os.path.abspath(folder), ""
    for _ in range(2):
        above, last = os.path.split(above)
        if may_hold_annotations(last):
            beside = [path for path in disk.folders(above) if os.path.basename(path) != last]
            if any(disk.has_image(os.path.join(path, inner), stem(name)) for path in beside) or (
                name.lower().endswith(".json")
                and not inner
                and not _holds_images(disk, folder)
                and _holds_images_of(disk, file, beside)
            ):
                home = above if os.path.isabs(file) else os.path.relpath(above)
                return home, "/".join([last, *filter(None, [inner]), name])
        inner = f"{last}/{inner}".rstrip("/")
    return folder, name


def _folder(file: str) -> str:
    return os.path.dirname(file) or "."


def _holds_images_of(disk: Looking, file: str, folders: list[str]) -> bool:
    """Whether one of the folders, or a subfolder, contains an image that the file names."""
    tried = [stem(last_part(name)) for name in _images_named_in(disk.head(file))]
    if not tried:
        return any(_holds_images(disk, folder) for folder in folders)
    below = [inner for folder in folders for inner in (folder, *disk.folders(folder))]
    return any(disk.has_image(folder, name) for folder in below for name in tried)


def _images_named_in(head: bytes) -> Iterator[str]:
    """The first images that the start of a JSON file names."""
    for text in islice(_IMAGE_NAMES.finditer(head), _TRIED):
        with suppress(msgspec.DecodeError):
            yield msgspec.json.decode(text[0], type=str).replace("\\", "/")


def _holds_images(disk: Looking, folder: str) -> bool:
    """Whether a folder or one of its subfolders (``images/train``) contains an image."""
    return any(map(disk.any_image, [folder, *disk.folders(folder)]))


class _Disk:
    """This machine."""

    def has_image(self, folder: str, name: str) -> bool:
        endings = (case for ending in IMAGE_EXTENSIONS for case in (ending, ending.upper()))
        return any(os.path.isfile(os.path.join(folder, name + ending)) for ending in endings)

    def any_image(self, folder: str) -> bool:
        with suppress(OSError), os.scandir(folder) as entries:
            return any(is_image(entry.name) for entry in entries)
        return False

    def folders(self, above: str) -> list[str]:
        with suppress(OSError), os.scandir(above) as entries:
            return [entry.path for entry in entries if entry.is_dir()]
        return []

    def head(self, file: str) -> bytes:
        with suppress(OSError), open(file, "rb") as stream:
            return stream.read(HEAD)
        return b""
