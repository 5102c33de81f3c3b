"""Combines the COCO files of one dataset: classes, other keys, splits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dataforge.codes import code
from dataforge.findings import Place
from dataforge.formats.base import Part
from dataforge.formats.coco.file import extra_of, keys_of
from dataforge.layouts import name_splits, split_of_json
from dataforge.records import Category, Header


def unite(headers: Mapping[str, Header]) -> Part[Header]:
    """Returns one header: categories by name and other keys, in the order of first occurrence.

    Args:
        headers: file -> its header.
    """
    categories: dict[str, Category] = {}
    extra: dict[str, Any] = {}
    for header in headers.values():
        for category in header.categories:
            categories.setdefault(category.name, category)
        for key, value in keys_of(header.extra).items():
            extra.setdefault(key, value)
    names = list(categories)
    for file, header in headers.items():
        own = {category.name: None for category in header.categories}
        remedy = "write the same categories in the same order in all files"
        if missing := [name for name in names if name not in own]:
            yield code("categories-differ").at(
                Place(file, "$.categories"),
                f"lacks categories of other files: {', '.join(missing[:5])}"
                f"{' ...' * (len(missing) > 5)}",
                remedy,
            )
        if [*own] != [name for name in names if name in own]:
            yield code("class-order").at(
                Place(file, "$.categories"),
                "has the categories in a different order than the files before it",
                remedy,
                severity="warning",
            )
        same = all(categories[category.name] == category for category in header.categories)
        differing = ["categories"] * (not same)
        differing += [key for key, value in keys_of(header.extra).items() if extra[key] != value]
        if differing:
            yield code("header-differs").at(
                Place(file),
                f"differs from the files before it in {', '.join(differing)}: "
                "the first value is kept",
            )
    return Header(categories=tuple(categories.values()), extra=extra_of(extra))


def are_settled(names: Iterable[str]) -> bool:
    """Whether the names alone decide the splits, whichever of the files are COCO files."""
    splits = [split_of_json(name) for name in names]
    return len(splits) < 2 or (len({*splits}) == len(splits) and "all" not in splits)


def splits_of(names: Iterable[str]) -> Part[dict[str, str | None]]:
    """Returns file -> split; several files of one split are distinguished by their names.

    A single file whose name means no split has none.
    """
    named = name_splits(names)
    if [*named.values()] == ["all"]:
        return dict.fromkeys(named)
    members: dict[str, list[str]] = {}
    for name in named:
        members.setdefault(split_of_json(name), []).append(name)
    for split, files in members.items():
        if len(files) > 1:
            yield code("split-of-several-files").at(
                Place(files[0]),
                f"{len(files)} files belong to the split {split}: each is read as its own split, "
                f"{', '.join(named[name] for name in files[:5])}{' ...' * (len(files) > 5)}",
                "merge them with `dataforge coco merge`",
            )
    return dict(named)
