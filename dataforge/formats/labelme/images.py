"""The image of a labelme file."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal

from dataforge.codes import code
from dataforge.errors import InputError, ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Part
from dataforge.formats.labelme.file import File, image_inside
from dataforge.io import Root, by_likeness, is_image, last_part, resolve, stem
from dataforge.layouts import by_last_part, shared_folders


class Images:
    """The images of a dataset, by name.

    Args:
        root: the folder that is read.
        image_root: the folder that image paths are relative to; None if it is the same.
        missing: what to do with the shapes of a missing image.
        extract: whether a missing image may be extracted from imageData.

    Raises:
        InputError: `image_root` does not contain `root`.
    """

    def __init__(
        self, root: Root, image_root: str | None, missing: Literal["keep", "skip"], extract: bool
    ) -> None:
        self.root, self._prefix = _image_root(root, image_root)
        self._missing = missing
        self._extract = extract
        self._labels = root

    def named(self, like: str) -> list[str]:
        """The images and labelme files whose names are `alike`."""
        return self._alike.get(like, [])

    @cached_property
    def _alike(self) -> dict[str, list[str]]:
        found = by_likeness(self._names)
        for last, stems in self._jsons.items():
            found.setdefault(last.casefold(), []).extend(f"{name}.json" for name in stems)
        return found

    def beside(self, name: str) -> str | None:
        """The image with the name of a labelme file, except for the extension."""
        self.root.trace.ask(name)
        return self._of_stem(self._prefix + stem(name))

    # Every worker has these names, so they are looked up in the sorted list, which the folder has
    # anyway; sets and dicts of them would take several times the memory.

    @property
    def _names(self) -> Iterator[str]:
        """All images, sorted."""
        return filter(is_image, self.root.files())

    def _is_listed(self, name: str) -> bool:
        """Whether it is one of the images."""
        if not is_image(name):
            return False
        names = self.root.files()
        index = bisect_left(names, name)
        return index < len(names) and names[index] == name

    def _of_stem(self, own: str) -> str | None:
        """The first image of a name, except for the extension."""
        names, begin = self.root.files(), f"{own}."
        for index in range(bisect_left(names, begin), len(names)):
            name = names[index]
            if not name.startswith(begin):
                break
            if is_image(name) and stem(name) == own:
                return name
        return None

    def not_among(self, used: set[str | None]) -> list[str]:
        """The images below the folder that is read, other than these."""
        rest = (name for name in self._names if name not in used)
        return [name for name in rest if name.startswith(self._prefix)]

    @cached_property
    def _jsons(self) -> dict[str, list[str]]:
        """Last part of a stem -> the labelme files, without extension; seldom needed, and large."""
        jsons = (name for name in self._labels.files() if name.lower().endswith(".json"))
        return by_last_part(self._prefix + stem(name) for name in jsons)

    @cached_property
    def _by_last_stem(self) -> dict[str, list[str]]:
        """Last part of a stem -> the images."""
        found: dict[str, list[str]] = {}
        for name in self._names:
            found.setdefault(last_part(stem(name)), []).append(name)
        return found

    def claimed(self, name: str, file: File) -> str | None:
        """The image beside a labelme file, of its name, where it names another one beside it.

        Usually the file was copied or renamed, and still has the path of the first image.
        """
        self.root.trace.ask(name)
        own = self._prefix + stem(name)
        beside = self._of_stem(own)
        folder = own.rpartition("/")[0]
        wanted = resolve(folder, file.head.image_path or "")
        self.root.trace.ask(wanted or "")
        if beside is None or wanted is None or stem(wanted) == own or not self._is_listed(wanted):
            return None
        return beside if wanted.rpartition("/")[0] == folder else None

    def find(self, name: str, file: File) -> Part[tuple[str | None, bool]]:
        """Returns (the image's name below the image root, None if its shapes are lost; whether it
        was found in another folder)."""
        own = self._prefix + stem(name)
        path = file.head.image_path or ""
        wanted = resolve(own.rpartition("/")[0], path) if path else None
        self.root.trace.ask(name)
        self.root.trace.ask(wanted or "")
        if wanted and self._is_image(wanted):
            return wanted, False
        if not path:
            fault, problem = "no-image-path", "has no imagePath"
        elif wanted is None:
            fault, problem = "path-leaves-root", f"{path!r} leaves the image folder"
        elif self.root.exists(wanted):
            fault, problem = "no-image-path", f"{path!r} is not an image"
            wanted = None
        else:
            fault, problem = "image-missing", f"{path!r} does not exist (looked for {wanted})"
        if (beside := self._of_stem(own)) is not None:
            yield _warning(fault, name, f"{problem}; {beside} beside the JSON is used")
            return beside, False
        if self._extract and _holds_image(name, file):
            if wanted is not None:
                return wanted, False
            extracted = own + (PurePosixPath(path).suffix if is_image(path) else ".jpg")
            yield _warning(fault, name, f"{problem}; its imageData is used, as {extracted}")
            return extracted, False
        if (elsewhere := self.elsewhere(name, file)) is not None:
            return elsewhere, True
        kept = wanted is not None and self._missing == "keep"
        number = plural(len(file.shapes), "shape")
        yield code(fault).at(
            Place(name, "$.imagePath"),
            f"{problem}: {number} {'kept' if kept else 'not converted'}",
            self._ways_to_an_image(own, path, wanted, file),
            lost=0 if kept else len(file.shapes),
            severity="error",
        )
        return (wanted if kept else None), False

    def elsewhere(self, name: str, file: File) -> str | None:
        """The only image in another folder that a labelme file can mean.

        It has the name of the file or of its imagePath, without the extension, and no other
        labelme file of that name is nearer to it.
        """
        own = self._prefix + stem(name)
        named = re.split(r"[\\/]", file.head.image_path or "")[-1]
        self.root.trace.ask(named)
        for last in dict.fromkeys((last_part(own), stem(named))):
            images = self._by_last_stem.get(last, [])
            shared = {image: shared_folders(own, image) for image in images}
            nearest = [image for image in images if shared[image] == max(shared.values())]
            others = (other for other in self._jsons.get(last, ()) if other != own)
            if len(nearest) == 1 and not any(
                shared_folders(other, nearest[0]) >= shared[nearest[0]] for other in others
            ):
                return nearest[0]
        return None

    def _is_image(self, name: str) -> bool:
        """Whether a file exists and is an image, by its extension or its content."""
        if self._is_listed(name):
            return True
        if not self.root.exists(name):
            return False
        try:
            return is_image(name) or self.root.image_size(name) is not None
        except (ParseError, OSError):
            return False

    def _ways_to_an_image(self, own: str, path: str, wanted: str | None, file: File) -> str:
        """What can be done if a file's image is not found."""
        ways = [f"put the image beside the JSON as {PurePosixPath(own).name}.jpg or similar"]
        if wanted is not None:
            ways.insert(0, "restore it")
            if self._missing == "keep":
                ways.append("skip its shapes with --missing-images skip")
        elif path:
            ways.append("name a folder above both with --image-dir")
        if not self._extract and len(file.head.image_data) > len("null"):
            ways.append("extract it from imageData with --extract-images --image-mode copy")
        return ", or ".join(ways)


def _image_root(root: Root, image_root: str | None) -> tuple[Root, str]:
    """The image folder, and the path of `root` in it ('' or 'a/b/')."""
    if image_root is None:
        return root, ""
    images = root.other(image_root)
    if images.remote or root.remote:
        inside = root.location.startswith(images.location.rstrip("/") + "/")
        relative = root.location[len(images.location) :].strip("/") if inside else ".."
    else:
        relative = os.path.relpath(os.path.realpath(root.location), os.path.realpath(image_root))
        relative = relative.replace(os.sep, "/")
    if relative.split("/")[0] == "..":
        raise InputError(f"--image-dir {image_root} does not contain {root.location}")
    return images, "" if relative in (".", "") else relative + "/"


def _warning(fault: str, name: str, message: str) -> Finding:
    return code(fault).at(Place(name, "$.imagePath"), message, severity="warning")


def _holds_image(name: str, file: File) -> bool:
    try:
        return bool(image_inside(file.head.image_data, name))
    except ParseError:
        return False
