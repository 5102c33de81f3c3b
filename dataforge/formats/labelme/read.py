"""Reads labelme JSON, version 3.0 to 7.x, and X-AnyLabeling's dialect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

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
    too_many_objects,
)
from dataforge.formats.labelme import poses
from dataforge.formats.labelme.file import File, Shape, extracted_image, parse, read_shape, says
from dataforge.formats.labelme.groups import GroupId, grouped
from dataforge.formats.labelme.images import Images
from dataforge.formats.labelme.opened import Opened, with_outlines
from dataforge.formats.labelme.options import ReadOptions
from dataforge.formats.labelme.shapes import (
    CUBOID,
    Canvas,
    Geometry,
    ShapeError,
    Widths,
    geometry_of,
    policy,
)
from dataforge.formats.labelme.strict import Strict
from dataforge.formats.other_files import other_files
from dataforge.formats.outlines import crossing
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.repairs import was_repaired
from dataforge.formats.sizes import (
    find_size,
    is_sampled,
    size_differs,
    stated_size,
)
from dataforge.io import MAX_OBJECTS, Root, in_64_bits, plain, split_pointer, to_utf8
from dataforge.records import Header, Image, Instance

_STALE = "stale"
"""Evidence of a file that names another image than its own: (file, that image)."""

_ELSEWHERE = "elsewhere"
"""Evidence of a file whose image was found in another folder: (file, image)."""

_OTHER = "other"
"""Evidence of a file that is not labelme's: its name."""

_HULL = "hull"
"""Evidence of a cuboid: (file, pointer)."""

_IMAGE = "image of file"
_SIZE = "size differs"
_ROOM, _ROOM_PER_BYTE = 64 * 2**20, 32
"""Memory that the outlines of a file may take, and for each byte of the file: a circle is described
by four numbers, and a mask is compressed."""
_KEPT_KEYS = ("flags", "description", "score", "difficult", "attributes")

_Steps: TypeAlias = Generator[Record, None, "str | None"]


def recognise(texts: Texts) -> Recognised:
    """JSON files with shapes."""
    number = len(texts.labelme)
    return Recognised(number, f"{plural(number, 'JSON file')} with shapes")


class LabelmeReader(Reader[ReadOptions]):
    """Reads every labelme file below a folder."""

    Options = ReadOptions

    def open(self, root: Root, options: ReadOptions, context: Context) -> LabelmeReading:
        return LabelmeReading(root, options, context)

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def extracts_images(self, options: ReadOptions) -> bool:
        return options.extract_images

    def extracted_image(self, root: Root, source: str) -> bytes:
        return extracted_image(root, source)


