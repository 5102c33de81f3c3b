"""Proves a training config: preflight, then overfits the config's own detector on its images.

`run.py` is the run, `preflight.py` and `proof.py` its two parts; all three are the same for every
framework. What differs between frameworks is in their adapters, in `dataforge.frameworks`.
"""

from __future__ import annotations

from dataforge.frameworks import explained
from dataforge.verbs.smoke.report import Device, SmokeOptions, SmokeReport
from dataforge.verbs.smoke.run import own_folder, smoke

__all__ = ["Device", "SmokeOptions", "SmokeReport", "explained", "own_folder", "smoke"]
