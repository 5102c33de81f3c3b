"""What `register` says of classes by their numbers."""

from __future__ import annotations

from dataforge.checks import unmarked


def test_absent_from_a_split_and_from_all() -> None:
    counts = {"train": {"cat": 3}, "val": {"cat": 1, "dog": 2}, "test": {}}
    found = [(f.code, f.where, f.message) for f in unmarked(counts, ["cat", "dog", "bird"])]
    assert found == [
        ("class-absent-from-split", "test", "no 'cat' in this split"),
        ("class-absent-from-split", "train", "no 'dog' in this split"),
        ("class-absent-from-split", "test", "no 'dog' in this split"),
        ("class-without-instances", "", "no objects of class 'bird'"),
    ]
