"""Reads Pascal VOC XML and its relatives, in the folders given by a `Layout`.

Source: VOC2012 devkit, "annotation format"; the three coordinate conventions in use are in
`dataforge.geometry.COORDS_OFFSETS`. If none is given, boxes are read as written, and `settle`
shifts them when all of them have been seen.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import (
    Context,
    Evidence,
    Found,
    Inputs,
    Item,
    Reader,
    Reading,
    Record,
    SourceText,
    finished,
    too_many_objects,
)
from dataforge.formats.sizes import (
    find_size,
    is_sampled,
    size_differs,
)
from dataforge.formats.voc.corners import is_reversed
from dataforge.formats.voc.files import ImageFinder, Listed, annotations_of_splits, listed_ids
from dataforge.formats.voc.foreign import foreign_format, passed_over
from dataforge.formats.voc.instances import InstanceReader, settled, settled_in_order
from dataforge.formats.voc.objects import (
    VocFile,
    VocObject,
    each_box,
    is_any_beyond,
    read_file,
)
from dataforge.formats.voc.options import ReadOptions
from dataforge.formats.voc.strict import Strict
from dataforge.formats.voc.usual import read_usual
from dataforge.geometry import Coords
from dataforge.io import MAX_OBJECTS, Root, parse_xml
from dataforge.layouts import CoordsEvidence, Layout
from dataforge.records import Image

_COORDS, _SIZE, _RENAMED, _SEVERAL = "coords", "size", "renamed tags", "several boxes"
_FOREIGN = "foreign"
"""Kinds of evidence: the `CoordsEvidence` of a file; [split, file, whether it is in the sample] for
a finding on an image's size; a file whose tags are renamed; [file, pointer, line, number of
further boxes] of an object; and [name, file] of another format."""


class VocReader(Reader[ReadOptions]):
    """Reads one XML file per image."""

    Options = ReadOptions

    def open(self, root: Root, options: ReadOptions, context: Context) -> VocReading:
        layout = context.layout or Layout()
        if options.difficult:
            layout = msgspec.structs.replace(layout, difficult=options.difficult)
        if options.coords:
            layout = msgspec.structs.replace(layout, coords=options.coords)
        return VocReading(root, layout, options, context)


class VocReading(Reading):
    """One dataset of XML files; an item is an id of a split, or an XML file in no split.

    Args:
        root: the folder of the layout.
        layout: where the files are, with the options applied.
        options: see `ReadOptions`.
        context: see `Context`.
    """

    def __init__(self, root: Root, layout: Layout, options: ReadOptions, context: Context) -> None:
        self.root = root
        self.layout = layout
        self.finder = ImageFinder(root, layout, keep=options.missing_images == "keep")
        self.instances = InstanceReader(layout)
        self.keep_text = context.keep_text
        self.strict = Strict(root, context) if context.strict else None
        self.verifies = options.verify_images is True
        self.samples = options.verify_images is None
        self.auto = layout.coords == "auto"
        self.decides = self.auto or self.samples
        self._not_read: list[Finding] = []
        self._compared: frozenset[tuple[str | None, str]] | None = None

    def items(self) -> Iterator[Item]:
        annotations = annotations_of_splits(self.root, self.layout)
        seen: set[str] = set()
        number = 0
        listed = listed_ids(self.root, self.layout, annotations)
        inside = {path for known in annotations.values() for path in known.values()}
        self.total = sum(map(len, listed.values()))
        if self.auto:
            given = (annotations[split].get(id_) for split, ids in listed.items() for id_ in ids)
            self.total += len(inside.difference(given))
        for split, ids in listed.items():
            for id_ in ids:
                path = annotations[split].get(id_, "")
                yield Item(number, Listed(split, id_, path, path not in seen))
                number += 1
                seen.add(path)
        unlisted = sorted(inside - seen)
        # They are also evidence for the coordinate convention.
        for path in unlisted if self.auto else ():
            yield Item(number, path)
            number += 1
        xmls = {name for name in self.root.files() if name.lower().endswith(".xml")}
        self._not_read = [*_outside(sorted(xmls - inside)), *_unlisted(unlisted)]

    def inputs(self, item: Item) -> Inputs:
        if isinstance(item.value, str):
            return Inputs(item.value, item.value)
        listed: Listed = item.value
        sampled = self.samples and is_sampled(item.number)
        name = f"{listed.split}\0{listed.id}\0{listed.path}"
        return Inputs(name, listed.path, bytes((listed.first, sampled)))

    def names(self, like: str) -> Iterable[str]:
        return self.finder.named(like)

    def file_of(self, item: Item) -> str:
        value = item.value
        return value if isinstance(value, str) else value.path or value.id

    def read(self, item: Item) -> Iterator[Record]:
        if isinstance(item.value, str):
            yield from self._read_unlisted(item.value)
            return
        listed: Listed = item.value
        file = yield from self._open(listed)
        if file is None:
            return
        path = listed.path
        objects, stated, keys = file.objects, file.size, file.keys
        if listed.first:
            yield from self._evidence(path, file)
        image_name = yield from self.finder.find(listed, file.filename, stated is not None)
        size = None
        if image_name is not None:
            size = yield from self._find_size(item.number, listed, image_name, stated, objects)
        if image_name is None or size is None:
            number = sum(1 for _ in each_box(objects))
            yield _not_usable(path, image_name is not None, number)
            return
        instances = yield from self.instances.read(path, objects)
        image = Image(
            file_name=image_name,
            width=size[0],
            height=size[1],
            instances=tuple(instances),
            place=Place(path),
            split=listed.split,
            extra={"voc": keys} if keys else {},
        )
        if self.strict and listed.first:
            yield from self.strict.file(image, stated, objects)
        yield image

    def _evidence(self, path: str, file: VocFile) -> Iterator[Evidence]:
        """What a file says about the dataset as a whole."""
        if self.auto:
            yield _coords_evidence(file)
        if file.renamed:
            yield Evidence(_RENAMED, path)
        for index, item in enumerate(file.objects):
            if item.others:
                yield Evidence(_SEVERAL, [path, f"object[{index}]", item.line, len(item.others)])

    def _open(self, listed: Listed) -> Generator[Record, None, VocFile | None]:
        """Returns the content of an XML file, None if it cannot be read."""
        split, path = listed.split, listed.path
        if not path:
            yield code("annotation-missing").at(
                Place(self.layout.splits.get(split or "", ""), listed.id),
                f"lists {listed.id!r}, but there is no {listed.id}.xml in "
                f"{self.layout.folders(split or '')[1]}/",
                "restore the XML file, or remove the line",
            )
            return None
        try:
            data = self.root.read_bytes(path)
            if foreign := foreign_format(data):
                yield Evidence(_FOREIGN, [foreign, path])
                return None
            if (number := _objects_in(data)) > MAX_OBJECTS:
                yield too_many_objects(Place(path), number)
                return None
            file = _parsed(data, path)
        except ParseError as error:
            yield code("unreadable-xml").at(
                Place.of(error, path),
                error.message,
                "none of its objects are converted; restore the file, or annotate the image again",
            )
            return None
        if listed.first and self.keep_text:
            yield SourceText(path, data)
        return file

    def _read_unlisted(self, path: str) -> Iterator[Evidence]:
        try:
            data = self.root.read_bytes(path)
            if _objects_in(data) > MAX_OBJECTS:
                return
            file = _parsed(data, path)
        except ParseError:
            return  # its objects are not used
        yield _coords_evidence(file)

    def _find_size(
        self,
        number: int,
        listed: Listed,
        image_name: str,
        stated: tuple[int, int] | None,
        objects: Sequence[VocObject],
    ) -> Generator[Record, None, tuple[int, int] | None]:
        """Returns (width, height), None if unknown."""
        sampled = (
            self.samples and is_sampled(number) and size_differs(self.root, image_name, stated)
        )
        # A box beyond the stated size makes the size doubtful.
        doubtful = self.samples and is_any_beyond(objects, stated)
        file = listed.path
        found, size = finished(
            find_size(
                self.root,
                image_name,
                stated,
                verify=self.verifies or sampled or doubtful,
                place=Place(file, "size"),
            )
        )
        yield from found
        if found and self.samples:
            yield Evidence(_SIZE, [listed.split, file, sampled])
        return size

    # What the whole dataset shows.

    def decide(self, found: Found) -> list[Any]:
        """Returns [coords, reason, files already compared].

        The last is None if the stated sizes of all other images are trusted, else the
        [split, file] of those that already have a finding.
        """
        coords: Coords = self.instances.coords
        reason = "as declared"
        if self.auto:
            evidence = CoordsEvidence()
            for counts in found.get(_COORDS, ()):
                evidence.merge(CoordsEvidence(*counts))
            coords, reason = evidence.decide(self.layout.coords_default)
        compared = found.get(_SIZE, ())
        differs = any(sampled for _, _, sampled in compared)
        return [coords, reason, [[split, file] for split, file, _ in compared] if differs else None]

    def settled_by(self, decision: Any) -> Any:
        coords, _, compared = decision
        return [coords, compared]

    def settle(self, image: Image, decision: Any) -> Iterator[Image | Finding]:
        coords, _, compared = decision
        if compared is not None:
            if self._compared is None:
                self._compared = frozenset((split, file) for split, file in compared)
            if (image.split, image.place.file) not in self._compared:
                stated = image.width, image.height
                place = image.place.at("size")
                yield from find_size(self.root, image.file_name, stated, verify=True, place=place)
        if self.auto and (coords != "zero" or any(is_reversed(i.box) for i in image.instances)):
            instances = []
            for instance in image.instances:
                if is_reversed(instance.box):
                    instances.append((yield from settled(instance, coords)))
                else:
                    instances.append(settled_in_order(instance, coords))
            image = msgspec.structs.replace(image, instances=tuple(instances))
        yield image

    def finish(self, found: Found, decision: Any) -> Iterator[Finding]:
        if self.auto:
            layout = self.layout
            coords, reason, _ = decision
            yield code("coords").at(
                Place(layout.folders(next(iter(layout.splits), ""))[1]),
                f"boxes are read as {coords!r}: {reason}",
                "if this is wrong, set it with --coords",
            )
        yield from _renamed(found.get(_RENAMED, ()))
        yield from _several(found.get(_SEVERAL, ()))
        yield from passed_over(found.get(_FOREIGN, ()))
        if self.strict:
            yield from self.strict.finish(found)
        yield from self._not_read


def _outside(paths: Sequence[str]) -> Iterator[Finding]:
    """The finding on XML files outside the annotation folders."""
    if paths:
        yield code("annotation-outside-layout").at(
            Place(paths[0]),
            f"{plural(len(paths), 'XML file')} outside the layout's annotation folder (this is "
            "the first): not read",
            "move them, or convert their folder separately",
        )


def _unlisted(paths: Sequence[str]) -> Iterator[Finding]:
    """The finding on XML files that no split lists."""
    if paths:
        yield code("annotation-not-listed").at(
            Place(paths[0]),
            f"{plural(len(paths), 'XML file')} in no split (this is the first): not read",
            "add their ids to a split file, or create new splits with `dataforge split`",
        )


def _parsed(data: bytes, path: str) -> VocFile:
    """The content of a file.

    Raises:
        ParseError: it cannot be parsed.
    """
    return read_usual(data) or read_file(parse_xml(data, path))


def _objects_in(data: bytes) -> int:
    """The number of objects in a file, before it is parsed."""
    return (data.replace(b"\0", b"") if b"\0" in data else data).count(b"<object")


def _coords_evidence(file: VocFile) -> Evidence:
    evidence = CoordsEvidence(
        files=1, devkit=file.origin == "devkit", labelimg=file.origin == "labelimg"
    )
    boxes = [item.bounds for item in each_box(file.objects) if item.bounds is not None]
    evidence.add(boxes, *(file.size or (0, 0)))
    return Evidence(_COORDS, [*msgspec.structs.astuple(evidence)])


def _renamed(found: Sequence[str]) -> Iterator[Finding]:
    """The finding on files with tags in a namespace or in capitals."""
    if found:
        yield code("unusual-tags").at(
            Place(found[0]),
            f"{plural(len(found), 'file')} with tags in a namespace or in capitals (this is the "
            "first): read as if they were VOC's own",
            "convert the dataset: other programs do not find these tags",
        )


def _several(found: Sequence[Any]) -> Iterator[Finding]:
    """The finding on objects with several boxes."""
    if found:
        file, pointer, line, _ = found[0]
        boxes = sum(others for *_, others in found) + len(found)
        yield code("several-boxes").at(
            Place(file, pointer, line),
            f"{plural(len(found), 'object')} with several boxes (this is the first): read as "
            f"{boxes:,} objects",
            "write an object for each box: other programs read only the first",
        )


def _not_usable(path: str, has_image: bool, objects: int) -> Finding:
    lacks = "neither <size> nor an image to measure" if has_image else "no image"
    return code("image-not-usable").at(
        Place(path),
        f"{lacks}: {plural(objects, 'object')} not converted",
        "restore the image",
        lost=objects,
    )
