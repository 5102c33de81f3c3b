"""What is in a file of VIA: its images, each with regions that are still encoded.

    version 1, 2   {"a.jpg123": {"filename": "a.jpg", "size": 123, "regions": [
                       {"shape_attributes": {"name": "rect", "x": 1, "y": 2, "width": 3,
                        "height": 4}, "region_attributes": {"type": "cat"}}],
                    "file_attributes": {}}}
                   (in version 1, regions is an object with the keys "0", "1", ...)
    project of 2   the same as _via_img_metadata, beside _via_attributes
    CSV of 1, 2    filename,file_size,file_attributes,region_count,region_id,
                   region_shape_attributes,region_attributes
    CSV of 3       # ATTRIBUTE = {"1": {"aname": "type", "options": {"0": "cat"}}}
                   # CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,
                   spatial_coordinates,metadata (on one line; rows of the form
                   "k","[""a.jpg""]",0,"[]","[2,1,2,3,4]","{""1"":""0""}")
    project of 3   {"attribute": {"1": {"aname": "type", "options": {"0": "cat"}}},
                    "file": {"1": {"fname": "a.jpg", "src": "a.jpg"}}, "view": {"1": {"fid_list":
                    ["1"]}}, "metadata": {"k": {"vid": "1", "z": [], "xy": [2, 1, 2, 3, 4],
                    "av": {"1": "0"}}}}

Source: robots.ox.ac.uk/~vgg/software/via, via.js and _via_data.js.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from dataforge.errors import ParseError
from dataforge.findings import Place
from dataforge.formats.base import Part
from dataforge.formats.json_entries import (
    Keys,
    keys_of,
    members_of,
    objects_of,
    step_of,
    text_of,
    whole,
)
from dataforge.formats.listed import bad_object
from dataforge.formats.table_rows import delimiter_of, rows_of
from dataforge.io import MAX_VALUES, last_part, plain, repaired

_HEADER = ("filename", "file_size", "file_attributes", "region_count", "region_id",
           "region_shape_attributes", "region_attributes")  # fmt: skip


class Region(NamedTuple):
    """An object, still encoded.

    Attributes:
        place: of it.
        shape: the shape attributes, or the list ``xy`` of version 3.
        attributes: the region's, as an object.
    """

    place: Place
    shape: bytes
    attributes: bytes


class Marked(NamedTuple):
    """An image with its regions.

    Attributes:
        name: of the image.
        place: of its entry.
        regions: of the image.
        attributes: of the image, as an object.
        also: another name of it.
    """

    name: str
    place: Place
    regions: list[Region]
    attributes: bytes = b"{}"
    also: tuple[str, ...] = ()


class Via(NamedTuple):
    """What is in a file.

    Attributes:
        images: in order.
        options: attribute -> its options in order, as far as they are declared.
    """

    images: list[Marked]
    options: dict[str, tuple[str, ...]]


class _Top(msgspec.Struct, rename={"metadata2": "_via_img_metadata", "attributes2":
                                   "_via_attributes"}):  # fmt: skip
    """The keys that matter of a project of version 2 or 3."""

    metadata2: msgspec.Raw = msgspec.Raw()
    attributes2: msgspec.Raw = msgspec.Raw()
    metadata: msgspec.Raw = msgspec.Raw()
    attribute: msgspec.Raw = msgspec.Raw()
    file: msgspec.Raw = msgspec.Raw()
    view: msgspec.Raw = msgspec.Raw()


def of_json(data: bytes, name: str) -> Part[Via | None]:
    """Returns what is in a JSON file; None if it is not VIA's.

    Raises:
        ParseError: it cannot be read.
    """
    raw = yield from whole(data, name)
    try:
        top = msgspec.json.decode(raw, type=_Top)
    except msgspec.ValidationError:
        return None
    if memoryview(top.metadata2):
        found = yield from _of_metadata(top.metadata2, Place(name, "$._via_img_metadata"))
        return Via(found or [], _options(top.attributes2))
    if all(map(memoryview, (top.metadata, top.file, top.view))):
        return (yield from _of_version_3(top, name))
    found = yield from _of_metadata(raw, Place(name, "$"))
    return None if found is None else Via(found, {})


def _of_metadata(raw: msgspec.Raw, place: Place) -> Part[list[Marked] | None]:
    """Returns the images of version 1 and 2; None if there are none in it."""
    entries = objects_of(raw, place.file)
    if entries is None:
        return None
    some = [keys_of(one) for one in [*entries.values()][:100]]
    if some and not any(keys and {"filename", "regions"} <= keys.keys() for keys in some):
        return None
    images: list[Marked] = []
    for key, one in entries.items():
        where = place.at(step_of(key))
        keys = keys_of(one)
        regions = None if keys is None else _regions(keys.get("regions"))
        if keys is None or regions is None:
            yield bad_object(where, "expected an image with a file name and regions")
            continue
        found: list[Region] = []
        for step, region in regions:
            spot = where.at(f".regions{step}")
            parts = keys_of(region)
            if parts is None or "shape_attributes" not in parts:
                yield bad_object(spot, "expected a region with shape_attributes")
                continue
            marks = bytes(parts.get("region_attributes", b"{}"))
            found.append(Region(spot, bytes(parts["shape_attributes"]), marks))
        more = bytes(keys.get("file_attributes", b"{}"))
        images.append(Marked(text_of(keys.get("filename")), where, found, more))
    return images


def _regions(raw: msgspec.Raw | None) -> list[tuple[str, msgspec.Raw]] | None:
    """(step of the pointer, region) of each region: of a list, or of an object as in version 1."""
    if (listed := members_of(raw)) is not None:
        return [(f"[{index}]", one) for index, one in enumerate(listed)]
    if raw is None or bytes(raw).count(b",") > MAX_VALUES or (keys := keys_of(raw)) is None:
        return None
    return [(step_of(key), one) for key, one in keys.items()]


def _options(raw: msgspec.Raw | None) -> dict[str, tuple[str, ...]]:
    """Attribute of regions -> its options, as a project of version 2 declares them."""
    found: dict[str, tuple[str, ...]] = {}
    for name, one in (keys_of((keys_of(raw) or {}).get("region")) or {}).items():
        options = keys_of((keys_of(one) or {}).get("options")) or {}
        found[name] = tuple(options)
    return found


# CSV ---------------------------------------------------------------------------------------------


def of_csv(text: str, name: str) -> Part[Via | None]:
    """Returns what is in a table; None if it is not VIA's."""
    if _HEADER_3 in text[:100_000]:
        return (yield from _of_csv_3(text, name))
    delimiter = delimiter_of(text[:10_000].splitlines()[:1])
    columns: dict[str, int] | None = None
    images: dict[str, Marked] = {}
    for line, _, _, row in rows_of(text, delimiter):
        place = Place(name, line=line)
        if columns is None:
            header = [cell.strip().lstrip("#") for cell in row or ()]
            if not {*_HEADER} <= {*header}:
                return None
            columns = {column: header.index(column) for column in _HEADER}
            continue
        if row is None or len(row) <= max(columns.values()):
            yield bad_object(
                place, f"expected {len(_HEADER)} columns with quotation marks in pairs"
            )
            continue
        cells = {column: row[at] for column, at in columns.items()}
        shape = cells["region_shape_attributes"].strip()
        image = images.get(cells["filename"])
        if image is None:
            more = _object(cells["file_attributes"])
            image = images[cells["filename"]] = Marked(cells["filename"], place, [], more)
        if shape not in ("", "{}"):
            marks = _object(cells["region_attributes"])
            image.regions.append(Region(place, shape.encode(), marks))
    return None if columns is None else Via([*images.values()], {})


