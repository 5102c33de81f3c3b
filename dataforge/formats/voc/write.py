"""Writing Pascal VOC: the devkit's folders, an XML file for each image, a list for each split."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from dataforge.errors import plural
from dataforge.formats.base import Splits, Step
from dataforge.formats.names import below_images
from dataforge.formats.tally import KeysTally, Tally
from dataforge.geometry import Coords, has_own_area, text_of_edges
from dataforge.io import stem, write_text
from dataforge.layouts import OWN_LAYOUT, Layout, to_toml
from dataforge.records import Finding, Header, Image, Instance

IMAGES: Literal["reference", "copy"] = "copy"
LISTS_IMAGES = True

_IMAGES, _ANNOTATIONS, _LISTS = "JPEGImages", "Annotations", "ImageSets/Main"
BOUNDS = ("xmin", "ymin", "xmax", "ymax")
"""Elements of a <bndbox>."""

_HELD = ("pose", "truncated", "occluded")


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How XML files are written.

    Attributes:
        coords: convention of the boxes (`dataforge.geometry.COORDS_OFFSETS`); `auto` is `voc`,
            which readers of the devkit's layout expect.
    """

    coords: Literal["auto", "voc", "mmdet", "zero"] = "auto"


def image_path(split: str, file_name: str) -> str:
    """Where an image goes, relative to the output folder: one folder for all splits."""
    return f"{_IMAGES}/{below_images(file_name)}"


def key(file_name: str) -> str:
    """Two images of one split differ in more than their extension."""
    return stem(below_images(file_name))


def targets(out: Path, splits: Sequence[str]) -> list[Path]:
    """The files and top-level folders that `write` makes."""
    return [out / _ANNOTATIONS, out / _LISTS.split("/")[0], out / OWN_LAYOUT]


def write(out: Path, splits: Splits, header: Header, options: WriteOptions) -> Iterator[Finding]:
    """Write all splits; yields what VOC cannot carry.

    Beside the devkit's folders there is a layout.toml, because nothing in the devkit's form says
    how boxes are counted, nor which classes there are.

    Args:
        out: folder.
        splits: name -> images; each stream is gone through once.
        header: its categories are the classes in order.
        options: see `WriteOptions`.

    Raises:
        OSError: a file cannot be written.
    """
    coords: Coords = "voc" if options.coords == "auto" else options.coords
    writer = _Writer(out, coords)
    writer.keys.header(header, out.name)
    for split, images in splits.items():
        yield from writer.write_split(split, images)
    yield from writer.counted()
    layout = Layout(
        images=_IMAGES,
        annotations=_ANNOTATIONS,
        splits={split: _list(split) for split in splits},
        coords=coords,
        classes=tuple(category.name for category in header.categories),
    )
    write_text(out / OWN_LAYOUT, to_toml(layout))


def _list(split: str) -> str:
    return f"{_LISTS}/{split}.txt"


