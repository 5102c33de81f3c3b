"""A short fuzzing of every reader, and what the long one (`fuzz.py`) once found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import targets
from helpers import SQUARE, document, shape
from hypothesis import given, settings
from hypothesis import strategies as st

CRASHES = sorted((Path(__file__).parent / "crashes").glob("*/*"))
number = st.integers(0, 2**16)
edits = st.lists(st.tuples(number, number, number), min_size=1, max_size=8)


@pytest.mark.parametrize("target", targets.TARGETS)
def test_the_seeds_are_read(target: str) -> None:
    for seed in targets.seeds(target):
        targets.run(target, seed)


@pytest.mark.parametrize("crash", CRASHES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_former_failures_stay_fixed(crash: Path) -> None:
    targets.run(crash.parent.name, crash.read_bytes())  # some of it did not end


@pytest.mark.parametrize("target", targets.TARGETS)
def test_changed_tokens(target: str) -> None:
    @given(st.sampled_from(targets.seeds(target)), edits)
    def survives(seed: bytes, changes: list[targets.TokenEdit]) -> None:
        targets.run(target, targets.edited(seed, changes))

    survives()


@pytest.mark.parametrize("target", targets.TARGETS)
def test_changed_bytes(target: str) -> None:
    @settings(max_examples=30)
    @given(st.sampled_from(targets.seeds(target)), number, st.binary(max_size=20), number)
    def survives(seed: bytes, at: int, inserted: bytes, cut: int) -> None:
        at %= len(seed) + 1
        targets.run(target, seed[:at] + inserted + seed[at + cut % 20 :])

    survives()


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["a.png", "../a", "polygon", "mask", "circle", "line", "points", "1", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


def changed(base: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The same object with junk for some of its values."""
    keys = st.dictionaries(st.sampled_from(sorted(base)), junk, max_size=3)
    return keys.map(lambda values: {**base, **values})


SHAPE = shape("cat", SQUARE, group_id=1, mask="aGk=", flags={}, score=0.5, difficult=True)


@given(st.lists(changed(SHAPE) | junk, max_size=3), changed(document(image="a.png", imageData="")))
def test_labelme_of_wrong_values(shapes: list[Any], rest: dict[str, Any]) -> None:
    file = {**rest, "shapes": shapes} if isinstance(rest["shapes"], list) else rest
    targets.run("labelme", json.dumps(file).encode())


ANNOTATION = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12,
              "iscrowd": 0, "segmentation": [[1, 1, 9, 9, 9, 1, 1, 9]],
              "attributes": {}}  # fmt: skip
IMAGE = {"id": 1, "file_name": "a.png", "width": 64, "height": 48, "attributes": {"a": 1}}
COCO = {"images": [IMAGE], "annotations": [], "categories": [{"id": 1, "name": "cat"}], "info": 1}


@given(changed(COCO), st.lists(changed(ANNOTATION) | junk, max_size=3), changed(IMAGE))
def test_coco_of_wrong_values(file: dict[str, Any], annotations: list[Any], image: Any) -> None:
    if file["images"] == [IMAGE]:
        file = {**file, "images": [image, IMAGE], "annotations": annotations}
    targets.run("coco", json.dumps(file).encode())
