"""Each way to damage a clean dataset (`seeded.py`) is found, and nothing in the clean ones."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import seeded

from dataforge.check import check
from dataforge.checks.table import checks


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the clean dataset in each format."""
    folder = tmp_path_factory.mktemp("clean")
    for format_ in seeded.FORMATS:
        seeded.make(folder / format_, format_)
    return folder


@pytest.mark.parametrize("format_", seeded.FORMATS)
def test_nothing_is_found_in_a_clean_dataset(clean: Path, format_: str) -> None:
    report = check(str(clean / format_))
    assert [str(finding) for finding in report.findings] == []
    assert (report.format, report.images, report.counts) == (format_, 12, {})
    assert sorted(report.classes) == sorted(seeded.CLASSES)
    assert report.shapes == sum(len(seeded.things(name)) for name in seeded.TRAIN + seeded.VAL)


@pytest.mark.parametrize("way", seeded.WAYS, ids=lambda way: f"{way.format}-{way.name}")
def test_each_way_is_found_by_its_code_and_file(
    clean: Path, tmp_path: Path, way: seeded.Way
) -> None:
    report = seeded.damaged(way, clean / way.format, tmp_path / "damaged")
    assert seeded.fault(way, report) == ""


def test_the_docstring_has_a_row_for_each_way() -> None:
    table = (seeded.__doc__ or "").partition("  ---")[2]
    rows = re.findall(r"^    (\S.*?)  +(\w+) +([a-z-]*[a-z])$", table, re.MULTILINE)
    assert rows == [(way.name, way.format, way.code) for way in seeded.WAYS]


def test_every_group_and_format_is_damaged_in_several_ways() -> None:
    by_group = Counter(checks()[way.code].group for way in seeded.WAYS)
    groups = {"boxes", "classes", "coco", "files", "labelme", "reading", "splits", "voc", "yolo"}
    assert by_group.keys() == groups
    assert min(by_group.values()) >= 5
    assert {way.format for way in seeded.WAYS} == set(seeded.FORMATS)
    assert len({way.name for way in seeded.WAYS}) == len(seeded.WAYS)
