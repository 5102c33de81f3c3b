"""Small inputs cost little, and ten times the input costs at most fifteen times as much.

The rows that are marked as short; ``python tests/complexity/measure.py`` measures all of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from costs import MOST_GROWTH, MOST_MEBIBYTES, MOST_SECONDS, cost, growth
from rows import GROWING, SMALL, Row

pytestmark = pytest.mark.endurance


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in SMALL if row.short])
def test_small_input_is_read_at_a_small_cost_or_refused(row: Row, tmp_path: Path) -> None:
    row.make(tmp_path, row.number)
    used = cost(row.arguments, tmp_path)
    assert used.is_orderly, used.output[-2000:]
    assert used.seconds < MOST_SECONDS
    assert used.mebibytes < MOST_MEBIBYTES


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in GROWING if row.short])
def test_ten_times_the_input_costs_at_most_fifteen_times_as_much(row: Row, tmp_path: Path) -> None:
    found = growth(row.make, row.arguments, row.number, tmp_path)
    assert found.large.is_orderly, found.large.output[-2000:]
    assert found.seconds <= MOST_GROWTH
    assert found.mebibytes <= MOST_GROWTH
