"""Each way to damage a clean dataset (`seeded.py`) is found, and nothing in the clean ones."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import seeded
from helpers import SAMPLE

from dataforge.codes import code
from dataforge.formats import Reading
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.fix import planned_fixes


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the clean dataset in each format."""
    folder = tmp_path_factory.mktemp("clean")
    for format_ in seeded.FORMATS:
        seeded.make(folder / format_, format_)
    return folder


@pytest.mark.parametrize("format_", seeded.FORMATS)
def test_clean_dataset_has_no_findings(clean: Path, format_: str) -> None:
    report = check(str(clean / format_))
    assert [str(finding) for finding in report.findings] == []
    assert (report.format, report.images, report.counts) == (format_, 12, {})
    assert sorted(report.classes) == sorted(seeded.CLASSES)
    assert report.shapes == sum(len(seeded.things(name)) for name in seeded.TRAIN + seeded.VAL)


@pytest.mark.parametrize("way", seeded.WAYS, ids=lambda way: f"{way.format}-{way.name}")
def test_each_damage_is_found_by_its_code_and_file(
    clean: Path, tmp_path: Path, way: seeded.Way
) -> None:
    report = seeded.damaged(way, clean / way.format, tmp_path / "damaged")
    assert seeded.fault(way, report) == ""


def test_docstring_has_a_row_for_each_damage() -> None:
    table = (seeded.__doc__ or "").partition("  ---")[2]
    rows = re.findall(r"^    (\S.*?)  +(\w+) +([a-z-]*[a-z])$", table, re.MULTILINE)
    assert rows == [(way.name, way.format, way.code) for way in seeded.WAYS]


def test_every_group_and_format_is_damaged_in_several_ways() -> None:
    by_group = Counter(code(way.code).group for way in seeded.WAYS)
    groups = {"boxes", "classes", "coco", "files", "labelme", "reading", "splits", "voc", "yolo"}
    assert by_group.keys() == groups
    assert min(by_group.values()) >= 5
    assert {way.format for way in seeded.WAYS} == set(seeded.FORMATS)
    assert len({way.name for way in seeded.WAYS}) == len(seeded.WAYS)


# Workers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["labelme", "humanparts"])
def test_sample_data_findings_do_not_depend_on_workers(name: str) -> None:
    one, two = (check(str(SAMPLE / name), CheckOptions(workers=n)) for n in (1, 2))
    assert one.images > 0
    assert one == two


TOGETHER = {
    "labelme": ("box over the edge", "shape copied", "bow tie", "hole by a bridge", "version 2",
                "group of one shape", "image beside the json", "image copied"),
    "voc": ("box of no width", "space behind a name", "difficult of maybe", "no size in the xml",
            "listed in both splits", "image beside the xml", "boxes one pixel off"),
    "coco": ("annotation id twice", "area left out", "iscrowd left out", "box left out",
             "no size in the entry", "image id of none", "categories in other order"),
    "yolo": ("row twice", "row of four columns", "number above 1", "column of scores",
             "class named twice", "nc of other classes", "png called jpg"),
}  # fmt: skip
"""Ways that leave something to the others."""


@pytest.mark.parametrize("format_", seeded.FORMATS)
def test_findings_do_not_depend_on_workers(
    clean: Path, tmp_path: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(clean / format_, tmp_path / "damaged")
    for way in seeded.WAYS:
        if way.format == format_ and way.name in TOGETHER[format_]:
            way.damage(folder / (way.target or way.file))
    monkeypatch.setattr(Reading, "shard", 1)
    one, two = (check(str(folder), CheckOptions(workers=n, reads=format_)) for n in (1, 2))
    assert len(one.counts) >= 5
    assert one == two
    diffs = []
    for workers in (1, 2):
        options = CheckOptions(workers=workers, reads=format_)
        with planned_fixes(str(folder), options, unsafe=True) as plan:
            diffs.append([*plan.diff()])
    assert diffs[0] == diffs[1] != []
