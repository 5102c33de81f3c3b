"""A category that a COCO file declares twice.

What: two entries of ``categories`` have the same name, with one id or with two.

Why: both are read as one class. In mmdetection both ids are asked for by the one name, so that
there are more labels than classes, and those after it are shifted.

Example: ``[{"id": 1, "name": "cat"}, {"id": 2, "name": "cat"}]``.

Fix: keep one of them, and give its id to the annotations of both.
"""

SEVERITY = "warning"
