"""Writes COCO's instances JSON (cocodataset.org/#format-data).

Written as ``OUT/annotations/instances_<split>.json``, or as OUT itself if it ends in ``.json``. Ids
are 1-based and contiguous, in the order of the images; every split has the same full list of
categories.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import Meta

from dataforge.errors import UsageError
from dataforge.findings import Finding
from dataforge.formats.base import (
    Numbered,
    Outlines,
    WritePlan,
    Writer,
    Writing,
    Written,
    WrittenOutline,
)
from dataforge.formats.coco.file import (
    CATEGORY_IDS,
    NO_SUPERCATEGORY,
    WRITTEN_ANYWAY,
    keys_of,
)
from dataforge.formats.coco.keypoints import keys_of_category, keys_of_points
from dataforge.formats.tally import KeyLosses, LossCount, Losses, key_losses
from dataforge.io import atomic_write
from dataforge.records import Box, Extra, Image, Instance, Mask, Polygons

_LOSSES = key_losses("COCO")


O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - options


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How COCO files are written.

    Attributes:
        category_start: id of the first category.
    """

    category_start: Annotated[int, Meta(description="Id of the first category.")] = 1


class JsonOfSplits(Writer[O]):
    """Writes one JSON file per split; images of all splits are in one folder.

    Attributes:
        file: its path in the output folder, with the split in place of ``{}``.
    """

    file: ClassVar[str]
    image_mode = "reference"
    lists_images = True
    shares_files = True

    def image_path(self, split: str, file_name: str) -> str:
        """The path of an image, relative to the output folder."""
        return f"images/{file_name}"

    def key(self, file_name: str) -> str:
        """Images of one split differ in their whole name."""
        return file_name

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        if out.suffix.lower() == ".json":
            if len(splits) > 1:
                raise UsageError(
                    f"{out} is one file, but there are {len(splits)} splits: name a folder"
                )
            return [out]
        return [out / self.file.format(split) for split in splits]


class CocoWriter(JsonOfSplits[WriteOptions]):
    """Writes one file per split."""

    Options = WriteOptions
    file = "annotations/instances_{}.json"

    def outlines(self, options: WriteOptions) -> Outlines:
        return "json"

    def open(self, plan: WritePlan, options: WriteOptions) -> CocoWriting:
        return CocoWriting(plan, options)


