"""The rows and the measuring are no tests, and yet imported by them."""

from __future__ import annotations

import sys
from pathlib import Path

# --import-mode=importlib puts no folder of tests on the path.
sys.path.insert(0, str(Path(__file__).parent))

collect_ignore = ["measure.py"]
