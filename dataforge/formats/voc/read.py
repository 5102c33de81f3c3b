"""Pascal VOC's XML and its relatives, in whatever folders a `Layout` says.

Source: VOC2012 devkit, "annotation format"; the three ways to count a box's pixels that are in
use are in `dataforge.geometry.COORDS_OFFSETS`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Set
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from dataforge import geometry
from dataforge.errors import ParseError, plural
from dataforge.formats.base import Canonical, Each, Records, Step, finished
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.sizes import find_size, sampled, size_differs
from dataforge.formats.voc.write import (
    BOUNDS,
)
from dataforge.geometry import Coords
from dataforge.io import MAX_IMAGE_PIXELS, Root, is_image, parse_xml, stem
from dataforge.layouts import CoordsEvidence, Layout, resolved_reference
from dataforge.layouts import listed_ids as layout_lists
from dataforge.records import Box, Extra, Finding, Header, Image, Instance

if TYPE_CHECKING:
    from lxml.etree import _Element


LOSSY = (
    "outlines and masks: an object is a box",
    "crowds: written as difficult objects",
    "an area that is not that of its box",
    "attributes other than pose, truncated, occluded and difficult, and all of an image",
    "keys that only the source's own format knows",
    "parts (person layout) and polygons inside objects: counted, not read",
    "an XML file's source, owner, folder, path and segmented: not read",
)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How XML files are read.

    Attributes:
        layout: where things are (`dataforge.datasets.infer` finds out).
        coords: overrides the layout's.
        difficult: overrides the layout's.
        missing_images: `keep` the annotations of an image that is not there, or `skip` them.
        verify_images: compare the size in the XML with the image's header; None does it where a
            box lies beyond it and for a sample, and for all where one of that differs.
    """

    layout: Layout = Layout()
    coords: Literal["auto", "voc", "mmdet", "zero"] | None = None
    difficult: Literal["keep", "ignore", "drop"] | None = None
    missing_images: Literal["keep", "skip"] = "keep"
    verify_images: bool | None = None


def read(root: Root, options: Options, canonical: Canonical, each: Each = map) -> Records:
    """Yield an Image for every id of every split, and a Finding for whatever is odd.

    The size in the XML is compared with the image's where a box lies beyond it; and everywhere,
    where one of a sample (`dataforge.formats.sizes.SAMPLED`) differs; unless `verify_images` says
    otherwise.

    Args:
        root: the folder that the layout speaks of.
        options: see `Options`.
        canonical: not needed here.
        each: does it for each file.

    Raises:
        InputError: a split file is not there.
    """
    layout = options.layout
    if options.difficult:
        layout = msgspec.structs.replace(layout, difficult=options.difficult)
    if options.coords:
        layout = msgspec.structs.replace(layout, coords=options.coords)
    coords, reason = decide_coords(root, layout, each)
    if layout.coords == "auto":
        yield Finding(
            code="coords",
            severity="note",
            file=layout.folders(next(iter(layout.splits), ""))[1],
            message=f"boxes are read as {coords!r}: {reason}",
            remedy="--coords says otherwise",
        )
    listed = [(split, id_) for split, ids in listed_ids(root, layout).items() for id_ in ids]
    reader = _Reader(root, layout, coords, options)
    if options.verify_images is None:
        reader.verify_images = any(map(reader.size_differs, sampled(listed)))
    for records in each(reader.read_listed, listed):
        yield from records
    yield from reader.unlisted(listed)


def recognise(texts: Texts) -> Recognised:
    """XML files with <annotation>."""
    number = len(texts.voc)
    return Recognised(number, f"{plural(number, 'XML file')} with <annotation>")


def listed_ids(root: Root, layout: Layout) -> dict[str | None, list[str]]:
    """Split -> ids, relative to the folder of the XML files; None is the one split of all files.

    Raises:
        InputError: a split file is not there.
    """
    if not layout.splits or layout.per_split:
        return {split: sorted(annotation_ids(root, layout, split)) for split in _splits(layout)}
    return {split: layout_lists(root, layout, split) for split in layout.splits}


def _splits(layout: Layout) -> list[str | None]:
    return [*layout.splits] or [None]


def annotation_ids(root: Root, layout: Layout, split: str | None) -> dict[str, str]:
    """Id -> path of every XML file below the split's annotation folder."""
    ids = ((layout.annotation_id(split or "", name), name) for name in root.files())
    return {id_: name for id_, name in ids if id_ is not None}


