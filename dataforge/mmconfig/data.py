"""The datasets that a training config names, and what their annotation files hold."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from dataforge.errors import ParseError
from dataforge.formats.voc import BOUNDS
from dataforge.frameworks.mmdet2 import generate as mmdet2
from dataforge.frameworks.mmdet3 import generate as mmdet3
from dataforge.io import MAX_COCO_BYTES, decode_json, parse_xml, read_file, to_utf8
from dataforge.mmconfig.config import (
    Class,
    Config,
    Imported,
    find_module,
    inside,
    module_values,
    unwrapped,
)
from dataforge.records import Severity

SPLITS = ("train", "val", "test")

BUILT_IN = {
    2: frozenset(mmdet2.RESERVED_CLASSES.split()),
    3: frozenset(mmdet3.RESERVED_CLASSES.split()),
}
"""Generation -> dataset classes that mmdetection registers itself."""

_XML_CLASSES = ("VOCDataset", "XMLDataset")
_OWN_NUMBER = {"CocoDataset": 80, "VOCDataset": 20}  # classes, where a config names none


class Classes(NamedTuple):
    """The classes of a dataset.

    Attributes:
        names: in the order of their labels; None where only their number is known.
        number: of them.
        where: they are stated, in words.
    """

    names: tuple[str, ...] | None
    number: int
    where: str


class Marked(NamedTuple):
    """One image as its annotations have it.

    Attributes:
        size: (width, height) pixels; None where they do not state it.
        boxes: (class name, width, height) of each object; the name None where it has none.
    """

    size: tuple[float, float] | None
    boxes: list[tuple[str | None, float, float]]


class Annotations(NamedTuple):
    """What the annotation files of a dataset hold.

    Attributes:
        images: that are listed.
        categories: names in a COCO file's order; None for other files.
    """

    images: list[Marked]
    categories: list[str] | None


class Dataset:
    """One dataset of a split, with RepeatDataset and its like taken off.

    Attributes:
        split: train, val or test.
        where: dotted path in the config.
        times: that it is gone over in an epoch; 0 where that is not known.
        values: the config of it.
        type: its registered name, without a scope; empty where it is not known.
        generation: 2 or 3, of mmdetection.
    """

    def __init__(self, config: Config, split: str, where: str, times: int, values: Any) -> None:
        self._config = config
        self.split = split
        self.where = where
        self.times = times
        self.values: Mapping[str, Any] = values
        self.generation = config.generation
        self.type = type_name(values)
        self._settled = config.settled(where.partition(".")[0])

    @property
    def is_built_in(self) -> bool:
        """Whether the class is mmdetection's own."""
        return self.type in BUILT_IN[self.generation]

    @property
    def is_coco(self) -> bool:
        """Whether it reads one JSON file."""
        ann_file = self.values.get("ann_file")
        return isinstance(ann_file, str) and ann_file.lower().endswith(".json")

    @property
    def is_xml(self) -> bool:
        """Whether it reads one XML file an image, in mmdetection's own arrangement."""
        return not self.is_coco and (self.type in _XML_CLASSES or "ann_subdir" in self.values)

    def stated(self, key: str, default: Any) -> Any:
        """A setting of it; `default` where it has none, None where that is not known."""
        if key in self.values:
            return self.values[key]
        return default if self._settled else None

    # Paths

    @property
    def ann_file(self) -> str | None:
        """The annotation file, relative to the working directory or absolute."""
        given = self.values.get("ann_file")
        return self._joined(given) if isinstance(given, str) and given else None

    @property
    def prefix(self) -> str | None:
        """The folder that images, and XML files, are under; None where it is not known."""
        if self.generation == 2:
            return self._joined(self.stated("img_prefix", ""))
        said = self.stated("data_prefix", {})
        if not isinstance(said, Mapping):
            return None
        if self.is_xml:  # mmdet 3 asks for `sub_data_root` alone, and data_root is not joined to ''
            return self._joined(said["sub_data_root"]) if "sub_data_root" in said else ""
        return self._joined(said.get("img", said.get("img_path", "")))

    def subfolder(self, key: str) -> str | None:
        """The folder `img_subdir` or `ann_subdir` of an XML set; None where it is not known."""
        default = {"img_subdir": "JPEGImages", "ann_subdir": "Annotations"}[key]
        said = self.stated(key, default if self.is_built_in else None)
        known = isinstance(said, str) and self.prefix is not None
        return os.path.join(self.prefix or "", said) if known else None

    def _joined(self, path: Any) -> str | None:
        root = self.stated("data_root", None)
        if not isinstance(path, str) or not (root is None or isinstance(root, str)):
            return None
        return os.path.join(root or "", path)

    @property
    def is_local(self) -> bool:
        """Whether its files are plain files."""
        for key in ("file_client_args", "backend_args"):
            said = self.values.get(key)
            if said and inside(said, "backend") not in ("disk", "local"):
                return False
        return "://" not in str(self.values.get("data_root")) + str(self.values.get("ann_file"))

    # Classes

    @property
    def stated_classes(self) -> tuple[str, Any]:
        """(where, value) of the classes as they are written; None where nothing says them."""
        key = "classes" if self.generation == 2 else "metainfo.classes"
        value = inside(self.values, key)
        if value is not None:
            return f"{self.where}.{key}", value
        found = self._class() if self._settled else None
        key = "CLASSES" if self.generation == 2 else "METAINFO.classes"
        return f"{self.type}.{key}", inside(found.values, key) if found else None

    @property
    def classes(self) -> Classes | None:
        """The classes; None where they are not known."""
        where, value = self.stated_classes
        if isinstance(value, str) and os.path.isfile(value):
            lines = read_file(Path(value)).decode("utf-8", "replace").splitlines()
            value = [line for line in lines if line]
        if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
            return Classes(tuple(value), len(value), where)
        if value is None and self._takes_its_own and self.type in _OWN_NUMBER:
            return Classes(None, _OWN_NUMBER[self.type], f"{self.type}, as no classes are given")
        return None

    @property
    def _takes_its_own(self) -> bool:
        """Whether it is known to be given no classes; mmdet 3 knows none by the old key CLASSES."""
        if self.generation == 2:
            return bool(self.stated("classes", "none") == "none")
        said = self.stated("metainfo", {})
        return isinstance(said, Mapping) and "classes" not in said

    def _class(self) -> Class | None:
        """The class, where an imported module's source has it."""
        if self.is_built_in:
            return None
        type_ = self.values.get("type")
        modules = [type_.module] if isinstance(type_, Imported) else imports(self._config)[0]
        for module in modules:
            found = find_module(module)
            if found and found.file:
                try:
                    held = module_values(found.file).get(self.type)
                except ParseError:
                    continue
                if isinstance(held, Class):
                    return held
        return None

    # Annotations

    def annotations(self) -> Annotations | None:
        """What its annotation files hold; None where they are not there, or of another kind.

        Raises:
            ParseError: one cannot be read.
        """
        ann_file, xml_folder = self.ann_file, self.subfolder("ann_subdir") if self.is_xml else None
        if not ann_file or not self.is_local or not os.path.isfile(ann_file):
            return None
        if not self.is_coco and xml_folder is None:
            return None
        known = self._config.read
        if (key := (ann_file, xml_folder)) not in known:
            known[key] = (
                _of_coco(Path(ann_file)) if xml_folder is None else _of_xmls(ann_file, xml_folder)
            )
        found: Annotations = known[key]
        return found

    def number_of_images(self) -> int | None:
        """Images that it lists; None where that is not known."""
        ann_file = self.ann_file
        if not ann_file or not self.is_local or not os.path.isfile(ann_file):
            return None
        if self.is_coco and (found := self.annotations()):
            return len(found.images)
        return len(_lines(ann_file)) if self.is_xml else None


