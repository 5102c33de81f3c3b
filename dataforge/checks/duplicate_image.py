"""An image whose file is the same as another's, byte by byte.

What: two image files of different names hold the same bytes. Files of different sizes are not
opened for it.

Why: it counts twice in training; if the two are marked differently, the detector is taught both;
if they end up in two splits, the evaluation flatters.

Example::

    images/0007.jpg
    images/0007 (copy).jpg

Fix: keep one of them, and its annotations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dataforge.checks import _base
from dataforge.checks._base import About, Data
from dataforge.checks._files import ImageFile
from dataforge.records import Finding, Image

SEVERITY = "warning"
IMAGES = True


class Check(_base.Check):
    """Remembers names by the size of the file; reads those of one size at the end."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.by_size: dict[int, dict[str, None]] = defaultdict(dict)

    def image(self, image: Image) -> Iterator[Finding]:
        if header := self.data.file(image).header:
            self.by_size[header.size_bytes][image.file_name] = None
        return iter(())

    def finish(self) -> Iterator[Finding]:
        for names in self.by_size.values():
            first: dict[bytes, str] = {}
            for name in names if len(names) > 1 else ():
                twin = first.setdefault(ImageFile(self.data.image_root, name).digest(), name)
                if twin != name:
                    message = f"holds the same bytes as {twin}"
                    yield self.finding(name, message, "keep one of the two, and its annotations")
