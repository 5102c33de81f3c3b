"""Reading COCO's instances JSON; see `dataforge.formats.coco.write`.

A file is taken apart into its entries first, and each entry is decoded by itself: strictly and fast
where it is as COCO has it, else key by key, so that one bad value costs no more than itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar

import msgspec

from dataforge import geometry
from dataforge.errors import ParseError, plural
from dataforge.formats.base import Canonical, Each, Records, Step
from dataforge.formats.coco.file import (
    Document,
    IdTable,
    NotCocoError,
    extra_of,
    is_id,
    shortly,
    splits_of,
    unite,
)
from dataforge.formats.sizes import find_size, stated_size
from dataforge.io import MAX_COORDINATE, MAX_IMAGE_PIXELS, Root, in_64_bits, plain, resolve
from dataforge.layouts import by_last_part, folder_of_images
from dataforge.records import Box, Finding, Header, Image, Instance, Mask, Polygons, Ring


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How COCO files are read.

    Attributes:
        image_root: folder that file names are relative to; None finds it below the folder that is
            read.
        find_images: without it file names stay as they are, and nobody looks for the images.
        verify_images: compare the sizes in the JSON with the images' headers.
        missing_images: `keep` the annotations of an image that is not there, or `skip` them.
        strict: name what is understood here, but not by others who read the file.
    """

    image_root: str | None = None
    find_images: bool = True
    verify_images: bool = False
    missing_images: Literal["keep", "skip"] = "keep"
    strict: bool = False


class _Rle(msgspec.Struct, forbid_unknown_fields=True):
    size: tuple[int, int]
    counts: str | list[int]


class _Annotation(msgspec.Struct, forbid_unknown_fields=True):
    id: Any = None
    image_id: Any = None
    category_id: Any = None
    bbox: Box | None = None
    area: float | None = None
    iscrowd: bool | int | None = 0
    segmentation: tuple[Ring, ...] | _Rle | None = None
    attributes: dict[str, Any] | None = None


class _ImageEntry(msgspec.Struct, forbid_unknown_fields=True):
    id: Any = None
    file_name: str | None = None
    width: float | None = None
    height: float | None = None
    attributes: dict[str, Any] | None = None


class _Ids(msgspec.Struct):
    id: Any = None
    image_id: Any = None
    category_id: Any = None


_Entry = TypeVar("_Entry", _Annotation, _ImageEntry)
_decode_ids = msgspec.json.Decoder(_Ids).decode
_decode_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODERS: dict[type, Callable[[msgspec.Raw], Any]] = {
    type_: msgspec.json.Decoder(type_).decode for type_ in (_Annotation, _ImageEntry)
}
_FIELDS: dict[type, dict[str, Any]] = {
    type_: {field.name: msgspec.json.Decoder(field.type) for field in msgspec.structs.fields(type_)}
    for type_ in (_Annotation, _ImageEntry)
}


def read(root: Root, options: Options, canonical: Canonical, each: Each = map) -> Records:
    """Yield the classes, then an Image for every entry of every COCO file below `root`.

    Each file is a split, by the name that it or its folder has.

    Args:
        root: folder with the JSON files, searched recursively.
        options: see `Options`.
        canonical: not needed here.
        each: not needed here: one file holds all.

    Raises:
        InputError: there is no folder `options.image_root`.
    """
    headers: dict[str, Header] = {}
    others: list[tuple[str, str]] = []
    document: Document | None = None
    for name in root.files():
        if not name.lower().endswith(".json"):
            continue
        try:
            document = Document(root, name)
        except NotCocoError as reason:
            others.append((name, str(reason)))
        except ParseError as error:
            yield _unreadable(error)
        else:
            headers[name] = yield from document.header()
    if others:
        more = f"; so are {len(others) - 1} more" if len(others) > 1 else ""
        yield Finding(
            code="not-coco",
            severity="note",
            file=others[0][0],
            message=f"is JSON but no COCO file ({others[0][1]}): passed over{more}",
        )
    yield (yield from unite(headers))
    places = _Places(root, options)
    splits = yield from splits_of(headers)
    for name in headers:
        # Of several files one is held at a time.
        if document is None or document.name != name:
            try:
                document = Document(root, name)
            except NotCocoError as error:
                raise ParseError(name, "", f"was changed while it was read: {error}") from error
            for _ in document.header():
                pass  # told before
        yield from _Reader(document, places, splits[name]).images()


