"""Additional findings of the strict reader, which `check` uses, on labelme files."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Context, Evidence, Found
from dataforge.formats.labelme.file import File, Head, has_image_data, image_inside, label_of
from dataforge.formats.labels import UNTIDY_LABEL, UntidyLabels
from dataforge.formats.sizes import no_stated_size, stated_size
from dataforge.io import Root, open_image, too_large

_DIALECT = "dialect"
_OLDEST, _NEWEST = 3, 7
_SIDE = 32
"""Side, in pixels, to which images are reduced before they are compared."""
_MOST_LEVELS = 16.0
"""Mean difference, of 255 levels, up to which two images count as the same."""


class Strict:
    """Checks one file after the other.

    Args:
        images: folder that image names are relative to.
        context: says which codes are wanted.
    """

    def __init__(self, images: Root, context: Context) -> None:
        self._images = images
        self._labels = UntidyLabels(context.resolver, ".label")
        self._compares = context.wants("image-data-differs")
        self._wants_version = context.wants("labelme-version")
        self._wants_size = context.wants("no-stated-size")
        self._wants_labels = context.wants(UNTIDY_LABEL)

    def of_file(
        self, name: str, data: bytes, file: File, image_name: str, size: tuple[int, int]
    ) -> Iterator[Finding | Evidence]:
        """The findings on a file.

        Args:
            name: of the file.
            data: the whole file, UTF-8.
            file: the same, parsed.
            image_name: of its image.
            size: (width, height) used for the image, pixels.
        """
        head = file.head
        if self._compares and has_image_data(head) and self._images.exists(image_name):
            yield from self._compare(name, head, image_name)
        if self._wants_version and (dialect := _dialect(head, data)):
            yield Evidence(_DIALECT, (dialect, name))
        if self._wants_size and stated_size(head.image_width, head.image_height) is None:
            yield no_stated_size(self._images, image_name, size, Place(name), "$.imageWidth")
        if self._wants_labels:
            labels = [*map(label_of, file.shapes)]
            yield from self._labels.in_file(labels, lambda at: Place(name, f"$.shapes[{at}]"))

    def finish(self, found: Found) -> Iterator[Finding]:
        """The findings when all files have been seen."""
        yield from self._labels.finish(found)
        dialects = found.get(_DIALECT, ())
        first: dict[str, str] = dict(reversed(dialects))
        for dialect, number in Counter(dialect for dialect, _ in dialects).items():
            yield code("labelme-version").at(
                Place(first[dialect], "$.version"),
                f"{plural(number, 'file')} {dialect} (this is the first), not tested",
                "check that all shapes were read",
            )

    def _compare(self, name: str, head: Head, image_name: str) -> Iterator[Finding]:
        """Whether the embedded image is the one that the file names."""
        try:
            inside = image_inside(head.image_data, name)
        except ParseError as error:
            fault = error.message
        else:
            fault = self._fault(inside, image_name)
        if fault:
            yield code("image-data-differs").at(
                Place(name, "$.imageData"),
                fault,
                "restore the image that was annotated; --extract-images extracts it from the JSON",
            )

    def _fault(self, inside: bytes, name: str) -> str:
        """What is wrong with the embedded image, if anything: bytes, then sizes, then pixels."""
        try:
            with self._images.open(name) as stream:
                if stream.read(len(inside) + 1) == inside:
                    return ""
                stream.seek(0)
                file = _thumbnail(stream)
        except (OSError, ParseError):
            file = None
        try:
            held = _thumbnail(io.BytesIO(inside))
        except ParseError as error:
            return f"contains an image that is {error.message}"
        if held is None:
            return "cannot be decoded as an image"
        if file is None:
            return ""  # reported elsewhere
        if held[0] != file[0]:
            sizes = [f"{width}x{height}" for width, height in (held[0], file[0])]
            return f"contains an image of {sizes[0]} pixels, but {name} has {sizes[1]}"
        differ = float(abs(held[1] - file[1]).mean())
        return f"contains a different image than {name}" if differ > _MOST_LEVELS else ""


def _thumbnail(stream: IO[bytes]) -> tuple[tuple[int, int], Any] | None:
    """((width, height) as displayed, 32x32 grey levels); None if it is not an image.

    Raises:
        ParseError: it is too large to decode.
    """
    import numpy as np
    from PIL import Image as PILImage
    from PIL import ImageOps

    try:
        with open_image(stream) as image:
            if fault := too_large(image):
                raise ParseError("", "", fault)
            shown = ImageOps.exif_transpose(image)
            small = shown.convert("L").resize((_SIDE, _SIDE), PILImage.Resampling.BOX)
            return shown.size, np.asarray(small, dtype=float)
    except ParseError:
        raise
    except Exception:  # noqa: BLE001 - Pillow raises anything for a broken file
        return None


def _dialect(head: Head, data: bytes) -> str:
    """What is unusual about the program that wrote a file, if anything."""
    first = str(head.version).split(".")[0]
    major = int(first) if first.isascii() and first.isdecimal() and len(first) < 10 else None
    # X-AnyLabeling, whose versions start at 0 again, has keys that labelme lacks.
    if b'"kie_linking"' in data or ((major or 9) < 4 and b'"difficult"' in data):
        return "from X-AnyLabeling"
    if major is None:
        return "without a version"
    if major < _OLDEST:
        return f"from a version before {_OLDEST}.0"
    return f"from a version after {_NEWEST}" if major > _NEWEST else ""