def image_index(root: Root, layout: Layout, split: str | None) -> dict[str, str]:
    """`Layout.image_key` -> path of every image below the split's image folder.

    The key is the id, unless the layout pairs by name; the first extension wins.
    """
    rank = {extension: i for i, extension in enumerate(layout.extensions)}
    images = [name for name in root.files() if is_image(name) and _extension(name) in rank]
    images.sort(key=lambda name: (rank[_extension(name)], name), reverse=True)
    keys = ((layout.image_key(split or "", name), name) for name in images)
    return {key: name for key, name in keys if key is not None}


def _extension(name: str) -> str:
    return name[len(stem(name)) :].lower()


def _prefix(folder: str) -> str:
    return "" if folder in ("", ".") else folder.rstrip("/") + "/"


def decide_coords(root: Root, layout: Layout, each: Each = map) -> tuple[Coords, str]:
    """The convention of the dataset's boxes, and why; reads all XML files where it is `auto`."""
    if layout.coords != "auto":
        return layout.coords, "as declared"
    evidence = CoordsEvidence()
    ids = (annotation_ids(root, layout, split) for split in _splits(layout))
    paths = dict.fromkeys(path for known in ids for path in known.values())
    for boxes in each(partial(_boxes, root), paths):
        for bounds, (width, height) in boxes:
            evidence.add(bounds, width, height)
    return evidence.decide(layout.coords_default)


def _boxes(root: Root, path: str) -> list[tuple[Box, tuple[int, int]]]:
    """(a box as written, the size that is stated) for all boxes that can be read."""
    try:
        element = parse_xml(root.read_bytes(path), path)
    except ParseError:
        return []  # reported when it is read for its objects
    size = stated_size(element) or (0, 0)
    boxes = map(_bounds, element.iter("object"))
    return [(bounds, size) for bounds in boxes if not isinstance(bounds, str)]


def stated_size(element: _Element) -> tuple[int, int] | None:
    """(width, height) of ``<size>`` where it holds whole numbers that an image can have."""
    try:
        width = float(element.findtext("size/width") or 0)
        height = float(element.findtext("size/height") or 0)
    except ValueError:
        return None
    if not (width >= 1 and height >= 1 and width * height <= MAX_IMAGE_PIXELS):
        return None
    if width != int(width) or height != int(height):
        return None
    return int(width), int(height)


_Listed: TypeAlias = tuple["str | None", str]
"""(split, id)."""


class _Place:
    """What is there for a split: id -> XML file, `Layout.image_key` -> image."""

    def __init__(self, root: Root, layout: Layout, split: str | None) -> None:
        self.annotations = annotation_ids(root, layout, split)
        self.images = image_index(root, layout, split)
        self.folded = {key.casefold(): name for key, name in self.images.items()}


