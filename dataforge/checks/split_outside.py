"""A split of data.yaml that is outside the folder that is read.

What: the path of a split leads to something outside of the folder, or is no path.

Why: nothing outside the folder that was named is read: the images of this split are missing.

Example: ``val: ../../other/val``.

Fix: read the folder that holds both, or move the images into this one.
"""

SEVERITY = "error"
