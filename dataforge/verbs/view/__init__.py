"""Contact sheets of a dataset, with Pillow alone."""

from __future__ import annotations

from dataforge.verbs.view.run import ENDINGS, ViewOptions, ViewReport, view

__all__ = ["ENDINGS", "ViewOptions", "ViewReport", "view"]
