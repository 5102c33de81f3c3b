"""Puts the helpers of these tests, and those of pages, in the way of imports."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("evaluate", "browse"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
