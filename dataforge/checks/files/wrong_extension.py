"""An image whose extension does not match its format."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.findings import Finding, Place
from dataforge.io import stem
from dataforge.records import Image

_FORMATS = {
    ".bmp": ("BMP", "DIB"),
    ".jpeg": ("JPEG", "MPO"),
    ".jpg": ("JPEG", "MPO"),
    ".png": ("PNG",),
    ".tif": ("TIFF",),
    ".tiff": ("TIFF",),
    ".webp": ("WEBP",),
}


class Check(base.Check):
    """Looks at each image's header."""

    def image(self, image: Image) -> Iterator[Finding]:
        header = self.data.file(image).header
        extension = image.file_name[len(stem(image.file_name)) :]
        wanted = _FORMATS.get(extension.lower())
        if header and wanted and header.format not in wanted:
            message = f"has the extension {extension}, but is a {header.format}"
            remedy = "rename the file, or convert it"
            yield self.finding(Place(image.file_name), message, remedy)
