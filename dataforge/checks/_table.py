"""Every code by name: the module that has its page, and the group that it belongs to.

Built-ins are listed here. Other packages add codes by the entry point group ``dataforge.checks``: a
code and a module that offers what `dataforge.checks._base` says, and its ``GROUP``.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import msgspec

from dataforge.checks._base import About, Check, Data
from dataforge.errors import DataforgeError, UsageError
from dataforge.formats._table import load_plugin

GROUPS: dict[str, str] = {
    "boxes": "boxes and outlines",
    "classes": "class names and how often they occur",
    "coco": "COCO files alone",
    "config": "training configs",
    "files": "files, names and images",
    "labelme": "labelme files alone",
    "reading": "what readers say of any format",
    "smoke": "what `dataforge smoke` says before it trains",
    "splits": "who is trained on and who is evaluated on",
    "voc": "Pascal VOC files alone",
    "writing": "what convert, register, split and coco say of their output",
    "yolo": "YOLO files alone",
}

# One line for each code, sorted by group and code.
_GROUP_OF: dict[str, str] = {
    # boxes
    "coordinates-too-large": "boxes",
    "outside-image": "boxes",
    "zero-area": "boxes",
    # classes
    "look-alike-labels": "classes",
    # coco
    "dangling-image-id": "coco",
    # files
    "duplicate-image": "files",
    "image-size-differs": "files",
    # reading
    "not-read-in-full": "reading",
}


class Row(msgspec.Struct, frozen=True):
    """One code.

    Attributes:
        code: kebab-case.
        module: dotted path.
        group: one of `GROUPS`, or another package's own.
    """

    code: str
    module: str
    group: str

    def load(self) -> Any:
        """The module."""
        return import_module(self.module)

    @property
    def page(self) -> str:
        """What `dataforge explain` prints."""
        return inspect.cleandoc(self.load().__doc__ or "")

    @property
    def title(self) -> str:
        """The page's first line, without its full stop."""
        return self.page.split("\n", 1)[0].rstrip(".")

    @property
    def fix(self) -> str:
        """`safe`, `unsafe` or empty: what ``--fix`` does about it."""
        return getattr(self.load(), "FIX", "")


@cache
def checks() -> dict[str, Row]:
    """All codes, those of other packages too, sorted.

    Raises:
        DataforgeError: two packages offer the same code, or one cannot be imported.
    """
    found = {
        code: Row(code, f"dataforge.checks.{code.replace('-', '_')}", group)
        for code, group in _GROUP_OF.items()
    }
    for point in entry_points(group="dataforge.checks"):
        if point.name in found:
            owner = found[point.name].module
            raise DataforgeError(
                f"check {point.name!r} of {point.value} clashes with {owner}: uninstall one"
            )
        found[point.name] = Row(point.name, point.value, load_plugin(point).GROUP)
    return dict(sorted(found.items()))


def get_check(code: str) -> Row:
    """The row of a code.

    Raises:
        UsageError: there is none.
    """
    if code not in checks():
        raise _unknown(code, checks())
    return checks()[code]


def codes_of(name: str) -> frozenset[str]:
    """The codes that a code or a group means.

    Raises:
        UsageError: there is no such code or group.
    """
    found = frozenset(row.code for row in checks().values() if name in (row.code, row.group))
    if not found and name not in GROUPS:
        groups = {*GROUPS, *(row.group for row in checks().values())}
        raise _unknown(name, [*checks(), *sorted(groups)])
    return found


def _unknown(name: str, known: Iterable[str]) -> UsageError:
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {close[0]!r}?" if close else "`dataforge explain` lists them"
    return UsageError(f"no check {name!r}: {hint}")


def start(codes: Iterable[str], data: Data, *, images: bool = True) -> list[Check]:
    """The checks of these codes that have something to run on this dataset, in that order.

    Args:
        codes: in the table.
        data: the dataset.
        images: image files may be opened.
    """
    started: list[Check] = []
    for code in codes:
        module = checks()[code].load()
        formats = getattr(module, "FORMATS", (data.format,))
        opens = getattr(module, "IMAGES", False)
        if hasattr(module, "Check") and data.format in formats and (images or not opens):
            started.append(module.Check(About(code, module.SEVERITY), data))
    return started