class LabelmeReading(Reading):
    """The labelme files of one folder; an item is a file."""

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        self._root = root
        self._options = options
        self._context = context
        self._widths = Widths(
            policy("lines", options.lines, "stroke"), policy("points", options.points, "radius")
        )
        self._images = Images(
            root, options.image_dir, options.missing_images, options.extract_images
        )
        self._strict = Strict(self._images.root, context) if context.strict else None
        self._samples = options.verify_images is None
        self._asked = None if options.keypoints is None else poses.Asked(options.keypoints)
        self.decides = True

    def items(self) -> Iterator[Item]:
        self.total = sum(1 for _ in self._names())
        yield from map(Item._make, enumerate(self._names()))

    def _names(self) -> Iterator[str]:
        return (name for name in self._root.files() if name.lower().endswith(".json"))

    def inputs(self, item: Item) -> Inputs:
        sampled = self._samples and is_sampled(item.number)
        return Inputs(item.value, item.value, b"sampled" if sampled else b"")

    def names(self, like: str) -> Iterable[str]:
        return self._images.named(like)

    def read(self, item: Item) -> Iterator[Record]:
        return next(self.read_all([item]))

    def read_all(self, items: Sequence[Item]) -> Iterator[Iterator[Record]]:
        opened = (self._opened(item.value) for item in items)
        for item, one in zip(items, with_outlines(opened), strict=True):
            yield self._records(item, one)

    def _opened(self, name: str) -> Opened:
        try:
            source = self._root.read_bytes(name)
            data, encoding = to_utf8(source, name)
            return Opened(name, source, data, encoding, parse(data, name))
        except ParseError as error:
            return Opened(name, error=error)

    def _records(self, item: Item, opened: Opened) -> Iterator[Record]:
        sampled = self._samples and is_sampled(item.number)
        image_name = yield from self._read(opened, sampled=sampled)
        if image_name != self._images.beside(opened.name):
            yield Evidence(_IMAGE, (opened.name, image_name))

    def _read(self, opened: Opened, *, sampled: bool) -> _Steps:
        """Returns the image of a file."""
        name, file = opened.name, opened.file
        if opened.error is not None:
            yield code("unreadable-json").at(
                Place.of(opened.error, name),
                opened.error.message,
                "none of its shapes are converted; restore the file, or save it in labelme again",
            )
            return self._images.beside(name)
        if file is None:
            yield Evidence(_OTHER, name)
            return None
        if len(file.shapes) > MAX_OBJECTS:
            yield too_many_objects(Place(name), len(file.shapes))
            return self._images.beside(name)
        if self._context.keep_text:
            yield SourceText(name, opened.source)
        if opened.encoding not in ("utf-8", "utf-8-sig"):
            yield code("encoding").at(
                Place(name),
                f"is not UTF-8; read as {opened.encoding}",
                "check that the labels are readable, then save it as UTF-8",
            )
        if file.is_repaired:
            yield was_repaired(name)
        yield from _odd_values(Place(name, "$"), file.odd)
        image_name, is_elsewhere = yield from self._images.find(name, file)
        if (own := self._images.claimed(name, file)) is not None:
            yield Evidence(_STALE, (name, image_name))
            image_name = own
        elif is_elsewhere:
            yield Evidence(_ELSEWHERE, (name, image_name))
        if image_name is not None:
            yield from self._read_image(opened, file, image_name, sampled=sampled)
        return image_name

    def _read_image(
        self, opened: Opened, file: File, image_name: str, *, sampled: bool
    ) -> Iterator[Record]:
        """The image with its shapes, if its size is known."""
        name, data = opened.name, opened.data
        head, images = file.head, self._images.root
        stated = stated_size(head.image_width, head.image_height)
        verify = self._options.verify_images is True
        where = Place(name, "$.imageWidth")
        size = yield from find_size(images, image_name, stated, verify=verify, place=where)
        if size is None:
            yield code("no-image-size").at(
                Place(name),
                f"neither the JSON nor an image file gives the image size: "
                f"{plural(len(file.shapes), 'shape')} not converted",
                "restore the image, or add imageWidth and imageHeight",
                lost=len(file.shapes),
            )
            return
        if sampled and size_differs(images, image_name, stated):
            yield Evidence(_SIZE)
        room = _ROOM + _ROOM_PER_BYTE * len(data)
        canvas = Canvas(size, self._widths, room)
        points = poses.Points(self._context.resolver, self._asked) if self._asked else None
        found = yield from self._shapes(name, file, opened.outlines, canvas, points)
        if self._options.group:
            instances = yield from grouped(found, size, self._context.resolver)
        else:
            instances = tuple(instance for instance, _ in found)
        for step in points.given_to(instances) if points else ():
            if isinstance(step, tuple):
                instances = step
            else:
                yield step
        if self._strict:
            yield from self._strict.of_file(name, data, file, image_name, size)
        attributes = head.attributes if isinstance(head.attributes, dict) else {}
        yield Image(
            file_name=image_name,
            width=size[0],
            height=size[1],
            instances=instances,
            place=Place(name),
            attributes=in_64_bits(attributes | ({"flags": head.flags} if head.flags else {})),
            extra=file.own,
        )

    def _shapes(
        self,
        name: str,
        file: File,
        outlines: Mapping[int, Geometry],
        canvas: Canvas,
        points: poses.Points | None,
    ) -> Generator[Finding | Evidence, None, list[tuple[Instance, GroupId]]]:
        """Returns (instance, group_id) for every valid shape."""
        found: list[tuple[Instance, GroupId]] = []
        untyped, room = 0, canvas.room
        for index, raw in enumerate(file.shapes):
            place = Place(name, f"$.shapes[{index}]")
            if (usual := _usual(raw, outlines.get(index), place)) is not None:
                found.append((usual, None))
                room -= outlines[index].weight()
                continue
            try:
                shape, own, odd = read_shape(raw)
                if points is not None and points.take(shape, place):
                    continue
                untyped += not shape.shape_type
                measured = outlines.get(index) or geometry_of(shape, canvas._replace(room=room))
                box, area, outline, crosses = measured
                room -= measured.weight()
            except msgspec.ValidationError as error:
                content = plain(raw) if isinstance(raw, msgspec.Raw) else None
                message, inner = split_pointer(error, content)
                place = place.at(inner.removeprefix("$"))
                yield code("bad-shape").at(place, message, "redraw or delete the shape", lost=1)
                continue
            except ShapeError as error:
                yield code(error.code).at(
                    place, error.message, error.remedy, lost=1, severity=error.severity
                )
                continue
            if odd:
                yield from _odd_values(place, odd)
            instance = Instance(
                label=str(shape.label).strip(),
                box=box,
                area=area,
                shape=outline,
                difficult=shape.difficult is True,
                place=place,
                attributes=_attributes(shape),
                extra=own,
            )
            found.append((instance, shape.group_id))
            if shape.shape_type == CUBOID:
                yield Evidence(_HULL, (name, place.pointer))
            if crosses:
                yield crossing(instance.label, instance.area, place)
        if untyped:
            yield code("no-shape-type").at(
                Place(name, "$.shapes"),
                f"{plural(untyped, 'shape')} without a type (labelme before 3.4): read as "
                "polygon with 3 points or more, rectangle with 2, point with 1",
            )
        return found

    def decide(self, found: Found) -> tuple[bool, dict[str, str], poses.Orders]:
        """(whether to compare the stated sizes with those of all images, labelme file -> image
        that it names, of files whose own image is that of another file, the order of keypoints)."""
        stale = dict(found.get(_STALE, ()))
        claims = Counter(self._images_of(found, stale) if stale else ())
        kept = {name: wanted for name, wanted in stale.items() if claims[self._images.beside(name)]}
        asked, resolver = self._asked, self._context.resolver
        return _SIZE in found, kept, poses.orders(found, asked, resolver) if asked else {}

    def settle(self, image: Image, decision: Any) -> Iterator[Image | Finding]:
        verify, kept, known = decision
        if known:
            image = poses.settled(image, known, self._context.resolver)
        if image.source in kept:
            image = msgspec.structs.replace(image, file_name=kept[image.source])
        if verify:
            place, stated = image.place.at("$.imageWidth"), (image.width, image.height)
            yield from find_size(
                self._images.root, image.file_name, stated, verify=True, place=place
            )
        yield image

    def _images_of(self, found: Found, stale: Mapping[str, str]) -> Iterator[str | None]:
        """The image of each labelme file."""
        others: dict[str, str | None] = {**dict(found.get(_IMAGE, ())), **stale}
        for name in self._names():
            yield others[name] if name in others else self._images.beside(name)

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        _, kept, known = decision
        if self._asked:
            yield poses.header(found, known, self._context.resolver)
            yield from poses.said_more(found)
        others = found.get(_OTHER, ())
        yield from other_files(others, "is not a labelme file (no list of shapes)", "not-labelme")
        stale = dict(found.get(_STALE, ()))
        for name in sorted(stale.keys() - kept.keys()):
            own = self._images.beside(name)
            yield code("stale-image-path").at(
                Place(name, "$.imagePath"),
                f"names {stale[name]}, but has the name of {own}, which no other file annotates: "
                f"{own} is used",
                "compare the shapes with both images, and correct imagePath",
            )
        if elsewhere := found.get(_ELSEWHERE, ()):
            name, image = elsewhere[0]
            more = f" ({plural(len(elsewhere), 'file')}, this is the first)"
            yield code("image-name-differs").at(
                Place(name, "$.imagePath"),
                f"its image is not at the path in it: {image} is used, the only one of that name"
                f"{more * (len(elsewhere) > 1)}",
                "compare the images with their shapes; converting writes the right paths",
            )
        if cuboids := found.get(_HULL, ()):
            more = f" ({plural(len(cuboids), 'cuboid')}, this is the first)" * (len(cuboids) > 1)
            yield code("cuboid-as-hull").at(
                Place(*cuboids[0]), f"a cuboid: read as the polygon around its corners{more}"
            )
        if self._root.only is not None:
            return  # the other files of the folder may be about its images
        if rest := self._images.not_among({*self._images_of(found, kept)}):
            yield code("image-without-labels").at(
                Place(min(rest)),
                f"{plural(len(rest), 'image')} without a labelme file (this is the first): "
                "not written",
                "annotate them; save images without objects in labelme, too",
            )
        if self._strict:
            yield from self._strict.finish(found)


