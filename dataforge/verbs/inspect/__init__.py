"""What is in a folder."""

from __future__ import annotations

from dataforge.verbs.inspect.report import Inspection, Part
from dataforge.verbs.inspect.run import inspect

__all__ = ["Inspection", "Part", "inspect"]
