"""Annotations left out because of their area.

What: `dataforge coco filter` was given --min-area or --max-area, and the area that the file states
is outside. They are counted as lost.

Why: it was asked for. What is left out is background now, though it is there to be seen.

Example: annotations left out as asked: 310.

Fix: none. If the number is too high, see whether the areas are right: area-differs.
"""

SEVERITY = "note"
