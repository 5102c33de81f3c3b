"""The commands to go on with."""

from __future__ import annotations

import os
import re

from dataforge.datasets import well_known_name
from dataforge.errors import UsageError
from dataforge.findings import Finding, any_error
from dataforge.frameworks import is_reserved
from dataforge.io import Root, is_image
from dataforge.layouts import SPLIT_ORDER, sharing_a_split
from dataforge.shell import UNPRINTABLE, command_line, path_word
from dataforge.verbs.inspect.report import Inspection, Part

_SPLIT = ["--split", "train=80,val=20"]

_OTHER_NAMES = {"image-name-differs", "path-leaves-root"}
"""Codes of file names that are understood, but by which no training opens an image."""

_MARKED_TWICE = (
    "(no command: several COCO files mark the same images; move one of them away, or name the file "
    "of each split with `dataforge register NAME --split-files train=FILE,val=FILE`)"
)

_MOST_MERGED = 10
"""COCO files of one split up to which a command is proposed that merges them."""


def dataset_name(location: str) -> str:
    """A dataset name that `register` accepts."""
    name = re.sub(r"\W+", "_", os.path.basename(os.path.abspath(location))).strip("_")
    try:
        reserved = is_reserved(name)
    except UsageError:
        reserved = True
    return f"data_{name}".rstrip("_") if reserved else name


def propose(
    root: Root, part: Part, found: Inspection, layout_file: str | None, findings: list[Finding]
) -> None:
    """Fill in the next commands of a part.

    Args:
        root: the folder.
        part: what was read.
        found: contains the parts before it.
        layout_file: where the layout will be saved.
        findings: on the part.
    """
    words = []
    first = not found.parts
    marked = any(part.classes.values())
    if any_error(findings) or not marked:
        given = [] if first else ["--from", part.format]
        given += _options(part)
        words.append(["dataforge", "check", path_word(root.named), *given, *root.flags])
    if marked:
        name = well_known_name(root) or dataset_name(root.location)
        name = name if first else f"{name}_{part.format}"
        codes = {finding.code for finding in findings}
        if _shared(part) and "image-in-two-splits" in codes:  # a merge keeps those of one file
            part.no_commands = _MARKED_TWICE
        else:
            renamed = bool(codes & _OTHER_NAMES)
            words += _commands(root, part, name, layout_file, renamed=renamed)
    part.commands = [command_line(*one) for one in words]
    if not all(part.commands):
        part.commands, part.no_commands = [], UNPRINTABLE


def _commands(
    root: Root, part: Part, name: str, layout_file: str | None, *, renamed: bool
) -> list[list[str]]:
    """The words of the commands that convert and register; empty for one that cannot be given."""
    layout = layout_file and path_word(layout_file)
    shared = _shared(part)
    in_one = len(part.splits) < 2 or len(shared.get("all", ())) == len(part.splits)
    can_split = in_one and sum(part.splits.values()) > 1
    split = _SPLIT if can_split else []
    register = ["dataforge", "register", name, "--layout"]
    to = "voc" if part.format == "coco" else "coco"
    out = _free(f"{name}_{to}")
    convert = ["dataforge", "convert", f"{part.format}2{to}", path_word(root.named), out]
    convert += [*_options(part), *root.flags]
    has_images = any(map(is_image, root.files()))
    copied = ["--image-mode", "copy"] if has_images else []  # else what is written shows none
    few = max(map(len, shared.values()), default=0) <= _MOST_MERGED
    if part.format == "coco" and few and not renamed:
        readable = has_images and not root.remote  # training reads local files
        return _of_coco(root, part, shared, [*register, layout or "coco"]) if readable else []
    if part.format == "voc" and not root.only:
        known = well_known_name(root) if part.layout and part.layout.name else None
        given = ["--layout", layout or str(known).lower()] if layout or known else []
        convert = [*convert, *given, *split, *copied]
        if not has_images or root.remote:  # register what is written, once the images are there
            return [convert]
        where = path_word(root.location)
        register += [layout or "custom-voc", "--root", where, *split, *root.flags]
        return [register, convert]
    if not root.only:
        convert += split
    convert += copied
    if not has_images or (shared and not split):
        return [convert]
    converted = "custom-voc" if to == "voc" else "coco"  # a trainer finds what is written
    return [convert, [*register, converted, "--root", out]]


def _options(part: Part) -> list[str]:
    """The options that had to be chosen."""
    return [
        word
        for name, value in part.options.items()
        for word in (f"--{name.replace('_', '-')}", value)
    ]


def _shared(part: Part) -> dict[str, list[str]]:
    """Split -> its files, of the splits that have several COCO files."""
    return sharing_a_split(part.layout.splits) if part.layout and part.format == "coco" else {}


def _of_coco(
    root: Root, part: Part, shared: dict[str, list[str]], register: list[str]
) -> list[list[str]]:
    """The words of the commands that register COCO files; those of one split are merged before.

    What is merged is written into the folder, since its images are named relative to that.
    """
    files = {next(iter(part.splits)): root.only} if root.only else {}
    commands = []
    if shared and part.layout:
        files = {split: file for split, file in part.layout.splits.items() if split in SPLIT_ORDER}
        register[-1] = "coco"  # a layout file has other splits, and folders for them
    for split, merged in shared.items():
        out = _free(os.path.join(root.location, f"merged_{split}"), ".json")
        paths = [
            path_word(os.path.join(root.location, file))
            for file in (*merged, os.path.basename(out))
        ]
        commands.append(["dataforge", "coco", "merge", "--prefix", *paths])
        files[split] = os.path.basename(out)
    given = [f"{split}={file}" for split, file in files.items()]
    if any(re.search(r",|=.*=|=\s|^\s|\s$", one) for one in given):
        return [[]]  # the option would not be understood
    one = ["--split-files", ",".join(given)] if given else []
    return [*commands, [*register, "--root", path_word(root.location), *one, *root.flags]]


def _free(name: str, ending: str = "") -> str:
    """A path, with a number before its ending if there is something of that name."""
    number = 1
    free = name + ending
    while os.path.lexists(free):
        number += 1
        free = f"{name}_{number}{ending}"
    return free
