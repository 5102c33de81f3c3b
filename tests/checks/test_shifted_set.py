"""Sets of boxes that differ by one pixel: which are told, and that images are not all compared."""

from __future__ import annotations

import time
from pathlib import Path

from dataforge.checks import Check, DatasetInfo, Facts, Whole, start
from dataforge.classes import ClassRules, Tally
from dataforge.datasets import Fact
from dataforge.findings import Finding, Place
from dataforge.io import Root
from dataforge.records import Box, Header, Image, Instance


def check_of(folder: Path) -> Check:
    (check,) = start(
        ["shifted-set"], DatasetInfo(Root(str(folder)), "voc", ClassRules().resolver())
    )
    return check


def found_by(check: Check, *images: Image) -> list[Finding]:
    """What is said at the end, when nothing is said of an image."""
    facts = [each for image in images for each in check.image(image)]
    values = [fact.value for fact in facts if isinstance(fact, Fact)]
    assert len(values) == len(facts)
    whole = Whole(check.data, [], Header(), check.data.resolver.settle(Tally()))
    return [*check.finish(Facts({check.name: values}), whole)]


def image(source: str, *boxes: Box, split: str | None = None) -> Image:
    instances = tuple(Instance(label="cat", box=box, area=1) for box in boxes)
    return Image(
        file_name="a.jpg",
        width=64,
        height=48,
        instances=instances,
        place=Place(source),
        split=split,
    )


def test_set_with_larger_coordinates_is_reported_in_any_order(tmp_path: Path) -> None:
    plain, moved = ((1, 2, 10, 12), (20, 5, 30, 9)), ((21, 6, 31, 10), (2, 3, 11, 13))
    for first, second in ((plain, moved), (moved, plain)):
        (found,) = found_by(check_of(tmp_path), image("1.xml", *first), image("2.xml", *second))
        near, far = ("1.xml", "2.xml") if first is plain else ("2.xml", "1.xml")
        assert found.file == far
        assert found.message.startswith("all corners of all boxes are 1 px further")
        assert f"than in {near}" in found.message


def test_image_in_two_splits_counts_once(tmp_path: Path) -> None:
    """It does not count as another image with the same boxes."""
    plain, moved = ((1, 2, 10, 12), (20, 5, 30, 9)), ((2, 3, 11, 13), (21, 6, 31, 10))
    images = [image("1.xml", *plain, split=split) for split in ("train", "trainval")]
    (found,) = found_by(check_of(tmp_path), *images, image("2.xml", *moved))
    assert found.file == "2.xml"
    other = image("3.xml", *plain)
    assert found_by(check_of(tmp_path), images[0], other, image("2.xml", *moved)) != [found]


def test_frames_of_the_same_number_are_not_all_compared(tmp_path: Path) -> None:
    frames = [image(f"{number}.xml", (number, 2, number + 10, 12)) for number in range(6000)]
    started = time.process_time()
    assert found_by(check_of(tmp_path), *frames) == []  # as in so many videos
    assert time.process_time() - started < 15  # each with all before it: half a minute
