"""Masks, against numpy and pycocotools."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from dataforge import geometry
from dataforge.geometry.rings import outline_steps
from dataforge.records import Mask


def pixels(mask: Mask) -> np.ndarray:
    """The mask as pycocotools unpacks it."""
    array: np.ndarray = coco_mask.decode(
        {"size": list(mask.size_hw), "counts": mask.counts.encode()}
    )
    return array


def drawn(*rows: str) -> Mask:
    """A mask drawn in text, '#' inside, on an image of its size."""
    pixels = np.array([[letter == "#" for letter in row] for row in rows])
    return geometry.mask_from_crop(pixels, 0, 0, pixels.shape)


def test_mask_from_crop_places_the_crop() -> None:
    crop = np.array([[1, 1, 0], [1, 0, 1]], dtype=bool)
    mask = geometry.mask_from_crop(crop, left=2, top=1, size_hw=(5, 8))
    wanted = np.zeros((5, 8), dtype=int)
    wanted[1, 2:4] = 1
    wanted[2, [2, 4]] = 1
    assert np.array_equal(pixels(mask), wanted)
    assert geometry.mask_area(mask) == 4
    assert geometry.mask_box(mask) == (2, 1, 5, 3)  # last pixel is column 4, row 2


@pytest.mark.parametrize(
    ("left", "top", "kept"),
    [
        (-1, -1, 2 * 3),  # a row and a column are cut off
        (6, 3, 2 * 2),
        (-2, 4, 1 * 2),
        (-4, 0, 0),  # beside the image
        (8, 0, 0),
    ],
)
def test_mask_from_crop_cuts_off_what_overhangs(left: int, top: int, kept: int) -> None:
    mask = geometry.mask_from_crop(np.ones((3, 4), dtype=bool), left, top, size_hw=(5, 8))
    assert mask.size_hw == (5, 8)
    assert pixels(mask).sum() == kept


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=4, max_size=4))
def test_mask_area_and_box_agree_with_numpy(rows: list[list[bool]]) -> None:
    array = np.array(rows)
    assume(array.any())
    mask = geometry.mask_from_crop(array, 0, 0, (4, 6))
    ys, xs = np.nonzero(array)
    assert np.array_equal(pixels(mask), array)
    assert geometry.mask_area(mask) == array.sum()
    assert geometry.mask_box(mask) == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


def test_merge_masks_is_the_union() -> None:
    left, right = np.zeros((2, 4, 6), dtype=bool)
    left[1, :4] = True
    right[1, 2:] = True
    masks = [geometry.mask_from_crop(array, 0, 0, (4, 6)) for array in (left, right)]
    assert np.array_equal(pixels(geometry.merge_masks(masks)), left | right)


def test_rasterise_of_overlapping_rings_is_their_union() -> None:
    one = (0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0)
    two = (2.0, 0.0, 6.0, 0.0, 6.0, 4.0, 2.0, 4.0)
    assert geometry.mask_area(geometry.rasterise([one, two], 8, 8)) == 24  # 6 * 4


def test_rasterise_survives_rings_far_outside() -> None:
    far = (-1e9, -1e9, 1e9, -1e9, 1e9, 1e9, -1e9, 1e9)
    assert geometry.mask_area(geometry.rasterise([far], 8, 6)) == 48
    outside = (1e9, 0.0, 2e9, 0.0, 2e9, 5.0)
    empty = geometry.rasterise([outside], 8, 6)
    assert geometry.mask_area(empty) == 0
    assert pixels(empty).shape == (6, 8)


def test_mask_outline_follows_pixel_edges() -> None:
    assert geometry.mask_rings(drawn("....", ".##.", ".#..")) == (
        (1, 1, 3, 1, 3, 2, 2, 2, 2, 3, 1, 3),
    )


def test_holes_are_wound_in_reverse_and_diagonal_pixels_stay_apart() -> None:
    assert geometry.mask_rings(drawn("###", "#.#", "###")) == (
        (0, 0, 3, 0, 3, 3, 0, 3),
        (1, 1, 1, 2, 2, 2, 2, 1),
    )
    assert geometry.mask_rings(drawn("#.", ".#")) == (
        (0, 0, 1, 0, 1, 1, 0, 1),
        (1, 1, 2, 1, 2, 2, 1, 2),
    )
    assert geometry.mask_rings(drawn("..")) == ()


@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=4, max_size=4))
def test_pixels_and_outlines_follow_from_the_runs(rows: list[list[bool]]) -> None:
    """Whole columns too, which are one run."""
    array = np.array(rows)
    assume(array.any())
    mask = geometry.mask_from_crop(array, 0, 0, (4, 5))
    found = geometry.mask_crop(mask)
    assert found is not None
    crop, (left, top, right, bottom) = found
    assert np.array_equal(crop, array[top : bottom + 1, left : right + 1])
    assert crop.sum() == array.sum()
    rings = geometry.mask_rings(mask)
    signed = [
        sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x))) / 2
        for x, y in ((ring[0::2], ring[1::2]) for ring in rings)
    ]
    assert sum(signed) == array.sum()
    # Each side between a pixel and its surroundings is passed once.
    around = np.pad(array, 1).astype(int)
    sides = sum(int(abs(np.diff(around, axis=axis)).sum()) for axis in (0, 1))
    assert sum(map(outline_steps, rings)) == sides


@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=8))
def test_rle_runs_agree_with_pycocotools(runs: list[int]) -> None:
    packed = coco_mask.frPyObjects({"size": [sum(runs), 1], "counts": runs}, sum(runs), 1)
    assert geometry.rle_runs(packed["counts"].decode()) == runs
    assert geometry.mask_from_runs(runs, (sum(runs), 1)).counts == packed["counts"].decode()


@pytest.mark.parametrize("counts", ["P", "\x7f", " ", "é", "O", "1P"])
def test_invalid_rle_gives_no_runs(counts: str) -> None:
    assert geometry.rle_runs(counts) is None


PADDED = ":Xo0:PhooooObX1"
"""Runs of 48 x 64 pixels, of which pycocotools 2.0 reads others: a number is longer than needed."""

packed = st.lists(st.integers(0, 3000), min_size=1, max_size=8).map(
    lambda runs: geometry.mask_from_runs(runs, (max(sum(runs), 1), 1)).counts
)
letters = st.text(st.characters(min_codepoint=48, max_codepoint=111), max_size=16)
splices = st.tuples(packed, letters, st.integers(0, 40), st.integers(0, 2))


@given(st.one_of(letters, splices.map(lambda s: s[0][: s[2]] + s[1] + s[0][s[2] + s[3] :])))
@example(PADDED)
@example("51dPPPP`00ioooo_O")
@example("5030")  # runs without pixels
def test_counts_mean_the_same_to_pycocotools_once_they_are_packed_again(counts: str) -> None:
    """Of random text, and of valid counts that were changed."""
    runs = geometry.rle_runs(counts)
    assume(runs is not None and 0 < sum(runs) < 2**20)
    assert runs is not None
    mask = geometry.mask_from_runs(geometry.without_empty(runs), (sum(runs), 1))
    inside = np.repeat(np.arange(len(runs)) % 2, runs)
    assert np.array_equal(pixels(mask)[:, 0], inside)
    assert geometry.mask_area(mask) == inside.sum()
    ys = np.flatnonzero(inside)
    if len(ys):
        assert geometry.mask_box(mask) == (0, ys.min(), 1, ys.max() + 1)


@pytest.mark.parametrize(
    "runs",
    [[5, 1, 2**29 - 20, 1, 13], [1, 2**29 - 100, 3, 7, 89], [0, 2**29], [2**29 - 2, 1, 1]],
)
def test_the_longest_runs_mean_the_same_to_pycocotools(runs: list[int]) -> None:
    assert sum(runs) == geometry.MAX_MASK_PIXELS
    mask = geometry.mask_from_runs(runs, (2**15, 2**14))
    assert geometry.rle_runs(mask.counts) == runs
    assert geometry.mask_area(mask) == sum(runs[1::2])


def test_crop_holds_all_mask_pixels() -> None:
    found = geometry.mask_crop(drawn(".....", "..##.", "..#..", "....."))
    assert found is not None
    crop, corners = found
    assert crop.tolist() == [[True, True], [True, False]]
    assert corners == (2, 1, 3, 2)
    assert geometry.mask_crop(drawn("..", "..")) is None
