"""What is said of images that are found in another folder than that of their annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place


def image_borrowed(pairs: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    """The finding on label files whose images are in another folder.

    Args:
        pairs: (label file, its image).
    """
    if pairs:
        label, image = pairs[0]
        more = f" ({plural(len(pairs), 'file')}, this is the first)" * (len(pairs) > 1)
        yield code("image-name-differs").at(
            Place(label),
            f"has no image beside it: {image} is used, the only one of that name{more}",
            "compare the images with their objects; converting writes them side by side",
        )
