"""A COCO annotation with neither a box nor an outline.

What: ``bbox`` and ``segmentation`` are both missing, empty, or cannot be used.

Why: it says that something is in the image and not where: it is left out.

Example: ``{"id": 1, "image_id": 1, "category_id": 1, "bbox": [], "segmentation": []}``, as some
tools write a tag of the whole image.

Fix: draw it, or drop it.
"""

SEVERITY = "error"
