"""What every test may use; the factories themselves are in helpers.py, imported as `helpers`."""

from __future__ import annotations

import sys
from pathlib import Path

import hypothesis

# --import-mode=importlib puts no folder of tests on the path.
sys.path.insert(0, str(Path(__file__).parent))

hypothesis.settings.register_profile("dataforge", max_examples=60, deadline=None, database=None)
hypothesis.settings.load_profile("dataforge")
