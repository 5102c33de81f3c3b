"""Shapes without a label.

What: the label is empty, or of spaces alone. They are left out, and counted.

Why: what they are is not known, and the detector learns that they are background.

Example: ``{"label": "", "shape_type": "rectangle", "points": [[10, 12], [30, 40]]}``.

Fix: label them, or delete them.
"""

SEVERITY = "error"
