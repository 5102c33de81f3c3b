"""labelme JSON, version 3.0 to 7.x, and X-AnyLabeling's dialect; `_labelme_write` writes it.

Source: the files themselves are labelme's interface (github.com/wkentaro/labelme, examples/);
what each shape becomes is drawn up in `_SHAPES` below.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence, Set
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Literal

import msgspec

from dataforge import geometry
from dataforge.errors import InputError, ParseError, UsageError, plural
from dataforge.formats.base import Canonical, Each, Records, Step, finished
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.sizes import find_size, sampled, size_differs, stated_size
from dataforge.io import (
    MAX_COORDINATE,
    Root,
    decode_json,
    in_64_bits,
    is_image,
    plain,
    resolve,
    split_pointer,
    stem,
    to_utf8,
)
from dataforge.records import Box, Extra, Finding, Image, Instance, Mask, Polygons, Ring, Severity

LOSSY = (
    "lines and points have no area: skipped and counted unless a stroke or radius is given",
    "keys that only the source's own format knows",
    "which images are in which split",
    "the order of the classes, and classes that nothing is marked with",
    "whether an instance is a crowd",
    "whether a box is all that is known, or a rectangular outline too",
    "a box or an area that is not that of its outline",
    "attributes that labelme does not know come back inside one that is called attributes",
)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How labelme files are read.

    Attributes:
        image_root: folder that image paths are relative to; None is the folder that is read.
        group: shapes of one image with the same label and group_id are one instance.
        lines: `skip`, `error` or `stroke=W` (px) for line and linestrip.
        points: `skip`, `error` or `radius=R` (px) for point and points.
        verify_images: compare the size in the JSON with the image's header; None does it for a
            sample, and for all where one of that differs.
        missing_images: `keep` the annotations of an image that is not there, or `skip` them.
        extract_images: an image that is not there may come from the JSON's imageData.
    """

    image_root: str | None = None
    group: bool = True
    lines: str = "skip"
    points: str = "skip"
    verify_images: bool | None = None
    missing_images: Literal["keep", "skip"] = "keep"
    extract_images: bool = False


class _Shape(msgspec.Struct):
    label: str | int
    points: list[tuple[float, float]]
    shape_type: str | None = None
    group_id: int | str | None = None
    mask: str | None = None
    flags: Any = None
    description: Any = None
    score: Any = None
    difficult: Any = None
    attributes: Any = None


class _OnlyShape(_Shape, forbid_unknown_fields=True):
    pass


class _Document(msgspec.Struct):
    shapes: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    imagePath: str | None = None
    imageWidth: float | None = None
    imageHeight: float | None = None
    imageData: msgspec.Raw = msgspec.Raw()
    flags: Any = None
    attributes: Any = None
    version: Any = None


class _OnlyDocument(_Document, forbid_unknown_fields=True):
    pass


class _Embedded(msgspec.Struct):
    imageData: str | None = None


_decode_shape = msgspec.json.Decoder(_Shape).decode
_decode_only_shape = msgspec.json.Decoder(_OnlyShape).decode
_decode_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KEPT_KEYS = ("flags", "description", "score", "difficult", "attributes")


class _ShapeError(Exception):
    """A shape that cannot become an instance."""

    def __init__(self, code: str, message: str, remedy: str, severity: Severity = "error") -> None:
        super().__init__(message)
        self.code, self.message, self.remedy, self.severity = code, message, remedy, severity


def read(root: Root, options: Options, canonical: Canonical, each: Each = map) -> Records:
    """Yield an Image for every labelme file below `root`, and a Finding for whatever is odd.

    The size in the JSON is compared with the image's where one of a sample differs
    (`dataforge.formats.sizes.SAMPLED`), unless `verify_images` says otherwise.

    Args:
        root: folder with the JSON files, searched recursively.
        options: see `Options`.
        canonical: compares labels when shapes are grouped.
        each: does it for each file.

    Raises:
        UsageError: `options.lines` or `options.points` is not understood.
        InputError: `options.image_root` does not hold `root`.
    """
    reader = _Reader(root, options, canonical)
    names = [name for name in root.files() if name.lower().endswith(".json")]
    if options.verify_images is None:
        reader.verify_images = any(map(reader.size_differs, sampled(names)))
    used = set()
    for records, image in each(reader.read_file, names):
        yield from records
        used.add(image)
    yield from reader.unlabelled(used)


