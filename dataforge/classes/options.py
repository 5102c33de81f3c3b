"""Options whose values are names of classes: what they mean, and those that a message proposes.

A name that a dataset has chosen is put on a command line only if a shell takes it as it is shown,
and the option reads it as that name: it has no control characters, which are shown as escapes, and
none of the signs that separate names. Any other is proposed as a line of a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dataforge.errors import UsageError, one_line
from dataforge.io import read_file, toml_value
from dataforge.shell import command_line

LABELME_RESERVED = ("__ignore__", "_background_")
"""First lines of labelme's labels.txt; never classes (labelme examples, labels.txt)."""


def comma_list(text: str) -> list[str]:
    """The items of ``a, b,,c``, without spaces around them and without empty ones."""
    return [name for item in text.split(",") if (name := item.strip())]


def parse_merge(text: str) -> dict[str, list[str]]:
    """``limb=hand,foot;person=man,woman`` as a dict.

    Raises:
        UsageError: it does not have that form.
    """
    merged: dict[str, list[str]] = {}
    for item in filter(str.strip, text.split(";")):
        name, equals, sources = item.partition("=")
        if not (name.strip() and equals and comma_list(sources)):
            raise UsageError(f"--merge {item.strip()}: expected new=a,b")
        merged.setdefault(name.strip(), []).extend(comma_list(sources))
    return merged


_MEANS_A_FILE = re.compile(r"^[^,]*([\\/]|[^,\s]\.\w+$)[^,]*$")


def load_names(source: str) -> list[str]:
    """The classes of a ``--labels`` value: a file with one name per line, or ``a,b,c``.

    A single value with an extension or a folder in it means a file. labelme's ``__ignore__`` and
    ``_background_`` are not classes.

    Raises:
        UsageError: it is neither, or the file does not exist.
    """
    if os.path.isfile(source):  # where Path.is_file raises for a list longer than a file name
        try:
            lines = read_file(Path(source)).decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise UsageError(f"labels file {source} is not UTF-8 text: {error}") from error
    elif source.endswith(".txt") or _MEANS_A_FILE.search(source):
        raise UsageError(
            f"--labels {source}: there is no such file; for a class of that name add a comma "
            f"({source},), or write names = ['{source}'] under [classes] in a classes.toml"
        )
    else:
        lines = source.split(",")
    names = [line.strip() for line in lines]
    names = [name for name in names if name and name not in LABELME_RESERVED]
    if not names:
        raise UsageError(f"no class names in {source}")
    return names


def merge_option(name: str, others: Sequence[str]) -> str:
    r"""The option by which labels count as a class; empty if no option can name them.

    >>> merge_option("cat", ["Cat"]), merge_option("a car", ["a\tcar"])
    ("--merge 'cat=Cat'", '--label-aliases FILE with the line "a car" = ["a\\tcar"]')
    """
    value = f"{name}={','.join(others)}"
    with suppress(UsageError):
        if parse_merge(value) == {name: [*others]} and (option := command_line("--merge", value)):
            return f"--merge '{value}'" if option == f"--merge {value}" else option
    keys = [_toml(name), _toml([*others])]
    return f"--label-aliases FILE with the line {' = '.join(keys)}" if all(keys) else ""


def labels_option(names: Sequence[str]) -> str:
    """The option for these classes in this order; empty if no option can name them."""
    value = ",".join(names)
    with suppress(UsageError):
        is_list = load_names(value) == [*names] and not value.lower().endswith(".toml")
        if is_list and not value.startswith("-") and (option := command_line("--labels", value)):
            return option
    if all(name == name.strip() and repr(name)[1:-1] == name and _is_shown(name) for name in names):
        return f"--labels FILE with the lines {', '.join(map(repr, names))}"
    table = _toml([*names])
    return f"--labels FILE.toml with the line names = {table} under [classes]" if table else ""


def _toml(value: str | list[str]) -> str:
    """TOML that is shown as it is; empty if there is none: names may hold bytes that no text is."""
    try:
        text = toml_value(value)
    except UnicodeEncodeError:
        return ""
    text = "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in text)
    return text if _is_shown(text) else ""


def _is_shown(text: str) -> bool:
    return one_line(text) == text
