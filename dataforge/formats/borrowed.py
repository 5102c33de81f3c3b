"""What is said of images that are found in another folder than that of their annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place


def image_borrowed(pairs: Sequence[tuple[Place, str]]) -> Iterator[Finding]:
    """The finding on images in another folder than that of their annotations.

    Args:
        pairs: (place of the annotations, image).
    """
    if pairs:
        place, image = pairs[0]
        more = f" ({plural(len(pairs), 'image')}, this is the first)" * (len(pairs) > 1)
        yield code("image-name-differs").at(
            place,
            f"has no image where it should be: {image} is used, the only one of that name{more}",
            "compare the images with their objects; converting writes them side by side",
        )