class _Reader:
    def __init__(self, root: Root, layout: Layout, coords: Coords, options: Options) -> None:
        self.root = root
        self.layout = layout
        self.coords = coords
        self.missing_images = options.missing_images
        self.verify_images = options.verify_images is True
        self.may_verify = options.verify_images is not False
        self.places = {split: _Place(root, layout, split) for split in _splits(layout)}

    def size_differs(self, listed: _Listed) -> bool:
        """Whether the image of an id of a split has another size than its XML file says."""
        split, id_ = listed
        path = self.places[split].annotations.get(id_)
        if path is None:
            return False
        try:
            element = parse_xml(self.root.read_bytes(path), path)
        except ParseError:
            return False  # reported when it is read for its objects
        _, image_name = finished(self.find_image(path, id_, split, element))
        return image_name is not None and size_differs(self.root, image_name, stated_size(element))

    def read_listed(self, listed: _Listed) -> list[Header | Image | Finding]:
        """What is to be said of an id of a split."""
        return list(self.records_of(*listed))

    def records_of(self, split: str | None, id_: str) -> Records:
        path = self.places[split].annotations.get(id_)
        if path is None:
            yield Finding(
                code="annotation-missing",
                severity="error",
                file=self.layout.splits.get(split or "", ""),
                where=id_,
                message=f"lists {id_!r}, but there is no {id_}.xml in "
                f"{self.layout.folders(split or '')[1]}/",
                remedy="restore the XML file or take the line out",
            )
            return
        try:
            element = parse_xml(self.root.read_bytes(path), path)
        except ParseError as error:
            yield Finding(
                code="unreadable-xml",
                severity="error",
                file=path,
                where=error.where,
                message=error.message,
                remedy="no object of this file is converted; mend or redo it",
            )
            return
        objects = list(element.iter("object"))
        image_name = yield from self.find_image(path, id_, split, element)
        size = stated_size(element)
        if image_name is not None:
            size = yield from find_size(
                self.root,
                image_name,
                size,
                # A box beyond the size that is stated makes the statement doubtful.
                verify=self.verify_images
                or (self.may_verify and any(_is_beyond(item, size) for item in objects)),
                source=path,
                where="size",
            )
        if image_name is None or size is None:
            lacks = (
                "no image to go with it"
                if image_name is None
                else "no <size> and no image to measure"
            )
            yield Finding(
                code="image-not-usable",
                severity="error",
                file=path,
                message=f"{lacks}: {plural(len(objects), 'object')} not converted",
                remedy="restore the image",
                lost=len(objects),
            )
            return
        instances = []
        for item in objects:
            result = yield from self.instance(path, item)
            if result is not None:
                instances.append(result)
        yield Image(
            file_name=image_name,
            width=size[0],
            height=size[1],
            instances=tuple(instances),
            source=path,
            split=split,
            extra=_own_keys(element, _OF_IMAGE),
        )

    def find_image(
        self, path: str, id_: str, split: str | None, element: _Element
    ) -> Step[str | None]:
        """Returns the image's path, None where there is nothing to use."""
        folder, own_id = self.layout.image_place(split or "", path)
        said = (element.findtext("filename") or "").strip()
        wanted = resolved_reference(folder, said) if said else None
        by_name = wanted and (
            wanted if self.root.exists(wanted) else self.image_named(wanted, split)
        )
        key = self.layout.key_of_id(id_)
        by_id = self.places[split].images.get(key)
        if self.layout.lookup == "filename" and by_name:
            return by_name
        if by_id is not None:
            last = said.replace("\\", "/").rsplit("/", 1)[-1]
            own = id_.rsplit("/", 1)[-1].strip()
            if last and own not in (last, stem(last)):
                yield Finding(
                    code="filename-disagrees",
                    severity="warning",
                    file=path,
                    where="filename",
                    message=f"says {said!r}, but {by_id} of the same name is there and is taken",
                    remedy="lookup = 'filename' in the layout takes what <filename> says",
                )
            return by_id
        if by_name:
            return by_name
        by_case = self.places[split].folded.get(key.casefold())
        if by_case is not None:
            yield Finding(
                code="case-differs",
                severity="warning",
                file=path,
                message=f"its image is {by_case}, written in other case: taken",
                remedy="rename one of the two: other tools on Linux do not find it",
            )
            return by_case
        kept = self.missing_images == "keep" and stated_size(element) is not None
        expected = _prefix(folder) + own_id
        yield Finding(
            code="image-missing",
            severity="error",
            file=path,
            message=f"no image {expected} with any of {', '.join(self.layout.extensions)}"
            + ("; its objects are kept" if kept else ""),
            remedy="restore the image"
            + (", or leave such out with --missing-images skip" if kept else ""),
        )
        return f"{expected}.jpg" if kept else None

    def image_named(self, path: str, split: str | None) -> str | None:
        """The image of a path whose extension may be another one, or left out."""
        key = self.layout.image_key(split or "", path if is_image(path) else f"{path}.jpg")
        return None if key is None else self.places[split].images.get(key)

    def instance(self, path: str, item: _Element) -> Step[Instance | None]:
        """Returns the Instance, None where the object cannot be one."""
        where = f"line {item.sourceline}"
        name = (item.findtext("name") or "").strip()
        bounds = _bounds(item)
        if not name or isinstance(bounds, str):
            yield Finding(
                code="bad-object",
                severity="error",
                file=path,
                where=where,
                message="object without a name" if not name else str(bounds),
                remedy="mend or drop the object",
                lost=1,
            )
            return None
        box = geometry.edges_of_text(_texts(item), self.coords)
        if box != geometry.ordered(box) and (bounds[0] > bounds[2] or bounds[1] > bounds[3]):
            yield Finding(
                code="reversed-box",
                severity="warning",
                file=path,
                where=where,
                message=f"corners of {name!r} are reversed ({_numbers(bounds)}): put in order",
            )
            box = geometry.to_edges(geometry.ordered(bounds), self.coords)
        difficult, problem = understood_difficult(item.findtext("difficult"))
        if problem:
            yield Finding(
                code="odd-difficult", severity="warning", file=path, where=where, message=problem
            )
        if difficult and self.layout.difficult == "drop":
            yield Finding(
                code="difficult-dropped",
                severity="note",
                file=path,
                where=where,
                message=f"{name!r} is marked difficult: left out as asked",
                lost=1,
            )
            return None
        parts = len(item.findall("part")) + len(item.findall("polygon"))
        if parts:
            yield Finding(
                code="parts-not-read",
                severity="note",
                file=path,
                where=where,
                message=f"{plural(parts, 'part')} (or polygons) inside {name!r} not read",
            )
        return Instance(
            label=name,
            box=box,
            area=geometry.box_area(box),
            iscrowd=difficult and self.layout.difficult == "ignore",
            difficult=difficult,
            where=where,
            attributes=_attributes(item),
            extra=_own_keys(item, _OF_OBJECT),
        )

    def unlisted(self, listed: Iterable[_Listed]) -> Records:
        """What is said of the XML files that no split lists, or that lie elsewhere."""
        inside = {path for place in self.places.values() for path in place.annotations.values()}
        seen = {self.places[split].annotations.get(id_) for split, id_ in listed}
        xmls = {name for name in self.root.files() if name.lower().endswith(".xml")}
        if outside := sorted(xmls - inside):
            yield Finding(
                code="annotation-outside-layout",
                severity="warning",
                file=outside[0],
                message=f"{plural(len(outside), 'XML file')} outside the layout's folder of "
                "annotations (this is the first): not read",
                remedy="convert their folder by itself if they are meant to be used",
            )
        if rest := sorted(inside - seen):
            yield Finding(
                code="annotation-not-listed",
                severity="note",
                file=rest[0],
                message=f"{plural(len(rest), 'XML file')} in no split (this is the first): "
                "not read",
                remedy="add their ids to a split file if they are meant to be used",
            )


