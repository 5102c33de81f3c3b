"""A name that two classes of a YOLO dataset have.

What: two numbers of ``names`` in data.yaml have the same name. They are read as one class.

Why: if they were meant to be two, they are one now; if they are one, a network that is trained on
the numbers has two outputs for it, which punish each other.

Example: ``names: [cat, dog, cat]``.

Fix: rename one of them, or give the rows of both one number.
"""

SEVERITY = "warning"
