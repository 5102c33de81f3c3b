"""A YOLO row with a number below 0 or above 1.

What: a coordinate lies outside the image by more than a millionth of its size, and by less than the
whole of it. It is kept as it is.

Why: Ultralytics leaves out the whole image for one such number, with all of its good rows.

Example: ``0 0.95 0.5 1.2 0.3``: the box reaches beyond both sides.

Fix: redraw the object, or convert with --clip, which cuts it to the image.
"""

SEVERITY = "warning"