def read_as_it_is(root: Root, name: str, options: Options) -> Records:
    """Yield the classes that one COCO file has, then its images, which are of no split.

    For who goes on to read the file itself, and not what it becomes here: what this reader
    understands, and others stop at or lose, is an error.

    Args:
        root: folder that `name` is relative to.
        name: of the file.
        options: see `Options`.

    Raises:
        ParseError: it is no COCO file.
        InputError: there is no folder `options.image_root`.
    """
    for record in _read_one(root, name, options):
        if isinstance(record, Finding) and record.code in _UNDERSTOOD_HERE:
            remedy = _UNDERSTOOD_HERE[record.code]
            record = msgspec.structs.replace(record, severity="error", remedy=remedy)
        yield record


def _read_one(root: Root, name: str, options: Options) -> Records:
    try:
        document = Document(root, name)
    except NotCocoError as reason:
        raise ParseError(name, "$", f"is no COCO file: {reason}") from reason
    yield (yield from document.header())
    options = msgspec.structs.replace(options, strict=True)
    yield from _Reader(document, _Places(root, options), None).images()


def _unreadable(error: ParseError) -> Finding:
    return Finding(
        code="unreadable-json",
        severity="error",
        file=error.file,
        where=error.where,
        message=error.message,
        remedy="nothing of this file is converted; restore it",
    )


class _Places:
    """Where images are."""

    def __init__(self, root: Root, options: Options) -> None:
        self.options = options
        self.looked_for = options.find_images
        self.inferred = options.image_root is None
        self.root = Root(options.image_root) if options.image_root else root
        self.names = set(self.root.files()) if self.looked_for else set()
        self.by_last = by_last_part(sorted(self.names))

    def prefix(self, file_names: Sequence[str], split: str | None) -> str:
        """What comes before the file names of a COCO file, relative to the folder that is read."""
        if not self.looked_for or not self.inferred:
            return ""
        folder = folder_of_images(self.by_last, file_names, split or "all")
        return "" if folder in (None, ".") else f"{folder}/"

    def exists(self, name: str) -> bool:
        """Whether the image is there; also where hidden folders are not listed."""
        return name in self.names or (not self.root.remote and self.root.exists(name))

    def by_its_name(self, file_name: str) -> str | None:
        """The only image whose name is the last part of a path, if there is one."""
        found = self.by_last.get(re.split(r"[\\/]", file_name)[-1], [])
        return found[0] if len(found) == 1 else None