def recognise(texts: Texts) -> Recognised:
    """JSON files with shapes."""
    number = len(texts.labelme)
    return Recognised(number, f"{plural(number, 'JSON file')} with shapes")


def embedded_image(root: Root, source: str) -> bytes:
    """The image file inside a labelme file's imageData.

    Raises:
        ParseError: there is none, or it is no base64.
    """
    data, _ = to_utf8(root.read_bytes(source), source)
    text = decode_json(data, _Embedded, source).imageData
    if not text:
        raise ParseError(source, "$.imageData", "holds no image")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ParseError(source, "$.imageData", f"is not base64: {error}") from error


class _Reader:
    def __init__(self, root: Root, options: Options, canonical: Canonical) -> None:
        self.root = root
        self.options = options
        self.canonical = canonical
        self.verify_images = options.verify_images is True
        self.stroke = _policy("lines", options.lines, "stroke")
        self.radius = _policy("points", options.points, "radius")
        self.images, self.prefix = _image_root(root, options.image_root)
        self.image_names = {name for name in self.images.files() if is_image(name)}
        self.by_stem: dict[str, str] = {}
        for name in sorted(self.image_names, reverse=True):
            self.by_stem[stem(name)] = name

    def size_differs(self, name: str) -> bool:
        """Whether the image of a file has another size than the file says."""
        try:
            document = decode_json(to_utf8(self.root.read_bytes(name), name)[0], _Document, name)
        except ParseError:
            return False  # reported when it is read for its shapes
        _, image_name = finished(self.find_image(name, document, []))
        stated = stated_size(document.imageWidth, document.imageHeight)
        return image_name is not None and size_differs(self.images, image_name, stated)

    def read_file(self, name: str) -> tuple[list[Image | Finding], str | None]:
        """(what is in a file, the image that it speaks of)."""
        return finished(self.records_of(name))

    def records_of(self, name: str) -> Generator[Image | Finding, None, str | None]:
        try:
            data, encoding = to_utf8(self.root.read_bytes(name), name)
            document, own = _document(data, name)
        except ParseError as error:
            if isinstance(error.__cause__, msgspec.ValidationError) and error.where == "$":
                yield _not_labelme(name)
                return None
            yield Finding(
                code="unreadable-json",
                severity="error",
                file=name,
                where=error.where,
                message=error.message,
                remedy="no shape of this file is converted; open and save it in labelme again",
            )
            return self.by_stem.get(self.prefix + stem(name))
        if isinstance(document.shapes, msgspec.UnsetType):
            yield _not_labelme(name)
            return None
        if encoding not in ("utf-8", "utf-8-sig"):
            yield Finding(
                code="encoding",
                severity="warning",
                file=name,
                message=f"is not UTF-8; read as {encoding}",
                remedy="check that the labels read well, or save it as UTF-8",
            )
        shapes = document.shapes
        image_name = yield from self.find_image(name, document, shapes)
        if image_name is None:
            return None
        size = yield from find_size(
            self.images,
            image_name,
            stated_size(document.imageWidth, document.imageHeight),
            verify=self.verify_images,
            source=name,
            where="$.imageWidth",
        )
        if size is None:
            yield Finding(
                code="no-image-size",
                severity="error",
                file=name,
                message=f"neither the JSON nor an image says how large the image is: "
                f"{plural(len(shapes), 'shape')} not converted",
                remedy="restore the image, or add imageWidth and imageHeight",
                lost=len(shapes),
            )
            return image_name
        found = yield from self.read_shapes(name, shapes, size)
        said = document.attributes if isinstance(document.attributes, dict) else {}
        if self.options.group:
            instances = yield from self.grouped(name, found, size)
        else:
            instances = tuple(instance for instance, _ in found)
        yield Image(
            file_name=image_name,
            width=size[0],
            height=size[1],
            instances=instances,
            source=name,
            attributes=in_64_bits(said | ({"flags": document.flags} if document.flags else {})),
            extra=own,
        )
        return image_name

    def find_image(
        self, name: str, document: _Document, shapes: Sequence[msgspec.Raw]
    ) -> Step[str | None]:
        """Returns the image's name under the image root, None where its shapes are lost."""
        own = self.prefix + stem(name)
        said = document.imagePath or ""
        wanted = resolve(str(PurePosixPath(own).parent), said) if said else None
        if wanted and (wanted in self.image_names or self.images.exists(wanted)):
            return wanted
        if not said:
            code, problem = "no-image-path", "names no image"
        elif wanted is None:
            code, problem = "path-leaves-root", f"{said!r} leads out of the image root"
        else:
            code, problem = "image-missing", f"{said!r} is not there (looked for {wanted})"
        if (beside := self.by_stem.get(own)) is not None:
            message = f"{problem}; {beside} beside the JSON is taken"
            yield _image_finding(code, "warning", name, message)
            return beside
        if self.options.extract_images and _has_image_data(self.root, name):
            if wanted is not None:
                return wanted
            extracted = own + (PurePosixPath(said).suffix if is_image(said) else ".jpg")
            message = f"{problem}; its imageData is taken, for {extracted}"
            yield _image_finding(code, "warning", name, message)
            return extracted
        kept = wanted is not None and self.options.missing_images == "keep"
        number = plural(len(shapes), "shape")
        yield _image_finding(
            code,
            "error",
            name,
            f"{problem}: {number} {'kept' if kept else 'not converted'}",
            self._ways_to_an_image(own, said, wanted, document),
            0 if kept else len(shapes),
        )
        return wanted if kept else None

    def _ways_to_an_image(
        self, own: str, said: str, wanted: str | None, document: _Document
    ) -> str:
        """What a person can do where a file's image is not found."""
        ways = [f"put the image beside the JSON, as {PurePosixPath(own).name}.jpg or the like"]
        if wanted is not None:
            ways.insert(0, "restore it")
            if self.options.missing_images == "keep":
                ways.append("leave its shapes out by --missing-images skip")
        elif said and not PureWindowsPath(said).anchor:
            ways.append("name a folder above both by --image-root")
        if not self.options.extract_images and len(document.imageData) > len("null"):
            ways.append("take it from imageData by --extract-images --images copy")
        return ", or ".join(ways)

    def read_shapes(
        self, name: str, shapes: Sequence[msgspec.Raw], size: tuple[int, int]
    ) -> Step[list[tuple[Instance, int | str | None]]]:
        """Returns the list of (instance, group_id), a pair for every shape that can be used."""
        found: list[tuple[Instance, int | str | None]] = []
        untyped = 0
        for index, raw in enumerate(shapes):
            where = f"$.shapes[{index}]"
            try:
                shape, own = _shape(raw)
                kind = shape.shape_type or _UNTYPED[min(len(shape.points), 3)]
                untyped += not shape.shape_type
                instance, crossing = self.instance(shape, own, kind, where, size)
            except msgspec.ValidationError as error:
                message, inner = split_pointer(error)
                fault = _ShapeError("bad-shape", message, "redraw or drop the shape")
                yield _shape_finding(name, where + inner[1:], fault)
            except _ShapeError as error:
                yield _shape_finding(name, where, error)
            else:
                found.append((instance, shape.group_id))
                if crossing:
                    yield _crossing_finding(name, where, instance)
        if untyped:
            yield Finding(
                code="no-shape-type",
                severity="warning",
                file=name,
                where="$.shapes",
                message=f"{plural(untyped, 'shape')} without a type (labelme before 3.4): read as "
                "polygon from 3 points on, rectangle with 2, point with 1",
            )
        return found

    def instance(
        self, shape: _Shape, own: Extra, kind: str, where: str, size: tuple[int, int]
    ) -> tuple[Instance, bool]:
        """(the instance, whether its outline crosses itself)."""
        convert = _SHAPES.get(kind)
        if convert is None:
            known = ", ".join(_SHAPES)
            raise _ShapeError(
                "unknown-shape-type", f"no shape type {kind!r} is known", f"use one of {known}"
            )
        if any(abs(value) > MAX_COORDINATE for point in shape.points for value in point):
            raise _ShapeError(
                "bad-shape", "a point is millions of pixels away", "redraw or drop the shape"
            )
        box, area, outline, crossing = convert(self, shape, kind, size)
        attributes = {kept: value for kept in _KEPT_KEYS if _says(value := getattr(shape, kept))}
        if shape.group_id is not None:
            attributes["group_id"] = shape.group_id
        instance = Instance(
            label=str(shape.label).strip(),
            box=box,
            area=area,
            shape=outline,
            difficult=shape.difficult is True,
            where=where,
            attributes=in_64_bits(attributes),
            extra=own,
        )
        return instance, crossing

    def grouped(
        self, name: str, found: list[tuple[Instance, int | str | None]], size: tuple[int, int]
    ) -> Step[tuple[Instance, ...]]:
        """Returns the instances, one for each group."""
        groups: dict[Any, list[Instance]] = {}
        for instance, group_id in found:
            label = self.canonical(instance.label) or instance.label
            key = (label, group_id) if group_id is not None else instance.where
            groups.setdefault(key, []).append(instance)
        for members in groups.values():
            if differing := _differing(members):
                yield Finding(
                    code="group-differs",
                    severity="note",
                    file=name,
                    where=members[0].where,
                    message=f"the shapes of group {members[0].attributes['group_id']!r} of "
                    f"{members[0].label!r} differ in {', '.join(differing)}: the first value is "
                    "taken",
                    remedy="make them agree, or give other objects another group_id",
                )
        return tuple(
            members[0] if len(members) == 1 else _merge(members, *size)
            for members in groups.values()
        )

    def unlabelled(self, used: Set[str | None]) -> Iterator[Finding]:
        """A note of the images below `root` that no JSON speaks of."""
        rest = [name for name in self.image_names - used if name.startswith(self.prefix)]
        if rest:
            yield Finding(
                code="image-without-labels",
                severity="note",
                file=min(rest),
                message=f"{plural(len(rest), 'image')} without a labelme file (this is the first): "
                "not written",
                remedy="open and save them in labelme if they are meant to show nothing",
            )


