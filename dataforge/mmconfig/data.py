"""The datasets in a training config, and the content of their annotation files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from dataforge.errors import ParseError
from dataforge.findings import Severity
from dataforge.io import installed_versions, read_file
from dataforge.mmconfig.annotations import Annotations, lines_of, of_coco, of_xmls
from dataforge.mmconfig.config import Config
from dataforge.mmconfig.files import module_values
from dataforge.mmconfig.modules import find_module
from dataforge.mmconfig.registered import BUILT_IN
from dataforge.mmconfig.values import (
    Class,
    Imported,
    custom_imports,
    inside,
    is_complete,
    nested,
    type_name,
    unwrapped,
)

SPLITS = ("train", "val", "test")

_XML_CLASSES = ("VOCDataset", "XMLDataset")
_OWN_NUMBER = {"CocoDataset": 80, "VOCDataset": 20}  # classes if the config names none


class Classes(NamedTuple):
    """The classes of a dataset.

    Attributes:
        names: in the order of their labels; None if only their number is known.
        number: number of classes.
        where: where they are stated, in words.
    """

    names: tuple[str, ...] | None
    number: int
    where: str


class Dataset:
    """One dataset of a split, without wrappers such as RepeatDataset.

    Attributes:
        split: train, val or test.
        where: dotted path in the config.
        times: number of passes over it per epoch; 0 if unknown.
        values: the dataset's config.
        type: registered name of the class, without scope; empty if unknown.
        generation: mmdetection generation, 2 or 3.
    """

    def __init__(self, config: Config, split: str, where: str, times: int, values: Any) -> None:
        self._config = config
        self.split = split
        self.where = where
        self.times = times
        self.values: Mapping[str, Any] = values
        self.generation = config.generation
        self.type = type_name(values)
        self._settled = is_complete(values)

    @property
    def kind(self) -> str:
        """The class if it ships with mmdetection, else the first such class that it is made of."""
        name, seen = self.type, set[str]()
        found = self._class()
        while found is not None and name not in BUILT_IN[self.generation] and name not in seen:
            seen.add(name)
            name = next((base.rpartition(".")[2] for base in found.bases), "")
            held = self._siblings.get(name)
            found = held if isinstance(held, Class) else None
        return name if name in BUILT_IN[self.generation] else ""

    @property
    def is_built_in(self) -> bool:
        """Whether the class ships with mmdetection."""
        return self.type in BUILT_IN[self.generation]

    @property
    def is_coco(self) -> bool:
        """Whether the dataset reads one JSON file."""
        ann_file = self.values.get("ann_file")
        return isinstance(ann_file, str) and ann_file.lower().endswith(".json")

    @property
    def is_xml(self) -> bool:
        """Whether the dataset reads one XML file per image, in mmdetection's folder structure."""
        return not self.is_coco and (self.type in _XML_CLASSES or "ann_subdir" in self.values)

    def stated(self, key: str, default: Any) -> Any:
        """A setting of the dataset; `default` if it is not set, None if unknown."""
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
        """The parent folder of images and XML files; None if unknown."""
        if self.generation == 2:
            return self._joined(self.stated("img_prefix", ""))
        prefixes = self.stated("data_prefix", {})
        if not isinstance(prefixes, Mapping):
            return None
        if self.is_xml:  # mmdet 3 uses only `sub_data_root`, and does not join data_root to ''
            return self._joined(prefixes["sub_data_root"]) if "sub_data_root" in prefixes else ""
        return self._joined(prefixes.get("img", prefixes.get("img_path", "")))

    def subfolder(self, key: str) -> str | None:
        """The folder `img_subdir` or `ann_subdir` of an XML dataset; None if unknown."""
        default = {"img_subdir": "JPEGImages", "ann_subdir": "Annotations"}[key]
        value = self.stated(key, default if self.is_built_in else None)
        known = isinstance(value, str) and self.prefix is not None
        return os.path.join(self.prefix or "", value) if known else None

    def _joined(self, path: Any) -> str | None:
        root = self.stated("data_root", None)
        if not isinstance(path, str) or not (root is None or isinstance(root, str)):
            return None
        return os.path.join(root or "", path)

    @property
    def is_local(self) -> bool:
        """Whether the dataset is read from local files."""
        for key in ("file_client_args", "backend_args"):
            value = self.values.get(key)
            if value and inside(value, "backend") not in ("disk", "local"):
                return False
        return "://" not in str(self.values.get("data_root")) + str(self.values.get("ann_file"))

    # Classes

    @property
    def stated_classes(self) -> tuple[str, Any]:
        """(where, value) of the classes as written; the value is None if they are not stated."""
        key = "classes" if self.generation == 2 else "metainfo.classes"
        value = inside(self.values, key)
        if value is not None:
            return f"{self.where}.{key}", value
        found = self._class() if self._settled else None
        key = "CLASSES" if self.generation == 2 else "METAINFO.classes"
        return f"{self.type}.{key}", inside(found.values, key) if found else None

    @property
    def classes(self) -> Classes | None:
        """The classes; None if unknown."""
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
        """Whether the config certainly sets no classes; mmdet 3 ignores the old key CLASSES."""
        if self.generation == 2:
            return bool(self.stated("classes", "none") == "none")
        metainfo = self.stated("metainfo", {})
        return isinstance(metainfo, Mapping) and "classes" not in metainfo

    def _class(self) -> Class | None:
        """The dataset class, if the source of an imported module defines it."""
        held = None if self.is_built_in else self._siblings.get(self.type)
        return held if isinstance(held, Class) else None

    @cached_property
    def _siblings(self) -> Mapping[str, Any]:
        """The names in the module that defines the dataset class; empty if it is not known."""
        type_ = self.values.get("type")
        modules = [type_.module] if isinstance(type_, Imported) else imports(self._config)[0]
        for module in modules:
            found = find_module(module)
            if found and found.file and self.type in (names := self._module(found.file)):
                return names
        return {}

    def _module(self, file: Path) -> Mapping[str, Any]:
        """The names and values in a module's source; empty if they cannot be determined."""
        known = self._config.modules
        if file not in known:
            try:
                known[file] = module_values(file)
            except ParseError:
                known[file] = {}
        return known[file]

    # Annotations

    def annotations(self) -> Annotations | None:
        """The content of its annotation files; None if they are missing or of another format.

        Raises:
            ParseError: a file cannot be read.
        """
        ann_file, xml_folder = self.ann_file, self.subfolder("ann_subdir") if self.is_xml else None
        if not ann_file or not self.is_local or not os.path.isfile(ann_file):
            return None
        if not self.is_coco and xml_folder is None:
            return None
        known = self._config.read
        if (key := (ann_file, xml_folder)) not in known:
            known[key] = (
                of_coco(Path(ann_file)) if xml_folder is None else of_xmls(ann_file, xml_folder)
            )
        return known[key]

    def number_of_images(self) -> int | None:
        """Number of images in the dataset; None if unknown."""
        ann_file = self.ann_file
        if not ann_file or not self.is_local or not os.path.isfile(ann_file):
            return None
        if self.is_coco and (found := self.annotations()):
            return len(found.images)
        return len(lines_of(ann_file)) if self.is_xml else None


