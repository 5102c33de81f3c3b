"""Crowds that are written as any other shape.

What: labelme does not know crowds. They are counted, the first one is named.

Why: read again they are single objects, and a trainer takes a region of many for one.

Example: the RLE of a flock with ``"iscrowd": 1`` becomes a mask that is labelled ``sheep``.

Fix: leave crowds out before by `dataforge coco filter --drop-crowd`, or label them otherwise.
"""

SEVERITY = "note"
