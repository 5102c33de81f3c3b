"""Which file an image or a frame is.

CVAT exports images in ``images/`` beside the XML file, in a project below a folder for each subset,
and the frames of a video as ``frame_000000.PNG``.
"""

from __future__ import annotations

import re
from collections import defaultdict

from dataforge.formats.cvat.meta import Task
from dataforge.io import Root, is_image, last_part, resolve, stem

_FRAME = re.compile(r"(.*?)(\d{1,12})")
_MOST = 1_000
"""Images of one name, of which none is taken if there are more."""

_WORDS = re.compile(r"(?:.*[^a-z])?(?:frames?|img|image|im)?[^a-z0-9]*", re.IGNORECASE)


class ImageFiles:
    """The images of a folder.

    Args:
        root: the folder.
    """

    def __init__(self, root: Root) -> None:
        self._names = {*filter(is_image, root.files())}
        self._by_last: dict[str, list[str]] = defaultdict(list)
        self._frames: dict[int, list[str]] = defaultdict(list)
        for name in sorted(self._names):
            last = last_part(name)
            self._by_last[last].append(name)
            found = _FRAME.fullmatch(stem(last))
            if found and _WORDS.fullmatch(found[1]):
                self._frames[int(found[2])].append(name)

    def named(self, file: str, name: str, subset: str) -> str | None:
        """The image that a file means; where it would be if it is missing, None outside the root.

        Args:
            file: the XML file.
            name: as it has it.
            subset: of the image, as it has it.
        """
        home = file.rpartition("/")[0]
        below = (f"images/{name}", f"images/{subset}/{name}", name, f"data/{name}")
        places = [resolve(home, one) for one in below]
        places += [resolve("", f"images/{name}"), resolve("", name)]
        if resolve(home, name) is None or not is_image(name):
            return None if resolve(home, name) is None else self._other(file, name)
        for place in places:
            if place in self._names:
                return place
        return self._other(file, name)

    def _other(self, file: str, name: str) -> str | None:
        """The only image whose path ends so, else the only one of that name."""
        wanted = resolve("", name) or name
        own = self._by_last.get(last_part(wanted), [])
        ending = [path for path in own[:_MOST] if path.endswith(f"/{wanted}")]
        for found in (ending, own):
            if len(found) == 1 and len(own) <= _MOST:
                return found[0]
        return resolve(file.rpartition("/")[0], name)

    @property
    def numbers(self) -> list[int]:
        """Those that images have as frames, in order."""
        return sorted(self._frames)

    def has(self, name: str) -> bool:
        """Whether there is such an image."""
        return name in self._names

    def frame(self, file: str, task: Task, number: int, *, alone: bool) -> str:
        """The file of a frame; where it would be if it is missing.

        Args:
            file: the XML file.
            task: of the frame.
            number: of the frame.
            alone: whether the file has no other task.
        """
        home = file.rpartition("/")[0]
        own = self._frames.get(number, [])
        if not alone:
            words = {re.sub(r"\W+", "_", word).lower() for word in (task.name, task.id) if word}
            own = [name for name in own if words & {*_folders(name)}]
        near = [name for name in own if name.startswith(f"{home}/" if home else "")]
        found = near or own
        if len(found) > 1:
            found = [name for name in found if last_part(name).lower().startswith("frame")]
        if len(found) == 1:
            return found[0]
        folder = f"images/{task.name or task.id}" if not alone else "images"
        folder = re.sub(r"[^\w/.-]+|\.\.", "_", folder)
        return f"{home}/{folder}/frame_{number:06}.png".lstrip("/")


def _folders(name: str) -> list[str]:
    return [re.sub(r"\W+", "_", part).lower() for part in name.split("/")[:-1]]
