"""Attributes of objects that the output format has no place for.

What: objects have attributes, such as flags, a description or a score, that VOC or YOLO cannot
hold. They are counted, and the first five are named.

Why: they are not in what is written, and reading it back does not bring them back.

Example: 12 instances with attributes that YOLO has no place for (occluded, description).

Fix: none, if nobody needs them; COCO and labelme hold them.
"""

SEVERITY = "note"
