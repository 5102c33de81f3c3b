"""An image that is not in the output, because it cannot be read.

What: --images copy, hardlink or symlink was to put it there, and its file does not exist or cannot
be opened. Its annotations are written.

Why: a trainer stops when it comes to it.

Example: images/0007.jpg is not in the output: it does not exist.

Fix: restore the image and convert again, or leave such out by --missing-images skip.
"""

SEVERITY = "error"
