from __future__ import annotations

from dataforge.frameworks.mmdet3.generate import Mmdet3

FRAMEWORK = Mmdet3()

__all__ = ["FRAMEWORK"]
