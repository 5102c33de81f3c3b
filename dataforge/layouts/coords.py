"""Infer the coordinate convention of a Pascal VOC dataset from its bounding boxes."""

from __future__ import annotations

from dataforge.errors import plural
from dataforge.geometry import Coords


class CoordsEvidence:
    """Counts the bounding boxes of a dataset that indicate one convention or another."""

    def __init__(self) -> None:
        self.boxes = 0
        self.zeros = 0
        self.at_edge = 0

    def add(self, bounds: tuple[float, float, float, float], width: int, height: int) -> None:
        """Add one object's (xmin, ymin, xmax, ymax), as written in the file."""
        self.boxes += 1
        self.zeros += any(0 <= value < 1 for value in bounds[:2])
        self.at_edge += bounds[2] == width or bounds[3] == height

    def decide(self, default: Coords) -> tuple[Coords, str]:
        """(convention, reason)."""
        if self.zeros:
            begin = "begins" if self.zeros == 1 else "begin"
            boxes = plural(self.boxes, "box")
            return "zero", f"{self.zeros:,} of {boxes} {begin} at 0, so pixels count from 0"
        if self.at_edge:
            return "voc", (
                f"no box of {self.boxes:,} begins at 0 and {self.at_edge:,} "
                f"{'ends' if self.at_edge == 1 else 'end'} exactly at the image's width or height, "
                "so pixels count from 1"
            )
        boxes = plural(self.boxes, "box")
        return default, f"nothing in {boxes} decides it; {default} is this layout's default"
