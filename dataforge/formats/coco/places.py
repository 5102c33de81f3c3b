"""Where the images of COCO files are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from dataforge.errors import ParseError
from dataforge.formats.coco.names import image_names
from dataforge.formats.coco.options import Options
from dataforge.io import Root
from dataforge.layouts import CocoImages, FoundImages


class ImagePlaces:
    """Where the images of COCO files are.

    Args:
        root: the folder that is read.
        options: may name another one.

    Attributes:
        root: the folder that file names are relative to.
        looked_for: whether the images are searched for.

    Raises:
        InputError: the folder `options.image_dir` does not exist.
    """

    def __init__(self, root: Root, options: Options) -> None:
        self.root = root.other(options.image_dir) if options.image_dir else root
        self.looked_for = options.find_images and self.root.lists
        self._inferred = options.image_dir is None
        names = self.root.files() if self.looked_for else ()
        self._images = CocoImages(names, partial(_is_coco, self.root))

    def of(self, file: str, file_names: Sequence[str]) -> FoundImages:
        """Where the images of a COCO file are, relative to the root.

        Args:
            file: path of the COCO file, relative to the folder that is read.
            file_names: as written in it.
        """
        if not self.looked_for:
            return FoundImages()
        if not self._inferred:
            found = self._images.in_root(file_names)
        else:
            found = self._images.of(file, file_names)
        # Images in hidden folders are not listed.
        others = {
            name: path for name, path in found.others.items()
            if "://" in name or not self.exists(found.prefix + name)
        }  # fmt: skip
        return msgspec.structs.replace(found, others=others)

    def exists(self, name: str) -> bool:
        """Whether the image exists; also in hidden folders, which are not listed."""
        return name in self._images.names or self.root.exists(name)

    def is_upright(self, name: str) -> bool:
        """Whether an image has no EXIF rotation."""
        try:
            return self.root.image_header(name).orientation == 1
        except (ParseError, OSError):
            return False


def found_images(root: Root, name: str) -> FoundImages:
    """Where the images of one COCO file are.

    Args:
        root: the folder that contains it.
        name: its path in the folder.

    Raises:
        ParseError: it cannot be read.
    """
    return ImagePlaces(root, Options()).of(name, image_names(root, name) or [])


def images_below(root: Root, file_names: Sequence[str]) -> FoundImages:
    """Where images are in a folder that somebody has named for them."""
    return ImagePlaces(root, Options(image_dir=root.location)).of("", file_names)


def _is_coco(root: Root, name: str) -> bool:
    try:
        return image_names(root, name) is not None
    except ParseError:
        return False
