"""Masks in files of their own: an image of the size of the picture, or of the mask's box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataforge import geometry
from dataforge.errors import ParseError
from dataforge.formats.drawn import Drawn, DrawnError
from dataforge.io import IMAGE_EXTENSIONS, Root, open_image, resolve, too_large
from dataforge.records import Box

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

_FOLDER = "Masks"
_MAX_PIXELS = 2**28
"""Pixels of all masks of one image, which take seconds: one file may be named by all objects."""

_CLOSE = 1.5
"""Pixels by which a mask may differ from the size of its box, whose edges are pixels of it."""


class MaskMissingError(Exception):
    """The file of a mask does not exist; the argument is its name."""


class MaskNotOpenedError(Exception):
    """The file of a mask cannot be opened; the message says why."""


class Masks:
    """Reads the masks of one image.

    Args:
        root: the folder.
        file: the annotation file.
        folder: of the image, as the file states it.
        size: (width, height) of the image, pixels.
    """

    def __init__(self, root: Root, file: str, folder: str, size: tuple[int, int]) -> None:
        self._root = root
        self._folders = [*dict.fromkeys(_folders(file, folder))]
        self._size = size
        self._left = _MAX_PIXELS
        self._runs = geometry.MAX_RUNS

    def read(self, name: str, box: Box | None) -> Drawn:
        """What a mask becomes.

        Args:
            name: of its file.
            box: around it, as stated.

        Raises:
            MaskMissingError: the file does not exist.
            MaskNotOpenedError: it cannot be opened.
            DrawnError: it cannot be used.
        """
        paths = (resolve(folder, name) for folder in self._folders)
        path = next((one for one in paths if one is not None and self._root.exists(one)), None)
        if path is None or not path.lower().endswith(IMAGE_EXTENSIONS):
            raise MaskMissingError(name)
        try:
            opened = self._root.open(path)
        except OSError as error:
            raise MaskNotOpenedError(
                f"the mask {path} cannot be opened: {error.strerror or error}"
            ) from error
        try:
            with opened as stream, open_image(stream) as image:
                if fault := too_large(image):
                    raise DrawnError(f"the mask {path} is {fault}")
                left, top = self._corner(image.size, box, path)
                self._left -= image.width * image.height
                if self._left < 0:
                    raise DrawnError("the masks of the image, with this one, are too large")
                pixels = _pixels(image)
        except (DrawnError, ParseError):
            raise
        except Exception as error:  # Pillow raises anything for a broken file
            raise DrawnError(f"the mask {path} cannot be read as an image") from error
        return self._drawn(pixels, left, top, path)

    def _drawn(self, pixels: npt.NDArray[np.bool_], left: int, top: int, path: str) -> Drawn:
        try:
            mask = geometry.mask_from_crop(pixels, left, top, self._size[::-1], self._runs)
        except geometry.TooLargeError as error:
            raise DrawnError(f"the mask {path} has {error} that are left for this image") from error
        self._runs -= len(mask.counts) // 2
        area = geometry.mask_area(mask)
        if not area:
            raise DrawnError(f"the mask {path} has no pixels in the image")
        return Drawn(geometry.mask_box(mask), area, mask)

    def _corner(self, size: tuple[int, int], box: Box | None, path: str) -> tuple[int, int]:
        """(left, top) of the first pixel of a mask of (width, height)."""
        if size == self._size:
            return 0, 0
        if box is not None:
            sides = box[2] - box[0], box[3] - box[1]
            if all(abs(a - b) <= _CLOSE for a, b in zip(size, sides, strict=True)):
                return int(box[0]), int(box[1])
        shown = "x".join(map(str, size))
        wanted = "x".join(map(str, self._size))
        raise DrawnError(f"the mask {path} has {shown} pixels, not {wanted} as the image")


def _pixels(image: Image) -> npt.NDArray[np.bool_]:
    """What is marked: all that is not transparent, or not black."""
    import numpy as np

    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        marked = np.asarray(image.convert("RGBA").getchannel("A")) > 0
    elif image.mode in ("1", "L", "I", "I;16", "F"):
        marked = np.asarray(image) > 0
    else:
        marked = np.asarray(image.convert("RGB")).any(axis=2)
    return np.asarray(marked, np.bool_)


def _folders(file: str, folder: str) -> list[str]:
    """Where masks may be: in the folder that mirrors that of the files, or beside a file."""
    home = file.rpartition("/")[0]
    parts = home.split("/") if home else []
    mirrored = ["/".join((*parts[:at], _FOLDER, *parts[at + 1 :])) for at in range(len(parts))]
    inside = resolve(_FOLDER, folder.replace("\\", "/")) if folder else None
    below = f"{home}/{_FOLDER}" if home else _FOLDER
    return [*mirrored, inside or _FOLDER, _FOLDER, below, home]
