"""Each annotation file is opened once in a run, and written once where it is fixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import SQUARE, document, opens, picture, shape, voc_object, voc_xml, write

from dataforge.io import is_image
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import Job, convert
from dataforge.verbs.fix import planned_fixes
from dataforge.verbs.stats import StatsOptions, stats


def labelme(folder: Path) -> None:
    """Three images; one has a label with spaces around it, and one a wrong size."""
    for name in ("a", "b", "sub/c"):
        picture(folder / f"{name}.jpg")
        drawn = shape(" cat " if name == "b" else "cat", SQUARE)
        size = {"imageWidth": 48, "imageHeight": 64} if name == "a" else {}
        image = f"{name.rpartition('/')[2]}.jpg"
        write(folder / f"{name}.json", document(drawn, image=image, **size))


def coco(folder: Path) -> None:
    """Two splits; an annotation without area."""
    for split, number in (("train", 1), ("val", 2)):
        picture(folder / "images" / f"{split}.jpg")
        image = {"id": number, "file_name": f"{split}.jpg", "width": 64, "height": 48}
        box = {"id": number, "image_id": number, "category_id": 1, "bbox": [1, 2, 10, 10]}
        document = {"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "a"}]}
        write(folder / "annotations" / f"instances_{split}.json", document)


def voc(folder: Path) -> None:
    """Two splits; a name with spaces around it, and a size that is not stated."""
    for name in ("a", "b", "c"):
        picture(folder / "JPEGImages" / f"{name}.jpg")
        drawn = voc_object(" cat " if name == "b" else "cat", (0, 2, 10, 10))
        size = None if name == "a" else (64, 48)
        write(folder / "Annotations" / f"{name}.xml", voc_xml(drawn, size=size))
    write(folder / "ImageSets" / "Main" / "train.txt", "a\nb\n")
    write(folder / "ImageSets" / "Main" / "val.txt", "c\n")


def yolo(folder: Path) -> None:
    """Two splits; a row that sticks out of its image."""
    write(folder / "data.yaml", "train: images/train\nval: images/val\nnames: [cat, ' dog ']\n")
    for name in ("train/a", "train/b", "val/c"):
        picture(folder / "images" / f"{name}.jpg")
        row = "1 0.9 0.5 0.4 0.5\n" if name == "train/b" else "0 0.5 0.5 0.2 0.2\n"
        write(folder / "labels" / f"{name}.txt", row)


FORMATS: list[Any] = [pytest.param(make, id=make.__name__) for make in (labelme, coco, voc, yolo)]
Make = Callable[[Path], None]


def annotations(opened: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in opened.items() if not is_image(name)}


def once(folder: Path) -> dict[str, int]:
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: 1 for name in names if not is_image(name)}


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("writes", ["coco", "labelme", "voc", "yolo"])
def test_convert_opens_each_file_once(tmp_path: Path, make: Make, writes: str) -> None:
    source = tmp_path / "in"
    make(source)
    expected = once(source)
    job = Job(source=str(source), out=str(tmp_path / "out"), reads=make.__name__, writes=writes)
    with opens(source) as opened:
        convert(job)
    assert annotations(opened) == expected


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("told", [True, False], ids=["told", "recognised"])
def test_check_opens_each_file_once(tmp_path: Path, make: Make, told: bool) -> None:
    make(tmp_path)
    expected = once(tmp_path)
    with opens(tmp_path) as opened:
        report = check(str(tmp_path), CheckOptions(reads=make.__name__ if told else None))
    assert report.format == make.__name__
    assert annotations(opened) == expected


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("told", [True, False], ids=["told", "recognised"])
def test_diff_opens_each_file_once(tmp_path: Path, make: Make, told: bool) -> None:
    make(tmp_path)
    expected = once(tmp_path)
    options = CheckOptions(reads=make.__name__ if told else None)
    with opens(tmp_path) as opened, planned_fixes(str(tmp_path), options, unsafe=True) as plan:
        assert [*plan.diff()]
    assert annotations(opened) == expected


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("told", [True, False], ids=["told", "recognised"])
def test_fix_reads_and_writes_each_file_once(tmp_path: Path, make: Make, told: bool) -> None:
    folder = tmp_path / "in"
    make(folder)
    expected = once(folder)
    options = CheckOptions(reads=make.__name__ if told else None)
    with opens(folder) as opened, planned_fixes(str(folder), options, unsafe=True) as plan:
        assert plan.files
        plan.apply()
    found = annotations(opened)
    written = {name: count for name, count in found.items() if name not in expected}
    assert {name: found[name] for name in expected} == expected
    # Each is written to a file beside it, which takes its place.
    assert sum(written.values()) <= len(plan.files)


@pytest.mark.parametrize("make", FORMATS)
def test_stats_opens_each_file_once_and_no_image(tmp_path: Path, make: Make) -> None:
    make(tmp_path)
    with opens(tmp_path) as opened:
        stats(tmp_path, StatsOptions(reads=make.__name__))
    assert annotations(opened) == once(tmp_path)
    images = {name for name in opened if is_image(name)}
    # Only those whose size stands nowhere else: YOLO's, and one of Pascal VOC's.
    sizeless = {"voc": {"JPEGImages/a.jpg"}, "yolo": {
        "images/train/a.jpg", "images/train/b.jpg", "images/val/c.jpg",
    }}  # fmt: skip
    assert images == sizeless.get(make.__name__, set())
