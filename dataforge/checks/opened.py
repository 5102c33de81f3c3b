"""The image files that checks look at, each opened on first use, and only once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dataforge.errors import InputError, ParseError
from dataforge.io import ImageHeader, Root, open_image, too_large

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

GREY = 32
"""Side, in pixels, of the thumbnail that is kept of an image."""


class ImageFile:
    """The file of an image.

    Attributes:
        name: path relative to the image root.
    """

    def __init__(self, root: Root, name: str) -> None:
        self._root = root
        self.name = name

    @property
    def exists(self) -> bool:
        """Whether it is there."""
        return self._root.exists(self.name)

    @cached_property
    def header(self) -> ImageHeader | None:
        """Its size, orientation, format and number of bytes; None if it is not a readable image."""
        try:
            return self._root.image_header(self.name)
        except ParseError:
            return None

    @property
    def fault(self) -> str:
        """Why its pixels cannot be decoded; empty if they can, or if there is no header.

        Raises:
            ParseError: it is too large to be decoded.
        """
        return self._decoded[1]

    @property
    def grey(self) -> npt.NDArray[np.float64] | None:
        """Its pixels as stored, reduced to 32 rows of 32 grey levels from 0 to 255.

        None if `header` is None, or if there is a `fault`.

        Raises:
            ParseError: it is too large to be decoded.
        """
        return self._decoded[0]

    @cached_property
    def _decoded(self) -> tuple[npt.NDArray[np.float64] | None, str]:
        import numpy as np
        from PIL import Image

        if self.header is None:
            return None, ""
        try:
            with self._root.open(self.name) as stream, open_image(stream) as image:
                if fault := too_large(image, reduced=True):
                    raise ParseError(self.name, "", fault)
                image.draft("L", (GREY, GREY))
                image.load()
                deep = image.mode.startswith(("I", "F"))
                small = image.convert("F" if deep else "L")
                small = small.resize((GREY, GREY), Image.Resampling.BOX)
        except InputError:  # also of a store that has gone
            raise
        except Exception as error:  # noqa: BLE001 Pillow raises anything for a broken file
            return None, str(error) or type(error).__name__
        # From the bytes: takes half as long as np.asarray, which matters for small images.
        levels = np.frombuffer(small.tobytes(), np.float32 if deep else np.uint8)
        grey = levels.reshape(GREY, GREY).astype(np.float64)
        if deep:
            grey = np.nan_to_num(grey - np.nanmin(grey))
            grey *= 255 / max(float(grey.max()), 1.0)
        return grey, ""
