"""A line, which has no area and is left out.

What: a shape is a ``line`` or a ``linestrip``. It is counted as lost; with --lines error it is an
error.

Why: a detector learns boxes and masks, and a line is neither: a box around it is mostly background,
and trainers drop one of no width.

Example: ``{"label": "wire", "shape_type": "linestrip", "points": [[3, 3], [40, 9], [60, 30]]}``.

Fix: --lines stroke=W draws it W pixels wide; or mark the objects as polygons.
"""

SEVERITY = "note"
