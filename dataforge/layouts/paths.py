"""Paths relative to a dataset's root: joining, matching folders with a ``*``, grouping."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import takewhile

from dataforge.io import last_part, resolve


def join(*parts: str) -> str:
    """Join parts of a path, dropping "." and empty ones; "." if nothing is left.

    >>> join(".", "a/./b", "c")
    'a/b/c'
    """
    words = (word for part in parts for word in part.split("/"))
    return "/".join(word for word in words if word not in ("", ".")) or "."


def below(folder: str, path: str) -> tuple[str, str] | None:
    """(the folders that ``*`` matches, the path in the folder); None for a path outside it.

    >>> below("*/images", "day1/cam1/images/x/a.jpg")
    ('day1/cam1', 'x/a.jpg')
    >>> below("*", "cam1/a.jpg")
    ('cam1', 'a.jpg')
    >>> below("images", "images/a.jpg"), below("images", "a.jpg")
    (('', 'a.jpg'), None)
    >>> below("*/images/*", "cam1/images/day1/a.jpg")  # of two, the first
    ('cam1', 'day1/a.jpg')
    """
    if "*" not in folder:
        prefix = "" if folder in ("", ".") else folder.rstrip("/") + "/"
        return ("", path[len(prefix) :]) if path.startswith(prefix) else None
    found = _pattern(folder).fullmatch(path)
    return (found[1] or "", found[2]) if found else None


@cache
def _pattern(folder: str) -> re.Pattern[str]:
    before, after = (part.strip("/") for part in folder.split("*", 1))
    front = re.escape(before) + "/" if before else ""
    after = after.removesuffix("/*")  # what is below it, at any depth
    if not after:  # the file's own folder, at any depth
        return re.compile(f"{front}(?:(.+)/)?([^/]+)")
    return re.compile(f"{front}(?:(.+?)/)?{re.escape(after)}/(.+)")


def matching_files(path: str, names: list[str]) -> Iterator[tuple[str, str]]:
    """(the folders that ``*`` matches, name) of the files that match a path, with or without it.

    In the name of the file, ``*`` matches a part of it: ``Main/*_train.txt``.
    """
    folder, _, last = path.rpartition("/")
    if "*" not in path:
        yield from (("", path),) if path in names else ()
        return
    if "*" in last:
        whole = re.compile(re.escape(path).replace(r"\*", "[^/]*"))
        yield from (("", name) for name in names if whole.fullmatch(name))
        return
    for name in names:
        parts = below(folder, name)
        if parts is not None and parts[1] == last:
            yield parts[0], name


def folders_of(names: Iterable[str]) -> set[str]:
    """The folders of files and all their parent folders; "." is the root."""
    folders = {"."}
    for name in names:
        while "/" in name and (name := name.rpartition("/")[0]) not in folders:
            folders.add(name)
    return folders


def by_last_part(names: Iterable[str]) -> dict[str, list[str]]:
    """Last part of a path -> the paths that end with it."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(last_part(name), []).append(name)
    return found


def leading_equal(one: Iterable[object], other: Iterable[object]) -> int:
    """How many elements are equal from the first on."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def shared_folders(one: str, other: str) -> int:
    """How many folders two paths have in common, from the root on; a folder ends with a slash.

    >>> shared_folders("a/b/x.json", "a/b/c/y.jpg"), shared_folders("a/x.json", "a/")
    (2, 1)
    """
    return leading_equal(one.split("/")[:-1], other.split("/")[:-1])


def resolved_reference(folder: str, reference: str) -> str | None:
    """A ``<filename>`` relative to the image folder; None if it points outside."""
    return resolve(folder if folder != "." else "", reference)


def without_twins(names: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Name -> index, without the names that occur twice."""
    found: dict[str, int] = {}
    twice = set()
    for name, at in names:
        if found.setdefault(name, at) != at:
            twice.add(name)
    return {name: at for name, at in found.items() if name not in twice}