_HEADER_3 = "metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata"


def _of_csv_3(text: str, name: str) -> Part[Via]:
    """Returns what is in a table of version 3."""
    attributes: dict[str, tuple[str, dict[str, str]]] = {}
    images: dict[str, Marked] = {}
    for line, start, end, row in rows_of(text, ","):
        place = Place(name, line=line)
        if text.startswith("#", start):
            _, _, declared = text[start:end].partition("# ATTRIBUTE = ")
            attributes |= _attributes_3(msgspec.Raw(_object(declared)))
            continue
        cells = [decoded(_object(one)) for one in row[:5]] if row and len(row) >= 6 else [None] * 5
        _, files, _, moments, shape = cells
        if not isinstance(files, list) or not all(isinstance(one, str) for one in files):
            yield bad_object(place, "expected 6 columns, the second a list of files")
            continue
        if len(files) != 1 or moments:
            yield bad_object(place, "is about a moment of a video: images alone are read")
            continue
        image = images.setdefault(
            files[0], Marked(last_part(files[0]), place, [], b"{}", (files[0],))
        )
        if row is not None and shape != []:
            values = keys_of(msgspec.Raw(_object(row[5]))) or {}
            marks = msgspec.json.encode(_values_3(values, attributes))
            image.regions.append(Region(place, _object(row[4]), marks))
    options = {one: tuple(values.values()) for one, values in attributes.values()}
    return Via([*images.values()], options)


