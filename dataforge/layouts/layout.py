"""`Layout`: folders of images, annotations and split lists, and the box coordinate convention.

A layout is declared (in a TOML file, or one shipped in templates/layouts/), or inferred from the
folder by `dataforge.datasets.find_layout`, which also gives the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from dataforge.geometry import Coords
from dataforge.io import IMAGE_EXTENSIONS, last_part, stem
from dataforge.layouts.paths import below, join

CoordsChoice: TypeAlias = Literal["auto", "voc", "mmdet", "zero"]
Difficult: TypeAlias = Literal["keep", "ignore", "drop"]

SPLIT_NAMES = {
    "train": "train", "training": "train", "trn": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test", "tst": "test",
    "trainval": "trainval",
}  # fmt: skip
"""Name of a split file or folder -> name of the split in dataforge."""


OWN_LAYOUT = "layout.toml"
"""A file of this name in a dataset's folder declares the layout of the folder."""

SPLIT_ORDER = ("train", "val", "test", "trainval")


class Layout(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The structure of a folder of images with one XML file each, or with COCO files.

    Attributes:
        format: `voc` (XML) or `coco`.
        name: name of the dataset, if it is well known.
        also_known_as: other names of the dataset.
        images: folder of the images, relative to the root; ``{split}`` is replaced by the split's
                folder, ``*`` matches any folders. A ``*`` in both folders matches the same in both
                (``*/images`` and ``*/xml``: one pair per camera); with a ``*`` in only one of them,
                images and XML files are matched by file name alone. With a second one in only one
                of them (``*/images/*`` and ``*/xml``), they are matched by file name within the
                folders that the first one matches.
            annotations: folder of the XML files, in the same form.
            splits: split -> the file that lists its ids (voc), or its JSON file (coco); with
                ``{split}`` folders, the folder's name. A ``*`` matches any folders.
            split_images: split -> folder of its images, where that is not `images`.
            extensions: image extensions, lower case; the first one for which a file exists is used.
            lookup: find an image by its annotation's `id` or by the XML's `filename`.
            coords: convention of the XML's boxes (`dataforge.geometry.COORDS_OFFSETS`).
            coords_default: convention for `auto` if the boxes do not decide it.
            difficult: objects marked difficult are trained on (`keep`), passed to mmdet as boxes to
                `ignore`, or left out (`drop`).
            classes: class names in the order of their ids; None uses every label, sorted.
            aliases: class -> other spellings.
            skip: labels that do not denote an object.
            ignore_case: compare labels case-folded.
    """

    format: Literal["voc", "coco"] = "voc"
    name: str = ""
    also_known_as: tuple[str, ...] = ()
    images: str = "JPEGImages"
    annotations: str = "Annotations"
    splits: dict[str, str] = {}
    split_images: dict[str, str] = {}
    extensions: tuple[str, ...] = IMAGE_EXTENSIONS
    lookup: Literal["id", "filename"] = "id"
    coords: CoordsChoice = "auto"
    coords_default: Coords = "zero"
    difficult: Difficult = "keep"
    classes: tuple[str, ...] | None = None
    aliases: dict[str, list[str]] = {}
    skip: tuple[str, ...] = ()
    ignore_case: bool = False

    def folders(self, split: str) -> tuple[str, str]:
        """(images, annotations) of one split, relative to the root."""
        folder = self.splits.get(split, split)
        images = self.split_images.get(split, self.images)
        return images.replace("{split}", folder), self.annotations.replace("{split}", folder)

    @property
    def per_split(self) -> bool:
        """Whether each split has its own folders instead of a list of ids."""
        return "{split}" in self.images + self.annotations

    @property
    def by_name(self) -> bool:
        """Whether an image and its XML file share only the file name, not all folders."""
        return self.images.count("*") != self.annotations.count("*")

    @property
    def has_common_star(self) -> bool:
        """Whether a ``*`` matches the same folders of images and XML files."""
        return "*" in self.images and "*" in self.annotations

    def annotation_ids(self, split: str, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(id, path) of each XML file in the split's folder.

        The id is the path without extension, relative to the folder, or to the root if the folder
        contains a ``*``.
        """
        folder = self.folders(split)[1]
        for path in paths:
            if path[-4:].lower() == ".xml" and (parts := below(folder, path)) is not None:
                yield stem(path if "*" in folder else parts[1]), path

    def image_key(self, split: str, path: str) -> str | None:
        """The key that matches an image's path to its id (see `key_of_id`), or None."""
        images, annotations = self.folders(split)
        parts = below(images, path)
        if parts is None:
            return None
        if self.by_name:
            return self._key_of_name(parts)
        if "*" in images:
            return join(annotations.replace("*", parts[0] or "."), stem(parts[1]))
        return stem(parts[1])

    def _key_of_name(self, parts: tuple[str, str]) -> str:
        """The key of an image or XML file that are matched by name, given `below`."""
        name = last_part(stem(parts[1]))
        return join(parts[0], name) if self.has_common_star else name

    def image_place(self, split: str, path: str) -> tuple[str, str]:
        """(folder, id in it) in which to look for the image of an XML file."""
        images, annotations = self.folders(split)
        star, inner = below(annotations, path) or ("", path)
        if self.by_name:
            if self.has_common_star:
                images = images.replace("*", star or ".", 1)
            return join(images.split("*")[0]), last_part(stem(path))
        return join(images.replace("*", star or ".")), stem(inner)

    def image_id(self) -> tuple[str, str] | None:
        """(regular expression, replacement) from an annotation id to its image id, or None.

        If they are matched by name in the folders of a ``*``, `image_name` makes the same of the
        path of an image.
        """
        if self.by_name:
            return _name_in(self.annotations) if self.has_common_star else None
        if "*" not in self.images:
            return None
        images, annotations = (
            folder.split("*", 1)[1].strip("/") for folder in (self.images, self.annotations)
        )
        if annotations:
            return f"(^|/){re.escape(annotations)}/", rf"\g<1>{images}/" if images else r"\g<1>"
        return "([^/]+)$", rf"{images}/\g<1>"

    def image_name(self) -> tuple[str, str] | None:
        """(regular expression, replacement) from an image's path to its image id, or None."""
        return _name_in(self.images) if self.by_name and self.has_common_star else None

    def key_of_id(self, split: str, id_: str) -> str:
        """The key that matches an id to its image's path."""
        if not self.by_name:
            return id_
        parts = below(self.folders(split)[1], id_) if self.has_common_star else None
        return self._key_of_name(parts) if parts else last_part(id_)


def _name_in(folder: str) -> tuple[str, str]:
    """From a path without extension to the folders that ``*`` matches, and the file name."""
    after = folder.split("*", 1)[1].removesuffix("/*").strip("/")
    if not after:  # the file's own folder
        return "^(?:(.+)/)?([^/]+)$", r"\g<1>/\g<2>"
    return f"^(?:(.+?)/)?{re.escape(after)}/(?:.+/)?([^/]+)$", r"\g<1>/\g<2>"
