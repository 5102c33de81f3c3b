"""What every reader yields and every writer takes.

The one convention, for all coordinates inside dataforge: float pixels, origin at the image's
top-left corner, x to the right, y down, *edges* and not pixel centres. A box is
``(x0, y0, x1, y1)`` with ``x1 = x0 + width`` and no ``+ 1``: the image's first pixel is the box
``(0, 0, 1, 1)``. Conversions from and to other conventions are in `dataforge.geometry`.

    (0,0)────────────► x
      │   (x0,y0)┌─────┐
      │          │     │
      ▼ y        └─────┘(x1,y1)

Records store invalid values unchanged (a box outside its image, no area); they never reject them.
They are frozen, and each one knows where it came from.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from dataforge.findings import Place

Box: TypeAlias = tuple[float, float, float, float]
"""(x0, y0, x1, y1), float pixels, edges."""

Ring: TypeAlias = tuple[float, ...]
"""One closed polygon, flat: (x0, y0, x1, y1, ...), float pixels, first point not repeated."""

Keypoints: TypeAlias = tuple[float, ...]
"""Points of an object in the order of its class, flat: (x0, y0, v0, x1, y1, v1, ...), float pixels
as the source writes them. v is COCO's visibility: 0 not labelled (COCO then writes 0 0 0), 1
labelled and hidden, 2 visible; a predicted point may have a score there."""

Extra: TypeAlias = dict[str, dict[str, Any]]
"""Keys of single formats: {name of the format: {key: value}}. A reader stores what it does not
understand under the name of its format; a writer writes the keys under its own name, and counts the
rest as lost."""


class Polygons(msgspec.Struct, frozen=True, tag="polygons", gc=False):
    """One instance as the union of one or more rings (COCO's list of polygons)."""

    rings: tuple[Ring, ...]


class Mask(msgspec.Struct, frozen=True, tag="mask", gc=False):
    """One instance's pixels as COCO's compressed RLE.

    Attributes:
        size_hw: (height, width) of the whole image, pixels.
        counts: pycocotools' compressed counts, as a string (column-major runs).
    """

    size_hw: tuple[int, int]
    counts: str


class Instance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One object in one image.

    Attributes:
        label: class name.
        box: (x0, y0, x1, y1), see the module's convention.
        area: px²; of the geometry for boxes and polygons, number of pixels for masks.
        shape: polygons or mask, None if only the box is known.
        iscrowd: COCO's crowd flag; never inferred from the encoding of the shape.
        difficult: Pascal VOC's flag.
        keypoints: see `Keypoints`; empty if it has none.
        parts: number of source shapes that this instance was made of.
        place: of the annotation.
        attributes: further annotations (flags, description, score, ...).
        extra: keys of the source format, see `Extra`.
    """

    label: str
    box: Box
    area: float
    shape: Polygons | Mask | None = None
    iscrowd: bool = False
    difficult: bool = False
    keypoints: Keypoints = ()
    parts: int = 1
    place: Place = Place("")
    attributes: dict[str, Any] = {}
    extra: Extra = {}


class Image(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One image with its annotations.

    Attributes:
        file_name: POSIX path relative to the image root.
        width, height: pixels, of the frame in which the annotations were made.
        instances: in the order of the source.
        place: its annotation file and, if a file contains several images, its entry there.
        split: name of its split, if the source states it.
        attributes: flags and other attributes of the whole image.
        extra: keys of the source format, see `Extra`.
    """

    file_name: str
    width: int
    height: int
    instances: tuple[Instance, ...] = ()
    place: Place = Place("")
    split: str | None = None
    attributes: dict[str, Any] = {}
    extra: Extra = {}

    @property
    def source(self) -> str:
        """The annotation file, relative to the folder that was read; empty if there is none."""
        return self.place.file


class Category(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One class as a source declares it.

    Attributes:
        name: of the class.
        keypoints: names of the keypoints of its instances, in order.
        skeleton: pairs of keypoints that are joined when they are drawn; they count from 1.
        extra: keys of the source format (COCO's supercategory), see `Extra`.
    """

    name: str
    keypoints: tuple[str, ...] = ()
    skeleton: tuple[tuple[int, int], ...] = ()
    extra: Extra = {}


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Information on the dataset as a whole; a reader that has it yields it first.

    Attributes:
        categories: the classes in their declared order; a writer gets the final ones.
        extra: keys of the source format (COCO's info and licenses), see `Extra`.
    """

    categories: tuple[Category, ...] = ()
    extra: Extra = {}
