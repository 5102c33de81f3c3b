"""Names in one piece of memory are those that were put there."""

from __future__ import annotations

import pytest

from dataforge.io import PackedNames

NAMES = ["a.jpg", "", "ordner/é.png", "\udce9.jpg", "漢字"]


def test_names() -> None:
    packed = PackedNames(NAMES[:2])
    packed.extend(NAMES[2:])
    assert [*packed] == NAMES
    assert len(packed) == 5
    assert [packed[0], packed[-1], *packed[1:3]] == ["a.jpg", "漢字", "", "ordner/é.png"]
    with pytest.raises(IndexError):
        packed[5]
