"""A labelme mask that marks nothing, or cannot be read.

What: the ``mask`` of a shape is no base64 PNG, claims too many pixels, or has no pixel inside the
image.

Why: there is no object to be made of it: the shape is left out, and counted.

Example: ``{"label": "cat", "shape_type": "mask", "points": [[5, 5], [9, 9]], "mask": null}``.

Fix: open the file in labelme and draw the mask anew, or delete the shape.
"""

SEVERITY = "error"
