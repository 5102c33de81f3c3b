"""An iscrowd that is a number other than 0 and 1.

What: ``iscrowd`` is neither 0, 1, true nor false. It is taken as 1, as pycocotools does.

Why: what is a crowd is not trained on and not evaluated. If it was meant as a count of objects, or
is another flag in the wrong place, the object is lost.

Example: ``"iscrowd": 2``.

Fix: write 0 for one object, 1 for a region of many.
"""

SEVERITY = "warning"
