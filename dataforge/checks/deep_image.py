"""Images whose levels of grey have more than 8 bits.

What: Pillow reads an image as 16 or 32 bits, or as floats, as cameras, microscopes and scanners
save them in PNG or TIFF. Told once, with their number. Colour of 16 bits is not seen.

Why: trainers want 8 bits and do not ask. OpenCV, which mmdetection reads images with, keeps the
upper 8 of 16: of a camera's 12 bits 16 levels are left, and the image is all but black. Pillow, in
a torchvision training, cuts off all that is above 255: it is all but white. Of floats OpenCV reads
nothing, and the training stops.

Example: a PNG of ``I;16`` from a thermal camera.

Fix: save the images anew with 8 bits, stretched the same way for all of them, and use the new ones
in training and afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.errors import plural
from dataforge.records import Finding, Image

SEVERITY = "warning"
IMAGES = True


class Check(_base.Check):
    """Looks at each image's header."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.deep: dict[str, str] = {}

    def image(self, image: Image) -> Iterator[Finding]:
        header = self.data.file(image).header
        if header and header.mode.startswith(("I", "F")):
            self.deep[image.file_name] = header.mode
        return iter(())

    def finish(self) -> Iterator[Finding]:
        for name, mode in [*self.deep.items()][:1]:
            yield self.finding(
                name,
                f"{plural(len(self.deep), 'image')} of more than 8 bits, this one of mode {mode}",
                "save them anew with 8 bits, stretched the same way for all of them",
            )
