"""What makes several COCO files one: ids of their tables, and images of equal names."""

from __future__ import annotations

import filecmp
import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from dataforge.errors import UsageError
from dataforge.findings import Place
from dataforge.formats.coco import extra_of, found_images, keys_of
from dataforge.io import Root
from dataforge.records import Extra, Header, Image

_REFUSED = ("category_id", "image_id", "annotation_id", "segment_id")
"""Keys of a table's entries that would need new ids, which are not known before all is written."""

_COUNTED = ("instance_id", "track_id", "object_id")
"""Keys of annotations that tell objects apart over several images, where no table lists them."""


class Tables:
    """Top-level lists of entries with an id, such as licenses and videos, of all files in one list.

    An entry that several files have is one entry; another one with an id that is taken gets a new
    id. What refers to an entry, ``video_id`` for ``videos`` and ``license`` for ``licenses``,
    changes with it. Ids of objects without a table are distinct in each file.
    """

    def __init__(self) -> None:
        self._entries: dict[str, list[dict[str, Any]]] = {}
        self._known: dict[str, dict[bytes, Any]] = {}
        self._taken: dict[str, set[Any]] = {key: set() for key in _COUNTED}

    def add(self, source: str, header: Header) -> Numbers:
        """Add a file's tables; returns its ids and the new ones.

        Raises:
            UsageError: a table refers to what is renumbered later.
        """
        numbers = Numbers(self._taken)
        tables = {
            key: entries for key, entries in keys_of(header.extra).items() if _is_table(entries)
        }
        # A table that refers to another one comes after it.
        for key in sorted(tables, key=lambda key: len(_references(tables[key], tables))):
            numbers.tables[_reference(key)] = self._add(source, key, tables[key], numbers)
        return numbers

    def _add(
        self, source: str, key: str, entries: list[dict[str, Any]], numbers: Numbers
    ) -> dict[Any, Any]:
        known = self._known.setdefault(key, {})
        listed = self._entries.setdefault(key, [])
        taken = {entry["id"] for entry in listed}
        found, new = {}, {}
        for entry in entries:
            if refused := next((name for name in _REFUSED if name in entry), None):
                raise UsageError(
                    f"{source}: the entries of {key} have {refused}, which the merged file would "
                    f"number anew: remove {key} first"
                )
            number = entry["id"]
            entry = numbers.applied(entry)
            content = _content(entry)
            if content in known:
                found[number] = known[content]
                continue
            found[number] = _next(taken) if number in taken else number
            taken.add(found[number])
            listed.append(entry | {"id": found[number]})
            new[content] = found[number]
        known |= new  # entries of one file are never the same one
        return found

    def united(self, headers: Mapping[str, Header]) -> dict[str, Header]:
        """The same headers with the merged tables."""
        if not self._entries:
            return dict(headers)
        return {
            source: msgspec.structs.replace(
                header, extra=extra_of(keys_of(header.extra) | self._entries)
            )
            for source, header in headers.items()
        }


class Numbers:
    """The ids of one file and the new ones.

    Args:
        taken: key -> ids of objects so far, in all files.

    Attributes:
        tables: key of a reference -> old id -> new id.
    """

    def __init__(self, taken: dict[str, set[Any]]) -> None:
        self.tables: dict[str, dict[Any, Any]] = {}
        self._taken = taken
        self._objects: dict[str, dict[Any, Any]] = {key: {} for key in taken}

    def renumbered(self, image: Image) -> Image:
        """An image whose references are to the merged tables."""
        instances = tuple(
            msgspec.structs.replace(one, extra=self._extra(one.extra, objects=True))
            if one.extra
            else one
            for one in image.instances
        )
        extra = self._extra(image.extra, objects=False)
        return msgspec.structs.replace(image, extra=extra, instances=instances)

    def applied(self, keys: Mapping[str, Any]) -> dict[str, Any]:
        """Keys of an entry, with new ids in place of old ones."""
        return {
            key: self.tables[key].get(value, value)
            if key in self.tables and isinstance(value, (int, str))
            else value
            for key, value in keys.items()
        }

    def _extra(self, extra: Extra, *, objects: bool) -> Extra:
        keys = self.applied(keys_of(extra))
        for key in _COUNTED if objects else ():
            if key in keys and key not in self.tables and isinstance(keys[key], (int, str)):
                keys[key] = self._object(key, keys[key])
        return extra_of(keys)

    def _object(self, key: str, number: Any) -> Any:
        own, taken = self._objects[key], self._taken[key]
        if number not in own:
            own[number] = _next(taken) if number in taken else number
            taken.add(own[number])
        return own[number]


def _content(entry: Mapping[str, Any]) -> bytes:
    """What makes two entries the same one: all but the id, if there is a name or other text."""
    rest = {key: value for key, value in entry.items() if key != "id"}
    named = any(isinstance(value, str) for value in rest.values())
    return msgspec.json.encode(rest if named else entry, order="sorted")


def _next(taken: Iterable[Any]) -> int:
    return max((number for number in taken if isinstance(number, int)), default=0) + 1


def _is_table(entries: Any) -> bool:
    """Whether a top-level value is a list of objects that each have an id of their own."""
    if not isinstance(entries, list) or not entries:
        return False
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    kinds = all(isinstance(number, (int, str)) for number in ids)
    return kinds and len({*ids}) == len(ids) == len(entries)


def _reference(table: str) -> str:
    """The key that refers to an entry of a table.

    >>> _reference("videos"), _reference("licenses")
    ('video_id', 'license')
    """
    return "license" if table == "licenses" else f"{table.removesuffix('s')}_id"


def _references(entries: list[dict[str, Any]], tables: Iterable[str]) -> set[str]:
    keys = {key for entry in entries for key in entry}
    return {table for table in tables if _reference(table) in keys}


class Images:
    """The image files of a COCO file: those nearest to it.

    Args:
        source: path of the COCO file.

    Attributes:
        folder: the folder that its file names are relative to.
    """

    def __init__(self, source: str) -> None:
        self._root = Root(source)
        self._found = found_images(self._root, self._root.only or "")
        self.folder = os.path.join(self._root.location, self._found.prefix)

    def path(self, file_name: str) -> str:
        """The path of an image, which may be missing."""
        name = self._found.others.get(file_name, self._found.prefix + file_name)
        return os.path.join(self._root.location, name)


def are_different(one: str, other: str) -> bool:
    """Whether two image files exist and differ."""
    try:
        return not filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def digest(image: Image) -> bytes:
    """A digest of an image and its annotations, independent of their place."""
    nowhere = Place("")
    instances = tuple(msgspec.structs.replace(one, place=nowhere) for one in image.instances)
    bare = msgspec.structs.replace(image, place=nowhere, instances=instances)
    return hashlib.blake2b(msgspec.json.encode(bare, order="sorted")).digest()
