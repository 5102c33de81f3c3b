"""For all of the repository: what pytest does not collect."""

from __future__ import annotations

import importlib.util

# The networks import torch, and detection.py torchvision.
# (--doctest-ignore-import-errors would hide broken test modules, too.)
collect_ignore_glob = [] if importlib.util.find_spec("torchvision") else ["dataforge/models/*.py"]
