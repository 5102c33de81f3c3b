"""Masks that mark no pixel, written as their boxes.

What: a mask of the source is empty, while its box is stated. They are counted, the first one is
named.

Why: labelme cannot hold an empty mask. The box may be right, or as wrong as the mask.

Example: a mask of zeros alone with ``"bbox": [10, 12, 20, 28]``.

Fix: draw the mask anew, or delete the object.
"""

SEVERITY = "warning"
