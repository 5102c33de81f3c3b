"""Reads files of VIA; `files` says which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Context, Part, Reader
from dataforge.formats.drawn import DrawnError, Room
from dataforge.formats.listed import (
    LABEL,
    Contents,
    Document,
    ListedOptions,
    ListedReading,
    bad_object,
)
from dataforge.formats.listed_images import Entry
from dataforge.formats.outlines import crossing, in_order
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.via.classes import class_attribute, class_of
from dataforge.formats.via.files import Marked, Region, Via, decoded, of_csv, of_json
from dataforge.formats.via.shapes import NO_AREA, drawn_shape, shape_of
from dataforge.io import Root
from dataforge.records import Instance


class ReadOptions(ListedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How files of VIA are read."""

    label_attribute: Annotated[
        str | None,
        msgspec.Meta(description="The attribute of regions that is the class."),
    ] = None
    label: Annotated[str, LABEL] = "object"


def recognise(texts: Texts) -> Recognised:
    """JSON files and tables with regions of images."""
    names = [*texts.of("via"), *texts.of("via", texts=True)]
    return Recognised(len(names), f"{plural(len(names), 'file')} with regions of images")


class ViaReader(Reader[ReadOptions]):
    """Reads every file of VIA below a folder; its name or folder may say a split."""

    Options = ReadOptions

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def open(self, root: Root, options: ReadOptions, context: Context) -> ViaReading:
        return ViaReading(root, options, context)


class _Content(NamedTuple):
    """What an image has.

    Attributes:
        regions: its objects.
        attributes: of the image, as an object.
        label: the attribute that is the class; None if there is none.
    """

    regions: Sequence[Region]
    attributes: bytes
    label: str | None


class ViaReading(ListedReading[ReadOptions]):
    """The files of one folder."""

    endings = (".json", ".csv")
    kind = "file of VIA"

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        super().__init__(root, options, context)
        self._labels: dict[str, str | None] = {}

    def parse(self, name: str, data: bytes) -> Part[Document | None]:
        if name.lower().endswith(".csv"):
            found = yield from of_csv(data.decode(), name)
        else:
            found = yield from of_json(data, name)
        if found is None:
            return None
        label = self.options.label_attribute or _class_attribute(name, found)
        if any(image.regions for image in found.images):
            yield _say_class(name, label, self.options.label)
            self._labels[name] = label
            first = next(iter(self._labels))
            if self._labels[first] != label:
                yield _differs(name, label, first, self._labels[first])
        return Document(
            [_entry(image, label) for image in found.images], found.options.get(label or "", ())
        )

    def contents(self, entry: Entry, size: tuple[int, int]) -> Part[Contents]:
        content: _Content = entry.content
        room = Room(sum(len(region.shape) for region in content.regions))
        instances: list[Instance] = []
        for region in content.regions:
            try:
                name, numbers = shape_of(decoded(region.shape))
                if name in NO_AREA:
                    yield code("skipped-shape").at(
                        region.place, f"a {name} has no area: skipped", _AREA, lost=1
                    )
                    continue
                attributes = decoded(region.attributes)
                label, attributes = self._class(attributes, content.label)
                box, area, outline, crosses = drawn_shape(name, numbers, size, room)
            except DrawnError as error:
                yield bad_object(region.place, str(error))
                continue
            box = yield from in_order(box, label, region.place)
            difficult = attributes.get("difficult") is True
            if difficult:
                del attributes["difficult"]
            if crosses:
                yield crossing(label, area, region.place)
            instances.append(
                Instance(
                    label=label,
                    box=box,
                    area=area,
                    shape=outline,
                    difficult=difficult,
                    place=region.place,
                    attributes=attributes,
                )
            )
        return Contents(instances, attributes=_said(decoded(content.attributes)))

    def _class(self, attributes: Any, name: str | None) -> tuple[str, dict[str, Any]]:
        """(class, other attributes) of a region.

        Raises:
            DrawnError: it has none.
        """
        found = _said(attributes)
        if name is None:
            return self.options.label, found
        if name not in found:
            raise DrawnError(f"has no class: its attribute {name!r} is missing")
        return class_of(found.pop(name)), found


_AREA = "draw what is to be detected as a box or polygon"


def _class_attribute(file: str, found: Via) -> str | None:
    regions = (
        attributes
        for image in found.images
        for region in image.regions
        if isinstance(attributes := decoded(region.attributes), dict)
    )
    return class_attribute(file, regions, found.options)


def _entry(image: Marked, label: str | None) -> Entry:
    content = _Content(image.regions, image.attributes, label)
    return Entry(image.name, image.place, len(image.regions), content, also=image.also)


def _said(attributes: Any) -> dict[str, Any]:
    """The attributes that are not blank."""
    if not isinstance(attributes, dict):
        return {}
    return {name: value for name, value in attributes.items() if value not in (None, "", {}, [])}


def _say_class(file: str, label: str | None, instead: str) -> Finding:
    if label is None:
        message = f"the regions have no attributes: all are of the class {instead!r}"
    else:
        message = f"the class is the attribute {label!r}"
    return code("label-attribute").at(Place(file), message)


def _differs(file: str, label: str | None, first: str, of_first: str | None) -> Finding:
    own, other = (
        "no attribute" if name is None else f"the attribute {name!r}" for name in (label, of_first)
    )
    return code("label-attribute").at(
        Place(file),
        f"the class is {own} here, but {other} in {first}",
        "name one for all files with --label-attribute",
        severity="warning",
    )
