"""Annotations left out because of their class.

What: `dataforge coco filter --classes` names others. They are counted as lost.

Why: it was asked for. What is left out is background now, though it is there to be seen.

Example: annotations left out as asked: 4155.

Fix: none.
"""

SEVERITY = "note"
