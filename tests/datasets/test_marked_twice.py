"""What is said of an image with two annotations in one file."""

from __future__ import annotations

import json
from pathlib import Path

from helpers import picture, run_convert, write

SPOT = {"label": "cat", "coordinates": {"x": 9, "y": 9, "width": 4, "height": 4}}
ENTRY = {"image": "a.jpg", "annotations": [SPOT, SPOT]}


def said(source: Path) -> list[tuple[str, str, str, int]]:
    report = run_convert(source, source.parent / "out", reads="createml")
    return [
        (one.file, one.message, one.remedy, one.lost)
        for one in report.findings
        if one.code == "image-marked-twice"
    ]


def test_twice_in_one_file(tmp_path: Path) -> None:
    picture(tmp_path / "d" / "a.jpg")
    write(tmp_path / "d" / "all.json", json.dumps([ENTRY, ENTRY]))
    message = "a.jpg is twice in all.json: 2 shapes not converted"
    remedy = "keep one of the two entries, with all shapes in it"
    assert said(tmp_path / "d") == [("all.json", message, remedy, 2)]
