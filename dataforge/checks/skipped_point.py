"""A point, which has no area and is left out.

What: a shape is a ``point`` or ``points``. It is counted as lost; with --points error it is an
error.

Why: a point says where something is and not how large: a detector has nothing to learn from it.

Example: ``{"label": "nose", "shape_type": "point", "points": [[31, 22]]}``.

Fix: --points radius=R makes discs of them; or mark the objects as rectangles.
"""

SEVERITY = "note"
