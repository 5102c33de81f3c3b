"""Reads lists of faces; the name or folder of a file may say a split."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Annotated, Any

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Context, Found, Part, Reader
from dataforge.formats.ignored import Ignored, ignored_dropped
from dataforge.formats.listed import LABEL, Contents, Document, ListedOptions
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
from dataforge.formats.widerface.rows import POINTS, parse_row
from dataforge.geometry import box_area
from dataforge.io import MAX_OBJECTS, Root, is_image
from dataforge.records import Category, Header, Instance

_HEAD = 100
"""Lines that tell whether a file lists faces."""

_MARK = b"# "
"""Before the name of an image in RetinaFace's files."""


class ReadOptions(ListedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How lists of faces are read."""

    ignored: Ignored = "ignore"
    label: Annotated[str, LABEL] = "face"


def recognise(texts: Texts) -> Recognised:
    """Text files with the names of images, numbers of faces and their rows."""
    number = len(texts.of("widerface", texts=True))
    return Recognised(number, f"{plural(number, 'text file')} with names of images and their faces")


class WiderfaceReader(Reader[ReadOptions]):
    """Reads every list of faces below a folder."""

    Options = ReadOptions

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def open(self, root: Root, options: ReadOptions, context: Context) -> WiderfaceReading:
        return WiderfaceReading(root, options, context)


class _Faces(Lines):
    """The rows of an image; `has_landmarks`: whether they are RetinaFace's."""

    has_landmarks: bool = False


class _Open:
    """An image whose rows are being counted."""

    def __init__(self, name: str, line: Line) -> None:
        self.name = name
        self.line = line
        self.stated: int | None = None
        self.count = 0
        self.first = self.last = line

    def add(self, line: Line) -> None:
        """Count a row."""
        if not self.count:
            self.first = line
        self.last = line
        self.count += 1


class WiderfaceReading(LinesReading[ReadOptions]):
    """The lists of faces in one folder."""

    endings = (".txt",)
    kind = "WIDER FACE file"
    fault = "unreadable-labels"

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        super().__init__(root, options, context)
        self._points: tuple[str, ...] = ()
        self._is_any = False

    def parse(self, name: str, data: bytes) -> Part[Document | None]:
        head = [*islice(lines_of(data), _HEAD)]
        has_landmarks = bool(head) and _marked(head[0].text) is not None
        if not _lists_faces(head, has_landmarks):
            return None
        self.data = data
        self._is_any = True
        if has_landmarks:
            self._points = POINTS
        entries: list[Entry] = []
        last: _Open | None = None
        for line in lines_of(data):
            if (image := _name(line.text, has_landmarks)) is not None:
                yield from _closed(name, last, entries, has_landmarks)
                require_plausible(name, len(entries), len(data))
                last = _Open(image, line)
            elif last is None:
                message = "a row before the first name of an image"
                yield code("bad-row").at(Place(name, line=line.number), message, _REMEDY, lost=1)
            elif not (last.count or has_landmarks) and last.stated is None and _is_count(line.text):
                last.stated = int(line.text)
            else:
                last.add(line)
        yield from _closed(name, last, entries, has_landmarks)
        return Document(entries)

    def contents(self, entry: Entry, size: tuple[int, int]) -> Part[Contents]:
        content: _Faces = entry.content
        label = self.options.label
        instances: list[Instance] = []
        for number, text in content.each():
            place = Place(entry.place.file, line=number)
            row = parse_row(text, has_landmarks=content.has_landmarks)
            if isinstance(row, str):
                yield code("bad-row").at(place, row, _REMEDY, lost=1)
                continue
            if row.is_invalid and self.options.ignored == "drop":
                yield ignored_dropped(label, place)
                continue
            box = yield from in_order(row.box, label, place)
            instances.append(
                Instance(
                    label=label,
                    box=box,
                    area=box_area(box),
                    iscrowd=row.is_invalid,
                    keypoints=row.keypoints,
                    place=place,
                    attributes=row.attributes,
                )
            )
        return Contents(instances)

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        yield from super().finish(found, decision)
        if self._is_any:
            yield Header(categories=(Category(name=self.options.label, keypoints=self._points),))


_REMEDY = "correct or delete the row"


def _marked(text: bytes) -> str | None:
    """The name of an image in a line ``# NAME``; None if it is none."""
    if not text.startswith(_MARK):
        return None
    name = text.removeprefix(_MARK).decode()
    return name.rstrip() if is_image(name.rstrip()) else None


def _name(text: bytes, has_landmarks: bool) -> str | None:
    """The name of an image in a line; None if it is something else."""
    if has_landmarks:
        return _marked(text)
    name = text.decode().rstrip()
    return name if is_image(name) else None


def _is_count(text: bytes) -> bool:
    return text.strip().isdigit() and len(text.strip()) < 10


def _lists_faces(head: list[Line], has_landmarks: bool) -> bool:
    """Whether some name of an image is followed by a number of faces, or by a row."""
    for line, after in pairwise(head):
        if _name(line.text, has_landmarks) is not None and (
            (_is_count(after.text) and not has_landmarks)
            or not isinstance(parse_row(after.text.decode(), has_landmarks=has_landmarks), str)
        ):
            return True
    return False


def _closed(
    file: str, last: _Open | None, entries: list[Entry], has_landmarks: bool
) -> Iterator[Finding]:
    """Append the entry of an image whose rows have been counted."""
    if last is None:
        return
    count, first = last.count, last.first
    if last.stated == 0 and count == 1 and {*first.text.split()} == {b"0"}:
        count = 0  # a row of zeros stands where there is no face
    place = Place(file, line=last.line.number)
    lines = _Faces(1, has_landmarks=has_landmarks)
    if count:
        lines = _Faces(first.number, first.begin, last.last.end, has_landmarks=has_landmarks)
    if not has_landmarks and last.stated != count:
        says = "no number of faces" if last.stated is None else plural(last.stated, "face")
        yield code("count-differs").at(
            place,
            f"{last.name} has {says}, and {plural(count, 'row')}: these are read",
            "correct the number, or restore the rows",
            lost=max(min(last.stated or 0, MAX_OBJECTS) - count, 0),
        )
    entries.append(Entry(last.name, place, count, lines))
