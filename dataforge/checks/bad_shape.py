"""A labelme shape that cannot be the shape it says.

What: it has too few or too many points for its ``shape_type``, a point that is no pair of numbers
or is millions of pixels away, no label, or no length or radius.

Why: there is no area to be learnt: the shape is left out, and counted.

Example: a polygon of two points, from a double click::

    {"label": "cat", "shape_type": "polygon", "points": [[10, 12], [30, 40]]}

Fix: redraw the shape, or delete it.
"""

SEVERITY = "error"
