"""The layout of a folder, with reasons: declared, well known, or inferred."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dataforge.datasets.coco_layout import declared_images, find_coco_layout
from dataforge.datasets.found_layout import FoundLayout
from dataforge.datasets.voc_layout import find_voc_layout
from dataforge.errors import LayoutError, UsageError, did_you_mean
from dataforge.io import Root
from dataforge.layouts import (
    OWN_LAYOUT,
    Layout,
    below,
    load_layout,
    matching_files,
    missing_paths,
    shipped_layout,
    shipped_layouts,
    well_known_layout,
)


def find_layout(
    choice: str | None, name: str, root: Root, flags: Mapping[str, Any] | None = None
) -> FoundLayout:
    """The layout that ``--layout`` means, checked against the folder.

    Args:
        choice: `custom-voc` (that of a well-known dataset with this name, else what the folder's
            layout.toml declares, else what is inferred), `voc`, `coco`, a well-known name, or a
            TOML file; None is `custom-voc`, or `coco` if the folder has no XML files.
        name: of the dataset.
        root: its folder.
        flags: fields of `Layout` that override the rest, such as folders, relative to the root
            or absolute; None if the command has no options for them, for the messages.

    Raises:
        LayoutError: the folder lacks what the layout or a flag names, or the layout cannot be
            inferred.
        UsageError: there is no such layout.
    """
    by_flags = flags is not None
    choice = choice or _default_choice(root)
    table, reasons = _declared(choice, name, root)
    flags = _checked(flags or {}, table, root)
    problems = _unmet(table | flags, root)
    if problems and choice == "custom-voc" and table:
        reasons.append(f"but this folder differs ({', '.join(problems)}): folders are inferred")
        table = {key: table[key] for key in table.keys() - {"images", "annotations", "splits"}}
        problems = _unmet(flags, root)
    if problems:
        raise LayoutError(
            f"{root.location} does not have the layout {choice}: {', '.join(problems)}; check "
            "that this is the dataset's folder, or use --layout custom-voc to infer its layout"
        )
    declared = table | flags
    find = find_coco_layout if declared.get("format") == "coco" else find_voc_layout
    found = find(root, declared, by_flags)
    return FoundLayout(found.layout, (*reasons, *found.reasons))


def _default_choice(root: Root) -> str:
    return "custom-voc" if any(name.lower().endswith(".xml") for name in root.files()) else "coco"


def _declared(choice: str, name: str, root: Root) -> tuple[dict[str, Any], list[str]]:
    """(the fields of `Layout` that a choice declares, why).

    Raises:
        UsageError: there is no such layout.
    """
    if choice.lower().endswith(".toml"):
        return load_layout(Path(choice)), [f"layout: {choice}"]
    if choice == "custom-voc":
        if table := well_known_layout(name):
            return table, [f"layout: {table['name']} is well known (templates/layouts)"]
        table = _own_layout(root)
        return table, [f"layout: {OWN_LAYOUT} in the folder"] if table else []
    if choice == "coco":
        return {"format": "coco"}, []
    table = shipped_layout("voc") if choice == "voc" else well_known_layout(choice)
    if table is None:
        names = [str(table["name"]) for table in shipped_layouts() if "name" in table]
        hint = did_you_mean(
            choice,
            ["custom-voc", "voc", "coco", *names, *map(str.lower, names)],
            f"expected custom-voc, voc, coco, a well-known name ({', '.join(names)}) or a "
            ".toml file",
        )
        raise UsageError(f"--layout {choice}: {hint}")
    return table, []


def _own_layout(root: Root) -> dict[str, Any]:
    """The content of the folder's own layout file, if it has one for XML files."""
    if not root.exists(OWN_LAYOUT):
        return {}
    try:
        root.open(OWN_LAYOUT).close()
    except OSError:  # such as a link out of the folder
        return {}
    data = root.read_bytes(OWN_LAYOUT) if root.remote else None
    table = load_layout(Path(OWN_LAYOUT) if root.remote else root.path / OWN_LAYOUT, data)
    return {} if table.get("format") == "coco" else table


def _checked(flags: Mapping[str, Any], table: Mapping[str, Any], root: Root) -> dict[str, Any]:
    """The flags with paths relative to the root.

    Raises:
        LayoutError: one names what does not exist, or is not below the root.
    """
    checked = dict(flags)
    names = root.files()
    if table.get("format") == "coco":
        if "images" in flags:
            checked["images"] = declared_images(root, flags["images"], "--image-dir ")
        for split, path in flags.get("splits", {}).items():
            if not root.exists(path):
                raise LayoutError(f"--split-files {split}={path}: no such file in {root.location}")
        return checked
    for field in sorted({"images", "annotations"} & flags.keys()):
        given = f"--{field.removesuffix('s')}-dir {flags[field]}"
        folder = checked[field] = _below(root, given, flags[field])
        if "{split}" not in folder and not any(below(folder, name) for name in names):
            raise LayoutError(f"{given}: {root.location} has no such folder, or it is empty")
    folders = [str({**table, **checked}.get(field)) for field in ("images", "annotations")]
    if "splits" in flags and not any("{split}" in folder for folder in folders):
        for split, path in flags["splits"].items():
            given = f"--split-files {split}={path}"
            inside = _below(root, given, path)
            if not any(True for _ in matching_files(inside, names)):
                raise LayoutError(f"{given}: no such file in {root.location}")
            checked["splits"] = {**checked["splits"], split: inside}
    return checked


def _below(root: Root, given: str, path: str) -> str:
    """A relative or absolute path, relative to the root.

    Raises:
        LayoutError: it is not below the root; the message starts with `given`.
    """
    inside = os.path.relpath(path, root.location) if os.path.isabs(path) else os.path.normpath(path)
    inside = inside.replace(os.sep, "/")
    if inside.split("/")[0] == "..":
        raise LayoutError(
            f"{given} is not below {root.location}; name a --root that contains everything"
        )
    return inside


def well_known_name(root: Root) -> str | None:
    """The name of the well-known dataset in this folder, by its folders and split files."""
    for table in shipped_layouts():
        if table.get("name") and table.get("splits") and not _unmet(table, root):
            return str(table["name"])
    return None


def _unmet(declared: Mapping[str, Any], root: Root) -> list[str]:
    """Which of the declared folders and files do not exist, such as ``no file train.txt``."""
    if declared.get("format") == "coco":
        return [
            f"no file {path}"
            for path in declared.get("splits", {}).values()
            if not root.exists(path)
        ]
    named = {key: declared[key] for key in ("images", "annotations", "splits") if key in declared}
    if not named:
        return []
    return missing_paths(msgspec.convert({"images": ".", "annotations": "."} | named, Layout), root)