def _usual(shape: Shape | msgspec.Raw, measured: Geometry | None, place: Place) -> Instance | None:
    """The instance of a shape that was measured and says nothing else: most shapes."""
    if measured is None or isinstance(shape, msgspec.Raw) or not shape.says_no_more():
        return None
    box, area, outline, _ = measured
    return Instance(label=str(shape.label).strip(), box=box, area=area, shape=outline, place=place)


def _odd_values(place: Place, odd: Sequence[tuple[str, str, str]]) -> Iterator[Finding]:
    """A finding for each place with odd values, the first of which it names."""
    for number, (name, key, message) in enumerate(odd):
        if number == 0:
            more = f", and {plural(len(odd) - 1, 'other value')}" if len(odd) > 1 else ""
            remedy = "correct it, or save the file in labelme again"
            yield code(name).at(place.at(f".{key}"), f"{message}{more}", remedy, severity="warning")


def _attributes(shape: Shape) -> dict[str, Any]:
    """The attributes of an object."""
    if shape.says_no_more():
        return {}
    found = {key: value for key in _KEPT_KEYS if says(value := getattr(shape, key))}
    if shape.group_id is not None:
        found["group_id"] = shape.group_id
    kept: dict[str, Any] = in_64_bits(found) if found else found
    return kept
