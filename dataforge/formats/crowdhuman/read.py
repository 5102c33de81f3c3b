"""Reads CrowdHuman's annotation_train.odgt: a line of JSON for each image.

    {"ID": "273271,c9db000d5146c15", "gtboxes": [
        {"tag": "person", "fbox": [72, 202, 163, 503], "vbox": [72, 202, 163, 398],
         "hbox": [171, 208, 62, 83], "extra": {"box_id": 0, "occ": 0},
         "head_attr": {"ignore": 0, "occ": 0, "unsure": 0}}]}

Boxes are a corner and a size, in pixels; that of the full body may leave the image by design. What
is ignored is what mmdetection's CrowdHumanDataset ignores: ``extra.ignore``, and the tag ``mask``.
"""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any, Literal

import msgspec

from dataforge.errors import ParseError, plural
from dataforge.findings import Place
from dataforge.formats.base import Context, Part, Reader
from dataforge.formats.ignored import Ignored, ignored_dropped
from dataforge.formats.json_entries import (
    Keys,
    keys_of,
    members_of,
    number_of,
    rest_of,
    text_of,
)
from dataforge.formats.listed import (
    Contents,
    Document,
    ListedOptions,
    bad_object,
    fault_of,
    own_keys,
)
from dataforge.formats.listed_images import Entry
from dataforge.formats.listed_lines import (
    Line,
    Lines,
    LinesReading,
    lines_of,
    require_plausible,
)
from dataforge.formats.outlines import in_order
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.repairs import was_repaired
from dataforge.geometry import box_area
from dataforge.io import Root, decode_repaired, in_64_bits, is_image, plain
from dataforge.records import Box, Instance

_HEAD = 100
"""Lines that tell whether a file is one of CrowdHuman's."""

_BOXES = {"full": "fbox", "visible": "vbox", "head": "hbox"}
_MASK = "mask"
"""The tag of what looks like persons and is none, or is a crowd of them."""


class ReadOptions(ListedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How CrowdHuman's files are read."""

    box: Annotated[
        Literal["full", "visible", "head"],
        msgspec.Meta(description="Which box of a person is read; the others become attributes."),
    ] = "full"
    ignored: Ignored = "ignore"


def recognise(texts: Texts) -> Recognised:
    """Files with a line of JSON for each image."""
    number = len(texts.of("crowdhuman", texts=True))
    return Recognised(number, f"{plural(number, 'file')} with lines of JSON, each with gtboxes")


class CrowdhumanReader(Reader[ReadOptions]):
    """Reads every .odgt file below a folder; its name or folder may say a split."""

    Options = ReadOptions

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def open(self, root: Root, options: ReadOptions, context: Context) -> CrowdhumanReading:
        return CrowdhumanReading(root, options, context)


class CrowdhumanReading(LinesReading[ReadOptions]):
    """The files of one folder."""

    endings = (".odgt", ".jsonl", ".ndjson")
    kind = "CrowdHuman file"

    def parse(self, name: str, data: bytes) -> Part[Document | None]:
        if data.strip() and not any(map(_is_entry, islice(lines_of(data), _HEAD))):
            return None
        self.data = data
        entries: list[Entry] = []
        for number, line in enumerate(lines_of(data)):
            require_plausible(name, number, len(data))
            place = Place(name, line=line.number)
            content = Lines(line.number, line.begin, line.end)
            keys = keys_of(msgspec.Raw(line.text))
            if keys is None:
                try:
                    raw, _ = decode_repaired(line.text, msgspec.Raw, name)
                except ParseError as error:
                    yield _lost_line(line, place, error.message)
                    continue
                keys, content = keys_of(raw), Lines(line.number, text=bytes(raw))
                if keys is not None:
                    yield was_repaired(name)
            boxes = members_of(keys.get("gtboxes")) if keys is not None else None
            if keys is None or boxes is None:
                yield _lost_line(line, place, "expected an object with ID and gtboxes")
                continue
            image = text_of(keys.get("ID"))
            written = image if not image or is_image(image) else f"{image}.jpg"
            entries.append(Entry(written, place, len(boxes), content))
        return Document(entries)

    def contents(self, entry: Entry, size: tuple[int, int]) -> Part[Contents]:
        content: Lines = entry.content
        keys = keys_of(msgspec.Raw(content.text.strip())) or {}
        instances: list[Instance] = []
        for index, raw in enumerate(members_of(keys.get("gtboxes")) or ()):
            place = Place(entry.place.file, f"gtboxes[{index}]", content.first)
            one = yield from self._instance(keys_of(raw), place)
            instances += [one] if one is not None else []
        return Contents(instances, own_keys("crowdhuman", rest_of(keys, "ID", "gtboxes")))

    def _instance(self, keys: Keys | None, place: Place) -> Part[Instance | None]:
        if keys is None:
            yield bad_object(place, f"{place.pointer}: expected an object with a tag and boxes")
            return None
        tag = text_of(keys.get("tag")).strip()
        if not tag:
            yield bad_object(place, f"{place.pointer}: has no tag")
            return None
        wanted = _BOXES[self.options.box]
        box = _edges(keys.get(wanted))
        if isinstance(box, str):
            yield bad_object(place.at(f".{wanted}"), f"{place.pointer}.{wanted}: {box}")
            return None
        is_head = self.options.box == "head"
        label = "person" if tag == _MASK else tag
        label = "head" if is_head and label == "person" else label
        extra, head = keys_of(keys.get("extra")) or {}, keys_of(keys.get("head_attr")) or {}
        is_ignored = tag == _MASK or _is_set(extra) or (is_head and _is_set(head))
        if is_ignored and self.options.ignored == "drop":
            yield ignored_dropped(label, place)
            return None
        box = yield from in_order(box, label, place)
        attributes = {"tag": tag} if tag == _MASK else {}
        attributes |= in_64_bits(_attributes(keys, wanted))
        return Instance(
            label=label,
            box=box,
            area=box_area(box),
            iscrowd=is_ignored,
            place=place,
            attributes=attributes,
        )


def _is_entry(line: Line) -> bool:
    return b'"gtboxes"' in line.text  # also of a line that is cut off


def _lost_line(line: Line, place: Place, message: str) -> Any:
    found = bad_object(place, f"{message}: the objects of its image are lost")
    return msgspec.structs.replace(found, lost=max(line.text.count(b'"tag"'), 1))


def _edges(raw: msgspec.Raw | None) -> Box | str:
    """The edges of a box, in the order as written, or what is wrong with it."""
    values = [number_of(one) for one in members_of(raw) or ()]
    numbers = [value for value in values if value is not None]
    if len(values) != 4 or len(numbers) != 4:
        return "expected a list of four numbers"
    x, y, width, height = numbers
    edges = (x, y, x + width, y + height)
    return fault_of((*numbers, *edges)) or edges


def _is_set(keys: Keys) -> bool:
    """Whether ``ignore`` is set."""
    value = number_of(keys.get("ignore"))
    return value is not None and value != 0


def _attributes(keys: Keys, wanted: str) -> dict[str, Any]:
    """The other boxes, and what is known of the box and of the head."""
    return {
        name: plain(value)
        for name, value in keys.items()
        if name not in ("tag", wanted) and bytes(value) not in (b"{}", b"null")
    }