def _texts(item: _Element) -> list[str]:
    box = item.find("bndbox")
    return ["" if box is None else (box.findtext(tag) or "").strip() for tag in BOUNDS]


def _bounds(item: _Element) -> Box | str:
    """(xmin, ymin, xmax, ymax) as written, or what is wrong."""
    if item.find("bndbox") is None:
        return "object without a bndbox"
    values = []
    for tag, text in zip(BOUNDS, _texts(item), strict=True):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            return f"bndbox/{tag}: want a number, got {text!r}"
        values.append(value)
    return values[0], values[1], values[2], values[3]


def _is_beyond(item: _Element, size: tuple[int, int] | None) -> bool:
    bounds = _bounds(item)
    if size is None or isinstance(bounds, str):
        return False
    return max(bounds[0], bounds[2]) > size[0] or max(bounds[1], bounds[3]) > size[1]


def understood_difficult(text: str | None) -> tuple[bool, str]:
    """(the flag, what cannot be understood about how it is written)."""
    value = (text or "").strip().lower()
    if value in ("", "0", "false", "unspecified", "no", "0.0"):
        return False, ""
    if value in ("1", "true", "yes", "1.0"):
        return True, ""
    return False, f"difficult: want 0 or 1, got {text!r}; taken as 0"


def _attributes(item: _Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for tag in ("truncated", "occluded"):
        if (item.findtext(tag) or "").strip() in ("1", "true"):
            found[tag] = True
    pose = (item.findtext("pose") or "").strip()
    if pose.lower() not in ("", "unspecified"):
        found["pose"] = pose
    for said in item.iterfind("attributes/attribute"):  # CVAT's own
        name, value = ((said.findtext(tag) or "").strip() for tag in ("name", "value"))
        if name and value:
            found.setdefault(name, value)
    return found


_OF_IMAGE = {"filename", "folder", "object", "owner", "path", "segmented", "size", "source"}
_OF_OBJECT = {
    "attributes", "bndbox", "difficult", "name", "occluded", "part", "polygon", "pose", "truncated",
}  # fmt: skip


def _own_keys(element: _Element, known: Set[str]) -> Extra:
    """What is said under tags that VOC does not have, or that are not read."""
    said = {
        child.tag: text
        for child in element
        if child.tag not in known and isinstance(child.tag, str)
        if (text := "".join(map(str, child.itertext())).strip())
    }
    return {"voc": said} if said else {}


def _numbers(values: Box) -> str:
    return ", ".join(f"{value:g}" for value in values)
