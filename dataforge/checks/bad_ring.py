"""A polygon of a COCO annotation that cannot be one.

What: a ring of ``segmentation`` has less than 6 numbers, an odd number of them, or a point that is
millions of pixels away.

Why: two points enclose nothing. The ring is left out, and with the last ring the outline: the box
stays, where it is stated. pycocotools takes 4 numbers for a box, and stops at others.

Example: ``"segmentation": [[10, 10, 30, 30]]``: two corners of a box.

Fix: redraw the outline, or leave ``segmentation`` empty if only the box is known.
"""

SEVERITY = "warning"