def _document(data: bytes, name: str) -> tuple[_Document, Extra]:
    """(a file, the keys of its own that are not labelme's)."""
    try:
        return decode_json(data, _OnlyDocument, name), {}
    except ParseError:
        return decode_json(data, _Document, name), _own_keys(data, _Document)


def _shape(raw: msgspec.Raw) -> tuple[_Shape, Extra]:
    """(a shape, the keys of its own that are not labelme's)."""
    try:
        return _decode_only_shape(raw), {}
    except msgspec.ValidationError:
        return _decode_shape(raw), _own_keys(raw, _Shape)


def _own_keys(raw: bytes | msgspec.Raw, known: type[_Document | _Shape]) -> Extra:
    """What a person or a tool keeps there besides; labelme saves it again."""
    said = {
        key: value
        for key, item in _decode_keys(raw).items()
        if key not in known.__struct_fields__ and _says(value := plain(item))
    }
    return {"labelme": said} if said else {}


def _policy(option: str, value: str, keyword: str) -> float | Literal["skip", "error"]:
    if value in ("skip", "error"):
        return value  # type: ignore[return-value]
    name, _, number = value.partition("=")
    try:
        size = float(number)
    except ValueError:
        size = math.nan
    if name != keyword or not 0 < size < 1e6:
        raise UsageError(f"--{option} {value}: want skip, error or {keyword}=PIXELS")
    return size


