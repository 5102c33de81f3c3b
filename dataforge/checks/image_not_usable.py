"""Annotations that are left out because their image cannot be used.

What: no image goes with the file, its path leads out of the folder, its size is unknown, or its
entry in the COCO file is at fault. All of its shapes are counted as lost.

Why: a box means nothing without the image that it was drawn on.

Example: ``a.json`` names ``../b.jpg``, outside the folder, and there is no ``a.jpg``.

Fix: see the finding beside this one, which says what is wrong with the image.
"""

SEVERITY = "error"
