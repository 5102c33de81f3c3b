"""Values of one key, and entries on disk, are those that were put there."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from dataforge.formats.coco import tape
from dataforge.formats.coco.columns import Column
from dataforge.formats.coco.tape import Tape


@pytest.mark.parametrize(
    "blocks",
    [
        [[1, 2], [2**40], [-5]],
        [[1, 2], [2**70, 3]],
        [[1, 2], [None, 3]],
        [[1, 2], [True, 3]],
        [["a", "b"], ["é"]],
        [["a"], [1], ["b"]],
        [[None, None], [1.5]],
        [[], [3]],
    ],
)
def test_a_column(blocks: list[list[Any]]) -> None:
    column = Column()
    for block in blocks:
        column.extend(block)
    expected = [value for block in blocks for value in block]
    assert [*column] == expected
    assert [type(value) for value in column] == [type(value) for value in expected]
    assert column[len(column) - 1] == expected[-1]
    whole = all(type(value) is int and value < 2**63 for value in expected)
    assert (column.integers is not None) == whole


@pytest.mark.parametrize("blocks", [1, 5])
def test_entries_in_another_order(monkeypatch: pytest.MonkeyPatch, blocks: int) -> None:
    monkeypatch.setattr(tape, "_BLOCK", 100)
    monkeypatch.setattr(tape, "_LOT", 200)
    entries = [b'{"id":%d}' % 7 ** (number % 12) for number in range(100)]
    found = Tape()
    each = len(entries) // blocks
    for start in range(0, len(entries), each):
        found.add([msgspec.Raw(entry) for entry in entries[start : start + each]])
    assert found.entries(3, 6) == b",".join(entries[3:6])
    assert found.picked([1, 2, 3, 70]) == b",".join([*entries[1:4], entries[70]])
    assert found.size([1, 2, 70]) == sum(map(len, [entries[1], entries[2], entries[70]]))
    order = random.Random(0).sample(range(100), 80)
    parts = [(at, at + 8) for at in range(0, 80, 8)]
    gathered = [*found.gathered(order, parts)]
    assert gathered == [b",".join(entries[at] for at in order[a:b]) for a, b in parts]
    found.close()