def _image_root(root: Root, image_root: str | None) -> tuple[Root, str]:
    """The folder of the images, and where `root` lies in it ('' or 'a/b/')."""
    if image_root is None:
        return root, ""
    images = Root(image_root)
    if images.remote or root.remote:
        inside = root.location.startswith(images.location.rstrip("/") + "/")
        relative = root.location[len(images.location) :].strip("/") if inside else ".."
    else:
        import os

        relative = os.path.relpath(os.path.realpath(root.location), os.path.realpath(image_root))
        relative = relative.replace(os.sep, "/")
    if relative.split("/")[0] == "..":
        raise InputError(f"--image-root {image_root} does not hold {root.location}")
    return images, "" if relative in (".", "") else relative + "/"


def _image_finding(
    code: str, severity: Severity, name: str, message: str, remedy: str = "", lost: int = 0
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        file=name,
        where="$.imagePath",
        message=message,
        remedy=remedy,
        lost=lost,
    )


def _not_labelme(name: str) -> Finding:
    return Finding(
        code="not-labelme",
        severity="note",
        file=name,
        message="is JSON but no labelme file (it has no list of shapes): passed over",
    )


def _has_image_data(root: Root, name: str) -> bool:
    try:
        return bool(embedded_image(root, name))
    except ParseError:
        return False


