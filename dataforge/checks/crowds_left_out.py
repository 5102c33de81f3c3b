"""Crowds that are left out.

What: YOLO has no place for crowds, or `dataforge coco filter --drop-crowd` was asked to leave them
out. They are counted as lost.

Why: where crowds were, there is background now: a right detection in it counts as false.

Example: 14 crowds left out: YOLO has no place for crowds.

Fix: none; or mark the single objects.
"""

SEVERITY = "warning"
