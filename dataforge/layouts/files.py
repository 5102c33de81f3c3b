"""Layouts in TOML files: reading, writing, and the layouts that ship with the package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from dataforge.errors import ParseError
from dataforge.io import Root, asset, explain_validation, load_toml, toml_value
from dataforge.layouts.layout import Layout
from dataforge.layouts.paths import below, matching_files


def load_layout(path: Path, data: bytes | None = None) -> dict[str, Any]:
    """Read the fields of `Layout` that a TOML file declares.

    Args:
        path: of the file.
        data: its content, if it has been read.

    Raises:
        ParseError: the file is not TOML, or a key or value is invalid in a layout.
    """
    table = load_toml(path, data)
    try:
        msgspec.convert(table, Layout)
    except msgspec.ValidationError as error:
        raise ParseError(
            str(path),
            "",
            f"{explain_validation(error, table)}; see dataforge.layouts.Layout for the keys",
        ) from error
    return table


def well_known_layout(name: str) -> dict[str, Any] | None:
    """The fields of the shipped layout for a dataset of this name; None if there is none."""
    wanted = _plain(name)
    for table in shipped_layouts():
        if wanted in {
            _plain(known) for known in (table.get("name"), *table.get("also_known_as", ())) if known
        }:
            return table
    return None


def shipped_layouts() -> Iterator[dict[str, Any]]:
    """The fields declared by each layout file in templates/layouts/."""
    for entry in sorted(asset("templates", "layouts").glob("*.toml")):
        yield load_layout(entry)


def shipped_layout(name: str) -> dict[str, Any]:
    """The fields declared by a layout file in templates/layouts/, given its name without .toml."""
    return load_layout(asset("templates", "layouts") / f"{name}.toml")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def missing_paths(layout: Layout, root: Root) -> list[str]:
    """Files and folders of the layout that are missing, such as ``no file train.txt``."""
    names = root.files()
    problems = []
    for split in layout.splits or {"": ""}:
        for folder in layout.folders(split):
            if not any(below(folder, name) for name in names):
                problems.append(f"no folder {folder}/")
    if not layout.per_split:
        problems += [
            f"no file {path}"
            for path in layout.splits.values()
            if not any(True for _ in matching_files(path, names))
        ]
    return sorted(set(problems))


_COMMENTS = {
    "format": "voc: an XML file for each image; coco: a JSON file for each split",
    "name": "of the dataset",
    "also_known_as": "other names of the dataset",
    "images": "folder of the images; {split} and * as in annotations",
    "annotations": "folder of the XML files; {split} is the split's folder, * any folders",
    "extensions": "image extensions; the first for which there is a file is taken",
    "lookup": "an image is found by its XML file's name (id), or by its <filename> (filename)",
    "coords": "boxes count from 1 (voc), from 0 (zero), minus 1 on all four (mmdet), or auto",
    "coords_default": "what auto falls back to",
    "difficult": "difficult objects: keep, ignore (mmdet's ignore boxes) or drop",
    "classes": "names in the order of their ids",
    "skip": "labels that mean no object",
    "ignore_case": "compare labels case-insensitively",
    "splits": "split -> list of its ids, or COCO file, or folder",
    "split_images": "split -> folder of its images, where that is not `images`",
    "aliases": "class -> other spellings",
}


def to_toml(layout: Layout) -> str:
    """The layout as a TOML file with comments, which `load_layout` reads back unchanged."""
    lines = ["# Where things are in a dataset's folder: `dataforge register --layout` takes this."]
    tables: list[str] = []
    for key, comment in _COMMENTS.items():
        value = getattr(layout, key)
        if isinstance(value, dict):
            # An empty [splits] is written as well: no splits, as opposed to not declared.
            rows = [f"{toml_value(name)} = {toml_value(item)}" for name, item in value.items()]
            if value or key == "splits":
                tables += ["", f"# {comment}", f"[{key}]", *rows]
        elif value not in (None, "", ()) or (key == "classes" and value is not None):
            lines.append(f"{key} = {toml_value(value)}  # {comment}")
    return "\n".join([*lines, *tables]) + "\n"
