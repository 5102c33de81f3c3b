"""What passes between the reader of a COCO file and the readers of its pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from dataforge.errors import MOST_NAMED
from dataforge.formats.coco.ids import IdTable

COUNTS = "counts"
"""Evidence of common problems, reported once per file: [file, split, [`Count`]]."""


class Source(NamedTuple):
    """What has to be known about a file to read a page of it.

    Attributes:
        name: path relative to the folder that is read.
        split: of its images.
        prefix: of their file names, relative to the folder that is read.
        labels: id of a category -> its name.
    """

    name: str
    split: str | None
    prefix: str
    labels: IdTable[str | None]


class Page(NamedTuple):
    """A part of a file; entries are JSON lists, indices are those in the file.

    Attributes:
        source: the file.
        images: indices of the images.
        image_entries: their entries.
        members: indices of the annotations of each image.
        annotation_entries: the entries of all of these, one image after the other.
        others: as in `FoundImages`.
    """

    source: Source
    images: Sequence[int]
    image_entries: bytes
    members: Sequence[Sequence[int]]
    annotation_entries: bytes
    others: Mapping[str, str]


class Count(msgspec.Struct, array_like=True):
    """How often a common problem occurred.

    Attributes:
        code: of the finding.
        number: of occurrences.
        pointer: of the first one.
        edits: (pointer, values to set) that fix it.
        details: of the first ones, for the message.
    """

    code: str
    number: int
    pointer: str
    edits: list[tuple[str, dict[str, Any]]]
    details: list[str] = []

    def tell(self, detail: str) -> None:
        """Keep the detail of one for the message, if it is among the first."""
        if len(self.details) < MOST_NAMED and detail not in self.details:
            self.details.append(detail)
