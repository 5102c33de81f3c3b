"""Small inputs cost little, and ten times the input costs no hundred times as much.

The rows that are marked as short. Processor time depends on what else a machine does: here the
growth only has to be far from quadratic; ``python tests/complexity/measure.py`` measures all rows
against `costs.MOST_GROWTH`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from costs import MOST_GROWTH, MOST_MEBIBYTES, MOST_SECONDS, cost, growth
from rows import GROWING, SMALL, Row

pytestmark = pytest.mark.endurance

FAR_FROM_QUADRATIC = 40.0
"""Ten times the input costs about 10 times as much where it is linear, and 100 where quadratic."""


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in SMALL if row.short])
def test_small_input_is_read_at_a_small_cost_or_refused(row: Row, tmp_path: Path) -> None:
    row.make(tmp_path, row.number)
    used = cost(row.arguments, tmp_path)
    assert used.is_orderly, used.output[-2000:]
    assert used.seconds < 3 * MOST_SECONDS  # the machine may be slow, or busy
    assert used.mebibytes < MOST_MEBIBYTES


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in GROWING if row.short])
def test_cost_grows_far_slower_than_the_square_of_the_input(row: Row, tmp_path: Path) -> None:
    found = growth(row.make, row.arguments, row.number, tmp_path)
    assert found.large.is_orderly, found.large.output[-2000:]
    assert found.seconds <= FAR_FROM_QUADRATIC
    assert found.mebibytes <= MOST_GROWTH
