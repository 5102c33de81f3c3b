"""What every reader yields and every writer takes.

The one convention, for all coordinates inside dataforge: float pixels, origin at the image's
top-left corner, x to the right, y down, *edges* and not pixel centres. A box is
``(x0, y0, x1, y1)`` with ``x1 = x0 + width`` and no ``+ 1``: the image's first pixel is the box
``(0, 0, 1, 1)``. Whatever another convention adds or takes away stands in `dataforge.geometry`.

    (0,0)────────────► x
      │   (x0,y0)┌─────┐
      │          │     │
      ▼ y        └─────┘(x1,y1)

Records hold bad values as they are (a box outside its image, no area); they never reject them.
They are frozen, and each knows where it came from.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

Box: TypeAlias = tuple[float, float, float, float]
"""(x0, y0, x1, y1), float pixels, edges."""

Ring: TypeAlias = tuple[float, ...]
"""One closed outline, flat: (x0, y0, x1, y1, ...), float pixels, not repeated at the end."""

Extra: TypeAlias = dict[str, dict[str, Any]]
"""What only one format knows: {its name: {key: value}}. A reader puts there what it does not
understand, under the name of its own format; a writer writes what stands under its own name, and
counts the rest as lost."""

Severity: TypeAlias = Literal["error", "warning", "note"]


class Polygons(msgspec.Struct, frozen=True, tag="polygons"):
    """One instance's outline as the union of one or more rings (COCO's polygon list)."""

    rings: tuple[Ring, ...]


class Mask(msgspec.Struct, frozen=True, tag="mask"):
    """One instance's pixels as COCO's compressed RLE.

    Attributes:
        size_hw: (height, width) of the whole image, pixels.
        counts: pycocotools' compressed counts, as text (column-major runs).
    """

    size_hw: tuple[int, int]
    counts: str


class Instance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One object in one image.

    Attributes:
        label: class name.
        box: (x0, y0, x1, y1), see the module's convention.
        area: px²; of the geometry for boxes and polygons, number of pixels for masks.
        shape: outline or pixels, None where only the box is known.
        iscrowd: COCO's crowd flag; never inferred from the shape's encoding.
        difficult: Pascal VOC's flag.
        parts: number of source shapes that this instance was made of.
        where: JSON pointer or line in `Image.source`.
        attributes: what else the annotator said (flags, description, score, ...).
        extra: what only the source's format knows, see `Extra`.
    """

    label: str
    box: Box
    area: float
    shape: Polygons | Mask | None = None
    iscrowd: bool = False
    difficult: bool = False
    parts: int = 1
    where: str = ""
    attributes: dict[str, Any] = {}
    extra: Extra = {}


class Image(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One image and all that is marked in it.

    Attributes:
        file_name: POSIX path relative to the image root.
        width, height: pixels, of the frame that the annotations are made in.
        instances: in the order of the source.
        source: the annotation file, relative to the folder that was read.
        where: JSON pointer in it, where one file holds many images.
        split: name of the split it belongs to, if the source says so.
        attributes: flags and the like of the whole image.
        extra: what only the source's format knows, see `Extra`.
    """

    file_name: str
    width: int
    height: int
    instances: tuple[Instance, ...] = ()
    source: str = ""
    where: str = ""
    split: str | None = None
    attributes: dict[str, Any] = {}
    extra: Extra = {}


class Category(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One class as a source declares it.

    Attributes:
        name: of the class.
        extra: what only the source's format knows (COCO's supercategory), see `Extra`.
    """

    name: str
    extra: Extra = {}


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a source says of the dataset as a whole; a reader that has it yields it first.

    Attributes:
        categories: the classes in their declared order; a writer gets the final ones.
        extra: what only the source's format knows (COCO's info and licenses), see `Extra`.
    """

    categories: tuple[Category, ...] = ()
    extra: Extra = {}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person should know about their data, with its place.

    Attributes:
        code: kebab-case name of the fault, stable.
        severity: `error` (something was lost or cannot be used), `warning`, `note`.
        file: path, relative to the folder that was read.
        where: JSON pointer or line in it, or empty.
        message: what was wanted and what was there.
        remedy: what to do about it.
        lost: number of marked shapes that do not reach the output because of it.
    """

    code: str
    severity: Severity
    file: str
    message: str
    where: str = ""
    remedy: str = ""
    lost: int = 0

    def __str__(self) -> str:
        place = f"{self.file}::{self.where}" if self.where else self.file
        return f"{place}: {self.message}" + (f"; {self.remedy}" if self.remedy else "")
