"""Which label file belongs to which images, and to which split.

VisDrone2019-DET-train/annotations/a.txt       VisDrone2019-DET-train/images/a.jpg
VisDrone2019-VID-val/annotations/uav_1.txt     VisDrone2019-VID-val/sequences/uav_1/0000001.jpg
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from dataforge.formats.base import Part
from dataforge.formats.label_files import (
    Folders,
    Listed,
    common_path,
    own_labels,
    paired,
    unmarked,
)
from dataforge.formats.split_names import split_of_words
from dataforge.formats.visdrone.rows import parse_row
from dataforge.io import Root, is_image, last_part, stem

_LABELS = re.compile(r"annotations?|labels?", re.IGNORECASE)
_IMAGES = re.compile(r"images?", re.IGNORECASE)
_VIDEOS = re.compile(r"sequences?", re.IGNORECASE)
_FRAME = re.compile(r"\d{1,15}")


def find_files(root: Root) -> Part[list[Listed]]:
    """Returns the label files in path order."""
    names = root.files()
    images = [name for name in names if is_image(name)]
    labels = [name for name in names if name.lower().endswith(".txt")]
    folders = Folders(_LABELS, _IMAGES, split_of_words)
    if any(map(folders.has_labels, labels)):
        labels = [*filter(folders.has_labels, labels)]
    else:
        stems = {last_part(stem(name)) for name in images}
        labels = [name for name in labels if last_part(stem(name)) in stems]
    labels = yield from own_labels(root, labels, _fits, "VisDrone file")
    videos = _videos(labels, images)
    frames = {frame for own in videos.values() for frame in own}
    rest = [image for image in images if image not in frames]
    own_image = yield from paired([name for name in labels if name not in videos], rest, folders)
    yield from unmarked(images, [*own_image.values(), *frames])
    return [
        Listed(
            name,
            own_image.get(name, ""),
            split_of_words(own_image.get(name, name), name),
            tuple(videos.get(name, ())),
        )
        for name in labels
    ]


def _fits(line: str) -> bool:
    return not (
        isinstance(parse_row(line, is_video=False), str)
        and isinstance(parse_row(line, is_video=True), str)
    )


def _videos(labels: Sequence[str], images: Sequence[str]) -> dict[str, list[str]]:
    """Label file -> the frames of its video, of those that are of one; in order."""
    folders: dict[str, list[str]] = defaultdict(list)
    for image in images:
        folder, _, last = image.rpartition("/")
        if _FRAME.fullmatch(stem(last)):
            folders[folder].append(image)
    by_path = {
        common_path(f"{folder}.txt", _VIDEOS): own
        for folder, own in folders.items()
        if any(map(_VIDEOS.fullmatch, folder.split("/")[:-1]))
    }
    found = {name: by_path.get(common_path(name, _LABELS), ()) for name in labels}
    return {name: sorted(own, key=frame_of) for name, own in found.items() if own}


def frame_of(image: str) -> int:
    """The number of a frame, by its name."""
    return int(stem(last_part(image)))
