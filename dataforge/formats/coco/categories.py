"""Findings of a strict reader on the categories of COCO files."""

from __future__ import annotations

from typing import Any

from dataforge.findings import Place
from dataforge.formats.coco.file import Document, Notes


def names_of(document: Document) -> list[tuple[str, Place]]:
    """The names of the categories as written, and the place of each category."""
    return [
        (entry["name"], Place(document.name, f"$.categories[{index}]"))
        for index, entry in enumerate(document.categories)
        if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    ]


def ids_of(document: Document) -> dict[str, Any]:
    """Name -> id of the categories that have both, in the order of the file."""
    return {
        entry["name"]: entry["id"]
        for entry in document.categories
        if isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and isinstance(entry.get("id"), (int, str, float))
    }


def note_id_gap(document: Document, notes: Notes) -> None:
    """Note a gap in the category ids of a file."""
    ids = {number for number in ids_of(document).values() if isinstance(number, int)}
    if ids and len(ids) < max(ids) - min(ids) + 1:
        message = f"{len(ids)} categories have ids from {min(ids)} to {max(ids)}, with gaps"
        remedy = "harmless, unless your code uses the ids as labels"
        notes.add("category-id-gap", "$.categories", message, remedy)


class CategoryIds:
    """The category ids of all files, each with the first file that had it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Any, str]] = {}

    def note_differing(self, document: Document, notes: Notes) -> None:
        """Add a file, and note which of its ids differ from those of the files before it."""
        differing = []
        for name, number in ids_of(document).items():
            first, file = self._known.setdefault(name, (number, document.name))
            if first != number:
                differing.append(f"{name!r} has the id {number!r}, but {first!r} in {file}")
        if differing:
            more = f", and {len(differing) - 1} more" if len(differing) > 1 else ""
            remedy = "write all files with the same list of categories"
            notes.add("category-ids-differ", "$.categories", differing[0] + more, remedy)
