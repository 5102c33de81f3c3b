"""Which image goes where."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforge.errors import UsageError
from dataforge.split import assign, parse_ratios

NAMES = [f"{number:03}.jpg" for number in range(100)]


def test_parse_ratios() -> None:
    assert parse_ratios(" train = 0.7,val=.2 ,my-test_2=0.1") == {
        "train": 0.7,
        "val": 0.2,
        "my-test_2": 0.1,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train", "got 'train'"),
        ("train=x", "got 'train=x'"),
        ("train=0.8,,val=0.2", "got ''"),
        ("train=0.8,val=0.1", "add up to 0.9"),
        ("train=0.5,train=0.5", "add up to 0.5"),  # the same name twice
        ("train=1.2,val=-0.2", "the ratio of val must be above 0"),
        ("train=1,val=0", "the ratio of val must be above 0"),
        ("train=nan,val=1", "the ratio of train must be above 0"),
        ("../up=1", "cannot be a split's name"),
        ("=1", "cannot be a split's name"),
    ],
)
def test_parse_ratios_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(UsageError, match="--split") as caught:
        parse_ratios(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("count", "ratios", "wanted"),
    [
        (100, {"train": 0.8, "val": 0.2}, {"train": 80, "val": 20}),
        (100, {"a": 0.29, "b": 0.71}, {"a": 29, "b": 71}),  # 100 * 0.29 is 28.999999999999996
        (10, {"a": 0.34, "b": 0.33, "c": 0.33}, {"a": 4, "b": 3, "c": 3}),  # 3.4 3.3 3.3
        (14, {"train": 0.8, "val": 0.2}, {"train": 11, "val": 3}),  # 11.2 and 2.8
        (10, {"a": 0.98, "b": 0.01, "c": 0.01}, {"a": 8, "b": 1, "c": 1}),  # at least one each
        (2, {"a": 0.99, "b": 0.01}, {"a": 1, "b": 1}),
    ],
)
def test_numbers_are_exact(count: int, ratios: dict[str, float], wanted: dict[str, int]) -> None:
    assert Counter(assign(NAMES[:count], ratios, seed=0).values()) == wanted


def test_fewer_images_than_splits() -> None:
    with pytest.raises(UsageError, match="1 images cannot fill 2 splits"):
        assign(["a"], {"train": 0.5, "val": 0.5}, seed=0)


@given(st.permutations(NAMES[:20]))
def test_the_order_of_the_files_does_not_matter(names: list[str]) -> None:
    ratios = {"train": 0.6, "val": 0.4}
    assert assign(names, ratios, seed=3) == assign(NAMES[:20], ratios, seed=3)


def test_the_seed_matters() -> None:
    ratios = {"train": 0.5, "val": 0.5}
    assert assign(NAMES, ratios, seed=0) != assign(NAMES, ratios, seed=1)


def test_one_image_more_moves_few() -> None:
    """The rank of an image is its own hash, so a new image shifts the border by one at most."""
    ratios = {"train": 0.5, "val": 0.5}
    before, after = assign(NAMES[:98], ratios, 0), assign(NAMES[:99], ratios, 0)
    assert sum(before[name] != after[name] for name in before) <= 1
