"""The images that files name, which may be elsewhere, or called otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

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
        owner: of a file and an image, the other file that is nearer to the image and names it from
            its own folder; None if there is none.
    """

    def __init__(
        self,
        root: Root,
        missing: Literal["keep", "skip"],
        *,
        is_given: bool,
        looked_for: bool,
        owner: Callable[[str, str], str | None],
    ) -> None:
        self._root = root
        self._is_given = is_given
        self._looked_for = looked_for
        self._missing = missing
        self._owner = owner
        self.meant: set[str] = set()
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
            found = msgspec.structs.replace(
                found, others=others | found.others, unclear=more.unclear | found.unclear
            )
        return found

    def _by_names(self, file: str, names: Sequence[str]) -> FoundImages:
        return self._images.in_root(names) if self._is_given else self._images.of(file, names)

    def placed(
        self, found: FoundImages, entries: Iterable[Entry]
    ) -> tuple[list[tuple[str, Entry]], list[Finding]]:
        """([(path of the image, entry)] of those that can be read, findings)."""
        usable: list[tuple[str, Entry]] = []
        findings: list[Finding] = []
        borrowed: list[tuple[Entry, str]] = []
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
                self.meant.add(path)
                findings.append(too_many_objects(entry.place, entry.objects))
                continue
            usable.append((path, entry))
            if _is_elsewhere(entry, path):
                borrowed.append((entry, path))
        return usable, [*findings, *_borrowed(borrowed)]

    def _path(self, found: FoundImages, entry: Entry) -> tuple[str | None, list[Finding]]:
        """(the path of an entry's image, None if it is not read; findings)."""
        first: str | None = None
        owned = ""
        for written in (entry.name, *entry.also):
            inside = resolve("", path_of_url(written))
            path = found.prefix + inside if inside else None
            if (owned := self._owned(entry, inside, path, found.others.get(written))) != "":
                first = _folder(entry.place.file) + inside if inside else None
                break
            if path is not None and (path in self._images.names or not self._looked_for):
                return path, []
            if (other := found.others.get(written)) is not None:
                return other, [] if inside else [_outside(entry, written, other)]
            if path is not None and self._root.exists(path):
                return path, []
            first = first or path
        if first is None:
            return None, [_outside(entry, entry.name)]
        missing = f"{entry.name} does not exist{owned}" if owned else f"{first} does not exist"
        unknown, remedy = ", so its size is unknown", "restore it"
        if not owned and (unclear := self._unclear(found, entry)):
            self.meant.update(unclear)
            missing = f"{missing}, and {_could_be(unclear)}"
            unknown, remedy = "", "write the name of the image as it is"
        if self._missing == "keep" and entry.size is not None:
            return first, [code("image-missing").at(entry.place, missing, remedy)]
        why = f"{missing}: skipped as requested" if entry.size else f"{missing}{unknown}"
        remedy = f"{remedy}, or name its folder with --image-dir"
        return None, [lost("image-missing", entry, why, remedy)]

    def _unclear(self, found: FoundImages, entry: Entry) -> Sequence[str]:
        """The images that the names of an entry can mean."""
        names = (name for name in (entry.name, *entry.also) if name in found.unclear)
        return found.unclear[name] if (name := next(names, None)) is not None else ()

    def _owned(self, entry: Entry, inside: str | None, path: str | None, other: str | None) -> str:
        """Says that the image which an entry would have is another's; empty if it is not."""
        image = path if path in self._images.names else other
        file = entry.place.file
        if image is None or self._is_given:
            return ""
        folder = _folder(file)
        if inside is not None and image.startswith(folder) and f"/{image}".endswith(f"/{inside}"):
            return ""
        owner = self._owner(file, image)
        return "" if owner is None else f", and {image} is that of {owner}"


def _could_be(images: Sequence[str]) -> str:
    """Says which images a name can mean."""
    if len(images) == 1:
        return f"{images[0]} could be meant, but by another name as well"
    if len(images) == 2:
        return f"{images[0]} or {images[1]} could be meant"
    return f"{plural(len(images), 'image')} could be meant, {images[0]} and {images[1]} among them"


def _folder(name: str) -> str:
    """The folder of a file, with a slash; "" for the root."""
    before, slash, _ = name.rpartition("/")
    return before + slash


def _is_elsewhere(entry: Entry, path: str) -> bool:
    """Whether an image is in a folder of another name than the one written."""
    parts = entry.name.replace("\\", "/").split("/")[:-1]
    if not parts or parts[-1] in ("", ".", "..") or resolve("", path_of_url(entry.name)) is None:
        return False
    if "://" in entry.name or _folder(path) == _folder(entry.place.file):
        return False
    last = _folder(path).rstrip("/").rpartition("/")[2]
    return last.casefold() != unquote(parts[-1]).casefold()


def _borrowed(found: Sequence[tuple[Entry, str]]) -> Iterator[Finding]:
    """The finding on images that are in other folders than those written."""
    if found:
        entry, path = found[0]
        more = f", and {plural(len(found) - 1, 'more image')}" if len(found) > 1 else ""
        yield code("image-name-differs").at(
            entry.place,
            f"{entry.name} does not exist: {path} of another folder is used{more}",
            "check that it is this image; otherwise restore the one that is named",
            severity="warning",
            count=len(found),
        )


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
