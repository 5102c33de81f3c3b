"""Annotations at which mmdetection stops.

What: mmdetection's own dataset class raises an error for the annotations of some images. They are
counted, with the first error.

Why: the same error would end the training when such an image's turn comes, be it after hours.

Example: ValueError: invalid literal for int() with base 10: 'Unspecified'.

Fix: correct the annotations of the image that is named; `dataforge check` names all.
"""

SEVERITY = "error"
