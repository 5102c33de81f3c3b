"""Boxes that are not those of their outlines, written as the outline alone.

What: labelme has one geometry for a shape, and an object has an outline or mask and a box that is
not exactly around it. They are counted, the first one is named.

Why: read again, the box is that of the outline, and evaluation against the old box differs.

Example: a COCO ``bbox`` that was rounded to whole pixels beside an exact polygon.

Fix: none, where the boxes were rounded; else convert to COCO, which holds both.
"""

SEVERITY = "note"
