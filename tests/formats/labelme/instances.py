"""Instances to be written as labelme files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from helpers import HEIGHT, WIDTH
from pycocotools import mask as coco_mask

from dataforge import geometry
from dataforge.findings import Finding
from dataforge.formats.labelme import FORMAT
from dataforge.records import Header, Instance, Mask, Polygons
from dataforge.testing import driver

SIZE: dict[str, Any] = {"width": WIDTH, "height": HEIGHT}
RING = (10.0, 10.0, 30.5, 10.0, 30.0, 30.0)
OTHER = (40.0, 10.0, 50.0, 10.0, 50.0, 20.0)


def mask(left: int, top: int, width: int, height: int) -> Mask:
    """A full rectangle of pixels with a hole at its second pixel of the second row."""
    array = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    array[top : top + height, left : left + width] = 1
    array[top + 1, left + 1] = 0
    return Mask(size_hw=(HEIGHT, WIDTH), counts=coco_mask.encode(array)["counts"].decode())


def write_labelme(out: Path, splits: Any, header: Header | None = None) -> list[Finding]:
    return driver.write(FORMAT, out, splits, header)


def box(label: str = "cat", **more: Any) -> Instance:
    return Instance(label=label, box=(10, 12, 30.5, 40), area=574, **more)


def outline(*rings: Any, label: str = "cat", **more: Any) -> Instance:
    points = np.array([value for ring in rings for value in ring]).reshape(-1, 2)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    area = sum(map(geometry.ring_area, rings))
    return Instance(label=label, box=(x0, y0, x1, y1), area=area, shape=Polygons(rings), **more)
