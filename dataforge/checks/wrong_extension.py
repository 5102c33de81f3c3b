"""An image whose name says another format than its content.

What: the file's extension is that of one format, and its content is of another.

Why: OpenCV and Pillow go by the content and read it; other tools go by the name, and stop or pass
over it: TensorFlow's decoders, web servers, some annotators. A PNG that is called ``.jpg`` has most
often been renamed in place of being saved anew, and may have an alpha channel or 16 bits.

Example: ``0007.jpg``, whose first bytes are those of a PNG.

Fix: rename the file, and its name in the annotations, or save it in the format that it says.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.io import stem
from dataforge.records import Finding, Image

SEVERITY = "warning"
IMAGES = True

_FORMATS = {
    ".bmp": ("BMP", "DIB"),
    ".jpeg": ("JPEG", "MPO"),
    ".jpg": ("JPEG", "MPO"),
    ".png": ("PNG",),
    ".tif": ("TIFF",),
    ".tiff": ("TIFF",),
    ".webp": ("WEBP",),
}


class Check(_base.Check):
    """Looks at each image's header."""

    def image(self, image: Image) -> Iterator[Finding]:
        header = self.data.file(image).header
        extension = image.file_name[len(stem(image.file_name)) :]
        wanted = _FORMATS.get(extension.lower())
        if header and wanted and header.format not in wanted:
            message = f"is called {extension}, and is a {header.format}"
            yield self.finding(image.file_name, message, "rename the file, or save it anew")
