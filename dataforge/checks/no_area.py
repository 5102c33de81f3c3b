"""COCO annotations that do not state their area.

What: ``area`` is missing or null. That of the outline, the mask or the box is taken. It is told
once for each file, with the number.

Why: COCO's evaluation sorts objects by it, and mmdetection stops with a KeyError where it is
missing.

Example: ``{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 12, 20, 28]}``.

Fix: convert the file: areas are written. `dataforge coco filter IN.json OUT.json` will do.
"""

SEVERITY = "note"
