"""COCO's instances JSON (cocodataset.org/#format-data); `_coco_read` holds the reader.

Written as ``OUT/annotations/instances_<split>.json``, or as OUT itself where that ends in
``.json``. Ids are 1-based and contiguous, in the order of the images; every split holds the same
full list of categories.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from dataforge.errors import UsageError
from dataforge.formats.base import Splits
from dataforge.formats.coco.file import (
    NO_SUPERCATEGORY,
    WRITTEN_ANYWAY,
    Document,
    NotCocoError,
    keys_of,
)
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.tally import KeysTally
from dataforge.io import Root, atomic_write
from dataforge.records import Finding, Header, Image, Instance, Mask, Polygons

LOSSY = (
    "the ids of images, annotations and categories: they are given anew",
    "how a mask's runs were written: they become compressed RLE",
    "keys that only another format knows",
)
IMAGES = "reference"
LISTS_IMAGES = True


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How COCO files are written.

    Attributes:
        category_start: id of the first category.
    """

    category_start: int = 1


def recognise(texts: Texts) -> Recognised:
    """JSON files with images and categories."""
    more = f" and {len(texts.coco) - 4:,} more" if len(texts.coco) > 4 else ""
    return Recognised(
        len(texts.coco), f"images and categories in {', '.join(texts.coco[:4])}{more}"
    )


def image_path(split: str, file_name: str) -> str:
    """Where an image goes, relative to the output folder: one folder for all splits."""
    return f"images/{file_name}"


def key(file_name: str) -> str:
    """Two images of one split differ in their whole name."""
    return file_name


def targets(out: Path, splits: Sequence[str]) -> list[Path]:
    """The files that `write` makes for these splits.

    Raises:
        UsageError: `out` is a single file and there are several splits.
    """
    if out.suffix.lower() == ".json":
        if len(splits) > 1:
            raise UsageError(
                f"{out} is one file, but there are {len(splits)} splits: name a folder"
            )
        return [out]
    return [out / "annotations" / f"instances_{split}.json" for split in splits]


def write(out: Path, splits: Splits, header: Header, options: WriteOptions) -> Iterator[Finding]:
    """Write one file per split; yields what COCO cannot carry: other formats' own keys.

    Args:
        out: folder, or a path ending in ``.json`` for a single split.
        splits: name -> images; each stream is gone through twice.
        header: its categories are the classes in the order of their ids.
        options: see `WriteOptions`.

    Raises:
        OutputError: a file cannot be written.
    """
    keys = KeysTally("COCO", own="coco")
    keys.header(header, out.name)
    with ExitStack() as stack:
        for path, images in zip(targets(out, list(splits)), splits.values(), strict=True):
            stream = stack.enter_context(atomic_write(path))
            _write_file(stream, images, header, options.category_start, keys)
    yield from keys.findings()


def _write_file(
    stream: IO[bytes],
    images: Iterable[Image],
    header: Header,
    category_start: int,
    keys: KeysTally,
) -> None:
    ids = {c.name: number for number, c in enumerate(header.categories, category_start)}
    rest = WRITTEN_ANYWAY | keys_of(header.extra)
    encode = msgspec.json.Encoder().encode
    first = b'{"info":' + encode(rest.pop("info")) + b',"licenses":' + encode(rest.pop("licenses"))
    stream.write(first + b',\n"images":[')
    _write_items(stream, (_image_entry(i, image) for i, image in enumerate(images, 1)))
    stream.write(b'],\n"annotations":[')
    _write_items(stream, _annotations(images, ids, keys))
    stream.write(b'],\n"categories":[')
    _write_items(
        stream,
        (
            _with(
                {"id": ids[c.name], "name": c.name},
                {"supercategory": NO_SUPERCATEGORY} | keys_of(c.extra),
            )
            for c in header.categories
        ),
    )
    stream.write(b"]")
    for name, value in rest.items():
        if name not in ("images", "annotations", "categories"):
            stream.write(b",\n" + encode(name) + b":" + encode(value))
    stream.write(b"}\n")


def _with(entry: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """An entry with the keys that only its source knows; what it has anyway wins."""
    return entry | {key: value for key, value in extra.items() if key not in entry}


def _write_items(stream: IO[bytes], items: Iterable[dict[str, Any]]) -> None:
    """One entry a line, so that a diff of two files shows what changed."""
    encode = msgspec.json.Encoder().encode
    separator = b"\n"
    for item in items:
        stream.write(separator + encode(item))
        separator = b",\n"
    stream.write(b"\n" if separator != b"\n" else b"")


def _image_entry(number: int, image: Image) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": number,
        "file_name": image.file_name,
        "width": image.width,
        "height": image.height,
    }
    entry = _with(entry, keys_of(image.extra))
    if image.attributes:
        entry["attributes"] = image.attributes
    return entry


def _annotations(
    images: Iterable[Image], ids: dict[str, int], keys: KeysTally
) -> Iterator[dict[str, Any]]:
    number = 0
    for image_number, image in enumerate(images, 1):
        keys.image(image)
        for instance in image.instances:
            number += 1
            keys.instance(image, instance)
            entry = {
                "id": number,
                "image_id": image_number,
                "category_id": ids[instance.label],
                "bbox": _bbox(instance),
                "area": instance.area,
                "iscrowd": int(instance.iscrowd),
                "segmentation": _segmentation(instance),
            }
            if instance.extra:
                entry = _with(entry, keys_of(instance.extra))
            attributes = instance.attributes
            if instance.difficult and "difficult" not in attributes:
                attributes = attributes | {"difficult": True}
            if attributes:
                entry["attributes"] = attributes
            yield entry


def _bbox(instance: Instance) -> Sequence[float]:
    """(x, y, w, h): as the source has it where the box is still that, else of the box."""
    x0, y0, x1, y1 = instance.box
    stated = keys_of(instance.extra).get("bbox")
    if isinstance(stated, (list, tuple)) and len(stated) == 4:
        x, y, w, h = stated
        if (x, y, x + w, y + h) == instance.box:
            return stated
    return x0, y0, x1 - x0, y1 - y0


def _segmentation(instance: Instance) -> Any:
    if isinstance(instance.shape, Polygons):
        return instance.shape.rings
    if isinstance(instance.shape, Mask):
        return {"size": instance.shape.size_hw, "counts": instance.shape.counts}
    return []


# What is to be known of a file before it is read. ----------------------------------------------


class _ImageEntry(msgspec.Struct):
    file_name: str


_decode_image = msgspec.json.Decoder(_ImageEntry).decode


def image_names(root: Root, name: str) -> list[str] | None:
    """The file names of the images that a COCO file lists; None where it is some other JSON.

    Raises:
        ParseError: it cannot be read, with the place.
    """
    names = []
    try:
        document = Document(root, name)
    except NotCocoError:
        return None
    for raw in document.images:
        with suppress(msgspec.ValidationError):  # the reader says what is wrong with it
            names.append(_decode_image(raw).file_name)
    return names
