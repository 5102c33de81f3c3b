"""The best anchor of a box, against all anchors written out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from dataforge.frameworks import LevelAnchors
from dataforge.verbs.describe.coverage import best_ious


def iou(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (one, other))
    return shared / (areas - shared)


def steps(level: LevelAnchors, frame: tuple[float, float]) -> list[list[float]]:
    """Where the cells of a level are, in each direction."""
    found = []
    for side, stride in zip(frame, level.stride, strict=True):
        cells = math.ceil(side / stride)
        step = side // cells if level.fitted else stride
        found.append([cell * step for cell in range(cells)])
    return found


LEVELS = [
    LevelAnchors((8, 8), [(-8, -8, 8, 8), (-11.3, -5.7, 11.3, 5.7)]),
    LevelAnchors((16, 32), [(-20, -10, 44, 54)]),
    LevelAnchors((32, 32), [(-32, -32, 32, 32)], fitted=True),
]


@pytest.mark.parametrize("seed", range(5))
def test_no_anchor_is_better(seed: int) -> None:
    random = np.random.default_rng(seed)
    frames = random.choice([96.0, 128.0, 100.0], (40, 2))
    corners = np.sort(random.uniform(-5, 110, (40, 2, 2)), axis=1)
    boxes = corners.reshape(40, 4)
    found = best_ious(boxes, frames, LEVELS)
    for row, (box, frame) in enumerate(zip(boxes.tolist(), frames.tolist(), strict=True)):
        for column, level in enumerate(LEVELS):
            best = max(
                iou(tuple(box), (x0 + x, y0 + y, x1 + x, y1 + y))
                for x, y in itertools.product(*steps(level, tuple(frame)))
                for x0, y0, x1, y1 in level.boxes
            )
            assert found[row, column] == pytest.approx(best, abs=1e-9)


def test_by_hand() -> None:
    levels = [LevelAnchors((16, 16), [(-16, -16, 16, 16)])]
    boxes = np.array([[0, 0, 32, 32], [8, 0, 40, 32], [0, 0, 32, 16], [5, 5, 5, 5]], dtype=float)
    frames = np.full((4, 2), 64.0)
    # In a cell; between two, which share 24 of 40 columns; half an anchor; nothing.
    assert best_ious(boxes, frames, levels).ravel() == pytest.approx([1, 24 / 40, 0.5, 0])


def test_an_anchor_whose_cell_would_be_outside_does_not_exist() -> None:
    levels = [LevelAnchors((32, 32), [(-16, -16, 16, 16)])]
    # The last cell of 64 pixels is at 32.
    box = np.array([[48, 48, 80, 80]], dtype=float)
    assert best_ious(box, np.array([[64.0, 64.0]]), levels)[0, 0] == pytest.approx(0)
    assert best_ious(box, np.array([[96.0, 96.0]]), levels)[0, 0] == pytest.approx(1)
