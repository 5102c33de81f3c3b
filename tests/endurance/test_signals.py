"""A few of the interruptions that `signals.py` makes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helpers import python

pytestmark = pytest.mark.endurance

SCRIPT = Path(__file__).parent / "signals.py"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_an_interrupted_run_leaves_nothing_half_done() -> None:
    result = python(str(SCRIPT), "--rounds", "20", "--images", "40", "--limit", "120")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["rounds"] == 20
    assert told["nothing written"] > 0
