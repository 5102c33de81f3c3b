"""Prove a training config: preflight, then overfit the config's own detector on its own images.

`_run.py` is the run, `_preflight.py` and `_proof.py` what is looked at; all three are the same for
every framework. What a framework does itself stands in its adapter: one file (or a few of its
name), one row in `_table.py`, and `_framework.py` says what it must offer.
"""

from __future__ import annotations

from dataforge.smoke._run import smoke

__all__ = ["smoke"]
