"""Attributes that labelme does not know, written one level deeper.

What: labelme has flags, description, score and difficult on a shape. All other attributes of an
object are written inside one that is called ``attributes``. The first five names are said.

Why: nothing is lost, but a program that looks for them on the shape does not find them, and what
is read back has them inside ``attributes`` too.

Example: ``"pose": "Left"`` of a VOC file becomes ``"attributes": {"pose": "Left"}``.

Fix: none is needed.
"""

SEVERITY = "note"
