"""The images that files name, which may be elsewhere, or called otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import too_many_objects
from dataforge.io import MAX_OBJECTS, Root, resolve
from dataforge.layouts import CocoImages, FoundImages, path_of_url


class Entry(NamedTuple):
    """What a file says of one image.

    Attributes:
        name: of the image, as written.
        place: of the entry.
        objects: number of them, which are lost if the image cannot be used.
        content: what the format makes the objects of; picklable.
        size: (width, height) in pixels as stated; None if it is not.
        also: other names by which the image may be found.
    """

    name: str
    place: Place
    objects: int
    content: Any
    size: tuple[int, int] | None = None
    also: tuple[str, ...] = ()


class EntryImages:
    """The images of entries.

    Args:
        root: the folder that image paths are relative to.
        is_given: whether it was named; otherwise they are looked for nearest their file.
        looked_for: whether the folder can be listed.
        missing: what to do with the objects of missing images.
    """

    def __init__(
        self, root: Root, missing: Literal["keep", "skip"], *, is_given: bool, looked_for: bool
    ) -> None:
        self._root = root
        self._is_given = is_given
        self._looked_for = looked_for
        self._missing = missing
        self._images = CocoImages(root.files() if looked_for else [], lambda _: False)

    def of(self, file: str, entries: Sequence[Entry]) -> FoundImages:
        """Where the images of a file are, relative to the image root."""
        if not self._looked_for:
            return FoundImages()
        rest = [(one.name, *one.also) for one in entries if one.name]
        found = self._by_names(file, [names[0] for names in rest])
        # One after the other: of two names that can mean the same image, neither would be found.
        while rest := [
            names[1:]
            for names in rest
            if names[1:] and _found_at(self._images, found, names[0]) is None
        ]:
            more = self._by_names(file, [names[0] for names in rest])
            at = {names[0]: _found_at(self._images, more, names[0]) for names in rest}
            others = {name: path for name, path in at.items() if path is not None}
            found = msgspec.structs.replace(found, others=others | found.others)
        return found

    def _by_names(self, file: str, names: Sequence[str]) -> FoundImages:
        return self._images.in_root(names) if self._is_given else self._images.of(file, names)

    def placed(
        self, found: FoundImages, entries: Iterable[Entry]
    ) -> tuple[list[tuple[str, Entry]], list[Finding]]:
        """([(path of the image, entry)] of those that can be read, findings)."""
        usable: list[tuple[str, Entry]] = []
        findings: list[Finding] = []
        for entry in entries:
            if not entry.name:
                message = "expected the name of an image, got none"
                findings.append(lost("no-file-name", entry, message, "add the name of the image"))
                continue
            path, own = self._path(found, entry)
            findings += own
            if path is None:
                continue
            if entry.objects > MAX_OBJECTS:
                findings.append(too_many_objects(entry.place, entry.objects))
                continue
            usable.append((path, entry))
        return usable, findings

    def _path(self, found: FoundImages, entry: Entry) -> tuple[str | None, list[Finding]]:
        """(the path of an entry's image, None if it is not read; findings)."""
        first: str | None = None
        for written in (entry.name, *entry.also):
            inside = resolve("", path_of_url(written))
            path = found.prefix + inside if inside else None
            if path is not None and (path in self._images.names or not self._looked_for):
                return path, []
            if (other := found.others.get(written)) is not None:
                return other, [] if inside else [_outside(entry, written, other)]
            if path is not None and self._root.exists(path):
                return path, []
            first = first or path
        if first is None:
            return None, [_outside(entry, entry.name)]
        missing = f"{first} does not exist"
        if self._missing == "keep" and entry.size is not None:
            return first, [code("image-missing").at(entry.place, missing, "restore it")]
        why = (
            f"{missing}: skipped as requested"
            if entry.size
            else f"{missing}, so its size is unknown"
        )
        return None, [
            lost("image-missing", entry, why, "restore it, or name its folder with --image-dir")
        ]


def _found_at(images: CocoImages, found: FoundImages, written: str) -> str | None:
    """The path of the image that a name means; None if there is none."""
    inside = resolve("", path_of_url(written))
    if inside is not None and found.prefix + inside in images.names:
        return found.prefix + inside
    return found.others.get(written)


def where(file: str, found: FoundImages) -> Iterator[Finding]:
    """The finding on several folders in which the images of a file may be."""
    if found.alike:
        others = f"{found.alike[0]}{' and others' * (len(found.alike) > 1)}"
        yield code("image-folder").at(
            Place(file),
            f"images of these names are in {found.prefix or './'} and in {others}: those in "
            f"{found.prefix or './'} are used",
            "name the folder with --image-dir",
            severity="warning",
        )


def lost(name: str, entry: Entry, message: str, remedy: str) -> Finding:
    """The finding on an entry whose objects are lost."""
    if entry.objects:
        message = f"{message}: {plural(entry.objects, 'object')} not converted"
    return code(name).at(entry.place, message, remedy, lost=entry.objects)


def _outside(entry: Entry, written: str, used: str = "") -> Finding:
    """The finding on a path that leads out of the image folder, though an image may be found."""
    message = f"{written!r} leaves the image folder"
    if used:
        return code("path-leaves-root").at(
            entry.place, f"{message}; {used} is used", severity="warning"
        )
    remedy = "make it relative to the image folder, or name that folder with --image-dir"
    return lost("path-leaves-root", entry, message, remedy)
