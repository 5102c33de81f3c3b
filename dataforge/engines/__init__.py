"""Engines that process shards; the result is the same for all of them."""

from __future__ import annotations

from dataforge.engines.base import Engine, LostItemError, NoOptions
from dataforge.engines.table import engine_options, engines, get_engine

__all__ = ["Engine", "LostItemError", "NoOptions", "engine_options", "engines", "get_engine"]
