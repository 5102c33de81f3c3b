from __future__ import annotations

from dataforge.frameworks.torchvision.generate import Torchvision

FRAMEWORK = Torchvision()

__all__ = ["FRAMEWORK"]
