"""Edits of labelme files: what changes, and that nothing else does."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from helpers import HEIGHT, WIDTH, document, picture, read_labelme, shape, write

from dataforge.findings import Action, Clip, Drop, Edit, Place, Reorder, Set
from dataforge.formats.labelme import FORMAT
from dataforge.formats.spans import applied
from dataforge.formats.text import Text

SIZE = (WIDTH, HEIGHT)


def edit(content: str, *edits: tuple[str, Action]) -> str:
    """The text after edits, each at a JSON path."""
    assert FORMAT.editor is not None
    text = Text("a.json", content.encode())
    changes = [
        change
        for pointer, action in edits
        for change in FORMAT.editor.changes(text, Edit(Place("a.json", pointer), action))
    ]
    return applied(text.text, sorted(changes))


def clip(*shapes: Any, at: int = 0, indent: int | None = None) -> list[Any]:
    """The points of all shapes after one is clipped."""
    content = json.dumps(document(*shapes), indent=indent)
    after = edit(content, (f"$.shapes[{at}]", Clip(SIZE, (0, 0, 0, 0))))
    return [entry["points"] for entry in json.loads(after)["shapes"]]


@pytest.mark.parametrize("indent", [None, 2])
def test_polygon_is_clipped(indent: int | None) -> None:
    points = [[-8.0, 4], [20.25, 4.0], [20.25, 20], [-8, 20]]
    (cut,) = clip(shape("cat", points), indent=indent)
    assert sorted(map(tuple, cut)) == [(0, 4), (0, 20), (20.25, 4), (20.25, 20)]


def test_points_inside_keep_their_text() -> None:
    content = (
        '{"shapes": [{"points":[ [-2.50,4], [10.0,4.10], [10,20.0] ], "label": "a", '
        '"shape_type":"polygon"}, {"points": [[6e1, 4], [ 70, 5.0 ]], "shape_type": "rectangle"}]}'
    )
    after = edit(content, ("$.shapes[1]", Clip(SIZE, (60, 4, 70, 5))))
    assert after == content.replace("[ 70, 5.0 ]", "[ 64, 5.0 ]")
    after = edit(content, ("$.shapes[0]", Clip(SIZE, (-2.5, 4, 10, 20))))
    assert '"points":[ ' in after
    assert "[10.0,4.10], [10,20.0]" in after


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("circle", [[2, 10], [12, 10]]),
        ("rotation", [[-2, 10], [10, 10], [10, 20], [-2, 20]]),
        ("polygon", [[-9, 4], [-2, 4], [-2, 20]]),  # nothing inside
        ("polygon", [[1, 4], [20, 4], [20, 20]]),
        ("rectangle", [[1, 4], [20, True]]),
        ("rectangle", "far"),
        (None, [[-5, 5]]),
        (["polygon"], [[-5, 5], [9, 9], [9, 5]]),
    ],
)
def test_shapes_that_are_not_clipped(kind: Any, points: Any) -> None:
    assert clip(shape("cat", points, kind)) == [points]


def test_rectangle_without_type_is_clipped() -> None:
    assert clip(shape("cat", [[-5, 5], [9, 70]], None)) == [[[0, 5], [9, 48]]]


def test_shapes_of_one_instance_are_clipped_together(tmp_path: Path) -> None:
    out = [[-5, 5], [9, 9]]
    shapes = [
        shape("cat", out, "rectangle", group_id=1),
        shape("dog", out, "rectangle", group_id=1),
        shape("cat ", [[60, 40], [70, 50]], "rectangle", group_id=1),
        shape("cat", out, "rectangle", group_id=2),
        shape("cat", out, "rectangle"),
    ]
    cut = [[0, 5], [9, 9]]
    assert clip(*shapes) == [cut, out, [[60, 40], [64, 48]], out, out]
    assert clip(*shapes, at=4) == [out, out, shapes[2]["points"], out, cut]
    write(tmp_path / "a.json", document(*shapes))
    picture(tmp_path / "a.jpg")
    merged = read_labelme(tmp_path).image.instances[0]
    assert (merged.parts, merged.place.pointer) == (2, "$.shapes[0]")


def test_dropped_shape_is_removed_with_its_comma() -> None:
    """All sets of shapes, in all orders: the remaining text is unchanged."""
    for indent, total in itertools.product((None, 1), range(1, 5)):
        labels = [f"{at}" for at in range(total)]
        shapes = [{"label": label} for label in labels]
        content = json.dumps({"shapes": shapes, "x": 1}, indent=indent)
        for count in range(1, total + 1):
            for gone in itertools.permutations(range(total), count):
                after = edit(content, *((f"$.shapes[{at}]", Drop()) for at in gone))
                left = [one for at, one in enumerate(shapes) if at not in gone]
                assert after == json.dumps({"shapes": left, "x": 1}, indent=indent)


def test_a_shape_is_dropped_once() -> None:
    content = '{"shapes": [{}, {"label": "a"}]}'
    assert edit(content, *[("$.shapes[0]", Drop())] * 2) == '{"shapes": [{"label": "a"}]}'


def test_impossible_edits_change_nothing() -> None:
    content = '{"shapes": [{"points": []}]}'
    for pointer, action in (
        ("$.shapes[1]", Drop()),
        ("", Drop()),
        ("$.shapes[0]", Set({"label": "a"})),
        ("$.shapes[0]", Set({"area": 3})),
        ("$.shapes[0]", Reorder()),
    ):
        assert edit(content, (pointer, action)) == content


def test_missing_size_is_inserted() -> None:
    size = Set({"width": 3, "height": 4})
    assert edit('{"shapes": []}', ("", size)) == (
        '{"shapes": [], "imageWidth": 3, "imageHeight": 4}'
    )
    assert edit('{"imageHeight":null,"shapes":[]}', ("", size)) == (
        '{"imageHeight":4,"shapes":[],"imageWidth":3}'
    )