def _object(text: str) -> bytes:
    data = text.strip().encode()
    return data or b"{}"


# Version 3 ---------------------------------------------------------------------------------------


def _of_version_3(top: _Top, name: str) -> Part[Via | None]:
    """Returns the images of a project of version 3.

    Raises:
        ParseError: it has too many values.
    """
    metadata, files, views = (objects_of(raw, name) for raw in (top.metadata, top.file, top.view))
    if metadata is None or files is None or views is None:
        return None
    attributes = dict(_attributes_3(top.attribute))
    images: dict[str, Marked] = {}
    for view, file in _views(files, views):
        keys = keys_of(files[file]) or {}
        place = Place(name, f"$.file{step_of(file)}")
        written, source = text_of(keys.get("fname")), text_of(keys.get("src"))
        also = (source,) if source and not source.startswith(("data:", "blob:")) else ()
        images[view] = Marked(written or source, place, [], b"{}", also)
    for key, one in metadata.items():
        place = Place(name, f"$.metadata{step_of(key)}")
        parts = keys_of(one) or {}
        image = images.get(text_of(parts.get("vid")))
        if image is None:
            yield bad_object(place, "is about no image of the project")
            continue
        xy = members_of(parts.get("xy"))
        if members_of(parts.get("z")):
            yield bad_object(place, "is about a moment of a video: images alone are read")
            continue
        if xy == []:
            continue  # attributes of the image as a whole
        marks = _values_3(keys_of(parts.get("av")) or {}, attributes)
        image.regions.append(
            Region(place, bytes(parts.get("xy", b"null")), msgspec.json.encode(marks))
        )
    options = {one: tuple(values.values()) for one, values in attributes.values()}
    return Via([*images.values()], options)


def _views(files: Keys, views: Keys) -> Iterator[tuple[str, str]]:
    """(view, its file) of those of one file; of others there is nothing to draw on."""
    for view, raw in views.items():
        own = members_of((keys_of(raw) or {}).get("fid_list")) or []
        if len(own) == 1 and (file := text_of(own[0])) in files:
            yield view, file


def _attributes_3(raw: msgspec.Raw | None) -> Iterator[tuple[str, tuple[str, dict[str, str]]]]:
    """(id of an attribute, (its name, {id of an option: its name})) of each."""
    for number, one in (keys_of(raw) or {}).items():
        keys = keys_of(one) or {}
        options = keys_of(keys.get("options")) or {}
        names = {key: text_of(value) or key for key, value in options.items()}
        yield number, (text_of(keys.get("aname")) or number, names)


def _values_3(values: Keys, attributes: dict[str, tuple[str, dict[str, str]]]) -> dict[str, Any]:
    """Attribute -> its value; options by their names, several of them as in version 2."""
    found: dict[str, Any] = {}
    for number, raw in values.items():
        name, options = attributes.get(number, (number, {}))
        value = plain(raw)
        if options and isinstance(value, str):
            chosen = [options.get(one, one) for one in value.split(",") if one]
            value = chosen[0] if len(chosen) == 1 else dict.fromkeys(chosen, True)
        found[name] = value
    return found


def decoded(data: bytes) -> Any:
    """A part of a file as plain Python; None if it is no JSON."""
    if data.count(b",") > MAX_VALUES:
        return None
    try:
        return plain(msgspec.Raw(data))
    except (ValueError, RecursionError, ParseError):
        better = repaired(data)
        return None if better is None else plain(msgspec.Raw(better))
