"""Images without annotations."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.datasets import images_without_annotation
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.io import is_image


class Check(base.Check):
    """Compares the images of the annotations with those in the folder."""

    formats = ("coco", "voc")

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        if self.data.layout and self.data.format == "voc":
            yield from images_without_annotation(self.data.root, self.data.layout)
            return
        if self.data.root.only:
            return  # the other files of the folder may list them
        known = {seen.file_name for seen in whole.images}
        folders = {name.rpartition("/")[0] for name in known}
        rest = [
            name
            for name in self.data.image_root.files()
            if is_image(name) and name.rpartition("/")[0] in folders and name not in known
        ]
        if rest:
            message = (
                f"{plural(len(rest), 'image')} not listed in any COCO file (this is the first)"
            )
            remedy = "annotate them; list images without objects in `images`"
            yield self.finding(Place(rest[0]), message, remedy)
