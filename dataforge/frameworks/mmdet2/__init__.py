from __future__ import annotations

from dataforge.frameworks.mmdet2.generate import Mmdet2

FRAMEWORK = Mmdet2()

__all__ = ["FRAMEWORK"]
