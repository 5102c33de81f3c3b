"""An annotation file that is no XML, or is not safe to read.

What: it is empty, was cut off, is not well-formed, is too large or too deep, or declares entities.

Why: none of its objects can be used. mmdetection stops at it while it loads the dataset.

Example: a file that ends in ``<object><name>cat</na``, as a full disk leaves it.

Fix: restore the file, or mark the image again.
"""

SEVERITY = "error"