class CocoWriting(Writing):
    """The COCO files of one dataset."""

    def __init__(self, plan: WritePlan, options: WriteOptions) -> None:
        self.plan = plan
        categories = enumerate(plan.header.categories, options.category_start)
        self.ids = {category.name: number for number, category in categories}

    def write(self, images: Iterable[Numbered]) -> Written:
        losses = Losses(_LOSSES)
        keys = KeyLosses(losses, own="coco", keypoints=True)
        entries: dict[str, list[Any]] = defaultdict(list)
        followed: set[str] = set()
        for split, number, first, image in images:
            keys.image(image)
            name = _stream("images", split)
            if number > 1 and name not in entries:
                followed.add(name)
            entries[name].append(self._image(number, image))
            if not image.instances:
                continue
            name = _stream("annotations", split)
            if first > 1 and name not in entries:
                followed.add(name)
            annotations = entries[name]
            for annotation, instance in enumerate(image.instances, first):
                keys.instance(instance)
                annotations.append(self._annotation(annotation, number, instance))
        pieces = {name: _piece(found, name in followed) for name, found in entries.items()}
        return Written(streams=pieces, losses=losses.counts)

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        splits = self.plan.splits
        for split, path in zip(splits, CocoWriter().targets(self.plan.stage, splits), strict=True):
            with atomic_write(path) as out:
                self._write_file(out, split, streams)
        total = Losses(_LOSSES, losses)
        KeyLosses(total, own="coco", keypoints=True).header(self.plan.header, self.plan.out)
        yield from total.findings()

    def _write_file(self, out: IO[bytes], split: str, streams: Mapping[str, IO[bytes]]) -> None:
        encode = msgspec.json.Encoder().encode
        rest = WRITTEN_ANYWAY | keys_of(self.plan.header.extra)
        info, licenses = encode(rest.pop("info")), encode(rest.pop("licenses"))
        out.write(b'{"info":' + info + b',"licenses":' + licenses)
        for kind in ("images", "annotations"):
            out.write(f',\n"{kind}":['.encode())
            if stream := streams.get(_stream(kind, split)):
                shutil.copyfileobj(stream, out, 1 << 20)
                out.write(b"\n")
            out.write(b"]")
        out.write(b',\n"categories":[')
        entries = [
            encode(
                _with(
                    {"id": self.ids[category.name], "name": category.name},
                    {"supercategory": NO_SUPERCATEGORY}
                    | keys_of_category(category)
                    | keys_of(category.extra),
                )
            )
            for category in self.plan.header.categories
        ]
        if entries:
            out.write(b"\n" + b",\n".join(entries) + b"\n")
        out.write(b"]")
        for name, value in rest.items():
            if name not in ("images", "annotations", "categories"):
                out.write(b",\n" + encode(name) + b":" + encode(value))
        out.write(b"}\n")

    def _annotation(self, number: int, image: int, instance: Instance) -> Any:
        extra, shape, attributes = instance.extra, instance.shape, instance.attributes
        bbox, is_plain = _bbox(instance.box, extra)
        rings = _rings(shape) if isinstance(shape, Polygons) else ()
        category, crowd = self.ids[instance.label], int(instance.iscrowd)
        usual = _Annotation(number, image, category, bbox, instance.area, crowd, rings)
        more = attributes or instance.difficult or instance.keypoints or isinstance(shape, Mask)
        if is_plain and not more:
            return usual
        entry = msgspec.structs.asdict(usual)
        entry["segmentation"] = _segmentation(instance)
        entry |= keys_of_points(instance.keypoints)
        if extra:
            entry = _with(entry, keys_of(extra))
        if instance.difficult and "difficult" not in attributes:
            attributes = attributes | {"difficult": True}
        if attributes:
            entry["attributes"] = attributes
        return entry

    def _image(self, number: int, image: Image) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "id": number,
            "file_name": image.file_name,
            "width": image.width,
            "height": image.height,
        }
        if image.extra:
            keys = keys_of(image.extra)
            for key in [key for key in keys if key.endswith(CATEGORY_IDS)]:
                ids = [self.ids[name] for name in keys[key] if name in self.ids]
                keys = keys | {key: ids}
            entry = _with(entry, keys)
        if image.attributes:
            entry["attributes"] = image.attributes
        return entry


class _Annotation(msgspec.Struct, gc=False):
    """An annotation with the keys that all have."""

    id: int
    image_id: int
    category_id: int
    bbox: Sequence[float]
    area: float
    iscrowd: int
    segmentation: Any


_encode_lines = msgspec.json.Encoder().encode_lines


def _piece(entries: Sequence[Any], follows: bool) -> bytes:
    """Entries of a list, each on a line of its own.

    Args:
        entries: at least one.
        follows: whether others are before it in the list.
    """
    lines = _encode_lines(entries)  # in JSON, there is no end of line in a string
    return (b",\n" if follows else b"\n") + lines[:-1].replace(b"\n", b",\n")


def _stream(kind: str, split: str) -> str:
    return f"{kind}:{split}"


def _with(entry: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """An entry with additional keys of its source; existing keys take precedence."""
    return entry | {key: value for key, value in extra.items() if key not in entry}


def _bbox(box: Box, extra: Extra) -> tuple[Sequence[float], bool]:
    """((x, y, w, h), whether the keys of its source add nothing to that: most have none).

    It is that of the source if the box is unchanged, else of the box.
    """
    x0, y0, x1, y1 = box
    keys = keys_of(extra) if extra else None
    if not keys:
        return (x0, y0, x1 - x0, y1 - y0), not extra
    stated = keys.get("bbox")
    is_plain = len(extra) == len(keys) == 1 and "bbox" in keys
    if isinstance(stated, (list, tuple)) and len(stated) == 4:
        x, y, w, h = stated
        if (x, y, x + w, y + h) == box:
            return stated, is_plain
    return (x0, y0, x1 - x0, y1 - y0), is_plain


def _rings(shape: Polygons) -> Any:
    return msgspec.Raw(shape.text) if isinstance(shape, WrittenOutline) else shape.rings


def _segmentation(instance: Instance) -> Any:
    if isinstance(instance.shape, Polygons):
        return _rings(instance.shape)
    if isinstance(instance.shape, Mask):
        return {"size": instance.shape.size_hw, "counts": instance.shape.counts}
    return []
