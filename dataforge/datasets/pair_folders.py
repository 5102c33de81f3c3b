"""Finds which folders of images and XML files belong together, by the names of the files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from functools import cache
from typing import Any, NamedTuple

from dataforge.datasets.folder_patterns import Pairs, widest
from dataforge.datasets.looks import SAMPLED, Looks
from dataforge.errors import plural
from dataforge.io import last_part, stem
from dataforge.layouts import SPLIT_NAMES, SPLIT_ORDER, join


def find_folders(
    xmls: list[str], images: list[str], looks: Looks
) -> tuple[dict[str, Any], list[str]]:
    """The fields `images`, `annotations` and maybe `splits` of `Layout`, and why.

    The fields are empty if no image and XML file have the same name.

    Args:
        xmls, images: paths relative to the root.
        looks: into the files.
    """
    paired = _pair(xmls, images, looks)
    passed_over: list[str] = []
    while (other := _second_annotations(paired.image_of, looks)) is not None:
        folder, kept = other
        passed_over.append(
            f"XML in {folder}/ is passed over: {kept}/ has XML files for the same images"
        )
        xmls = [xml for xml in xmls if xml.rpartition("/")[0] != folder]
        paired = _pair(xmls, images, looks)
    pairs, deeper, by_case = paired.pairs, paired.deeper, paired.by_case
    if not pairs:
        counts = f"{plural(len(xmls), 'XML file')} and {plural(len(images), 'image')}"
        return {}, [f"{counts}, but none with the same name"]
    of_all = f"of {plural(len(xmls), 'XML file')} have an image with the same name"
    split_folders = _split_folders(pairs) or _split_folders(deeper)
    if split_folders:
        (image_folder, annotation_folder), splits, count = split_folders
        reasons = [f"one folder per split ({', '.join(splits.values())}): {count} {of_all}"]
        found = {"images": image_folder, "annotations": annotation_folder, "splits": splits}
    else:
        (image_folder, annotation_folder), count = widest(pairs)
        reasons = [f"images in {image_folder}/ and XML in {annotation_folder}/: {count} {of_all}"]
        found = {"images": image_folder, "annotations": annotation_folder}
    if "*" in image_folder + annotation_folder:
        reasons.append(_meaning_of_star(image_folder, annotation_folder))
    if by_case:
        are = "is" if by_case == 1 else "are"
        reasons.append(f"{by_case:,} of them {are} named in different case than their image")
    return found, reasons + passed_over


class _Paired(NamedTuple):
    """Which folders belong together.

    Attributes:
        pairs: of folders down to where they differ.
        deeper: one level deeper.
        by_case: number of XML files whose image is named in different case.
        image_of: XML file -> its image, without extension.
    """

    pairs: Pairs
    deeper: Pairs
    by_case: int
    image_of: dict[str, str]


def _pair(xmls: list[str], images: list[str], looks: Looks) -> _Paired:
    by_name = _by_name(images)
    folders = {image.rpartition("/")[0] for image in images}
    several = (found for found in by_name.values() if isinstance(found, dict) and len(found) > 1)
    suspects = _Suspects(images, {folder for found in several for folder in found}, looks)
    candidates: dict[str, tuple[tuple[tuple[str, str], str], ...]] = {}  # (pair of folders, image)
    apart = cache(_apart)
    own = _by_folder(xmls)
    home, ranked = "", dict[Set[str], list[Set[str]]]()
    for xml in xmls:
        folder, _, name = stem(xml).rpartition("/")
        if home != folder:
            home, ranked = folder, {}
        named = by_name.get(name.casefold())
        if named is None:
            continue
        if isinstance(named, str):
            candidates[xml] = ((apart(named.rpartition("/")[0], folder), named),)
            continue
        near: Set[str] = named.keys()
        if len(near) > 1:
            # Frames have the same numbers in each of a thousand videos: only the nearest folders
            # count. A few are ranked for themselves, without ranking all.
            these = frozenset(named if len(named) <= _FEW else folders)
            if these not in ranked:
                ranked[these] = _nearest_first(folder, these, suspects, own[folder][:SAMPLED])
            near = next(near for tier in ranked[these] if (near := named.keys() & tier))
        candidates[xml] = tuple((apart(way, folder), named[way]) for way in sorted(near))
    votes = Counter(pair for found in candidates.values() for pair, _ in found)
    places: Counter[tuple[tuple[str, str], str]] = Counter()
    by_case = 0
    image_of = {}
    for xml, found in candidates.items():
        # The most likely pair explains the most XML files; among equals, the shortest.
        pair, image = min(
            found, key=lambda one: (-votes[one[0]], len(one[0][0]) + len(one[0][1]), one[0])
        )
        folder, _, name = stem(xml).rpartition("/")
        by_case += last_part(image) != name
        places[pair, folder] += 1
        image_of[xml] = image
    pairs: Pairs = Counter()
    deeper: Pairs = Counter()
    for (pair, folder), number in places.items():
        pairs[pair] += number
        inner = folder[0 if pair[1] == "." else len(pair[1]) + 1 :].split("/")[0] or "."
        deeper[join(pair[0], inner), join(pair[1], inner)] += number
    return _Paired(pairs, deeper, by_case, image_of)


def _by_name(images: Sequence[str]) -> dict[str, str | dict[str, str]]:
    """Name -> its image, without extension; or folder -> image, if there are several."""
    found: dict[str, str | dict[str, str]] = {}
    for image in images:
        path = stem(image)
        name = last_part(path).casefold()
        known = found.setdefault(name, path)
        if known is not path:
            known = found[name] = _in_folders(known)
            known[path.rpartition("/")[0]] = path
    return found


def _in_folders(found: str | dict[str, str]) -> dict[str, str]:
    """Folder -> image, of a value of `_by_name`."""
    return {found.rpartition("/")[0]: found} if isinstance(found, str) else found


def _by_folder(paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        found[path.rpartition("/")[0]].append(path)
    return {folder: tuple(own) for folder, own in found.items()}


# Masks are not the images -------------------------------------------------------------------------

_DERIVED = re.compile(
    r"mask|thumb|segm|preview|depth|visual|overlay|crop|label_?img|trimap|matte|alpha|edges|heat"
    r"|contour|saliency|panoptic|semantic|instances|ground.?truth"
)
"""Folders of derived images, such as the devkit's SegmentationClass/."""

