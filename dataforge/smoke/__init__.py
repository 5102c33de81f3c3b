"""Prove a training config: preflight, then overfit the config's own detector on its own images.

`run.py` is the run, `preflight.py` and `proof.py` what is looked at; all three are the same for
every framework. What a framework does itself stands in `dataforge.frameworks`.
"""

from __future__ import annotations

from dataforge.smoke.report import SmokeOptions, SmokeReport
from dataforge.smoke.run import smoke

__all__ = ["SmokeOptions", "SmokeReport", "smoke"]