class _Reader:
    """The images of one file."""

    def __init__(self, document: Document, places: _Places, split: str | None) -> None:
        self.document = document
        self.places = places
        self.split = split
        self.strict = places.options.strict
        self.counted: dict[str, list[Any]] = {}
        self.left_out: dict[int, str] = {}
        self.prefix = ""

    def images(self) -> Records:
        if self.strict and self.document.encoding == "utf-8-sig":
            message = "begins with a byte order mark, which is no JSON"
            yield self.document.finding("byte-order-mark", "", message, _MEND, "error")
        entries = []
        for index, raw in enumerate(self.document.images):
            entries.append((yield from self.decode(raw, _ImageEntry, f"$.images[{index}]")))
        names = [entry[0].file_name for entry in entries if entry and entry[0].file_name]
        self.prefix = self.places.prefix(names, self.split)
        if self.prefix:
            yield self.document.finding(
                "image-folder",
                "$.images",
                f"its images are in {self.prefix}: file names are relative to the folder read",
                severity="note",
            )
        groups = yield from self.annotations_of([entry and entry[0].id for entry in entries])
        for index, entry in enumerate(entries):
            image = yield from self.image(index, entry, groups.pop(index, []))
            if image is not None:
                yield image
        yield from self.counts()

    def count(self, code: str, where: str) -> None:
        """Remember a common oddity, which is told once a file with its number."""
        self.counted.setdefault(code, [0, where])[0] += 1

    def counts(self) -> Iterable[Finding]:
        for code, (number, where) in self.counted.items():
            severity, message, remedy = _COUNTED[code]
            yield self.document.finding(
                code, where, f"{message} ({number} in this file, the first here)", remedy, severity
            )

    # Which annotations belong to which image.

    def annotations_of(self, image_ids: Sequence[Any]) -> Step[dict[int, list[int]]]:
        """Returns position of an image -> positions of its annotations."""
        positions: IdTable[int] = IdTable()
        for index, number in enumerate(image_ids):
            if number in positions:
                yield from self.same_id(positions, number, index)
            else:
                positions.set(number, index)
        groups: dict[int, list[int]] = {}
        seen: set[Any] = set()
        for index, raw in enumerate(self.document.annotations):
            where = f"$.annotations[{index}]"
            try:
                ids = _decode_ids(raw)
            except msgspec.ValidationError:
                yield self.lost("bad-annotation", where, f"want an object, got {shortly(raw)}")
                continue
            position = positions.get(ids.image_id)
            if position is None:
                message = f"no image has the id {shortly(ids.image_id)}"
                yield self.lost("dangling-image-id", f"{where}.image_id", message)
                continue
            groups.setdefault(position, []).append(index)
            if self.strict and ids.image_id not in positions:
                self.count("ids-of-two-kinds", f"{where}.image_id")
            if not is_id(ids.id) or ids.id in seen:
                self.count("annotation-ids", f"{where}.id")
            else:
                seen.add(ids.id)
        return groups

    def same_id(self, positions: IdTable[int], number: Any, index: int) -> Step[None]:
        """Two images of one id: the same image twice, or nobody knows which is meant."""
        first = positions.get(number) or 0
        names = [_file_name(self.document.images[i]) for i in (first, index)]
        where = f"$.images[{index}].id"
        if names[0] == names[1]:
            self.left_out[index] = "it is listed before"
            message = f"{names[1]!r} with id {number!r} is listed before"
            yield self.document.finding("image-listed-twice", where, message)
            return
        self.left_out[first] = self.left_out[index] = "its id is another image's, too"
        yield self.document.finding(
            "ambiguous-image-id",
            where,
            f"id {number!r} is {names[0]!r} and {names[1]!r}: both are left out",
            "whose annotations they are cannot be told: mend the ids, or merge the files that "
            "this one was made of by dataforge coco merge",
            "error",
        )

    # One image.

    def image(
        self, index: int, found: tuple[_ImageEntry, dict[str, Any]] | None, members: list[int]
    ) -> Step[Image | None]:
        where = f"$.images[{index}]"
        if found is None or index in self.left_out:
            if members:
                message = self.left_out.get(index, "it cannot be read")
                yield self.lost("image-not-usable", where, message, len(members))
            return None
        entry, extra = found
        name = yield from self.file_name(entry, where, len(members))
        if name is None:
            return None
        stated = stated_size(entry.width, entry.height)
        size = yield from find_size(
            self.places.root,
            name,
            stated,
            verify=self.places.options.verify_images and self.places.looked_for,
            source=self.document.name,
            where=f"{where}.width",
        )
        if size is None:
            yield self.lost(
                "no-image-size",
                where,
                f"neither the JSON nor an image says how large {name} is",
                len(members),
                "restore the image, or add width and height",
            )
            return None
        if stated is None:
            self.count("no-stated-size", where)
        instances = []
        for member in members:
            instance = yield from self.instance(member, size)
            if instance is not None:
                instances.append(instance)
        if entry.attributes == {}:
            extra["attributes"] = {}
        return Image(
            file_name=name,
            width=size[0],
            height=size[1],
            instances=tuple(instances),
            source=self.document.name,
            where=where,
            split=self.split,
            attributes=in_64_bits(entry.attributes or {}),
            extra=extra_of(extra),
        )

    def file_name(self, entry: _ImageEntry, where: str, marked: int) -> Step[str | None]:
        """Returns the image's name under the image root, None where there is nothing to use."""
        where = f"{where}.file_name"
        if not entry.file_name:
            yield self.lost("no-file-name", where, "want the image's name, got none", marked)
            return None
        if self.strict and "\\" in entry.file_name:
            self.count("backslashes", where)
        name = resolve("", entry.file_name)
        if name is None:
            name = self.places.by_its_name(entry.file_name)
            if name is not None:
                yield self.document.finding(
                    "path-leaves-root",
                    where,
                    f"{entry.file_name!r} leads out of the image root; {name} is taken",
                )
                return name
            yield self.lost(
                "path-leaves-root",
                where,
                f"{entry.file_name!r} leads out of the image root",
                marked,
                "make it relative to the folder of the images, or name that with --image-root",
            )
            return None
        name = self.prefix + name
        if not self.places.looked_for or self.places.exists(name):
            return name
        if self.places.options.missing_images == "keep":
            self.count("image-missing", where)
            return name
        yield self.lost(
            "image-missing",
            where,
            f"{name} is not there: left out as asked",
            marked,
            "restore the image or name its folder with --image-root",
        )
        return None

    # One annotation.

    def instance(self, index: int, size: tuple[int, int]) -> Step[Instance | None]:
        where = f"$.annotations[{index}]"
        found = yield from self.decode(self.document.annotations[index], _Annotation, where)
        if found is None:
            return None
        entry, extra = found
        label = self.document.labels.get(entry.category_id)
        if label is None:
            code, message = "dangling-category-id", "no category has the id"
            if entry.category_id in self.document.labels:
                code, message = "ambiguous-category-id", "several categories have the id"
            message = f"{message} {shortly(entry.category_id)}"
            yield self.lost(code, f"{where}.category_id", message)
            return None
        if self.strict and entry.category_id not in self.document.labels:
            self.count("ids-of-two-kinds", f"{where}.category_id")
        shape: Polygons | Mask | None = None
        if isinstance(entry.segmentation, _Rle):
            shape = yield from self.mask(entry.segmentation, where, size)
        elif entry.segmentation:
            shape = yield from self.polygons(entry.segmentation, where)
        box = yield from self.box(entry.bbox, shape, where)
        if box is None:
            return None
        if entry.bbox is not None and _is_rounded(entry.bbox, box):
            extra["bbox"] = list(entry.bbox)
        area = entry.area
        if area is None:
            area = geometry.shape_area(shape, box, *size)
            self.count("no-area", where)
        if entry.iscrowd not in (0, 1, None):
            yield self.document.finding(
                "odd-iscrowd", f"{where}.iscrowd", f"want 0 or 1, got {entry.iscrowd!r}: taken as 1"
            )
        attributes = in_64_bits(entry.attributes or {})
        difficult = attributes.get("difficult")
        if difficult is True:
            attributes = {key: value for key, value in attributes.items() if key != "difficult"}
        if entry.attributes == {}:
            extra["attributes"] = {}
        return Instance(
            label=label,
            box=box,
            area=area,
            shape=shape,
            iscrowd=bool(entry.iscrowd),
            difficult=difficult in (True, 1),
            where=where,
            attributes=attributes,
            extra=extra_of(extra),
        )

    def polygons(self, rings: tuple[Ring, ...], where: str) -> Step[Polygons | None]:
        good = tuple(ring for ring in rings if not _ring_fault(ring))
        if len(good) < len(rings):
            for number, ring in enumerate(rings):
                if ring and (fault := _ring_fault(ring)):
                    yield self.document.finding(
                        "bad-ring",
                        f"{where}.segmentation[{number}]",
                        fault,
                        "the ring is left out; redraw it",
                    )
        return Polygons(good) if good else None

    def mask(self, rle: _Rle, where: str, size: tuple[int, int]) -> Step[Mask | None]:
        height, width = rle.size
        text = isinstance(rle.counts, str)
        runs = geometry.rle_runs(rle.counts) if isinstance(rle.counts, str) else rle.counts
        pixels = height * width
        possible = height > 0 and width > 0 and pixels <= MAX_IMAGE_PIXELS
        if not possible or not runs or min(runs) < 0 or sum(runs) != pixels:
            got = "counts that cannot be read" if not runs else f"{sum(runs)}"
            yield self.document.finding(
                "bad-rle",
                f"{where}.segmentation",
                f"want runs of {height} x {width} = {pixels} pixels, got {got}",
                "the mask is left out; make it anew",
            )
            return None
        if (width, height) != size:
            yield self.document.finding(
                "mask-size-differs",
                f"{where}.segmentation.size",
                f"a mask of {width}x{height} pixels on an image of {size[0]}x{size[1]}",
                "make it anew for this image",
            )
        if text:
            return Mask(size_hw=rle.size, counts=str(rle.counts))
        return geometry.mask_from_runs(runs, rle.size)

    def box(self, bbox: Box | None, shape: Polygons | Mask | None, where: str) -> Step[Box | None]:
        """Returns the box, of the outline where it is not stated; None where nothing is."""
        if bbox is not None:
            x, y, w, h = bbox
            box = (x, y, x + w, y + h)
            if w < 0 or h < 0:
                yield self.document.finding(
                    "reversed-box",
                    f"{where}.bbox",
                    f"want a width and a height of 0 or more, got {w:g} and {h:g}: put in order",
                )
                return geometry.ordered(box)
            if math.isfinite(box[2]) and math.isfinite(box[3]):
                return box
        if shape is None:
            yield self.lost("no-geometry", where, "neither a usable bbox nor an outline")
            return None
        self.count("no-bbox", where)
        return (
            geometry.mask_box(shape) if isinstance(shape, Mask) else geometry.ring_box(*shape.rings)
        )

    def lost(
        self, code: str, where: str, message: str, number: int = 1, remedy: str = ""
    ) -> Finding:
        """A finding of annotations that are left out."""
        if number != 1:
            message = f"{message}: {plural(number, 'annotation')} not converted"
        remedy = remedy or "mend or drop it"
        return self.document.finding(code, where, message, remedy, "error", number)

    # Entries that are not as COCO has them.

    def decode(
        self, raw: msgspec.Raw, type_: type[_Entry], where: str
    ) -> Step[tuple[_Entry, dict[str, Any]] | None]:
        """Returns (what COCO knows, all other keys); None for what is no object."""
        try:
            entry: _Entry = _DECODERS[type_](raw)
        except msgspec.ValidationError:
            pass
        else:
            return entry, {}
        try:
            keys = _decode_keys(raw)
        except msgspec.ValidationError:
            if type_ is _ImageEntry:
                message = f"want an object, got {shortly(raw)}"
                yield self.document.finding("bad-image", where, message, severity="error")
            else:
                yield self.lost("bad-annotation", where, f"want an object, got {shortly(raw)}")
            return None
        known: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        fields = _FIELDS[type_]
        for key, value in keys.items():
            if key not in fields:
                extra[key] = plain(value)
                continue
            try:
                known[key] = fields[key].decode(value)
            except msgspec.ValidationError:
                known[key], finding = self.mended(key, value, fields[key].type, where)
                if finding:
                    yield finding
                if key == "attributes":  # kept as it is
                    extra[key] = plain(value)
        return type_(**known), extra

    def mended(
        self, key: str, raw: msgspec.Raw, type_: Any, where: str
    ) -> tuple[Any, Finding | None]:
        """(the value as it must be meant, or None; what is to say of it)."""
        value = plain(raw)
        where = f"{where}.{key}"
        if key == "attributes" or (key == "bbox" and value == []):
            return None, None
        if key == "segmentation":
            ring = _ring(value)
            if ring:
                message = "want a list of rings, got the numbers of one: taken as that"
                return (ring,), self.document.finding("flat-ring", where, message)
            rings = [_ring(item) for item in value] if isinstance(value, list) else []
            message = f"want rings of numbers or an RLE, got {shortly(raw)}"
            remedy = "what cannot be read is left out"
            finding = self.document.finding("bad-segmentation", where, message, remedy)
            return tuple(ring for ring in rings if ring), finding
        wanted = f"want {_WANTED[key]}, got {shortly(raw)}"
        try:
            meant = msgspec.convert(value, type_, strict=False)
        except (msgspec.ValidationError, OverflowError):
            return None, self.document.finding("bad-value", where, wanted)
        numbers = meant if isinstance(meant, tuple) else (meant,)
        if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
            return None, self.document.finding("bad-value", where, wanted)
        return meant, self.document.finding("odd-number", where, f"{wanted}: read as such")


