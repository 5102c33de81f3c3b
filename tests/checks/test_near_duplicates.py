"""Near-duplicate boxes are found by a grid: the same as by comparing all pairs."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PILImage

from dataforge.checks.boxes import near_duplicate_box
from dataforge.verbs.check import CheckOptions, check


def iou(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """By its definition."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def is_near(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    steps = [b - a for a, b in zip(one, other, strict=True)]
    moved = steps[0] == steps[2] and steps[1] == steps[3] and max(map(abs, steps)) <= 2
    return one != other and (iou(one, other) > 0.95 or (moved and iou(one, other) > 0.5))


def dataset(folder: Path, boxes: list[tuple[int, ...]]) -> None:
    PILImage.linear_gradient("L").resize((600, 600)).save(folder / "a.png")
    objects = "\n".join(
        f"<object><name>cat</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax>"
        f"<ymax>{y1}</ymax></bndbox></object>"
        for x0, y0, x1, y1 in boxes
    )
    size = "<size><width>600</width><height>600</height></size>"
    (folder / "a.xml").write_text(f"<annotation>{size}\n{objects}\n</annotation>")


def found(folder: Path) -> dict[int, int]:
    """Line of a finding -> line of the box that it names."""
    options = CheckOptions(
        select=("near-duplicate-box",), max_findings=0, read_options={"coords": "zero"}
    )
    report = check(str(folder), options)
    return {
        finding.place.line: int(re.findall(r"near-duplicate of line (\d+)", finding.message)[0])
        for finding in report.findings
    }


@pytest.mark.parametrize("seed", range(8))
def test_each_box_names_the_first_that_it_nearly_equals(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    boxes: list[tuple[int, ...]] = []
    while len(boxes) < 150:
        side = draw.choice((4, 30, 63, 64, 128, 400))
        x, y = draw.randrange(5, 150), draw.randrange(5, 150)
        box: tuple[int, ...] = (x, y, x + side, y + draw.choice((side, side + 3)))
        if boxes and draw.random() < 0.5:  # close to one of the others
            box = tuple(edge + draw.randrange(-3, 4) for edge in draw.choice(boxes))
        if box[0] < box[2] and box[1] < box[3]:
            boxes.append(box)
    dataset(tmp_path, boxes)
    expected = {}
    for later, box in enumerate(boxes):
        near = [earlier for earlier in range(later) if is_near(boxes[earlier], box)]
        if near:
            expected[later + 2] = near[0] + 2  # the first object is on line 2
    # A hundred findings of a file are kept.
    assert len(expected) >= 10
    assert found(tmp_path) == dict(list(expected.items())[:100])


def test_it_is_said_when_too_many_boxes_overlap_to_compare_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_duplicate_box, "_COMPARED", 100)
    dataset(tmp_path, [(100 + at, 100, 200 + 7 * at, 200) for at in range(40)])
    report = check(str(tmp_path), CheckOptions(select=("near-duplicate-box", "not-read-in-full")))
    assert [finding.code for finding in report.findings if finding.severity == "warning"][-1:] == [
        "not-read-in-full"
    ]


@given(
    st.tuples(*[st.integers(0, 50)] * 2, *[st.integers(1, 400)] * 2),
    st.tuples(*[st.floats(-0.06, 0.06)] * 4),
    st.tuples(*[st.integers(-2, 2)] * 4),
)
def test_no_image_with_near_duplicates_is_passed_over(
    one: tuple[int, ...], shares: tuple[float, ...], steps: tuple[int, ...]
) -> None:
    x, y, w, h = one
    a, b, c, d = (
        share * length + step for share, length, step in zip(shares, (w, h) * 2, steps, strict=True)
    )
    box, other = (x, y, x + w, y + h), (x + a, y + b, x + w + c, y + h + d)
    if other[0] < other[2] and other[1] < other[3] and is_near(box, other):
        assert near_duplicate_box.are_any_near([box, other])
        assert near_duplicate_box.are_any_near([other, box])
