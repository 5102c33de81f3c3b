"""What the comparison of areas measures, and how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers import write

from dataforge.geometry import areas
from dataforge.verbs.check import CheckOptions, check

BOW_TIE = [4, 4, 44, 44, 44, 4, 4, 44]
"""Two triangles of 40 x 20 / 2 px², whose shoelace area is 0."""


@pytest.mark.parametrize(
    ("rings", "times"),
    [
        ([BOW_TIE], 1),
        ([BOW_TIE, [0, 0, 4, 0, 4, 3, 0, 3]], 2),  # the outline alone, and all of them together
        ([[4, 4, 44, 4, 44, 24, 4, 24]], 1),  # all together: it may extend beyond the image
    ],
)
def test_pixels_of_an_outline_are_counted_once(
    rings: list[list[int]], times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 44, 44], "area": 1500,
                  "iscrowd": 0, "segmentation": rings}  # fmt: skip
    source = write(
        tmp_path / "a.json",
        {
            "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
            "annotations": [annotation],
            "categories": [{"id": 1, "name": "cat"}],
        },
    )
    counted = []
    rasterise = areas.rasterise

    def counting(*arguments: Any) -> Any:
        counted.append(arguments)
        return rasterise(*arguments)

    monkeypatch.setattr(areas, "rasterise", counting)
    report = check(source, CheckOptions(images=False))
    assert [one.code for one in report.findings if "area" in one.code] == ["area-differs"]
    assert len(counted) == times