def type_name(values: Mapping[str, Any]) -> str:
    """The `type` of a config without its scope; empty where it is not known."""
    type_ = values.get("type")
    return type_.rpartition(".")[2] if isinstance(type_, str) else ""


def datasets(config: Config, *splits: str) -> Iterator[Dataset]:
    """The datasets of a config's splits, of all three if none is named."""
    for split in splits or SPLITS:
        where = f"data.{split}" if config.generation == 2 else f"{split}_dataloader.dataset"
        for place, times, values in unwrapped(config.get(where), where):
            yield Dataset(config, split, place, times, values)


def imports(config: Config) -> tuple[list[str], bool]:
    """(modules of `custom_imports`, whether one that is missing is passed over)."""
    said = config.get("custom_imports.imports")
    modules = [said] if isinstance(said, str) else said if isinstance(said, (list, tuple)) else []
    lenient = config.get("custom_imports.allow_failed_imports") is True
    return [module for module in modules if isinstance(module, str)], lenient


def installed(generation: int) -> Path | None:
    """The folder of mmdetection, where this Python has that generation of it."""
    for package in ("mmdet", "onedl-mmdetection"):
        try:
            if version(package).startswith(f"{generation}."):
                module = find_module("mmdet")
                return module.folder if module else None
        except PackageNotFoundError:
            continue
    return None