class _Writer:
    def __init__(self, out: Path, coords: Coords) -> None:
        self.out = out
        self.coords = coords
        self.written: dict[str, tuple[str, int]] = {}
        self.outlines = Tally(
            "outlines-not-carried",
            "note",
            "instance",
            "with an outline: VOC has boxes alone, and their areas",
        )
        self.areas = Tally(
            "area-not-carried",
            "note",
            "instance",
            "with an area that is not the box's: VOC has that alone",
        )
        self.crowds = Tally(
            "crowd-as-difficult",
            "warning",
            "crowd",
            "written as difficult, which trainers leave alone likewise",
        )
        self.unheld = Tally(
            "attributes-not-carried",
            "note",
            "instance",
            "with attributes that VOC has no place for ({names})",
        )
        self.flags = Tally(
            "image-attributes-not-carried",
            "note",
            "image",
            "with attributes that VOC has no place for ({names})",
        )
        self.keys = KeysTally("VOC")

    def write_split(self, split: str, images: Iterable[Image]) -> Iterator[Finding]:
        path = self.out / _list(split)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="\n") as ids:
            for image in images:
                if (yield from self.write_image(image)):
                    ids.write(key(image.file_name) + "\n")

    def write_image(self, image: Image) -> Step[bool]:
        """Returns whether there is a file for the image now."""
        id_ = key(image.file_name)
        if not _fits_xml(image.file_name) or "\n" in image.file_name or "\r" in image.file_name:
            yield _not_written(
                image, "name-not-xml", "its name has characters that XML or a line cannot hold"
            )
            return False
        objects = [instance for instance in image.instances if not _fault(instance)]
        same = hash((image.width, image.height, repr(objects)))
        owner = self.written.setdefault(id_, (image.file_name, same))
        if owner != (image.file_name, same):
            what = (
                f"{owner[0]} of another split has the same name but for its extension"
                if owner[0] != image.file_name
                else "it stands in another split, too, with other objects"
            )
            yield _not_written(image, "name-collision", f"{what}, and VOC has one file for both")
            return owner[0] == image.file_name
        for instance in image.instances:
            yield from self.check(image, instance)
        if image.attributes:
            self.flags.add(image, image.where, image.attributes)
        self.keys.image(image)
        path = self.out / _ANNOTATIONS / f"{id_}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_xml(image, objects, self.coords))
        return True

    def check(self, image: Image, instance: Instance) -> Iterator[Finding]:
        """Count what is not carried over of one instance."""
        if fault := _fault(instance):
            yield Finding(
                code="object-not-written",
                severity="error",
                file=image.source or image.file_name,
                where=instance.where,
                message=fault,
                remedy="mend or drop it",
                lost=instance.parts,
            )
            return
        if instance.shape is not None:
            self.outlines.add(image, instance.where)
        elif has_own_area(instance, image.width, image.height):
            self.areas.add(image, instance.where)
        if instance.iscrowd:
            self.crowds.add(image, instance.where)
        unheld = [
            name
            for name, value in instance.attributes.items()
            if not _held(name, value) and (name, value) != ("difficult", instance.difficult)
        ]
        if unheld:
            self.unheld.add(image, instance.where, unheld)
        self.keys.instance(image, instance)

    def counted(self) -> Iterator[Finding]:
        """One finding for each kind of thing that is not carried over."""
        for tally in (
            self.outlines, self.areas, self.crowds, self.unheld, self.flags, self.keys,
        ):  # fmt: skip
            yield from tally.findings()


def _not_written(image: Image, code: str, why: str) -> Finding:
    lost = sum(instance.parts for instance in image.instances)
    return Finding(
        code=code,
        severity="error",
        file=image.file_name,
        message=f"{why}: {plural(lost, 'shape')} not converted",
        remedy="rename the image",
        lost=lost,
    )


def _held(name: str, value: Any) -> bool:
    """Whether an attribute of an instance has its place in a VOC object."""
    if name == "pose":
        return isinstance(value, str) and value.strip() != "" and _fits_xml(value)
    return name in _HELD and value in (True, False)


def _fault(instance: Instance) -> str:
    """Why an instance cannot be an object, or nothing."""
    if not _fits_xml(instance.label):
        return f"the label {instance.label!r} has characters that XML cannot hold"
    if not all(map(math.isfinite, instance.box)):
        return f"the box of {instance.label!r} is not of finite numbers"
    return ""


def _fits_xml(text: str) -> bool:
    """Whether XML 1.0 can hold the text: no control characters, no lone surrogates."""
    from lxml import etree

    try:
        etree.Element("x").text = text
    except ValueError:
        return False
    return True


def _xml(image: Image, objects: Sequence[Instance], coords: Coords) -> bytes:
    from lxml import etree

    folder, _, name = f"{_IMAGES}/{below_images(image.file_name)}".rpartition("/")
    root = etree.Element("annotation")
    _add(root, "folder", folder)
    _add(root, "filename", name)
    size = _add(root, "size")
    for tag, value in (("width", image.width), ("height", image.height), ("depth", 3)):
        _add(size, tag, str(value))
    _add(root, "segmented", "0")
    for instance in objects:
        _add_object(root, instance, coords)
    etree.indent(root)
    return etree.tostring(root, encoding="utf-8") + b"\n"


def _add_object(root: Any, instance: Instance, coords: Coords) -> None:
    said = {name: value for name, value in instance.attributes.items() if _held(name, value)}
    item = _add(root, "object")
    _add(item, "name", instance.label)
    _add(item, "pose", said.get("pose", "Unspecified"))
    _add(item, "truncated", str(int(said.get("truncated", False))))
    if "occluded" in said:
        _add(item, "occluded", str(int(said["occluded"])))
    # A crowd is no object to train on; a difficult object is what VOC's trainers leave alone.
    _add(item, "difficult", str(int(instance.difficult or instance.iscrowd)))
    box = _add(item, "bndbox")
    texts = text_of_edges(instance.box, coords)
    for tag, text in zip(BOUNDS, texts, strict=True):
        _add(box, tag, text)


def _add(parent: Any, tag: str, text: str | None = None) -> Any:
    from lxml import etree

    element = etree.SubElement(parent, tag)
    element.text = text
    return element
