"""A labelme shape of a kind that is not known.

What: ``shape_type`` is none that labelme up to 7 and X-AnyLabeling write for 2D images.

Why: what its points mean is not known: the shape is left out, and counted.

Example: ``{"label": "cat", "shape_type": "cuboid", "points": [...]}``.

Fix: redraw it as a polygon or a rectangle.
"""

SEVERITY = "error"
