"""A COCO file with NaN or Infinity in it, which JSON does not have.

What: Python's json module writes ``NaN`` and ``Infinity`` for such numbers. They are read as null.

Why: most readers refuse the whole file. Those that do not hand the number on, and one of them makes
a loss NaN and the training worthless.

Example: ``"area": NaN``, or a box from a division by an image's width of 0.

Fix: correct the numbers, which the findings beside this one name.
"""

SEVERITY = "warning"