_FEW = 16
"""Folders with an image of a name that are ranked for themselves."""

_MANY = 100
"""Folders whose images are looked at at most."""


class _Suspects:
    """Which folders may have masks or thumbnails, if several have an image for an XML file.

    Args:
        images: all of them.
        doubtful: folders with images that others have under the same name.
        looks: into the files.
    """

    def __init__(self, images: list[str], doubtful: Set[str], looks: Looks) -> None:
        self._looks = looks
        few = len(doubtful) <= _MANY
        self._first: dict[str, tuple[str, ...]] = {}
        self._extensions: dict[str, set[str]] = {}
        for folder, own in _by_folder(images).items() if few else ():
            if folder in doubtful:
                self._first[folder] = own[:SAMPLED]
                self._extensions[folder] = {name[len(stem(name)) :].lower() for name in own}

    def signs(self, folder: str, home: str, xmls: tuple[str, ...]) -> tuple[int, bool, bool, bool]:
        """(number of signs, another extension than the XML files name, grey, by its name)."""
        parts = {*filter(None, folder.split("/"))} - {*filter(None, home.split("/"))}
        derived = any(_DERIVED.search(part.lower()) for part in parts)
        if folder not in self._first:
            return int(derived), False, False, derived
        wanted = self._looks.named_extension(xmls)
        other = bool(wanted) and wanted not in self._extensions[folder]
        grey = self._looks.is_grey(self._first[folder])
        return other + grey + derived, other, grey, derived


