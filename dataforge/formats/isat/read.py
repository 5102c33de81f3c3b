"""Reads ISAT's JSON files; `file` says what is in one."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats import drawn
from dataforge.formats.base import Context, Evidence, Found, Item, Part, Reader, Record
from dataforge.formats.each_image import EachReading, Stated
from dataforge.formats.isat.classes import BACKGROUND, classes_of
from dataforge.formats.isat.file import IsatFile, Outline, outline_of, parse_file
from dataforge.formats.isat.layers import Drawn, covered
from dataforge.formats.listed import Contents, ListedOptions, bad_object, own_keys
from dataforge.formats.outlines import crossing
from dataforge.formats.recognise import Recognised, Texts
from dataforge.io import Root
from dataforge.records import Header, Instance, Mask, Polygons

_BACKGROUND = "background"
"""Evidence of a file with regions of the background: (file, pointer of the first, number)."""


class ReadOptions(ListedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How files of ISAT are read."""

    group: Annotated[
        bool,
        msgspec.Meta(description="Polygons of the same category and group are one object."),
    ] = True
    layers: Annotated[
        Literal["holes", "cut", "keep"],
        msgspec.Meta(
            description="What is cut out of an object: regions of __background__ on a higher layer "
            "(holes), all that is on one (cut), or nothing (keep)."
        ),
    ] = "holes"


def recognise(texts: Texts) -> Recognised:
    """JSON files that say that they are ISAT's."""
    names = texts.of("isat")
    return Recognised(len(names), f"{plural(len(names), 'JSON file')} of ISAT")


class IsatReader(Reader[ReadOptions]):
    """Reads every file of ISAT below a folder."""

    Options = ReadOptions

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def open(self, root: Root, options: ReadOptions, context: Context) -> IsatReading:
        return IsatReading(root, options, context)


class _Part(NamedTuple):
    """A polygon of an object.

    Attributes:
        place: of it.
        outline: as drawn.
        area: px².
    """

    place: Place
    outline: Outline
    area: float


