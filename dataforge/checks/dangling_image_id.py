"""An annotation of an image that the COCO file does not list.

What: no entry of ``images`` has the annotation's ``image_id``.

Why: nobody can tell which image it belongs to: it is left out. pycocotools stops with a KeyError.

Example::

    {"images": [{"id": 1, ...}], "annotations": [{"id": 1, "image_id": 7, ...}], ...}

Fix: restore the image's entry, or drop the annotation.
"""

SEVERITY = "error"
