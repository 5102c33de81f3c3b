"""Attributes of images that the output format has no place for.

What: images have flags, a date, a license or other keys that VOC or YOLO cannot hold. They are
counted, and the first five are named.

Why: they are not in what is written, and reading it back does not bring them back.

Example: 240 images with attributes that VOC has no place for (license, date_captured).

Fix: none, if nobody needs them; COCO holds them.
"""

SEVERITY = "note"
