"""Images that nothing is said of.

What: images lie in the folders that the layout names, without an XML file; or beside images that a
COCO file lists, and no COCO file lists them.

Why: they are neither trained on nor evaluated on. If they were marked, the annotations are lost; if
they show nothing, they could serve as background.

Example: ``JPEGImages/0007.jpg`` without ``Annotations/0007.xml``.

Fix: mark them. For one that shows nothing: an XML file without objects, an entry in ``images``.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.base import About, Data
from dataforge.errors import plural
from dataforge.inspect import without_annotation
from dataforge.io import is_image
from dataforge.records import Finding, Image

SEVERITY = "note"
FORMATS = ("coco", "voc")


class Check(_base.Check):
    """Compares the images that are known with those that are there."""

    def __init__(self, about: About, data: Data) -> None:
        super().__init__(about, data)
        self.known: set[str] = set()
        self.folders: set[str] = set()

    def image(self, image: Image) -> Iterator[Finding]:
        if self.data.format == "coco":
            self.known.add(image.file_name)
            self.folders.add(image.file_name.rpartition("/")[0])
        return iter(())

    def finish(self) -> Iterator[Finding]:
        if self.data.layout and self.data.format == "voc":
            yield from without_annotation(self.data.root, self.data.layout)
            return
        if self.data.root.one_json:
            return  # the others may list them
        rest = [
            name
            for name in self.data.image_root.files()
            if is_image(name) and name.rpartition("/")[0] in self.folders and name not in self.known
        ]
        if rest:
            message = f"{plural(len(rest), 'image')} in no COCO file (this is the first): not used"
            remedy = "list them in images, without annotations, if they are meant to show nothing"
            yield self.finding(rest[0], message, remedy)
