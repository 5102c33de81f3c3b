"""Chooses the splits for training and evaluation, and makes missing lists of ids."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from dataforge.classes import Classes
from dataforge.codes import code
from dataforge.errors import InputError, UsageError
from dataforge.findings import Finding, Place
from dataforge.frameworks import PlannedFile, SplitSpec
from dataforge.io import Root
from dataforge.layouts import Layout, sharing_a_split
from dataforge.splits import Manifest, Rule, not_in_manifest, split_names
from dataforge.verbs.register.dataset import Surveyed, file_names_of
from dataforge.verbs.register.request import Request

_USES = {"train": ("train", "trainval"), "val": ("val", "test"), "test": ("test", "val")}
"""The dataset's splits that the framework's three are taken from; the first that exists."""


def refuse_shared(layout: Layout, root: Root) -> None:
    """Reject COCO files of which a training would use only one of several.

    Raises:
        UsageError: several files belong to the same split.
    """
    for split, files in sharing_a_split(layout.splits).items() if layout.format == "coco" else ():
        named = (
            " and ".join(files) if len(files) < 3 else f"{files[0]} and {len(files) - 1:,} others"
        )
        raise UsageError(
            f"{root.location}: {named} belong to the split {split}, and a "
            "training reads one file a split: merge them with `dataforge coco merge --prefix`, or "
            "name the files to use with --split-files train=FILE,val=FILE"
        )


def shared_out(
    data: Surveyed, rule: Rule, request: Request, classes: Classes, findings: list[Finding]
) -> Surveyed:
    """The same images in splits assigned by a rule, each to be written to a new list.

    Raises:
        UsageError: the dataset cannot be split here.
        InputError: a manifest contains none of the images.
    """
    if not data.lists_ids:
        raise UsageError("--split makes lists of ids: a COCO file is split by `convert`")
    names = ", ".join(data.splits)
    if len(data.splits) > 1 and not isinstance(rule, Manifest):
        raise UsageError(f"--split: the dataset already has splits ({names})")
    specs = {msgspec.structs.replace(spec, ann_file="") for spec in data.splits.values()}
    if len(specs) > 1:
        raise UsageError(f"--split: each of {names} has its own folder, and a list cannot mix them")
    images = {seen.place.file: seen for seen in data.images}  # once, if several splits list it
    labels: dict[str, Counter[str]] = {}
    for seen in images.values():
        labels.setdefault(seen.file_name, Counter()).update(classes.counts(seen.instances))
    sides = rule.assign(labels)
    if missing := labels.keys() - sides.keys():
        left = (seen for seen in images.values() if seen.file_name in missing)
        lost = sum(sum(seen.instances.values()) for seen in left)
        findings.append(not_in_manifest(missing, lost, request.split))
    if not sides:
        raise InputError(f"{request.split}: none of its images is in {request.root}")
    kept = [
        msgspec.structs.replace(seen, split=sides[seen.file_name])
        for seen in images.values()
        if seen.file_name in sides
    ]
    ids: dict[str, list[str]] = {name: [] for name in split_names(rule, sides)}
    if not ids.keys() & {*_USES["train"]}:
        raise UsageError(f"--split {request.split}: one of the splits must be train")
    for seen in kept:
        ids[seen.split or ""].append(data.id_of[seen.place.file])
    return msgspec.structs.replace(
        data,
        images=kept,
        file_names=file_names_of(kept, [*ids]),
        ids={name: sorted(listed) for name, listed in ids.items()},
        splits=dict.fromkeys(ids, specs.pop()),
        unlisted=frozenset(ids),
    )


class MadeSplits(msgspec.Struct, frozen=True):
    """Splits with lists that the dataset itself does not have.

    Attributes:
        splits: split -> where its files are.
        ids: split -> valid ids.
        files: the lists.
    """

    splits: dict[str, SplitSpec]
    ids: dict[str, list[str]]
    files: list[PlannedFile]


def made_splits(data: Surveyed, out: Path) -> MadeSplits:
    """Make lists of ids for splits that have none, or that list unreadable images."""
    splits, all_ids, files = dict(data.splits), dict(data.ids), []
    usable = {(seen.split or "all", data.id_of[seen.place.file]) for seen in data.images
              if data.lists_ids}  # fmt: skip
    for name in data.splits if data.lists_ids else ():
        # Unreadable images would stop the training: the generated list excludes them, and the
        # findings name them.
        ids = [id_ for id_ in data.ids[name] if (name, id_) in usable]
        if name in data.unlisted or len(ids) < len(data.ids[name]):
            path = f"splits/{name}.txt"
            files.append(PlannedFile(path, "".join(f"{id_}\n" for id_ in ids)))
            splits[name] = msgspec.structs.replace(data.splits[name], ann_file=str(out / path))
            all_ids[name] = ids
    return MadeSplits(splits, all_ids, files)


def used_splits(
    data: Surveyed, made: MadeSplits, reasons: list[str], findings: list[Finding]
) -> dict[str, SplitSpec]:
    """``train``, ``val`` and ``test`` of the framework."""
    chosen = {}
    for use, candidates in _USES.items():
        name = next((name for name in candidates if name in made.splits), next(iter(made.splits)))
        chosen[use] = made.splits[name]
        if name != use:
            reasons.append(f"{use}: the dataset has no such split, so {name} is used")
    unused = [name for name in made.splits if made.splits[name] not in chosen.values()]
    if unused:
        findings.append(
            code("split-not-used").at(
                Place(made.splits[unused[0]].ann_file or "."),
                f"neither trained on nor evaluated on: {', '.join(unused)}",
                "edit the dataset fragment to use them",
            )
        )
    if chosen["val"] == chosen["train"]:
        findings.append(
            code("val-is-train").at(
                Place(next(iter(data.splits.values())).ann_file or "."),
                "the dataset has one split: it is evaluated on what it is trained on",
                "--split train=80,val=20 makes two"
                if data.lists_ids
                else "convert with --split train=80,val=20, or name two files with --split-files",
            )
        )
    return chosen
