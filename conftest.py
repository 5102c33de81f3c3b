"""For all of the repository: what pytest does not collect."""

from __future__ import annotations

import importlib.util
import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Each worker has a core; torch and numpy would take all of them in each.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# The networks import torch, and detection.py torchvision.
# (--doctest-ignore-import-errors would hide broken test modules, too.)
collect_ignore_glob = [] if importlib.util.find_spec("torchvision") else ["dataforge/models/*.py"]
