"""isat.yaml: the classes of a folder, with their colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataforge.codes import code
from dataforge.errors import ParseError
from dataforge.findings import Place
from dataforge.formats.base import Part
from dataforge.formats.yaml_nodes import MAX_YAML_BYTES, parse_yaml
from dataforge.io import Root, last_part
from dataforge.records import Category

BACKGROUND = "__background__"
"""The class of inner outlines, and of nothing else; ISAT puts it before all others."""

_NAME = "isat.yaml"


def classes_of(root: Root) -> Part[tuple[Category, ...]]:
    """Returns the classes of all such files, in the order of the files."""
    found: dict[str, Category] = {}
    for file in root.files():
        if last_part(file).lower() != _NAME:
            continue
        try:
            _, table = parse_yaml(root.read_bytes(file, MAX_YAML_BYTES), file)
        except ParseError as error:
            yield code("unreadable-yaml").at(
                Place.of(error, file), f"{error.message}: its classes are not known"
            )
            continue
        for name, colour in _labels(table):
            extra = {"isat": {"color": colour}} if colour else {}
            found.setdefault(name, Category(name=name, extra=extra))
    return tuple(found.values())


def _labels(table: Any) -> Iterator[tuple[str, str]]:
    """(name, colour) of each class."""
    labels = table.get("label") if isinstance(table, dict) else None
    for label in labels if isinstance(labels, list) else ():
        name = label.get("name") if isinstance(label, dict) else None
        if isinstance(name, str) and name.strip() not in ("", BACKGROUND):
            colour = label.get("color")
            yield name.strip(), colour if isinstance(colour, str) else ""
