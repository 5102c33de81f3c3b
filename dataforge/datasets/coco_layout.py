"""Finds the layout of a folder of COCO files: the file of each split, and the images."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, TypeAlias

import msgspec

from dataforge.datasets.found_layout import FoundLayout
from dataforge.datasets.recognise import instead
from dataforge.errors import LayoutError, ParseError, plural
from dataforge.formats.coco import image_names
from dataforge.io import Root
from dataforge.layouts import SPLIT_ORDER, CocoImages, Layout, name_splits, of_other_tasks

_ImageNames: TypeAlias = Callable[[str], list[str] | None]
"""`image_names` of a file in the folder."""

_SHOWN = 20
"""Files that are named as splits."""


def find_coco_layout(root: Root, declared: Mapping[str, Any], by_flags: bool) -> FoundLayout:
    """Find the COCO files in a folder, and the folders that their file names are relative to.

    Args:
        root: the folder.
        declared: fields of `Layout` from the user or a layout file; they are kept.
        by_flags: whether the command has options for folders, for the messages.

    Raises:
        LayoutError: there are no COCO files, or their images are not in the folder.
    """
    found = dict(declared)
    reasons: list[str] = []
    names_in = cache(partial(image_names, root))  # files may be large: parsed only once
    if "splits" not in found:
        found["splits"], reasons = _find_splits(root, names_in)
    if "images" in found or "split_images" in found:
        if "images" in found:
            found["images"] = declared_images(root, found["images"], "images = ")
        found["split_images"] = {
            split: declared_images(root, folder, f"split_images: {split} = ")
            for split, folder in found.get("split_images", {}).items()
        }
    else:
        folders = _find_images(root, found["splits"], names_in, by_flags)
        found["images"] = next(iter(folders.values()))
        if len(set(folders.values())) > 1:
            found["split_images"] = folders
        reasons.append(
            "images in " + ", ".join(f"{folder}/" for folder in sorted(set(folders.values())))
        )
    found.setdefault("annotations", ".")
    return FoundLayout(msgspec.convert(found, Layout), tuple(reasons))


def _find_splits(root: Root, names_in: _ImageNames) -> tuple[dict[str, str], list[str]]:
    """(split -> COCO file, why)."""
    listed: dict[str, list[str]] = {}
    reasons = []
    jsons = [name for name in root.files() if name.lower().endswith(".json")]
    other_tasks = of_other_tasks(jsons)
    for name in jsons:
        if name in other_tasks:
            reasons.append(f"{name} is ignored: {other_tasks[name]} of the same images")
            continue
        try:
            names = names_in(name)
        except ParseError as error:
            raise LayoutError(
                f"{error}; fix it, or name the files to read with --split-files"
            ) from error
        if names is not None:  # else other JSON
            listed[name] = names
    if not listed:
        raise LayoutError(
            f"{root.location} contains no COCO file (images, annotations, categories)"
            f"{instead(root)}"
        )
    splits = {split: name for name, split in name_splits(listed).items()}
    ranks = {split: rank for rank, split in enumerate(SPLIT_ORDER)}
    splits = {split: splits[split] for split in
              sorted(splits, key=lambda name: (ranks.get(name, len(ranks)), name))}  # fmt: skip
    shown = [*splits.items()][:_SHOWN]
    reasons += [f"split {split}: {name} with {plural(len(listed[name]), 'image')}"
                for split, name in shown]  # fmt: skip
    if len(splits) > len(shown):
        reasons.append(f"and {len(splits) - len(shown):,} more files, each as its own split")
    return splits, reasons


def declared_images(root: Root, folder: str, prefix: str) -> str:
    """A folder unchanged if it is below the root; absolute if it is in the working directory.

    Raises:
        LayoutError: it is in neither; the message starts with `prefix`.
    """
    if root.is_folder(folder):
        return folder
    if os.path.isdir(folder):
        return os.path.abspath(folder)
    raise LayoutError(
        f"{prefix}{folder}: no such folder in {root.location} or the working directory"
    )


def _find_images(
    root: Root, splits: Mapping[str, str], names_in: _ImageNames, by_flags: bool
) -> dict[str, str]:
    """Split -> the folder that its file names are relative to."""
    images = CocoImages(root.files(), lambda name: _is_coco(names_in, name))
    folders: dict[str, str] = {}
    for split, path in splits.items():
        listed = names_in(path)
        if not listed:
            fault = "is not a COCO file" if listed is None else "lists no images"
            raise LayoutError(
                f"{root.location}: {path} {fault}; name the files to read with --split-files"
            )
        found = images.of(path, listed)
        if not found.others and len(images.missing(found.prefix, listed)) == len({*listed}):
            of = "" if by_flags else " of check, convert or browse"
            raise LayoutError(
                f"{root.location} contains none of the images that {path} lists; "
                f"name their folder with --image-dir{of}"
            )
        folders[split] = found.prefix.rstrip("/") or "."
    return folders


def _is_coco(names_in: _ImageNames, name: str) -> bool:
    try:
        return names_in(name) is not None
    except ParseError:
        return False
