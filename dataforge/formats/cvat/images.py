"""Which file an image or a frame is.

CVAT exports images in ``images/`` beside the XML file, in a project below a folder for each subset,
and the frames of a video as ``frame_000000.PNG``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from html import unescape
from typing import NamedTuple

from dataforge.errors import ParseError
from dataforge.formats.cvat.meta import Task
from dataforge.io import Root, is_image, last_part, resolve, stem

_FRAME = re.compile(r"(.*?)(\d{1,12})")
_MOST = 1_000
"""Images of one name, of which none is taken if there are more."""

_WORDS = re.compile(r"(?:.*[^a-z])?(?:frames?|img|image|im)?[^a-z0-9]*", re.IGNORECASE)


_BY_NAME, _OUTSIDE = 3, 4
"""How far an image is that has only its name in common with what is written, and one whose entry
leaves the root, as ``C:\\data\\a.jpg``."""

_ENTRY = re.compile(rb"<image\s([^>]{0,4000})>")
_ATTRIBUTE = re.compile(rb"\b(name|subset)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_HEAD = 4096
"""Bytes at the start of an XML file in which its first tag is."""


class Where(NamedTuple):
    """Where an image is.

    Attributes:
        path: of it; where it would be if it is missing.
        is_borrowed: whether it is in another folder than one where CVAT has it.
        leaves: whether its name leaves the root, so that it was looked for by the end of it.
    """

    path: str
    is_borrowed: bool = False
    leaves: bool = False


class ImageFiles:
    """The images of a folder.

    Args:
        root: the folder.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self._xml = [name for name in root.files() if name.lower().endswith(".xml")]
        self._names = {*filter(is_image, root.files())}
        self._by_last: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        self._frames: dict[int, list[str]] = defaultdict(list)
        for name in sorted(self._names):
            last = last_part(name)
            self._by_last[last].append(name)
            self._by_last[stem(last)].append(name)
            self._by_stem[stem(name)].append(name)
            found = _FRAME.fullmatch(stem(last))
            if found and _WORDS.fullmatch(found[1]):
                self._frames[int(found[2])].append(name)

    def named(self, file: str, name: str, subset: str) -> Where | None:
        """The image that a file means; None if the name leaves the root, and no image has its end.

        An image that another entry means more exactly is not taken.

        Args:
            file: the XML file.
            name: as it has it.
            subset: of the image, as it has it.
        """
        home = file.rpartition("/")[0]
        place = resolve(home, name)
        far, path = (
            (_OUTSIDE, self._ending(name)) if place is None else (self._reach(home, name, subset))
        )
        if not path or (far and self._is_disputed(path, far)):
            return None if place is None else Where(place)
        return Where(path, far == _BY_NAME, leaves=far == _OUTSIDE)

    def _reach(self, home: str, name: str, subset: str) -> tuple[int, str]:
        """(how far the name is from the image that it means, the image; empty if there is none)."""
        below = (f"images/{name}", f"images/{subset}/{name}", name, f"data/{name}")
        places = [(0, resolve(home, one)) for one in below]
        places += [(1, resolve("", f"images/{name}")), (1, resolve("", name))]
        for far, place in places:
            if place is not None and (found := self._at(place)):
                return far, found
        wanted = resolve("", name) or name
        own = self._by_last.get(last_part(wanted), [])
        if len(own) > _MOST:
            return 0, ""
        ends = f"/{wanted}"
        ending = [path for path in own if path.endswith(ends) or stem(path).endswith(ends)]
        if len(ending) == 1 and "/" in wanted:
            return 2, ending[0]
        return (_BY_NAME, own[0]) if len(own) == 1 else (0, "")

    def _ending(self, name: str) -> str:
        """The only image with the end of a name that leaves the root; empty if there is none."""
        parts = re.split(r"[\\/]+", name)[1:]
        own = self._by_last.get(parts[-1], []) if parts else []
        if not own or len(own) > _MOST:
            return ""
        deepest = 1 + max(path.count("/") for path in own)
        for at in range(max(len(parts) - deepest, 0), len(parts)):
            ends = "/" + "/".join(parts[at:])
            found = [path for path in own if f"/{path}".endswith((ends, ends + _extension(path)))]
            if found:
                return found[0] if len(found) == 1 else ""
        return ""

    def _at(self, place: str) -> str:
        """The image at a place, which may lack the end of its name; empty if there is none."""
        own = self._by_stem.get(place, [])
        return place if place in self._names else own[0] if len(own) == 1 else ""

    def _is_disputed(self, image: str, far: int) -> bool:
        """Whether an entry that is so far from an image is not the only one that can mean it."""
        nearest, whose = self._claims.get(image, (far, frozenset[str]()))
        return nearest < far or len(whose) > 1

    @cached_property
    def _claims(self) -> dict[str, tuple[int, frozenset[str]]]:
        """Image -> (how far its nearest entries are, whose they are)."""
        found: dict[str, tuple[int, frozenset[str]]] = {}
        for file in self._xml:
            home = file.rpartition("/")[0]
            for name, subset in self._entries(file):
                if resolve(home, name) is None:
                    far, path = _OUTSIDE, self._ending(name)
                else:
                    far, path = self._reach(home, name, subset)
                before, others = found.get(path, (far, frozenset[str]()))
                if path and far <= before:
                    own = {_who(far, home, name)}
                    found[path] = far, others | own if far == before else frozenset(own)
        return found

    def _entries(self, file: str) -> Iterator[tuple[str, str]]:
        """(name, subset) of the images of a file; of none if it is not CVAT's."""
        if not self._is_ours(file):
            return
        try:
            data = self._root.read_bytes(file)
        except ParseError:
            return
        for entry in _ENTRY.finditer(data):
            texts = {
                one[1]: unescape((one[2] or one[3] or b"").decode(errors="replace"))
                for one in _ATTRIBUTE.finditer(entry[1])
            }
            if name := texts.get(b"name"):
                yield name, texts.get(b"subset", "")

    def _is_ours(self, file: str) -> bool:
        try:
            return b"<annotations" in self._root.head(file, _HEAD)
        except (OSError, ParseError):
            return False

    @cached_property
    def _homes(self) -> set[str]:
        """The folders of XML files."""
        return {file.rpartition("/")[0] for file in self._xml if self._is_ours(file)}

    def _is_of(self, home: str, image: str) -> bool:
        """Whether no file in another folder is nearer to an image."""
        folder = image.rpartition("/")[0]
        while folder and folder not in self._homes:
            folder = folder.rpartition("/")[0]
        return folder == home or folder not in self._homes

    def other_videos(self, file: str) -> list[str]:
        """Other files of videos in the folder of a file: frames there may be of any of them."""
        home = file.rpartition("/")[0]
        return [one for one in self._videos if one.rpartition("/")[0] == home and one != file]

    @cached_property
    def _videos(self) -> list[str]:
        """The files of videos, if there are several XML files."""
        return [name for name in self._xml if len(self._xml) > 1 and self._is_video(name)]

    def _is_video(self, file: str) -> bool:
        try:
            head = self._root.head(file, _HEAD)
        except (OSError, ParseError):
            return False
        return b"<annotations" in head and b"<mode>interpolation</mode>" in head

    @property
    def numbers(self) -> list[int]:
        """Those that images have as frames, in order."""
        return sorted(self._frames)

    def has(self, name: str) -> bool:
        """Whether there is such an image."""
        return name in self._names

    def others(self, used: set[str], folders: set[str], trees: tuple[str, ...]) -> list[str]:
        """The images other than those used, in order.

        Args:
            used: the images.
            folders: in which they are looked for.
            trees: folders, with a slash, in which and below which they are looked for.
        """
        return [
            name
            for name in sorted(self._names - used)
            if name.rpartition("/")[0] in folders or name.startswith(trees)
        ]

    def frame(self, file: str, task: Task, number: int, *, alone: bool) -> Where:
        """The file of a frame, which none in another folder is nearer to.

        Args:
            file: the XML file.
            task: of the frame.
            number: of the frame.
            alone: whether the file has no other task.
        """
        home = file.rpartition("/")[0]
        own = [name for name in self._frames.get(number, []) if self._is_of(home, name)]
        if not alone:
            words = {re.sub(r"\W+", "_", word).lower() for word in (task.name, task.id) if word}
            own = [name for name in own if words & {*_folders(name)}]
        near = [name for name in own if name.startswith(f"{home}/" if home else "")]
        found = near or own
        if len(found) > 1:
            found = [name for name in found if last_part(name).lower().startswith("frame")]
        if len(found) == 1:
            return Where(found[0], not near and not found[0].startswith("images/"))
        folder = f"images/{task.name or task.id}" if not alone else "images"
        folder = re.sub(r"[^\w/.-]+|\.\.", "_", folder)
        return Where(f"{home}/{folder}/frame_{number:06}.png".lstrip("/"))


def _who(far: int, home: str, name: str) -> str:
    """Tells entries that may mean the same image from those that cannot."""
    return name if far < _BY_NAME else f"{home}/{name}"


def _extension(path: str) -> str:
    return path[len(stem(path)) :]


def _folders(name: str) -> list[str]:
    return [re.sub(r"\W+", "_", part).lower() for part in name.split("/")[:-1]]