def certainty(config: Config) -> Severity:
    """How grave it is that this Python lacks a module: another one may be that which trains."""
    return "error" if installed(config.generation) else "warning"


# Files ------------------------------------------------------------------------------------------


class _CocoImage(msgspec.Struct):
    id: Any = None
    width: float | None = None
    height: float | None = None


class _CocoAnnotation(msgspec.Struct):
    image_id: Any = None
    category_id: Any = None
    bbox: list[float] | None = None


class _CocoCategory(msgspec.Struct):
    id: Any = None
    name: str = ""


class _Coco(msgspec.Struct):
    images: list[_CocoImage] = []
    annotations: list[_CocoAnnotation] = []
    categories: list[_CocoCategory] = []


def _of_coco(path: Path) -> Annotations:
    data = to_utf8(read_file(path, MAX_COCO_BYTES), str(path))[0]
    content = decode_json(data, _Coco, str(path))
    names = {_hashable(category.id): category.name for category in content.categories}
    boxes: dict[Any, list[tuple[str | None, float, float]]] = {}
    for item in content.annotations:
        size = item.bbox[2:4] if item.bbox and len(item.bbox) == 4 else [0.0, 0.0]
        box = (names.get(_hashable(item.category_id)), size[0], size[1])
        boxes.setdefault(_hashable(item.image_id), []).append(box)
    return Annotations(
        [
            Marked(
                (image.width, image.height) if image.width and image.height else None,
                boxes.get(_hashable(image.id), []),
            )
            for image in content.images
        ],
        [category.name for category in content.categories],
    )


def _hashable(id_: Any) -> Any:
    return id_ if isinstance(id_, (int, str)) else str(id_)


def _of_xmls(listing: str, folder: str) -> Annotations:
    ids = [line for line in _lines(listing) if os.path.isfile(f"{folder}/{line}.xml")]
    return Annotations([_of_xml(Path(f"{folder}/{id_}.xml")) for id_ in ids], None)


def _of_xml(path: Path) -> Marked:
    root = parse_xml(read_file(path), str(path))
    boxes = []
    for item in root.iter("object"):
        x0, y0, x1, y1 = (_number(item.findtext(f"bndbox/{tag}")) for tag in BOUNDS)
        boxes.append((item.findtext("name"), x1 - x0, y1 - y0))
    width, height = (_number(root.findtext(f"size/{tag}")) for tag in ("width", "height"))
    return Marked((width, height) if width and height else None, boxes)


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _lines(path: str) -> list[str]:
    text = to_utf8(read_file(Path(path)), path)[0].decode("utf-8")
    return [line.rstrip("\r\n") for line in text.splitlines() if line.strip()]
