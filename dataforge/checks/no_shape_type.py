"""labelme shapes that do not say what they are.

What: ``shape_type`` is missing or null, as in files of labelme before 3.4. A shape of three points
or more is read as a polygon, of two as a rectangle, of one as a point.

Why: two points may as well have been a line or a circle. Other converters stop at such a file.

Example: ``{"label": "cat", "points": [[10, 12], [30, 40]]}``.

Fix: look at some of them; if they are what they are read as, open and save the files in labelme.
"""

SEVERITY = "warning"
