"""What damages datasets is no test, and yet imported by one."""

from __future__ import annotations

import sys
from pathlib import Path

# --import-mode=importlib puts no folder of tests on the path.
sys.path.insert(0, str(Path(__file__).parent))
