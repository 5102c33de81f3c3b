"""Which names look alike, and which name a misspelt one is meant to be."""

from __future__ import annotations

import time

import pytest

from dataforge.classes.look_alikes import closest, look_alikes


@pytest.mark.parametrize(
    ("counts", "groups"),
    [
        ({"person": 6, "Person": 2, "persn": 2}, [["person", "Person", "persn"]]),
        ({"bicycle": 9, "bicycl": 1, "cat": 4, "CAT": 5}, [["bicycle", "bicycl"], ["CAT", "cat"]]),
        ({"monkey": 20, "money": 7}, []),  # 7 * 3 > 20: no slip
        ({"monkey": 21, "money": 7}, [["monkey", "money"]]),
        ({"monkey": 5, "money": 0}, []),  # nobody wrote it
        ({"bicycle": 9, "bycicle": 1}, []),  # two letters: another word for all we know
        ({"wheel1": 9, "wheel2": 1}, []),
        ({"cat": 9, "car": 1}, []),
        ({"female": 9, "male": 1}, []),
        ({"model 1.1": 9, "model 11": 1}, []),
        ({"C": 9, "C++": 1, "c#": 1}, []),
        ({"-": 9, "_": 1, "": 1}, []),
    ],
)
def test_names_that_look_alike(counts: dict[str, int], groups: list[list[str]]) -> None:
    assert list(look_alikes(counts)) == groups
    assert list(look_alikes(dict(reversed(counts.items())))) == groups


def test_thousands_of_names_are_compared_quickly() -> None:
    many = {f"{number:x}" * 3: 1 for number in range(20_000)}
    assert list(look_alikes({**many, "person": 9, "persn": 1, "Person": 1})) == [
        ["person", "Person", "persn"]
    ]


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("person", "persno", True),  # swapped
        ("person", "perosn", True),
        ("person", "persn", True),  # missing
        ("person", "personn", True),  # too many
        ("person", "persom", True),  # wrong
        ("traffic light", "trafic-light", True),
        ("person", "pesrno", False),  # two swaps
        ("train", "brain", False),  # the first letter
        ("wheel1", "wheel2", False),
        ("cat", "car", False),
        ("→", "←", False),
        ("bird", "birds", True),
        ("人物", "人物s", True),
        ("x" * 200, "x" * 198 + "yx", False),
    ],
)
def test_slips(one: str, other: str, near: bool) -> None:
    assert list(look_alikes({one: 9, other: 3})) == [[one, other]] * near
    assert list(look_alikes({other: 9, one: 3})) == [[other, one]] * near


def test_equally_frequent_names_are_not_slips() -> None:
    assert list(look_alikes({"horse": 9, "house": 4})) == []
    assert list(look_alikes({"car": 5, "cars": 5})) == [["car", "cars"]]


@pytest.mark.parametrize(
    ("label", "names", "name"),
    [
        ("Left_Hand", ["right hand", "left hand"], "left hand"),
        ("cats", ["bats", "cat"], "cat"),
        ("persno", ["person"], "person"),
        ("cet", ["bird", "cat"], "cat"),  # too short for the index
        ("backgruond", ["foreground", "background"], "background"),
        ("dog", ["cat"], None),
        ("", ["cat"], None),
        ("x" * 100_000, ["cat", "x" * 99_999], None),  # a caption is compared as a whole
    ],
)
def test_closest(label: str, names: list[str], name: str | None) -> None:
    assert closest([label], names).get(label) == name


def test_thousands_of_labels_and_names_are_compared_quickly() -> None:
    names = [f"name {number:o}" for number in range(5_000)]
    labels = [f"label {number:o}" for number in range(5_000)]
    start = time.process_time()
    assert closest([*labels, "Name-17", "persn"], [*names, "person"]) == {
        "Name-17": "name 17",
        "persn": "person",
    }
    assert time.process_time() - start < 30  # compared pair by pair, minutes
