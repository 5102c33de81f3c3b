"""Sets of boxes that differ by one pixel: which are told, and that images are not all compared."""

from __future__ import annotations

import time
from pathlib import Path

from dataforge.checks.base import Data
from dataforge.checks.shifted_set import Check
from dataforge.checks.table import start
from dataforge.classes.resolver import ClassMap
from dataforge.io.files import Root
from dataforge.records import Box, Image, Instance


def check_of(folder: Path) -> Check:
    (check,) = start(["shifted-set"], Data(Root(folder), "voc", ClassMap()))
    assert isinstance(check, Check)
    return check


def image(source: str, *boxes: Box, split: str | None = None) -> Image:
    instances = tuple(Instance(label="cat", box=box, area=1) for box in boxes)
    return Image(
        file_name="a.jpg", width=64, height=48, instances=instances, source=source, split=split
    )


def test_the_set_that_lies_farther_is_told_whichever_comes_first(tmp_path: Path) -> None:
    plain, moved = ((1, 2, 10, 12), (20, 5, 30, 9)), ((21, 6, 31, 10), (2, 3, 11, 13))
    for first, second in ((plain, moved), (moved, plain)):
        check = check_of(tmp_path)
        for source, boxes in (("1.xml", first), ("2.xml", second)):
            assert [*check.image(image(source, *boxes))] == []
        (found,) = check.finish()
        near, far = ("1.xml", "2.xml") if first is plain else ("2.xml", "1.xml")
        assert found.file == far
        assert found.message.startswith("all corners of all boxes are 1 px farther")
        assert f"than in {near}" in found.message


def test_one_entry_in_two_splits_is_one(tmp_path: Path) -> None:
    check = check_of(tmp_path)
    for split in ("train", "trainval"):
        list(check.image(image("1.xml", (1, 2, 10, 12), split=split)))
    assert check.same == 0


def test_frames_of_the_same_number_are_not_all_compared(tmp_path: Path) -> None:
    check = check_of(tmp_path)
    started = time.process_time()
    for number in range(6000):  # as in so many videos
        list(check.image(image(f"{number}.xml", (number, 2, number + 10, 12))))
    assert time.process_time() - started < 5  # each with all before it: half a minute
    assert [*check.finish()] == []
