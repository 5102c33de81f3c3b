"""Infer the coordinate convention of a Pascal VOC dataset: what its files say of their origin
outweighs its bounding boxes.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dataforge.errors import plural
from dataforge.geometry import Coords
from dataforge.records import Box


class CoordsEvidence(msgspec.Struct, array_like=True):
    """Counts the files and bounding boxes that indicate one convention or another.

    Attributes:
        boxes: number of bounding boxes.
        zeros: boxes that begin at 0.
        at_edge: boxes that end exactly at the image's width or height.
        ones: boxes that begin at 1.
        fractions: boxes with fractions of pixels.
        files: number of XML files.
        devkit: files that say that they are Pascal VOC's own.
        labelimg: files as labelImg writes them.
    """

    boxes: int = 0
    zeros: int = 0
    at_edge: int = 0
    ones: int = 0
    fractions: int = 0
    files: int = 0
    devkit: int = 0
    labelimg: int = 0

    def add(self, boxes: Sequence[Box], width: int, height: int) -> None:
        """Add the (xmin, ymin, xmax, ymax) of a file's objects, as written in it."""
        self.boxes += len(boxes)
        for x0, y0, x1, y1 in boxes:
            # Few boxes are any of these.
            if x0 < 2 or y0 < 2:
                self.zeros += 0 <= x0 < 1 or 0 <= y0 < 1
                self.ones += x0 == 1 or y0 == 1
            if x1 == width or y1 == height:
                self.at_edge += 1
            if x0 % 1 or y0 % 1 or x1 % 1 or y1 % 1:
                self.fractions += 1

    def merge(self, other: CoordsEvidence) -> None:
        """Add the counts of other files."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def decide(self, default: Coords) -> tuple[Coords, str]:
        """(convention, reason)."""
        of_files = f"of {plural(self.files, 'file')}"
        claims_one = self.devkit > 0 and 2 * self.devkit >= self.files
        if claims_one and not self.zeros:
            say = "says that it is" if self.devkit == 1 else "say that they are"
            return "voc", f"{self.devkit:,} {of_files} {say} Pascal VOC's own, which counts from 1"
        if self.labelimg > 0 and 2 * self.labelimg >= self.files:
            are = "is" if self.labelimg == 1 else "are"
            lost = (
                f"; it writes 1 for 0, so the first pixel of {plural(self.ones, 'box')} may be lost"
                if self.ones
                else ""
            )
            return "zero", (
                f"{self.labelimg:,} {of_files} {are} labelImg's, which counts from 0{lost}"
            )
        return self._by_boxes(default, claims_one=claims_one)

    def _by_boxes(self, default: Coords, *, claims_one: bool) -> tuple[Coords, str]:
        boxes = plural(self.boxes, "box")
        if self.zeros:
            begin = "begins" if self.zeros == 1 else "begin"
            though = ", whatever the files say of Pascal VOC" if claims_one else ""
            return "zero", f"{self.zeros:,} of {boxes} {begin} at 0, so pixels count from 0{though}"
        if 2 * self.fractions > self.boxes:
            have = "has" if self.fractions == 1 else "have"
            return "zero", (
                f"{self.fractions:,} of {boxes} {have} fractions of pixels, which the tools that "
                "count from 1 do not write"
            )
        if self.at_edge:
            return "voc", (
                f"no box of {self.boxes:,} begins at 0 and {self.at_edge:,} "
                f"{'ends' if self.at_edge == 1 else 'end'} exactly at the image's width or height, "
                "so pixels count from 1"
            )
        return default, (
            f"a guess: nothing in {boxes} decides it; {default} is this layout's default"
        )
