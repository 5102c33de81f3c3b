"""Which codes have a check, and how checks are started.

A check is found by its file: ``<group>/<code with underscores>.py`` beside its page in
`dataforge.codes`. Other packages add checks with the entry point group ``dataforge.checks``: a
code, and a module with a class `Check`, a string ``GROUP``, and its page ``<code>.md`` beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint
from importlib.resources import files
from typing import Any

from dataforge.checks.base import CONFIG, Check, DatasetInfo
from dataforge.codes import Code, add_page, codes, find_code, groups
from dataforge.errors import DataforgeError
from dataforge.formats import formats
from dataforge.io import Plugins


def _own() -> dict[str, str]:
    return {
        file.name.removesuffix(".py").replace("_", "-"): f"dataforge.checks.{group}."
        + file.name.removesuffix(".py")
        for group in groups()
        if (folder := files("dataforge.checks").joinpath(group)).is_dir()
        for file in folder.iterdir()
        if file.name.endswith(".py") and not file.name.startswith("_")
    }


_TABLE = Plugins("dataforge.checks", _own())


@cache
def checks() -> dict[str, str]:
    """Code -> module of its check, sorted, including those of other packages."""
    return dict(sorted({**_own(), **_TABLE.added(_add)}.items()))


def _add(point: EntryPoint, module: Any) -> str:
    if not getattr(module, "__package__", ""):
        raise DataforgeError(
            f"expected a module of a package, with the page {point.name}.md beside it"
        )
    page = files(module.__package__).joinpath(f"{point.name}.md")
    add_page(point.name, module.GROUP, page.read_text("utf-8"), point.value)
    return point.value


def known_codes() -> list[str]:
    """The codes of all pages, sorted, including those of other packages."""
    checks()  # which adds their pages
    formats()  # those of other packages may have pages of their own
    return codes()


def find_known_code(name: str) -> Code:
    """The code that a person names, those of other packages too.

    Raises:
        UsageError: there is none.
        DataforgeError: it is another package's, and its check cannot be loaded.
    """
    known_codes()  # which adds their pages
    if reason := _TABLE.failure(name):
        raise DataforgeError(reason)
    return find_code(name)


def start(names: Iterable[str], data: DatasetInfo) -> list[Check]:
    """The checks of these codes that apply to this dataset, in that order.

    Args:
        names: of the codes; those without a check are ignored.
        data: the dataset.
    """
    started: list[Check] = []
    for name in names:
        if name not in checks():
            continue
        kind = check_class(name)
        if data.format == CONFIG:
            fits = kind.config is not Check.config
        else:
            fits = kind.formats is None or data.format in kind.formats
        if fits:
            started.append(kind(name, data))
    return started


@cache
def check_class(name: str) -> type[Check]:
    """The check of a code.

    Raises:
        KeyError: the code has none.
        DataforgeError: it is not what a check has to be.
    """
    module = checks()[name]
    loaded: Any = import_module(module)
    kind = loaded.Check
    if not (isinstance(kind, type) and issubclass(kind, Check)):
        raise DataforgeError(f"{module}.Check must be a subclass of dataforge.checks.Check")
    return kind
