"""An annotation file that is no JSON, or does not have the form that it must have.

What: it is empty, was cut off, is nested too deep, is larger than is read, or a key that is needed
is of the wrong kind.

Why: nothing of it can be used: all of its shapes are missing.

Example: ``{"version": "5.4.1", "shapes": [{"label": "cat", "poi``, as a full disk leaves it.

Fix: restore the file, or mark the image again.
"""

SEVERITY = "error"
