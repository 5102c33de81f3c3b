"""An object that XML cannot hold.

What: its label has control characters, or its box is not of finite numbers. It is left out, and
counted.

Why: an XML file with either could not be read by anybody.

Example: the label ``cat\\x00``.

Fix: correct the label, or redraw the object.
"""

SEVERITY = "error"
