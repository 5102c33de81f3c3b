"""A value in a COCO file that is of the wrong kind, so that it is not used.

What: ``bbox`` is not four finite numbers, ``area``, ``width`` or ``height`` is no number,
``iscrowd`` is neither 0 nor 1, or ``file_name`` is no text.

Why: the value is taken as missing. What can be worked out without it is: the box and the area from
the outline, the size from the image. Otherwise the annotation or image is left out, with a finding.

Example: ``"bbox": [10, 12, 20]``, or ``"area": "unknown"``.

Fix: correct the value, or leave the key out.
"""

SEVERITY = "warning"
