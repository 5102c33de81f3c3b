"""Outlines and masks that are written as boxes.

What: VOC has boxes alone, and YOLO's rows are boxes unless --segments is given. They are counted.

Why: reading it back does not bring the outlines back. For a detector, nothing is lost.

Example: 340 instances with an outline: rows of boxes are written.

Fix: none for a detector; --segments, or COCO, keeps the outlines.
"""

SEVERITY = "note"
