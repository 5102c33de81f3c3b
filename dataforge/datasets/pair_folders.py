"""Finds which folders of images and XML files belong together, by the names of the files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Set
from typing import Any, TypeAlias

from dataforge.errors import plural
from dataforge.io import last_part, stem
from dataforge.layouts import SPLIT_NAMES, SPLIT_ORDER, join


def find_folders(xmls: list[str], images: list[str]) -> tuple[dict[str, Any], list[str]]:
    """The fields `images`, `annotations` and maybe `splits` of `Layout`, and why.

    The fields are empty if no image and XML file have the same name.

    Args:
        xmls, images: paths relative to the root.
    """
    pairs, deeper, by_case = _pair(xmls, images)
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
        (image_folder, annotation_folder), count = _widest(pairs)
        reasons = [f"images in {image_folder}/ and XML in {annotation_folder}/: {count} {of_all}"]
        found = {"images": image_folder, "annotations": annotation_folder}
    if "*" in image_folder + annotation_folder:
        reasons.append(_meaning_of_star(image_folder, annotation_folder))
    if by_case:
        are = "is" if by_case == 1 else "are"
        reasons.append(f"{by_case:,} of them {are} named in different case than their image")
    return found, reasons


_FEW = 16
"""Folders with an image of a name that are ranked for themselves, without ranking all folders."""

Pairs: TypeAlias = "Counter[tuple[str, str]]"
"""(image folder, XML folder) -> number of XML files with an image there."""


def _pair(xmls: list[str], images: list[str]) -> tuple[Pairs, Pairs, int]:
    """Which folders belong together.

    Returns:
        Pairs of folders down to where they differ, pairs one level deeper, and the number of XML
        files whose image is named in different case.
    """
    by_name: dict[str, dict[str, str]] = defaultdict(dict)  # name -> folder -> image
    for image in images:
        by_name[last_part(stem(image)).casefold()][image.rpartition("/")[0]] = stem(image)
    folders = {folder for found in by_name.values() for folder in found}
    candidates: dict[str, dict[tuple[str, str], str]] = {}
    home, tiers = "", list[Set[str]]()
    for xml in xmls:
        if home != (folder := xml.rpartition("/")[0]):
            home, tiers = folder, []
        # Frames have the same numbers in each of a thousand videos: only the nearest folders count.
        named = by_name.get(last_part(stem(xml)).casefold(), {})
        if len(named) <= _FEW:
            near = _nearest(home, named.keys())
        else:
            tiers = tiers or _nearest_first(home, folders)
            near = next((near for tier in tiers if (near := named.keys() & tier)), set())
        if near:
            candidates[xml] = {_folders(named[way], stem(xml)): named[way] for way in sorted(near)}
    votes = Counter(pair for found in candidates.values() for pair in found)
    pairs: Pairs = Counter()
    deeper: Pairs = Counter()
    by_case = 0
    for xml, found in candidates.items():
        # The most likely pair explains the most XML files; among equals, the shortest.
        pair = min(found, key=lambda pair: (-votes[pair], len(pair[0]) + len(pair[1]), pair))
        by_case += last_part(found[pair]) != last_part(stem(xml))
        pairs[pair] += 1
        inside = stem(xml)[0 if pair[1] == "." else len(pair[1]) + 1 :].split("/")
        inner = inside[0] if len(inside) > 1 else "."
        deeper[join(pair[0], inner), join(pair[1], inner)] += 1
    return pairs, deeper, by_case


_DERIVED = re.compile(r"mask|thumb|segm|preview|depth|visual|overlay|crop|label_?img")
"""Folders of derived images, such as the devkit's SegmentationClass/."""


def _nearest_first(home: str, folders: Set[str]) -> list[Set[str]]:
    """Image folders in tiers: not derived ones first, then by what they share with home."""
    own = {*filter(None, home.split("/"))}
    tiers: dict[tuple[bool, int], set[str]] = defaultdict(set)
    for folder in folders:
        tiers[_distance(own, folder)].add(folder)
    return [tiers[key] for key in sorted(tiers)]


def _nearest(home: str, folders: Set[str]) -> Set[str]:
    """The first of the tiers."""
    if len(folders) < 2:
        return folders
    own = {*filter(None, home.split("/"))}
    distances = {folder: _distance(own, folder) for folder in folders}
    least = min(distances.values())
    return {folder for folder in folders if distances[folder] == least}


def _distance(own: Set[str], folder: str) -> tuple[bool, int]:
    """How far a folder of images is from one with these parts in its path."""
    parts = {*filter(None, folder.split("/"))}
    derived = any(_DERIVED.search(part.lower()) for part in parts - own)
    return derived, -len(parts & own)


def _folders(image: str, xml: str) -> tuple[str, str]:
    """Where two paths with a common tail differ, such as ('Images', 'Annotations')."""
    a, b = image.split("/"), xml.split("/")
    a.pop()
    b.pop()
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
    pattern, count = _widest(patterns)
    if count < pairs.total() and (len(splits) < 2 or count < 0.5 * pairs.total()):
        return None
    return pattern, {split: splits[split] for split in SPLIT_ORDER if split in splits}, count


def _replace_part(path: str, part: str) -> str:
    parts = path.split("/")
    parts[parts.index(part)] = "{split}"
    return "/".join(parts)


def _widest(pairs: Pairs) -> tuple[tuple[str, str], int]:
    """The pair of folders for the most XML files, with a ``*`` if that covers more."""
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    wider: Pairs = Counter()
    for pair, count in pairs.items():
        if (general := _generalised(pair)) is not None:
            wider[general] += count
    several = [pair for pair in wider if wider[pair] > pairs[best]]
    if not several:
        return best, pairs[best]
    chosen = min(several, key=lambda pair: (-wider[pair], pair))
    return chosen, wider[chosen]


def _generalised(pair: tuple[str, str]) -> tuple[str, str] | None:
    """``cam1/images`` and ``cam1/xml`` -> ``*/images`` and ``*/xml``; None if not possible.

    >>> _generalised(("{split}/cam1/images", "{split}/cam1/xml"))
    ('{split}/*/images', '{split}/*/xml')
    >>> _generalised(("cam1", "xml")), _generalised(("images", "day1"))
    (('*', 'xml'), ('images', '*'))
    """
    images = [part for part in pair[0].split("/") if part != "."]
    xmls = [part for part in pair[1].split("/") if part != "."]
    front = 0
    while front < min(len(images), len(xmls)) and images[front] == xmls[front]:
        front += 1
    fixed = [part for part in images[:front] if part == "{split}"]
    star = [*fixed, "*"]
    if front > len(fixed):
        return "/".join([*star, *images[front:]]), "/".join([*star, *xmls[front:]])
    # No folder in common: one of the two is a single folder for all files, known by its name.
    if len(images) == front or len(xmls) == front:
        return None
    if _LABELS.search(xmls[-1].lower()):
        return "/".join(star), pair[1]
    if _PICTURES.search(images[-1].lower()):
        return pair[0], "/".join(star)
    return None


_LABELS = re.compile(r"xml|annot|label")
_PICTURES = re.compile(r"im(a?ge?)?s?$|images?|photo|pict|jpeg|frames?")


def _meaning_of_star(images: str, annotations: str) -> str:
    if "*" in images and "*" in annotations:
        return "* stands for subfolders that images and XML files have in common"
    side = "images" if "*" in images else "XML files"
    return f"{side} are spread over folders (*): an image and its XML have the same name"