_WANTED = {
    "id": "a number or a text",
    "image_id": "a number or a text",
    "category_id": "a number or a text",
    "bbox": "four numbers",
    "area": "a number",
    "iscrowd": "0 or 1",
    "width": "a number",
    "height": "a number",
    "file_name": "a text",
}

_MEND = "`dataforge coco filter FILE OUT` writes the file as it was understood here"

_COUNTED: dict[str, tuple[Literal["error", "warning", "note"], str, str]] = {
    "annotation-ids": (
        "warning",
        "an annotation without an id, or with another's",
        "all ids are given anew",
    ),
    "backslashes": (
        "error",
        "a file name with backslashes, which part folders on Windows alone",
        _MEND,
    ),
    "ids-of-two-kinds": ("error", "a number here and a text there, for one id", _MEND),
    "image-missing": (
        "warning",
        "the image is not there; its annotations are kept",
        "restore the image or name its folder with --image-root; --missing-images skip leaves "
        "them out",
    ),
    "no-area": ("note", "no area is stated: that of the outline or the box is taken", ""),
    "no-bbox": ("note", "no usable bbox is stated: that of the outline is taken", ""),
    "no-stated-size": ("note", "no usable width and height are stated: the image's are taken", ""),
}

_UNDERSTOOD_HERE = {
    **dict.fromkeys(
        ("annotation-ids", "bad-value", "encoding", "no-bbox", "odd-number", "no-stated-size"),
        _MEND,
    ),
    "image-missing": "restore the image, or name the folder of the images",
    "path-leaves-root": "make it relative to the folder of the images",
}  # fmt: skip
"""What costs nothing here, but does where the file is read as it is -> what to do about it."""


def _is_rounded(bbox: Box, box: Box) -> bool:
    """Whether x + w, less x, is not w again; then the box alone does not give the bbox back."""
    x, y, w, h = bbox
    return box[:2] == (x, y) and (box[2] - x != w or box[3] - y != h)


def _ring_fault(ring: Ring) -> str:
    if len(ring) < 6 or len(ring) % 2:
        return f"want 6 or more numbers, two for each point, got {len(ring)}"
    # What counts pixels in it would overflow.
    far = any(abs(value) > MAX_COORDINATE for value in (min(ring), max(ring)))
    return "a point is millions of pixels away" if far else ""


def _file_name(raw: msgspec.Raw) -> Any:
    try:
        return plain(_decode_keys(raw).get("file_name", msgspec.Raw(b"null")))
    except msgspec.ValidationError:
        return None


def _ring(value: Any) -> Ring | None:
    """A list of finite numbers as a ring, None for anything else."""
    try:
        ring = msgspec.convert(value, Ring)
    except (msgspec.ValidationError, OverflowError):
        return None
    return ring if all(map(math.isfinite, ring)) else None
