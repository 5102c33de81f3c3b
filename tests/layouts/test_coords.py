"""What tells one convention of boxes from another."""

from __future__ import annotations

import pytest

from dataforge.geometry import Coords
from dataforge.layouts import CoordsEvidence

INSIDE = (10, 10, 30, 30)


@pytest.mark.parametrize(
    ("boxes", "decided", "said"),
    [
        ([INSIDE, (0, 5, 9, 9)], "zero", "1 of 2 boxes begins at 0"),
        ([(0.5, 5, 9, 9)], "zero", "1 of 1"),  # half a pixel from the edge
        ([(0, 5, 64, 9)], "zero", "begins at 0"),  # 0 outweighs an end at the width
        ([INSIDE, (1, 1, 64, 30)], "voc", "1 ends exactly"),
        ([INSIDE, (1, 1, 30, 48)], "voc", "1 ends exactly"),
        ([INSIDE], "mmdet", "nothing in 1 box decides it; mmdet"),
        ([(-3, 5, 65, 9)], "mmdet", "nothing"),  # outside the image tells nothing
        ([], "mmdet", "nothing in 0 boxes"),
    ],
)
def test_convention_is_decided_from_box_evidence(
    boxes: list[tuple[float, float, float, float]], decided: Coords, said: str
) -> None:
    evidence = CoordsEvidence()
    for box in boxes:
        evidence.add([box], 64, 48)
    coords, reason = evidence.decide("mmdet")
    assert coords == decided
    assert said in reason
