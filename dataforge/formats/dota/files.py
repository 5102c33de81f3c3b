"""Which label file belongs to which image, and to which split.

train/labelTxt/P0001.txt          train/images/P0001.png     DOTA's own, and Roboflow's
train/labelTxt-v1.5/P0001.txt     train/images/P0001.png
labels/train_original/P0001.txt   images/train/P0001.jpg     as Ultralytics packs DOTA
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Part
from dataforge.formats.borrowed import image_borrowed
from dataforge.formats.dota.rows import parse_row
from dataforge.formats.label_files import Listed, unmarked, yolo_folders
from dataforge.formats.split_names import split_of_words
from dataforge.io import Root, is_image, last_part, stem

_LABELS = re.compile(r"labeltxt.*|labels?", re.IGNORECASE)
_OWN = re.compile(r"(?:.*/)?labeltxt[^/]*/.*", re.IGNORECASE)
_UPRIGHT = re.compile(r"hbb|reclabel|task2")
"""In the folders of upright boxes: DOTA's second task, Train_Task2_gt/trainset_reclabelTxt."""

_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)")


def find_files(root: Root) -> Part[list[Listed]]:
    """Returns the label files in path order."""
    names = root.files()
    images = [name for name in names if is_image(name)]
    stems = {last_part(stem(name)) for name in images}
    labels = [name for name in names if name.lower().endswith(".txt")]
    if any(map(_OWN.fullmatch, labels)):
        labels = [name for name in labels if _OWN.fullmatch(name)]
    else:
        labels = [name for name in labels if last_part(stem(name)) in stems]
    claims, borrowed = _claims(labels, images)
    yield from image_borrowed([(Place(label), image) for label, image in borrowed])
    several = (label for own in claims.values() if len(own) > 1 for label in own)
    foreign = yolo_folders(root, several, _fits)
    chosen = {
        image: min(
            own, key=lambda label: (label.rpartition("/")[0] in foreign, *_preference(label))
        )
        for image, own in claims.items()
    }
    owner = {label: image for image, label in chosen.items()}
    spare = [label for own in claims.values() for label in own if label not in owner]
    yield from _other_versions(spare, owner)
    left_out = {*spare}
    found = [
        Listed(
            label,
            owner.get(label, ""),
            split_of_words(owner.get(label, label), label),
        )
        for label in labels
        if label not in left_out
    ]
    yield from unmarked(images, (file.image for file in found if file.image))
    return found


def _claims(
    labels: Sequence[str], images: Iterable[str]
) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """Image -> the label files that may be its own; and the (label file, image) of other folders.

    An image that has a label file beside it is not that of one in another folder, unless that is
    another version of its labels, in a folder beside or below.
    """
    by_key: dict[str, str] = {}
    by_name: dict[str, list[str]] = defaultdict(list)
    for image in images:
        by_key.setdefault(_key(image, "images"), image)
        by_key.setdefault(stem(image), image)
        by_name[last_part(stem(image))].append(image)
    found: dict[str, list[str]] = defaultdict(list)
    rest = []
    for label in labels:
        if near := by_key.get(_key(label, "")) or by_key.get(stem(label)):
            found[near].append(label)
        elif len(own := by_name[last_part(stem(label))]) == 1:
            rest.append((label, own[0]))
    wanted: dict[str, list[str]] = defaultdict(list)
    for label, image in rest:
        if _is_beside(label, image) and not _differ(split_of_words(label), split_of_words(image)):
            found[image].append(label)
        else:
            wanted[image].append(label)
    borrowed = []
    for image, own in wanted.items():
        alike = [one for one in own if not _differ(split_of_words(one), split_of_words(image))]
        if image not in found and len({*map(_home, alike)}) == 1:
            found[image] = alike
            borrowed.append((alike[0], image))
    return found, borrowed


def _home(label: str) -> str:
    """The folder in which the folder of a label file is, with those of other versions."""
    folders = label.split("/")[:-1]
    marks = [at for at, folder in enumerate(folders) if _LABELS.fullmatch(folder)]
    return "/".join(folders[: marks[0] if marks else -1])


def _is_beside(label: str, image: str) -> bool:
    """Whether a folder of labels, with that of a label file in it, is beside that of an image."""
    folders = image.split("/")[:-1]
    names = [folder.lower() for folder in folders]
    home = folders[: names.index("images") if "images" in names else -1]
    own = label.split("/")[:-1]
    return own[: len(home)] == home and any(map(_LABELS.fullmatch, own[len(home) : len(home) + 1]))


def _differ(split: str | None, other: str | None) -> bool:
    return split is not None and other is not None and split != other


def _key(name: str, folder: str) -> str:
    """A path without its extension, in which the folder of images or of labels has one name."""
    *folders, last = stem(name).split("/")
    for at, one in enumerate(folders):
        if one.lower() == folder if folder else _LABELS.fullmatch(one):
            folders[at] = "*"
            break
    return "/".join((*folders, last))


def _fits(line: str) -> bool:
    return not isinstance(parse_row(line), str)


def _preference(label: str) -> tuple[bool, list[int], str]:
    """Turned boxes before upright ones, and the last version first."""
    folder = label.rpartition("/")[0].lower()
    version = _VERSION.search(folder.rpartition("labeltxt")[2])
    numbers = [-int(part[:9]) for part in version[1].split(".")] if version else []
    return bool(_UPRIGHT.search(folder)), numbers or [1], label


def _other_versions(spare: Sequence[str], owner: dict[str, str]) -> Iterator[Finding]:
    """The finding on label files of images for which another one is read."""
    if spare:
        used = next(iter(owner)).rpartition("/")[0]
        yield code("labels-of-same-image").at(
            Place(spare[0]),
            f"{plural(len(spare), 'label file')} of images that have another one (this is the "
            f"first): not read; those in {used or './'} are, or the like",
            "move those away that are not wanted",
        )
