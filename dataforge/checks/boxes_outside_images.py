"""Boxes that stick out of their images.

What: boxes reach beyond their images by more than 2 pixels and a tenth of their size. It is an
error where more than a tenth of all boxes do.

Why: the boxes were drawn on images of another size, and lie beside the objects.

Example: 812 of 900 boxes stick out: the images were resized to half and the boxes were not.

Fix: use the images that the boxes were drawn on, or scale the boxes.
"""

SEVERITY = "error"
