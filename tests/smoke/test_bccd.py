"""A real data set that nobody here made: BCCD, 364 images, 4,888 boxes (MIT licence)."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from helpers import REAL
from smoke_data import every, preflight, register_here

BCCD = REAL / "bccd" / "BCCD"
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not BCCD.is_dir(), reason="BCCD is not beside the checkout"),
]


@every
@pytest.mark.parametrize(
    ("name", "layout", "folders"),
    [
        ("Bccd", "voc", ("JPEGImages", "Annotations", "ImageSets")),
        ("BccdMoved", "custom-voc", ("pics", "marks", "lists")),
    ],
)
def test_no_box_of_bccd_is_lost(
    tmp_path: Path, framework: str, name: str, layout: str, folders: tuple[str, str, str]
) -> None:
    root = tmp_path / "data"
    root.mkdir()
    for mine, theirs in zip(folders, ("JPEGImages", "Annotations", "ImageSets"), strict=True):
        if theirs == "Annotations":  # an index is kept beside them
            shutil.copytree(BCCD / theirs, root / mine)
        else:
            os.symlink(BCCD / theirs, root / mine)
    name = f"Smoke{name}{framework.title()}"
    # As from 0, which its files say, two boxes have no area.
    flags = {"coords": "voc"}
    made = register_here(
        name, root, tmp_path / "out", framework, layout=layout, flags=flags, follow_links=True
    )
    config = made.config
    module = next((tmp_path / "out").glob("python/*_dataset/annotations.py")).read_text()
    assert "OFFSETS = (-1.0, -1.0, 0.0, 0.0)" in module
    report = preflight(config)
    assert report.verdict == "ready"
    marked: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for count in report.counts.values():
        marked.update(count.marked)
        kept.update(count.kept)
        assert count.dropped == {}
    # Counted with grep over the XML files.
    assert marked == {"RBC": 4155, "WBC": 372, "Platelets": 361}
    assert kept == marked
    assert sum(count.images for count in report.counts.values()) == 364
