"""COCO annotations that do not state their box.

What: ``bbox`` is missing, empty or unusable, and the box of the outline is taken. It is told once
for each file, with the number.

Why: mmdetection and torchvision's examples train on ``bbox`` and stop where there is none.

Example: ``{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[10, 10, 30, 10, 30, 30]]}``.

Fix: convert the file: boxes are written. `dataforge coco filter IN.json OUT.json` will do.
"""

SEVERITY = "note"
