"""The lists of a COCO file: entries that stay encoded, and what has to be known of all at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

from dataforge.errors import ParseError
from dataforge.formats.coco.columns import Column
from dataforge.formats.coco.tape import Tape
from dataforge.io import MAX_VALUES, plain

Keys = TypeVar("Keys", bound=msgspec.Struct)


class ImageKeys(msgspec.Struct, gc=False):
    """What has to be known about all images before the first is read."""

    id: Any = None
    file_name: Any = None
    coco_url: Any = None


def written_name(file_name: Any, coco_url: Any) -> str | None:
    """The file name of an image, or else its URL, as in LVIS; None if it has neither."""
    names = (name for name in (file_name, coco_url) if isinstance(name, str) and name)
    return next(names, None)


class AnnotationKeys(msgspec.Struct, gc=False):
    """What has to be known about all annotations before the first is read."""

    id: Any = None
    image_id: Any = None
    iscrowd: Any = None


decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
"""Decodes a JSON list; its elements stay encoded."""

decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""Decodes a JSON object; its values stay encoded."""


class Entries(Generic[Keys]):
    """A list of a COCO file.

    Attributes:
        tape: its entries, encoded.
        keys: key -> its values; None where an entry lacks it.
        odd: indices of entries that are no objects.
    """

    def __init__(self, type_: type[Keys]) -> None:
        self.tape = Tape()
        self.keys = {name: Column() for name in type_.__struct_fields__}
        self.odd: list[int] = []
        self._type = type_
        self._decode = msgspec.json.Decoder(list[type_]).decode  # type: ignore[valid-type]

    def __len__(self) -> int:
        return len(self.tape)

    def add(self, data: bytes | msgspec.Raw, entries: list[msgspec.Raw]) -> None:
        """Append entries.

        Args:
            data: the list.
            entries: its elements.

        Raises:
            msgspec.ValidationError: one is not an object, or has a number too large for a float.
        """
        self._add(self._decode(data), entries)

    def add_all(self, raw: msgspec.Raw, name: str) -> None:
        """Append entries that may be anything.

        Raises:
            ParseError: there are entries that are no objects among too many values.
        """
        try:
            keys = self._decode(raw)
        except msgspec.ValidationError:
            entries = bounded_list(raw, name)
            found = [_keys(entry, self._type) for entry in entries]
            self.odd += [index for index, one in enumerate(found, len(self)) if one is None]
            keys = [one or self._type() for one in found]
        else:
            entries = decode_list(raw)  # not before: there may be millions that are no objects
        self._add(keys, entries)

    def _add(self, keys: Sequence[Any], entries: list[msgspec.Raw]) -> None:
        for name, column in self.keys.items():
            column.extend([getattr(one, name) for one in keys])
        self.tape.add(entries)

    def at(self, index: int) -> msgspec.Raw:
        """One entry."""
        return msgspec.Raw(self.tape.entries(index, index + 1))

    def forget(self) -> None:
        """Free the memory of the keys."""
        self.keys = {}


def bounded_list(raw: msgspec.Raw, name: str) -> list[msgspec.Raw]:
    """The elements of a JSON list that may be anything.

    Raises:
        ParseError: there may be more of them than fit into memory.
    """
    if len(memoryview(raw)) > MAX_VALUES and bytes(raw).count(b",") > MAX_VALUES:
        message = f"holds more than {MAX_VALUES:,} values, and some entries are invalid: not read"
        raise ParseError(name, "", message)
    return decode_list(raw)


def _keys(raw: msgspec.Raw, type_: type[Keys]) -> Keys | None:
    try:
        found = decode_object(raw)
    except msgspec.ValidationError:
        return None
    return type_(**{k: plain(found[k]) for k in type_.__struct_fields__ if k in found})
