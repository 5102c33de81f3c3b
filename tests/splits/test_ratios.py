"""The ratios of a split as people type them."""

from __future__ import annotations

import pytest

from dataforge.errors import UsageError
from dataforge.splits import parse_ratios


def test_parse_ratios() -> None:
    assert parse_ratios(" train = 0.7,val=.2 ,my-test_2=0.1") == {
        "train": 0.7,
        "val": 0.2,
        "my-test_2": 0.1,
    }


@pytest.mark.parametrize(
    ("text", "ratios"),
    [
        ("80,20", {"train": 0.8, "val": 0.2}),
        ("0.8, .2", {"train": 0.8, "val": 0.2}),
        ("70,20,10", {"train": 0.7, "val": 0.2, "test": 0.1}),
        ("0.7,0.2,0.1", {"train": 0.7, "val": 0.2, "test": 0.1}),
        ("train=80,val=20", {"train": 0.8, "val": 0.2}),
        ("val=12.5,train=87.5", {"val": 0.125, "train": 0.875}),
        ("33.3,33.3,33.4", {"train": 0.333, "val": 0.333, "test": 0.334}),  # no 0.33299999999999996
        ("all=1", {"all": 1.0}),
        ("all=100", {"all": 1.0}),
    ],
)
def test_ratio_spellings(text: str, ratios: dict[str, float]) -> None:
    assert parse_ratios(text) == ratios
    assert list(parse_ratios(text)) == list(ratios)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train", "got 'train'"),
        ("train=x", "got 'train=x'"),
        ("train=0.8,,val=0.2", "got ''"),
        ("train=0.8,val=0.1", "add up to 0.9"),
        ("train=0.5,train=0.5", "train occurs twice"),
        ("train=1.2,val=-0.2", "the ratio of val must be above 0"),
        ("train=1,val=0", "the ratio of val must be above 0"),
        ("train=nan,val=1", "the ratio of train must be above 0"),
        ("../up=1", "cannot be a split's name"),
        ("=1", "cannot be a split's name"),
        ("8,2", "add up to 10; they must add up to 1, or to 100"),
        ("train=80,val=0.2", "add up to 80.2"),
        ("inf,1", "add up to inf"),
        ("80", "expected 2 numbers (train,val) or 3 (train,val,test), got 1"),
        ("25,25,25,25", "got 4; for other splits name them"),
        ("train=80,20", "name all of the ratios, or none"),
        ("80/20", "expected ratios such as 80,20 or train=80,val=20, got '80/20'"),
        ("120,-20", "the ratio of val must be above 0"),
    ],
)
def test_parse_ratios_explains_errors(text: str, message: str) -> None:
    with pytest.raises(UsageError, match="--split") as caught:
        parse_ratios(text)
    assert message in str(caught.value)
