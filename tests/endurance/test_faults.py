"""A few of the kills, full disks and read-only targets that `faults.py` knows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helpers import python

pytestmark = pytest.mark.endurance

SCRIPT = Path(__file__).parent / "faults.py"


@pytest.mark.skipif(sys.platform != "linux", reason="forks, mounts and limits as Linux has them")
def test_output_is_entirely_old_or_entirely_new() -> None:
    result = python(str(SCRIPT), "--kills", "10", "--full", "6", "--read-only", "6")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["kills"]["runs"] == 10
    assert told["read_only"] == {"runs": 6, "new was complete": 0}
