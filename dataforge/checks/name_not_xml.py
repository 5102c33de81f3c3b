"""An image whose name VOC cannot hold.

What: the name has a control character, which XML cannot hold, or a line break, which a list of ids
cannot. The image is left out, and its shapes are counted.

Why: neither the XML file nor the list of the split could name it.

Example: ``a\\x07.jpg``.

Fix: rename the image.
"""

SEVERITY = "error"
