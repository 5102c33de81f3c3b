"""For all of the repository: what pytest does not collect."""

from __future__ import annotations

import importlib.util

# The networks import torch. (--doctest-ignore-import-errors would hide broken test modules, too.)
collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["dataforge/models/*.py"]
