"""Annotations that are left out because their image cannot be used.

What: a VOC file has no image, or neither it nor an image says how large the image is; or the
image's entry in a COCO file is at fault. All objects are counted as lost.

Why: a box means nothing without the image that it was drawn on.

Example: two images of a COCO file have one id, so that nobody can tell whose the boxes are.

Fix: see the finding beside this one, which says what is wrong with the image.
"""

SEVERITY = "error"
