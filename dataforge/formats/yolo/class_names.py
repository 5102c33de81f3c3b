"""The class names of a YOLO dataset: rows contain only numbers."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator, Set
from functools import cache
from typing import Any

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Part
from dataforge.formats.yolo.dataset_yaml import DatasetYaml, whole_number
from dataforge.io import Root, last_part, to_utf8

_LISTS = ("classes.txt", "obj.names", "_darknet.labels", "labels.names")

MOST_UNNAMED = 10_000
"""A number from here on is hardly that of a class."""


def unnamed(count: int) -> dict[int, str]:
    """Names for classes without names, as Ultralytics assigns them."""
    return {number: f"class_{number}" for number in range(count)}


@cache
def all_unnamed() -> dict[int, str]:
    """`unnamed`, for every possible class number."""
    return unnamed(MOST_UNNAMED)


def say_unnamed(file: str, count: int) -> Finding:
    """The finding on classes without names."""
    return code("classes-unnamed").at(
        Place(file or "."),
        f"no class names: the classes are named class_0 to class_{count - 1}",
        "add names to data.yaml, or a classes.txt with one name per line",
    )


# data.yaml --------------------------------------------------------------------------------------


def names_in_yaml(described: DatasetYaml) -> Part[dict[int, str] | None]:
    """Returns class number -> name, sorted; None if the file names none."""
    file, table = described.file, described.table
    names: dict[int, str] = {}
    given = table.get("names")
    entries = given.items() if isinstance(given, dict) else enumerate(given or ())
    for key, value in entries if isinstance(given, (list, dict)) else ():
        number = whole_number(key)
        if number < 0 or not isinstance(value, str) or not _is_name(value):
            yield code("bad-class-name").at(
                Place(file, "names"),
                f"expected a number and a name, got {key}: {shown(value)}",
                "write the class as `number: name`",
            )
            continue
        names[number] = value.strip()
    numbers_of: dict[str, list[str]] = {}
    for number, name in names.items():
        numbers_of.setdefault(name, []).append(str(number))
    for name in sorted(name for name in numbers_of if len(numbers_of[name]) > 1):
        numbers = ", ".join(numbers_of[name])
        yield code("class-twice").at(
            Place(file, "names"),
            f"{name!r} is the name of the classes {numbers}: read as one class",
            "rename one of them, or give their rows the same number",
        )
    last = max(names, default=-1)
    if last >= len(names):
        missing = next(number for number in range(last) if number not in names)
        yield _gap(file, missing, last)
    count = table.get("nc")
    if names and isinstance(count, str) and count != str(len(names)):
        yield code("class-count").at(
            Place(file, "nc"),
            f"nc is {count}, but names has {plural(len(names), 'class')}",
            "correct or remove nc: Ultralytics rejects the file",
        )
    if not names and 0 <= whole_number(count) < MOST_UNNAMED:
        names = unnamed(whole_number(count))
        yield say_unnamed(file, len(names))
    return dict(sorted(names.items())) or None


def _gap(file: str, missing: int, last: int) -> Finding:
    return code("class-number-gap").at(
        Place(file, "names"),
        f"names has no {missing}, but goes up to {last}: Ultralytics rejects the file",
        "add a name for each number from 0",
    )


def _is_name(value: str) -> bool:
    """False for blanks, and for a lone surrogate, which no file can store."""
    return bool(value.strip()) and not re.search("[\ud800-\udfff]", value)


def shown(value: Any) -> str:
    """A value, abbreviated: with YAML aliases, a few lines make a list of billions."""
    short = reprlib.Repr()
    short.maxlevel = 2
    return repr(value) if isinstance(value, str) else short.repr(value)


# Lists ------------------------------------------------------------------------------------------


def is_name_list(file: str) -> bool:
    """Whether a file has the name of a list of class names."""
    return last_part(file) in _LISTS or file.endswith(".names")


def names_in_lists(root: Root, files: Set[str]) -> tuple[str, dict[int, str] | None]:
    """(the list nearest to the top that has names, class number -> name)."""
    for file in sorted(files, key=_nearest_first):
        if names := _names_in(root, file):
            return file, names
    return "", None


def other_names(root: Root, files: Set[str], used: str, names: dict[int, str]) -> Iterator[Finding]:
    """Findings on lists of names that differ from the file that is used."""
    for file in sorted(files, key=_nearest_first):
        if file != used and _names_in(root, file) not in ({}, names):
            yield code("class-names-differ").at(
                Place(file),
                f"has different names, or a different order, than {used}, which is used",
                "delete the wrong one",
            )


def _nearest_first(file: str) -> tuple[int, str]:
    return file.count("/"), file


def _names_in(root: Root, file: str) -> dict[int, str]:
    # The number of a class is its line number: a blank line counts, unless it is the last.
    return {number - 1: line for number, line in text_lines(root, file)}


def text_lines(root: Root, file: str) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank, with their numbers; none if it is unreadable."""
    try:
        text = to_utf8(root.read_bytes(file), file)[0].decode()
    except ParseError:
        return []
    numbered = ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1))
    return [(number, line) for number, line in numbered if line]
