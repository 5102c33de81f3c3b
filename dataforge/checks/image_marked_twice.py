"""An image that two annotation files speak of.

What: two files, or two entries of one, name the same image. The first counts; what the second marks
is left out, and counted.

Why: if both are good, half of the objects are missing, and the detector is taught that they are
background; if one is old, the wrong one may have won.

Example: ``a.json`` and ``a_v2.json``, both with ``"imagePath": "a.jpg"``.

Fix: keep one of the two, with all shapes in it.
"""

SEVERITY = "error"
