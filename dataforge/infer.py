"""Finding out where things are in a folder: which layout it has, and why that is believed."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dataforge.errors import LayoutError, ParseError, UsageError
from dataforge.fileio import IMAGE_EXTENSIONS, Root, is_image, resolve, stem
from dataforge.formats.coco import summarise
from dataforge.layout import (
    SPLIT_NAMES,
    SPLIT_ORDER,
    Layout,
    load,
    match_id,
    missing,
    shipped,
    split_ids,
    well_known,
)


class Inferred(msgspec.Struct, frozen=True):
    """A layout and the sentences that say how it was found."""

    layout: Layout
    reasons: tuple[str, ...]


def infer(root: Root, declared: Mapping[str, Any] | None = None) -> Inferred:
    """Find out where things are in a folder of XML files and images.

    Args:
        root: the folder.
        declared: fields of `Layout` that the user or a layout file says; they are kept.

    Raises:
        LayoutError: there is no XML file, or no image that goes with one.
    """
    declared = dict(declared or {})
    names = root.files()
    xmls = [name for name in names if name.lower().endswith(".xml")]
    images = [name for name in names if is_image(name)]
    if not xmls:
        raise LayoutError(f"{root.location}: no .xml file in it; name the folder with --root")
    if not images:
        raise LayoutError(f"{root.location}: no image in it ({', '.join(IMAGE_EXTENSIONS)})")
    found: dict[str, Any] = {}
    reasons: list[str] = []
    if not {"images", "annotations"} <= declared.keys():
        found, reasons = _infer_folders(xmls, images, root.location)
    for key, value in found.items():
        if key in declared and declared[key] != value:
            reasons.append(
                f"{key}: {_show(declared[key])} as declared, not {_show(value)} as found"
            )
    found |= declared
    if "splits" not in found:
        found["splits"], why = _infer_splits(root, names, xmls, found["annotations"])
        reasons += why
    return Inferred(msgspec.convert(found, Layout), tuple(reasons))


def _show(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, dict) else str(value)


def _infer_folders(
    xmls: list[str], images: list[str], where: str
) -> tuple[dict[str, Any], list[str]]:
    by_name: dict[str, list[str]] = defaultdict(list)
    for image in images:
        by_name[stem(image).rsplit("/", 1)[-1]].append(stem(image))
    pairs: Counter[tuple[str, str]] = Counter()
    deeper: Counter[tuple[str, str]] = Counter()
    for xml in xmls:
        candidates = by_name.get(stem(xml).rsplit("/", 1)[-1], [])
        if candidates:
            pair = min((_folders(image, stem(xml)) for image in candidates), key=_closeness)
            pairs[pair] += 1
            below = stem(xml)[0 if pair[1] == "." else len(pair[1]) + 1 :].split("/")
            inner = below[0] if len(below) > 1 else "."
            deeper[_join(pair[0], inner), _join(pair[1], inner)] += 1
    if not pairs:
        raise LayoutError(
            f"{where}: {len(xmls)} XML files and {len(images)} images, but no two of one name; "
            "name the folders with --images and --annotations"
        )
    split_folders = _split_folders(pairs) or _split_folders(deeper)
    if split_folders:
        (image_folder, annotation_folder), splits = split_folders
        reason = (
            f"one folder per split ({', '.join(splits.values())}): "
            f"{pairs.total()} of {len(xmls)} XML files have an image of their name there"
        )
        found = {"images": image_folder, "annotations": annotation_folder, "splits": splits}
        return found, [reason]
    (image_folder, annotation_folder), count = pairs.most_common(1)[0]
    reason = (
        f"images in {image_folder}/ and XML in {annotation_folder}/: "
        f"{count} of {len(xmls)} XML files have an image of their name there"
    )
    return {"images": image_folder, "annotations": annotation_folder}, [reason]


def _join(folder: str, inner: str) -> str:
    return "/".join(part for part in (folder, inner) if part != ".") or "."


def _folders(image: str, xml: str) -> tuple[str, str]:
    """The differing fronts of two paths that end alike: ('Images', 'Annotations')."""
    a, b = image.split("/"), xml.split("/")
    while a and b and a[-1] == b[-1]:
        a.pop()
        b.pop()
    return "/".join(a) or ".", "/".join(b) or "."


def _closeness(pair: tuple[str, str]) -> tuple[int, str]:
    return len(pair[0]) + len(pair[1]), pair[0]


def _split_folders(
    pairs: Iterable[tuple[str, str]],
) -> tuple[tuple[str, str], dict[str, str]] | None:
    """((images, annotations) with ``{split}`` in them, split -> folder), where that fits all."""
    patterns: set[tuple[str, str]] = set()
    splits: dict[str, str] = {}
    for image_folder, xml_folder in pairs:
        common = [part for part in image_folder.split("/") if part in xml_folder.split("/")]
        part = next((part for part in common if part.lower() in SPLIT_NAMES), None)
        if part is None:
            return None
        patterns.add((_replace_part(image_folder, part), _replace_part(xml_folder, part)))
        splits[SPLIT_NAMES[part.lower()]] = part
    if len(patterns) != 1:
        return None
    return patterns.pop(), {split: splits[split] for split in SPLIT_ORDER if split in splits}


def _replace_part(path: str, part: str) -> str:
    parts = path.split("/")
    parts[parts.index(part)] = "{split}"
    return "/".join(parts)


def _infer_splits(
    root: Root, names: list[str], xmls: list[str], annotations: str
) -> tuple[dict[str, str], list[str]]:
    prefix = "" if annotations == "." else annotations + "/"
    known = {stem(xml)[len(prefix) :]: xml for xml in xmls if xml.startswith(prefix)}
    best: dict[str, tuple[tuple[bool, int, int], str]] = {}
    for name in names:
        split = _split_of(name)
        if not split:
            continue
        try:
            lines = split_ids(root.read_bytes(name).decode("utf-8", "replace"))
        except ParseError:
            continue
        hits = sum(match_id(line, known) is not None for line in lines)
        if not lines or hits < 0.5 * len(lines):
            continue
        file = stem(name).rsplit("/", 1)[-1].lower()
        # train.txt before aeroplane_train.txt, then the longer list, then the shorter path
        rank = file in SPLIT_NAMES, hits, -len(name)
        if split not in best or rank > best[split][0]:
            best[split] = rank, name
    if "train" in best:  # trainval repeats what train and val hold
        best.pop("trainval", None)
    splits = {split: best[split][1] for split in SPLIT_ORDER if split in best}
    if not splits:
        return {}, ["no split file found: everything is one split"]
    return splits, [
        f"split {split}: {path} lists {best[split][0][1]} ids" for split, path in splits.items()
    ]


def _split_of(name: str) -> str | None:
    """The split that a list file's name speaks of: its last word that is a split's name."""
    if not name.lower().endswith((".txt", ".csv", ".lst")):
        return None
    words = re.split(r"[^a-z]+", stem(name).rsplit("/", 1)[-1].lower())
    found = [SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES]
    return found[-1] if found else None


def choose(
    choice: str | None, name: str, root: Root, flags: Mapping[str, Any] | None = None
) -> Inferred:
    """The layout that a user means by ``--layout``, held against the folder.

    Args:
        choice: `custom-voc` (a dataset of this name that is well known, else inferred), `voc`,
            `coco`, a well-known name, or a TOML file; None is `custom-voc`, or `coco` where the
            folder holds no XML.
        name: of the dataset.
        root: its folder.
        flags: fields of `Layout` that override the rest.

    Raises:
        LayoutError: the folder does not have what the layout names, or does not tell.
        UsageError: no such layout.
    """
    flags = dict(flags or {})
    choice = choice or _guess(root)
    table: dict[str, Any] = {}
    reasons: list[str] = []
    if choice.lower().endswith(".toml"):
        table = load(Path(choice))
        reasons.append(f"layout: {choice}")
    elif choice == "custom-voc":
        table = well_known(name) or {}
        if table:
            reasons.append(f"layout: {table['name']} is well known (templates/layouts)")
    elif choice == "coco":
        table = {"format": "coco"}
    elif choice == "voc":
        table = shipped("voc")
    else:
        known = well_known(choice)
        if known is None:
            raise UsageError(f"--layout {choice}: want custom-voc, voc, coco or a .toml file")
        table = known
    problems = _unmet(table | flags, root)
    if problems and choice == "custom-voc" and table:
        reasons.append(f"but this folder differs ({', '.join(problems)}): folders are inferred")
        table = {key: table[key] for key in table.keys() - {"images", "annotations", "splits"}}
        problems = _unmet(flags, root)
    if problems:
        raise LayoutError(
            f"{root.location} is not laid out as {choice} says: {', '.join(problems)}; "
            "is --root right? --layout custom-voc infers the folders"
        )
    declared = table | flags
    if declared.get("format") == "coco":
        return _infer_coco(root, declared, reasons)
    inferred = infer(root, declared)
    return Inferred(inferred.layout, (*reasons, *inferred.reasons))


def _guess(root: Root) -> str:
    return "custom-voc" if any(name.lower().endswith(".xml") for name in root.files()) else "coco"


def _unmet(declared: Mapping[str, Any], root: Root) -> list[str]:
    """What of the declared folders and files is not there."""
    if declared.get("format") == "coco":
        return [
            f"no file {path}"
            for path in declared.get("splits", {}).values()
            if not root.exists(path)
        ]
    named = {key: declared[key] for key in ("images", "annotations", "splits") if key in declared}
    if not named:
        return []
    return missing(msgspec.convert({"images": ".", "annotations": "."} | named, Layout), root)


def _infer_coco(root: Root, declared: Mapping[str, Any], reasons: list[str]) -> Inferred:
    found = dict(declared)
    if "splits" not in found:
        splits: dict[str, str] = {}
        for name in root.files():
            if not name.lower().endswith(".json"):
                continue
            try:
                summary = summarise(root, name)
            except ParseError:
                continue  # some other JSON
            split = _split_of_json(name)
            if split in splits:
                reasons.append(
                    f"{name} is passed over: {splits[split]} is the split {split} already"
                )
                continue
            splits[split] = name
            reasons.append(f"split {split}: {name} with {len(summary.file_names)} images")
        if not splits:
            raise LayoutError(
                f"{root.location}: no COCO file (images, annotations, categories) in it"
            )
        order = [*SPLIT_ORDER, *sorted(splits)]
        found["splits"] = dict(sorted(splits.items(), key=lambda item: order.index(item[0])))
    if "images" in found or "split_images" in found:
        if "images" in found:
            found["images"] = _declared_images(root, found["images"])
        folders = {
            split: _declared_images(root, folder)
            for split, folder in found.get("split_images", {}).items()
        }
        found["split_images"] = folders
    else:
        folders = _infer_coco_images(root, found["splits"])
        found["images"] = next(iter(folders.values()))
        if len(set(folders.values())) > 1:
            found["split_images"] = folders
        reasons.append(
            "images in " + ", ".join(f"{folder}/" for folder in sorted(set(folders.values())))
        )
    found.setdefault("annotations", ".")
    return Inferred(msgspec.convert(found, Layout), tuple(reasons))


def _declared_images(root: Root, folder: str) -> str:
    """Relative to the root if it is there, else to the working directory, and then absolute."""
    if os.path.isdir(os.path.join(root.location, folder)):
        return folder
    if os.path.isdir(folder):
        return os.path.abspath(folder)
    raise LayoutError(
        f"--images {folder}: no such folder in {root.location}, nor in the working directory"
    )


def _split_of_json(name: str) -> str:
    """The split that a COCO file's name speaks of, or its folder's; else `all`."""
    for part in reversed(stem(name).split("/")):
        words = re.split(r"[^a-z]+", part.lower())
        found = [SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES]
        if found:
            return found[-1]
    return "all"


def _infer_coco_images(root: Root, splits: Mapping[str, str]) -> dict[str, str]:
    """Split -> the folder that its file names are relative to."""
    by_last: dict[str, list[str]] = defaultdict(list)
    for name in root.files():
        by_last[name.rsplit("/", 1)[-1]].append(name)
    folders: dict[str, str] = {}
    for split, path in splits.items():
        votes: Counter[str] = Counter()
        for file_name in summarise(root, path).file_names[:50]:
            wanted = resolve("", file_name)
            for name in by_last.get((wanted or "").rsplit("/", 1)[-1], []):
                if name == wanted or name.endswith(f"/{wanted}"):
                    votes[name[: -len(wanted or "")].rstrip("/") or "."] += 1
        if not votes:
            raise LayoutError(
                f"{root.location}: none of the images that {path} names is below it; "
                "name their folder with --images"
            )
        # A name that is in several folders is most likely in the split's own, or nearest.
        folders[split] = max(
            votes, key=lambda folder: (votes[folder], split in folder.lower(), -len(folder))
        )
    return folders
