"""An image that cannot be opened.

What: the file is there, but it is no image that Pillow knows, or its header is broken, or it claims
too many pixels.

Why: a trainer stops at it.

Example: a page of HTML that says "not found", saved as ``0007.jpg``; a file without any bytes.

Fix: restore the image, or drop it with its annotations.
"""

SEVERITY = "error"
