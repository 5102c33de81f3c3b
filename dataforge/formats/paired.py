"""Which image an annotation file is about: there is one file for each image, in any usual place.

a/x.jpg  a/x.json                       side by side
Images/a/x.jpg  Annotations/a/x.xml     in folders that mirror each other
b/x.jpg  a/x.json                       the only image of that name, which no other file is
                                        nearer to
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from dataforge.io import Root, is_image, last_part, resolve, stem
from dataforge.layouts import by_last_part, path_of_url, shared_folders

_IMAGES = re.compile(r"images?|imgs?|pictures?|jpegimages", re.IGNORECASE)
_LABELS = re.compile(r"annotations?|annos?|labels?|jsons?|xmls?", re.IGNORECASE)

_MOST = 1_000
"""Images of one name, of which none is taken if there are more."""


class Paired(NamedTuple):
    """The image of a file.

    Attributes:
        path: of it; where it would be if it is missing; empty if its name leaves the root.
        exists: whether it is there.
        is_borrowed: whether it is in another folder than where it should be.
        leaves: whether its name leaves the root, so that it was looked for by that of the file.
    """

    path: str
    exists: bool = True
    is_borrowed: bool = False
    leaves: bool = False


class PairedImages:
    """The images of a folder.

    Args:
        root: the folder of the annotation files.
        image_dir: the folder of the images, if it was named.
        endings: of the annotation files' names, lower case.
    """

    def __init__(self, root: Root, image_dir: str | None, endings: tuple[str, ...]) -> None:
        self.root = root.other(image_dir) if image_dir else root
        self._labels = root
        self._is_given = bool(image_dir)
        self._endings = endings

    def __getstate__(self) -> dict[str, Any]:
        indexes = ("_images", "_by_key", "_by_last", "_files", "_folders")
        return {name: value for name, value in self.__dict__.items() if name not in indexes}

    def find(self, file: str, names: Sequence[str]) -> Paired:
        """The image of an annotation file.

        Args:
            file: its path.
            names: of its image as written, the best first; paths are relative to any folder.
        """
        home = file.rpartition("/")[0]
        inside = [name for name in map(path_of_url, names) if resolve(home, name) is not None]
        leaves = bool(names) and not inside
        own = stem(last_part(file))
        if not self.root.lists:
            return Paired(resolve(home, inside[0] if inside else f"{own}.jpg") or "")
        lasts = [re.split(r"[\\/]", name)[-1] for name in inside]
        for name in (*inside, *lasts):
            if (found := self._at(file, name)) is not None:
                return Paired(found)
        if (found := self._paired(file, [*lasts, own])) is not None:
            return Paired(found, leaves=leaves)
        if (found := self._elsewhere(file, dict.fromkeys((*map(stem, lasts), own)))) is not None:
            return Paired(found, is_borrowed=not self._is_given, leaves=leaves)
        expected = "" if leaves else self._expected(file, (*inside, f"{own}.jpg")[0])
        return Paired(expected, exists=False, leaves=leaves)

    def guess(self, file: str) -> str | None:
        """The image that a file most likely has, by its name alone."""
        return self._paired(file, [stem(last_part(file))])

    def without_file(self, used: set[str | None]) -> list[str]:
        """The images, other than these, in the folders in which these are."""
        folders = {image.rpartition("/")[0] for image in used if image}
        rest = (image for image in sorted(self._images) if image not in used)
        return [image for image in rest if image.rpartition("/")[0] in folders]

    def _at(self, file: str, name: str) -> str | None:
        """The image at a path that is relative to the file's folder or, if it has folders of its
        own, to one above; below a folder that was named, also to one that mirrors the file's."""
        home = file.split("/")[:-1]
        above = range(len(home), -1 if "/" in name else len(home) - 1, -1)
        for folder in (home[:depth] for depth in above):
            path = resolve("/".join(folder), name)
            if path in self._images:
                return path
        for folder in (home[depth:] for depth in range(len(home) + 1)) if self._is_given else ():
            path = resolve("/".join(folder), name)
            if path in self._images:
                return path
        return None

    def _paired(self, file: str, lasts: Iterable[str]) -> str | None:
        """The image beside a file, or in the folder that mirrors its own.

        Args:
            file: its path.
            lasts: names of the image without folders, with an extension or without.
        """
        home = file.rpartition("/")[0]
        for last in lasts:
            own = stem(last) if is_image(last) else last
            path = f"{home}/{own}" if home else own
            found = self._by_key.get(path) or self._by_key.get(_key(path, _LABELS), [])
            if found:
                return next((one for one in found if last_part(one) == last), found[0])
        return None

    def _elsewhere(self, file: str, stems: Iterable[str]) -> str | None:
        """The only image of a name, which no other file of that name is nearer to."""
        for last in stems:
            images = self._by_last.get(last, [])
            if not images or len(images) > _MOST:
                continue
            shared = {image: shared_folders(file, image) for image in images}
            nearest = [image for image in images if shared[image] == max(shared.values())]
            others = (other for other in self._files.get(last, ()) if other != file)
            if len(nearest) == 1 and (
                self._is_given
                or not any(shared_folders(one, nearest[0]) >= shared[nearest[0]] for one in others)
            ):
                return nearest[0]
        return None

    def _expected(self, file: str, name: str) -> str:
        """Where an image would be that is missing."""
        home = file.rpartition("/")[0]
        place = self._folders.get(_key(f"{home}/x".lstrip("/"), _LABELS).rpartition("/")[0], home)
        return resolve(place, name) or name

    @cached_property
    def _images(self) -> frozenset[str]:
        return frozenset(filter(is_image, self.root.files()))

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        """Path without extension, in which the folder of images has a common name -> the images."""
        found: dict[str, list[str]] = {}
        for image in sorted(self._images):
            for key in dict.fromkeys((stem(image), _key(stem(image), _IMAGES))):
                found.setdefault(key, []).append(image)
        return found

    @cached_property
    def _by_last(self) -> dict[str, list[str]]:
        """Name without folders and extension -> the images."""
        found: dict[str, list[str]] = {}
        for image in sorted(self._images):
            found.setdefault(last_part(stem(image)), []).append(image)
        return found

    @cached_property
    def _files(self) -> dict[str, list[str]]:
        """Name without folders and extension -> the annotation files."""
        names = (one for one in self._labels.files() if one.lower().endswith(self._endings))
        return {stem(last): own for last, own in by_last_part(names).items()}

    @cached_property
    def _folders(self) -> dict[str, str]:
        """Folder, in which that of images has a common name -> the folder."""
        folders = dict.fromkeys(image.rpartition("/")[0] for image in sorted(self._images))
        return {_key(f"{one}/x".lstrip("/"), _IMAGES).rpartition("/")[0]: one for one in folders}


def _key(path: str, folder: re.Pattern[str]) -> str:
    """A path in which the first folder of images, or of annotations, has a common name."""
    *folders, last = path.split("/")
    for at, one in enumerate(folders):
        if folder.fullmatch(one):
            folders[at] = "*"
            break
    return "/".join((*folders, last))
