"""A labelme file that holds another image than the file that it names.

What: ``imageData`` cannot be decoded; or it is of another size than the image file, after both
EXIF orientations are applied; or, both reduced to 32x32 grey pixels, they differ by more than 16 of
255 levels on average. The same bytes are not looked into.

Why: labelme shows the image that is inside the JSON, so the shapes were drawn on that, while the
detector is trained on the file: on another image, or on this one cropped, turned or resized.

Example: ``frames/0007.jpg`` was exported anew from the video, one frame later.

Fix: restore the file: remove it and convert with --extract-images, which takes what is inside.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import IO, Any

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.errors import ParseError
from dataforge.formats.labelme import embedded_image
from dataforge.io import MAX_IMAGE_PIXELS
from dataforge.records import Finding, Image

SEVERITY = "warning"
FORMATS = ("labelme",)
PIXELS = True

_SIDE = 32
_MOST_LEVELS = 16.0


class Check(_base.Check):
    """Compares bytes, then sizes, then pixels."""

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        if not document.labelme.has_image_data or not self.data.file(image).exists:
            return
        try:
            inside = embedded_image(self.data.root, document.name)
        except ParseError as error:
            fault = error.message
        else:
            fault = self._fault(inside, image.file_name)
        if fault:
            remedy = "restore the image that was marked; --extract-images takes it from the JSON"
            yield self.finding(document.name, fault, remedy, where="$.imageData")

    def _fault(self, inside: bytes, name: str) -> str:
        """What is wrong with the image that is held, or nothing."""
        with self.data.image_root.open(name) as stream:
            if stream.read(len(inside) + 1) == inside:
                return ""
            stream.seek(0)
            file = _looked_at(stream)
        held = _looked_at(io.BytesIO(inside))
        if held is None:
            return "is no image that can be decoded"
        if file is None:
            return ""  # another finding
        if held[0] != file[0]:
            sizes = [f"{width}x{height}" for width, height in (held[0], file[0])]
            return f"holds an image of {sizes[0]} pixels, but {name} has {sizes[1]}"
        differ = float(abs(held[1] - file[1]).mean())
        return f"shows another image than {name}" if differ > _MOST_LEVELS else ""


def _looked_at(stream: IO[bytes]) -> tuple[tuple[int, int], Any] | None:
    """((width, height) as shown, the image as 32x32 grey levels); None where it is no image."""
    import numpy as np
    from PIL import Image as PILImage
    from PIL import ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PILImage.open(stream) as image:
                if image.size[0] * image.size[1] > MAX_IMAGE_PIXELS:
                    return None
                shown = ImageOps.exif_transpose(image)
                small = shown.convert("L").resize((_SIDE, _SIDE), PILImage.Resampling.BOX)
                return shown.size, np.asarray(small, dtype=float)
    except Exception:  # noqa: BLE001 - what Pillow trips over in a broken file varies
        return None