def _nearest_first(
    home: str, folders: Set[str], suspects: _Suspects, xmls: tuple[str, ...]
) -> list[Set[str]]:
    """Image folders in tiers: those without masks first, then by what they share with home."""
    own = {*filter(None, home.split("/"))}
    tiers: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for folder in folders:
        parts = {*filter(None, folder.split("/"))}
        tiers[(*suspects.signs(folder, home, xmls), -len(parts & own))].add(folder)
    return [tiers[key] for key in sorted(tiers)]


# Several XML files for an image -------------------------------------------------------------------

_SECOND = re.compile(r"orient|rotat|obb|old|backup|bak|copy|orig|\braw\b|tmp|temp", re.IGNORECASE)


def _second_annotations(image_of: Mapping[str, str], looks: Looks) -> tuple[str, str] | None:
    """(folder of XML files, folder with others for most of the same images); None if there is none.

    The one with boxes is kept, then the one whose name does not say otherwise, then the larger.
    """
    if len({*image_of.values()}) == len(image_of):
        return None
    of_image: dict[str, list[str]] = defaultdict(list)
    for xml, image in image_of.items():
        of_image[image].append(xml)
    common: Counter[tuple[str, str]] = Counter()
    for claims in of_image.values():
        folders = sorted({xml.rpartition("/")[0] for xml in claims})
        common.update((a, b) for at, a in enumerate(folders) for b in folders[at + 1 :])
    if not common:
        return None
    own = _by_folder([*image_of])
    for (a, b), count in common.most_common():
        if 2 * count >= min(len(own[a]), len(own[b])):
            kept, other = sorted(
                (a, b),
                key=lambda folder: (
                    not looks.has_boxes(own[folder][:SAMPLED]), bool(_SECOND.search(folder)),
                    -len(own[folder]), len(folder), folder,
                ),
            )  # fmt: skip
            return other, kept
    return None


# Folders ------------------------------------------------------------------------------------------


def _apart(image_folder: str, xml_folder: str) -> tuple[str, str]:
    """Where two folders with a common tail differ, such as ('Images', 'Annotations')."""
    a, b = (folder.split("/") if folder else [] for folder in (image_folder, xml_folder))
    while a and b and a[-1] == b[-1]:
        a.pop()
        b.pop()
    return "/".join(a) or ".", "/".join(b) or "."


def _split_folders(pairs: Pairs) -> tuple[tuple[str, str], dict[str, str], int] | None:
    """((images, annotations) with ``{split}`` in them, split -> folder, files), if that fits.

    It fits if each pair of folders is named after a split, or if two splits have most files.
    """
    patterns: Pairs = Counter()
    splits: dict[str, str] = {}
    for (image_folder, xml_folder), count in pairs.items():
        common = [part for part in image_folder.split("/") if part in xml_folder.split("/")]
        part = next((part for part in common if part.lower() in SPLIT_NAMES), None)
        if part is not None and splits.setdefault(SPLIT_NAMES[part.lower()], part) == part:
            patterns[_replace_part(image_folder, part), _replace_part(xml_folder, part)] += count
    if not patterns:
        return None
    pattern, count = widest(patterns)
    if count < pairs.total() and (len(splits) < 2 or count < 0.5 * pairs.total()):
        return None
    return pattern, {split: splits[split] for split in SPLIT_ORDER if split in splits}, count


def _replace_part(path: str, part: str) -> str:
    parts = path.split("/")
    parts[parts.index(part)] = "{split}"
    return "/".join(parts)


def _meaning_of_star(images: str, annotations: str) -> str:
    side = "images" if images.count("*") > annotations.count("*") else "XML files"
    by_name = f"{side} are spread over folders (*): an image and its XML have the same name"
    if "*" in images and "*" in annotations:
        common = "* stands for subfolders that images and XML files have in common"
        same = images.count("*") == annotations.count("*")
        return common if same else f"{common}; in them, {by_name}"
    return by_name