def _says(value: Any) -> bool:
    """Whether a value is more than a blank; a score of 0 is."""
    return value is not None and value is not False and value not in ("", {}, [])


def _shape_finding(name: str, where: str, fault: _ShapeError) -> Finding:
    return Finding(
        code=fault.code,
        severity=fault.severity,
        file=name,
        where=where,
        message=fault.message,
        remedy=fault.remedy,
        lost=1,
    )


def _crossing_finding(name: str, where: str, instance: Instance) -> Finding:
    return Finding(
        code="self-intersecting",
        severity="warning",
        file=name,
        where=where,
        message=f"the outline of {instance.label!r} crosses itself; its area is counted in pixels "
        f"({instance.area:g})",
        remedy="redraw it if the crossing is not meant",
    )


def _differing(members: Sequence[Instance]) -> list[str]:
    """Keys that have one value in one shape of a group and another in another."""
    first: dict[str, Any] = {}
    differing: dict[str, None] = {}
    for member in members:
        own = member.extra.get("labelme", {})
        for said, value in (member.attributes | own | {"difficult": member.difficult}).items():
            if first.setdefault(said, value) != value:
                differing[said] = None
    return [*differing]


def _united(said: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The keys of all of them, each with the value that the first one gives it."""
    return {key: value for one in reversed(said) for key, value in one.items()}


def _merge(members: Sequence[Instance], width: int, height: int) -> Instance:
    """One instance of several shapes: all rings, or one mask where any of them is a mask."""
    rings: list[Ring] = []
    masks: list[Mask] = []
    for member in members:
        if isinstance(member.shape, Mask):
            masks.append(member.shape)
        elif member.shape is not None:
            rings.extend(member.shape.rings)
    own = _united([member.extra.get("labelme", {}) for member in members])
    box: Box
    if masks:
        if rings:
            masks.append(geometry.rasterise(rings, width, height))
        union = geometry.merge_masks(masks)
        shape: Mask | Polygons = union
        box, area = geometry.mask_box(union), geometry.mask_area(union)
    else:
        shape = Polygons(tuple(rings))
        corners = [member.box for member in members]
        box, area = geometry.ring_box(*corners), math.fsum(member.area for member in members)
    return msgspec.structs.replace(
        members[0],
        box=box,
        area=area,
        shape=shape,
        parts=len(members),
        attributes=_united([member.attributes for member in members]),
        extra={"labelme": own} if own else {},
    )


# What each shape becomes: (box, area, outline, whether that crosses itself). ------------------

_Converted = tuple[Box, float, "Polygons | Mask", bool]
_Convert = Callable[[_Reader, _Shape, str, tuple[int, int]], _Converted]
_UNTYPED = {0: "polygon", 1: "point", 2: "rectangle", 3: "polygon"}


def _want_points(shape: _Shape, kind: str, least: int, most: float = math.inf) -> None:
    count = len(shape.points)
    if not least <= count <= most:
        wanted = f"{least}" if least == most else f"{least} or more"
        raise _ShapeError(
            "bad-shape", f"a {kind} wants {wanted} points, got {count}", "redraw or drop the shape"
        )


def _flat(points: Sequence[tuple[float, float]]) -> Ring:
    return tuple(value for point in points for value in point)


def _polygon(_: _Reader, shape: _Shape, kind: str, size: tuple[int, int]) -> _Converted:
    _want_points(shape, kind, *((3, math.inf) if kind == "polygon" else (4, 4)))
    ring = _flat(shape.points)
    area, crossing = geometry.outline_area(ring, *size)
    meant = crossing and geometry.is_bridged(ring)
    return geometry.ring_box(ring), area, Polygons((ring,)), crossing and not meant


def _rectangle(_: _Reader, shape: _Shape, kind: str, __: tuple[int, int]) -> _Converted:
    _want_points(shape, kind, 2)
    box = geometry.ring_box(_flat(shape.points))
    return box, geometry.box_area(box), Polygons((geometry.box_corners(box),)), False


def _circle(_: _Reader, shape: _Shape, kind: str, __: tuple[int, int]) -> _Converted:
    _want_points(shape, kind, 2, 2)
    (cx, cy), (rx, ry) = shape.points
    radius = math.hypot(rx - cx, ry - cy)
    if radius == 0:
        raise _ShapeError("bad-shape", "a circle of radius 0", "redraw or drop the shape")
    return _disc(cx, cy, radius)


def _disc(cx: float, cy: float, radius: float) -> _Converted:
    box = (cx - radius, cy - radius, cx + radius, cy + radius)
    outline = Polygons((geometry.circle_ring(cx, cy, radius),))
    return box, math.pi * radius**2, outline, False


def _mask(_: _Reader, shape: _Shape, kind: str, size: tuple[int, int]) -> _Converted:
    import numpy as np
    from PIL import Image as PILImage
    from PIL import UnidentifiedImageError

    _want_points(shape, kind, 2, 2)
    try:
        png = base64.b64decode(shape.mask or "", validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error", PILImage.DecompressionBombWarning)
            with PILImage.open(io.BytesIO(png)) as image:
                crop = np.asarray(image.convert("L")) > 0
    except (PILImage.DecompressionBombError, PILImage.DecompressionBombWarning) as error:
        raise _ShapeError(
            "bad-mask", "the mask's PNG claims too many pixels", "redraw the mask"
        ) from error
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise _ShapeError(
            "bad-mask", "the mask is not a base64 PNG", "redraw or drop the mask"
        ) from error
    (x0, y0), (x1, y1) = shape.points
    left, top = int(min(x0, x1)), int(min(y0, y1))
    outline = geometry.mask_from_crop(crop, left, top, (size[1], size[0]))
    area = geometry.mask_area(outline)
    if area == 0:
        raise _ShapeError(
            "bad-mask", "the mask marks no pixel of the image", "redraw or drop the mask"
        )
    return geometry.mask_box(outline), area, outline, False


def _line(reader: _Reader, shape: _Shape, kind: str, size: tuple[int, int]) -> _Converted:
    width = _size_or_error(reader.stroke, "skipped-line", kind, "--lines stroke=W")
    _want_points(shape, kind, 2)
    rings = geometry.stroke_rings(shape.points, width)
    if not rings:
        raise _ShapeError("bad-shape", f"a {kind} of length 0", "redraw or drop the shape")
    area = geometry.ring_area(rings[0])
    if len(rings) > 1:  # its segments overlap at the joints
        area = geometry.mask_area(geometry.rasterise(rings, *size))
    return geometry.ring_box(*rings), area, Polygons(rings), False


def _points(reader: _Reader, shape: _Shape, kind: str, size: tuple[int, int]) -> _Converted:
    radius = _size_or_error(reader.radius, "skipped-point", kind, "--points radius=R")
    _want_points(shape, kind, 1)
    discs = [_disc(x, y, radius) for x, y in shape.points]
    if len(discs) == 1:
        return discs[0]
    rings = tuple(geometry.circle_ring(x, y, radius) for x, y in shape.points)
    area = geometry.mask_area(geometry.rasterise(rings, *size))
    return geometry.ring_box(*(disc[0] for disc in discs)), area, Polygons(rings), False


def _size_or_error(
    policy: float | Literal["skip", "error"], code: str, kind: str, option: str
) -> float:
    if isinstance(policy, str):
        severity: Severity = "error" if policy == "error" else "note"
        message = f"a {kind} has no area: skipped"
        raise _ShapeError(code, message, f"{option} gives it one", severity)
    return policy


_SHAPES: dict[str, _Convert] = {
    "polygon": _polygon,
    "rectangle": _rectangle,
    "circle": _circle,
    "oriented_rectangle": _polygon,
    "rotation": _polygon,  # X-AnyLabeling's name for it
    "mask": _mask,
    "line": _line,
    "linestrip": _line,
    "point": _points,
    "points": _points,
}
