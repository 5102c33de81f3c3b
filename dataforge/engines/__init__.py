"""Where the work on single files runs; what comes of it is the same everywhere."""

from __future__ import annotations

from dataforge.engines.table import get_engine

__all__ = ["get_engine"]