class IsatReading(EachReading[ReadOptions]):
    """The files of one folder."""

    ending = ".json"
    kind = "an ISAT file"
    fault = "unreadable-json"

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        super().__init__(root, options, context)
        self._header: Header | None = None

    def items(self) -> Iterator[Item | Record]:
        categories = yield from classes_of(self.root)
        if categories:
            yield Header(categories=categories)
        yield from super().items()

    def parse(self, name: str, data: bytes) -> Part[Stated | None]:
        text = yield from self.decoded(name, data)
        file = yield from parse_file(text, name)
        if file is None:
            return None
        return Stated(_names(file), len(file.objects), file, file.size, "$.info.width")

    def contents(
        self, file: str, stated: Stated, size: tuple[int, int]
    ) -> Generator[Finding | Evidence, None, Contents]:
        content: IsatFile = stated.content
        objects: dict[Any, list[_Part]] = defaultdict(list)
        background: list[tuple[Place, Outline]] = []
        painted: list[tuple[Any, Outline]] = []
        for index, raw in enumerate(content.objects):
            place = Place(file, f"$.objects[{index}]")
            try:
                outline = outline_of(raw)
                shape = drawn.polygon(outline.ring, size)
            except drawn.DrawnError as error:
                yield bad_object(place, str(error))
                continue
            if outline.label == BACKGROUND:
                background.append((place, outline))
                painted.append((None, outline))
                continue
            if shape.crosses:
                yield crossing(outline.label, shape.area, place)
            key = self._key(index, outline)
            objects[key].append(_Part(place, outline, shape.area))
            painted.append((key, outline))
        if background:
            place = background[0][0]
            yield Evidence(_BACKGROUND, (file, place.pointer, len(background)))
        masks = yield from self._masks([*objects], painted, size, Place(file))
        shared = _shared([*objects.values()]) if self.options.group else None
        found = []
        for number, parts in enumerate(objects.values()):
            mask = masks.get(number)
            if mask is not None and not geometry.mask_area(mask):
                yield code("hidden-object").at(
                    parts[0].place,
                    f"{parts[0].outline.label!r} is wholly under what is on higher layers: skipped",
                    "move it up in ISAT, or read it as it is drawn with --layers keep",
                    lost=len(parts),
                )
                continue
            found.append(_instance(parts, mask, shared))
        note = {"note": content.note} if content.note else {}
        return Contents(found, attributes=note)

    def _key(self, index: int, outline: Outline) -> Any:
        """What polygons of one object have in common."""
        if outline.group is None or not self.options.group:
            return index
        label = self.context.resolver.same(outline.label) or outline.label
        return label, outline.group, outline.iscrowd

    def _masks(
        self,
        keys: Sequence[Any],
        painted: Sequence[tuple[Any, Outline]],
        size: tuple[int, int],
        place: Place,
    ) -> Part[dict[int, Mask]]:
        """Returns number of an object -> what is left of it, where something covers it."""
        if self.options.layers == "keep":
            return {}
        numbers = {key: number for number, key in enumerate(keys)}
        cuts = self.options.layers == "cut"
        everything = [
            Drawn(
                -1 if key is None else numbers[key], one.ring, one.layer, cuts or key is None
            )
            for key, one in painted
        ]  # fmt: skip
        try:
            return covered(everything, size)
        except geometry.TooLargeError as error:
            yield code("layers-not-cut").at(
                place,
                f"{error}: its objects are read as they are drawn, one over the other",
                "make the image or its objects smaller",
            )
            return {}

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        if regions := found.get(_BACKGROUND):
            file, pointer, _ = regions[0]
            number = sum(count for *_, count in regions)
            holes = self.options.layers != "keep"
            yield code("background-region").at(
                Place(file, pointer),
                f"{plural(number, 'region')} of {BACKGROUND} (this is the first): "
                + ("cut out of what is below" if holes else "left out")
                + ", and no objects",
                "read objects without holes with --layers keep" if holes else "",
                count=number,
            )
        yield from super().finish(found, decision)


def _names(file: IsatFile) -> tuple[str, ...]:
    """Names by which the image may be found: the last folder of it tells images apart."""
    if not file.name:
        return ()
    folder = file.folder.replace("\\", "/").rstrip("/").rpartition("/")[2]
    is_plain = folder and not {*"/\\"} & {*file.name}
    return (file.name, f"{folder}/{file.name}") if is_plain else (file.name,)


def _shared(objects: Sequence[Sequence[_Part]]) -> frozenset[int | str]:
    """The groups that have several objects."""
    groups = Counter(parts[0].outline.group for parts in objects)
    return frozenset(group for group, count in groups.items() if group is not None and count > 1)


def _instance(
    parts: Sequence[_Part], mask: Mask | None, shared: frozenset[int | str] | None
) -> Instance:
    """An object.

    Args:
        parts: its polygons.
        mask: what is left of them; None if they are as they were drawn.
        shared: the groups that say something; None for all.
    """
    first = parts[0].outline
    rings = tuple(part.outline.ring for part in parts)
    attributes: dict[str, Any] = {}
    if first.group is not None and (shared is None or first.group in shared):
        attributes["group_id"] = first.group
    if first.layer:
        attributes["layer"] = first.layer
    notes = dict.fromkeys(part.outline.note for part in parts if part.outline.note)
    if notes:
        attributes["note"] = "; ".join(notes)
    own = {key: value for part in reversed(parts) for key, value in part.outline.own.items()}
    return Instance(
        label=first.label,
        box=geometry.ring_box(*rings) if mask is None else geometry.mask_box(mask),
        area=(math.fsum(part.area for part in parts) if mask is None else geometry.mask_area(mask)),
        shape=Polygons(rings) if mask is None else mask,
        iscrowd=first.iscrowd,
        parts=len(parts),
        place=parts[0].place,
        attributes=attributes,
        extra=own_keys("isat", own),
    )
