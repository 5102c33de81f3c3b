"""Areas; numbers by hand or by pycocotools."""

from __future__ import annotations

import math

import pytest
from pycocotools import mask as coco_mask

from dataforge import geometry
from dataforge.records import Instance, Mask, Polygons


def test_a_bow_tie_is_counted_in_pixels() -> None:
    # Two triangles of 10 * 20 / 2 each; pycocotools' own count is the judge.
    ring = (10.0, 10.0, 30.0, 30.0, 30.0, 10.0, 10.0, 30.0)
    counted = coco_mask.area(coco_mask.frPyObjects([list(ring)], 48, 64))[0]
    assert geometry.outline_area(ring, 64, 48) == (counted, True)
    assert abs(counted - 200) <= 2 * 20 * math.sqrt(2)  # within a pixel along both diagonals


def test_a_simple_outline_has_its_exact_area() -> None:
    assert geometry.outline_area((0.0, 0.0, 2.5, 0.0, 2.5, 2.0, 0.0, 2.0), 64, 48) == (5.0, False)


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (None, 6.0),
        (Polygons(((0.0, 0.0, 2.0, 0.0, 2.0, 2.0), (5.0, 5.0, 9.0, 5.0, 9.0, 9.0))), 10.0),
        (geometry.rasterise([(0.0, 0.0, 4.0, 0.0, 4.0, 5.0, 0.0, 5.0)], 64, 48), 20.0),
    ],
)
def test_own_area_is_one_that_differs_from_the_shape(
    shape: Polygons | Mask | None, area: float
) -> None:
    """Area of the box, of all rings, of the pixels; rounding errors are not a difference."""
    box = (1.0, 1.0, 3.0, 4.0)
    assert geometry.shape_area(shape, box, 64, 48) == area
    for stated, own in ((area, False), (area * (1 + 1e-7), False), (area + 0.001, True)):
        instance = Instance(label="cat", box=box, area=stated, shape=shape)
        assert geometry.has_own_area(instance, 64, 48) is own
