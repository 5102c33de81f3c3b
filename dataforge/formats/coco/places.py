"""Where the images of COCO files are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dataforge.errors import ParseError
from dataforge.formats.coco.options import Options
from dataforge.io import Root
from dataforge.layouts import by_last_part, folder_of_images


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
        self.looked_for = options.find_images
        self.root = root.other(options.image_dir) if options.image_dir else root
        self._inferred = options.image_dir is None
        self._names = set(self.root.files()) if self.looked_for else set()
        self._by_last = by_last_part(sorted(self._names))

    def prefix(self, file_names: Sequence[str], split: str) -> str:
        """The prefix of a COCO file's file names, relative to the folder that is read."""
        if not self.looked_for or not self._inferred:
            return ""
        folder = folder_of_images(self._by_last, file_names, split)
        return "" if folder in (None, ".") else f"{folder}/"

    def exists(self, name: str) -> bool:
        """Whether the image exists; also in hidden folders, which are not listed."""
        return name in self._names or (not self.root.remote and self.root.exists(name))

    def is_upright(self, name: str) -> bool:
        """Whether an image has no EXIF rotation."""
        try:
            return self.root.image_header(name).orientation == 1
        except (ParseError, OSError):
            return False

    def by_its_name(self, file_name: str) -> str | None:
        """The only image whose name is the last part of a path, if there is one."""
        found = self._by_last.get(re.split(r"[\\/]", file_name)[-1], [])
        return found[0] if len(found) == 1 else None