def datasets(config: Config, *splits: str) -> Iterator[Dataset]:
    """The datasets of the given splits of a config; all three splits if none is given."""
    for split in splits or SPLITS:
        where = f"data.{split}" if config.generation == 2 else f"{split}_dataloader.dataset"
        for place, times, values in unwrapped(config.get(where), where):
            yield Dataset(config, split, place, times, values)


def dataset_configs(config: Config) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(path, config) of all datasets, of the wrappers around them and of those inside."""
    for split in SPLITS:
        where = f"data.{split}" if config.generation == 2 else f"{split}_dataloader.dataset"
        yield from nested(config.get(where), where)


def is_mmdetections(config: Config, values: Mapping[str, Any]) -> bool:
    """Whether a type is looked up among mmdetection's own: another project may replace them."""
    type_ = values.get("type")
    if not isinstance(type_, str):
        return False
    scope, _, _ = type_.partition(".") if "." in type_ else ("", "", "")
    own = ("mmdet", "mmengine")
    if isinstance(type_, Imported) or config.generation == 2:
        return scope in ("", *own)
    return scope in own if scope else config.get("default_scope") in (None, *own)


def imports(config: Config) -> tuple[list[str], bool]:
    """(modules of `custom_imports`, whether missing ones are ignored)."""
    lenient = config.get("custom_imports.allow_failed_imports") is True
    return custom_imports(config.values), lenient


def installed(generation: int) -> Path | None:
    """The folder of mmdetection, if this Python has the given generation installed."""
    versions = installed_versions(["mmdet", "onedl-mmdetection"])
    if any(version.startswith(f"{generation}.") for version in versions.values()):
        module = find_module("mmdet")
        return module.folder if module else None
    return None


def certainty(config: Config) -> Severity:
    """Severity of a module missing in this Python: training may use a different Python."""
    return "error" if installed(config.generation) else "warning"
