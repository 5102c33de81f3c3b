"""Reads CreateML JSON.

    [{"image": "a.jpg", "annotations": [
        {"label": "cat", "coordinates": {"x": 20, "y": 26, "width": 20, "height": 28}}]}]

x and y are the centre of the box, in pixels from the image's top-left corner (Apple: "Building an
object detector data source"). Older files have ``imagefilename`` and ``annotation``.
"""

from __future__ import annotations

import msgspec

from dataforge.errors import plural
from dataforge.findings import Place
from dataforge.formats.base import Context, Part, Reader
from dataforge.formats.json_entries import (
    Keys,
    elements,
    keys_of,
    list_of,
    members_of,
    number_of,
    numbered,
    rest_of,
    text_of,
)
from dataforge.formats.listed import (
    Contents,
    Document,
    ListedOptions,
    ListedReading,
    bad_object,
    fault_of,
    own_keys,
)
from dataforge.formats.listed_images import Entry
from dataforge.formats.outlines import in_order
from dataforge.formats.recognise import Recognised, Texts
from dataforge.geometry import box_area
from dataforge.io import Root
from dataforge.records import Instance

_IMAGE, _OBJECTS = ("image", "imagefilename"), ("annotations", "annotation")
_SIDES = ("x", "y", "width", "height")


class ReadOptions(ListedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How CreateML files are read."""


def recognise(texts: Texts) -> Recognised:
    """JSON files that are lists of images with coordinates."""
    number = len(texts.of("createml"))
    return Recognised(number, f"{plural(number, 'JSON file')} with images and coordinates")


class CreatemlReader(Reader[ReadOptions]):
    """Reads every CreateML file below a folder; its name or folder may say a split."""

    Options = ReadOptions

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def open(self, root: Root, options: ReadOptions, context: Context) -> CreatemlReading:
        return CreatemlReading(root, options, context)


class CreatemlReading(ListedReading[ReadOptions]):
    """The CreateML files of one folder."""

    kind = "CreateML file"

    def parse(self, name: str, data: bytes) -> Part[Document | None]:
        listed = yield from list_of(data, name)
        if listed is None or (listed and not any(map(_is_entry, listed[:100]))):
            return None
        entries: list[Entry] = []
        for index, raw, keys in numbered(listed):
            place = Place(name, f"$[{index}]")
            objects = members_of(_first(keys, _OBJECTS)) if keys is not None else None
            if keys is None or objects is None:
                message = "expected an object with an image and a list of annotations"
                yield bad_object(place, message)
                continue
            written = text_of(_first(keys, _IMAGE))
            entries.append(Entry(written, place, len(objects), bytes(raw)))
        return Document(entries)

    def contents(self, entry: Entry, size: tuple[int, int]) -> Part[Contents]:
        keys = keys_of(msgspec.Raw(entry.content)) or {}
        key = next(name for name in _OBJECTS if name in keys)
        instances: list[Instance] = []
        for index, raw in enumerate(elements(keys[key], entry.place.file)):
            where = entry.place.at(f".{key}[{index}]")
            one = yield from _instance(keys_of(raw), where)
            instances += [one] if one is not None else []
        return Contents(instances, own_keys("createml", rest_of(keys, *_IMAGE, *_OBJECTS)))


def _is_entry(raw: msgspec.Raw) -> bool:
    keys = keys_of(raw)
    return keys is not None and None not in (_first(keys, _IMAGE), _first(keys, _OBJECTS))


def _first(keys: Keys, names: tuple[str, ...]) -> msgspec.Raw | None:
    return next((keys[name] for name in names if name in keys), None)


def _instance(keys: Keys | None, place: Place) -> Part[Instance | None]:
    if keys is None:
        yield bad_object(place, "expected an object with a label and coordinates")
        return None
    label = text_of(keys.get("label")).strip()
    if not label:
        yield bad_object(place, "has no label")
        return None
    sides = keys_of(keys.get("coordinates"))
    if sides is None:
        yield bad_object(place, "has no coordinates")
        return None
    place_of = place.at(".coordinates")
    values = [number_of(sides.get(side)) for side in _SIDES]
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(_SIDES):
        missing = next(side for side, value in zip(_SIDES, values, strict=True) if value is None)
        yield bad_object(place_of, f"expected numbers x, y, width and height: {missing} is none")
        return None
    if fault := fault_of(numbers):
        yield bad_object(place_of, fault)
        return None
    x, y, width, height = numbers
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    box = yield from in_order(box, label, place_of)
    return Instance(
        label=label,
        box=box,
        area=box_area(box),
        place=place,
        extra=own_keys("createml", rest_of(keys, "label", "coordinates")),
    )
